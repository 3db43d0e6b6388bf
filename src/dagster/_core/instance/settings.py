"""Settings of an instance: what its ``dagster.yaml`` says beside the classes that it chooses."""

from __future__ import annotations

import enum
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Self, TypeVar, overload

from dagster._config.evaluate import process_config
from dagster._core.instance.dagster_yaml import settings_schema
from dagster._core.records.instigator import InstigatorType
from dagster._core.records.tick import TickStatus
from dagster._core.run_coordinator.queued import QueuedRunCoordinator, RunQueueConfig
from dagster._wire.record import Record

T = TypeVar("T")

#: Days that ticks are kept when nobody says otherwise; -1 is for ever.
_SENSOR_TICK_DAYS = {TickStatus.SKIPPED: 7}


class PoolGranularity(enum.Enum):
    """What takes a slot of a pool: each op, or the whole run."""

    OP = "op"
    RUN = "run"


class PoolConfig(Record, frozen=True):
    """What holds for all pools.

    Args:
        pool_granularity: What takes a slot.
        default_pool_limit: How many slots a pool has that nobody gave a limit.
        op_granularity_run_buffer: How many runs beyond the free slots may start all the same.
    """

    pool_granularity: PoolGranularity | None = None
    default_pool_limit: int | None = None
    op_granularity_run_buffer: int | None = None


class ConcurrencyConfig(Record, frozen=True):
    """What is said of pools and of the run queue, wherever it is said.

    Args:
        pool_config: Pools.
        run_queue_config: The queue; None if the instance has none.
    """

    pool_config: PoolConfig
    run_queue_config: RunQueueConfig | None


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
    result = process_config(settings_schema(), settings)
    checked = result.value_or_raise("Errors in the settings of the instance", settings)
    return InstanceSettings({key: checked[key] for key in settings if key in checked})


class Setting(Generic[T]):
    """A property of an instance that is one of its settings.

    Args:
        path: The keys, with dots between them.
        default: What it is when nothing is said.
        doc: What it means.
    """

    def __init__(self, path: str, default: T, doc: str) -> None:
        self._path = path.split(".")
        self._default = default
        self.__doc__ = doc

    @overload
    def __get__(self, instance: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: Any = None) -> T: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else instance.settings.lookup(self._path, self._default)


def tick_retention_days(
    settings: InstanceSettings, instigator_type: InstigatorType
) -> Mapping[TickStatus, int]:
    """Return how many days ticks are kept, by status; -1 is for ever."""
    is_schedule = instigator_type is InstigatorType.SCHEDULE
    days = dict.fromkeys(TickStatus, -1)
    if not is_schedule:
        days.update(_SENSOR_TICK_DAYS)
    given = settings.lookup(["retention", instigator_type.value.lower(), "purge_after_days"], None)
    if isinstance(given, int):
        return dict.fromkeys(TickStatus, given)
    for name, value in (given or {}).items():
        days[TickStatus[name.upper()]] = value
    return days


def concurrency_config(settings: InstanceSettings, coordinator: object) -> ConcurrencyConfig:
    """Return what is said of pools and of the queue.

    Args:
        settings: The settings; ``concurrency.runs`` goes before the coordinator's own config.
        coordinator: The run coordinator.
    """
    granularity = settings.lookup(["concurrency", "pools", "granularity"], None)
    older_limit = settings.lookup(["concurrency", "default_op_concurrency_limit"], None)
    pools = PoolConfig(
        pool_granularity=PoolGranularity(granularity) if granularity is not None else None,
        default_pool_limit=settings.lookup(["concurrency", "pools", "default_limit"], older_limit),
        op_granularity_run_buffer=settings.lookup(
            ["concurrency", "pools", "op_granularity_run_buffer"], None
        ),
    )
    queue = None
    if isinstance(coordinator, QueuedRunCoordinator):
        queue = coordinator.get_run_queue_config()
        runs = settings.lookup(["concurrency", "runs"], {})
        for name in ("max_concurrent_runs", "tag_concurrency_limits"):
            if runs.get(name) is not None:
                queue = queue._replace(**{name: runs[name]})
    return ConcurrencyConfig(pools, queue)
