"""Composition: what calls mean in the function of a graph, and what is refused there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.graph.invocation import active_composition
from dagster._core.definitions.hook import success_hook
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import DynamicOutput


@op
def one():
    return 1


@op
def inc(x: int) -> int:
    return x + 1


@op
def add(x, y):
    return x + y


@op(out={"a": Out(int), "b": Out(int)})
def two():
    return 1, 2


@op(out=DynamicOut(int))
def spread():
    for n in range(3):
        yield DynamicOutput(n, f"k{n}")


@op
def total(xs: list[int]) -> int:
    return sum(xs)


@op(ins={"start": In(Nothing)})
def after():
    return 1


def compose(body: Callable[..., Any]) -> Any:
    return graph(name="g")(body)


def refused(body: Callable[..., Any], *parts: str, error: type = DagsterInvalidDefinitionError) -> None:
    with pytest.raises(error) as caught:
        compose(body)
    for part in parts:
        assert part in str(caught.value)
    assert active_composition() is None


def names(definition: Any) -> list[str]:
    return [node.name for node in definition.nodes]


# Outputs used as values


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (list, 'Attempted to iterate over the output "result" of op "one"'),
        (lambda out: out[0], 'Attempted to index with 0 into the output "result" of op "one"'),
        (bool, 'Attempted to test the truth of the output "result" of op "one"'),
        (lambda out: out.alias("x"), "It comes before the call: op.alias(...)(), not op().alias(...)."),
        (lambda out: out.tag({}), "op.tag(...)()"),
        (lambda out: out.with_hooks(set()), "op.with_hooks(...)()"),
        (lambda out: out.map(inc), "It is not dynamic: declare it with DynamicOut"),
        (lambda out: out.collect(), "It is not dynamic: pass it to the next op directly"),
    ],
)
def test_using_an_output_as_a_value_is_refused(use: Callable[[Any], Any], message: str) -> None:
    def body():
        use(one())

    refused(body, message, "inside of a graph", error=DagsterInvariantViolationError)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (list, 'Attempted to iterate over the dynamic output "result" of op "spread"'),
        (lambda out: out[0], "index with 0 into the dynamic output"),
        (bool, "test the truth of the dynamic output"),
        (lambda out: out.alias("x"), "alias the dynamic output"),
        (lambda out: out.with_hooks(set()), "put hooks on the dynamic output"),
    ],
)
def test_using_a_dynamic_output_as_a_value_is_refused(use: Callable[[Any], Any], message: str) -> None:
    def body():
        use(spread())

    refused(body, message, "Use .map(fn)", error=DagsterInvariantViolationError)


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (list, 'Attempted to iterate over the graph input "x"'),
        (lambda x: x[0], 'Attempted to index with 0 into the graph input "x"'),
        (bool, 'Attempted to test the truth of the graph input "x"'),
    ],
)
def test_using_a_graph_input_as_a_value_is_refused(use: Callable[[Any], Any], message: str) -> None:
    def body(x):
        use(x)

    refused(body, message, error=DagsterInvariantViolationError)


def test_outputs_show_what_they_are() -> None:
    shown = []

    def body(x):
        shown.extend(map(repr, [x, inc(x), spread(), spread().collect()]))

    compose(body)
    assert shown == [
        '<graph input "x">',
        '<output "result" of op "inc">',
        '<dynamic output "result" of op "spread">',
        '<collected output "result" of "spread_2">',
    ]


# Arguments


@pytest.mark.parametrize(
    ("call", "parts"),
    [
        (
            lambda: inc(5),
            [
                "In @graph g, received invalid type int for input \"x\" of op 'inc'",
                "got: 5",
                "Constants",
            ],
        ),
        (lambda: inc(x="a"), ["received invalid type str"]),
        (lambda: inc(one), ["it was not called. Write one() to use its output."]),
        (lambda: inc(one.alias("uno")), ["it was not called. Write uno() to use its output."]),
        (lambda: inc(two()), ['the node has several outputs (a, b). Pick one, for instance ".a".']),
        (lambda: inc(spread()), ["Use .map(fn) to run op 'inc' once for each value, or .collect()"]),
        (lambda: total([one(), 5]), ["received invalid type int", "(at index 1 of the list)"]),
        (lambda: total([spread()]), ["comes from a dynamic output", "(at index 0 of the list)"]),
        (lambda: total([spread().collect()]), ["a collected output is a list already"]),
        (lambda: total((one(), one())), ["received invalid type tuple"]),
        (lambda: inc(z=one()), ["op 'inc': unknown input \"z\"", 'Known: "x"']),
        (lambda: add(one(), x=one()), ["op 'add' got input \"x\" both by position and by name"]),
        (
            lambda: inc(one(), one()),
            ["received too many inputs for op 'inc': it takes 1 by position, got 2"],
        ),
        (lambda: inc(None), ["received invalid type NoneType"]),
        (lambda: after(start=5), ["for input \"start\" of op 'after'"]),
    ],
)
def test_wrong_arguments_are_refused(call: Callable[[], Any], parts: list[str]) -> None:
    refused(lambda: call() and None, *parts)


def test_arguments_connect_by_position_and_name() -> None:
    def body(x):
        add(one(), y=inc(x))

    composed = compose(body)
    edges = composed.dependencies["add"]
    assert {name: (edge.node, edge.output) for name, edge in edges.items()} == {
        "x": ("one", "result"),
        "y": ("inc", "result"),
    }
    assert [(m.graph_input_name, m.mapped_node_name) for m in composed.input_mappings] == [("x", "inc")]


def test_several_outputs_unpack_and_have_names() -> None:
    def body():
        a, b = two()
        add(a, b)
        outs = two()
        add(outs.b, outs[0])

    composed = compose(body)
    assert [e.output for e in composed.dependencies["add"].values()] == ["a", "b"]
    assert [e.output for e in composed.dependencies["add_2"].values()] == ["b", "a"]


def test_nothing_inputs_order_by_position_by_name_and_by_list() -> None:
    ran = []

    @op
    def first():
        ran.append("first")

    @op(ins={"start": In(Nothing)})
    def last():
        ran.append("last")

    def body():
        last(first())
        last(start=first())
        last(start=[first(), first()])
        last(start=spread().map(inc).collect())

    assert compose(body).execute_in_process().success
    assert ran.count("last") == 4
    assert ran.index("first") < ran.index("last")


# Names


def test_a_definition_used_twice_gets_numbers() -> None:
    def body():
        one()
        one()
        one.alias("one_3")()
        one()

    assert names(compose(body)) == ["one", "one_2", "one_3", "one_4"]


def test_an_alias_used_twice_is_refused() -> None:
    def body():
        one.alias("a")()
        inc.alias("a")(one())

    refused(body, 'In @graph g, the name "a" is used twice.', "another alias")


@pytest.mark.parametrize("alias", ["context", "a b", "a.b", "class"])
def test_an_invalid_alias_is_refused(alias: str) -> None:
    refused(lambda: one.alias(alias)() and None, f'"{alias}" is not a valid alias')


def test_what_an_invocation_carries() -> None:
    policy = RetryPolicy(max_retries=2)

    @success_hook
    def hook(context):
        pass

    @op(tags={"a": "1", "b": "1"})
    def tagged():
        pass

    def body():
        tagged.tag({"b": "2"}).tag({"c": 3}).alias("x").with_hooks({hook}).with_retry_policy(policy)()
        tagged()

    composed = compose(body)
    node = composed.node_named("x")
    assert node.tags == {"a": "1", "b": "2", "c": "3"}
    assert node.hook_defs == {hook}
    assert node.retry_policy is policy
    assert node.describe_node() == "op 'tagged' aliased as 'x'"
    assert composed.node_named("tagged").tags == {"a": "1", "b": "1"}


# .map


def test_map_takes_functions_of_handles_only() -> None:
    refused(
        lambda: spread().map(lambda x: 5) and None,
        'The function given to .map() on output "result" of op "spread" must return outputs of the ops',
        "got: 5",
    )
    refused(lambda: spread().map(lambda x: [inc(x)]) and None, 'got: [<output "result" of op "inc">]')
    refused(
        lambda: spread().map(lambda x: (inc(x), 5)) and None,
        "must return outputs of ops, got: 5",
        error=Exception,
    )


def test_map_chains_and_collects() -> None:
    @op(out={"low": Out(), "high": Out()})
    def split(x):
        return x, x * 10

    @job
    def mapped():
        values = spread()
        total.alias("plain")(values.collect())
        total.alias("chained")(values.map(inc).map(inc).collect())
        low, high = values.map(split)
        total.alias("low")(low.collect())
        total.alias("high")(high.collect())
        values.map(lambda x: None)
        values.map(lambda x: add(x, one())).map(inc)

    result = mapped.execute_in_process()
    assert [result.output_for_node(n) for n in ("plain", "chained", "low", "high")] == [3, 9, 3, 30]
    assert result.output_for_node("add") == {"k0": 1, "k1": 2, "k2": 3}


# Scopes


def test_composition_ends_with_an_error_of_the_user() -> None:
    def body():
        one()
        raise ValueError("mine")

    refused(body, "mine", error=ValueError)
    assert one() == 1


def test_each_thread_composes_for_itself() -> None:
    started, go_on = threading.Event(), threading.Event()
    composed = []

    def slow():
        one()
        started.set()
        assert go_on.wait(5)
        inc(one())

    thread = threading.Thread(target=lambda: composed.append(compose(slow)))
    thread.start()
    assert started.wait(5)
    assert one() == 1

    def quick():
        one()

    assert names(compose(quick)) == ["one"]
    go_on.set()
    thread.join()
    assert names(composed[0]) == ["one", "one_2", "inc"]


def test_a_graph_made_while_another_is_composed_stands_for_itself() -> None:
    def body():
        @graph
        def local(x):
            return inc(inc(x))

        return local(one())

    assert names(compose(body)) == ["one", "local"]
    assert compose(body).execute_in_process().output_value() == 3


# Invocations of graphs outside


def test_invocation_of_a_graph_becomes_a_job() -> None:
    seen = []

    @success_hook
    def hook(context):
        seen.append(context.op.name)

    @graph
    def inner():
        return inc(one())

    changed = inner.alias("renamed").with_hooks({hook}).tag({"a": "b"})
    made = changed.to_job(tags={"c": "d"})
    assert (made.name, made.tags) == ("renamed", {"a": "b", "c": "d"})
    assert changed.execute_in_process().output_value() == 2
    assert sorted(seen) == ["inc", "one"]
    with pytest.raises(
        DagsterInvalidDefinitionError, match="op 'one' cannot become a job: only graphs can"
    ):
        one.alias("x").to_job()
    with pytest.raises(TypeError, match="unexpected arguments: nope"):
        changed.execute_in_process(nope=1)


@pytest.mark.parametrize(
    "calculate",
    [lambda x: x + 1, lambda x: 1 + x, lambda x: x * 2, lambda x: x > 1, lambda x: x < 1, len],
)
def test_calculating_with_an_output_or_an_input_is_refused(calculate: Callable[[Any], Any]) -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match='calculate with the output "result" of op "one"'
    ):

        @graph
        def with_output():
            inc(calculate(one()))

    with pytest.raises(DagsterInvariantViolationError, match='calculate with the graph input "n"'):

        @graph
        def with_input(n):
            inc(calculate(n))


def test_an_unknown_output_of_a_node_with_several_is_told_with_the_nearest_name() -> None:
    with pytest.raises(
        AttributeError, match=r'"two" in this graph has unknown output "c"\. Known: "a", "b"'
    ):

        @graph
        def g():
            inc(two().c)


def test_the_call_of_a_graph_without_outputs_cannot_be_passed_on() -> None:
    @graph
    def silent():
        one()

    with pytest.raises(
        DagsterInvalidDefinitionError, match="the call that it comes from has no outputs"
    ):

        @graph
        def g():
            inc(silent())


def test_map_takes_a_function() -> None:
    with pytest.raises(ParameterCheckError, match="expected fn to be callable, got: 3"):

        @graph
        def g():
            spread().map(3)
