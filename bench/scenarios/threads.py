"""Ops that do nothing but wait, several at a time in threads, on an ephemeral instance."""

from __future__ import annotations

import asyncio
import json
import sys
import time

from dagster import (
    DagsterInstance,
    execute_job,
    job,
    mem_io_manager,
    op,
    reconstructable,
    threads_executor,
)

NUMBER = int(sys.argv[1])
AT_A_TIME = int(sys.argv[2])
COROUTINES = sys.argv[3:] == ["coroutines"]
SECONDS = 0.05
CONFIG = {
    "execution": {"config": {"max_concurrent": AT_A_TIME}},
    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
}


@op
def nap() -> int:
    """Wait in a thread."""
    time.sleep(SECONDS)
    return 1


@op
async def doze() -> int:
    """Wait on the event loop."""
    await asyncio.sleep(SECONDS)
    return 1


def sleepers(number: int) -> None:
    """Use the op so many times."""
    for index in range(number):
        (doze if COROUTINES else nap).alias(f"op_{index}")()


@job(executor_def=threads_executor, resource_defs={"io_manager": mem_io_manager})
def one() -> None:
    """Run first: what is loaded late is measured by the rows about starting."""
    sleepers(1)


@job(executor_def=threads_executor, resource_defs={"io_manager": mem_io_manager})
def many() -> None:
    """All of them."""
    sleepers(NUMBER)


if __name__ == "__main__":
    with DagsterInstance.ephemeral() as instance:
        execute_job(reconstructable(one), instance, run_config=CONFIG)
        start = time.perf_counter()
        result = execute_job(reconstructable(many), instance, run_config=CONFIG)
        seconds = time.perf_counter() - start
        assert result.success
        assert len(result.filter_events(lambda event: event.is_step_success)) == NUMBER
    print(json.dumps({"seconds": seconds}))
