"""A process that runs a job on an instance and is killed in the middle. Started by test_crash.py."""

from __future__ import annotations

import os
import signal
import sys

from dagster import DagsterInstance, job, op
from dagster._core.instance import InstanceRef


@op
def work(context: object) -> int:
    return 1


@op
def crash(context: object, value: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@job
def crashing() -> None:
    crash(work())


if __name__ == "__main__":
    instance = DagsterInstance.from_ref(InstanceRef.from_json(sys.argv[1]))
    crashing.execute_in_process(instance=instance, run_id="crashed")
