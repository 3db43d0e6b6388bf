"""A run of many steps whose last one fails, executed again from failure: how long until that step starts."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time

from dagster import DagsterInstance, ReexecutionOptions, execute_job, job, op, reconstructable

# Upstream walks the chain by recursion and fails near the default limit; we do not (see planning.py).
sys.setrecursionlimit(10_000)

CONFIG = {
    "execution": {"config": {"in_process": {}}},
    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
}
STEPS = 1_000
#: The variable with the times at which the last step started. Upstream imports this file a second time.
STARTED = "BENCH_STARTED"


@op
def first() -> int:
    """Start the chain."""
    return 0


@op
def following(value: int) -> int:
    """Add one."""
    return value + 1


@op
def last(value: int) -> int:
    """Fail at first."""
    os.environ[STARTED] = f"{os.environ.get(STARTED, '')} {time.perf_counter()}"
    if len(os.environ[STARTED].split()) == 1:
        raise ValueError("at first")
    return value


@job
def chain() -> None:
    """One op after another, and one that fails."""
    value = first()
    for number in range(STEPS - 2):
        value = following.alias(f"step_{number}")(value)
    last(value)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home, DagsterInstance.local_temp(home) as instance:
        target = reconstructable(chain)
        failed = execute_job(target, instance, run_config=CONFIG)
        assert not failed.success
        start = time.perf_counter()
        options = ReexecutionOptions.from_failure(failed.run_id, instance)
        result = execute_job(target, instance, run_config=CONFIG, reexecution_options=options)
        assert result.success
        assert list(result.dagster_run.step_keys_to_execute or ()) == ["last"]
    print(json.dumps({"seconds": float(os.environ[STARTED].split()[1]) - start}))
