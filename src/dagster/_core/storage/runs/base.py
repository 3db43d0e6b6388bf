"""What a run storage guarantees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dagster._core.events.event import DagsterEvent
from dagster._core.records.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.records.daemon import DaemonHeartbeat
from dagster._core.records.job_snapshot import JobSnap
from dagster._core.records.run import DagsterRun, RunRecord, RunsFilter
from dagster._core.records.run_bucket import JobBucket, RunPartitionData, TagBucket
from dagster._core.storage.runs.run_groups import run_groups
from dagster._wire.record import Record

Bucket = JobBucket | TagBucket
PrintFn = Callable[[Any], None]
#: How many ids are looked at in one go.
_PAGE = 1_000


class RunStorage(ABC):
    """Runs and what belongs to them: tags, snapshots, signs of life of daemons, backfills, cursors.

    From the "Internals" document. What an implementation guarantees, to threads and processes alike:

    * What a method has written is there for everyone when it returns, wholly or, if it raises, not at all.
    * Writing the same thing twice is writing it once, but for a second run with an id that is taken.
    * Every text (ids, names, tags, keys) comes back and is found exactly, whatever is in it.
    * Runs come newest first: in the reverse of the order in which they were added.
    * A page costs a page, whatever the number of runs.

    ``dagster.testing.storage_contract.runs`` tests all of it on any storage.
    """

    # Runs

    @abstractmethod
    def add_run(self, dagster_run: DagsterRun) -> DagsterRun:
        """Add a run.

        Returns:
            The run.

        Raises:
            DagsterRunAlreadyExists: If there is one with its id.
        """

    def add_runs(self, dagster_runs: Sequence[DagsterRun]) -> Sequence[DagsterRun]:
        """Add runs, in this order, which is faster than one by one where the storage says so.

        Raises:
            DagsterRunAlreadyExists: If there is one with the id of one of them.
        """
        return [self.add_run(run) for run in dagster_runs]

    @abstractmethod
    def add_historical_run(self, dagster_run: DagsterRun, run_creation_time: datetime) -> DagsterRun:
        """Add a run that was created at an earlier time, elsewhere.

        Raises:
            DagsterRunAlreadyExists: If there is one with its id.
        """

    @abstractmethod
    def handle_run_event(
        self, run_id: str, event: DagsterEvent, update_timestamp: datetime | None = None
    ) -> None:
        """Take over what an event says of how its run stands, when it started and ended.

        An event that comes late or twice never brings a run back. Events of other types, and of runs
        that are not there, change nothing.

        Args:
            run_id: The run.
            event: The event.
            update_timestamp: When it happened. Default: now.
        """

    @abstractmethod
    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        bucket_by: Bucket | None = None,
        ascending: bool = False,
    ) -> Sequence[DagsterRun]:
        """Return runs, the newest first.

        Args:
            filters: Which ones. Default: all.
            cursor: The id of a run; only those that come after it. None come after one that is not there.
            limit: How many at most.
            bucket_by: Take so many of each of several jobs, or with each of several values of a tag.
            ascending: The oldest first.
        """

    @abstractmethod
    def get_run_ids(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Sequence[str]:
        """Return the ids of runs, the newest first. Arguments as in :meth:`get_runs`."""

    def get_run_ids_starting_with(self, prefix: str, limit: int) -> Sequence[str]:
        """Return the ids of runs that start with a text, for people who give the beginning of one.

        Args:
            prefix: The text.
            limit: How many at most.
        """
        found: list[str] = []
        cursor: str | None = None
        while page := self.get_run_ids(cursor=cursor, limit=_PAGE):
            cursor = page[-1]
            found += [run_id for run_id in page if run_id.startswith(prefix)]
            if len(found) >= limit:
                break
        return found[:limit]

    @abstractmethod
    def get_runs_count(self, filters: RunsFilter | None = None) -> int:
        """Return how many runs there are."""

    @abstractmethod
    def get_run_group(self, run_id: str) -> tuple[str, Sequence[DagsterRun]] | None:
        """Return all generations of re-executions that a run belongs to.

        Returns:
            The id of the first run, and all runs, the oldest first; None if there is no such run.
        """

    def get_run_groups(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> dict[str, dict[str, Any]]:
        """Return the groups that runs belong to, the one with the newest run first.

        From the older interface.

        Args:
            filters: Groups with a run that matches.
            cursor: The id of a run; only groups with a run that comes after it.
            limit: How many groups at most.

        Returns:
            By the id of the first run: ``runs``, all runs of the group, and ``count``, their number.
        """
        return run_groups(self, filters, cursor, limit)

    @abstractmethod
    def get_run_records(
        self,
        filters: RunsFilter | None = None,
        limit: int | None = None,
        order_by: str | None = None,
        ascending: bool = False,
        cursor: str | None = None,
        bucket_by: Bucket | None = None,
    ) -> Sequence[RunRecord]:
        """Return runs with what the storage knows about them.

        Args:
            filters: Which ones. Default: all.
            limit: How many at most.
            order_by: ``id`` (the order in which they were added, the default), ``run_id``,
                ``job_name``, ``status``, ``create_timestamp``, ``update_timestamp``, ``start_time``
                or ``end_time``; a run without such a time stands before all that have one. Equal
                ones are ordered by ``id``.
            ascending: The smallest first.
            cursor: The id of a run; only those that come after it.
            bucket_by: As in :meth:`get_runs`.

        Raises:
            DagsterInvariantViolationError: If runs cannot be ordered by that.
        """

    @abstractmethod
    def has_run(self, run_id: str) -> bool:
        """Return whether there is a run with this id."""

    @abstractmethod
    def delete_run(self, run_id: str) -> None:
        """Delete a run; one that is not there is deleted already. Its events are kept elsewhere."""

    def delete_runs(self, run_ids: Sequence[str]) -> None:
        """Delete many runs."""
        for run_id in run_ids:
            self.delete_run(run_id)

    @abstractmethod
    def get_run_partition_data(self, runs_filter: RunsFilter) -> Sequence[RunPartitionData]:
        """Return how the newest run of each partition stands, among runs that match.

        Args:
            runs_filter: Which runs, such as those of one partition set. Runs without a tag for their
                partition do not count.
        """

    @abstractmethod
    def replace_job_origin(self, run: DagsterRun, job_origin: Any) -> None:
        """Store another place where a host finds the job of a run.

        Raises:
            DagsterRunNotFoundError: If there is no such run.
        """

    @abstractmethod
    def wipe(self) -> None:
        """Delete everything."""

    # Tags

    @abstractmethod
    def get_run_tags(
        self, tag_keys: Sequence[str], value_prefix: str | None = None, limit: int | None = None
    ) -> Sequence[tuple[str, set[str]]]:
        """Return the values that tags of runs have.

        Args:
            tag_keys: Of which tags.
            value_prefix: Only values that start with this.
            limit: How many values at most, of all tags together.

        Returns:
            Each tag that has values, with its values.
        """

    @abstractmethod
    def get_run_tag_keys(self) -> Sequence[str]:
        """Return the tags that runs have, in order."""

    @abstractmethod
    def add_run_tags(self, run_id: str, new_tags: Mapping[str, str]) -> None:
        """Give a run further tags, or other values of those that it has.

        Raises:
            DagsterRunNotFoundError: If there is no such run.
        """

    # Snapshots

    def add_snapshot(self, snapshot: Record) -> None:
        """Store a job's or a plan's record."""
        if isinstance(snapshot, JobSnap):
            self.add_job_snapshot(snapshot)
        else:
            self.add_execution_plan_snapshot(snapshot)

    def has_snapshot(self, snapshot_id: str) -> bool:
        """Return whether a job or a plan is stored under an id."""
        return self.has_job_snapshot(snapshot_id) or self.has_execution_plan_snapshot(snapshot_id)

    @abstractmethod
    def has_job_snapshot(self, job_snapshot_id: str) -> bool:
        """Return whether a job is stored under an id."""

    @abstractmethod
    def add_job_snapshot(self, job_snapshot: JobSnap) -> str:
        """Store a job's record.

        Returns:
            Its id, made of its content.
        """

    @abstractmethod
    def get_job_snapshot(self, job_snapshot_id: str) -> JobSnap:
        """Return a job's record.

        Raises:
            DagsterInvariantViolationError: If there is none.
        """

    @abstractmethod
    def has_execution_plan_snapshot(self, execution_plan_snapshot_id: str) -> bool:
        """Return whether a plan is stored under an id."""

    @abstractmethod
    def add_execution_plan_snapshot(self, execution_plan_snapshot: Record) -> str:
        """Store a plan's record.

        Returns:
            Its id, made of its content.
        """

    @abstractmethod
    def get_execution_plan_snapshot(self, execution_plan_snapshot_id: str) -> Any:
        """Return a plan's record, whose class must have been imported.

        Raises:
            DagsterExecutionPlanSnapshotNotFoundError: If there is none.
        """

    # Daemons

    @abstractmethod
    def add_daemon_heartbeat(self, daemon_heartbeat: DaemonHeartbeat) -> None:
        """Store a sign of life in place of the last one of its type."""

    @abstractmethod
    def get_daemon_heartbeats(self) -> Mapping[str, DaemonHeartbeat]:
        """Return the last sign of life of each type."""

    @abstractmethod
    def wipe_daemon_heartbeats(self) -> None:
        """Delete all signs of life."""

    @abstractmethod
    def get_cursor_values(self, keys: set[str]) -> Mapping[str, str]:
        """Return the values of those of the keys that have one."""

    @abstractmethod
    def set_cursor_values(self, pairs: Mapping[str, str]) -> None:
        """Store values by key, all of them or none."""

    # Backfills

    @abstractmethod
    def get_backfills(
        self,
        filters: BulkActionsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        status: BulkActionStatus | None = None,
    ) -> Sequence[PartitionBackfill]:
        """Return backfills, the newest first.

        Args:
            filters: Which ones. Default: all.
            cursor: The id of a backfill; only those that come after it.
            limit: How many at most.
            status: In this status. The older form of ``filters.statuses``.
        """

    @abstractmethod
    def get_backfills_count(self, filters: BulkActionsFilter | None = None) -> int:
        """Return how many backfills there are."""

    @abstractmethod
    def get_backfill(self, backfill_id: str) -> PartitionBackfill | None:
        """Return a backfill, or None."""

    @abstractmethod
    def add_backfill(self, partition_backfill: PartitionBackfill) -> None:
        """Add a backfill.

        Raises:
            DagsterInvariantViolationError: If there is another one with its id.
        """

    @abstractmethod
    def update_backfill(self, partition_backfill: PartitionBackfill) -> None:
        """Store a changed backfill.

        Raises:
            DagsterInvariantViolationError: If there is none with its id.
        """

    # The storage itself

    @property
    def supports_bucket_queries(self) -> bool:
        """Whether ``bucket_by`` is supported."""
        return True

    def migrate(self, print_fn: PrintFn | None = None, force_rebuild_all: bool = False) -> None:  # noqa: B027 - optional
        """Bring stored data to the form of this version. By default there is nothing to do."""

    def optimize(self, print_fn: PrintFn | None = None, force_rebuild_all: bool = False) -> None:  # noqa: B027 - optional
        """Make reading faster where that is optional. By default there is nothing to do."""

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

    def alembic_version(self) -> tuple[Any, Any] | None:
        """Return the version of the stored schema and that of the code, or None where there is none."""
        return None

    def dispose(self) -> None:  # noqa: B027 - optional
        """Close what is open. By default nothing is."""
