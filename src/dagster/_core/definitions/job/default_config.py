"""The run config that a job has by itself, and how a run's own goes on top of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._config.evaluate import validate_config
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.errors import DagsterInvalidConfigError

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition

#: Keys whose values are the user's and are replaced as a whole, not merged.
_WHOLE = frozenset({"config", "inputs", "outputs"})


def merge_default_config(
    default: Mapping[str, Any] | None, given: Mapping[str, Any], graph: GraphDefinition
) -> Mapping[str, Any]:
    """Return the run config of a run: what it gives, and the job's own where it gives nothing.

    The config of one op, resource, logger or executor is taken as a whole from one of the two. Config
    of ops that a selection left out is dropped from the job's own.
    """
    if not default:
        return given
    is_part = graph.parent_graph_def is not None and not graph.has_config_mapping
    if is_part and isinstance(default.get("ops"), Mapping):
        default = {
            **default,
            "ops": {name: entry for name, entry in default["ops"].items() if name in graph.node_dict},
        }
    return _merged(default, given)


def _merged(default: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(default)
    for key, value in given.items():
        below = result.get(key)
        if key not in _WHOLE and isinstance(value, Mapping) and isinstance(below, Mapping):
            result[key] = _merged(below, value)
        else:
            result[key] = value
    return result


def check_default_config(job_def: JobDefinition) -> None:
    """Refuse a job whose own config is invalid.

    Raises:
        DagsterInvalidConfigError: With every problem and its path.
    """
    config = merge_default_config(job_def.run_config, {}, job_def.graph)
    result = validate_config(job_def.run_config_schema, config)
    # What is missing may still come with a run; what is wrong is wrong now.
    wrong = [e for e in result.errors if not e.reason.name.startswith("MISSING")]
    if wrong:
        raise DagsterInvalidConfigError(
            f"Invalid default config on {job_def.describe_target()}", wrong, config
        )
