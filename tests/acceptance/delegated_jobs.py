"""Jobs whose steps a handler starts as local processes, and a program that carries out a run of one.

Arguments of the program: the name of the job, the id of a run that is stored.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import (
    DagsterEvent,
    DagsterInstance,
    DynamicOut,
    DynamicOutput,
    Executor,
    Out,
    Output,
    RetryPolicy,
    executor,
    job,
    multiple_process_executor_requirements,
    op,
    reconstructable,
    resource,
)
from dagster._core.executor.step_delegating import (
    CheckStepHealthResult,
    StepDelegatingExecutor,
    StepHandler,
    StepHandlerContext,
)
from dagster._core.records.retry import RetryMode
from dagster._core.runner.execute_job import execute_run

#: A bound for what must happen at once; nothing waits for so long unless it is broken.
BOUND = 30.0


def note(what: str) -> None:
    """Write down that something happened, for the test to see."""
    with Path(os.environ["WITNESSES"], "happened").open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")


def happened() -> list[str]:
    """Return what was noted."""
    path = Path(os.environ["WITNESSES"], "happened")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def wait_until(what: str) -> None:
    """Wait until something was noted."""
    give_up = time.monotonic() + BOUND
    while what not in happened():
        assert time.monotonic() < give_up, f"{what} did not happen: {happened()}"
        time.sleep(0.01)


class LocalHandler(StepHandler):
    """Starts each step as a process of this machine. It finds it again by the file with its id."""

    @property
    def name(self) -> str:
        return "LocalHandler"

    def place(self, context: StepHandlerContext) -> Path:
        (key,) = context.execute_step_args.step_keys_to_execute
        attempt = context.execute_step_args.attempts.get(key, 0)
        return Path(os.environ["WITNESSES"], f"{context.dagster_run.run_id}-{key}-{attempt}.pid")

    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        (tags,) = step_handler_context.step_tags.values()
        if tags.get("cannot") == "start":
            raise OSError("no machine is free")
        if tags.get("is") == "lost" and "lost once" not in happened():
            note("lost once")
            return
        command = step_handler_context.execute_step_args.get_command_args()
        pid = os.posix_spawn(command[0], command, os.environ, setsid=True)
        self.place(step_handler_context).write_text(str(pid), encoding="utf-8")
        yield from ()

    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        place = self.place(step_handler_context)
        if "blind" in os.environ:
            raise OSError("the cluster does not answer")
        if not place.exists():
            return CheckStepHealthResult.unhealthy("there is no process")
        if is_running(int(place.read_text())):
            return CheckStepHealthResult.healthy()
        return CheckStepHealthResult.unhealthy("its process is gone")

    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        os.kill(int(self.place(step_handler_context).read_text()), signal.SIGTERM)
        yield from ()


def is_running(pid: int) -> bool:
    """Return whether a process runs; one that has ended and was not waited for does not."""
    with contextlib.suppress(ChildProcessError):  # another process may have started it
        os.waitpid(pid, os.WNOHANG)
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@executor(name="local", config_schema=dict, requirements=multiple_process_executor_requirements())
def local_executor(init_context: Any) -> Executor:
    """The executor under test."""
    return StepDelegatingExecutor(
        LocalHandler(),
        RetryMode.ENABLED,
        sleep_seconds=0.02,
        check_step_health_interval_seconds=0.2,
        **init_context.executor_config,
    )


@op(out=DynamicOut())
def keys() -> Iterator[DynamicOutput[int]]:
    """Give two values."""
    for number in (1, 2):
        yield DynamicOutput(number, str(number))


@op
def double(number: int) -> int:
    """Double one."""
    return 2 * number


@op
def total(numbers: list[int]) -> int:
    """Sum all."""
    note(f"total {sum(numbers)}")
    return sum(numbers)


@op(out=Out(int, is_required=False))
def nothing() -> Iterator[Output[int]]:
    """Give nothing."""
    yield from ()


@op(retry_policy=RetryPolicy(max_retries=1))
def flaky(context: Any) -> None:
    """Fail at first."""
    note(f"flaky {context.retry_number}")
    if context.retry_number == 0:
        raise ValueError("not yet")


@op
def broken() -> None:
    """Fail."""
    raise ValueError("no")


@op
def dies() -> None:
    """End without a word."""
    note("dies")
    os._exit(3)


@op(retry_policy=RetryPolicy(max_retries=1))
def dies_once(context: Any) -> None:
    """End without a word the first time."""
    note(f"dies once {context.retry_number}")
    if context.retry_number == 0:
        os.kill(os.getpid(), signal.SIGKILL)


@resource
def connection(_context: Any) -> Iterator[str]:
    """Note that it is torn down."""
    yield "open"
    note("torn down")


@op(required_resource_keys={"connection"})
def long() -> int:
    """Run until told to end, or until somebody says so."""
    note("long began")
    wait_until("go on")
    note("long ended")
    return 3


@op
def before() -> int:
    """Run first."""
    note("before")
    return 1


@op
def after(a: int, b: int) -> int:
    """Run last."""
    note(f"after {a + b}")
    return a + b


@op(tags={"cannot": "start"})
def unstartable() -> None:
    """Never run."""
    note("unstartable ran")


@op(tags={"is": "lost"})
def lost() -> None:
    """Run only if it is started twice."""
    note("lost ran")


@job(executor_def=local_executor)
def all_kinds() -> None:
    """What steps can do."""
    total(keys().map(double).collect())
    double.alias("skipped")(nothing())
    flaky()
    dies_once()


@job(executor_def=local_executor)
def troubled() -> None:
    """What can go wrong."""
    broken()
    dies()
    unstartable()
    before()


@job(executor_def=local_executor, resource_defs={"connection": connection})
def interruptible() -> None:
    """A step that takes long, between two others."""
    after(before(), long())


@op(tags={"dagster/max_runtime": "0.3"})
def late() -> None:
    """Take longer than it may."""
    wait_until("never")


@op(tags={"dagster/max_runtime": "2"}, retry_policy=RetryPolicy(max_retries=1))
def late_and_deaf(context: Any) -> None:
    """Take longer than it may at first, and not end when told to."""
    note(f"deaf {context.retry_number} {os.getpid()}")
    if context.retry_number == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        wait_until("told of it")


@op(tags={"dagster/max_runtime": "30"})
def punctual() -> None:
    """Take less than it may."""


@job(executor_def=local_executor)
def limited() -> None:
    """Steps that may take so long and no longer."""
    late()
    punctual()


@job(executor_def=local_executor)
def deaf() -> None:
    """A step that does not end when it is told to."""
    late_and_deaf()


@job(executor_def=local_executor)
def loses() -> None:
    """A step that is said to be started and is not."""
    lost()


if __name__ == "__main__":
    name, run_id = sys.argv[1:]
    with DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        execute_run(reconstructable(globals()[name]), run, instance)
