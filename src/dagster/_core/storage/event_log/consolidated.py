"""The event log storage in one SQLite file."""

from __future__ import annotations

import os
from typing import Any, Self

import dagster._check as check
from dagster._config.source import StringSource
from dagster._core.storage.event_log.sql import WATCH_INTERVAL, SqlEventLogStorage
from dagster._core.storage.sql.database import open_sqlite
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData

_FILE_NAME = "event_log.db"


class ConsolidatedSqliteEventLogStorage(SqlEventLogStorage, ConfigurableClass):
    """SQLite-backed event log storage with the events of all runs in one database.

    From the "Internals" document. In ``dagster.yaml``::

        event_log_storage:
          module: dagster._core.storage.event_log
          class: ConsolidatedSqliteEventLogStorage
          config:
            base_dir: /path/to/dir

    Args:
        base_dir: The directory of the database, which is made if need be.
        inst_data: Where the storage comes from, if it was made from config.
        watch_interval: How long a watcher waits before it asks again, in seconds.
    """

    def __init__(
        self,
        base_dir: str,
        inst_data: ConfigurableClassData | None = None,
        *,
        watch_interval: float = WATCH_INTERVAL,
    ) -> None:
        self._base_dir = os.path.abspath(check.str_param(base_dir, "base_dir"))
        super().__init__(open_sqlite(self.get_db_path()), inst_data, watch_interval=watch_interval)

    @classmethod
    def config_type(cls) -> Any:
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        return cls(inst_data=inst_data, **config_value)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage in a directory, which is made if need be."""
        return cls(base_dir, inst_data)

    def get_db_path(self) -> str:
        """Return the path of the database."""
        return os.path.join(self._base_dir, _FILE_NAME)
