"""Three storages on one database."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log.sql import SqlEventLogStorage
from dagster._core.storage.runs.sql import SqlRunStorage
from dagster._core.storage.schedules.sql import SqlScheduleStorage
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.schema import GROUPS, ensure_schema
from dagster._serdes.config_class import ConfigurableClassData


class UnifiedSqlStorage(DagsterStorage):
    """Runs, events and schedules in one database, with one pool of connections.

    Args:
        database: The database.
        inst_data: Where the object comes from.
        autocreate: Whether tables that are not there are made.
    """

    run_storage_class: ClassVar[type[SqlRunStorage]] = SqlRunStorage
    event_log_storage_class: ClassVar[type[SqlEventLogStorage]] = SqlEventLogStorage
    schedule_storage_class: ClassVar[type[SqlScheduleStorage]] = SqlScheduleStorage

    def __init__(
        self,
        database: Database,
        inst_data: ConfigurableClassData | None = None,
        autocreate: bool = True,
    ) -> None:
        ensure_schema(database, GROUPS, autocreate)
        self._database = database
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @property
    def run_storage(self) -> SqlRunStorage:
        return self._runs

    @cached_property
    def _runs(self) -> SqlRunStorage:
        return self.run_storage_class.from_database(self._database)

    @property
    def event_log_storage(self) -> SqlEventLogStorage:
        return self._events

    @cached_property
    def _events(self) -> SqlEventLogStorage:
        return self.event_log_storage_class.from_database(self._database, run_rows_in_same_database=True)

    @property
    def schedule_storage(self) -> SqlScheduleStorage:
        return self._schedules

    @cached_property
    def _schedules(self) -> SqlScheduleStorage:
        return self.schedule_storage_class.from_database(self._database)

    def dispose(self) -> None:
        """Close the connections of all three."""
        # Who watches a log asks the database until told to stop.
        events: SqlEventLogStorage | None = self.__dict__.get("_events")
        if events is not None:
            events.dispose()
        self._database.dispose()
