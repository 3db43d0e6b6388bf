from __future__ import annotations

import pytest

from dagster._check import CheckError
from dagster._core.definitions.outputs import DynamicOutputDefinition, OutputDefinition
from dagster._core.definitions.types.builtins import Int
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.plan.step import StepKind
from dagster._core.records.handles import NodeHandle
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import (
    AssetMaterialization,
    DynamicOutput,
    ExpectationResult,
    Failure,
    Output,
)
from dagster._legacy.composite_solid import composite_solid
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.pipeline import pipeline
from dagster._legacy.results import CompositeSolidExecutionResult, SolidExecutionResult
from dagster._legacy.solid import lambda_solid, solid


@solid(output_defs=[OutputDefinition(Int, "a"), OutputDefinition(Int, "b")])
def two(_):
    yield AssetMaterialization("made", metadata={"n": 1})
    yield ExpectationResult(True, label="fine")
    yield Output(1, "a")
    yield Output(2, "b")


@lambda_solid
def add(x: int, y: int) -> int:
    return x + y


@composite_solid(output_defs=[OutputDefinition(Int, "sum"), OutputDefinition(Int, "first")])
def comp():
    a, b = two()
    return {"sum": add(a, b), "first": a}


@composite_solid(output_defs=[OutputDefinition(Int, "total")])
def outer():
    total, _ = comp()
    return {"total": total}


@pipeline
def nested():
    outer()


@pytest.fixture(scope="module")
def result():
    return execute_pipeline(nested)


def test_pipeline_result(result):
    assert result.success
    assert result.pipeline_def is nested
    assert result.event_list[0].event_type is DagsterEventType.PIPELINE_START
    assert {e.step_key for e in result.step_event_list} == {"outer.comp.two", "outer.comp.add"}
    assert set(result.events_by_step_key) == {"outer.comp.two", "outer.comp.add"}
    assert all(e.step_key == "outer.comp.add" for e in result.events_by_step_key["outer.comp.add"])
    assert [type(r) for r in result.solid_result_list] == [CompositeSolidExecutionResult]
    assert "nested" in repr(result)


def test_by_handle(result):
    assert result.output_for_solid("outer", "total") == 3
    assert result.output_for_solid("outer.comp.two", "b") == 2
    inner = result.result_for_handle("outer.comp.add")
    assert isinstance(inner, SolidExecutionResult)
    assert inner.output_value() == 3
    same = result.result_for_handle(NodeHandle.from_string("outer.comp"))
    assert isinstance(same, CompositeSolidExecutionResult)
    assert same.output_values == {"sum": 3, "first": 1}


def test_composite_result(result):
    composite = result.result_for_solid("outer")
    assert composite.success
    assert composite.solid.name == "outer"
    assert composite.output_values == {"total": 3}
    assert composite.output_value("total") == 3
    assert composite.output_values_for_solid("comp") == {"sum": 3, "first": 1}
    assert composite.output_value_for_solid("comp", "first") == 1
    assert composite.output_values_for_handle("comp.two") == {"a": 1, "b": 2}
    assert composite.output_value_for_handle("comp.two", "a") == 1
    assert composite.output_for_solid("comp.two", "a") == 1
    assert composite.result_for_handle("comp.add").success
    assert [r.solid.name for r in composite.solid_result_list] == ["comp"]
    assert set(composite.events_by_step_key) == {"outer.comp.two", "outer.comp.add"}
    assert all(event.is_step_event for event in composite.step_event_list)
    with pytest.raises(
        DagsterInvariantViolationError, match="composite solid 'outer': unknown output \"totl\""
    ):
        composite.output_value("totl")
    with pytest.raises(
        DagsterInvariantViolationError, match=r'unknown solid "copm". Did you mean "comp"'
    ):
        composite.result_for_solid("copm")


