from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.resource.requirement import (
    ResourceRequirement,
    ensure_requirements_satisfied,
    find_cycle,
    resolve_init_order,
    resource_requirements,
)
from dagster._core.errors import DagsterInvalidDefinitionError


def needing(*keys: str) -> ResourceDefinition:
    return ResourceDefinition(lambda _context: None, required_resource_keys=set(keys))


def test_what_is_there_is_enough():
    ensure_requirements_satisfied({"db": 1}, [ResourceRequirement("db", 'op "load"')])


def test_everything_missing_is_told_at_once():
    with pytest.raises(DagsterInvalidDefinitionError) as error:
        ensure_requirements_satisfied(
            {"database": 1},
            [
                ResourceRequirement("databse", 'op "load"'),
                ResourceRequirement("databse", 'op "load"'),
                ResourceRequirement("api", 'type "Frame"'),
            ],
        )
    assert str(error.value) == (
        'resource with key "databse" required by op "load" was not provided. '
        'Did you mean "database"? Provided: "database".\n'
        'resource with key "api" required by type "Frame" was not provided. Provided: "database".\n'
        'Give it in resource_defs or resources: {"databse": …, "api": …}.'
    )


def test_resources_tell_what_they_need():
    assert list(resource_requirements({"a": needing("c", "b")})) == [
        ResourceRequirement("b", 'resource with key "a"'),
        ResourceRequirement("c", 'resource with key "a"'),
    ]


def test_the_order_follows_the_needs_and_takes_in_what_is_needed():
    definitions = {"a": needing("b", "c"), "b": needing("c"), "c": needing(), "unused": needing("a")}
    assert resolve_init_order(definitions, ["a"]) == ("c", "b", "a")
    assert resolve_init_order(definitions, []) == ()


def test_a_missing_need_names_the_resource_that_needs_it():
    with pytest.raises(DagsterInvalidDefinitionError, match='"b" required by resource with key "a"'):
        resolve_init_order({"a": needing("b")}, ["a"])
    with pytest.raises(DagsterInvalidDefinitionError, match='"x" required by this execution'):
        resolve_init_order({"a": needing()}, ["x"])


def test_a_circle_is_drawn():
    definitions = {"a": needing("b"), "b": needing("c"), "c": needing("b")}
    with pytest.raises(DagsterInvalidDefinitionError, match=r'in a circle: "b" → "c" → "b"\. Remove'):
        resolve_init_order(definitions, ["a"])


def test_long_chains_need_no_recursion():
    count = 5_000
    definitions = {f"r{i}": needing(f"r{i + 1}") for i in range(count)} | {f"r{count}": needing()}
    order = resolve_init_order(definitions, ["r0"])
    assert order[0] == f"r{count}"
    assert order[-1] == "r0"


@given(st.dictionaries(st.integers(0, 8), st.sets(st.integers(0, 8), max_size=4), max_size=9))
def test_either_a_true_circle_or_an_order(edges):
    graph = {str(key): {str(item) for item in needed} for key, needed in edges.items()}
    for needed in list(graph.values()):
        for key in needed:
            graph.setdefault(key, set())
    cycle = find_cycle(graph)
    definitions = {key: needing(*needed) for key, needed in graph.items()}
    if cycle is not None:
        assert cycle[0] == cycle[-1]
        assert all(after in graph[before] for before, after in itertools.pairwise(cycle))
    else:
        order = resolve_init_order(definitions, graph)
        assert sorted(order) == sorted(graph)
        assert all(order.index(item) < order.index(key) for key in graph for item in graph[key])
