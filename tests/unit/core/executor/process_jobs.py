"""Jobs of test_multiprocess.py, which other processes load. Steps write what they have to tell into the
directory that the environment names."""

from __future__ import annotations

import fcntl
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dagster import (
    AssetMaterialization,
    DynamicOut,
    DynamicOutput,
    ExpectationResult,
    Failure,
    In,
    MetadataValue,
    Nothing,
    Out,
    Output,
    RetryPolicy,
    RetryRequested,
    failure_hook,
    fs_io_manager,
    graph,
    in_process_executor,
    job,
    mem_io_manager,
    multiprocess_executor,
    op,
    resource,
    success_hook,
)

DIRECTORY = "PROCESS_JOBS"
#: How long a step waits for others, in seconds.
PATIENCE = 20.0


def told(line: str) -> None:
    """Add a line to what is told; the lines of several processes come whole."""
    with open(Path(os.environ[DIRECTORY]) / "told", "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{line}\n")


def lines() -> list[str]:
    file = Path(os.environ[DIRECTORY]) / "told"
    return file.read_text().splitlines() if file.exists() else []


# Values and graphs


@op
def one() -> int:
    return 1


@op
def add(context, x: int) -> int:
    context.log.info("adding to %s", x)
    return x + 1


@op
def total(xs: list[int]) -> int:
    return sum(xs)


@job
def chain():
    add.alias("third")(add.alias("second")(one()))


@job(executor_def=multiprocess_executor)
def with_executor():
    add(one())


@job(executor_def=multiprocess_executor.configured({"max_concurrent": 3}, name="three_at_once"))
def with_configured_executor():
    add(one())


@job(executor_def=in_process_executor)
def with_in_process_executor():
    add(one())


@graph
def twice(x):
    return add.alias("b")(add.alias("a")(x))


@graph
def around(x):
    return twice.alias("inner")(x)


@job
def nested_and_fan_in():
    total([around(one.alias(f"one_{n}")()) for n in range(3)])


@op(out=DynamicOut(int), config_schema={"count": int})
def several(context) -> Iterator[DynamicOutput[int]]:
    for number in range(context.op_config["count"]):
        yield DynamicOutput(number, f"k{number}")


@job
def dynamic():
    mapped = several().map(lambda x: add.alias("after")(add(x)))
    total(mapped.collect())


@op(out={"left": Out(int, is_required=False), "right": Out(int, is_required=False)})
def branch() -> Iterator[Output[int]]:
    yield Output(1, "left")


@job
def optional():
    left, right = branch()
    add.alias("after_left")(left)
    add.alias("after_further")(add.alias("after_right")(right))


@op(ins={"before": In(Nothing)})
def later() -> None:
    """Waits for something without its value."""


@op(out={"given": Out(int), "kept_back": Out(int)})
def gives_then_waits(context) -> Iterator[Output[int]]:
    yield Output(1, "given")
    end = time.monotonic() + PATIENCE
    while "take" not in lines() and time.monotonic() < end:
        time.sleep(0.01)
    yield Output(int("take" in lines()), "kept_back")


@op
def gives_then_fails() -> Iterator[Output[int]]:
    yield Output(1)
    raise ValueError("after giving")


@op
def take(x: int) -> int:
    told("take")
    return x


@job
def early():
    take(gives_then_fails())


# Failures


@op
def fails() -> int:
    raise ValueError("the user's own")


@job
def failing():
    add(fails())
    one()


@op
def fails_with_metadata() -> int:
    raise Failure("on purpose", metadata={"why": MetadataValue.text("so")})


@op
def crashes() -> int:
    os.write(1, b"up to here\n")
    os.write(2, b"and here\n")
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@op
def writes_and_crashes() -> int:
    for number in range(5000):
        print(f"line {number}", flush=True)
    os._exit(9)


@job
def crashing():
    add(crashes())
    add.alias("beside")(one())


@job
def all_failures():
    fails_with_metadata()
    writes_and_crashes()


@op
def forks_and_leaves() -> int:
    """Its child comes to the end of the step's code in its own way."""
    for end in ("exit", "error", "return"):
        pid = os.fork()
        if pid == 0:
            if end == "exit":
                sys.exit(4)
            if end == "error":
                raise ValueError("of the child")
            return 99
        os.waitpid(pid, 0)
    return 1


@job
def forking():
    add(forks_and_leaves())


@op(retry_policy=RetryPolicy(max_retries=2))
def crashes_twice(context) -> int:
    told(f"try {context.retry_number}")
    if context.retry_number < 2:
        os._exit(5)
    return 1


