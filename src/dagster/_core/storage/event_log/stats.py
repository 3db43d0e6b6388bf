"""What the log of a run comes to: folds over its events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.events.entry_codec import decode_entry
from dagster._core.events.event_type import STEP_EVENTS, DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import EngineEventData
from dagster._core.records.event_records import (
    DagsterRunStatsSnapshot,
    RunStepKeyStatsSnapshot,
    RunStepMarker,
    StepEventStatus,
)
from dagster._core.storage.event_log.events import of_one_run
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import is_text_itself, key_of
from dagster._core.storage.sql.tables import event_logs

_T = DagsterEventType
_ENDS: Final = (_T.RUN_SUCCESS, _T.RUN_FAILURE, _T.RUN_CANCELED, _T.PIPELINE_INIT_FAILURE)


def run_stats(database: Database | None, run_id: str) -> DagsterRunStatsSnapshot:
    """Return what the log of a run comes to.

    Args:
        database: The database that holds the log; None if there is no log.
        run_id: The run.
    """
    counts: dict[str, int] = {}
    times: dict[str, tuple[float, float]] = {}
    if database is not None:
        table = event_logs.c
        kind = of_one_run(table.event_type)
        query = (
            sa.select(
                kind,
                sa.func.count(),
                sa.func.min(table.timestamp),
                sa.func.max(table.timestamp),
            )
            .where(table.run_key == key_of(run_id))
            .group_by(kind)
        )
        for event_type, count, first, last in database.read(lambda c: c.execute(query).all()):
            counts[event_type] = count
            times[event_type] = (first, last)

    def count_of(event_type: DagsterEventType) -> int:
        return counts.get(event_type.value, 0)

    def first_of(event_type: DagsterEventType) -> float | None:
        found = times.get(event_type.value)
        return None if found is None else found[0]

    ends = [times[event_type.value][1] for event_type in _ENDS if event_type.value in times]
    return DagsterRunStatsSnapshot(
        run_id,
        count_of(_T.STEP_SUCCESS),
        count_of(_T.STEP_FAILURE),
        count_of(_T.ASSET_MATERIALIZATION),
        count_of(_T.STEP_EXPECTATION_RESULT),
        first_of(_T.RUN_ENQUEUED),
        first_of(_T.RUN_STARTING),
        first_of(_T.RUN_START),
        max(ends, default=None),
    )


# Steps

#: Of these, more is told than that they happened.
_WITH_BODY: Final = {
    _T.ASSET_MATERIALIZATION.value,
    _T.STEP_EXPECTATION_RESULT.value,
    _T.ENGINE_EVENT.value,
    _T.RESOURCE_INIT_STARTED.value,
    _T.RESOURCE_INIT_SUCCESS.value,
    _T.RESOURCE_INIT_FAILURE.value,
    _T.STEP_WORKER_STARTING.value,
    _T.STEP_WORKER_STARTED.value,
}
_FOLDED: Final = sorted({event_type.value for event_type in STEP_EVENTS} | _WITH_BODY)
#: How many rows are in memory at a time.
_PAGE: Final = 5_000


class StepFold:
    """What the events of one step come to so far.

    Args:
        run_id: The run.
        step_key: The step.
    """

    __slots__ = (
        "attempt_start",
        "attempts",
        "attempts_list",
        "end_time",
        "expectations",
        "markers",
        "materializations",
        "open_markers",
        "run_id",
        "start_time",
        "status",
        "step_key",
    )

    def __init__(self, run_id: str, step_key: str) -> None:
        self.run_id = run_id
        self.step_key = step_key
        self.status: StepEventStatus | None = None
        self.start_time: float | None = None
        self.end_time: float | None = None
        self.attempt_start: float | None = None
        self.attempts = 0
        self.attempts_list: list[RunStepMarker] = []
        self.materializations: list[EventLogEntry] = []
        self.expectations: list[Any] = []
        self.markers: list[RunStepMarker] = []
        self.open_markers: dict[str, float] = {}

    def add(self, event_type: str, timestamp: float, entry: EventLogEntry | None) -> None:
        """Take over an event.

        Args:
            event_type: Its type.
            timestamp: When it happened.
            entry: Its entry, of the types that carry something which is told.
        """
        change = _CHANGES.get(event_type)
        if change is not None:
            change(self, timestamp)
        if entry is not None:
            self._add_payload(event_type, timestamp, entry)

    def started(self, timestamp: float) -> None:
        """The first attempt begins."""
        self.status = StepEventStatus.IN_PROGRESS
        if self.start_time is None:
            self.start_time = timestamp
        self._begin_attempt(timestamp)

    def restarted(self, timestamp: float) -> None:
        """Another attempt begins."""
        self.status = StepEventStatus.IN_PROGRESS
        self.end_time = None
        self._begin_attempt(timestamp)

    def waits_for_retry(self, timestamp: float) -> None:
        """An attempt failed, and another one will follow."""
        self.status = StepEventStatus.IN_PROGRESS
        self._end_attempt(timestamp)

    def skipped(self, timestamp: float) -> None:
        """It is not run."""
        self.status = StepEventStatus.SKIPPED
        self.end_time = timestamp

    def succeeded(self, timestamp: float) -> None:
        """It ends well."""
        self.status = StepEventStatus.SUCCESS
        self._end(timestamp)

    def failed(self, timestamp: float) -> None:
        """It ends badly."""
        self.status = StepEventStatus.FAILURE
        self._end(timestamp)

    def _begin_attempt(self, timestamp: float) -> None:
        self.attempts += 1
        self.attempt_start = timestamp

    def _end_attempt(self, timestamp: float) -> None:
        if self.attempt_start is not None:
            self.attempts_list.append(RunStepMarker("attempt", self.attempt_start, timestamp))
            self.attempt_start = None

    def _end(self, timestamp: float) -> None:
        self.end_time = timestamp
        if self.start_time is None:
            self.start_time = timestamp
        self.attempts = max(self.attempts, 1)
        self._end_attempt(timestamp)

    def _add_payload(self, event_type: str, timestamp: float, entry: EventLogEntry) -> None:
        event = entry.dagster_event
        data = None if event is None else event.event_specific_data
        if event_type == _T.ASSET_MATERIALIZATION.value:
            self.materializations.append(entry)
        elif event_type == _T.STEP_EXPECTATION_RESULT.value:
            result = getattr(data, "expectation_result", None)
            if result is not None:
                self.expectations.append(result)
        elif isinstance(data, EngineEventData):
            if data.marker_end is not None:
                start = self.open_markers.pop(data.marker_end, None)
                self.markers.append(RunStepMarker(data.marker_end, start, timestamp))
            if data.marker_start is not None:
                self.open_markers[data.marker_start] = timestamp

    def snapshot(self) -> RunStepKeyStatsSnapshot:
        """Return what they come to."""
        still_open = [RunStepMarker(key, start) for key, start in self.open_markers.items()]
        return RunStepKeyStatsSnapshot(
            self.run_id,
            self.step_key,
            self.status,
            self.start_time,
            self.end_time,
            self.materializations,
            self.expectations,
            self.attempts,
            self.attempts_list,
            [*self.markers, *still_open],
            self.attempt_start,
        )


_CHANGES: Final[dict[str, Callable[[StepFold, float], None]]] = {
    _T.STEP_START.value: StepFold.started,
    _T.STEP_RESTARTED.value: StepFold.restarted,
    _T.STEP_UP_FOR_RETRY.value: StepFold.waits_for_retry,
    _T.STEP_SKIPPED.value: StepFold.skipped,
    _T.STEP_SUCCESS.value: StepFold.succeeded,
    _T.STEP_FAILURE.value: StepFold.failed,
}


def step_stats(
    database: Database | None, run_id: str, step_keys: Collection[str] | None
) -> list[RunStepKeyStatsSnapshot]:
    """Return what the log of a run says of its steps.

    The log is read page by page; what is kept is what is told.

    Args:
        database: The database that holds the log; None if there is no log.
        run_id: The run.
        step_keys: Only these. Default: all.
    """
    if database is None or (step_keys is not None and not step_keys):
        return []
    wanted = None if step_keys is None else {key_of(step_key) for step_key in step_keys}
    folds: dict[str, StepFold] = {}
    for row in _rows(database, key_of(run_id)):
        if wanted is not None and row.step_key not in wanted:
            continue
        entry = None if row.body is None else decode_entry(row.body)
        fold = folds.get(row.step_key)
        if fold is None:
            step_key = row.step_key
            if not is_text_itself(step_key):
                step_key = _whole_step_key(database, row.id) or step_key
            fold = folds[row.step_key] = StepFold(run_id, step_key)
        fold.add(row.event_type, row.timestamp, entry)
    return [fold.snapshot() for fold in folds.values()]


def _rows(database: Database, run_key: str) -> Iterable[Any]:
    table = event_logs.c
    body = sa.case((table.event_type.in_(sorted(_WITH_BODY)), table.body), else_=None)
    query = (
        sa.select(
            table.id,
            table.event_type,
            table.timestamp,
            table.step_key,
            sa.type_coerce(body, table.body.type).label("body"),
        )
        .where(
            table.run_key == run_key,
            table.step_key.is_not(None),
            of_one_run(table.event_type).in_(_FOLDED),
        )
        .order_by(table.id)
        .limit(_PAGE)
    )
    last = -1
    while True:
        rows = database.read(_after(query, last))
        yield from rows
        if len(rows) < _PAGE:
            return
        last = rows[-1].id


def _after(query: Any, last: int) -> Callable[[Connection], Any]:
    return lambda connection: connection.execute(query.where(event_logs.c.id > last)).all()


def _whole_step_key(database: Database, row_id: int) -> str | None:
    query = sa.select(event_logs.c.body).where(event_logs.c.id == row_id)
    body = database.read(lambda connection: connection.execute(query).scalar())
    return None if body is None else decode_entry(body).step_key
