"""The event log storage on a SQL database: names for what the modules beside it do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import dagster._check as check
import dagster._time as _time
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import (
    AssetEventSummaryRecord,
    AssetRecord,
    AssetStatusCacheValue,
    PlannedMaterializationInfo,
)
from dagster._core.records.concurrency import (
    ConcurrencyClaimStatus,
    ConcurrencyKeyInfo,
    PoolLimit,
)
from dagster._core.records.event_records import (
    AssetRecordsFilter,
    DagsterRunStatsSnapshot,
    EventLogConnection,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
    PaginatedResults,
    RunStatusChangeRecordsFilter,
    RunStepKeyStatsSnapshot,
)
from dagster._core.records.partition_status import AssetPartitionStatus
from dagster._core.records.run import DagsterRunStatus
from dagster._core.storage.event_log import (
    asset_events,
    asset_tags,
    assets,
    concurrency,
    dynamic_partitions,
    events,
    maintenance,
    partitions,
    stats,
    wiping,
)
from dagster._core.storage.event_log.base import EventHandlerFn, EventLogStorage, OfType, PrintFn, RunsFn
from dagster._core.storage.event_log.watcher import EventWatcher
from dagster._core.storage.sql import schema
from dagster._core.storage.sql.database import Database

#: How long a watcher waits before it asks again, in seconds.
WATCH_INTERVAL = 0.1


class SqlEventLogStorage(EventLogStorage):
    """Base class for SQL backed event log storages.

    From the "Internals" document. It distinguishes between the database that holds the log of a run and
    the index, in which is found what goes across runs; here both are the same.

    Args:
        database: The database, which has the tables or gets them.
        inst_data: Where the storage comes from, if it was made from config.
        run_rows_in_same_database: Whether the rows of runs lie in the same database. Then they change in
            the transaction that stores an event.
        watch_interval: How long a watcher waits before it asks again, in seconds.
    """

    #: How long a slot of a pool is kept without a sign of life of its holder, in seconds.
    pool_lease_seconds: float = concurrency.LEASE_SECONDS

    def __init__(
        self,
        database: Database,
        inst_data: Any = None,
        *,
        run_rows_in_same_database: bool = False,
        watch_interval: float = WATCH_INTERVAL,
    ) -> None:
        self._index = database
        self._inst_data = inst_data
        self._run_rows_in_same_database = run_rows_in_same_database
        self._watcher = EventWatcher(self.get_records_for_run, watch_interval)
        schema.ensure_schema(database, ("events",))

    @classmethod
    def from_database(
        cls,
        database: Database,
        inst_data: Any = None,
        *,
        run_rows_in_same_database: bool = False,
        watch_interval: float = WATCH_INTERVAL,
    ) -> Self:
        """Return the storage of an open database. Parameters are those of the class."""
        storage = cls.__new__(cls)
        SqlEventLogStorage.__init__(
            storage,
            database,
            inst_data,
            run_rows_in_same_database=run_rows_in_same_database,
            watch_interval=watch_interval,
        )
        return storage

    @property
    def inst_data(self) -> Any:
        """Where the storage comes from, or None."""
        return self._inst_data

    @property
    def is_persistent(self) -> bool:
        return not self._index.is_in_memory

    @property
    def handles_run_events_in_store_event(self) -> bool:
        return self._run_rows_in_same_database

    def _log_database(self, _run_id: str) -> Database | None:
        """Return the database that holds the log of a run, or None if there is no log."""
        return self._index

    # Writing

    def store_event(self, event: EventLogEntry) -> None:
        check.inst_param(event, "event", EventLogEntry)
        self._store((event,))

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        check.sequence_param(events, "events", of_type=EventLogEntry)
        self._store(events)

    def _store(self, entries: Sequence[EventLogEntry]) -> None:
        events.store(self._index, entries, _time.now(), with_run_rows=self._run_rows_in_same_database)
        self._watcher.notify()

    def delete_events(self, run_id: str) -> None:
        self.delete_events_for_runs([run_id])

    def delete_events_for_runs(self, run_ids: Sequence[str]) -> None:
        events.delete_runs(self._index, run_ids)

    def prune(
        self,
        before: float,
        keep_run_ids: Collection[str] = (),
        print_fn: PrintFn | None = None,
        about_to_delete: RunsFn | None = None,
    ) -> int:
        return maintenance.prune(self._index, before, keep_run_ids, print_fn, about_to_delete)

    def wipe(self) -> None:
        maintenance.wipe(self._index)

    # The schema and the process

    def upgrade(self) -> None:
        schema.upgrade(self._index, ("events",))

    def alembic_version(self) -> tuple[Any, Any] | None:
        return schema.alembic_version(self._index, ("events",))

    def reindex_events(self, print_fn: PrintFn | None = None, force: bool = False) -> None:
        """Do nothing: there is one copy of each event here."""

    def reindex_assets(self, print_fn: PrintFn | None = None, force: bool = False) -> None:
        maintenance.reindex_assets(self._index, print_fn)

    def dispose(self) -> None:
        self._watcher.close()
        self._index.dispose()

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        """Limit the connections to a server, for all storages of this process on it. SQLite has nothing to set.

        See :meth:`Database.limit_connections`.
        """
        self._index.limit_connections(statement_timeout, pool_recycle, max_overflow)

    # What programs that know the database ask for

    def run_connection(self, run_id: str | None = None) -> AbstractContextManager[Connection]:
        """Return a transaction on the database that holds the log of a run."""
        database = self._index if run_id is None else self._log_database(run_id)
        return (database or self._index).transaction()

    def index_connection(self) -> AbstractContextManager[Connection]:
        """Return a transaction on the index."""
        return self._index.transaction()

    #: Both give a transaction.
    index_transaction = index_connection

    def has_table(self, table_name: str) -> bool:
        """Return whether the index has a table."""
        return self._index.read(lambda connection: sa.inspect(connection).has_table(table_name))

    def delete_events_for_run(self, conn: Connection, run_id: str) -> None:
        """Delete the events of a run from one database, within a transaction."""
        events.delete_in(conn, [events.key_of(run_id)])

    def update_event_log_record(self, record_id: int, event: EventLogEntry) -> None:
        """Store another form of an event of the index under its id."""
        self._index.write(lambda connection: events.replace_body(connection, record_id, event))

    # Runs

    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: OfType = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        check.str_param(run_id, "run_id")
        check.opt_str_param(cursor, "cursor")
        database = self._log_database(run_id)
        if database is None:
            return events.empty_page(cursor, ascending)
        is_shared = database is self._index
        return events.records_for_run(database, run_id, cursor, of_type, limit, ascending, is_shared)

    def get_asset_partitions_for_run(
        self, run_id: str, of_type: OfType = None
    ) -> Mapping[AssetKey, AbstractSet[str | None]]:
        return asset_events.get_asset_partitions_for_run(self._index, run_id, of_type)

    def get_asset_keys_for_run(self, run_id: str, of_type: OfType = None) -> AbstractSet[AssetKey]:
        return asset_events.get_asset_keys_for_run(self._index, run_id, of_type)

    def get_stats_for_run(self, run_id: str) -> DagsterRunStatsSnapshot:
        return stats.run_stats(self._log_database(run_id), run_id)

    def get_step_stats_for_run(
        self, run_id: str, step_keys: Sequence[str] | None = None
    ) -> Sequence[RunStepKeyStatsSnapshot]:
        return stats.step_stats(self._log_database(run_id), run_id, step_keys)

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        self._watcher.watch(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: EventHandlerFn) -> None:
        self._watcher.end_watch(run_id, handler)

    # All runs

    def get_event_records(
        self,
        event_records_filter: EventRecordsFilter,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        return events.event_records(self._index, event_records_filter, limit, ascending)

    def fetch_run_status_changes(
        self,
        records_filter: DagsterEventType | RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        return events.run_status_changes(self._index, records_filter, limit, cursor, ascending)

    def get_logs_for_all_runs_by_log_id(
        self, after_cursor: int = -1, dagster_event_type: OfType = None, limit: int | None = None
    ) -> Mapping[int, EventLogEntry]:
        return events.logs_by_id(self._index, after_cursor, dagster_event_type, limit)

    def get_maximum_record_id(self) -> int | None:
        return events.maximum_id(self._index)

    # Assets

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        return assets.get_asset_records(self._index, asset_keys)

    def has_asset_key(self, asset_key: AssetKey) -> bool:
        return assets.has_asset_key(self._index, asset_key)

    def all_asset_keys(self) -> Sequence[AssetKey]:
        return assets.all_asset_keys(self._index)

    def get_asset_keys(
        self,
        prefix: Sequence[str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Sequence[AssetKey]:
        return assets.get_asset_keys(self._index, prefix, limit, cursor)

    def get_latest_materialization_events(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        return assets.get_latest_materialization_events(self._index, asset_keys)

    def get_latest_materialization_storage_ids(
        self, asset_keys: Sequence[AssetKey]
    ) -> Mapping[AssetKey, int | None]:
        return assets.get_latest_materialization_storage_ids(self._index, asset_keys)

    def get_latest_planned_materialization_info(
        self, asset_key: AssetKey, partition: str | None = None
    ) -> PlannedMaterializationInfo | None:
        return partitions.get_latest_planned_materialization_info(self._index, asset_key, partition)

    def get_asset_event_summary_records(
        self,
        event_type: DagsterEventType,
        asset_key: AssetKey | None = None,
        run_id: str | None = None,
        storage_ids: Sequence[int] | None = None,
        after_storage_id: int | None = None,
        before_storage_id: int | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[AssetEventSummaryRecord]:
        return asset_events.get_asset_event_summary_records(
            self._index,
            event_type,
            asset_key,
            run_id,
            storage_ids,
            after_storage_id,
            before_storage_id,
            limit,
            ascending,
        )

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        event_type = DagsterEventType.ASSET_MATERIALIZATION
        return asset_events.fetch_asset_events(
            self._index, event_type, records_filter, limit, cursor, ascending
        )

    def fetch_failed_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        event_type = DagsterEventType.ASSET_FAILED_TO_MATERIALIZE
        return asset_events.fetch_asset_events(
            self._index, event_type, records_filter, limit, cursor, ascending
        )

    def fetch_observations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        event_type = DagsterEventType.ASSET_OBSERVATION
        return asset_events.fetch_asset_events(
            self._index, event_type, records_filter, limit, cursor, ascending
        )

    def fetch_planned_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the plans to materialize an asset."""
        event_type = DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        return asset_events.fetch_asset_events(
            self._index, event_type, records_filter, limit, cursor, ascending
        )

    def get_latest_data_version_record(
        self,
        key: AssetKey,
        is_source: bool | None = None,
        partition_key: str | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> EventLogRecord | None:
        return asset_events.get_latest_data_version_record(
            self._index, key, is_source, partition_key, before_cursor, after_cursor
        )

    def get_latest_materialization_code_versions(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, str | None]:
        return assets.get_latest_materialization_code_versions(self._index, asset_keys)

    def get_status_by_partition(
        self,
        asset_key: AssetKey,
        partition_keys: Collection[str],
        run_statuses: Callable[[Collection[str]], Mapping[str, DagsterRunStatus]],
    ) -> Mapping[str, AssetPartitionStatus | None]:
        return partitions.get_status_by_partition(self._index, asset_key, partition_keys, run_statuses)

    def get_event_tags_for_asset(
        self,
        asset_key: AssetKey,
        filter_tags: Mapping[str, str] | None = None,
        filter_event_id: int | None = None,
    ) -> Sequence[Mapping[str, str]]:
        return asset_tags.get_event_tags_for_asset(self._index, asset_key, filter_tags, filter_event_id)

    def wipe_asset(self, asset_key: AssetKey) -> None:
        self.wipe_assets([asset_key])

    def wipe_assets(self, asset_keys: Sequence[AssetKey]) -> None:
        wiping.wipe_assets(self._index, asset_keys, _time.now())
        self._watcher.notify()

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        wiping.wipe_asset_partitions(self._index, asset_key, partition_keys, _time.now())
        self._watcher.notify()

    def can_read_asset_status_cache(self) -> bool:
        return True

    can_write_asset_status_cache = can_read_asset_status_cache

    def update_asset_cached_status_data(
        self, asset_key: AssetKey, cache_values: AssetStatusCacheValue
    ) -> None:
        assets.update_asset_cached_status_data(self._index, asset_key, cache_values)

    def wipe_asset_cached_status(self, asset_key: AssetKey) -> None:
        assets.wipe_asset_cached_status(self._index, asset_key)

    # Partitions of assets

    def get_materialized_partitions(
        self,
        asset_key: AssetKey,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> AbstractSet[str]:
        return partitions.get_materialized_partitions(
            self._index, asset_key, before_cursor, after_cursor
        )

    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        partitions: AbstractSet[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        return _storage_id_by_partition(self._index, asset_key, event_type, partitions, after_cursor)

    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        return partitions.get_latest_tags_by_partition(
            self._index,
            asset_key,
            event_type,
            tag_keys,
            asset_partitions,
            before_cursor,
            after_cursor,
        )

    def get_latest_asset_partition_materialization_attempts_without_materializations(
        self, asset_key: AssetKey, after_storage_id: int | None = None
    ) -> Mapping[str, tuple[str, int]]:
        return partitions.get_latest_asset_partition_materialization_attempts_without_materializations(
            self._index, asset_key, after_storage_id
        )

    def get_updated_data_version_partitions(
        self, asset_key: AssetKey, partitions: Iterable[str], since_storage_id: int
    ) -> AbstractSet[str]:
        return _updated_partitions(self._index, asset_key, partitions, since_storage_id)

    # Dynamic partitions

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        return dynamic_partitions.get_dynamic_partitions(self._index, partitions_def_name)

    def get_paginated_dynamic_partitions(
        self, partitions_def_name: str, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[str]:
        return dynamic_partitions.get_paginated_dynamic_partitions(
            self._index, partitions_def_name, limit, ascending, cursor
        )

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return dynamic_partitions.has_dynamic_partition(self._index, partitions_def_name, partition_key)

    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Sequence[str]
    ) -> AbstractSet[str]:
        return dynamic_partitions.get_existing_dynamic_partitions(
            self._index, partitions_def_name, partition_keys
        )

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        dynamic_partitions.add_dynamic_partitions(
            self._index, partitions_def_name, partition_keys, _time.now()
        )

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        dynamic_partitions.delete_dynamic_partition(self._index, partitions_def_name, partition_key)

    # Concurrency

    def initialize_concurrency_limit_to_default(self, concurrency_key: str) -> bool:
        return concurrency.initialize_concurrency_limit_to_default(
            self._index, concurrency_key, self.pool_config.default_pool_limit
        )

    def set_concurrency_slots(self, concurrency_key: str, num: int) -> None:
        concurrency.set_concurrency_slots(self._index, concurrency_key, num)

    def delete_concurrency_limit(self, concurrency_key: str) -> None:
        concurrency.delete_concurrency_limit(self._index, concurrency_key)

    def get_concurrency_keys(self) -> AbstractSet[str]:
        return concurrency.get_concurrency_keys(self._index)

    def get_concurrency_info(self, concurrency_key: str) -> ConcurrencyKeyInfo:
        return concurrency.get_concurrency_info(self._index, concurrency_key, now=_time.now())

    def get_concurrency_infos(self, concurrency_keys: Sequence[str]) -> Mapping[str, ConcurrencyKeyInfo]:
        return concurrency.get_concurrency_infos(self._index, concurrency_keys, now=_time.now())

    def get_pool_limits(self) -> Sequence[PoolLimit]:
        return concurrency.get_pool_limits(self._index)

    def claim_concurrency_slot(
        self,
        concurrency_key: str,
        run_id: str,
        step_key: str,
        priority: int | None = None,
        owner: str | None = None,
    ) -> ConcurrencyClaimStatus:
        return concurrency.claim_concurrency_slot(
            self._index,
            concurrency_key,
            run_id,
            step_key,
            priority,
            now=_time.now(),
            owner=owner,
            lease_seconds=self.pool_lease_seconds,
        )

    def check_concurrency_claim(
        self, concurrency_key: str, run_id: str, step_key: str, owner: str | None = None
    ) -> ConcurrencyClaimStatus:
        return concurrency.check_concurrency_claim(
            self._index,
            concurrency_key,
            run_id,
            step_key,
            now=_time.now(),
            owner=owner,
            lease_seconds=self.pool_lease_seconds,
        )

    def renew_concurrency_leases_for_run(self, run_id: str) -> Mapping[tuple[str, str], int]:
        """Keep the slots of a run for another lease; return their tokens by pool and step."""
        return concurrency.renew_leases_for_run(
            self._index, run_id, now=_time.now(), lease_seconds=self.pool_lease_seconds
        )

    def release_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, token: int
    ) -> bool:
        """Give back the slot that a token stands for; return False if it was lost before."""
        return concurrency.release_concurrency_slot(
            self._index, concurrency_key, run_id, step_key, token
        )

    def get_concurrency_run_ids(self) -> AbstractSet[str]:
        return concurrency.get_concurrency_run_ids(self._index)

    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        concurrency.free_concurrency_slots_for_run(self._index, run_id)

    def free_concurrency_slot_for_step(self, run_id: str, step_key: str) -> None:
        concurrency.free_concurrency_slot_for_step(self._index, run_id, step_key)


# Parameters named as the interface names them hide the module.
_storage_id_by_partition = partitions.get_latest_storage_id_by_partition
_updated_partitions = partitions.get_updated_data_version_partitions
