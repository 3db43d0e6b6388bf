"""What a forked process forgets of its parent."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster._core.instance.event_writer import EventWriter
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._process.forks import forget_in_forks
from dagster.testing.storage_contract.event_log import message

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here."),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),  # the test runner has threads
]


def in_child(do: Callable[[], object]) -> int:
    """Return the exit code of a forked process: 0 for a true answer, a signal's if it took a minute."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(60)
            status = 0 if do() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_holder_forgets_in_the_child_only() -> None:
    class Holder:
        pid = os.getpid()

        def forget_parent(self) -> None:
            self.pid = os.getpid()

    holder = Holder()
    forget_in_forks(holder)
    assert in_child(lambda: holder.pid == os.getpid()) == 0
    assert holder.pid == os.getpid()


def test_a_log_is_written_in_a_child_although_a_thread_of_the_parent_held_its_locks(
    tmp_path: Path,
) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    storage.store_event(message("before"))
    log = storage._logs.log_of("r")
    with storage._logs._lock, log._lock, storage._watcher._lock, storage._index._write_lock:
        assert in_child(lambda: storage.store_event(message("child")) is None) == 0
    storage.store_event(message("after"))
    texts = [entry.user_message for entry in storage.get_logs_for_run("r")]
    assert texts == ["before", "child", "after"]
    storage.dispose()


def test_what_a_writer_had_taken_is_committed_once_by_the_parent(tmp_path: Path) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    writer = EventWriter(storage.store_event_batch, interval=3600.0)
    writer.write(message("before"))
    with writer._lock:
        assert in_child(lambda: writer.write(message("child")) is None) == 0
    writer.write(message("after"))
    writer.close()
    texts = [entry.user_message for entry in storage.get_logs_for_run("r")]
    # The child's is there although it said no more; what the parent had waits for its own commit.
    assert texts == ["child", "before", "after"]
    storage.dispose()
