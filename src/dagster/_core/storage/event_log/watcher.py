"""Following the logs of runs: one thread for all who watch."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Protocol

from dagster._core.records.event_records import build_cursor
from dagster._process.forks import forget_in_forks

if TYPE_CHECKING:
    from dagster._core.records.event_records import EventLogConnection
    from dagster._core.storage.event_log.base import EventHandlerFn

_log = logging.getLogger(__name__)

#: How many entries are read at a time.
PAGE = 1_000


class ReadPage(Protocol):
    """Gives a page of a run's log."""

    def __call__(
        self, run_id: str, cursor: str | None = None, *, limit: int | None = None
    ) -> EventLogConnection: ...


class _Watch:
    __slots__ = ("callback", "cursor", "is_over", "run_id")

    def __init__(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        self.run_id = run_id
        self.cursor = cursor
        self.callback = callback
        self.is_over = False


class EventWatcher:
    """Calls back with new entries of the runs that are watched, each once and in order.

    It asks again and again, which works wherever the writer is. The thread is there while somebody
    watches.

    Args:
        read_page: Gives a page of a run's log.
        interval: How long it waits before it asks again, in seconds.
    """

    def __init__(self, read_page: ReadPage, interval: float) -> None:
        self._read_page = read_page
        self._interval = interval
        self.forget_parent()
        forget_in_forks(self)

    def forget_parent(self) -> None:
        """Begin anew: in a forked process are neither the thread nor those who watch."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._watches: list[_Watch] = []
        self._thread: threading.Thread | None = None

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Call back with every entry of a run after a cursor, from the watcher's thread."""
        with self._lock:
            self._watches.append(_Watch(run_id, cursor, callback))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="dagster-event-watcher", daemon=True
                )
                self._thread.start()
        self._wake.set()

    def end_watch(self, run_id: str, callback: EventHandlerFn) -> None:
        """Stop calling back. No call begins after this."""
        with self._lock:
            for watch in self._watches:
                if watch.run_id == run_id and watch.callback == callback:
                    watch.is_over = True
            self._watches = [watch for watch in self._watches if not watch.is_over]
        self._wake.set()

    def notify(self) -> None:
        """Ask at once: something was written."""
        self._wake.set()

    def close(self) -> None:
        """Stop all calling back, and the thread."""
        with self._lock:
            for watch in self._watches:
                watch.is_over = True
            self._watches = []
            thread = self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def poll(self) -> None:
        """Ask once for every watch, and call back with what is new."""
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            try:
                self._deliver(watch)
            except Exception:  # noqa: BLE001
                # Whoever watches a log must not lose it because a database was away for a moment.
                _log.exception("The log of run %s could not be read; trying again.", watch.run_id)

    def _deliver(self, watch: _Watch) -> None:
        while not watch.is_over:
            page = self._read_page(watch.run_id, watch.cursor, limit=PAGE)
            for record in page.records:
                if watch.is_over:
                    return
                watch.cursor = build_cursor(record.storage_id)
                try:
                    watch.callback(record.event_log_entry, watch.cursor)
                except Exception:  # noqa: BLE001 - the callback is the user's
                    _log.exception(
                        "A watcher of run %s raised; it is told the next entry.", watch.run_id
                    )
            if not page.has_more:
                return

    def _run(self) -> None:
        while True:
            self._wake.clear()
            self.poll()
            with self._lock:
                if not self._watches:
                    self._thread = None
                    return
            self._wake.wait(self._interval)
