"""A step killed in each way, 200 times over: always classified right, never a hang, and nothing is left."""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from dagster import DagsterEventType, DagsterInstance, execute_job, reconstructable
from dagster._core.executor import multiprocess
from tests.acceptance import step_kills_jobs as jobs
from tests.unit.process.processes import none_left

pytestmark = pytest.mark.slow

CONCURRENT = 16


@pytest.fixture
def instance(tmp_path: Path):
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.event_log_storage.set_concurrency_slots(jobs.POOL, CONCURRENT)
        yield instance


def output_by_step(instance: DagsterInstance, run_id: str) -> dict[str, tuple[str, str]]:
    """What the compute log manager has kept of each step."""
    found: dict[str, tuple[str, str]] = {}
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.LOGS_CAPTURED):
        data: Any = entry.dagster_event.logs_captured_data
        logs = instance.compute_log_manager.get_log_data(data.log_key)
        for key in data.step_keys:
            found[key] = ((logs.stdout or b"").decode(), (logs.stderr or b"").decode())
    return found


@pytest.mark.parametrize(
    ("number", "reuse_workers"), [*((number, False) for number in range(jobs.JOBS)), (0, True)]
)
def test_every_end_is_told_as_what_it_was(
    instance: DagsterInstance, number: int, reuse_workers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = f"kills-{os.urandom(8).hex()}"
    monkeypatch.setenv("STEP_KILLS", mark)
    # Steps that ignore what they are told, and those that close everything, are given less time.
    monkeypatch.setattr(multiprocess, "GRACE_SECONDS", 0.7)
    monkeypatch.setattr(multiprocess, "LOST_SECONDS", 0.5)
    executor = {"max_concurrent": CONCURRENT, "reuse_workers": reuse_workers}
    with execute_job(
        reconstructable(getattr(jobs, f"kills_{number}")),
        instance,
        run_config={"execution": {"config": {"multiprocess": executor}}},
    ) as result:
        assert not result.success
        run_id = result.run_id
        failures = {
            event.step_key: event.step_failure_data.error.to_string()
            for event in result.all_events
            if event.event_type is DagsterEventType.STEP_FAILURE
        }
        kinds = Counter(event.event_type for event in result.all_events)
        succeeded = {e.step_key for e in result.all_events if e.is_step_success}
        values = [result.output_for_node(f"after_{place}") for place in range(jobs.KILLED)]

    ways = jobs.ways_of(number)
    wrong = {
        key: failures.get(key, "no failure")
        for place, name in enumerate(ways)
        if not re.search(jobs.WAYS[name][1], failures.get(key := f"{name}_{place}", ""))
    }
    assert wrong == {}
    assert len(failures) == kinds[DagsterEventType.STEP_FAILURE] == jobs.KILLED
    assert values == [2] * jobs.KILLED
    assert succeeded == {f"{kind}_{n}" for kind in ("beside", "after") for n in range(jobs.KILLED)}

    output = output_by_step(instance, run_id)
    silent = [
        key
        for key in failures
        if f"last words of {key}\n" not in output[key][0]
        or f"last complaint of {key}\n" not in output[key][1]
    ]
    assert silent == []

    slots = instance.event_log_storage.get_concurrency_info(jobs.POOL)
    assert (slots.claimed_slots, slots.pending_steps) == ([], [])
    assert none_left(mark) == {}


def test_each_way_is_tried_often_enough() -> None:
    counts = Counter(name for number in range(jobs.JOBS) for name in jobs.ways_of(number))
    assert sum(counts.values()) == 200
    assert set(counts) == set(jobs.WAYS)
    assert min(counts.values()) >= 13
