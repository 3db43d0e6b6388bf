"""The three storages of an instance in SQLite files under one directory: the default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from dagster._config.source import StringSource
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite import SqliteRunStorage
from dagster._core.storage.schedules.sqlite import SqliteScheduleStorage
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData


class DagsterSqliteStorage(DagsterStorage, ConfigurableClass):
    """Runs, events and schedules in SQLite files under one directory.

    It is the default; ``dagster.yaml`` chooses another directory with::

        storage:
          sqlite:
            base_dir: /path/to/dir

    ::

        history/runs.db             runs
        history/runs/<run id>.db    the events of each run
        history/runs/index.db       assets, and what goes across runs
        schedules/schedules.db      schedules, sensors and their ticks

    Args:
        base_dir: The directory.
        inst_data: Where the object comes from.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._base_dir = base_dir
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config."""
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage of a config."""
        return cls(config_value["base_dir"], inst_data)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage under a directory, which is made if it is not there."""
        return cls(base_dir, inst_data)

    @property
    def base_dir(self) -> str:
        """The directory."""
        return self._base_dir

    @property
    def run_storage(self) -> SqliteRunStorage:
        return self._runs

    @cached_property
    def _runs(self) -> SqliteRunStorage:
        return SqliteRunStorage.from_local(os.path.join(self._base_dir, "history"))

    @property
    def event_log_storage(self) -> SqliteEventLogStorage:
        return self._events

    @cached_property
    def _events(self) -> SqliteEventLogStorage:
        return SqliteEventLogStorage(os.path.join(self._base_dir, "history", "runs"))

    @property
    def schedule_storage(self) -> SqliteScheduleStorage:
        return self._schedules

    @cached_property
    def _schedules(self) -> SqliteScheduleStorage:
        return SqliteScheduleStorage.from_local(os.path.join(self._base_dir, "schedules"))

    def dispose(self) -> None:
        """Close what is open."""
        for name in ("_runs", "_events", "_schedules"):
            if name in self.__dict__:
                self.__dict__[name].dispose()
