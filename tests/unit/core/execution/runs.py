"""Short ways to run one op or a few, for tests of the step pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.events.event import DagsterEvent
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.compile import plan_of
from dagster._core.runner.results import ExecuteInProcessResult
from dagster._core.runner.run import RunExecution


def run_op(
    op_def: OpDefinition, *, raise_on_error: bool = False, **kwargs: Any
) -> ExecuteInProcessResult:
    """Run one op as a job of its own."""
    to_job = {k: kwargs.pop(k) for k in ("resource_defs", "executor_def", "hooks") if k in kwargs}
    job_def = GraphDefinition("alone", node_defs=[op_def]).to_job(**to_job)
    return job_def.execute_in_process(raise_on_error=raise_on_error, **kwargs)


def run_events(
    job_def: JobDefinition,
    run_config: Mapping[str, Any] | None = None,
    instance: DagsterInstance | None = None,
    **kwargs: Any,
) -> list[DagsterEvent]:
    """Run a job with its own executor and resources, and return its events."""
    instance = instance or DagsterInstance.ephemeral()
    with instance:
        return list(execution_of(job_def, instance, run_config, **kwargs).events())


def execution_of(
    job_def: JobDefinition,
    instance: DagsterInstance,
    run_config: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> RunExecution:
    """A run that is stored and ready to be carried out."""
    config = job_def.resolve_run_config(run_config or {})
    run = instance.create_run_for_job(job_def, run_config=run_config)
    plan = plan_of(job_def, config)
    return RunExecution(InMemoryJob(job_def), run, config, instance, plan, **kwargs)


def kinds(result: ExecuteInProcessResult, step_key: str | None = None) -> list[str]:
    """The types of the events of the steps, or of one, in order."""
    return [
        e.event_type_value
        for e in result.all_events
        if e.step_key is not None and step_key in (None, e.step_key)
    ]


def events(result: ExecuteInProcessResult, value: str) -> list[DagsterEvent]:
    """The events of one type."""
    return [e for e in result.all_events if e.event_type_value == value]


def failure(result: ExecuteInProcessResult, step_key: str | None = None) -> str:
    """What is said of the failure of a step: the innermost error's message."""
    assert not result.success
    found = [e for e in events(result, "STEP_FAILURE") if step_key in (None, e.step_key)]
    error = found[0].step_failure_data.error
    while error.cause is not None:
        error = error.cause
    return error.message.rstrip("\n")
