"""The job of test_run_worker_kills.py, and the points within its steps at which its run worker is killed.

A point comes as JSON in the environment, which the processes of the steps inherit: ``{"kind": "value", "step":
…, "stage": …}``. Stages: ``half``, while the file of the step's value is half written; ``written``, between
the value and the events that tell of it; ``end``, when the step's function is over.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from dagster import (
    DynamicOut,
    DynamicOutput,
    Failure,
    InitResourceContext,
    OutputContext,
    RetryPolicy,
    RetryRequested,
    io_manager,
    job,
    op,
)
from dagster._core.io.filesystem import PickledObjectFilesystemIOManager

POINT = "KILLED_RUN_POINT"
WORKER = "KILLED_RUN_WORKER"
WITNESSES = "KILLED_RUN_WITNESSES"
VALUES = "KILLED_RUN_VALUES"
STAGES = ("half", "written", "end")
KEYS = ("a", "b", "c")
STEPS = (
    "source",
    "first",
    "second",
    "left",
    "middle",
    "right",
    "joined",
    "flaky",
    "requested",
    "spread",
    *(f"scaled[{key}]" for key in KEYS),
    "collected",
    "last",
)
#: Steps that crash with the process that they run in are tried again.
POLICY = RetryPolicy(max_retries=20)


def at_point(step_key: str, stage: str) -> None:
    """Kill the run worker if it is to be killed here, and wait for the end that follows from it."""
    point = json.loads(os.environ.get(POINT, "{}"))
    if point.get("kind") == "value" and (point["step"], point["stage"]) == (step_key, stage):
        os.kill(int(os.environ[WORKER]), signal.SIGKILL)
        time.sleep(600)


class Hinge:
    """Stands in the middle of a value, where it can be noticed that the value is half written."""

    step_key = ""

    def __reduce__(self) -> Any:
        at_point(Hinge.step_key, "half")
        return (Hinge, ())


def value_of(number: int) -> list[Any]:
    """A value of some 100 KB that tells whether it is whole."""
    data = hashlib.shake_128(str(number).encode()).digest(50_000)
    return [number, data, Hinge(), data[::-1]]


def number_of(value: list[Any]) -> int:
    """Return the number that a value is made of, once it is seen that it is whole."""
    expected = value_of(value[0])
    if len(value) != len(expected) or (value[1], value[3]) != (expected[1], expected[3]):
        raise Failure("the value is not whole", allow_retries=False)
    return value[0]


class KillingIOManager(PickledObjectFilesystemIOManager):
    """The I/O manager of files, with points at which the run worker is killed."""

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        Hinge.step_key = context.step_key
        super().handle_output(context, obj)
        at_point(context.step_key, "written")


@io_manager
def killing_io_manager(_context: InitResourceContext) -> KillingIOManager:
    return KillingIOManager(base_dir=os.environ[VALUES])


def witness(context: Any) -> None:
    """Note durably that a step came to the end of its function."""
    step_key = context.get_step_execution_context().step.key
    path = Path(os.environ[WITNESSES], step_key)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, f"{context.retry_number}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    at_point(step_key, "end")


def leave_running() -> None:
    """Start a process and forget it. What runs steps in processes is to end it with the run."""
    if os.getpid() != int(os.environ[WORKER]):
        subprocess.Popen(["sleep", "600"], start_new_session=True)


@op(retry_policy=POLICY)
def source(context):
    leave_running()
    witness(context)
    return value_of(1)


@op(retry_policy=POLICY)
def add_one(context, value):
    number = number_of(value)
    witness(context)
    return value_of(number + 1)


@op(retry_policy=POLICY)
def joined(context, values):
    leave_running()
    total = sum(number_of(value) for value in values)
    witness(context)
    return value_of(total)


@op(retry_policy=POLICY)
def flaky(context, value):
    number = number_of(value)
    if context.retry_number == 0:
        raise ValueError("the first attempt fails")
    witness(context)
    return value_of(number * 10)


@op(retry_policy=POLICY)
def requested(context, value):
    number = number_of(value)
    if context.retry_number == 0:
        raise RetryRequested(max_retries=20)
    witness(context)
    return value_of(number * 100)


@op(out=DynamicOut(), retry_policy=POLICY)
def spread(context, value):
    number = number_of(value)
    for place, key in enumerate(KEYS):
        yield DynamicOutput(value_of(number + place), mapping_key=key)
    witness(context)


@op(retry_policy=POLICY)
def scaled(context, value):
    number = number_of(value)
    witness(context)
    return value_of(number * 2)


@op(retry_policy=POLICY)
def last(context, all_joined, all_scaled, was_flaky, was_requested):
    numbers = [number_of(value) for value in (all_joined, all_scaled, was_flaky, was_requested)]
    witness(context)
    return value_of(sum(numbers))


#: The numbers of all values.
NUMBERS = {
    "source": 1,
    "first": 2,
    "second": 3,
    "left": 4,
    "middle": 4,
    "right": 4,
    "joined": 12,
    "flaky": 20,
    "requested": 200,
    "spread[a]": 1,
    "spread[b]": 2,
    "spread[c]": 3,
    "scaled[a]": 2,
    "scaled[b]": 4,
    "scaled[c]": 6,
    "collected": 12,
    "last": 244,
}


@job(resource_defs={"io_manager": killing_io_manager})
def killed_run():
    begin = source()
    first = add_one.alias("first")(begin)
    second = add_one.alias("second")(first)
    fan = [add_one.alias(name)(second) for name in ("left", "middle", "right")]
    last(
        joined(fan),
        joined.alias("collected")(spread(begin).map(scaled).collect()),
        flaky(first),
        requested(first),
    )
