"""Settings of an instance, validated like any other config."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from dagster._config.evaluate import process_config
from dagster._config.field import Field
from dagster._config.shapes import Permissive, Shape

SETTINGS_SCHEMA = Shape(
    {
        "python_logs": Field(
            Shape(
                {
                    "managed_python_loggers": Field(
                        [str],
                        is_required=False,
                        description="Python loggers that are captured while user code runs.",
                    ),
                    "python_log_level": Field(
                        str,
                        is_required=False,
                        description="Messages below this level are dropped.",
                    ),
                    "dagster_handler_config": Field(
                        Permissive(),
                        is_required=False,
                        description="Handlers and formatters for all messages, as logging.config has them.",
                    ),
                }
            ),
            is_required=False,
        )
    }
)


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


def read_settings(settings: Mapping[str, Any] | None) -> InstanceSettings:
    """Return validated settings.

    Raises:
        DagsterInvalidConfigError: With every problem and its path.
    """
    if not settings:
        return InstanceSettings({})
    result = process_config(SETTINGS_SCHEMA, settings)
    return InstanceSettings(result.value_or_raise("Errors in the settings of the instance", settings))
