"""Three storages that are chosen one by one, as one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from dagster._config.config_type import String
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.runs.base import RunStorage
from dagster._core.storage.schedules.base import ScheduleStorage
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData

_PARTS = ("run_storage", "event_log_storage", "schedule_storage")
_FIELDS = ("module_name", "class_name", "config_yaml")


class CompositeStorage(DagsterStorage, ConfigurableClass):
    """The three storages that ``run_storage``, ``event_log_storage`` and ``schedule_storage`` choose.

    Each is made when it is first asked for.

    Args:
        run_storage_data: Where runs are kept.
        event_log_storage_data: Where events are kept.
        schedule_storage_data: Where schedules are kept.
        inst_data: Where the object comes from.
    """

    def __init__(
        self,
        run_storage_data: ConfigurableClassData,
        event_log_storage_data: ConfigurableClassData,
        schedule_storage_data: ConfigurableClassData,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._run_storage_data = run_storage_data
        self._event_log_storage_data = event_log_storage_data
        self._schedule_storage_data = schedule_storage_data
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config: where each of the three is found."""
        return {part: dict.fromkeys(_FIELDS, String) for part in _PARTS}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage of a config."""
        return cls(
            *(ConfigurableClassData(**config_value[part]) for part in _PARTS), inst_data=inst_data
        )

    @property
    def run_storage(self) -> RunStorage:
        return self._runs

    @cached_property
    def _runs(self) -> RunStorage:
        return self._run_storage_data.rehydrate(RunStorage)

    @property
    def event_log_storage(self) -> EventLogStorage:
        return self._events

    @cached_property
    def _events(self) -> EventLogStorage:
        return self._event_log_storage_data.rehydrate(EventLogStorage)

    @property
    def schedule_storage(self) -> ScheduleStorage:
        return self._schedules

    @cached_property
    def _schedules(self) -> ScheduleStorage:
        return self._schedule_storage_data.rehydrate(ScheduleStorage)

    def dispose(self) -> None:
        """Close what is open."""
        for name in ("_runs", "_events", "_schedules"):
            if name in self.__dict__:
                self.__dict__[name].dispose()
