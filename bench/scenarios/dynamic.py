"""An op gives many outputs at run time; a step is mapped over each, and one collects."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

from dagster import DynamicOut, DynamicOutput, job, op

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
WIDTH = int(sys.argv[1])


@op(out=DynamicOut(int))
def pieces() -> Iterator[DynamicOutput[int]]:
    """Give the pieces."""
    for number in range(WIDTH):
        yield DynamicOutput(number, mapping_key=str(number))


@op
def mapped(value: int) -> int:
    """Work on one piece."""
    return value + 1


@op
def total(values: list) -> int:  # type: ignore[type-arg]
    """Collect."""
    return sum(values)


@job
def dynamic() -> None:
    """Map and collect."""
    total(pieces().map(mapped).collect())


@op
def alone() -> int:
    """Give a number."""
    return 1


@job
def one() -> None:
    """Run first: what is loaded late is measured by the rows about starting."""
    alone()


if __name__ == "__main__":
    one.execute_in_process(run_config=QUIET)
    start = time.perf_counter()
    result = dynamic.execute_in_process(run_config=QUIET)
    seconds = time.perf_counter() - start
    assert result.output_for_node("total") == WIDTH * (WIDTH + 1) // 2
    print(json.dumps({"seconds per step": seconds / (WIDTH + 2)}))
