"""Plans: the steps of a job, their numbers, keys and sources."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.hook import success_hook
from dagster._core.definitions.inputs import GraphIn, In
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, GraphOut, Out
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.errors import DagsterExecutionStepNotFoundError, DagsterInvalidDefinitionError
from dagster._core.plan.compile import compile_plan
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.sources import (
    FromConfig,
    FromDefaultValue,
    FromDirectInputValue,
    FromDynamicCollect,
    FromInputManager,
    FromMappedOutput,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
)
from dagster._core.plan.step import StepKind
from dagster._core.records.handles import (
    NodeHandle,
    ResolvedFromDynamicStepHandle,
    StepHandle,
    StepOutputHandle,
    UnresolvedStepHandle,
)
from dagster._core.records.retry import RetryPolicy


def plan_of(job_def: JobDefinition, run_config: dict[str, Any] | None = None) -> ExecutionPlan:
    return compile_plan(job_def, job_def.resolve_run_config(run_config or {}))


def source(plan: ExecutionPlan, key: str, input_name: str) -> InputSource:
    return plan.get_step_by_key(key).step_input_named(input_name).source


@op
def one() -> int:
    return 1


@op
def inc(x: int) -> int:
    return x + 1


@op
def add(a: int, b: int = 7) -> int:
    return a + b


@op
def total(xs: list) -> int:
    return sum(xs)


@op(out=DynamicOut(int))
def spread():
    yield from ()


def test_steps_are_numbered_in_topological_order() -> None:
    @job
    def diamond():
        start = one()
        add(inc.alias("left")(start), inc.alias("right")(start))

    plan = plan_of(diamond)
    assert [(s.index, s.key, s.upstream) for s in plan.steps] == [
        (0, "one", ()),
        (1, "left", (0,)),
        (2, "right", (0,)),
        (3, "add", (1, 2)),
    ]
    assert plan.downstream == [[1, 2], [3], [3], []]
    assert plan.step_keys_to_execute == ["one", "left", "right", "add"]
    assert [[s.key for s in level] for level in plan.get_steps_to_execute_by_level()] == [
        ["one"],
        ["left", "right"],
        ["add"],
    ]
    assert len(plan) == 4
    assert plan.has_step("left")
    assert not plan.has_step("middle")


def test_an_unknown_step_is_refused_with_the_nearest_name() -> None:
    @job
    def small():
        one()

    with pytest.raises(DagsterExecutionStepNotFoundError, match=r"[Dd]id you mean") as caught:
        plan_of(small).get_step_by_key("one_")
    assert caught.value.step_keys == ["one_"]
    assert '"one"' in str(caught.value) or "'one'" in str(caught.value)


def test_nested_graphs_become_steps_with_dotted_keys() -> None:
    @graph(out={"up": GraphOut(), "down": GraphOut()})
    def inner(number):
        return {"up": inc(number), "down": add(number)}

    @graph
    def outer(n):
        result = inner(n)
        return inc(result.up)

    @job
    def nested():
        inc.alias("last")(outer(one()))

    plan = plan_of(nested)
    assert plan.step_keys_to_execute == [
        "one",
        "outer.inner.inc",
        "outer.inner.add",
        "outer.inc",
        "last",
    ]
    step = plan.get_step_by_key("outer.inner.inc")
    assert step.node_handle == NodeHandle("inc", NodeHandle("inner", NodeHandle("outer")))
    assert step.handle == StepHandle(step.node_handle, "outer.inner.inc")
    assert step.op_name == "inc"
    first = source(plan, "outer.inner.inc", "x")
    assert isinstance(first, FromStepOutput)
    assert first.handle == StepOutputHandle("one", "result")
    upper = source(plan, "outer.inc", "x")
    assert isinstance(upper, FromStepOutput)
    assert (upper.step, upper.step_key) == (1, "outer.inner.inc")
    last = source(plan, "last", "x")
    assert isinstance(last, FromStepOutput)
    assert last.step_key == "outer.inc"


def test_fan_in_is_a_list_of_sources() -> None:
    @graph
    def around(given):
        return total([one(), given])

    @job
    def fan():
        around(inc(one()))

    plan = plan_of(fan)
    found = source(plan, "around.total", "xs")
    assert isinstance(found, FromMultipleSources)
    keys = [s.step_key for s in found.sources if isinstance(s, FromStepOutput)]
    assert keys == ["around.one", "inc"]
    assert plan.get_step_by_key("around.total").upstream == tuple(
        plan.get_step_by_key(key).index for key in keys
    )


def test_a_step_that_takes_one_output_twice_waits_for_it_once() -> None:
    @job
    def twice():
        value = one()
        add(value, value)

    plan = plan_of(twice)
    assert plan.steps[1].upstream == (0,)
    assert plan.downstream == [[1], []]


def test_where_open_inputs_come_from() -> None:
    @job
    def open_inputs():
        add()

    config = {"ops": {"add": {"inputs": {"a": 4}}}}
    plan = plan_of(open_inputs, config)
    found = source(plan, "add", "a")
    assert isinstance(found, FromConfig)
    assert (found.node, found.input_name) == ("add", "a")
    default = source(plan, "add", "b")
    assert isinstance(default, FromDefaultValue)
    assert default.value == 7
    config["ops"]["add"]["inputs"]["b"] = 5
    assert isinstance(source(plan_of(open_inputs, config), "add", "b"), FromConfig)


def test_the_default_of_the_outermost_graph_wins() -> None:
    @op(ins={"x": In(int, default_value=1)})
    def leaf(x):
        return x

    @graph
    def without(x):
        return leaf(x)

    @graph
    def inner(x=2):
        return leaf(x)

    @graph
    def outer(x=3):
        return inner(x)

    @job
    def defaults():
        leaf()
        without()
        inner.alias("alone")()
        outer()

    plan = plan_of(defaults)
    values: dict[str, object] = {}
    for step in plan.steps:
        found = step.inputs[0].source
        assert isinstance(found, FromDefaultValue)
        values[step.key] = found.value
    assert values == {"leaf": 1, "without.leaf": 1, "alone.leaf": 2, "outer.inner.leaf": 3}


def test_config_of_a_graph_reaches_the_op_inside() -> None:
    @graph(ins={"x": GraphIn()})
    def around(x):
        return inc(x)

    @job
    def configured_graph():
        around()

    outside = plan_of(configured_graph, {"ops": {"around": {"inputs": {"x": 4}}}})
    found = source(outside, "around.inc", "x")
    assert isinstance(found, FromConfig)
    assert (found.node, found.input_name) == ("around", "x")


def test_values_for_inputs_of_the_job() -> None:
    @graph
    def takes(n, m=5):
        return add(n, m)

    job_def = takes.to_job(input_values={"n": 10})
    plan = plan_of(job_def)
    given = source(plan, "add", "a")
    assert isinstance(given, FromDirectInputValue)
    assert (given.input_name, given.value) == ("n", 10)
    assert isinstance(source(plan, "add", "b"), FromDefaultValue)
    config = {"inputs": {"n": 3}}
    found = source(plan_of(takes.to_job(), config), "add", "a")
    assert isinstance(found, FromConfig)
    assert (found.node, found.input_name) == ("", "n")


def test_input_managers_are_sources() -> None:
    from dagster._core.io.input_manager import input_manager

    @input_manager
    def loader(_context):
        return 1

    @op(ins={"x": In(input_manager_key="loader")})
    def reads(x):
        return x

    @job(resource_defs={"loader": loader})
    def managed():
        reads()
        reads.alias("connected")(one())

    plan = plan_of(managed)
    found = source(plan, "reads", "x")
    assert isinstance(found, FromInputManager)
    assert (found.node, found.input_name) == ("reads", "x")
    assert isinstance(source(plan, "connected", "x"), FromStepOutput)


def test_open_inputs_of_type_nothing_are_left_out() -> None:
    @op(ins={"after": In(Nothing)})
    def waits():
        return 1

    @job
    def ordered():
        waits.alias("free")()
        waits(after=one())

    plan = plan_of(ordered)
    assert plan.get_step_by_key("free").inputs == ()
    assert plan.get_step_by_key("waits").upstream == (plan.get_step_by_key("one").index,)


def test_what_runs_per_key_and_what_collects() -> None:
    @job
    def dynamic():
        start = one()
        results = spread().map(lambda x: inc.alias("second")(add.alias("first")(x, start)))
        total(results.collect())

    plan = plan_of(dynamic)
    assert plan.step_keys_to_execute == ["one", "spread", "first[?]", "second[?]", "total"]
    first, second, last = plan.steps[2:]
    assert (first.kind, first.scope) == (StepKind.UNRESOLVED_MAPPED, (1, "result"))
    assert (second.kind, second.scope) == (StepKind.UNRESOLVED_MAPPED, (1, "result"))
    assert (last.kind, last.scope) == (StepKind.UNRESOLVED_COLLECT, None)
    assert first.handle == UnresolvedStepHandle(NodeHandle("first"))
    assert set(first.upstream) == {0, 1}
    assert second.upstream == (2,)
    assert set(last.upstream) == {1, 3}
    dynamic_input = source(plan, "first[?]", "a")
    assert isinstance(dynamic_input, FromMappedOutput)
    assert dynamic_input.is_dynamic
    chained = source(plan, "second[?]", "x")
    assert isinstance(chained, FromMappedOutput)
    assert not chained.is_dynamic
    collected = source(plan, "total", "xs")
    assert isinstance(collected, FromDynamicCollect)
    assert (collected.of.step, collected.source_step) == (3, 1)


def test_a_step_is_made_for_a_key() -> None:
    @job
    def dynamic():
        start = one()
        spread().map(lambda x: inc.alias("second")(add.alias("first")(x, start)))

    plan = plan_of(dynamic)
    first = plan.steps[2].resolve(10, "k", {})
    assert (first.index, first.key, first.mapping_key) == (10, "first[k]", "k")
    assert first.handle == ResolvedFromDynamicStepHandle(NodeHandle("first"), "k", "first[k]")
    assert first.kind is StepKind.COMPUTE
    assert first.template is plan.steps[2]
    value = first.step_input_named("a").source
    assert isinstance(value, FromStepOutput)
    assert value.handle == StepOutputHandle("spread", "result", "k")
    second = plan.steps[3].resolve(11, "k", {2: 10})
    value = second.step_input_named("x").source
    assert isinstance(value, FromStepOutput)
    assert (value.step, value.handle) == (10, StepOutputHandle("first[k]", "result"))
    assert second.upstream == (10,)
    assert second.outputs is plan.steps[3].outputs


def test_dynamic_outputs_go_through_nested_graphs() -> None:
    @graph
    def source_graph():
        return spread()

    @graph
    def per_key(x):
        return inc(inc.alias("again")(x))

    @graph
    def end(xs):
        return total(xs)

    @job
    def through():
        end(source_graph().map(per_key).collect())

    plan = plan_of(through)
    assert plan.step_keys_to_execute == [
        "source_graph.spread",
        "per_key.again[?]",
        "per_key.inc[?]",
        "end.total",
    ]
    assert isinstance(source(plan, "end.total", "xs"), FromDynamicCollect)
    resolved = plan.steps[1].resolve(9, "a", {})
    assert resolved.key == "per_key.again[a]"


def test_collecting_and_mapping_in_one_op_is_refused() -> None:
    @op
    def both(x, xs):
        return x

    message = (
        'op "{}" cannot both collect a dynamic output and be downstream of one itself. Collect in an op of '
        "its own first."
    )
    with pytest.raises(DagsterInvalidDefinitionError) as caught:

        @job
        def mixed():
            values = spread()
            all_values = values.collect()
            values.map(lambda x: both(x, all_values))

    assert str(caught.value) == message.format("both")

    @graph
    def around(x, xs):
        return both(x, xs)

    @job
    def hidden():
        values = spread()
        all_values = values.collect()
        values.map(lambda x: around(x, all_values))

    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        plan_of(hidden)
    assert str(caught.value) == message.format("around.both")


def test_retry_policies_of_the_nearest_level_win() -> None:
    own, of_op, of_job = (
        RetryPolicy(max_retries=1),
        RetryPolicy(max_retries=2),
        RetryPolicy(max_retries=3),
    )

    @op(retry_policy=of_op)
    def stubborn():
        return 1

    @job(op_retry_policy=of_job)
    def policies():
        one()
        stubborn()
        stubborn.with_retry_policy(own).alias("use")()

    plan = plan_of(policies)
    assert [s.retry_policy for s in plan.steps] == [of_job, of_op, own]


def test_hooks_of_all_levels_add_up() -> None:
    @success_hook(name="a")
    def hook_a(_context):
        pass

    @success_hook(name="b")
    def hook_b(_context):
        pass

    @success_hook(name="c")
    def hook_c(_context):
        pass

    @graph
    def around():
        one.with_hooks({hook_a})()
        inc(one.alias("bare")())

    @job(hooks={hook_c})
    def hooked():
        around.with_hooks({hook_b})()

    plan = plan_of(hooked)
    assert plan.get_step_by_key("around.one").hook_defs == {hook_a, hook_b, hook_c}
    assert plan.get_step_by_key("around.bare").hook_defs == {hook_b, hook_c}


def test_steps_of_one_op_share_their_outputs() -> None:
    @op(out={"a": Out(), "b": Out(is_required=False)})
    def two():
        yield from ()

    @job
    def shared():
        two.alias("x")()
        two.alias("y")()

    x, y = plan_of(shared).steps
    assert x.outputs is y.outputs
    assert x.tracks_outputs
    assert x.has_step_output("a")
    assert not x.has_step_output("c")
    assert x.step_output_named("b").is_required is False
    assert [o.name for o in x.step_outputs] == ["a", "b"]
    assert not x.has_step_input("a")


@pytest.mark.slow
@pytest.mark.parametrize("count", [10_000, 100_000])
def test_a_long_chain_compiles_without_recursion(
    count: int, record_property: pytest.RecordProperty
) -> None:
    assert sys.getrecursionlimit() <= 10_000

    @job
    def long():
        value = one()
        for _ in range(count - 1):
            value = inc(value)

    started = time.perf_counter()
    plan = plan_of(long)
    record_property("microseconds_per_step", (time.perf_counter() - started) / count * 1e6)
    assert len(plan) == count
    assert plan.steps[-1].key == f"inc_{count - 1}"
    assert sum(len(after) for after in plan.downstream) == count - 1
