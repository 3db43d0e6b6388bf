"""EventLogStorage: what keeps the logs of runs, and what they say about assets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.concurrency import PoolConfig
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
from dagster._core.storage.event_log import derived

if TYPE_CHECKING:
    from dagster._core.records.asset_records import (
        AssetEventSummaryRecord,
        AssetRecord,
        PlannedMaterializationInfo,
    )
    from dagster._core.records.concurrency import (
        ConcurrencyClaimStatus,
        ConcurrencyKeyInfo,
        PoolLimit,
    )
    from dagster._core.records.partition_status import AssetPartitionStatus
    from dagster._core.records.run import DagsterRunStatus

OfType = DagsterEventType | AbstractSet[DagsterEventType] | None
#: Gets each new entry of a run, and the cursor that stands after it.
EventHandlerFn = Callable[[EventLogEntry, str], None]
PrintFn = Callable[[Any], None]
#: Is told of runs.
RunsFn = Callable[[Sequence[str]], None]


class EventLogStorage(ABC):
    """Abstract base class for storing structured event logs from runs.

    From the "Internals" document. Storages on a SQL database derive from ``SqlEventLogStorage``.

    An event is stored when :meth:`store_event` or :meth:`store_event_batch` has returned: from then on it
    is there, once, and in order. Ids grow: who reads on from a cursor misses nothing and gets nothing
    twice.
    """

    # What the storage can

    #: How long a slot of a pool is kept for a holder that gives no sign of life, in seconds. 0: until it is
    #: given back. A storage with leases has ``renew_concurrency_leases_for_run`` and
    #: ``release_concurrency_slot`` too, and takes ``owner`` where a slot is claimed.
    pool_lease_seconds: float = 0.0

    @property
    def is_persistent(self) -> bool:
        """Whether events outlive this process."""
        return True

    @property
    def is_run_sharded(self) -> bool:
        """Whether each run has a database of its own, so that most ids count within their run only."""
        return False

    @property
    def supports_global_concurrency_limits(self) -> bool:
        """Whether it has slots of pools."""
        return True

    #: Whether changes of the status of runs can be looked for by job.
    supports_run_status_change_job_name_filter: bool = True
    #: Whether one event can plan several partitions.
    supports_partition_subset_in_asset_materialization_planned_events: bool = True
    #: Whether asset records tell the last observation.
    asset_records_have_last_observation: bool = True
    #: Whether asset records tell the last planned and the last failed materialization.
    asset_records_have_last_planned_and_failed_materializations: bool = True
    #: Whether failed materializations are kept.
    can_store_asset_failure_events: bool = True
    #: Whether asking for a few dynamic partitions costs those few only.
    has_bounded_dynamic_partition_membership_query: bool = True
    #: Whether evaluations of asset checks are kept beside the log.
    supports_asset_checks: bool = False
    #: What holds for pools that have no limit of their own. The instance sets it from its settings.
    pool_config: PoolConfig = PoolConfig()

    @property
    def handles_run_events_in_store_event(self) -> bool:
        """Whether storing a run's event changes the run's row too, in the same transaction."""
        return False

    # Writing

    @abstractmethod
    def store_event(self, event: EventLogEntry) -> None:
        """Append an entry to the log of its run, and to what is known of the asset it is about."""

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Append entries, all or none of each run's."""
        for event in events:
            self.store_event(event)

    @abstractmethod
    def delete_events(self, run_id: str) -> None:
        """Delete the log of a run."""

    def delete_events_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the logs of runs."""
        for run_id in run_ids:
            self.delete_events(run_id)

    @abstractmethod
    def prune(
        self,
        before: float,
        keep_run_ids: Collection[str] = (),
        print_fn: PrintFn | None = None,
        about_to_delete: RunsFn | None = None,
    ) -> int:
        """Delete the logs that have come to an end long ago. What is known of assets and partitions stays.

        Args:
            before: A time in seconds since the epoch. A log whose last event is older goes. Of events
                without a run, each goes by its own age.
            keep_run_ids: Runs whose logs stay, such as those that are not over.
            print_fn: Is told how far it has come.
            about_to_delete: Is told which runs' logs go next, before they do.

        Returns:
            How many logs were deleted.
        """

    @abstractmethod
    def wipe(self) -> None:
        """Delete everything."""

    # The schema and the process

    @abstractmethod
    def upgrade(self) -> None:
        """Bring the tables to the version of the code."""

    @abstractmethod
    def reindex_events(self, print_fn: PrintFn | None = None, force: bool = False) -> None:
        """See to it that what is found by type and time agrees with the logs of the runs."""

    @abstractmethod
    def reindex_assets(self, print_fn: PrintFn | None = None, force: bool = False) -> None:
        """Build what is known of assets and partitions again from their events."""

    def alembic_version(self) -> tuple[Any, Any] | None:
        """Return the revisions of the tables and of the code, or None where there are none."""
        return None

    def dispose(self) -> None:  # noqa: B027 - optional
        """Close what is open: connections, files, threads."""

    def optimize_for_webserver(  # noqa: B027 - optional
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        """Prepare for many short questions from several threads. By default there is nothing to do.

        It may be called again, also while other threads use the storage; what goes on is not touched. SQLite
        and what is kept in memory have nothing to set.

        Args:
            statement_timeout: How long a statement may take, in milliseconds; 0 is as long as it likes. One
                that takes longer is ended, with an error, and changes nothing.
            pool_recycle: After how many seconds a connection is replaced; -1 is never.
            max_overflow: How many connections there may be beside those that the process keeps; -1 is any
                number.
        """

    # Runs

    def get_logs_for_run(
        self,
        run_id: str,
        cursor: str | int | None = None,
        of_type: OfType = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> Sequence[EventLogEntry]:
        """Return the entries of a run's log.

        Args:
            run_id: The run.
            cursor: From where on; of the older generation an int, the number of the last entry that was
                seen, counted from 0 (-1 for none).
            of_type: Only events of this type, or of one of these.
            limit: How many at most. Default: all.
            ascending: Whether the oldest comes first.
        """
        if isinstance(cursor, int):
            seen = cursor + 1
            cursor = self.get_records_for_run(run_id, limit=seen).cursor if seen > 0 else None
        connection = self.get_records_for_run(run_id, cursor, of_type, limit, ascending)
        return [record.event_log_entry for record in connection.records]

    @abstractmethod
    def get_records_for_run(
        self,
        run_id: str,
        cursor: str | None = None,
        of_type: OfType = None,
        limit: int | None = None,
        ascending: bool = True,
    ) -> EventLogConnection:
        """Return a page of a run's log.

        Args:
            run_id: The run.
            cursor: The cursor of the page before. Default: from the beginning.
            of_type: Only events of this type, or of one of these.
            limit: How many at most. Default: all.
            ascending: Whether the oldest comes first.
        """

    def get_asset_partitions_for_run(
        self, run_id: str, of_type: OfType = None
    ) -> Mapping[AssetKey, AbstractSet[str | None]]:
        """Return the assets that events of a run are about, each with its partitions (None for none)."""
        found: dict[AssetKey, set[str | None]] = {}
        for entry in self.get_logs_for_run(run_id, of_type=of_type):
            event = entry.dagster_event
            key = None if event is None else event.asset_key
            if event is not None and key is not None:
                found.setdefault(key, set()).add(event.partition)
        return found

    def get_asset_keys_for_run(self, run_id: str, of_type: OfType = None) -> AbstractSet[AssetKey]:
        """Return the assets that events of a run are about."""
        return self.get_asset_partitions_for_run(run_id, of_type).keys()

    @abstractmethod
    def get_stats_for_run(self, run_id: str) -> DagsterRunStatsSnapshot:
        """Return what the log of a run comes to."""

    @abstractmethod
    def get_step_stats_for_run(
        self, run_id: str, step_keys: Sequence[str] | None = None
    ) -> Sequence[RunStepKeyStatsSnapshot]:
        """Return what the log of a run says of its steps, in the order in which they began.

        Args:
            run_id: The run.
            step_keys: Only these steps. Default: all.
        """

    @abstractmethod
    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Call back with every entry of a run after the cursor, now and from now on, each once.

        Args:
            run_id: The run.
            cursor: From where on. Default: from the beginning.
            callback: Called in another thread with the entry and the cursor that stands after it.
        """

    @abstractmethod
    def end_watch(self, run_id: str, handler: EventHandlerFn) -> None:
        """Stop calling back."""

    def default_run_scoped_event_tailer_offset(self) -> int:
        """Return how far behind the end of a log one begins who follows it: 0, nothing comes late."""
        return 0

    # All runs

    @abstractmethod
    def get_event_records(
        self,
        event_records_filter: EventRecordsFilter,
        limit: int | None = None,
        ascending: bool = False,
    ) -> Sequence[EventLogRecord]:
        """Return records of events of one type.

        Args:
            event_records_filter: What to look for.
            limit: How many at most. Default: all.
            ascending: Whether the oldest comes first.
        """

    @abstractmethod
    def fetch_run_status_changes(
        self,
        records_filter: DagsterEventType | RunStatusChangeRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of changes of the status of runs."""

    @abstractmethod
    def get_logs_for_all_runs_by_log_id(
        self, after_cursor: int = -1, dagster_event_type: OfType = None, limit: int | None = None
    ) -> Mapping[int, EventLogEntry]:
        """Return entries of any run by their id, in its order.

        Args:
            after_cursor: Only ids above this one.
            dagster_event_type: Only events of this type, or of one of these.
            limit: How many at most. Default: all.
        """

    @abstractmethod
    def get_maximum_record_id(self) -> int | None:
        """Return the id of the newest event, or None if there is none."""

    # Assets

    @abstractmethod
    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """Return what is known of assets. Default: of all."""

    @abstractmethod
    def has_asset_key(self, asset_key: AssetKey) -> bool:
        """Return whether there has been an event about an asset."""

    @abstractmethod
    def all_asset_keys(self) -> Sequence[AssetKey]:
        """Return the keys of all assets that events were about."""

    def get_asset_keys(
        self,
        prefix: Sequence[str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Sequence[AssetKey]:
        """Return keys of assets in their order.

        Args:
            prefix: Only keys that begin with these parts.
            limit: How many at most. Default: all.
            cursor: The last key of the page before, in its stored form.
        """
        keys = sorted(self.all_asset_keys())
        if prefix:
            keys = [key for key in keys if key.has_prefix(prefix)]
        if cursor:
            last = AssetKey.from_db_string(cursor)
            keys = [key for key in keys if last is None or key > last]
        return keys[:limit]

    @abstractmethod
    def get_latest_materialization_events(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        """Return the entry of the last materialization of each asset, or None."""

    @abstractmethod
    def get_latest_materialization_storage_ids(
        self, asset_keys: Sequence[AssetKey]
    ) -> Mapping[AssetKey, int | None]:
        """Return the id of the last materialization of each asset, or None."""

    @abstractmethod
    def get_latest_planned_materialization_info(
        self, asset_key: AssetKey, partition: str | None = None
    ) -> PlannedMaterializationInfo | None:
        """Return the last plan to materialize an asset, and the run that has it."""

    @abstractmethod
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
        """Return short records of events about assets, without their bodies."""

    @abstractmethod
    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the materializations of an asset."""

    @abstractmethod
    def fetch_failed_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the failed materializations of an asset."""

    @abstractmethod
    def fetch_observations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """Return a page of the observations of an asset."""

    # Told by the methods above; a storage may know it faster.

    def get_latest_materialization_code_versions(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, str | None]:
        """Return the version of the code that last materialized each asset; None if nobody told it."""
        return derived.latest_code_versions(self, asset_keys)

    def get_latest_data_version_record(
        self,
        key: AssetKey,
        is_source: bool | None = None,
        partition_key: str | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> EventLogRecord | None:
        """Return the newest event that tells the version of an asset's data."""
        return derived.latest_data_version_record(
            self, key, is_source, partition_key, before_cursor, after_cursor
        )

    def get_status_by_partition(
        self,
        asset_key: AssetKey,
        partition_keys: Collection[str],
        run_statuses: Callable[[Collection[str]], Mapping[str, DagsterRunStatus]],
    ) -> Mapping[str, AssetPartitionStatus | None]:
        """Return how partitions of an asset stand; None is one that was never made.

        Args:
            asset_key: The asset.
            partition_keys: The partitions.
            run_statuses: Gives the statuses of runs, for their ids; runs that are gone are left out.
        """
        return derived.status_by_partition(self, asset_key, partition_keys, run_statuses)

    @abstractmethod
    def get_event_tags_for_asset(
        self,
        asset_key: AssetKey,
        filter_tags: Mapping[str, str] | None = None,
        filter_event_id: int | None = None,
    ) -> Sequence[Mapping[str, str]]:
        """Return the tags of each event of an asset that has all of some tags, or has an id."""

    def get_asset_tags_to_index(self, tag_keys: AbstractSet[str]) -> AbstractSet[str]:
        """Return which tags of materializations and observations can be looked for: all."""
        return tag_keys

    @abstractmethod
    def wipe_asset(self, asset_key: AssetKey) -> None:
        """Forget the history of an asset, and tell that by an event ASSET_WIPED that belongs to no run."""

    def wipe_assets(self, asset_keys: Sequence[AssetKey]) -> None:
        """Forget the history of assets. See :meth:`wipe_asset`."""
        for asset_key in asset_keys:
            self.wipe_asset(asset_key)

    @abstractmethod
    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """Forget the history of some partitions of an asset, and tell that as :meth:`wipe_asset` does."""

    @abstractmethod
    def can_read_asset_status_cache(self) -> bool:
        """Return whether the status of partitions is cached."""

    @abstractmethod
    def can_write_asset_status_cache(self) -> bool:
        """Return whether the cached status of partitions can be written."""

    @abstractmethod
    def update_asset_cached_status_data(self, asset_key: AssetKey, cache_values: Any) -> None:
        """Store the cached status of the partitions of an asset."""

    @abstractmethod
    def wipe_asset_cached_status(self, asset_key: AssetKey) -> None:
        """Forget the cached status of the partitions of an asset."""

    # Partitions of assets

    @abstractmethod
    def get_materialized_partitions(
        self,
        asset_key: AssetKey,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> AbstractSet[str]:
        """Return the partitions that have a materialization."""

    @abstractmethod
    def get_latest_storage_id_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        partitions: AbstractSet[str] | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, int]:
        """Return the id of the last event of a type by partition."""

    @abstractmethod
    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        """Return some tags of the last event of a type by partition."""

    @abstractmethod
    def get_latest_asset_partition_materialization_attempts_without_materializations(
        self, asset_key: AssetKey, after_storage_id: int | None = None
    ) -> Mapping[str, tuple[str, int]]:
        """Return the run and the id of the last plan, by partition whose last plan was not carried out."""

    @abstractmethod
    def get_updated_data_version_partitions(
        self, asset_key: AssetKey, partitions: Iterable[str], since_storage_id: int
    ) -> AbstractSet[str]:
        """Return which partitions have another data version than at an id."""

    # Dynamic partitions

    @abstractmethod
    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return the partitions of a dynamic set, in the order in which they were added."""

    @abstractmethod
    def get_paginated_dynamic_partitions(
        self, partitions_def_name: str, limit: int, ascending: bool, cursor: str | None = None
    ) -> PaginatedResults[str]:
        """Return a page of the partitions of a dynamic set."""

    @abstractmethod
    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether a dynamic set has a partition."""

    @abstractmethod
    def get_existing_dynamic_partitions(
        self, partitions_def_name: str, partition_keys: Sequence[str]
    ) -> AbstractSet[str]:
        """Return which of these partitions a dynamic set has."""

    @abstractmethod
    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add partitions to a dynamic set. Those that it has stay where they are."""

    @abstractmethod
    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        """Remove a partition from a dynamic set."""

    # Concurrency

    def get_pool_config(self) -> PoolConfig:
        """Return what holds for all pools."""
        return self.pool_config

    @abstractmethod
    def initialize_concurrency_limit_to_default(self, concurrency_key: str) -> bool:
        """Give a pool that has no limit the instance's default; return whether there is one."""

    @abstractmethod
    def set_concurrency_slots(self, concurrency_key: str, num: int) -> None:
        """Set the limit of a pool."""

    @abstractmethod
    def delete_concurrency_limit(self, concurrency_key: str) -> None:
        """Drop the limit of a pool."""

    @abstractmethod
    def get_concurrency_keys(self) -> AbstractSet[str]:
        """Return the pools that have a limit."""

    @abstractmethod
    def get_concurrency_info(self, concurrency_key: str) -> ConcurrencyKeyInfo:
        """Return the slots of a pool, who holds them and who waits for one."""

    def get_concurrency_infos(self, concurrency_keys: Sequence[str]) -> Mapping[str, ConcurrencyKeyInfo]:
        """Return the slots of pools, who holds them and who waits for one."""
        return {key: self.get_concurrency_info(key) for key in concurrency_keys}

    @abstractmethod
    def get_pool_limits(self) -> Sequence[PoolLimit]:
        """Return the limits of all pools."""

    @abstractmethod
    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        """Take a slot of a pool for a step, or queue for one."""

    @abstractmethod
    def check_concurrency_claim(
        self, concurrency_key: str, run_id: str, step_key: str
    ) -> ConcurrencyClaimStatus:
        """Return whether a step that queued for a slot has got it."""

    @abstractmethod
    def get_concurrency_run_ids(self) -> AbstractSet[str]:
        """Return the runs that hold a slot or wait for one."""

    @abstractmethod
    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        """Give back all slots of a run."""

    @abstractmethod
    def free_concurrency_slot_for_step(self, run_id: str, step_key: str) -> None:
        """Give back the slot of a step."""
