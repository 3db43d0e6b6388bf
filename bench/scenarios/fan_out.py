"""One op feeds many, and they feed one."""

from __future__ import annotations

import json
import sys
import time

from dagster import job, op

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@op
def source() -> int:
    """Give what all take."""
    return 1


@op
def middle(value: int) -> int:
    """Add one."""
    return value + 1


@op
def total(values: list) -> int:  # type: ignore[type-arg]
    """Take the outputs of all."""
    return sum(values)


@job
def one() -> None:
    """Run first: what is loaded late is measured by the rows about starting."""
    source()


if __name__ == "__main__":
    one.execute_in_process(run_config=QUIET)
    width = int(sys.argv[1])

    @job
    def fan_out() -> None:
        """1 → width → 1."""
        value = source()
        total([middle.alias(f"middle_{number}")(value) for number in range(width)])

    start = time.perf_counter()
    result = fan_out.execute_in_process(run_config=QUIET)
    seconds = time.perf_counter() - start
    assert result.output_for_node("total") == 2 * width
    print(json.dumps({"seconds per step": seconds / (width + 2)}))
