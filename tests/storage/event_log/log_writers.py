"""A process that writes to, or reads from, event logs in SQLite files. Run by a test.

Arguments: ``write``, the directory, the name of this process, how many events. It prints the number of
each event when it is stored. Or: ``read``, the directory, runs. It reads until its input ends, and prints
how many events it saw last.
"""

from __future__ import annotations

import sys
import threading

from dagster._core.events.event_type import DagsterEventType
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster.testing.storage_contract import event_log


def entry(number: int, run_id: str) -> event_log.EventLogEntry:
    """Return the entry with a number: every third is about an asset or a run, and indexed."""
    if number % 3 == 0:
        return event_log.materialization(run_id, partition=f"{run_id}:{number}")
    if number % 3 == 1:
        return event_log.event(DagsterEventType.RUN_START, run_id, float(number))
    return event_log.message(str(number), run_id)


def write(base_dir: str, name: str, count: int) -> None:
    """Write events of a run of its own, and of one that all share."""
    storage = SqliteEventLogStorage(base_dir)
    for number in range(count):
        storage.store_event(entry(number, name))
        if number % 10 == 0:
            storage.store_event_batch([event_log.message(f"{name} {number}", "shared")])
        print(number, flush=True)
    storage.dispose()


def read(base_dir: str, run_ids: list[str]) -> None:
    """Read as long as nobody closes the input."""
    is_over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait, daemon=True).start()
    storage = SqliteEventLogStorage(base_dir)
    counts: dict[str, int] = {}
    cursor: str | None = None
    changes = 0
    last_round = False
    while not last_round:
        last_round = is_over.is_set()
        for run_id in run_ids:
            count = len(storage.get_logs_for_run(run_id))
            assert count >= counts.get(run_id, 0), "events went away"
            counts[run_id] = count
            storage.get_stats_for_run(run_id)
        page = storage.fetch_run_status_changes(DagsterEventType.RUN_START, 1000, cursor, ascending=True)
        cursor = page.cursor
        changes += len(page.records)
        storage.get_materialized_partitions(event_log.KEY)
    print(sum(counts.values()), changes, flush=True)
    storage.dispose()


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        read(sys.argv[2], sys.argv[3:])
