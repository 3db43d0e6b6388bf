"""GraphDefinition: what is in it, copies, parts, and running it."""

from __future__ import annotations

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.graph.definition import subset_of_graph
from dagster._core.definitions.inputs import In
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, GraphOut
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.records.handles import NodeHandle
from dagster._core.records.user_events import DynamicOutput


@op
def one() -> int:
    return 1


@op
def inc(x: int) -> int:
    return x + 1


@op
def total(xs: list[int]) -> int:
    return sum(xs)


@graph
def inner(x: int):
    """Twice."""
    return inc.alias("second")(inc.alias("first")(x))


@graph(out={"a": GraphOut(), "b": GraphOut()})
def outer():
    start = one()
    return inner(start), inner.alias("again")(start)


def test_what_is_inside() -> None:
    assert outer.node_names() == ["one", "inner", "again"]
    assert [d.name for d in outer.node_defs] == ["one", "inner"]
    assert [d.name for d in outer.iterate_op_defs()] == ["one", "inc"]
    assert [d.name for d in outer.iterate_node_defs()] == ["outer", "one", "inner", "inc"]
    assert [str(h) for h in outer.iterate_node_handles()] == [
        "one",
        "inner",
        "inner.first",
        "inner.second",
        "again",
        "again.first",
        "again.second",
    ]
    assert outer.node_named("again").definition is inner
    assert outer.node_named("again").is_graph
    assert outer.has_node_named("one")
    assert not outer.has_node_named("first")
    assert not outer.has_dynamic_outputs_inside


def test_nodes_by_handle() -> None:
    handle = NodeHandle("first", NodeHandle("again"))
    assert outer.get_node(handle).definition is inc
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r"\"one.x\" leads into op 'one', which is not a graph"
    ):
        outer.get_node(NodeHandle("x", NodeHandle("one")))
    with pytest.raises(
        DagsterInvalidDefinitionError,
        match=r'graph \'outer\': unknown node "innr". Did you mean "inner"?',
    ):
        outer.node_named("innr")


def test_types_inside() -> None:
    assert outer.has_dagster_type("Int")
    assert outer.dagster_type_named("Int").display_name == "Int"
    with pytest.raises(DagsterInvalidDefinitionError, match=r'unknown type "Itn". Did you mean "Int"?'):
        outer.dagster_type_named("Itn")


def test_mappings_and_origins() -> None:
    output_def, handle = outer.resolve_output_to_origin("b", None)
    assert (output_def.name, str(handle)) == ("result", "again.second")
    assert inner.get_input_mapping("x").mapped_node_name == "first"
    with pytest.raises(DagsterInvalidDefinitionError, match='unknown input "y"'):
        inner.get_input_mapping("y")
    with pytest.raises(DagsterInvalidDefinitionError, match='unknown output "c"'):
        outer.get_output_mapping("c")


def test_copy_changes_only_what_is_said() -> None:
    copied = inner.copy(name="other", tags={"t": "1"})
    assert (copied.name, copied.description, copied.tags) == ("other", "Twice.", {"t": "1"})
    assert copied.node_names() == inner.node_names()
    assert inner.tags == {}


def test_it_runs_with_values_config_and_resources() -> None:
    @op(required_resource_keys={"r"}, config_schema={"n": int})
    def needs(context, x):
        return context.resources.r, context.op_config["n"], x

    @graph
    def wants(x):
        return needs(x)

    result = wants.execute_in_process(
        run_config={"ops": {"needs": {"config": {"n": 2}}}},
        resources={"r": "db"},
        input_values={"x": 3},
        run_id="11111111-1111-1111-1111-111111111111",
    )
    assert result.output_value() == ("db", 2, 3)
    assert result.run_id == "11111111-1111-1111-1111-111111111111"
    with pytest.raises(
        DagsterInvalidDefinitionError, match="resource with key \"r\" required by op 'needs'"
    ):
        wants.execute_in_process(
            input_values={"x": 1}, run_config={"ops": {"needs": {"config": {"n": 2}}}}
        )
    with pytest.raises(
        DagsterInvalidDefinitionError, match='Input value provided for unknown input "y"'
    ):
        wants.execute_in_process(input_values={"y": 1})


def test_it_runs_in_part() -> None:
    result = outer.execute_in_process(op_selection=["one", "inner.first"])
    assert sorted(e.step_key for e in result.all_node_events if e.is_step_success) == [
        "inner.first",
        "one",
    ]


def test_errors_are_raised_or_told() -> None:
    @op
    def broken():
        raise ValueError("boom")

    @graph
    def fails():
        broken()

    assert not fails.execute_in_process(raise_on_error=False).success
    with pytest.raises(ValueError, match="boom"):
        fails.execute_in_process()


def test_calling_it_is_refused() -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match="Attempted to call graph 'outer' outside of"
    ):
        outer()


def test_to_job() -> None:
    made = inner.to_job(
        name="n",
        description="d",
        tags={"a": 1},
        metadata={"m": 1},
        input_values={"x": 4},
        run_tags={"r": "2"},
    )
    assert (made.name, made.description, made.tags, made.run_tags) == ("n", "d", {"a": "1"}, {"r": "2"})
    assert made.execute_in_process().output_value() == 6
    assert inner.to_job().name == "inner"
    assert inner.to_job().description == "Twice."
    part = outer.to_job(op_selection=["one"])
    assert part.graph.node_names() == ["one"]


# Parts of graphs


def test_part_opens_inputs_and_drops_what_leads_nowhere() -> None:
    part = subset_of_graph(outer, [["inner", "second"]])
    assert part.is_subselected
    assert part.parent_graph_def is outer
    assert part.node_names() == ["inner"]
    nested = part.node_named("inner").definition
    assert nested.input_defs == []  # type: ignore[union-attr]
    assert [d.name for d in part.output_defs] == ["a"]


def test_part_keeps_what_is_left_of_a_list() -> None:
    @graph
    def gathers(x: int):
        return total([one(), inc(x), one.alias("uno")()])

    part = subset_of_graph(gathers, [["one"], ["uno"], ["total"]])
    edge = part.dependencies["total"]["xs"]
    assert [d.node for d in edge.get_node_dependencies()] == ["one", "uno"]
    assert part.execute_in_process().output_value() == 2
    assert subset_of_graph(gathers, [["total"]]).dependencies["total"] == {}


def test_part_with_a_graph_input_in_a_list() -> None:
    @graph
    def gathers(x: int):
        return total([x, one()])

    whole = subset_of_graph(gathers, [["one"], ["total"]])
    assert whole.execute_in_process(input_values={"x": 5}).output_value() == 6


def test_part_keeps_tags_hooks_and_dynamic_edges() -> None:
    @op(out=DynamicOut())
    def spread():
        yield DynamicOutput(1, "k")

    @op(ins={"start": In(Nothing)})
    def after():
        return 1

    @graph
    def mapped():
        values = spread().map(inc.tag({"a": "b"}))
        total(values.collect())
        after(start=values.collect())

    part = subset_of_graph(mapped, [["spread"], ["inc"], ["total"]])
    assert part.node_named("inc").tags == {"a": "b"}
    assert part.execute_in_process().output_for_node("total") == 2
