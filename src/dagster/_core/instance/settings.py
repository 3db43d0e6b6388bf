"""Settings of an instance: what its ``dagster.yaml`` says beside the classes that it chooses."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from dagster._config.evaluate import process_config
from dagster._process.late_module import LateModule

if TYPE_CHECKING:
    from dagster._core.instance import dagster_yaml
else:
    dagster_yaml = LateModule("dagster._core.instance.dagster_yaml")

T = TypeVar("T")


class InstanceSettings:
    """Settings of an instance.

    Args:
        raw: What was given, validated.
    """

    __slots__ = ("_handlers", "managed_python_loggers", "python_log_level", "raw")

    def __init__(self, raw: Mapping[str, Any]) -> None:
        logs = raw.get("python_logs") or {}
        self.raw = raw
        self.managed_python_loggers: Sequence[str] = logs.get("managed_python_loggers") or []
        self.python_log_level: str | None = logs.get("python_log_level")
        self._handlers: Mapping[str, Any] | None = logs.get("dagster_handler_config")

    def section(self, key: str) -> Mapping[str, Any]:
        """Return the settings under a key; none if nothing is said."""
        return self.raw.get(key) or {}

    def lookup(self, path: Sequence[str], default: Any) -> Any:
        """Return the setting at a path, or the default if nothing is said."""
        value: Any = self.raw
        for key in path:
            value = value.get(key) if value else None
        return default if value is None else value

    def build_handlers(self) -> Sequence[logging.Handler]:
        """Return the configured handlers."""
        if not self._handlers:
            return []
        import logging.config

        # A logger of this name exists only as long as its handlers are read off it.
        name = "dagster.handlers"
        handlers = self._handlers.get("handlers", {})
        logging.config.dictConfig(
            {
                "version": 1,
                "disable_existing_loggers": False,
                **self._handlers,
                "loggers": {name: {"handlers": list(handlers), "propagate": False}},
            }
        )
        logger = logging.getLogger(name)
        built, logger.handlers = logger.handlers, []
        return built


_NOTHING = InstanceSettings({})


def read_settings(settings: Mapping[str, Any] | None) -> InstanceSettings:
    """Return validated settings, environment variables looked up.

    Raises:
        DagsterInvalidConfigError: With every problem and its path.
    """
    if not settings:
        return _NOTHING
    result = process_config(dagster_yaml.settings_schema(), settings)
    checked = result.value_or_raise("Errors in the settings of the instance", settings)
    return InstanceSettings({key: checked[key] for key in settings if key in checked})


class Setting(Generic[T]):
    """A property of an instance that is one of its settings.

    Args:
        section: The key in ``dagster.yaml`` under which it stands.
        default: What it is when nothing is said.
        doc: What it means.
        key: Its own key. Default: the name of the property, without the section before it.
    """

    def __init__(self, section: str, default: T, doc: str, key: str = "") -> None:
        self.path = [section, key]
        self._default = default
        self.__doc__ = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.path[1] = self.path[1] or name.removeprefix(f"{self.path[0]}_")

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else instance.settings.lookup(self.path, self._default)
