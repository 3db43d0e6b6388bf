"""EventLogEntry: a row of a run's log."""

from __future__ import annotations

from dagster._check import CheckError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._wire.record import Record


class EventLogEntry(Record, frozen=True, gc=False):
    """One entry of the event log. From the "Internals" document.

    Users do not make these. They come from the log manager (``context.log``), from the framework, or
    from what user code yields.

    Args:
        error_info: The error that goes with the entry.
        level: The Python log level (10 to 50).
        user_message: The user's message; empty for framework events.
        run_id: The run.
        timestamp: Seconds since the epoch.
        step_key: The step, if the entry is about one.
        job_name: The job, if the entry is about one.
        dagster_event: The event, for framework and user events.
    """

    error_info: SerializableErrorInfo | None
    level: str | int
    user_message: str
    run_id: str
    timestamp: float
    step_key: str | None = None
    job_name: str | None = None
    dagster_event: DagsterEvent | None = None

    @property
    def is_dagster_event(self) -> bool:
        """Whether this entry holds an event."""
        return self.dagster_event is not None

    def get_dagster_event(self) -> DagsterEvent:
        """Return the event.

        Raises:
            CheckError: If the entry holds none.
        """
        if self.dagster_event is None:
            raise CheckError(
                "expected a log entry that holds a DagsterEvent, got one with a message only"
            )
        return self.dagster_event

    @property
    def dagster_event_type(self) -> DagsterEventType | None:
        """The type of the event, if the entry holds one."""
        return None if self.dagster_event is None else self.dagster_event.event_type

    @property
    def message(self) -> str:
        """The event's message, or the user's."""
        event = self.dagster_event
        return event.message if event is not None and event.message else self.user_message

    @property
    def pipeline_name(self) -> str | None:
        """The older name of ``job_name``."""
        return self.job_name
