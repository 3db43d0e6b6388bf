"""A job of which some steps are launched into another process, and the program that runs them there.

Arguments of the program: a file with the pickled reference to the step, a file for the log.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import (
    DagsterEvent,
    DynamicOut,
    DynamicOutput,
    RetryPolicy,
    StepExecutionContext,
    StepLauncher,
    external_instance_from_step_run_ref,
    failure_hook,
    fs_io_manager,
    in_process_executor,
    job,
    op,
    resource,
    run_step_from_ref,
    step_context_to_step_run_ref,
)
from dagster._core.events.log_entry import EventLogEntry
from dagster._wire.codec import deserialize_value, serialize_value


class ProcessLauncher(StepLauncher):
    """Runs a step in a process, from the pickled reference to it."""

    def launch_step(self, step_context: StepExecutionContext) -> Iterator[DagsterEvent]:
        place = Path(os.environ["LAUNCH_DIR"])
        (place / "ref").write_bytes(pickle.dumps(step_context_to_step_run_ref(step_context)))
        command = [sys.executable, __file__, str(place / "ref"), str(place / "log")]
        subprocess.run(command, check=True)
        for line in (place / "log").read_text(encoding="utf-8").splitlines():
            entry = deserialize_value(line, EventLogEntry)
            step_context.instance.handle_new_event(entry)
            if entry.dagster_event is not None:
                yield entry.dagster_event


@resource
def launcher(_context: Any) -> ProcessLauncher:
    """The launcher under test."""
    return ProcessLauncher()


@resource
def counter(_context: Any) -> int:
    """The process that set it up."""
    return os.getpid()


@op(out=DynamicOut())
def keys() -> Iterator[DynamicOutput[int]]:
    """Runs here."""
    for number in (1, 2):
        yield DynamicOutput(number, str(number))


@op(required_resource_keys={"launcher", "counter"}, config_schema={"factor": int})
def multiply(context: Any, number: int) -> int:
    """Runs there."""
    context.log.info("multiplying in %s", os.getpid())
    assert context.resources.counter == os.getpid()
    return context.op_config["factor"] * number


@op(required_resource_keys={"launcher"})
def total(numbers: list[int]) -> tuple[int, int]:
    """Runs there."""
    return sum(numbers), os.getpid()


@op(required_resource_keys={"launcher"}, retry_policy=RetryPolicy(max_retries=1))
def flaky(context: Any) -> int:
    """Fails there at first."""
    if context.retry_number == 0:
        raise ValueError("not yet")
    return context.retry_number


@op(required_resource_keys={"launcher"})
def broken() -> None:
    """Fails there."""
    raise ValueError("broken there")


HOOKED: list[tuple[int, str]] = []


@failure_hook
def tell(context: Any) -> None:
    """Runs here."""
    HOOKED.append((os.getpid(), str(context.op_exception)))


RESOURCES = {
    "launcher": launcher,
    "counter": counter,
}
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def launched_job() -> Any:
    """Make the job where the values lie is known."""
    stored = fs_io_manager.configured({"base_dir": os.environ["LAUNCH_DIR"]})

    @job(executor_def=in_process_executor, resource_defs={**RESOURCES, "io_manager": stored})
    def launched() -> None:
        total(keys().map(multiply).collect())
        flaky()

    return launched


def failing_job() -> Any:
    """Make a job with a step that fails."""

    @job(executor_def=in_process_executor, resource_defs=RESOURCES, hooks={tell})
    def failing() -> None:
        broken()

    return failing


if __name__ == "__main__":
    ref = pickle.loads(Path(sys.argv[1]).read_bytes())
    log: list[EventLogEntry] = []
    with external_instance_from_step_run_ref(ref, log.append) as instance:
        for _event in run_step_from_ref(ref, instance):
            continue
    lines = [serialize_value(entry) for entry in log]
    Path(sys.argv[2]).write_text("\n".join(lines), encoding="utf-8")
