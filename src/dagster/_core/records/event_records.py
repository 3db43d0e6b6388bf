"""What event logs are asked for, and how they answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import dagster._check as check
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.user_events import AssetMaterialization, AssetObservation, ExpectationResult
from dagster._text import expected
from dagster._wire.record import Record

if TYPE_CHECKING:
    from dagster._core.events.event_type import DagsterEventType
    from dagster._core.events.log_entry import EventLogEntry
else:
    # They lie in a layer above. The codec, which reads these records, needs no types; `help` needs names.
    DagsterEventType = EventLogEntry = Any

T = TypeVar("T")


def build_cursor(storage_id: int) -> str:
    """Return the cursor that stands after (or, going down, before) the row with an id."""
    return str(storage_id)


def parse_cursor(cursor: str) -> int:
    """Return the id of the row at which a cursor stands.

    Raises:
        ParameterCheckError: If it is not a cursor.
    """
    text = cursor.strip()
    if text.removeprefix("-").isdecimal() and text.isascii():
        return int(text)
    raise check.ParameterCheckError(
        expected("cursor", "one that an event log gave (None to begin anew)", cursor)
    )


def cursor_bounds(cursor: str | None, ascending: bool) -> tuple[int | None, int | None]:
    """Return the ids that rows must be below and above, of a cursor and the direction it is read in."""
    if cursor is None:
        return None, None
    storage_id = parse_cursor(cursor)
    return (None, storage_id) if ascending else (storage_id, None)


# Answers


class EventLogRecord(Record, frozen=True, gc=False):
    """An entry of the event log with its number in the storage.

    From the "Internals" document. Users do not make these.

    Args:
        storage_id: Its number in the storage. Later entries have greater ones.
        event_log_entry: The entry.
    """

    storage_id: int
    event_log_entry: EventLogEntry

    @property
    def run_id(self) -> str:
        return self.event_log_entry.run_id

    @property
    def timestamp(self) -> float:
        return self.event_log_entry.timestamp

    @property
    def event_type(self) -> DagsterEventType:
        """The type of its event.

        Raises:
            CheckError: If it holds none.
        """
        return self.event_log_entry.get_dagster_event().event_type

    @property
    def asset_key(self) -> AssetKey | None:
        event = self.event_log_entry.dagster_event
        return None if event is None else event.asset_key

    @property
    def partition_key(self) -> str | None:
        event = self.event_log_entry.dagster_event
        return None if event is None else event.partition

    @property
    def asset_materialization(self) -> AssetMaterialization | None:
        return self.event_log_entry.asset_materialization

    @property
    def asset_observation(self) -> AssetObservation | None:
        return self.event_log_entry.asset_observation

    @property
    def asset_event(self) -> AssetMaterialization | AssetObservation | None:
        """The materialization or observation that it tells of, if it tells of one."""
        return self.asset_materialization or self.asset_observation


class EventLogConnection(Record, frozen=True):
    """A page of a run's log.

    Args:
        records: The page.
        cursor: Where the next page begins; also the place to ask again for what is new.
        has_more: Whether there is a next page now.
    """

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool


class EventRecordsResult(Record, frozen=True):
    """A page of records.

    From the "Internals" document.

    Args:
        records: The page.
        cursor: Where the next page begins.
        has_more: Whether there is a next page now.
    """

    records: Sequence[EventLogRecord]
    cursor: str
    has_more: bool


class PaginatedResults(Record, Generic[T], frozen=True):
    """A page of anything.

    Args:
        results: The page.
        cursor: Where the next page begins.
        has_more: Whether there is a next page now.
    """

    results: Sequence[T]
    cursor: str
    has_more: bool


# Questions


class RunShardedEventsCursor(Record, frozen=True):
    """An id-based event log cursor with a time from which on runs count.

    From the "Internals" document. Where every run has a database of its own (the default
    ``SqliteEventLogStorage``), ids of most events are those of their run's database: then only runs
    that changed after the time are looked at, and the id says nothing.

    Args:
        id: The id of the last event that was seen.
        run_updated_after: Runs that did not change after this time are left out.
    """

    id: int
    run_updated_after: datetime


class EventRecordsFilter(Record, frozen=True):
    """What event records to look for. Every condition that is given must hold.

    From the "Internals" document.

    Args:
        event_type: Of this type.
        asset_key: About this asset.
        asset_partitions: About one of these partitions of it.
        after_cursor: With an id above this one.
        before_cursor: With an id below this one.
        after_timestamp: Made after this time, in seconds since the epoch.
        before_timestamp: Made before this time, in seconds since the epoch.
        storage_ids: With one of these ids. An empty list matches nothing.
    """

    event_type: DagsterEventType
    asset_key: AssetKey | None = None
    asset_partitions: Sequence[str] | None = None
    after_cursor: int | RunShardedEventsCursor | None = None
    before_cursor: int | RunShardedEventsCursor | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    storage_ids: Sequence[int] | None = None

    def __post_init__(self) -> None:
        check.str_param(self.event_type, "event_type")
        check.opt_inst_param(self.asset_key, "asset_key", AssetKey)
        check.opt_sequence_param(self.asset_partitions, "asset_partitions", of_type=str)
        check.opt_inst_param(self.after_cursor, "after_cursor", (int, RunShardedEventsCursor))
        check.opt_inst_param(self.before_cursor, "before_cursor", (int, RunShardedEventsCursor))
        check.opt_sequence_param(self.storage_ids, "storage_ids", of_type=int)

    @staticmethod
    def get_cursor_params(
        cursor: str | None = None, ascending: bool = False
    ) -> tuple[int | None, int | None]:
        """Return ``before_cursor`` and ``after_cursor`` for a cursor and the direction it is read in."""
        return cursor_bounds(cursor, ascending)


class AssetRecordsFilter(Record, frozen=True):
    """What records of an asset to look for. Every condition that is given must hold.

    From the "Internals" document.

    Args:
        asset_key: The asset.
        asset_partitions: About one of these partitions.
        after_timestamp: Made after this time, in seconds since the epoch.
        before_timestamp: Made before this time, in seconds since the epoch.
        after_storage_id: With an id above this one.
        before_storage_id: With an id below this one.
        storage_ids: With one of these ids. An empty list matches nothing.
    """

    asset_key: AssetKey
    asset_partitions: Sequence[str] | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    storage_ids: Sequence[int] | None = None

    def __post_init__(self) -> None:
        check.inst_param(self.asset_key, "asset_key", AssetKey)
        check.opt_sequence_param(self.asset_partitions, "asset_partitions", of_type=str)
        check.opt_sequence_param(self.storage_ids, "storage_ids", of_type=int)

    def to_event_records_filter(
        self, event_type: DagsterEventType, cursor: str | None = None, ascending: bool = False
    ) -> EventRecordsFilter:
        """Return the filter for events of a type, from a cursor on."""
        before, after = cursor_bounds(cursor, ascending)
        return EventRecordsFilter(
            event_type,
            self.asset_key,
            self.asset_partitions,
            _latest(after, self.after_storage_id),
            _earliest(before, self.before_storage_id),
            self.after_timestamp,
            self.before_timestamp,
            self.storage_ids,
        )


class RunStatusChangeRecordsFilter(Record, frozen=True):
    """What changes of the status of runs to look for. Every condition that is given must hold.

    Args:
        event_type: The event that tells of the change.
        after_timestamp: Made after this time, in seconds since the epoch.
        before_timestamp: Made before this time, in seconds since the epoch.
        after_storage_id: With an id above this one.
        before_storage_id: With an id below this one.
        storage_ids: With one of these ids. An empty list matches nothing.
        job_names: Of runs of one of these jobs. An empty list matches nothing.
    """

    event_type: DagsterEventType
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None
    storage_ids: Sequence[int] | None = None
    job_names: Sequence[str] | None = None

    def __post_init__(self) -> None:
        check.str_param(self.event_type, "event_type")
        check.opt_sequence_param(self.storage_ids, "storage_ids", of_type=int)
        check.opt_sequence_param(self.job_names, "job_names", of_type=str)

    def to_event_records_filter_without_job_names(
        self, cursor: str | None = None, ascending: bool = False
    ) -> EventRecordsFilter:
        """Return the filter for events of any job, from a cursor on."""
        before, after = cursor_bounds(cursor, ascending)
        return EventRecordsFilter(
            self.event_type,
            after_cursor=_latest(after, self.after_storage_id),
            before_cursor=_earliest(before, self.before_storage_id),
            after_timestamp=self.after_timestamp,
            before_timestamp=self.before_timestamp,
            storage_ids=self.storage_ids,
        )


def _latest(first: int | None, second: int | None) -> int | None:
    return second if first is None else first if second is None else max(first, second)


def _earliest(first: int | None, second: int | None) -> int | None:
    return second if first is None else first if second is None else min(first, second)


# Statistics


class StepEventStatus(Enum):
    """How a step stands."""

    SKIPPED = "SKIPPED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    IN_PROGRESS = "IN_PROGRESS"


class RunStepMarker(Record, frozen=True):
    """A stretch of time that the engine marked, such as setting up resources.

    Args:
        key: What it was.
        start_time: When it began, in seconds since the epoch; None if its beginning is not known.
        end_time: When it ended; None if it has not.
    """

    key: str | None = None
    start_time: float | None = None
    end_time: float | None = None


class DagsterRunStatsSnapshot(Record, frozen=True):
    """What the log of a run comes to.

    Args:
        run_id: The run.
        steps_succeeded: The number of steps that succeeded.
        steps_failed: The number of steps that failed.
        materializations: The number of materializations.
        expectations: The number of expectation results.
        enqueued_time: When it was queued, in seconds since the epoch.
        launch_time: When its process was asked for.
        start_time: When it started.
        end_time: When it ended.
    """

    run_id: str
    steps_succeeded: int
    steps_failed: int
    materializations: int
    expectations: int
    enqueued_time: float | None
    launch_time: float | None
    start_time: float | None
    end_time: float | None


class RunStepKeyStatsSnapshot(Record, frozen=True):
    """What the log of a run says of one step.

    Args:
        run_id: The run.
        step_key: The step.
        status: How it stands.
        start_time: When its first attempt began, in seconds since the epoch.
        end_time: When it ended.
        materialization_events: The entries of its materializations.
        expectation_results: Its expectation results.
        attempts: How many times it was tried.
        attempts_list: When each attempt began and ended.
        markers: The stretches of time that the engine marked.
        partial_attempt_start: When the attempt began that is not over yet.
    """

    run_id: str
    step_key: str
    status: StepEventStatus | None = None
    start_time: float | None = None
    end_time: float | None = None
    materialization_events: Sequence[EventLogEntry] = ()
    expectation_results: Sequence[ExpectationResult] = ()
    attempts: int | None = None
    attempts_list: Sequence[RunStepMarker] = ()
    markers: Sequence[RunStepMarker] = ()
    partial_attempt_start: float | None = None
