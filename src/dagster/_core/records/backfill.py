"""Backfills: runs of many partitions that are asked for at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final

from msgspec import field

import dagster._check as check
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._wire.record import Record


class BulkActionStatus(Enum):
    """How a backfill stands."""

    REQUESTED = "REQUESTED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    CANCELING = "CANCELING"
    FAILING = "FAILING"
    COMPLETED_SUCCESS = "COMPLETED_SUCCESS"
    COMPLETED_FAILED = "COMPLETED_FAILED"


#: The backfill is over.
FINISHED_BULK_ACTION_STATUSES: Final = frozenset(
    {
        BulkActionStatus.COMPLETED,
        BulkActionStatus.FAILED,
        BulkActionStatus.CANCELED,
        BulkActionStatus.COMPLETED_SUCCESS,
        BulkActionStatus.COMPLETED_FAILED,
    }
)


class PartitionBackfill(Record, frozen=True):
    """One backfill, as stored.

    Args:
        backfill_id: Its id.
        status: How it stands.
        from_failure: Whether each run re-executes its partition's last failed one from failure.
        tags: Tags for its runs.
        backfill_timestamp: When it was asked for, in seconds since the epoch.
        error: Why it failed.
        asset_selection: The assets to make, if it is about assets.
        title: Its title.
        description: What it is for.
        run_config: Config for its runs.
        partition_set_origin: Where a host finds the partitions and the job, if it is about a job.
        partition_names: The partitions, if it is about a job.
        job_name: The job, if it is about one.
        last_submitted_partition_name: How far it has come.
        reexecution_steps: The steps to run of each job. Default: all.
        serialized_asset_backfill_data: How far it has come, as text, if it is about assets.
        asset_backfill_data: The same as a value.
        failure_count: How often in a row it could not go on.
        submitting_run_requests: Run requests that it is just submitting.
        reserved_run_ids: The ids that their runs will have.
        backfill_end_timestamp: When it ended, in seconds since the epoch.
    """

    backfill_id: str
    status: BulkActionStatus
    from_failure: bool
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    backfill_timestamp: float = 0.0
    error: SerializableErrorInfo | None = None
    asset_selection: Sequence[AssetKey] | None = None
    title: str | None = None
    description: str | None = None
    run_config: Mapping[str, Any] | None = None
    partition_set_origin: Any = None
    partition_names: Sequence[str] | None = None
    job_name: str | None = None
    last_submitted_partition_name: str | None = None
    reexecution_steps: Sequence[str] | None = None
    serialized_asset_backfill_data: str | None = None
    asset_backfill_data: Any = None
    failure_count: int = 0
    submitting_run_requests: Sequence[Any] = field(default_factory=list[Any])
    reserved_run_ids: Sequence[str] = field(default_factory=list[str])
    backfill_end_timestamp: float | None = None

    def __post_init__(self) -> None:
        check.str_param(self.backfill_id, "backfill_id")
        check.inst_param(self.status, "status", BulkActionStatus)
        check.mapping_param(self.tags, "tags", key_type=str, value_type=str)

    @property
    def is_asset_backfill(self) -> bool:
        """Whether it is about assets, and not about one job."""
        return (
            self.serialized_asset_backfill_data is not None
            or self.asset_backfill_data is not None
            or self.asset_selection is not None
        )

    def with_status(self, status: BulkActionStatus) -> PartitionBackfill:
        """Return a copy that stands otherwise."""
        return self._replace(status=status)

    def with_error(self, error: SerializableErrorInfo | None) -> PartitionBackfill:
        """Return a copy with another error."""
        return self._replace(error=error)

    def with_partition_checkpoint(self, last_submitted_partition_name: str) -> PartitionBackfill:
        """Return a copy that has come as far as a partition."""
        return self._replace(last_submitted_partition_name=last_submitted_partition_name)

    def with_failure_count(self, failure_count: int) -> PartitionBackfill:
        """Return a copy with another count of failures."""
        return self._replace(failure_count=failure_count)

    def with_submitting_run_requests(
        self, submitting_run_requests: Sequence[Any], reserved_run_ids: Sequence[str]
    ) -> PartitionBackfill:
        """Return a copy that is submitting these run requests as runs with these ids."""
        return self._replace(
            submitting_run_requests=submitting_run_requests, reserved_run_ids=reserved_run_ids
        )

    def with_end_timestamp(self, end_timestamp: float) -> PartitionBackfill:
        """Return a copy that ended at a time."""
        return self._replace(backfill_end_timestamp=end_timestamp)


class BulkActionsFilter(Record, frozen=True):
    """What backfills to look for. Every condition that is given must hold.

    Args:
        statuses: In one of these.
        created_before: Asked for before this time.
        created_after: Asked for after this time.
        tags: With all of these tags; a list of values stands for any of them.
        job_name: Of this job.
        backfill_ids: One of these ids. An empty list matches nothing.
    """

    statuses: Sequence[BulkActionStatus] | None = None
    created_before: datetime | None = None
    created_after: datetime | None = None
    tags: Mapping[str, str | Sequence[str]] | None = None
    job_name: str | None = None
    backfill_ids: Sequence[str] | None = None
