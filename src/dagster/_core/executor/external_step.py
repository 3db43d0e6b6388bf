"""A step in a process of its own that nobody talks to: what it needs is written down, and what it does too."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dagster._core.errors import DagsterExecutionStepNotFoundError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData
from dagster._core.execution.failure import failure_events
from dagster._core.execution.plan_context import PlanExecutionContext
from dagster._core.execution.resource_session import ResourceSession
from dagster._core.execution.step import execute_step, execute_step_here
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.log_capture import LogCapture
from dagster._core.plan.step import ExecutionStep
from dagster._core.plan.step_reference import StepReference
from dagster._core.records.metadata import MetadataValue


def step_elsewhere(
    context: PlanExecutionContext, key: str, reference: StepReference | None
) -> ExecutionStep:
    """Return a step of a run.

    Args:
        context: The run.
        key: The key of the step.
        reference: What else there is to know of it; needed for steps that depend on what the run has done.

    Raises:
        DagsterExecutionStepNotFoundError: If there is none.
    """
    if reference is None:
        return context.plan.get_step_by_key(key)
    if reference.place >= len(context.plan) or reference.key != key:
        raise DagsterExecutionStepNotFoundError(
            f'The plan of "{context.job_name}" has no step "{key}": the job here is not the one that the run '
            "was started with.",
            [key],
        )
    step = reference.find(context.plan)
    if step.mapping_key is not None:
        context.steps_by_key[step.key] = step
    return step


def run_step_elsewhere(
    context: StepExecutionContext, *, is_launched: bool = False
) -> Iterator[DagsterEvent]:
    """Run an attempt of a step with its own resources, which are set up before and torn down after it.

    Args:
        context: The step.
        is_launched: Whether this is the place where a launcher has it run, and hooks are run elsewhere.
    """
    plan_context, step = context.plan_context, context.step
    manager = plan_context.instance.log_capturer
    logs = LogCapture(plan_context, manager) if manager is not None else None
    session = ResourceSession(plan_context, [step])
    pid = os.getpid()
    yield context.emit(
        DagsterEventType.STEP_WORKER_STARTED.value,
        f'Executing step "{step.key}" in a process of its own (pid: {pid}).',
        EngineEventData({"pid": MetadataValue.text(str(pid))}, marker_end="step_process_start"),
    )
    try:
        if logs is not None:
            yield logs.open([step.key])
        try:
            yield from session.open()
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - it is this step's failure
            yield from failure_events(context, exc)
            return
        yield from execute_step_here(context) if is_launched else execute_step(context)
    finally:
        try:
            plan_context.coroutines.close()
        finally:
            try:
                session.close()
            finally:
                if logs is not None:
                    logs.close()
