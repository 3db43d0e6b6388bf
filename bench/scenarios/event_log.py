"""The log of a run in SQLite files: half of it written one event at a time, half in batches; then all is read."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from dagster import DagsterInstance, DagsterRun, job, op

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
BATCH = 100


@op
def first() -> int:
    """Start."""
    return 0


@op
def following(value: int) -> int:
    """Add one."""
    return value + 1


@job
def two() -> None:
    """Something whose events can be stored again and again."""
    following(first())


def samples() -> Sequence[Any]:
    """Return the entries of the steps of a real run."""
    with DagsterInstance.ephemeral() as ephemeral:
        result = two.execute_in_process(instance=ephemeral, run_config=QUIET)
        entries = ephemeral.all_logs(result.run_id)
        return [entry for entry in entries if entry.step_key is not None]


def entries_of(run_id: str, count: int, found: Sequence[Any]) -> Sequence[Any]:
    """Return so many entries of a run."""
    return [found[number % len(found)]._replace(run_id=run_id) for number in range(count)]


if __name__ == "__main__":
    count = int(sys.argv[1])
    found = samples()
    with tempfile.TemporaryDirectory() as home, DagsterInstance.local_temp(home) as instance:
        for run_id in ("warm", "measured"):
            instance.add_run(DagsterRun(job_name="two", run_id=run_id))
        for entry in entries_of("warm", 10, found):
            instance.handle_new_event(entry)

        entries = entries_of("measured", count // 2, found)
        start = time.perf_counter()
        for entry in entries:
            instance.handle_new_event(entry)
        single = time.perf_counter() - start

        start = time.perf_counter()
        for position in range(0, len(entries), BATCH):
            instance.event_log_storage.store_event_batch(entries[position : position + BATCH])
        batches = time.perf_counter() - start

        start = time.perf_counter()
        read = instance.all_logs("measured")
        reading = time.perf_counter() - start
        assert len(read) == 2 * len(entries)
        assert read[-1].step_key == entries[-1].step_key
    measures = {
        "seconds per event": single / len(entries),
        "seconds per event in batches": batches / len(entries),
        "seconds to read": reading,
    }
    print(json.dumps(measures))
