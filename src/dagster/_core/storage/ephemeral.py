"""What an ephemeral instance keeps of its runs until somebody reads: a buffer before a database in memory.

A step costs an append. The database, and the library behind it, are loaded by whoever reads first; from
then on each read brings the buffer into it, so that there is one way to ask.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.run_status import STATUS_OF_EVENT, STATUSES_BEFORE
from dagster._core.records.run import DagsterRun, RunsFilter
from dagster._text import shown
from dagster._wire.codec import SerializationError

if TYPE_CHECKING:
    from dagster._core.storage.memory_storage import MemoryStorages


class _Pending:
    """A run that the database has not heard of, and how far its log has been folded."""

    __slots__ = ("created", "folded", "run", "status")

    def __init__(self, run: DagsterRun) -> None:
        self.run = run
        self.created = _time.now()
        self.status = run.status
        self.folded = 0


class _Log(list[EventLogEntry]):
    """The log of a run. Writing an entry costs an append; reading does the rest."""

    __slots__ = ()

    write = list.append
    write_all = list.extend


class EphemeralStorage:
    """The buffer: runs in the order in which they were added, and what was added to the log of each."""

    __slots__ = ("_draining", "_ended", "_lock", "_logs", "_runs", "_storages")

    def __init__(self) -> None:
        self._runs: dict[str, _Pending] = {}
        self._logs: dict[str, _Log] = {}
        #: Runs to whose logs nobody writes any longer.
        self._ended: list[str] = []
        self._storages: MemoryStorages | None = None
        self._lock = threading.RLock()
        self._draining = False

    # What a run that goes on needs

    def add_run(self, run: DagsterRun) -> DagsterRun:
        """Add a run.

        Raises:
            DagsterInvariantViolationError: If there is one with its id.
        """
        if self.has_run(run.run_id):
            raise DagsterInvariantViolationError(f"A run with id {run.run_id} already exists.")
        self._runs[run.run_id] = _Pending(run)
        return run

    def event_writer(self, run_id: str) -> _Log:
        """Return the log of a run, to be written."""
        return self._logs.setdefault(run_id, _Log())

    def close_writer(self, run_id: str) -> None:
        """Take note that nobody writes to the log of a run any longer."""
        self._ended.append(run_id)

    def store(self, entries: Sequence[EventLogEntry]) -> None:
        """Add entries to the logs of their runs."""
        for entry in entries:
            self.event_writer(entry.run_id).append(entry)

    def get_run(self, run_id: str) -> DagsterRun | None:
        """Return a run with the status that its log gives it, or None."""
        pending = self._runs.get(run_id)
        if pending is not None:
            return self._folded(run_id, pending)
        if self._storages is None:
            return None
        found = self._storages.run_storage.get_runs(RunsFilter(run_ids=[run_id]), limit=1)
        return found[0] if found else None

    def has_run(self, run_id: str) -> bool:
        """Return whether there is a run."""
        if run_id in self._runs:
            return True
        return self._storages is not None and self._storages.run_storage.has_run(run_id)

    def _folded(self, run_id: str, pending: _Pending) -> DagsterRun:
        log = self._logs.get(run_id, [])
        for entry in log[pending.folded :]:
            event = entry.dagster_event
            status = STATUS_OF_EVENT.get(event.event_type_value) if event is not None else None
            if status is not None and pending.status in STATUSES_BEFORE[status]:
                pending.status = status
        pending.folded = len(log)
        run = pending.run
        return run if run.status is pending.status else run.with_status(pending.status)

    # The database

    @property
    def storages(self) -> MemoryStorages:
        """The storages, which know everything that was added here."""
        return self._storages or self._open()

    def _open(self) -> MemoryStorages:
        import importlib

        with self._lock:
            if self._storages is not None:
                return self._storages
            module = importlib.import_module("dagster._core.storage.memory_storage")
            # Opening them creates tables; there is nobody to bring the buffer to before that.
            storages: MemoryStorages = module.MemoryStorages(self.drain)
            self._storages = storages
            return storages

    def drain(self) -> None:
        """Bring everything that was added into the database."""
        if not self._runs and not self._logs:
            return
        with self._lock:
            # What brings it there asks the database too.
            if self._draining or self._storages is None:
                return
            self._draining = True
            try:
                self._drain_runs(self._storages)
                self._drain_logs(self._storages)
            finally:
                self._draining = False

    def _drain_runs(self, storages: MemoryStorages) -> None:
        for run_id, pending in list(self._runs.items()):
            created = datetime.fromtimestamp(pending.created, UTC)
            try:
                storages.run_storage.add_historical_run(pending.run, created)
            except SerializationError:
                # Config of a run in this process may hold any object; a database may not.
                config = {key: shown(value) for key, value in pending.run.run_config.items()}
                storages.run_storage.add_historical_run(pending.run._replace(run_config=config), created)
            del self._runs[run_id]

    def _drain_logs(self, storages: MemoryStorages) -> None:
        ended, self._ended = self._ended, []
        taken = [(log, len(log)) for log in list(self._logs.values()) if log]
        entries = list(heapq.merge(*(_timed(log[:count]) for log, count in taken), key=_time_of))
        if entries:
            storages.event_log_storage.store_event_batch([entry for _, entry in entries])
        for log, count in taken:
            del log[:count]  # writers hold the list itself
        for run_id in ended:
            if not self._logs.get(run_id):
                self._logs.pop(run_id, None)

    def flush(self) -> None:
        """Do nothing: the database asks for what is buffered by itself."""

    def dispose(self) -> None:
        """Forget everything."""
        storages, self._storages = self._storages, None
        self._runs.clear()
        self._logs.clear()
        if storages is not None:
            storages.dispose()


def _time_of(timed: tuple[float, EventLogEntry]) -> float:
    return timed[0]


def _timed(log: Sequence[EventLogEntry]) -> Iterator[tuple[float, EventLogEntry]]:
    """Yield the entries of one log with times that never go back, so that their order stays."""
    latest = 0.0
    for entry in log:
        latest = max(latest, entry.timestamp)
        yield latest, entry