def test_solid_result(result):
    one = result.result_for_handle("outer.comp.two")
    assert one.success
    assert not one.skipped
    assert one.failure_data is None
    assert one.output_values == {"a": 1, "b": 2}
    assert set(one.compute_output_events_dict) == {"a", "b"}
    assert one.compute_output_event_dict["b"].step_output_data.output_name == "b"
    assert one.get_output_event_for_compute("a").step_output_data.output_name == "a"
    assert len(one.get_output_events_for_compute("a")) == 1
    assert [m.asset_key.path for m in one.materializations_during_compute] == [["made"]]
    assert len(one.materialization_events_during_compute) == 1
    assert [e.label for e in one.expectation_results_during_compute] == ["fine"]
    assert len(one.expectation_events_during_compute) == 1
    assert len(one.output_events_during_compute) == 2
    assert one.compute_step_events == one.step_events == one.step_events_by_kind[StepKind.COMPUTE]
    assert one.get_step_success_event().event_type is DagsterEventType.STEP_SUCCESS
    with pytest.raises(DagsterInvariantViolationError, match="it did not fail"):
        one.compute_step_failure_event
    with pytest.raises(DagsterInvariantViolationError, match='unknown output "c"'):
        one.output_value("c")
    with pytest.raises(DagsterInvariantViolationError, match="Did not find result result"):
        one.get_output_event_for_compute()
    two_inputs = result.result_for_handle("outer.comp.add")
    assert set(two_inputs.compute_input_event_dict) == {"x", "y"}
    assert len(two_inputs.input_events_during_compute) == 2


def test_unknown_solids(result):
    with pytest.raises(
        DagsterInvariantViolationError, match="of pipeline 'nested': unknown solid \"outre\""
    ):
        result.result_for_solid("outre")
    with pytest.raises(DagsterInvariantViolationError, match=r'"outer.comp.two" is no composite solid'):
        result.result_for_handle("outer.comp.two.more")


def test_failure():
    @solid
    def fails(_):
        raise Failure("broken", metadata={"why": "because"})

    @solid
    def after(_, x):
        return x

    @composite_solid
    def around(x):
        return after(x)

    @pipeline
    def p():
        around(fails())

    result = execute_pipeline(p, raise_on_error=False)
    assert not result.success
    failed = result.result_for_solid("fails")
    assert not failed.success
    assert not failed.skipped
    assert failed.output_values is None
    assert failed.output_value() is None
    assert failed.compute_step_failure_event.is_step_failure
    data = failed.failure_data
    assert data is not None
    assert data.user_failure_data is not None
    assert data.user_failure_data.description == "broken"
    assert [e.label for e in data.user_failure_data.metadata_entries] == ["why"]
    with pytest.raises(DagsterInvariantViolationError, match="it did not succeed"):
        failed.get_step_success_event()
    untouched = result.result_for_solid("around")
    assert not untouched.success
    assert untouched.output_values is None
    assert untouched.output_value() is None
    assert result.result_for_handle("around.after").skipped


def test_skipped_solids():
    @solid(
        output_defs=[
            OutputDefinition(Int, "yes", is_required=False),
            OutputDefinition(Int, "no", is_required=False),
        ]
    )
    def branch(_):
        yield Output(1, "yes")

    @solid
    def on_yes(_, x):
        return x

    @solid
    def on_no(_, x):
        return x

    @pipeline
    def p():
        yes, no = branch()
        on_yes(yes)
        on_no(no)

    result = execute_pipeline(p)
    assert result.success
    assert result.result_for_solid("on_yes").success
    skipped = result.result_for_solid("on_no")
    assert skipped.skipped
    assert not skipped.success
    assert "skipped" in repr(skipped)


def test_retries_and_mapped_solids():
    tries: list[int] = []

    @solid(retry_policy=RetryPolicy(max_retries=3))
    def flaky(context):
        tries.append(context.retry_number)
        if len(tries) < 3:
            raise ValueError
        return 1

    @solid(output_defs=[DynamicOutputDefinition(Int)])
    def many(_, n):
        for i in range(n + 1):
            yield DynamicOutput(i, str(i))

    @pipeline
    def p():
        many(flaky())

    result = execute_pipeline(p)
    assert result.result_for_solid("flaky").retry_attempts == 2
    mapped = result.result_for_solid("many")
    assert mapped.output_value() == {"0": 0, "1": 1}
    assert len(mapped.compute_output_events_dict["result"]) == 2
    with pytest.raises(CheckError, match="was given 2 times"):
        mapped.get_output_event_for_compute()
