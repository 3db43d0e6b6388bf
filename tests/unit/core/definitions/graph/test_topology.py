"""The order of nodes, circles, and where dynamic outputs can work."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    MultiDependencyDefinition,
)
from dagster._core.definitions.graph.topology import topological_names
from dagster._core.definitions.inputs import In
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.user_events import DynamicOutput


@st.composite
def graphs(draw: st.DrawFn, acyclic: bool) -> dict[str, list[str]]:
    size = draw(st.integers(1, 12))
    names = draw(st.permutations([f"n{i}" for i in range(size)]))
    upstream = {}
    for position, name in enumerate(names):
        candidates = names[:position] if acyclic else names
        upstream[name] = draw(st.lists(st.sampled_from(candidates), max_size=4)) if candidates else []
    order = draw(st.permutations(names))
    return {name: upstream[name] for name in order}


def edges_of(upstream: dict[str, list[str]]) -> dict[str, Any]:
    return {
        name: {"x": MultiDependencyDefinition([DependencyDefinition(s) for s in sources])}
        for name, sources in upstream.items()
    }


@given(graphs(acyclic=True))
def test_each_name_comes_after_what_it_depends_on(upstream: dict[str, list[str]]) -> None:
    order = topological_names(list(upstream), edges_of(upstream), "g")
    assert sorted(order) == sorted(upstream)
    place = {name: i for i, name in enumerate(order)}
    assert all(place[s] < place[name] for name, sources in upstream.items() for s in sources)


@given(graphs(acyclic=False))
def test_a_circle_is_found_and_shown(upstream: dict[str, list[str]]) -> None:
    reach = {name: set(sources) for name, sources in upstream.items()}
    for _ in upstream:
        reach = {name: seen | {r for s in seen for r in reach[s]} for name, seen in reach.items()}
    has_circle = any(name in seen for name, seen in reach.items())
    try:
        topological_names(list(upstream), edges_of(upstream), "g")
    except DagsterInvalidDefinitionError as error:
        assert has_circle
        shown = str(error).split("circular dependency: ")[1].split(". ")[0].split(" → ")
        assert shown[0] == shown[-1]
        # Each arrow is an edge: what it leads to depends on where it comes from.
        assert all(a in upstream[b] for a, b in itertools.pairwise(shown))
    else:
        assert not has_circle


def test_long_chains_need_no_recursion() -> None:
    upstream = {f"n{i}": [f"n{i - 1}"] if i else [] for i in range(20_000)}
    edges = {
        name: {"x": DependencyDefinition(sources[0])} if sources else {}
        for name, sources in upstream.items()
    }
    assert topological_names(list(reversed(upstream)), edges, "g") == list(upstream)


# Dynamic outputs


@op
def one():
    return 1


@op
def inc(x):
    return x + 1


@op
def add(x, y):
    return x + y


@op
def total(xs):
    return sum(xs)


@op(out=DynamicOut())
def spread():
    yield DynamicOutput(1, "k")


@op(out=DynamicOut())
def spread_of(x):
    yield DynamicOutput(x, "k")


@op(ins={"start": In(Nothing)})
def after():
    return 1


def refused(body: Any, *parts: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        graph(name="g")(body)
    for part in parts:
        assert part in str(caught.value)


def test_dynamic_outputs_do_not_nest() -> None:
    def body():
        spread().map(spread_of)

    refused(
        body,
        'op "spread_of" cannot be downstream of dynamic output "spread:result"',
        "mapping keys do not nest. Collect first",
    )


def test_dynamic_outputs_do_not_nest_through_graphs() -> None:
    @graph
    def inner(x):
        return spread_of(inc(x))

    refused(lambda: spread().map(inner), 'op "inner.spread_of" cannot be downstream')


def test_two_dynamic_sources_of_one_op() -> None:
    def body():
        values = spread()
        spread.alias("other")().map(lambda x: values.map(lambda y: add(x, y)))

    refused(
        body,
        '"add" cannot be downstream of more than one dynamic output.',
        'It is downstream of both "other:result" and "spread:result". Collect one of them first.',
    )


def test_two_dynamic_sources_through_a_graph() -> None:
    @graph
    def inner(x, y):
        return add(inc(x), inc(y))

    def body():
        values = spread()
        spread.alias("other")().map(lambda x: values.map(lambda y: inner(x, y)))

    refused(body, '"inner.add" cannot be downstream of more than one dynamic output')


def test_a_mapped_value_in_a_list() -> None:
    refused(
        lambda: spread().map(lambda x: total([x, one()])),
        "op 'total' takes the dynamic output \"spread:result\" in a list of dependencies",
    )


def test_collecting_what_is_not_dynamic() -> None:
    def body():
        total(spread().map(lambda x: one()).collect())

    refused(body, 'collects output "result" of "one", which is not dynamic')


def test_what_works() -> None:
    @graph
    def fine():
        values = spread()
        # Both inputs are of the same source.
        values.map(lambda x: add(x, inc(x)))
        # After a collect, values are plain again.
        spread_of(total(values.collect())).map(inc)
        # Nothing orders per key.
        values.map(lambda x: after(start=x))
        add(total(values.collect()), total(values.map(inc).collect()))

    assert fine.execute_in_process().success
