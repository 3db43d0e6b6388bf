"""A process that runs steps in a pool of the instance, of which every tenth is killed. Run by a test.

Arguments: a directory for what is witnessed, how many slots the pool has, the lease in seconds, the executor.
Where steps have processes of their own, of two that are killed the first is killed alone, and is tried again;
the second kills the process of the run, which holds the slots, and ends with it.

Who runs in the pool takes one of as many locks as there are slots. The kernel gives the lock of a killed
process back, so that a lock that is not to be had proves that the limit was exceeded.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from pathlib import Path

from dagster import DagsterInstance, RetryPolicy, execute_job, job, op, reconstructable

STEPS = 12
#: For the steps, wherever they run: the arguments, and the process of the run.
WITNESSES = "POOLED_JOB_WITNESSES"
SLOTS = "POOLED_JOB_SLOTS"
RUN_WORKER = "POOLED_JOB_RUN_WORKER"


def witnessed(name: str) -> int:
    """Note that something happened, and return how often it has."""
    descriptor = os.open(Path(os.environ[WITNESSES], name), os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, b".")
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    finally:
        os.close(descriptor)


def kill_holder(place: int) -> None:
    """Kill this process, or that of the run, from which the end of this one follows."""
    is_alone = place % 20 == 10
    os.kill(os.getpid() if is_alone else int(os.environ[RUN_WORKER]), signal.SIGKILL)
    time.sleep(60)


@op(pool="db", retry_policy=RetryPolicy(max_retries=5))
def in_pool() -> None:
    """Hold a slot for a moment, or for ever."""
    for number in range(int(os.environ[SLOTS])):
        lock = os.open(Path(os.environ[WITNESSES], f"lock{number}"), os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        place = witnessed("held")
        if place % 10 == 0:
            kill_holder(place)
        os.close(lock)
        return
    witnessed("exceeded")


@job
def pooled_job() -> None:
    """Some steps in a pool."""
    for number in range(STEPS):
        in_pool.alias(f"step_{number}")()


if __name__ == "__main__":
    directory, slots, lease, executor = sys.argv[1:]
    os.environ |= {WITNESSES: directory, SLOTS: slots, RUN_WORKER: str(os.getpid())}
    from tests.acceptance import pooled_job as importable

    with DagsterInstance.get() as instance:
        instance.event_log_storage.pool_lease_seconds = float(lease)
        result = execute_job(
            reconstructable(importable.pooled_job),
            instance,
            run_config={
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "execution": {
                    "config": {executor: {"max_concurrent": 3} if executor != "in_process" else {}}
                },
            },
        )
        assert result.success