@op
def asks_for_retries(context) -> int:
    told(f"asked {context.retry_number} {time.monotonic()}")
    if context.retry_number < 2:
        raise RetryRequested(max_retries=3, seconds_to_wait=0.3)
    return context.retry_number


@job
def retrying():
    add(crashes_twice())
    asks_for_retries()


@success_hook
def tell_success(context):
    told(f"success of {context.step_key} in {os.getpid()}")


@failure_hook(required_resource_keys={"place"})
def tell_failure(context):
    error = context.op_exception
    told(f"failure of {context.step_key}: {type(error).__name__}: {error} at {context.resources.place}")


@op(tags={"dagster/max_runtime": "0.3"})
def takes_too_long() -> int:
    while True:
        time.sleep(60)


@op
def waits() -> int:
    told("waits")
    while True:
        time.sleep(60)


@resource
def place(context) -> Iterator[str]:
    told(f"up {os.getpid()}")
    yield "here"
    told(f"down {os.getpid()}")


@job(hooks={tell_success, tell_failure}, resource_defs={"place": place})
def hooked():
    one()
    fails()
    crashes()
    takes_too_long()


@job
def limited():
    add(takes_too_long())
    one()


@job(tags={"dagster/max_runtime": "1.5"})
def limited_as_a_whole():
    waits()
    add(one())


@job
def waiting_beside_others():
    waits()
    value = one()
    for name in ("second", "third", "fourth"):
        value = add.alias(name)(value)
    one.alias("last")()


# Who runs where


@op(required_resource_keys={"place"})
def tells_pid(context) -> int:
    told(f"pid {os.getpid()}")
    return os.getpid()


@job(resource_defs={"place": place})
def pids():
    for number in range(8):
        tells_pid.alias(f"pid_{number}")()


@op(config_schema={"together": int})
def meets(context) -> int:
    """Waits until so many have come, and tells the most that it has seen at the same time."""
    directory = Path(os.environ[DIRECTORY])
    own = directory / f"here.{context.op_handle.name}"
    own.touch()
    told(f"came {context.op_handle.name}")
    end = time.monotonic() + PATIENCE
    most = 0
    while time.monotonic() < end:
        most = max(most, len(list(directory.glob("here.*"))))
        if sum(line.startswith("came") for line in lines()) >= context.op_config["together"]:
            break
        time.sleep(0.005)
    own.unlink()
    return most


@job
def meeting():
    total([meets.alias(f"meets_{number}")() for number in range(8)])


@job
def meeting_by_tag():
    for number in range(4):
        meets.alias(f"a_{number}").tag({"database": "slow"})()
        meets.alias(f"b_{number}").tag({"database": "fast"})()


@op
def tells_name(context) -> None:
    told(context.op_handle.name)


@job
def priorities():
    for name, priority in (("low", -1), ("first", 3), ("middle", 1), ("second", 2), ("none", 0)):
        tells_name.alias(name).tag({"dagster/priority": str(priority)})()


@op
def draws() -> Any:
    return [random.random(), float(np.random.random())]


@job
def drawing():
    for number in range(4):
        draws.alias(f"draws_{number}")()


# Words


@op
def says(context) -> int:
    context.log.info("by the log")
    context.log.warning("a warning")
    print("by print")
    print("by stderr", file=sys.stderr)
    subprocess.run(["echo", "by a program"], check=True)
    logging.getLogger("of_the_user").info("by a logger of Python")
    context.log_event(AssetMaterialization(["a", "b"], metadata={"rows": 3}))
    context.log_event(ExpectationResult(success=True, label="fine"))
    return 1


@job
def saying():
    says()


@op
def logs_much(context) -> int:
    for number in range(3):
        context.log.info(str(number) * 3_000_000)
    return 1


@job
def saying_much():
    add(logs_much())


# What is refused


@op(out=Out(io_manager_key="memory"))
def in_memory() -> int:
    return 1


@job(resource_defs={"memory": mem_io_manager, "io_manager": fs_io_manager})
def keeps_in_memory():
    add(in_memory())


def not_reconstructable():
    @job(executor_def=multiprocess_executor)
    def inner():
        one()

    return inner


# Many


@op(out=DynamicOut(int), config_schema={"count": int})
def thousands(context) -> Iterator[DynamicOutput[int]]:
    for number in range(context.op_config["count"]):
        yield DynamicOutput(number, str(number))


def memory_in_use(pid: int) -> int:
    """Return the memory of a process that is no file's, also what forks share with it, in KiB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1])
    raise AssertionError


@op
def measures(x: int) -> None:
    if x % 100 == 99:
        # The worker's parent is the forkserver.
        told(f"memory {x} {memory_in_use(os.getppid())}")


@job
def many():
    thousands().map(measures)
