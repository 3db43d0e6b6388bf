"""What a run that goes on needs of an instance: its row, and the way into its log.

An ephemeral instance keeps both in a buffer (:class:`EphemeralStorage`), any other in its storages.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from dagster._core.events.log_entry import EventLogEntry
from dagster._core.instance.event_writer import EventWriter, RunLogWriter
from dagster._core.instance.events import store_entries
from dagster._core.instance.parts import InstanceParts
from dagster._core.instance.runs import find_run
from dagster._core.records.run import DagsterRun


class Recorder(Protocol):
    """The row of a run, and the way into its log."""

    def add_run(self, run: DagsterRun) -> DagsterRun:
        """Add a run."""
        ...

    def get_run(self, run_id: str) -> DagsterRun | None:
        """Return a run as its log has it, or None."""
        ...

    def has_run(self, run_id: str) -> bool:
        """Return whether there is a run."""
        ...

    def event_writer(self, run_id: str) -> RunLogWriter:
        """Return what takes the entries of a run's log."""
        ...

    def close_writer(self, run_id: str) -> None:
        """Have everything committed that was written to a run's log."""
        ...

    def store(self, entries: Sequence[EventLogEntry]) -> None:
        """Store entries that no writer made."""
        ...

    def flush(self) -> None:
        """Have everything committed that was written."""
        ...

    def dispose(self) -> None:
        """Have everything committed, and free what it holds."""
        ...


class DurableRecorder:
    """Keeps runs and logs in the storages of an instance.

    Args:
        parts: The storages.
    """

    __slots__ = ("_parts", "_writers")

    def __init__(self, parts: InstanceParts) -> None:
        self._parts = parts
        self._writers: dict[str, EventWriter] = {}

    def add_run(self, run: DagsterRun) -> DagsterRun:
        return self._parts.get("run_storage").add_run(run)

    def get_run(self, run_id: str) -> DagsterRun | None:
        writer = self._writers.get(run_id)
        if writer is not None:
            writer.flush()
        return find_run(self._parts.get("run_storage"), self._parts.get("event_storage"), run_id)

    def has_run(self, run_id: str) -> bool:
        return self._parts.get("run_storage").has_run(run_id)

    def event_writer(self, run_id: str) -> RunLogWriter:
        writer = self._writers.get(run_id)
        if writer is None:
            get = self._parts.get
            commit = partial(store_entries, get("run_storage"), get("event_storage"))
            writer = self._writers.setdefault(run_id, EventWriter(commit))
        return writer

    def close_writer(self, run_id: str) -> None:
        writer = self._writers.get(run_id)
        if writer is not None:
            writer.close()
            self._writers.pop(run_id, None)

    def store(self, entries: Sequence[EventLogEntry]) -> None:
        # What this process has buffered happened before.
        for run_id in {entry.run_id for entry in entries}:
            writer = self._writers.get(run_id)
            if writer is not None:
                writer.flush()
        store_entries(self._parts.get("run_storage"), self._parts.get("event_storage"), entries)

    def flush(self) -> None:
        for writer in list(self._writers.values()):
            writer.flush()

    def dispose(self) -> None:
        for run_id in list(self._writers):
            self.close_writer(run_id)
