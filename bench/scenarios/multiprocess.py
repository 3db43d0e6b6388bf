"""Independent trivial ops through the multiprocess executor, two at a time, each in a process of its own.

With ``reused`` processes run one step after the other, and ops give no values, since these would cost a file
each; the pool of the standard library, which has no values to keep either, is measured beside it.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor

from dagster import (
    DagsterInstance,
    Nothing,
    Out,
    execute_job,
    in_process_executor,
    job,
    multiprocess_executor,
    op,
    reconstructable,
)

CONFIGS: dict[str, dict[str, object]] = {
    "isolated": {"max_concurrent": 2, "start_method": {"forkserver": {}}},
    "reused": {"max_concurrent": 2, "reuse_workers": True},
}
QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}


@op
def trivial() -> int:
    """Return a number."""
    return 1


@job(executor_def=multiprocess_executor)
def hundred() -> None:
    """Ops that do not depend on each other."""
    for number in range(100):
        trivial.alias(f"step_{number}")()


@op(out=Out(Nothing))
def empty() -> None:
    """Return nothing."""


@job(executor_def=multiprocess_executor)
def thousand() -> None:
    """Ten times as many, without values."""
    for number in range(1_000):
        empty.alias(f"step_{number}")()


@job(executor_def=in_process_executor)
def one() -> None:
    """Run first: what is loaded late is measured by the rows about starting."""
    trivial()


def one_more(number: int) -> int:
    """What the pool does."""
    return number + 1


def seconds_of_pool(tasks: int) -> float:
    """Return how long a warm pool of two takes for as many tasks."""
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(one_more, range(10)))
        start = time.perf_counter()
        for future in [pool.submit(one_more, number) for number in range(tasks)]:
            future.result()
        return time.perf_counter() - start


if __name__ == "__main__":
    mode = sys.argv[1]
    chosen = hundred if mode == "isolated" else thousand
    run_config = {"execution": {"config": CONFIGS[mode]}, "loggers": QUIET}
    with tempfile.TemporaryDirectory() as home, DagsterInstance.local_temp(home) as instance:
        assert execute_job(reconstructable(one), instance, {"loggers": QUIET}).success
        start = time.perf_counter()
        result = execute_job(reconstructable(chosen), instance, run_config)
        seconds = time.perf_counter() - start
        assert result.success
        steps = sum(1 for event in result.all_events if event.is_step_success)
        processes = {event.pid for event in result.all_events if event.is_step_start}
        times = [
            entry.timestamp
            for entry in instance.all_logs(result.run_id)
            if entry.dagster_event is not None
            and (entry.dagster_event.is_step_start or entry.dagster_event.is_step_success)
        ]
    assert steps == (100 if mode == "isolated" else 1_000)
    assert len(processes) == (steps if mode == "isolated" else 2)
    numbers = {
        "seconds per step": seconds / steps,
        # Without starting and ending the run.
        "seconds per warm step": (max(times) - min(times)) / steps,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    if mode == "reused":
        numbers["times the pool"] = numbers["seconds per warm step"] / (seconds_of_pool(steps) / steps)
    print(json.dumps(numbers))
