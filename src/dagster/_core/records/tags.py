"""The reserved names of tags, and tags as they are stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import dagster._check as check
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import expected, listed

SYSTEM_TAG_PREFIX: Final = "dagster/"
HIDDEN_TAG_PREFIX: Final = ".dagster/"

# Re-execution
PARENT_RUN_ID_TAG: Final = "dagster/parent_run_id"
ROOT_RUN_ID_TAG: Final = "dagster/root_run_id"
RESUME_RETRY_TAG: Final = "dagster/is_resume_retry"
STEP_SELECTION_TAG: Final = "dagster/step_selection"
FROM_CHANGED_TAG: Final = "dagster/is_from_changed"
SOLID_SELECTION_TAG: Final = "dagster/solid_selection"
#: Ops were solids when this name was first stored.
OP_SELECTION_TAG: Final = SOLID_SELECTION_TAG

# Retries of whole runs
MAX_RETRIES_TAG: Final = "dagster/max_retries"
RETRY_NUMBER_TAG: Final = "dagster/retry_number"
RETRY_STRATEGY_TAG: Final = "dagster/retry_strategy"
RETRY_ON_ASSET_OR_OP_FAILURE_TAG: Final = "dagster/retry_on_asset_or_op_failure"
WILL_RETRY_TAG: Final = "dagster/will_retry"
AUTO_RETRY_RUN_ID_TAG: Final = "dagster/auto_retry_run_id"
RUN_FAILURE_REASON_TAG: Final = "dagster/failure_reason"

# How a run is run
MAX_RUNTIME_SECONDS_TAG: Final = "dagster/max_runtime"
PRIORITY_TAG: Final = "dagster/priority"
GLOBAL_CONCURRENCY_TAG: Final = "dagster/concurrency_key"
RUN_ISOLATION_TAG: Final = "dagster/isolation"
DOCKER_IMAGE_TAG: Final = "dagster/image"
RUN_WORKER_ID_TAG: Final = ".dagster/run_worker"

# Where a run comes from
PRESET_NAME_TAG: Final = "dagster/preset_name"
SCHEDULE_NAME_TAG: Final = "dagster/schedule_name"
SENSOR_NAME_TAG: Final = "dagster/sensor_name"
TICK_ID_TAG: Final = "dagster/tick"
RUN_KEY_TAG: Final = "dagster/run_key"
BACKFILL_ID_TAG: Final = "dagster/backfill"
PARTITION_NAME_TAG: Final = "dagster/partition"
PARTITION_SET_TAG: Final = "dagster/partition_set"
ASSET_PARTITION_RANGE_START_TAG: Final = "dagster/asset_partition_range_start"
ASSET_PARTITION_RANGE_END_TAG: Final = "dagster/asset_partition_range_end"
AUTOMATION_CONDITION_TAG: Final = "dagster/from_automation_condition"
ASSET_EVALUATION_ID_TAG: Final = "dagster/asset_evaluation_id"
CODE_LOCATION_TAG: Final = "dagster/code_location"
REPOSITORY_LABEL_TAG: Final = ".dagster/repository"
SCHEDULED_EXECUTION_TIME_TAG: Final = ".dagster/scheduled_execution_time"
USER_TAG: Final = "user"

# Versions of what was materialized
CODE_VERSION_TAG: Final = "dagster/code_version"
DATA_VERSION_TAG: Final = "dagster/data_version"

# What an op computes with
COMPUTE_KIND_TAG: Final = "dagster/compute_kind"
LEGACY_COMPUTE_KIND_TAG: Final = "kind"
#: The short name of the tag, as the older documents write it.
COMPUTE_KIND: Final = LEGACY_COMPUTE_KIND_TAG
KIND_PREFIX: Final = "dagster/kind/"

_KEY_SECTION = r"[A-Za-z0-9_.-]{1,63}"
_STRICT_KEY = re.compile(rf"{_KEY_SECTION}(?:/{_KEY_SECTION})?")

#: What everything without tags shares. Never changed.
NO_TAGS: dict[str, str] = {}


def normalize_tags(tags: Mapping[str, Any] | None) -> dict[str, str]:
    """Return tags as they are stored: values that are not text are written as JSON.

    Args:
        tags: Tags of a run or a definition; keys are any text that is not empty.

    Raises:
        ParameterCheckError: If it is not a mapping.
        DagsterInvalidDefinitionError: If a key is not text or empty, or JSON cannot hold a value.
    """
    if not tags:
        check.opt_mapping_param(tags, "tags")
        return NO_TAGS
    check.mapping_param(tags, "tags")
    result: dict[str, str] = {}
    for key, value in tags.items():
        if not isinstance(key, str) or not key.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
            raise DagsterInvalidDefinitionError(expected("each tag key", "a str that is not empty", key))
        result[key] = value if isinstance(value, str) else _as_json(key, value)
    return result


def normalize_asset_event_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return the tags of an asset event, whose keys and values are held to stricter rules.

    Raises:
        ParameterCheckError: If it is not a mapping.
        DagsterInvalidDefinitionError: If a key is not one or two sections of letters, digits, ``_``,
            ``-`` and ``.``, at most 63 each, divided by a ``/``; or a value is not text.
    """
    if not tags:
        check.opt_mapping_param(tags, "tags")
        return NO_TAGS
    check.mapping_param(tags, "tags")
    for key, value in tags.items():
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise DagsterInvalidDefinitionError(
                f"Tag values must be strings, got type {type(value)} at key {key}."
            )
    bad = [key for key in tags if not isinstance(key, str) or not _STRICT_KEY.fullmatch(key)]  # pyright: ignore[reportUnnecessaryIsInstance]
    if bad:
        raise DagsterInvalidDefinitionError(
            f"Found invalid tag keys: {listed(bad)}. Allowed characters: alpha-numeric, '_', '-', '.'. "
            "Tag keys can also contain a namespace section, separated by a '/'. Each section must "
            "have <= 63 characters."
        )
    return dict(tags)


def _as_json(key: str, value: Any) -> str:
    import json  # only programs whose tags are not text pay for it

    try:
        text = json.dumps(value)
        same = json.loads(text) == value
    except (TypeError, ValueError, RecursionError):
        same, text = False, ""
    if not same:
        raise DagsterInvalidDefinitionError(
            f'Invalid value for tag "{key}": '
            f"{expected('it', 'a str or a value that JSON can hold', value)}. Tag values must be strings "
            "or meet the constraint that json.loads(json.dumps(value)) == value."
        )
    return text
