"""Runs and events of an ephemeral instance, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dagster._core.errors import DagsterInvariantViolationError, DagsterRunNotFoundError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunsFilter

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


class EphemeralStorage:
    """Runs in the order in which they were added, and the log of each."""

    def __init__(self) -> None:
        self._runs: dict[str, DagsterRun] = {}
        self._logs: dict[str, list[EventLogEntry]] = {}
        #: For each log, how far the status of its run has been folded.
        self._folded: dict[str, int] = {}

    def add_run(self, run: DagsterRun) -> DagsterRun:
        """Add a run.

        Raises:
            DagsterInvariantViolationError: If there is one with its id.
        """
        if run.run_id in self._runs:
            raise DagsterInvariantViolationError(f"A run with id {run.run_id} already exists.")
        self._runs[run.run_id] = run
        self._logs.setdefault(run.run_id, [])
        self._folded.setdefault(run.run_id, 0)
        return run

    def writer(self, run_id: str) -> Callable[[EventLogEntry], None]:
        """Return what appends to the log of a run. An event costs an append; reading does the rest."""
        return self._logs.setdefault(run_id, []).append

    def get_run(self, run_id: str) -> DagsterRun | None:
        """Return a run with the status that its log gives it, or None."""
        run = self._runs.get(run_id)
        if run is None:
            return None
        log = self._logs[run_id]
        for entry in log[self._folded[run_id] :]:
            event = entry.dagster_event
            status = STATUS_OF_EVENT.get(event.event_type_value) if event is not None else None
            if status is not None:
                run = run.with_status(status)
        self._folded[run_id] = len(log)
        self._runs[run_id] = run
        return run

    def replace_run(self, run: DagsterRun) -> None:
        """Store a changed run.

        Raises:
            DagsterRunNotFoundError: If there is none with its id.
        """
        if run.run_id not in self._runs:
            raise DagsterRunNotFoundError(f"There is no run with id {run.run_id}.", run.run_id)
        self._runs[run.run_id] = run

    def delete_run(self, run_id: str) -> None:
        """Delete a run and its log; one that is not there is deleted already."""
        for table in (self._runs, self._logs, self._folded):
            table.pop(run_id, None)

    def fetch_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
        ascending: bool = False,
    ) -> list[DagsterRun]:
        """Return runs, the newest first, after the one whose id is the cursor."""
        ids = list(self._runs)
        if not ascending:
            ids.reverse()
        if cursor is not None:
            ids = ids[ids.index(cursor) + 1 :] if cursor in self._runs else []
        found: list[DagsterRun] = []
        for run_id in ids:
            if limit is not None and len(found) >= limit:
                break
            run = self.get_run(run_id)
            if run is not None and _matches(run, filters):
                found.append(run)
        return found

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
        for table in (self._runs, self._logs, self._folded):
            table.clear()


def _matches(run: DagsterRun, filters: RunsFilter | None) -> bool:
    if filters is None:
        return True
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
    return filters.snapshot_id is None or run.job_snapshot_id == filters.snapshot_id
