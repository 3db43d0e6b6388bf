"""StepExecutionContext and PlanExecutionContext: the documented members."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import DagsterExecutionStepNotFoundError, DagsterInvalidDefinitionError
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.builtin import in_process_executor, threads_executor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.io_manager import IOManagerDefinition
from dagster._core.io.memory import InMemoryIOManager
from dagster._core.plan.known_state import KnownExecutionState, KnownStep
from dagster._core.records.handles import NodeHandle, StepOutputHandle
from dagster._core.records.retry import RetryMode, RetryPolicy
from dagster._core.records.user_events import DynamicOutput, Output
from dagster._core.runner.execute_job import execute_job
from dagster._core.runner.rerun import ReexecutionOptions


@resource
def number(_context):
    return 5


@op
def first() -> int:
    return 1


def inside(look: Callable[[StepExecutionContext], Any]) -> Any:
    """What a look at the context of a running step shows."""
    seen: list[Any] = []

    @op(
        config_schema={"n": int},
        required_resource_keys={"number"},
        retry_policy=RetryPolicy(max_retries=2),
    )
    def second(context, x: int) -> int:
        seen.append(look(context.get_step_execution_context()))
        return x

    @job(resource_defs={"number": number})
    def around():
        second(first())

    around.execute_in_process(run_config={"ops": {"second": {"config": {"n": 3}}}}, tags={"team": "x"})
    return seen[0]


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (lambda c: c.step.key, "second"),
        (lambda c: c.op.name, "second"),
        (lambda c: c.op_def.name, "second"),
        (lambda c: c.node_handle, NodeHandle("second")),
        (lambda c: c.job_def.name, "around"),
        (lambda c: c.job.get_definition().name, "around"),
        (lambda c: c.job_name, "around"),
        (lambda c: c.op_config, {"n": 3}),
        (lambda c: c.run_config, {"ops": {"second": {"config": {"n": 3}}}}),
        (lambda c: dict(c.run_tags), {"team": "x"}),
        (lambda c: (c.has_tag("team"), c.get_tag("team"), c.get_tag("no")), (True, "x", None)),
        (lambda c: c.required_resource_keys, frozenset({"number"})),
        (lambda c: c.resources.number, 5),
        (lambda c: c.raise_on_error, True),
        (lambda c: c.retry_mode, RetryMode.ENABLED),
        (lambda c: c.previous_attempt_count, 0),
        (lambda c: c.op_retry_policy.max_retries, 2),
        (lambda c: c.describe_op(), "op 'second'"),
        (lambda c: c.step_exception, None),
        (lambda c: c.run_id == c.dagster_run.run_id, True),
        (lambda c: isinstance(c.instance, DagsterInstance), True),
        (lambda c: c.execution_plan.step_keys_to_execute, ["first", "second"]),
        (lambda c: c.logging_tags["step_key"], "second"),
        (lambda c: type(c.get_io_manager(StepOutputHandle("first"))).__name__, "InMemoryIOManager"),
        (lambda c: c.get_output_context(StepOutputHandle("first")).step_key, "first"),
        (lambda c: c.for_input_manager("x").name, "x"),
        (
            lambda c: (
                c.for_input_manager("x", source_handle=StepOutputHandle("first")).upstream_output.name
            ),
            "result",
        ),
        (lambda c: c.for_input_manager("x", config={"a": 1}).config, {"a": 1}),
        (lambda c: sorted(c.get_known_state().steps), ["first"]),
        (lambda c: c.get_known_state().steps["first"].run_id == c.run_id, True),
        (lambda c: c.can_load(StepOutputHandle("first")), True),
        (lambda c: c.can_load(StepOutputHandle("first", "other")), False),
        (lambda c: c.can_load(StepOutputHandle("first", "result", "key")), False),
        (lambda c: c.can_load(StepOutputHandle("second")), False),
        (lambda c: c.can_load(StepOutputHandle("third")), False),
        (lambda c: c.for_step(c.execution_plan.steps[0]).previous_attempt_count, 0),
    ],
)
def test_what_the_context_of_a_step_gives(
    look: Callable[[StepExecutionContext], Any], expected: Any
) -> None:
    assert inside(look) == expected


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (lambda p: p.dagster_run is p.pipeline_run is p.run, True),
        (lambda p: p.execution_plan is p.plan, True),
        (lambda p: p.run_config, {"ops": {"second": {"config": {"n": 3}}}}),
        (lambda p: dict(p.run_tags), {"team": "x"}),
        (lambda p: (p.job_name, p.pipeline_name), ("around", "around")),
        (lambda p: p.logging_tags == {"job_name": "around", "run_id": p.run_id}, True),
        (lambda p: (p.has_tag("team"), p.get_tag("team")), (True, "x")),
        (lambda p: p.step_by_key("first").key, "first"),
        (lambda p: sorted(p.resources_by_key), ["io_manager", "number"]),
    ],
)
def test_what_the_context_of_a_plan_gives(look: Callable[[Any], Any], expected: Any) -> None:
    assert inside(lambda context: look(context.plan_context)) == expected


def test_what_is_not_there_is_refused() -> None:
    def look(context: StepExecutionContext) -> list[str]:
        said: list[str] = []
        try:
            context.plan_context.step_by_key("frist")
        except DagsterExecutionStepNotFoundError as error:
            said.append(str(error))
        try:
            context.io_manager("io_manger")
        except DagsterInvalidDefinitionError as error:
            said.append(str(error))
        return said

    step, manager = inside(look)
    assert 'unknown step "frist". Did you mean "first"?' in step
    assert manager.startswith("For op 'second': unknown I/O manager with resource key \"io_manger\".")
    assert 'Did you mean "io_manager"?' in manager


# What is known


@op(out=DynamicOut())
def keys():
    yield DynamicOutput(1, "a")


@op(out={"given": Out(is_required=False), "missing": Out(is_required=False)})
def optional():
    yield Output(1, "given")


@op
def broken():
    raise ValueError("as told")


def look_at_runs(
    look: Callable[[StepExecutionContext], Any], executor: ExecutorDefinition = in_process_executor
) -> list[Any]:
    """What a look at a step shows: in a first run, and where only that step runs again."""
    seen: list[Any] = []

    @op(retry_policy=RetryPolicy(max_retries=1))
    def last(context, _key, _given):
        if context.retry_number == 0:
            raise ValueError("again")
        seen.append(look(context.get_step_execution_context()))

    manager = IOManagerDefinition.hardcoded_io_manager(InMemoryIOManager())

    @job(resource_defs={"io_manager": manager}, executor_def=executor)
    def looked_at():
        given, _ = optional()
        broken()
        keys().map(lambda key: last(key, given))

    with DagsterInstance.ephemeral() as instance:
        run = execute_job(InMemoryJob(looked_at), instance)
        again = ReexecutionOptions(run.run_id, ["last[a]"])
        execute_job(InMemoryJob(looked_at), instance, reexecution_options=again)
    return seen


@pytest.mark.parametrize("executor", [in_process_executor, threads_executor], ids=lambda e: e.name)
def test_what_this_run_and_those_before_gave_is_known(executor: ExecutorDefinition) -> None:
    def look(context: StepExecutionContext) -> Any:
        state = context.get_known_state()
        values = [
            StepOutputHandle("optional", "given"),
            StepOutputHandle("optional", "missing"),
            StepOutputHandle("keys", "result", "a"),
            StepOutputHandle("keys", "result", "b"),
            StepOutputHandle("keys"),
        ]
        loaded = [context.can_load(value) for value in values]
        mine = {key for key, step in state.steps.items() if step.run_id == context.run_id}
        return set(state.steps) - {"broken"}, mine, loaded, dict(state.attempts)

    known = {"optional", "keys"}
    loaded = [True, False, True, False, False]
    # This step was tried once before; nothing was done again in the second run.
    assert look_at_runs(look, executor) == [
        (known, known, loaded, {"last[a]": 1}),
        (known, set(), loaded, {"last[a]": 1}),
    ]


def test_a_failure_of_this_run_is_known() -> None:
    def look(context: StepExecutionContext) -> Any:
        state = context.get_known_state()
        return sorted(state.failures), context.can_load(StepOutputHandle("broken"))

    first, second = look_at_runs(look)
    assert first == (["broken"], False)
    # What failed in another run is of no concern to this one.
    assert second == ([], False)


def test_another_step_may_be_given_a_state_of_its_own() -> None:
    def look(context: StepExecutionContext) -> Any:
        step = context.plan_context.step_by_key("keys")
        state = KnownExecutionState(steps={"keys": KnownStep("before")}, attempts={"keys": 2})
        other = context.for_step(step, state)
        value = StepOutputHandle("keys", "result", "a")
        return (
            other.get_known_state() is state,
            other.previous_attempt_count,
            other.can_load(value),
            other.get_output_context(value).run_id,
            context.for_step(step).can_load(value),
        )

    assert look_at_runs(look) == [(True, 2, False, "before", True)] * 2
