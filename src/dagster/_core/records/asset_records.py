"""What the events tell of each asset, as the instance gives it."""

from __future__ import annotations

from typing import Any

from dagster._core.records.asset_key import AssetKey
from dagster._core.records.event_records import EventLogRecord
from dagster._wire.record import Record


class AssetDetails(Record, frozen=True):
    """What else is known of an asset.

    Args:
        last_wipe_timestamp: When its history was last forgotten, in seconds since the epoch.
    """

    last_wipe_timestamp: float | None = None


class AssetStatusCacheValue(Record, frozen=True):
    """The status of the partitions of an asset, as one who computed it wrote it down.

    Args:
        latest_storage_id: The newest event that it takes into account.
        partitions_def_id: The partitions definition that it was computed with.
        serialized_materialized_partition_subset: The materialized partitions.
        serialized_failed_partition_subset: The failed ones.
        serialized_in_progress_partition_subset: The ones in progress.
        earliest_in_progress_materialization_event_id: The oldest event of a run in progress.
    """

    latest_storage_id: int
    partitions_def_id: str | None = None
    serialized_materialized_partition_subset: str | None = None
    serialized_failed_partition_subset: str | None = None
    serialized_in_progress_partition_subset: str | None = None
    earliest_in_progress_materialization_event_id: int | None = None


class AssetEntry(Record, frozen=True):
    """The newest events of an asset. From the "Internals" document.

    Args:
        asset_key: The asset.
        last_materialization_record: Its newest materialization.
        last_run_id: The run that last planned or made it.
        asset_details: What else is known.
        cached_status: The status of its partitions, if somebody wrote it down.
        last_observation_record: Its newest observation.
        last_planned_materialization_storage_id: The newest event that planned it.
        last_planned_materialization_run_id: The run of that event.
        last_failed_to_materialize_record: The newest event that it failed.
        is_writing_failures: Whether failures are recorded for it.
        last_skipped_materialize_record: The newest event that it was skipped.
    """

    asset_key: AssetKey
    last_materialization_record: EventLogRecord | None = None
    last_run_id: str | None = None
    asset_details: AssetDetails | None = None
    cached_status: AssetStatusCacheValue | None = None
    last_observation_record: EventLogRecord | None = None
    last_planned_materialization_storage_id: int | None = None
    last_planned_materialization_run_id: str | None = None
    last_failed_to_materialize_record: EventLogRecord | None = None
    is_writing_failures: bool | None = None
    last_skipped_materialize_record: EventLogRecord | None = None

    # Entries are Any: their class lies in a layer above this one.

    @property
    def last_materialization(self) -> Any:
        """The log entry of the newest materialization."""
        return _entry(self.last_materialization_record)

    @property
    def last_materialization_storage_id(self) -> int | None:
        """The storage id of the newest materialization."""
        return _storage_id(self.last_materialization_record)

    @property
    def last_observation(self) -> Any:
        """The log entry of the newest observation."""
        return _entry(self.last_observation_record)

    @property
    def last_observation_storage_id(self) -> int | None:
        """The storage id of the newest observation."""
        return _storage_id(self.last_observation_record)

    @property
    def last_failed_to_materialize_entry(self) -> Any:
        """The log entry of the newest failure."""
        return _entry(self.last_failed_to_materialize_record)

    @property
    def last_failed_to_materialize_storage_id(self) -> int | None:
        """The storage id of the newest failure."""
        return _storage_id(self.last_failed_to_materialize_record)

    @property
    def last_event_storage_id(self) -> int | None:
        """The storage id of the newest of all its events."""
        ids = (
            self.last_materialization_storage_id,
            self.last_observation_storage_id,
            self.last_planned_materialization_storage_id,
            self.last_failed_to_materialize_storage_id,
            _storage_id(self.last_skipped_materialize_record),
        )
        return max((number for number in ids if number is not None), default=None)


def _entry(record: Any) -> Any:
    return None if record is None else record.event_log_entry


def _storage_id(record: Any) -> int | None:
    return None if record is None else record.storage_id


class AssetRecord(Record, frozen=True):
    """An asset that the instance knows. From the "Internals" document.

    Args:
        storage_id: The number of its row.
        asset_entry: What is known of it.
    """

    storage_id: int
    asset_entry: AssetEntry


class PlannedMaterializationInfo(Record, frozen=True):
    """An event that planned a materialization.

    Args:
        storage_id: The number of the event.
        run_id: The run that planned it.
    """

    storage_id: int
    run_id: str


class AssetEventSummaryRecord(Record, frozen=True):
    """An event of an asset without what it carries.

    Args:
        storage_id: The number of the event.
        run_id: Its run; empty for an event without one.
        asset_key: The asset.
        partition: The partition, if it is about one.
        timestamp: When it happened, in seconds since the epoch.
    """

    storage_id: int
    run_id: str
    asset_key: AssetKey
    partition: str | None
    timestamp: float
