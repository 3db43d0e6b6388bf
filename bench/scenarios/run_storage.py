"""Runs in SQLite files: add many with three tags each, and look for the newest 25 among them.

With ``together`` they are added ten thousand at a time, which is quicker: for when the pages alone are measured.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

PAGE = 25
TEAMS = 100
TOGETHER = 10_000
STATUSES = (
    DagsterRunStatus.SUCCESS,
    DagsterRunStatus.SUCCESS,
    DagsterRunStatus.SUCCESS,
    DagsterRunStatus.FAILURE,
)


def run_of(number: int) -> DagsterRun:
    """Return a run."""
    tags = {"team": f"team_{number % TEAMS}", "day": f"day_{number % 365}", "user": "somebody"}
    status = STATUSES[number % len(STATUSES)]
    return DagsterRun(job_name=f"job_{number % 20}", run_id=f"run-{number:08}", tags=tags, status=status)


def page_seconds(instance: DagsterInstance, filters: RunsFilter | None) -> float:
    """Return how long a page takes."""
    taken = []
    for _ in range(20):
        start = time.perf_counter()
        page = instance.get_runs(filters, limit=PAGE)
        taken.append(time.perf_counter() - start)
        assert len(page) == PAGE
    return statistics.median(taken)


def add_one_by_one(instance: DagsterInstance, count: int) -> dict[str, float]:
    """Add runs, and return how long each takes."""
    instance.add_run(run_of(0))
    runs = [run_of(number) for number in range(1, count)]
    start = time.perf_counter()
    for run in runs:
        instance.add_run(run)
    return {"seconds per run": (time.perf_counter() - start) / len(runs)}


def add_together(instance: DagsterInstance, count: int) -> dict[str, float]:
    """Add runs in the quickest way."""
    for start in range(0, count, TOGETHER):
        instance.run_storage.add_runs(
            [run_of(number) for number in range(start, min(count, start + TOGETHER))]
        )
    return {}


if __name__ == "__main__":
    count = int(sys.argv[1])
    add = add_together if "together" in sys.argv else add_one_by_one
    with tempfile.TemporaryDirectory() as home, DagsterInstance.local_temp(home) as instance:
        measures = {
            **add(instance, count),
            "seconds per page": page_seconds(instance, None),
            "seconds per page by tag": page_seconds(instance, RunsFilter(tags={"team": "team_7"})),
            "seconds per page by status": page_seconds(
                instance, RunsFilter(statuses=[DagsterRunStatus.FAILURE])
            ),
        }
        assert instance.get_runs(limit=1)[0].run_id == run_of(count - 1).run_id
        assert instance.get_runs_count() == count
    print(json.dumps(measures))
