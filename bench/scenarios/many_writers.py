"""Many processes that write to one instance in SQLite files at once, each a run: what is lost or refused."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

PROCESSES = 32
FIRST = "first"


def run_of(writer: int) -> DagsterRun:
    """Return the run that a process writes."""
    return DagsterRun(job_name="job", run_id=f"run-{writer:04}", status=DagsterRunStatus.STARTED)


def write(home: str, writer: int, events: int) -> None:
    """Write a run when told to begin."""
    with DagsterInstance.local_temp(home) as instance:
        # What is loaded late is loaded now.
        assert instance.get_run_by_id(FIRST) is not None
        assert not instance.all_logs(FIRST)
        print("ready", flush=True)
        sys.stdin.readline()
        run = instance.add_run(run_of(writer))
        for number in range(events):
            instance.report_engine_event(f"event {number}", run)
        instance.report_run_failed(run)


def writer_process(home: str, writer: int, events: int) -> subprocess.Popen[str]:
    """Start a writer."""
    command = [sys.executable, __file__, "write", home, str(writer), str(events)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def measure(events: int) -> dict[str, float]:
    """Return what came of it."""
    with tempfile.TemporaryDirectory() as home, DagsterInstance.local_temp(home) as instance:
        instance.add_run(DagsterRun(job_name="job", run_id=FIRST))  # makes the files
        processes = [writer_process(home, writer, events) for writer in range(PROCESSES)]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        start = time.perf_counter()
        for process in processes:
            process.communicate("begin\n")
        seconds = time.perf_counter() - start
        lost = 0
        for writer in range(PROCESSES):
            run = instance.get_run_by_id(run_of(writer).run_id)
            if run is None:
                lost += events + 1
            else:
                # One more says that the run failed, and its row must say so too.
                lost += events + 1 - len(instance.all_logs(run.run_id))
                lost += run.status is not DagsterRunStatus.FAILURE
        refused = sum(process.returncode != 0 for process in processes)
    return {
        "writers that failed": refused,
        "events lost": lost,
        "seconds per event": seconds / PROCESSES / events,
    }


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        print(json.dumps(measure(int(sys.argv[1]))))
