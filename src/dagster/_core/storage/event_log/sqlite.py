"""The event log storage in SQLite files: a database for each run, and an index."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Self

import sqlalchemy as sa

import dagster._check as check
import dagster._time as _time
from dagster._config.source import StringSource
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.event_records import EventLogRecord, EventRecordsFilter
from dagster._core.storage.event_log import events, maintenance, run_index, run_search
from dagster._core.storage.event_log.base import OfType, PrintFn, RunsFn
from dagster._core.storage.event_log.run_logs import INDEX_NAME, MAX_OPEN, RunLogs
from dagster._core.storage.event_log.sql import WATCH_INTERVAL, SqlEventLogStorage
from dagster._core.storage.sql.database import Database, open_sqlite
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from dagster._text import listed


class SqliteEventLogStorage(SqlEventLogStorage, ConfigurableClass):
    """SQLite-backed event log storage, the default.

    From the "Internals" document. The events of each run are in a database of its own, so that runs do
    not wait for each other. What is found across runs (assets, and how runs stand) is taken over into
    ``index.db``, after a crash too. In ``dagster.yaml``::

        event_log_storage:
          module: dagster._core.storage.event_log
          class: SqliteEventLogStorage
          config:
            base_dir: /path/to/dir

    Args:
        base_dir: The directory of the databases, which is made if need be.
        inst_data: Where the storage comes from, if it was made from config.
        watch_interval: How long a watcher waits before it asks again, in seconds.
        max_open_runs: How many runs' databases a process keeps open.
    """

    def __init__(
        self,
        base_dir: str,
        inst_data: ConfigurableClassData | None = None,
        *,
        watch_interval: float = WATCH_INTERVAL,
        max_open_runs: int = MAX_OPEN,
    ) -> None:
        self._logs = RunLogs(check.str_param(base_dir, "base_dir"), max_open_runs)
        index = open_sqlite(os.path.join(base_dir, f"{INDEX_NAME}.db"))
        super().__init__(index, inst_data, watch_interval=watch_interval)

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

    @property
    def is_run_sharded(self) -> bool:
        return True

    # Files

    def path_for_shard(self, run_id: str) -> str:
        """Return the path of a run's database. It lies in the directory, whatever the id."""
        return self._logs.path_of(check.str_param(run_id, "run_id"))

    def conn_string_for_shard(self, shard_name: str) -> str:
        """Return the URL of a run's database, or of the index (``index``)."""
        path = self._index.description if shard_name == INDEX_NAME else self.path_for_shard(shard_name)
        return sa.URL.create("sqlite", database=path).render_as_string()

    def get_all_run_ids(self) -> Sequence[str]:
        """Return the ids of the runs that have a log."""
        return sorted(self._logs.run_ids())

    def _log_database(self, run_id: str) -> Database | None:
        if run_id == events.NO_RUN:
            return self._index
        log = self._logs.existing_log_of(run_id)
        if log is None:
            return None
        run_index.catch_up(self._index, log, _time.now())
        return log.database

    # Writing

    def _store(self, entries: Sequence[EventLogEntry]) -> None:
        now = _time.now()
        for run_id, of_run in events.group_by_run(entries).items():
            if run_id == events.NO_RUN:
                events.store(self._index, of_run, now, with_run_rows=False)
            else:
                log = self._logs.log_of(run_id)
                run_index.written(self._index, log, log.append(of_run), of_run, now)
        self._watcher.notify()

    def delete_events_for_runs(self, run_ids: Sequence[str]) -> None:
        for run_id in run_ids:
            self._logs.delete(run_id)
        super().delete_events_for_runs(run_ids)

    def prune(
        self,
        before: float,
        keep_run_ids: Collection[str] = (),
        print_fn: PrintFn | None = None,
        about_to_delete: RunsFn | None = None,
    ) -> int:
        deleted = 0
        for run_ids in run_search.old_runs(self._index, self._logs, before, keep_run_ids):
            if about_to_delete is not None and run_ids:
                about_to_delete(run_ids)
            self.delete_events_for_runs(run_ids)
            deleted += len(run_ids)
            if print_fn is not None:
                print_fn(f"Deleted the logs of {deleted} runs.")
        events.delete_without_run(self._index, before)
        return deleted

    def wipe(self) -> None:
        self._logs.delete_all()
        maintenance.wipe(self._index)

    def reindex_events(self, print_fn: PrintFn | None = None, force: bool = False) -> None:
        """Take over into the index what the logs of runs have and it has not.

        Args:
            print_fn: Is told how far it has come.
            force: Makes no difference: every log is looked at.
        """
        for number, run_id in enumerate(self.get_all_run_ids(), 1):
            self._log_database(run_id)
            if print_fn is not None and number % 100 == 0:
                print_fn(f"Looked at the logs of {number} runs.")

    def dispose(self) -> None:
        super().dispose()
        self._logs.close()

    # All runs

    def get_event_records(
        self,
        event_records_filter: EventRecordsFilter,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        """Return records of events of one type.

        Types that are not in the index are looked for in the databases of the runs, the newest events
        first or last by their time. Their ids count within their run.
        """
        if DagsterEventType(event_records_filter.event_type) in events.INDEXED_TYPES:
            return super().get_event_records(event_records_filter, limit, ascending)
        return run_search.event_records(self._logs, event_records_filter, limit, ascending)

    def get_logs_for_all_runs_by_log_id(
        self, after_cursor: int = -1, dagster_event_type: OfType = None, limit: int | None = None
    ) -> Mapping[int, EventLogEntry]:
        """Return entries of any run by their id, in its order.

        Raises:
            DagsterInvariantViolationError: If types are asked for whose ids count within their run.
        """
        values = events.type_values(dagster_event_type)
        if values is None or not events.INDEXED_VALUES.issuperset(values):
            raise DagsterInvariantViolationError(
                "expected dagster_event_type to be of types that are found across runs "
                f"({listed(sorted(events.INDEXED_VALUES))}), got: "
                f"{'all' if values is None else listed(values)}. With a database per run, ids of other "
                "events count within their run: read them with get_records_for_run(), or keep events in "
                "one database (PostgreSQL, MySQL, ConsolidatedSqliteEventLogStorage)."
            )
        return super().get_logs_for_all_runs_by_log_id(after_cursor, dagster_event_type, limit)
