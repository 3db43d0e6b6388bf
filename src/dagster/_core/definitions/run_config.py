"""``RunConfig``: the config of a run, made of config objects."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import dagster._check as check
from dagster._config.env_var import EnvVar, IntEnvVar, env_source
from dagster._text import expected

_NODE_KEYS = ("ops", "solids")


def _is_config_object(value: object) -> bool:
    # Asked without pydantic: only config classes have this method.
    return not isinstance(value, type) and hasattr(value, "_convert_to_config_dictionary")


def _plain(value: Any) -> Any:
    """Return config without config objects, environment variables and members of enums."""
    if isinstance(value, (EnvVar, IntEnvVar)):
        return env_source(value)
    if _is_config_object(value):
        return value._convert_to_config_dictionary()  # noqa: SLF001 - the method of config classes for this
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _entry(value: Any) -> Any:
    """Return the entry of one op, resource or logger: a config object is what stands under ``config``."""
    if _is_config_object(value):
        return {"config": _plain(value)}
    if isinstance(value, Mapping):
        return {
            key: _entries(item) if key in _NODE_KEYS and isinstance(item, Mapping) else _plain(item)
            for key, item in value.items()
        }
    return _plain(value)


def _entries(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _entry(value) for key, value in values.items()}


class RunConfig:
    """The config of a run, in parts that may hold config objects.

    From the "Config" part of the API documents.

    Args:
        ops: Config of ops by name: a Config object, or a dict as in a run config.
        resources: Config of resources by key: a ConfigurableResource or Config object, or a dict.
        loggers: Config of loggers by name.
        execution: Config of the executor.

    Examples:
        >>> my_job.execute_in_process(run_config=RunConfig(ops={"load": LoadConfig(path="a.csv")}))
    """

    __slots__ = ("execution", "loggers", "ops", "resources")

    def __init__(
        self,
        ops: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
        loggers: Mapping[str, Any] | None = None,
        execution: Any = None,
    ) -> None:
        self.ops: dict[str, Any] = dict(check.opt_mapping_param(ops, "ops", str))
        self.resources: dict[str, Any] = dict(check.opt_mapping_param(resources, "resources", str))
        self.loggers: dict[str, Any] = dict(check.opt_mapping_param(loggers, "loggers", str))
        self.execution: Any = {} if execution is None else execution

    def to_config_dict(self) -> dict[str, Any]:
        """Return the run config as plain dicts and lists, as in YAML."""
        return {
            "loggers": _entries(self.loggers),
            "resources": _entries(self.resources),
            "ops": _entries(self.ops),
            "execution": _entry(self.execution),
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunConfig) and self.to_config_dict() == other.to_config_dict()

    __hash__ = None  # pyright: ignore[reportAssignmentType] - it holds dicts

    def __repr__(self) -> str:
        parts = ((name, getattr(self, name)) for name in ("ops", "resources", "loggers", "execution"))
        return f"RunConfig({', '.join(f'{name}={value!r}' for name, value in parts if value)})"


def convert_config_input(run_config: RunConfig | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a run config as plain dicts and lists.

    Args:
        run_config: A :class:`RunConfig`, a dict that may hold config objects too, or None.

    Raises:
        ParameterCheckError: It is neither.
    """
    if run_config is None:
        return None
    if isinstance(run_config, RunConfig):
        return run_config.to_config_dict()
    if not isinstance(run_config, Mapping):
        raise check.ParameterCheckError(expected("run_config", "a dict or RunConfig", run_config))
    return {
        key: _entries(value)
        if key in (*_NODE_KEYS, "resources", "loggers") and isinstance(value, Mapping)
        else _entry(value)
        for key, value in run_config.items()
    }
