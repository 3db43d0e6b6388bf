"""The watcher, without its thread where that makes no difference."""

from __future__ import annotations

import threading

import pytest

from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.event_records import EventLogConnection, EventLogRecord
from dagster._core.storage.event_log import watcher as watcher_module
from dagster._core.storage.event_log.watcher import EventWatcher
from dagster.testing.storage_contract.event_log import PATIENCE, message


class Log:
    """A log in a list, which can be away."""

    def __init__(self) -> None:
        self.entries: list[EventLogEntry] = []
        self.is_away = False
        self.asked = 0

    def read(
        self, run_id: str, cursor: str | None = None, *, limit: int | None = None
    ) -> EventLogConnection:
        self.asked += 1
        if self.is_away:
            raise OSError("away")
        begin = int(cursor or 0)
        page = self.entries[begin:][:limit]
        records = [EventLogRecord(number, entry) for number, entry in enumerate(page, begin + 1)]
        end = begin + len(page)
        return EventLogConnection(records, str(end), end < len(self.entries))


class Idle(EventWatcher):
    """A watcher whose thread does nothing: the test asks."""

    def _run(self) -> None:
        return None


def texts(seen: list[EventLogEntry]) -> list[str]:
    return [entry.user_message for entry in seen]


def test_a_log_that_is_away_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    log, seen = Log(), []
    watcher = Idle(log.read, 0.0)
    watcher.watch("r", None, lambda entry, _cursor: seen.append(entry))
    log.entries.append(message("a"))
    log.is_away = True
    watcher.poll()
    assert "could not be read; trying again" in caplog.text
    log.is_away = False
    log.entries.append(message("b"))
    watcher.poll()
    watcher.poll()
    assert texts(seen) == ["a", "b"]


def test_long_logs_are_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher_module, "PAGE", 3)
    log, seen = Log(), []
    log.entries = [message(str(number)) for number in range(10)]
    watcher = Idle(log.read, 0.0)
    watcher.watch("r", "2", lambda entry, _cursor: seen.append(entry))
    watcher.poll()
    assert texts(seen) == [str(number) for number in range(2, 10)]
    assert log.asked == 3


def test_ending_within_a_callback_is_at_once() -> None:
    log, seen = Log(), []
    log.entries = [message("a"), message("b")]
    watcher = Idle(log.read, 0.0)

    def callback(entry: EventLogEntry, _cursor: str) -> None:
        seen.append(entry)
        watcher.end_watch("r", callback)

    watcher.watch("r", None, callback)
    watcher.poll()
    watcher.poll()
    assert texts(seen) == ["a"]


def test_only_the_watch_that_is_meant_ends() -> None:
    log, first, second = Log(), [], []
    watcher = Idle(log.read, 0.0)

    def callback(entry: EventLogEntry, _cursor: str) -> None:
        first.append(entry)

    watcher.watch("r1", None, callback)
    watcher.watch("r2", None, callback)
    watcher.watch("r1", None, lambda entry, _cursor: second.append(entry))
    watcher.end_watch("r1", callback)
    log.entries.append(message("a"))
    watcher.poll()
    assert (len(first), len(second)) == (1, 1)


def test_one_thread_for_all_and_none_when_nobody_watches() -> None:
    log = Log()
    watcher = EventWatcher(log.read, 60.0)
    before = threading.active_count()
    told = threading.Semaphore(0)

    def callback(_entry: EventLogEntry, _cursor: str) -> None:
        told.release()

    log.entries.append(message("a"))
    for number in range(5):
        watcher.watch(f"r{number}", None, callback)
    for _ in range(5):
        assert told.acquire(timeout=PATIENCE)
    assert threading.active_count() == before + 1
    log.entries.append(message("b"))
    watcher.notify()  # far sooner than after 60 seconds
    for _ in range(5):
        assert told.acquire(timeout=PATIENCE)
    watcher.close()
    assert threading.active_count() == before
    watcher.watch("r", None, callback)  # and it begins again
    assert told.acquire(timeout=PATIENCE)
    watcher.close()
