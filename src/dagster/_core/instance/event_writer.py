"""The event writer: entries of one run's log, committed together at the boundaries that matter."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Protocol

from dagster._core.events.event_type import RUN_EVENTS, DagsterEventType
from dagster._core.events.log_entry import EventLogEntry

#: How long an entry waits at most before it can be read by others, in seconds.
COMMIT_SECONDS = 0.1
_ERROR = 40

#: After these, something may be done that relies on them.
BOUNDARIES = frozenset(
    event_type.value
    for event_type in (
        DagsterEventType.STEP_SUCCESS,
        DagsterEventType.STEP_FAILURE,
        DagsterEventType.STEP_SKIPPED,
        DagsterEventType.STEP_UP_FOR_RETRY,
        *RUN_EVENTS,
    )
)


class RunLogWriter(Protocol):
    """The way into one run's log."""

    def write(self, entry: EventLogEntry, /) -> None:
        """Take an entry."""
        ...

    def write_all(self, entries: Sequence[EventLogEntry], /) -> None:
        """Take entries that came together. Where they are committed, it is in one transaction."""
        ...


class EventWriter:
    """Takes the entries of one run's log and commits them in batches, in order.

    A batch is committed when a step ends, at an event of the run as a whole, at an error, and in any case
    within a tenth of a second. What could not be committed is kept and tried again with the next batch; the
    error reaches whoever wrote the entry.

    Args:
        commit: Stores a batch in one transaction.
        interval: How long an entry waits at most, in seconds.
        boundaries: The types of events with which a batch is committed.
    """

    __slots__ = (
        "__weakref__",
        "_boundaries",
        "_buffer",
        "_closed",
        "_commit",
        "_interval",
        "_lock",
        "_stop",
        "_ticker",
    )

    def __init__(
        self,
        commit: Callable[[Sequence[EventLogEntry]], None],
        interval: float = COMMIT_SECONDS,
        boundaries: frozenset[str] = BOUNDARIES,
    ) -> None:
        self._boundaries = boundaries
        self._commit = commit
        self._interval = interval
        self._buffer: list[EventLogEntry] = []
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None
        self._closed = False
        _writers.add(self)

    def forget_parent(self) -> None:
        """Leave what was taken to the parent, which commits it. A forked process commits each entry at once.

        It most often ends without a word, and what it had taken would be lost.
        """
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._buffer = []
        self._ticker = None
        self._closed = True

    def write(self, entry: EventLogEntry) -> None:
        """Take an entry; at a boundary, everything up to it is committed when this returns."""
        self._buffer.append(entry)
        if self._closed or self._is_boundary(entry):
            self.flush()
        elif self._ticker is None:
            self._start_ticker()

    def write_all(self, entries: Sequence[EventLogEntry]) -> None:
        """Take entries that came together; if a boundary is among them, all are committed in one batch."""
        self._buffer.extend(entries)
        if self._closed or any(map(self._is_boundary, entries)):
            self.flush()
        elif self._ticker is None:
            self._start_ticker()

    def _is_boundary(self, entry: EventLogEntry) -> bool:
        event = entry.dagster_event
        level = entry.level
        return (event is not None and event.event_type_value in self._boundaries) or (
            type(level) is int and level >= _ERROR
        )

    def flush(self) -> None:
        """Commit what was taken."""
        with self._lock:
            count = len(self._buffer)
            if count:
                self._commit(self._buffer[:count])
                # Only now: what could not be committed is tried again.
                del self._buffer[:count]

    def close(self) -> None:
        """Commit what was taken. What is written later is committed at once."""
        self._closed = True
        self._stop.set()
        ticker = self._ticker
        if ticker is not None and ticker is not threading.current_thread():
            ticker.join()
        self.flush()

    def _start_ticker(self) -> None:
        with self._lock:
            if self._ticker is None and not self._closed:
                self._ticker = threading.Thread(
                    target=self._tick, name="dagster-event-writer", daemon=True
                )
                self._ticker.start()

    def _tick(self) -> None:
        while not self._stop.wait(self._interval):
            if self._buffer:
                try:
                    self.flush()
                except Exception:  # noqa: BLE001 - whoever writes next tries again, and gets the error
                    continue


_writers: weakref.WeakSet[EventWriter] = weakref.WeakSet()


def _forget_parent() -> None:
    for writer in list(_writers):
        writer.forget_parent()


# By itself, and not by dagster._process.forks: what every program loads has a budget of modules.
if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_forget_parent)
