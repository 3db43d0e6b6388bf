"""Graphs built from dependency dictionaries, without the decorators."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    MappedInputPlaceholder,
    MultiDependencyDefinition,
    NodeInvocation,
)
from dagster._core.definitions.hook import success_hook
from dagster._core.definitions.inputs import In, InputDefinition, InputMapping
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out, OutputDefinition, OutputMapping
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import DynamicOutput

D = DependencyDefinition


@op
def one() -> int:
    return 1


@op
def inc(x: int) -> int:
    return x + 1


@op
def add(x, y):
    return x + y


@op
def total(xs: list[int]) -> int:
    return sum(xs)


@op(out=DynamicOut(int))
def spread():
    for n in range(3):
        yield DynamicOutput(n, f"k{n}")


@op(out=Out(Nothing))
def silent():
    pass


def build(nodes: list[Any], dependencies: Any = None, **kwargs: Any) -> GraphDefinition:
    return GraphDefinition("g", node_defs=nodes, dependencies=dependencies, **kwargs)


def refused(nodes: list[Any], dependencies: Any, *parts: str, **kwargs: Any) -> None:
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        build(nodes, dependencies, **kwargs)
    for part in parts:
        assert part in str(caught.value)


def test_edges_by_name() -> None:
    made = build(
        [one, inc, add],
        {"add": {"x": D("one"), "y": D("inc", "result", "why")}, "inc": {"x": D(node="one")}},
        output_mappings=[OutputMapping("out", "add", "result")],
    )
    assert [n.name for n in made.nodes] == ["one", "inc", "add"]
    assert [n.name for n in made.nodes_in_topological_order] == ["one", "inc", "add"]
    assert made.execute_in_process().output_value("out") == 3


def test_aliases_tags_hooks_and_policies_by_node_invocation() -> None:
    policy = RetryPolicy(max_retries=1)

    @success_hook
    def hook(context):
        pass

    made = build(
        [one, inc],
        {
            NodeInvocation("inc", alias="second"): {"x": D("first")},
            NodeInvocation("inc", "first", tags={"a": 1}, hook_defs={hook}, retry_policy=policy): {
                "x": D("one")
            },
        },
        output_mappings=[OutputMapping("out", "second")],
    )
    first = made.node_named("first")
    assert (first.tags, first.hook_defs, first.retry_policy) == ({"a": "1"}, {hook}, policy)
    assert [n.name for n in made.nodes_in_topological_order] == ["one", "first", "second"]
    assert made.execute_in_process().output_value("out") == 3
    assert NodeInvocation("a", "b", {"t": "1"}) == NodeInvocation("a", "b", {"t": "1"})
    assert len({NodeInvocation("a"), NodeInvocation("a"), NodeInvocation("a", "b")}) == 2


def test_fan_in_and_a_place_that_a_graph_input_fills() -> None:
    made = build(
        [one, inc, total],
        {
            "inc": {"x": D("one")},
            "total": {"xs": MultiDependencyDefinition([D("one"), MappedInputPlaceholder, D("inc")])},
        },
        input_mappings=[InputMapping("given", "total", "xs", fan_in_index=1)],
        output_mappings=[OutputMapping("out", "total")],
    )
    assert made.execute_in_process(input_values={"given": 10}).output_value("out") == 13
    as_list = build([one, total], {"total": {"xs": [D("one"), D("one")]}})
    assert as_list.execute_in_process().output_for_node("total") == 2


def test_dynamic_collect() -> None:
    made = build(
        [spread, inc, total],
        {
            "inc": {"x": D("spread")},
            "total": {"xs": DynamicCollectDependencyDefinition("inc", "result")},
        },
    )
    assert made.execute_in_process().output_for_node("total") == 6


def test_older_forms_of_mappings() -> None:
    inner = InputDefinition("given", int)
    outer = OutputDefinition(int, "out")
    made = build(
        [inc],
        input_mappings=[inner.mapping_to("inc", "x")],
        output_mappings=[outer.mapping_from("inc")],
    )
    assert made.execute_in_process(input_values={"given": 1}).output_value("out") == 2
    assert D(solid="x").solid == "x"
    assert DynamicCollectDependencyDefinition(solid_name="x").node_name == "x"


def test_a_graph_in_a_graph() -> None:
    inner = build(
        [inc],
        input_mappings=[InputMapping("a", "inc", "x")],
        output_mappings=[OutputMapping("b", "inc")],
    )
    made = GraphDefinition(
        "outer",
        node_defs=[one, inner],
        dependencies={"g": {"a": D("one")}},
        output_mappings=[OutputMapping("c", "g", "b")],
    )
    assert made.execute_in_process().output_value("c") == 2


@pytest.mark.parametrize(
    ("dependencies", "parts"),
    [
        ({"incc": {}}, ['in graph "g", unknown node "incc". Did you mean "inc"?']),
        ({"inc": {"y": D("one")}}, ['node "inc" does not have input "y".', 'Its inputs: "x".']),
        (
            {"inc": {"x": D("onee")}},
            ['input "x" of "inc" depends on unknown node "onee". Did you mean "one"?'],
        ),
        (
            {"inc": {"x": D("one", "resul")}},
            ['depends on output "resul" of "one", which does not have it. Did you mean "result"?'],
        ),
        ({"inc": {"x": 5}}, ['the dependency of input "x" to be a DependencyDefinition, got: 5']),
        ({"inc": 5}, ['the value under the key "inc" to be a dict of inputs to dependencies, got: 5']),
        ({5: {}}, ["each key of dependencies to be a string or a NodeInvocation, got: 5"]),
        (
            {NodeInvocation("one", "a"): {}, NodeInvocation("inc", "a"): {}},
            ['the name "a" is used twice. Give an alias.'],
        ),
        ({"inc": {"x": D("inc")}}, ["circular dependency: inc → inc"]),
        ({"total": {"xs": MultiDependencyDefinition([D("spread")])}}, ["in a list of dependencies"]),
        (
            {"total": {"xs": DynamicCollectDependencyDefinition("one")}},
            ['collects output "result" of "one", which is not dynamic'],
        ),
        (
            {"inc": {"x": D("silent")}},
            ['expects a value of type Int but depends on output "result" of "silent"', "type Nothing"],
        ),
    ],
)
def test_wrong_dependencies_are_refused(dependencies: Any, parts: list[str]) -> None:
    refused([one, inc, total, spread, silent], dependencies, *parts)


@pytest.mark.parametrize(
    ("mappings", "parts"),
    [
        ([InputMapping("q", "incc", "x")], ['the mapping of graph input "q" names unknown node "incc"']),
        ([InputMapping("q", "inc", "xx")], ['names unknown input "xx"']),
        (
            [InputMapping("q", "inc", "x"), InputMapping("r", "inc", "x")],
            ['two input mappings fill input "x" of node "inc"'],
        ),
        ([InputMapping("q", "add", "x")], ['input "x" of node "add" is filled both by a dependency']),
        (
            [InputMapping("q", "inc", "x", fan_in_index=0)],
            ["fills place 0 of the dependencies", "which is not a MappedInputPlaceholder"],
        ),
    ],
)
def test_wrong_input_mappings_are_refused(mappings: Any, parts: list[str]) -> None:
    refused([one, inc, add], {"add": {"x": D("one")}}, *parts, input_mappings=mappings)


@pytest.mark.parametrize(
    ("mappings", "parts"),
    [
        ([OutputMapping("q", "onee")], ['the mapping of graph output "q" names unknown node "onee"']),
        ([OutputMapping("q", "one", "res")], ['names unknown output "res". Did you mean "result"?']),
        ([OutputMapping("q", "one"), OutputMapping("q", "one")], ['has two outputs with the name "q"']),
    ],
)
def test_wrong_output_mappings_are_refused(mappings: Any, parts: list[str]) -> None:
    refused([one], {}, *parts, output_mappings=mappings)


def test_two_definitions_of_one_name_are_refused() -> None:
    other = op(name="one")(lambda: 2)
    refused([one, other], {}, 'two different definitions with the name "one"')


def test_wrong_edges_are_refused() -> None:
    with pytest.raises(
        check.ParameterCheckError, match="each item of dependencies to be a DependencyDefinition"
    ):
        MultiDependencyDefinition([5])  # type: ignore[list-item]
    with pytest.raises(check.ParameterCheckError, match="expected node to be a str, got: None"):
        D()
    with pytest.raises(check.ParameterCheckError, match="expected output to be a str"):
        D("a", 5)  # type: ignore[arg-type]


def test_nothing_may_order_nothing() -> None:
    @op(ins={"start": In(Nothing)})
    def after():
        return 1

    made = build(
        [silent, one, after],
        {"after": {"start": MultiDependencyDefinition([D("silent"), D("one")])}},
    )
    assert made.execute_in_process().output_for_node("after") == 1


def test_edges_compare_by_what_they_name() -> None:
    assert D("a", "b") == D("a", "b", "other description")
    assert D("a") != D("b")
    assert hash(D("a")) == hash(D("a"))
    assert repr(D("a")) == "DependencyDefinition('a', 'result')"


@pytest.mark.parametrize(
    "annotation", [int, dict, dict[str, int], set[int], tuple[int, int], int | None, int | str]
)
def test_several_outputs_for_an_input_that_takes_no_list_are_refused(annotation: Any) -> None:
    @op
    def value():
        return 1

    @op
    def wrong(xs: annotation):
        return xs

    with pytest.raises(
        DagsterInvalidDefinitionError, match=r"input \"xs\" of op 'wrong' is of type .* fanning in"
    ):

        @graph
        def fan_in():
            wrong([value(), value()])


@pytest.mark.parametrize(
    "annotation",
    [list, list[int], Sequence[int], list[int] | None, Any, int | list[int], object, Iterable],
)
def test_several_outputs_for_an_input_that_takes_a_list_are_taken(annotation: Any) -> None:
    @op
    def value():
        return 1

    @op
    def right(xs: annotation):
        return xs

    @graph
    def fan_in():
        return right([value(), value()])

    assert fan_in.execute_in_process().output_value() == [1, 1]


def test_collected_outputs_for_an_input_that_takes_no_list_are_refused() -> None:
    @op(out=DynamicOut(int))
    def spread():
        return [DynamicOutput(1, "a")]

    @op
    def wrong(x: int):
        return x

    with pytest.raises(DagsterInvalidDefinitionError, match=r"arrive as a list\. Use List\[Int\]"):

        @graph
        def collected():
            wrong(spread().collect())
