"""A chain of trivial ops, executed in this process on an ephemeral instance with every event recorded."""

from __future__ import annotations

import json
import os
import resource
import sys
import time

from dagster import job, op

# Upstream walks the chain by recursion and fails near the default limit; we do not (see planning.py).
sys.setrecursionlimit(10_000)

LEVELS = {"quiet": "CRITICAL", "console": "DEBUG"}


def log_config(level: str) -> dict[str, object]:
    """Return the run config that sets the level of the console logger."""
    return {"loggers": {"console": {"config": {"log_level": level}}}}


def logged_bytes() -> int:
    """Return how much went to standard error; the runner gives us a file for it."""
    sys.stderr.flush()
    return os.fstat(2).st_size


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
    one.execute_in_process(run_config=log_config("CRITICAL"))
    steps = int(sys.argv[1])
    config = log_config(LEVELS[sys.argv[2]])

    @job
    def chain() -> None:
        """One op after another."""
        value = first()
        for number in range(steps - 1):
            value = following.alias(f"step_{number}")(value)

    start = time.perf_counter()
    result = chain.execute_in_process(run_config=config)
    seconds = time.perf_counter() - start
    assert result.success
    assert result.output_for_node(f"step_{steps - 2}") == steps - 1
    assert len(result.all_events) >= 5 * steps
    # A log that is not written would make a fine number: each step says at least six things.
    assert sys.argv[2] == "quiet" or logged_bytes() > 6 * 40 * steps, "nothing was logged"
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds per step": seconds / steps, "megabytes": megabytes}))
