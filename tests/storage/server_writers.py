"""Processes that write to a storage as runs do, and what must be there afterwards."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.instigator import InstigatorType
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.records.tick import TickData, TickStatus
from dagster._core.storage.base_storage import DagsterStorage
from dagster._serdes.config_class import ConfigurableClassData


def message_of(run_id: str, number: int) -> EventLogEntry:
    return EventLogEntry(None, 20, str(number), run_id, time.time(), job_name="j")


def event_of(run_id: str, event_type: DagsterEventType) -> EventLogEntry:
    event = DagsterEvent(event_type.value, "j", message=event_type.value)
    return EventLogEntry(None, 20, "", run_id, time.time(), job_name="j", dagster_event=event)


def write_run(storage: DagsterStorage, run_id: str, batches: int) -> None:
    """Write a run as it goes: its row, its start, messages in batches of two, a tick each, its end."""
    storage.run_storage.add_run(DagsterRun("j", run_id, tags={"n": run_id}))
    log = storage.event_log_storage
    store_run_event(storage, event_of(run_id, DagsterEventType.RUN_START))
    for number in range(batches):
        pair = [message_of(run_id, 2 * number), message_of(run_id, 2 * number + 1)]
        log.store_event_batch(pair)
        storage.schedule_storage.create_tick(
            TickData(run_id, "n", InstigatorType.SENSOR, TickStatus.SUCCESS, number, selector_id=run_id)
        )
    store_run_event(storage, event_of(run_id, DagsterEventType.RUN_SUCCESS))


def store_run_event(storage: DagsterStorage, entry: EventLogEntry) -> None:
    """Store an event of a run as an instance does."""
    storage.event_log_storage.store_event(entry)
    if not storage.event_log_storage.handles_run_events_in_store_event:
        storage.run_storage.handle_run_event(entry.run_id, entry.get_dagster_event())


def assert_whole(storage: DagsterStorage, run_id: str, batches: int) -> None:
    """Nothing of a run is lost, doubled or out of order, and its status is what its events say."""
    entries = storage.event_log_storage.get_logs_for_run(run_id)
    said = [entry.user_message or entry.get_dagster_event().event_type_value for entry in entries]
    assert said == [
        DagsterEventType.RUN_START.value,
        *map(str, range(2 * batches)),
        DagsterEventType.RUN_SUCCESS.value,
    ]
    ticks = storage.schedule_storage.get_ticks(run_id, run_id)
    assert [tick.timestamp for tick in reversed(ticks)] == list(range(batches))
    (record,) = [r for r in storage.run_storage.get_run_records() if r.dagster_run.run_id == run_id]
    assert record.dagster_run.status is DagsterRunStatus.SUCCESS
    assert record.dagster_run.tags["n"] == run_id


def write_runs(data: ConfigurableClassData, run_ids: list[str], batches: int, answers: Any) -> None:
    """What a process of a test does: several runs at the same time, a thread each."""
    try:
        storage = data.rehydrate(DagsterStorage)
        in_threads([lambda id_=id_: write_run(storage, id_, batches) for id_ in run_ids])
        storage.dispose()
        answers.put("")
    except BaseException as error:
        answers.put(f"{type(error).__name__}: {error}")


def in_threads(works: list[Callable[[], None]]) -> None:
    """Do works at the same time; raise the first error of any."""
    errors: list[BaseException] = []

    def do(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=do, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def new_ids(count: int) -> list[str]:
    return [str(uuid.uuid4()) for _ in range(count)]
