"""Runs and events of an ephemeral instance, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError, DagsterRunNotFoundError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunRecord, RunsFilter
from dagster._core.records.tags import BACKFILL_ID_TAG

#: The status that each event of a run gives it. Run status is nothing but a fold over these.
STATUS_OF_EVENT = {
    DagsterEventType.RUN_ENQUEUED.value: DagsterRunStatus.QUEUED,
    DagsterEventType.RUN_STARTING.value: DagsterRunStatus.STARTING,
    DagsterEventType.RUN_START.value: DagsterRunStatus.STARTED,
    DagsterEventType.RUN_SUCCESS.value: DagsterRunStatus.SUCCESS,
    DagsterEventType.RUN_FAILURE.value: DagsterRunStatus.FAILURE,
    DagsterEventType.RUN_CANCELING.value: DagsterRunStatus.CANCELING,
    DagsterEventType.RUN_CANCELED.value: DagsterRunStatus.CANCELED,
}


class _KeptRun:
    """A run, what its log has made of it, and how far the log has been read."""

    __slots__ = ("created", "ended", "folded", "number", "run", "started", "updated")

    def __init__(self, number: int, run: DagsterRun, created: float) -> None:
        self.number = number
        self.run = run
        self.created = created
        self.updated = created
        self.started: float | None = None
        self.ended: float | None = None
        self.folded = 0

    def fold(self, log: Sequence[EventLogEntry]) -> None:
        """Take in what the log has gained."""
        for entry in log[self.folded :]:
            event = entry.dagster_event
            status = STATUS_OF_EVENT.get(event.event_type_value) if event is not None else None
            if status is None:
                continue
            self.run = self.run.with_status(status)
            self.updated = entry.timestamp
            if status is DagsterRunStatus.STARTED:
                self.started = entry.timestamp
            elif self.run.is_finished:
                self.ended = entry.timestamp
        self.folded = len(log)

    @property
    def record(self) -> RunRecord:
        return RunRecord(
            storage_id=self.number,
            dagster_run=self.run,
            create_timestamp=datetime.fromtimestamp(self.created, UTC),
            update_timestamp=datetime.fromtimestamp(self.updated, UTC),
            start_time=self.started,
            end_time=self.ended,
        )


class EphemeralStorage:
    """Runs in the order in which they were added, and the log of each."""

    def __init__(self) -> None:
        self._runs: dict[str, _KeptRun] = {}
        self._logs: dict[str, list[EventLogEntry]] = {}
        self._added = 0

    def add_run(self, run: DagsterRun) -> DagsterRun:
        """Add a run.

        Raises:
            DagsterInvariantViolationError: If there is one with its id.
        """
        if run.run_id in self._runs:
            raise DagsterInvariantViolationError(f"A run with id {run.run_id} already exists.")
        self._added += 1
        self._runs[run.run_id] = _KeptRun(self._added, run, _time.now())
        self._logs.setdefault(run.run_id, [])
        return run

    def writer(self, run_id: str) -> Callable[[EventLogEntry], None]:
        """Return what appends to the log of a run. An event costs an append; reading does the rest."""
        return self._logs.setdefault(run_id, []).append

    def _kept(self, run_id: str) -> _KeptRun | None:
        kept = self._runs.get(run_id)
        if kept is not None:
            kept.fold(self._logs[run_id])
        return kept

    def get_run(self, run_id: str) -> DagsterRun | None:
        """Return a run with the status that its log gives it, or None."""
        kept = self._kept(run_id)
        return None if kept is None else kept.run

    def get_record(self, run_id: str) -> RunRecord | None:
        """Return a run with its times, or None."""
        kept = self._kept(run_id)
        return None if kept is None else kept.record

    def replace_run(self, run: DagsterRun) -> None:
        """Store a changed run.

        Raises:
            DagsterRunNotFoundError: If there is none with its id.
        """
        kept = self._kept(run.run_id)
        if kept is None:
            raise DagsterRunNotFoundError(f"There is no run with id {run.run_id}.", run.run_id)
        kept.run = run
        kept.updated = _time.now()

    def delete_run(self, run_id: str) -> None:
        """Delete a run and its log; one that is not there is deleted already."""
        self._runs.pop(run_id, None)
        self._logs.pop(run_id, None)

    def fetch_records(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
        order_by: str | None = None,
    ) -> list[RunRecord]:
        """Return runs with their times, the newest first.

        Args:
            filters: Which.
            cursor: The id of the run after which to start.
            limit: How many at most. Default: all.
            ascending: The oldest first.
            order_by: A field of the record to sort by. Default: when they were added.

        Raises:
            DagsterInvariantViolationError: If no record has such a field.
        """
        if order_by is not None and order_by not in _ORDERS:
            raise DagsterInvariantViolationError(
                f"expected order_by to be one of {', '.join(_ORDERS)}, got: {order_by!r}"
            )
        kept = [self._kept(run_id) for run_id in self._runs]
        found = [k.record for k in kept if k is not None and _matches(k, filters)]
        if order_by is not None:
            # Runs that have not come so far (no end yet) count as the newest.
            found.sort(key=lambda r: (getattr(r, order_by) is None, getattr(r, order_by) or 0))
        if not ascending:
            found.reverse()
        if cursor is not None:
            places = [n for n, record in enumerate(found) if record.dagster_run.run_id == cursor]
            if not places and cursor in self._runs:
                number = self._runs[cursor].number
                found = [r for r in found if (r.storage_id > number) == ascending]
            else:
                found = found[places[0] + 1 :] if places else []
        return found if limit is None else found[:limit]

    def fetch_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> list[DagsterRun]:
        """Return runs, the newest first, after the one whose id is the cursor."""
        return [r.dagster_run for r in self.fetch_records(filters, cursor, limit, ascending)]

    def fetch_log(
        self, run_id: str, of_type: Iterable[DagsterEventType] | None = None
    ) -> Sequence[EventLogEntry]:
        """Return the log of a run, or only its events of some types."""
        log = self._logs.get(run_id, [])
        if of_type is None:
            return list(log)
        values = {event_type.value for event_type in of_type}
        return [
            entry
            for entry in log
            if entry.dagster_event is not None and entry.dagster_event.event_type_value in values
        ]

    def wipe(self) -> None:
        """Forget everything."""
        self._runs.clear()
        self._logs.clear()


_ORDERS = ("create_timestamp", "update_timestamp", "start_time", "end_time", "storage_id")


def _matches(kept: _KeptRun, filters: RunsFilter | None) -> bool:
    if filters is None:
        return True
    run = kept.run
    if filters.run_ids is not None and run.run_id not in filters.run_ids:
        return False
    if filters.job_name is not None and run.job_name != filters.job_name:
        return False
    if filters.statuses and run.status not in filters.statuses:
        return False
    for key, wanted in (filters.tags or {}).items():
        values = [wanted] if isinstance(wanted, str) else wanted
        if run.tags.get(key) not in values:
            return False
    if filters.exclude_subruns and BACKFILL_ID_TAG in run.tags:
        return False
    if filters.snapshot_id is not None and filters.snapshot_id not in (
        run.job_snapshot_id,
        run.execution_plan_snapshot_id,
    ):
        return False
    return _is_between(kept.updated, filters.updated_after, filters.updated_before) and _is_between(
        kept.created, filters.created_after, filters.created_before
    )


def _is_between(moment: float, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or moment > after.timestamp()) and (
        before is None or moment < before.timestamp()
    )
