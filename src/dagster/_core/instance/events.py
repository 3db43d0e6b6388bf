"""Events of an instance: storing them, and making those that do not come out of a running step."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster._check as check
import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.log_level import coerce_log_level
from dagster._core.events.payloads import (
    AssetObservationData,
    EngineEventData,
    StepMaterializationData,
)
from dagster._core.events.run_status import STATUS_OF_EVENT
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.run import DagsterRun
from dagster._core.records.user_events import AssetMaterialization, AssetObservation

if TYPE_CHECKING:
    from dagster._core.instance.event_writer import RunLogWriter
    from dagster._core.storage.event_log.base import EventLogStorage
    from dagster._core.storage.runs.base import RunStorage

#: Where events of assets are that belong to no run.
RUNLESS_RUN_ID = ""
RUNLESS_JOB_NAME = ""

Listener = Callable[[EventLogEntry, str], None]


class DagsterEventBatchMetadata(NamedTuple):
    """Which batch an event is stored with.

    Args:
        id: The batch.
        is_end: Whether it is the last one of it.
    """

    id: str
    is_end: bool


def store_entries(
    run_storage: RunStorage, event_storage: EventLogStorage, entries: Sequence[EventLogEntry]
) -> None:
    """Store entries, and after them what they change in the rows of their runs.

    The log goes first: a row is only ever behind, and then brought up from the log.
    """
    if len(entries) == 1:
        event_storage.store_event(entries[0])
    else:
        event_storage.store_event_batch(entries)
    if event_storage.handles_run_events_in_store_event:
        return
    for entry in entries:
        event = entry.dagster_event
        if event is not None and event.event_type_value in STATUS_OF_EVENT:
            run_storage.handle_run_event(
                entry.run_id, event, datetime.fromtimestamp(entry.timestamp, UTC)
            )


def whole_batch(
    waiting: dict[str, list[EventLogEntry]],
    entry: EventLogEntry,
    batch_metadata: DagsterEventBatchMetadata | None,
) -> Sequence[EventLogEntry]:
    """Return the entries to store with this one: none as long as its batch is not whole.

    Args:
        waiting: The entries of batches that are not whole, by batch.
        entry: The entry.
        batch_metadata: Its batch; None if it is stored by itself.
    """
    if batch_metadata is None:
        return [entry]
    waiting.setdefault(batch_metadata.id, []).append(entry)
    return waiting.pop(batch_metadata.id) if batch_metadata.is_end else []


def tell(listeners: Sequence[Listener], entry: EventLogEntry) -> None:
    """Tell listeners of an entry. One of them may add or remove others."""
    for listener in list(listeners):
        listener(entry, entry.run_id)


class HeardWriter:
    """Writes entries and tells listeners of them.

    Args:
        writer: Writes them.
        listeners: Those of the run.
    """

    __slots__ = ("_listeners", "_writer")

    def __init__(self, writer: RunLogWriter, listeners: Sequence[Listener]) -> None:
        self._writer = writer
        self._listeners = listeners

    def write(self, entry: EventLogEntry) -> None:
        """Write an entry."""
        self._writer.write(entry)
        tell(self._listeners, entry)

    def write_all(self, entries: Sequence[EventLogEntry]) -> None:
        """Write entries that came together."""
        self._writer.write_all(entries)
        for entry in entries:
            tell(self._listeners, entry)


def build_entry(
    event: DagsterEvent, run_id: str, log_level: str | int, timestamp: float | None
) -> EventLogEntry:
    """Return the entry of an event that was made outside of a running step."""
    return EventLogEntry(
        error_info=getattr(event.event_specific_data, "error", None),
        level=coerce_log_level(log_level),
        user_message="",
        run_id=run_id,
        timestamp=timestamp if timestamp is not None else _time.now(),
        step_key=event.step_key,
        job_name=event.job_name,
        dagster_event=event,
    )


def build_engine_event(
    message: str,
    job_name: str | None,
    run_id: str | None,
    data: EngineEventData | None,
    cls: type[object] | None,
    step_key: str | None,
) -> DagsterEvent:
    """Return what the machinery has to say of a run."""
    if job_name is None or run_id is None:
        raise DagsterInvariantViolationError(
            "Must include either dagster_run, or both job_name and run_id, to report an engine event."
        )
    return DagsterEvent(
        DagsterEventType.ENGINE_EVENT.value,
        job_name,
        message=f"[{cls.__name__}] {message}" if cls is not None else message,
        event_specific_data=data or EngineEventData(),
        pid=os.getpid(),
        step_key=step_key,
    )


def level_of(data: EngineEventData | None) -> int:
    """Return the level of an engine event: that of an error, if it tells one."""
    return logging.ERROR if data is not None and data.error is not None else logging.INFO


def build_run_event(
    run: DagsterRun, event_type: DagsterEventType, message: str, data: Any = None
) -> DagsterEvent:
    """Return an event of a run as a whole."""
    return DagsterEvent(event_type.value, run.job_name, message=message, event_specific_data=data)


def error_data(error: BaseException) -> EngineEventData:
    """Return what an engine event tells of an error."""
    return EngineEventData(error=error_info_from_exception(error))


def build_runless_event(asset_event: AssetMaterialization | AssetObservation) -> DagsterEvent:
    """Return the event of what happened to an asset outside of any run."""
    check.inst_param(asset_event, "asset_event", (AssetMaterialization, AssetObservation))
    if isinstance(asset_event, AssetMaterialization):
        kind, data = DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(asset_event)
    else:
        kind, data = DagsterEventType.ASSET_OBSERVATION, AssetObservationData(asset_event)
    return DagsterEvent(
        kind.value,
        RUNLESS_JOB_NAME,
        message=asset_event.description or f"{kind.value} of {asset_event.asset_key.to_user_string()}.",
        event_specific_data=data,
        pid=os.getpid(),
    )
