"""Define a job and compile its plan."""

from __future__ import annotations

import json
import resource
import sys
import time

# Upstream walks a chain by recursion and stops at the default limit; we measure how long it takes with more.
if sys.argv[3] == "raised":
    import threading

    sys.setrecursionlimit(1_000_000)
    threading.stack_size(512 * 1024 * 1024)

from dagster import job, op
from dagster._core.execution.api import create_execution_plan


@op
def first() -> int:
    """Start."""
    return 0


@op
def following(value: int) -> int:
    """Add one."""
    return value + 1


def measure() -> None:
    """Define the shape that was asked for, plan it, and print how long both took."""
    shape, steps = sys.argv[1], int(sys.argv[2])
    start = time.perf_counter()

    @job
    def planned() -> None:
        """The shape."""
        value = first()
        for number in range(steps - 1):
            if shape == "chain":
                value = following.alias(f"step_{number}")(value)
            else:
                first.alias(f"step_{number}")()

    plan = create_execution_plan(planned)
    seconds = time.perf_counter() - start
    assert len(plan.step_keys_to_execute) == steps
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    if sys.argv[3] == "raised":
        thread = threading.Thread(target=measure)
        thread.start()
        thread.join()
    else:
        measure()
