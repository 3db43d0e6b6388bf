"""Results of runs in this process: every member."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, GraphOut, Out
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import StepOutputData, TypeCheckData
from dagster._core.executor.builtin import in_process_executor, threads_executor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.handles import NodeHandle, StepOutputHandle
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.run import DagsterRunStatus
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    ExpectationResult,
    Output,
)
from dagster._core.runner.execute_job import execute_job
from dagster._core.runner.results import ExecutionResult, given_outputs

BUILT_IN = {"in_process": in_process_executor, "threads": threads_executor}


@op
def one():
    return 1


@op
def inc(x):
    return x + 1


@op(out={"a": Out(), "b": Out(is_required=False)})
def branch():
    yield Output("a", "a")


@op(out=DynamicOut())
def many():
    yield DynamicOutput(1, "x")
    yield DynamicOutput(2, "y")


@op
def breaks(_x):
    raise ValueError("no")


@op(retry_policy=RetryPolicy(max_retries=2))
def flaky(context):
    if context.retry_number < 2:
        raise ValueError("again")


@op
def tells():
    yield AssetMaterialization("m")
    yield AssetObservation("o")
    yield ExpectationResult(True)
    yield Output(None)


@graph(out={"up": GraphOut(), "same": GraphOut()})
def inner(n):
    return {"up": inc(n), "same": inc.alias("again")(n)}


@graph
def outer(n):
    return inc.alias("last")(inner(n).up)


def test_values_of_ops_and_graphs_at_any_depth() -> None:
    @job
    def nested():
        outer(one())

    result = nested.execute_in_process()
    assert result.output_for_node("one") == 1
    assert result.output_for_node("outer") == 3
    assert result.output_for_node("outer.last") == 3
    assert result.output_for_node("outer.inner", "up") == 2
    assert result.output_for_node("outer.inner", "same") == 2
    assert result.output_for_node("outer.inner.again") == 2
    assert [e.step_key for e in result.events_for_node("outer.inner") if e.is_step_success] == [
        "outer.inner.inc",
        "outer.inner.again",
    ]
    assert {e.step_key for e in result.events_for_node("outer")} == {
        "outer.inner.inc",
        "outer.inner.again",
        "outer.last",
    }
    handle = NodeHandle.from_string("outer.last")
    assert {e.step_key for e in result.compute_events_for_handle(handle)} == {"outer.last"}


def test_values_of_the_jobs_own_outputs() -> None:
    @graph(out={"value": GraphOut(), "each": GraphOut()})
    def outputs():
        return {"value": outer(one()), "each": inc.alias("all")(one.alias("other")())}

    @graph
    def single():
        return inc(one())

    @graph
    def by_key():
        return many().map(inc)

    result = outputs.execute_in_process()
    assert result.output_value("value") == 3
    assert result.output_value("each") == 2
    assert single.execute_in_process().output_value() == 2
    assert single.to_job().execute_in_process().output_value() == 2
    assert by_key.execute_in_process().output_value() == {"x": 2, "y": 3}


def test_values_by_key() -> None:
    @job
    def mapped():
        many().map(inc)

    result = mapped.execute_in_process()
    assert result.output_for_node("many") == {"x": 1, "y": 2}
    assert result.output_for_node("inc") == {"x": 2, "y": 3}


def test_values_of_inner_dynamic_steps() -> None:
    @graph
    def per_key(x):
        return inc(x)

    @job
    def mapped():
        many().map(per_key)

    result = mapped.execute_in_process()
    assert result.output_for_node("per_key") == {"x": 2, "y": 3}
    assert result.output_for_node("per_key.inc") == {"x": 2, "y": 3}


@op(
    out={"a": Out(is_required=False), "b": Out(is_required=False)},
    retry_policy=RetryPolicy(max_retries=1),
)
def changes_its_mind(context):
    if context.retry_number == 0:
        yield Output("in vain", "a")
        raise ValueError("again")
    yield Output(2, "b")


@op(out=DynamicOut(), retry_policy=RetryPolicy(max_retries=1))
def other_keys(context):
    if context.retry_number == 0:
        yield DynamicOutput("in vain", "x")
        yield DynamicOutput("in vain", "y")
        raise ValueError("again")
    yield DynamicOutput(3, "y")
    yield DynamicOutput(4, "z")


@op(out={"a": Out(is_required=False), "b": Out(is_required=False)})
def fails_halfway():
    yield Output(5, "a")
    raise ValueError("no")


@job
def of_attempts():
    changes_its_mind()
    other_keys()
    fails_halfway()


def check_values_of_attempts(result: ExecutionResult) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=r'were given: .*"changes_its_mind\.b"'):
        result.output_for_node("changes_its_mind", "a")
    assert result.output_for_node("changes_its_mind", "b") == 2
    assert result.output_for_node("other_keys") == {"y": 3, "z": 4}
    # No attempt came after this one.
    assert result.output_for_node("fails_halfway", "a") == 5


def test_only_what_the_last_attempt_of_a_step_gave_counts() -> None:
    check_values_of_attempts(of_attempts.execute_in_process(raise_on_error=False))


@pytest.mark.parametrize("executor", ["in_process", "threads"])
def test_only_what_the_last_attempt_gave_is_loaded(executor: str) -> None:
    made = of_attempts.graph.to_job(executor_def=BUILT_IN[executor])
    with (
        DagsterInstance.ephemeral() as instance,
        execute_job(InMemoryJob(made), instance) as result,
    ):
        check_values_of_attempts(result)


def test_what_was_given_before_a_process_died_does_not_count() -> None:
    def event(kind: DagsterEventType, data: Any = None) -> DagsterEvent:
        return DagsterEvent(kind.value, "j", event_specific_data=data, step_key="s")

    def output(name: str, *, is_valid: bool = True) -> DagsterEvent:
        check = TypeCheckData(is_valid, "result")
        return event(DagsterEventType.STEP_OUTPUT, StepOutputData(StepOutputHandle("s", name), check))

    start = event(DagsterEventType.STEP_START)
    assert given_outputs([start, output("a"), start, output("b")]) == [("s", "b", None)]
    assert given_outputs([start, output("a", is_valid=False)]) == []
    assert given_outputs([start, output("a"), output("a")]) == [("s", "a", None)]


def test_values_that_were_not_given_are_told() -> None:
    @job
    def branching():
        a, b = branch()
        inc.alias("skipped")(b)
        breaks(a)

    result = branching.execute_in_process(raise_on_error=False)
    assert result.output_for_node("branch", "a") == "a"
    for node, output in (("branch", "b"), ("skipped", "result"), ("breaks", "result")):
        with pytest.raises(DagsterInvariantViolationError) as caught:
            result.output_for_node(node, output)
        assert str(caught.value) == (
            f"Did not find result {output} in op {node} execution result: it failed, was skipped, or did "
            'not give it. Outputs that were given: "branch.a".'
        )


def test_wrong_names_are_told_with_the_nearest() -> None:
    @job
    def small():
        outer(one())

    result = small.execute_in_process()
    with pytest.raises(
        DagsterInvariantViolationError, match=r"has no op named 'oen'.*Did you mean \"one\""
    ) as e:
        result.output_for_node("oen")
    assert "job 'small'" in str(e.value)
    with pytest.raises(
        DagsterInvariantViolationError, match=r'unknown output "reslut".*Did you mean "result"'
    ):
        result.output_for_node("one", "reslut")
    with pytest.raises(DagsterInvariantViolationError, match=r'outer.innr.*Did you mean "inner"'):
        result.events_for_node("outer.innr")
    with pytest.raises(DagsterInvariantViolationError, match=r"has no op named 'one.deeper'"):
        result.output_for_node("one.deeper")
    with pytest.raises(DagsterInvariantViolationError, match="which has no outputs"):
        result.output_value()


def test_an_unknown_output_of_the_job_is_told() -> None:
    @graph
    def single():
        return one()

    with pytest.raises(
        DagsterInvariantViolationError, match="Could not find top-level output 'other' in 'single'"
    ):
        single.execute_in_process().output_value("other")


def test_how_nodes_fared() -> None:
    @job
    def fates():
        a, b = branch()
        inc.alias("skipped")(b)
        inc.alias("untouched")(breaks(a))
        flaky()

    result = fates.execute_in_process(raise_on_error=False)
    assert not result.success
    assert result.dagster_run.status is DagsterRunStatus.FAILURE
    assert result.run_id == result.dagster_run.run_id
    assert result.job_def.name == "fates"
    assert result.is_node_success("branch")
    assert result.is_node_skipped("skipped")
    assert not result.is_node_success("skipped")
    assert result.is_node_failed("breaks")
    assert not result.is_node_success("breaks")
    assert result.is_node_untouched("untouched")
    assert not result.is_node_untouched("skipped")
    assert result.retry_attempts_for_node("flaky") == 2
    assert result.retry_attempts_for_node("branch") == 0
    assert result.get_failed_step_keys() == {"breaks"}
    assert [e.step_key for e in result.get_step_failure_events()] == ["breaks"]
    assert [e.step_key for e in result.get_step_skipped_events()] == ["skipped"]
    assert [e.step_key for e in result.get_step_success_events()] == ["branch", "flaky"]
    data = result.failure_data_for_node("breaks")
    assert data is not None
    assert "ValueError: no" in data.error_display_string
    assert result.failure_data_for_node("branch") is None
    assert result.get_run_failure_event().event_type is DagsterEventType.RUN_FAILURE
    assert result.get_job_failure_event() == result.get_run_failure_event()
    with pytest.raises(DagsterInvariantViolationError) as caught:
        result.get_run_success_event()
    assert str(caught.value) == ("No event of success found: the run of 'fates' has the status FAILURE.")


def test_events_by_kind() -> None:
    @job
    def telling():
        tells()

    result = telling.execute_in_process()
    assert result.get_job_success_event() == result.all_events[-1]
    with pytest.raises(DagsterInvariantViolationError, match="No event of failure found"):
        result.get_run_failure_event()
    assert [m.label for m in result.asset_materializations_for_node("tells")] == ["m"]
    assert [o.label for o in result.asset_observations_for_node("tells")] == ["o"]
    assert [x.success for x in result.expectation_results_for_node("tells")] == [True]
    assert len(result.get_asset_materialization_events()) == 1
    assert len(result.get_asset_observation_events()) == 1
    assert {e.step_key for e in result.all_node_events} == {"tells"}
    found = result.filter_events(lambda e: e.is_step_success)
    assert [e.event_type for e in found] == [DagsterEventType.STEP_SUCCESS]
    assert repr(result) == "ExecuteInProcessResult('telling', SUCCESS)"
