"""Why an asset was not materialized, although it was planned."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.user_events import AssetEvent

_set = object.__setattr__


class AssetMaterializationFailureType(enum.Enum):
    """Whether it was tried."""

    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class AssetMaterializationFailureReason(enum.Enum):
    """Why an asset was not materialized."""

    FAILED_TO_MATERIALIZE = "FAILED_TO_MATERIALIZE"
    UPSTREAM_FAILED_TO_MATERIALIZE = "UPSTREAM_FAILED_TO_MATERIALIZE"
    RUN_TERMINATED = "RUN_TERMINATED"
    UNKNOWN = "UNKNOWN"


class AssetMaterializationFailure(AssetEvent):
    """The event that an asset, or a partition of it, was planned and not materialized.

    Args:
        asset_key: The asset.
        failure_type: Whether it was tried.
        reason: Why it was not materialized.
        description: What happened, in words.
        metadata: Values to record with it.
        partition: The partition.
        tags: Tags of the event.
        will_retry: Whether another run will try again; None if that is not known.
    """

    __slots__ = ("failure_type", "reason", "will_retry")
    wire_fields = (
        "asset_key",
        "failure_type",
        "reason",
        "description",
        "metadata",
        "partition",
        "tags",
        "will_retry",
    )

    failure_type: AssetMaterializationFailureType
    reason: AssetMaterializationFailureReason
    will_retry: bool | None

    def __init__(
        self,
        asset_key: AssetKey | str | Sequence[str],
        failure_type: AssetMaterializationFailureType,
        reason: AssetMaterializationFailureReason,
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
        will_retry: bool | None = None,
    ) -> None:
        super().__init__(asset_key, description, metadata, partition, tags)
        check.inst_param(failure_type, "failure_type", AssetMaterializationFailureType)
        check.inst_param(reason, "reason", AssetMaterializationFailureReason)
        _set(self, "failure_type", failure_type)
        _set(self, "reason", reason)
        _set(self, "will_retry", check.opt_inst_param(will_retry, "will_retry", bool))
