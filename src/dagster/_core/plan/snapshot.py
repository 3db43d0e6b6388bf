"""Snapshots of plans: the records of the steps of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.sources import (
    FromDynamicCollect,
    FromMappedOutput,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
)
from dagster._core.plan.step import ExecutionStep, StepKind
from dagster._core.records.content_id import content_id
from dagster._core.records.handles import StepOutputHandle
from dagster._text import unknown
from dagster._wire.record import Record


class ExecutionStepInputSnap(Record, frozen=True):
    """An input of a step.

    Args:
        name: Its name.
        dagster_type_key: The key of its type.
        source: Where its value comes from: the name of a kind of source, such as ``FromStepOutput``.
        upstream_output_handles: The values that it takes, as far as they come from steps.
    """

    name: str
    dagster_type_key: str
    source: str
    upstream_output_handles: Sequence[StepOutputHandle] = []

    @property
    def upstream_step_keys(self) -> list[str]:
        """The keys of the steps whose values it takes, each once."""
        return list(dict.fromkeys(handle.step_key for handle in self.upstream_output_handles))


class ExecutionStepOutputSnap(Record, frozen=True):
    """An output of a step.

    Args:
        name: Its name.
        dagster_type_key: The key of its type.
        is_required: Whether it is always given.
        is_dynamic: Whether it has several values, each under a key.
        io_manager_key: The resource that stores it.
    """

    name: str
    dagster_type_key: str
    is_required: bool = True
    is_dynamic: bool = False
    io_manager_key: str = "io_manager"


class ExecutionStepSnap(Record, frozen=True):
    """A step.

    Args:
        key: Its key.
        node_handle_id: The dotted path of its node.
        kind: How it comes to run.
        inputs: Its inputs.
        outputs: Its outputs.
        tags: The tags of its op.
        upstream_step_keys: The keys of the steps that must end first.
        priority: Steps of a higher one go first.
    """

    key: str
    node_handle_id: str
    kind: StepKind
    inputs: Sequence[ExecutionStepInputSnap] = []
    outputs: Sequence[ExecutionStepOutputSnap] = []
    tags: Mapping[str, str] = {}
    upstream_step_keys: Sequence[str] = []
    priority: int = 0


class ExecutionPlanSnapshot(Record, frozen=True):
    """A plan.

    Args:
        steps: Its steps, in topological order.
        job_snapshot_id: The id of the record of its job.
        step_keys_to_execute: The keys of the steps that run.
    """

    steps: Sequence[ExecutionStepSnap]
    job_snapshot_id: str
    step_keys_to_execute: Sequence[str]

    @property
    def step_deps(self) -> dict[str, list[str]]:
        """For each step, the keys of the steps that must end first."""
        return {step.key: list(step.upstream_step_keys) for step in self.steps}

    def get_step(self, key: str) -> ExecutionStepSnap:
        """Return a step by key.

        Raises:
            KeyError: If there is none.
        """
        for step in self.steps:
            if step.key == key:
                return step
        raise KeyError(unknown("step", key, [step.key for step in self.steps]))


def snapshot_from_execution_plan(
    execution_plan: ExecutionPlan, job_snapshot_id: str
) -> ExecutionPlanSnapshot:
    """Return the record of a plan.

    Args:
        execution_plan: The plan.
        job_snapshot_id: The id of the record of its job.
    """
    keys = [step.key for step in execution_plan.steps]
    return ExecutionPlanSnapshot(
        steps=[_step_snap(step, keys) for step in execution_plan.steps],
        job_snapshot_id=job_snapshot_id,
        step_keys_to_execute=execution_plan.step_keys_to_execute,
    )


def execution_plan_snapshot_id(snapshot: ExecutionPlanSnapshot) -> str:
    """Return the id of a plan's record: a hash of its content."""
    return content_id(snapshot)


def _step_snap(step: ExecutionStep, keys: Sequence[str]) -> ExecutionStepSnap:
    return ExecutionStepSnap(
        key=step.key,
        node_handle_id=step.node_handle.to_string(),
        kind=step.kind,
        inputs=[
            ExecutionStepInputSnap(
                name=step_input.name,
                dagster_type_key=step_input.dagster_type.key,
                source=type(step_input.source).__name__,
                upstream_output_handles=_handles(step_input.source),
            )
            for step_input in step.inputs
        ],
        outputs=[
            ExecutionStepOutputSnap(
                name=output.name,
                dagster_type_key=output.dagster_type.key,
                is_required=output.is_required,
                is_dynamic=output.is_dynamic,
                io_manager_key=output.io_manager_key,
            )
            for output in step.outputs.values()
        ],
        tags=dict(step.tags),
        upstream_step_keys=[keys[index] for index in step.upstream],
        priority=step.priority,
    )


def _handles(source: InputSource) -> list[StepOutputHandle]:
    if isinstance(source, FromStepOutput):
        return [source.handle]
    if isinstance(source, FromMappedOutput):
        return [StepOutputHandle(source.step_key, source.output_name)]
    if isinstance(source, FromDynamicCollect):
        return _handles(source.of)
    if isinstance(source, FromMultipleSources):
        return [handle for inner in source.sources for handle in _handles(inner)]
    return []
