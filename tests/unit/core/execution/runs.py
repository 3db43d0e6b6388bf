"""Short ways to run one op or a few, for tests of the step pipeline."""

from __future__ import annotations

from typing import Any

from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.events.event import DagsterEvent
from dagster._core.runner.results import ExecuteInProcessResult


def run_op(op_def: OpDefinition, *, raise_on_error: bool = False, **kwargs: Any) -> ExecuteInProcessResult:
    """Run one op as a job of its own."""
    to_job = {k: kwargs.pop(k) for k in ("resource_defs", "executor_def", "hooks") if k in kwargs}
    job_def = GraphDefinition("alone", node_defs=[op_def]).to_job(**to_job)
    return job_def.execute_in_process(raise_on_error=raise_on_error, **kwargs)


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
