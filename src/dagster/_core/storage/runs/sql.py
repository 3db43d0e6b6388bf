"""The run storage on a SQL database: names for what the modules beside it do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

import dagster._check as check
import dagster._time as _time
from dagster._core.errors import (
    DagsterExecutionPlanSnapshotNotFoundError,
    DagsterInvariantViolationError,
)
from dagster._core.events.event import DagsterEvent
from dagster._core.events.run_status import STATUS_OF_EVENT
from dagster._core.records.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.records.daemon import DaemonHeartbeat
from dagster._core.records.job_snapshot import JobSnap
from dagster._core.records.run import DagsterRun, RunRecord, RunsFilter
from dagster._core.records.run_bucket import RunPartitionData
from dagster._core.storage.runs import (
    backfills,
    daemons,
    run_query,
    run_rows,
    run_tags,
    snapshots,
)
from dagster._core.storage.runs.base import Bucket, PrintFn, RunStorage
from dagster._core.storage.sql import schema
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import RUN_METADATA, daemon_heartbeats, runs
from dagster._wire.record import Record


class SqlRunStorage(RunStorage):
    """Runs in a SQL database: SQLite, PostgreSQL or MySQL.

    Args:
        database: The database, which has the tables or gets them.
        inst_data: Where the storage comes from, if it was made from config.
    """

    def __init__(self, database: Database, inst_data: Any = None) -> None:
        self._database = database
        self._inst_data = inst_data
        schema.ensure_schema(database, ("runs",))

    @classmethod
    def from_database(cls, database: Database, inst_data: Any = None) -> Self:
        """Return the storage of an open database."""
        storage = cls.__new__(cls)
        SqlRunStorage.__init__(storage, database, inst_data)
        return storage

    # Runs

    def add_run(self, dagster_run: DagsterRun) -> DagsterRun:
        check.inst_param(dagster_run, "dagster_run", DagsterRun)
        run_rows.add_runs(self._database, [dagster_run], _time.now())
        return dagster_run

    def add_runs(self, dagster_runs: Sequence[DagsterRun]) -> Sequence[DagsterRun]:
        check.sequence_param(dagster_runs, "dagster_runs", of_type=DagsterRun)
        run_rows.add_runs(self._database, dagster_runs, _time.now())
        return dagster_runs

    def add_historical_run(self, dagster_run: DagsterRun, run_creation_time: datetime) -> DagsterRun:
        check.inst_param(dagster_run, "dagster_run", DagsterRun)
        run_rows.add_runs(self._database, [dagster_run], run_rows.timestamp_of(run_creation_time))
        return dagster_run

    def handle_run_event(
        self, run_id: str, event: DagsterEvent, update_timestamp: datetime | None = None
    ) -> None:
        if event.event_type_value not in STATUS_OF_EVENT:
            return
        at = _time.now() if update_timestamp is None else run_rows.timestamp_of(update_timestamp)
        self._database.write(
            lambda connection: run_rows.fold_event(connection, run_id, event.event_type_value, at)
        )

    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        bucket_by: Bucket | None = None,
        ascending: bool = False,
    ) -> Sequence[DagsterRun]:
        return self._database.read(
            lambda connection: run_query.fetch_runs(
                connection, filters, cursor, limit, bucket_by, ascending
            )
        )

    def get_run_ids(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Sequence[str]:
        return self._database.read(
            lambda connection: run_query.fetch_ids(connection, filters, cursor, limit)
        )

    def get_run_ids_starting_with(self, prefix: str, limit: int) -> Sequence[str]:
        if not run_query.can_find_prefix(prefix):
            return super().get_run_ids_starting_with(prefix, limit)
        return self._database.read(
            lambda connection: run_query.fetch_ids_with_prefix(connection, prefix, limit)
        )

    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        return self._database.read(lambda connection: run_query.count_runs(connection, filters))

    def get_run_group(self, run_id: str) -> tuple[str, Sequence[DagsterRun]] | None:
        return self._database.read(lambda connection: run_query.fetch_group(connection, run_id))

    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
        bucket_by: Bucket | None = None,
    ) -> Sequence[RunRecord]:
        return self._database.read(
            lambda connection: run_query.fetch_records(
                connection, filters, limit, order_by, ascending, cursor, bucket_by
            )
        )

    def has_run(self, run_id: str) -> bool:
        query = sa.select(sa.literal(1)).where(runs.c.run_key == key_of(run_id))
        return self.fetchone(query) is not None

    def delete_run(self, run_id: str) -> None:
        self.delete_runs([run_id])

    def delete_runs(self, run_ids: Sequence[str]) -> None:
        for chunk in run_rows.chunks(run_ids, 1_000):
            self._database.write(lambda connection, ids=chunk: run_rows.delete_runs(connection, ids))

    def get_run_partition_data(self, runs_filter: RunsFilter) -> Sequence[RunPartitionData]:
        return self._database.read(
            lambda connection: run_query.fetch_partition_data(connection, runs_filter)
        )

    def replace_job_origin(self, run: DagsterRun, job_origin: Any) -> None:
        now = run_rows.stored_timestamp(_time.now())
        self._database.write(
            lambda connection: run_rows.replace_origin(connection, run.run_id, job_origin, now)
        )

    def wipe(self) -> None:
        self._database.write(_delete_everything)

    # Tags

    def get_run_tags(
        self, tag_keys: Sequence[str], value_prefix: str | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, set[str]]]:
        return self._database.read(
            lambda connection: run_tags.fetch_tags(connection, tag_keys, value_prefix, limit)
        )

    def get_run_tag_keys(self) -> Sequence[str]:
        return self._database.read(run_tags.fetch_tag_keys)

    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        check.mapping_param(new_tags, "new_tags", key_type=str, value_type=str)
        now = run_rows.stored_timestamp(_time.now())
        self._database.write(lambda connection: run_rows.add_tags(connection, run_id, new_tags, now))

    # Snapshots

    def has_job_snapshot(self, job_snapshot_id: str) -> bool:
        return snapshots.has_snapshot(self._database, "job", job_snapshot_id)

    def add_job_snapshot(self, job_snapshot: JobSnap) -> str:
        return snapshots.add_snapshot(self._database, "job", job_snapshot)

    def get_job_snapshot(self, job_snapshot_id: str) -> JobSnap:
        found = snapshots.get_snapshot(self._database, "job", job_snapshot_id)
        if found is None:
            raise DagsterInvariantViolationError(
                f'There is no job snapshot with id "{job_snapshot_id}".'
            )
        return found

    def has_execution_plan_snapshot(self, execution_plan_snapshot_id: str) -> bool:
        return snapshots.has_snapshot(self._database, "plan", execution_plan_snapshot_id)

    def add_execution_plan_snapshot(self, execution_plan_snapshot: Record) -> str:
        return snapshots.add_snapshot(self._database, "plan", execution_plan_snapshot)

    def get_execution_plan_snapshot(self, execution_plan_snapshot_id: str) -> Any:
        found = snapshots.get_snapshot(self._database, "plan", execution_plan_snapshot_id)
        if found is None:
            raise DagsterExecutionPlanSnapshotNotFoundError(
                f'There is no execution plan snapshot with id "{execution_plan_snapshot_id}".'
            )
        return found

    # Daemons

    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        daemons.write_heartbeat(self._database, daemon_heartbeat)

    def get_daemon_heartbeats(self) -> Mapping[str, DaemonHeartbeat]:
        return self._database.read(daemons.fetch_heartbeats)

    def wipe_daemon_heartbeats(self) -> None:
        self._database.write(lambda connection: connection.execute(sa.delete(daemon_heartbeats)))

    def get_cursor_values(self, keys: set[str]) -> Mapping[str, str]:
        return self._database.read(lambda connection: daemons.fetch_cursor_values(connection, keys))

    def set_cursor_values(self, pairs: Mapping[str, str]) -> None:
        check.mapping_param(pairs, "pairs", key_type=str, value_type=str)
        daemons.write_cursor_values(self._database, pairs)

    # Backfills

    def get_backfills(
        self,
        filters: BulkActionsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        status: BulkActionStatus | None = None,
    ) -> Sequence[PartitionBackfill]:
        return self._database.read(
            lambda connection: backfills.fetch_backfills(connection, filters, cursor, limit, status)
        )

    def get_backfills_count(self, filters: BulkActionsFilter | None = None) -> int:
        return self._database.read(lambda connection: backfills.count_backfills(connection, filters))

    def get_backfill(self, backfill_id: str) -> PartitionBackfill | None:
        return self._database.read(lambda connection: backfills.get_backfill(connection, backfill_id))

    def add_backfill(self, partition_backfill: PartitionBackfill) -> None:
        try:
            self._database.write(
                lambda connection: backfills.insert_backfill(connection, partition_backfill)
            )
        except IntegrityError:
            if self.get_backfill(partition_backfill.backfill_id) != partition_backfill:
                raise DagsterInvariantViolationError(
                    f"A backfill with id {partition_backfill.backfill_id} already exists."
                ) from None

    def update_backfill(self, partition_backfill: PartitionBackfill) -> None:
        self._database.write(
            lambda connection: backfills.update_backfill(connection, partition_backfill)
        )

    # The storage itself

    def connect(self) -> AbstractContextManager[Connection]:
        """Return a write transaction for a ``with`` statement."""
        return self._database.transaction()

    def fetchall(self, query: Any) -> Sequence[Any]:
        """Return all rows that a query gives."""
        return self._database.read(lambda connection: connection.execute(query).fetchall())

    def fetchone(self, query: Any) -> Any:
        """Return the first row that a query gives, or None."""
        return self._database.read(lambda connection: connection.execute(query).fetchone())

    def upgrade(self) -> None:
        """Bring the tables to the form of this version."""
        schema.upgrade(self._database, ("runs",))

    def migrate(self, print_fn: PrintFn | None = None, force_rebuild_all: bool = False) -> None:
        schema.upgrade(self._database, ("runs",), print_fn=print_fn)

    def alembic_version(self) -> tuple[Any, Any]:
        return schema.alembic_version(self._database, ("runs",))

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        """Limit the connections to a server, for all storages of this process on it. SQLite has nothing to set.

        See :meth:`Database.limit_connections`.
        """
        self._database.limit_connections(statement_timeout, pool_recycle, max_overflow)

    def dispose(self) -> None:
        self._database.dispose()


def _delete_everything(connection: Connection) -> None:
    for table in RUN_METADATA.sorted_tables:
        connection.execute(sa.delete(table))
