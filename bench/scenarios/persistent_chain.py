"""A chain of trivial ops, executed in this process on an instance in SQLite files, its log there to read."""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time

from dagster import DagsterInstance, job, op

# Upstream walks the chain by recursion and fails near the default limit; we do not (see planning.py).
sys.setrecursionlimit(10_000)

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@op
def first() -> int:
    """Start the chain."""
    return 0


@op
def following(value: int) -> int:
    """Add one."""
    return value + 1


@job
def one() -> None:
    """Run first: what is loaded late is measured by the rows about starting."""
    first()


if __name__ == "__main__":
    steps = int(sys.argv[1])

    @job
    def chain() -> None:
        """One op after another."""
        value = first()
        for number in range(steps - 1):
            value = following.alias(f"step_{number}")(value)

    with tempfile.TemporaryDirectory() as home, DagsterInstance.local_temp(home) as instance:
        one.execute_in_process(instance=instance, run_config=QUIET)
        start = time.perf_counter()
        result = chain.execute_in_process(instance=instance, run_config=QUIET)
        seconds = time.perf_counter() - start
        assert result.success
        assert len(instance.all_logs(result.run_id)) >= 5 * steps
        assert instance.get_run_by_id(result.run_id).is_success
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds per step": seconds / steps, "megabytes": megabytes}))
