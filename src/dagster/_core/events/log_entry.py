"""EventLogEntry: a row of a run's log."""

from __future__ import annotations

from collections.abc import Mapping

from dagster._check import CheckError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.user_events import AssetMaterialization, AssetObservation
from dagster._wire.codec import deserialize_value, serialize_value
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
    def asset_materialization(self) -> AssetMaterialization | None:
        """The materialization that the entry tells of, if it tells of one."""
        found = getattr(self._event_data, "materialization", None)
        return found if isinstance(found, AssetMaterialization) else None

    @property
    def asset_observation(self) -> AssetObservation | None:
        """The observation that the entry tells of, if it tells of one."""
        return getattr(self._event_data, "asset_observation", None)

    @property
    def tags(self) -> Mapping[str, str] | None:
        """The tags of the materialization or observation that the entry tells of."""
        found = self.asset_materialization or self.asset_observation
        return None if found is None else found.tags

    @property
    def _event_data(self) -> object:
        return None if self.dagster_event is None else self.dagster_event.event_specific_data

    def to_json(self) -> str:
        """Return the entry as JSON."""
        return serialize_value(self)

    @staticmethod
    def from_json(json_str: str) -> EventLogEntry:
        """Return the entry that :meth:`to_json` wrote."""
        return deserialize_value(json_str, EventLogEntry)

    @property
    def pipeline_name(self) -> str | None:
        """The older name of ``job_name``."""
        return self.job_name
