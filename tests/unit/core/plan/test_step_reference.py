"""Steps that another process finds again."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import StepOutputData
from dagster._core.plan.compile import compile_plan
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.progress import Progress
from dagster._core.plan.sources import FromMultipleSources, FromStepOutput, InputSource
from dagster._core.plan.step import ExecutionStep
from dagster._core.plan.step_reference import ListReference, StepReference, ValueReference
from dagster._core.records.handles import StepOutputHandle
from dagster._wire.codec import deserialize_value, serialize_value
from tests.unit.core.plan.job_strategies import job_specs
from tests.unit.core.plan.random_jobs import JobSpec
from tests.unit.core.plan.test_progress_properties import Driver, event


def facts_of(source: InputSource) -> Any:
    """Everything that a source says, for comparison across plans."""
    if isinstance(source, FromMultipleSources):
        return [facts_of(inner) for inner in source.sources]
    names = [name for kind in type(source).__mro__ for name in getattr(kind, "__slots__", ())]
    facts = {name: getattr(source, name) for name in sorted(names)}
    if "of" in facts:
        facts["of"] = facts_of(facts["of"])
    return type(source).__name__, facts


def check_found(step: ExecutionStep, plan: ExecutionPlan, other: ExecutionPlan) -> StepReference:
    """Send a step over to a process with an equal plan and compare what is found there."""
    reference = StepReference.to_step(step, plan)
    sent = deserialize_value(serialize_value(reference), StepReference)
    assert sent == reference
    found = sent.find(other)
    for name in ("key", "index", "mapping_key", "kind", "priority"):
        assert getattr(found, name) == getattr(step, name), name
    assert str(found.node_handle) == str(step.node_handle)
    assert list(found.outputs) == list(step.outputs)
    assert [i.name for i in found.inputs] == [i.name for i in step.inputs]
    assert [facts_of(i.source) for i in found.inputs] == [facts_of(i.source) for i in step.inputs]
    # In a process that has the very plan, what the plan says is not copied.
    again = sent.find(plan)
    for ours, before in zip(again.inputs, (step.template or step).inputs, strict=True):
        if ours.name not in sent.sources:
            assert ours.source is before.source
    return sent


class Sending(Driver):
    """Sends each step that runs to another process."""

    def __init__(self, job: JobSpec, require_success: bool, chance: random.Random) -> None:
        super().__init__(job, require_success, chance)
        self.plan = job.compile()
        self.other = job.compile()
        self.progress = Progress(self.plan, require_upstream_step_success=require_success)
        self.sent: dict[str, StepReference] = {}

    def take(self) -> ExecutionStep | None:
        step = super().take()
        if step is not None:
            sent = check_found(step, self.plan, self.other)
            # Another attempt of it is found as the first was.
            assert self.sent.setdefault(step.key, sent) == sent
        return step


@settings(max_examples=200)
@given(job_specs(), st.booleans(), st.integers(0, 1000), st.integers(1, 4))
def test_every_step_that_runs_is_found_again(
    job: JobSpec, require_success: bool, seed: int, hands: int
) -> None:
    for luck in range(4):
        Sending(JobSpec(job.nodes, job.seed + luck), require_success, random.Random(seed)).run(hands)


@op(out=DynamicOut())
def several():
    """Its values are made up by the test."""


@op(ins={"x": In(), "times": In(int, default_value=3)}, config_schema={"by": int})
def scale(context, x, times):
    """Never runs."""


@op(ins={"xs": In(), "start": In(int)})
def total(xs, start):
    """Never runs."""


@graph
def around(start):
    return total(several().map(scale).collect(), start)


def plan_of_graph() -> ExecutionPlan:
    job_def: JobDefinition = around.to_job()
    config = {
        "inputs": {"start": 5},
        "ops": {"scale": {"config": {"by": 2}}, "several": {}},
    }
    return compile_plan(job_def, job_def.resolve_run_config(config))


def end(progress: Progress, step: ExecutionStep, keys: list[str | None]) -> None:
    for key in keys:
        data = StepOutputData(StepOutputHandle(step.key, "result", key))
        progress.handle_event(step, event(step, DagsterEventType.STEP_OUTPUT, data))
    progress.handle_event(step, event(step, DagsterEventType.STEP_SUCCESS))


def test_config_and_default_values_beside_mapped_and_collected_ones() -> None:
    plan, other = plan_of_graph(), plan_of_graph()
    progress = Progress(plan)
    first = progress.take_ready()
    assert first is not None
    assert check_found(first, plan, other) == StepReference("several", first.index, first.index)
    end(progress, first, ["a", "b"])
    for key in ("a", "b"):
        mapped = progress.take_ready()
        assert mapped is not None
        sent = check_found(mapped, plan, other)
        # What does not depend on the run is not sent.
        assert sent.sources == {"x": ValueReference(first.index, "several", "result", key)}
        assert sent.mapping_key == key
        end(progress, mapped, [None])
    last = progress.take_ready()
    assert last is not None
    sent = check_found(last, plan, other)
    assert list(sent.sources) == ["xs"]
    source = sent.find(other).inputs[0].source
    assert isinstance(source, FromMultipleSources)
    assert [s.step_key for s in source.sources if isinstance(s, FromStepOutput)] == [
        "scale[a]",
        "scale[b]",
    ]


def test_a_collect_of_no_keys() -> None:
    plan, other = plan_of_graph(), plan_of_graph()
    progress = Progress(plan)
    first = progress.take_ready()
    assert first is not None
    end(progress, first, [])
    last = progress.take_ready()
    assert last is not None
    sent = check_found(last, plan, other)
    assert sent.sources == {"xs": ListReference([])}
    source = sent.find(other).inputs[0].source
    assert isinstance(source, FromMultipleSources)
    assert source.sources == ()


def test_names_of_any_kind() -> None:
    value = ValueReference(1, "s", "ö", "k")
    several = ListReference([0, value, ListReference([ValueReference(2, "t", "o")])])
    reference = StepReference('é.op["?]', 3, 17, "ключ_1", {"i": several, "j": value})
    assert deserialize_value(serialize_value(reference), StepReference) == reference
