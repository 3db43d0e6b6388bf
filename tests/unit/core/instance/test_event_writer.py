from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.instance.event_writer import EventWriter

Type = DagsterEventType


def event(event_type: DagsterEventType, level: int = 10) -> EventLogEntry:
    return EventLogEntry(None, level, "", "run", 0.0, None, "job", DagsterEvent(event_type.value, "job"))


def message(text: str, level: int = 20) -> EventLogEntry:
    return EventLogEntry(None, level, text, "run", 0.0)


class Store:
    """Where batches go; fails as often as it is told to."""

    def __init__(self) -> None:
        self.batches: list[list[EventLogEntry]] = []
        self.failures = 0
        self.stored = threading.Event()

    def __call__(self, entries: Sequence[EventLogEntry]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("no space left on device")
        self.batches.append(list(entries))
        self.stored.set()

    @property
    def all(self) -> list[EventLogEntry]:
        return [entry for batch in self.batches for entry in batch]


@pytest.fixture
def store() -> Store:
    return Store()


#: An interval that does not pass while a test runs.
NEVER = 3600.0


@pytest.mark.parametrize(
    "boundary",
    [Type.STEP_SUCCESS, Type.STEP_FAILURE, Type.STEP_SKIPPED, Type.STEP_UP_FOR_RETRY, Type.RUN_START],
)
def test_a_boundary_commits_everything_before_it_in_one_batch(store: Store, boundary: Type) -> None:
    writer = EventWriter(store, NEVER)
    entries = [event(Type.STEP_START), event(Type.STEP_OUTPUT), message("hello"), event(boundary)]
    for entry in entries[:-1]:
        writer.write(entry)
    assert store.batches == []
    writer.write(entries[-1])
    assert store.batches == [entries]
    writer.close()


def test_an_error_is_committed_at_once(store: Store) -> None:
    writer = EventWriter(store, NEVER)
    writer.write(message("oh", level=40))
    assert len(store.batches) == 1
    writer.write(event(Type.HOOK_ERRORED, level=40))
    assert len(store.batches) == 2
    writer.close()


def test_an_entry_does_not_wait_for_long(store: Store) -> None:
    writer = EventWriter(store, 0.001)
    writer.write(event(Type.STEP_START))
    assert store.stored.wait(10)
    writer.close()
    assert len(store.all) == 1


def test_closing_commits_and_ends_the_thread(store: Store) -> None:
    writer = EventWriter(store, NEVER)
    writer.write(message("last words"))
    before = [t for t in threading.enumerate() if t.name == "dagster-event-writer"]
    assert before
    writer.close()
    assert len(store.all) == 1
    assert not any(thread.is_alive() for thread in before)


def test_what_comes_after_closing_is_committed_at_once(store: Store) -> None:
    writer = EventWriter(store, NEVER)
    writer.close()
    writer.write(message("late"))
    assert len(store.all) == 1


def test_what_could_not_be_committed_is_tried_again_in_order(store: Store) -> None:
    writer = EventWriter(store, NEVER)
    store.failures = 1
    writer.write(event(Type.STEP_START))
    with pytest.raises(OSError, match="no space"):
        writer.write(event(Type.STEP_SUCCESS))
    writer.write(event(Type.RUN_FAILURE))
    assert [entry.dagster_event_type for entry in store.all] == [
        Type.STEP_START,
        Type.STEP_SUCCESS,
        Type.RUN_FAILURE,
    ]
    writer.close()


def test_a_failure_in_the_background_reaches_the_next_writer(store: Store) -> None:
    class Failing(Store):
        def __call__(self, entries: Sequence[EventLogEntry]) -> None:
            self.stored.set()
            raise OSError("no space left on device")

    failing = Failing()
    writer = EventWriter(failing, 0.001)
    writer.write(event(Type.STEP_START))
    assert failing.stored.wait(10)
    with pytest.raises(OSError, match="no space"):
        writer.write(event(Type.STEP_SUCCESS))
    with pytest.raises(OSError, match="no space"):
        writer.close()


def test_many_threads_lose_and_double_nothing(store: Store) -> None:
    writer = EventWriter(store, 0.001)

    def write(name: int) -> None:
        for number in range(200):
            writer.write(message(f"{name}:{number}", level=40 if number % 7 == 0 else 20))

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    texts = [entry.user_message for entry in store.all]
    assert sorted(texts) == sorted(f"{name}:{number}" for name in range(4) for number in range(200))
    for name in range(4):
        own = [int(text.split(":")[1]) for text in texts if text.startswith(f"{name}:")]
        assert own == list(range(200))


def test_what_comes_together_is_committed_together(store: Store) -> None:
    writer = EventWriter(store, NEVER)
    first = message("before")
    writer.write(first)
    entries = [event(Type.STEP_SUCCESS), message("between"), event(Type.STEP_SUCCESS), message("after")]
    writer.write_all(entries)
    assert store.batches == [[first, *entries]]
    writer.write_all([message("waits")])
    assert len(store.batches) == 1
    writer.close()
    writer.write_all([message("late"), message("later")])
    assert [len(batch) for batch in store.batches] == [5, 1, 2]


def test_what_came_together_and_could_not_be_committed_is_tried_again(store: Store) -> None:
    writer = EventWriter(store, NEVER)
    store.failures = 1
    entries = [message("one"), event(Type.STEP_SUCCESS)]
    with pytest.raises(OSError, match="no space left"):
        writer.write_all(entries)
    last = event(Type.RUN_SUCCESS)
    writer.write_all([last])
    assert store.batches == [[*entries, last]]
