"""Parts of jobs by selection, with nested graphs and config."""

from __future__ import annotations

from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.subset import resolve_selection
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidSubsetError


@op
def one() -> int:
    return 1


@op
def inc(x: int) -> int:
    return x + 1


@op
def add(x: int, y: int) -> int:
    return x + y


@op(config_schema={"n": int})
def number(context) -> int:
    return context.op_config["n"]


@graph
def sub(x: int):
    return inc.alias("b")(inc.alias("a")(x))


@job
def whole():
    add(inc.alias("last")(sub(one())), number())


CONFIG = {"ops": {"number": {"config": {"n": 3}}}}


def chosen(*clauses: str) -> set[str]:
    return resolve_selection(whole.graph, list(clauses), where="job 'whole'")


@pytest.mark.parametrize(
    ("clauses", "handles"),
    [
        (["one"], {"one"}),
        (["one+"], {"one", "sub"}),
        (["one++"], {"one", "sub", "last"}),
        (["one*"], {"one", "sub", "last", "add"}),
        (["*last"], {"one", "sub", "last"}),
        (["+last"], {"sub", "last"}),
        (["+add+"], {"last", "number", "add"}),
        (["sub.a"], {"sub.a"}),
        (["sub.a+"], {"sub.a", "sub.b"}),
        (["*sub.b"], {"one", "sub.a", "sub.b"}),
        (["sub.*"], {"sub.a", "sub.b"}),
        (["*.b"], {"sub.b"}),
        (["*"], {"one", "sub", "last", "number", "add"}),
        (["l*t", " one "], {"last", "one"}),
    ],
)
def test_clauses_move_among_top_level_nodes_or_all_ops(clauses: list[str], handles: set[str]) -> None:
    assert chosen(*clauses) == handles


def ran(selection: Any, config: Any = None) -> list[str]:
    result = whole.execute_in_process(op_selection=selection, run_config=config)
    return sorted(e.step_key for e in result.all_node_events if e.is_step_success)


def test_only_the_selected_ops_run() -> None:
    assert ran(["*last"]) == ["last", "one", "sub.a", "sub.b"]
    assert ran(["one", "sub.a"]) == ["one", "sub.a"]
    assert ran(["*"], CONFIG) == ["add", "last", "number", "one", "sub.a", "sub.b"]
    # A whole node wins over a path into it.
    assert ran(["one", "sub", "sub.a"]) == ["one", "sub.a", "sub.b"]


def test_inputs_that_are_cut_off_come_from_config() -> None:
    assert ran(["last"], {"ops": {"last": {"inputs": {"x": 4}}}}) == ["last"]
    assert ran(["sub.b"], {"ops": {"sub": {"ops": {"b": {"inputs": {"x": 4}}}}}}) == ["sub.b"]
    with pytest.raises(DagsterInvalidConfigError, match='Missing required config entry "ops"'):
        ran(["last"])


def test_config_of_ops_that_do_not_run_is_neither_needed_nor_refused() -> None:
    assert ran(["one"]) == ["one"]
    assert ran(["one"], CONFIG) == ["one"]
    assert ran(["one"], {"ops": {"number": {"config": {"n": "not checked"}}}}) == ["one"]


def test_the_jobs_own_config_serves_its_parts() -> None:
    @job(config=CONFIG)
    def fixed():
        add(one(), number())

    assert fixed.execute_in_process(op_selection=["one"]).success
    assert fixed.execute_in_process(op_selection=["number"]).output_for_node("number") == 3


def test_a_mapped_config_serves_parts() -> None:
    mapping = ConfigMapping(
        config_fn=lambda c: {"ops": {"number": {"config": {"n": c["n"]}}}}, config_schema={"n": int}
    )

    @job(config=mapping)
    def mapped():
        add(one(), number())

    result = mapped.execute_in_process(op_selection=["number"], run_config={"n": 6})
    assert result.output_for_node("number") == 6
    assert mapped.execute_in_process(op_selection=["one"], run_config={"n": 6}).success


def test_the_part_knows_what_it_is() -> None:
    part = whole.get_subset(op_selection=["one", "sub.a"])
    assert part.is_subset
    assert part.op_selection == ["one", "sub.a"]
    assert part.resolved_op_selection == {"one", "sub.a"}
    assert part.name == "whole"
    assert not whole.is_subset
    assert whole.get_subset() is whole


def test_input_values_of_what_is_left() -> None:
    @job(input_values={"x": 1, "y": 2})
    def inputs(x: int, y: int):
        inc.alias("a")(x)
        inc.alias("b")(y)

    part = inputs.get_subset(op_selection=["b"])
    assert part.input_values == {"y": 2}
    assert part.execute_in_process().output_for_node("b") == 3


@pytest.mark.parametrize(
    ("selection", "parts"),
    [
        (
            ["oen"],
            ['No qualified ops to execute found for "oen"', "on job 'whole'", 'Did you mean "one"?'],
        ),
        (["sub.c"], ['"sub.c"', 'Did you mean "sub.b"?']),
        (["one", "nope+"], ['found for "nope"']),
        (["a b"], ["'a b' is not a clause of op selection"]),
        ([], ["is empty. Name at least one op, or give no selection (None) to run all"]),
    ],
)
def test_what_selects_nothing_is_refused(selection: list[str], parts: list[str]) -> None:
    with pytest.raises(DagsterInvalidSubsetError) as caught:
        whole.execute_in_process(op_selection=selection)
    for part in parts:
        assert part in str(caught.value)


def test_a_string_is_no_list_of_clauses() -> None:
    with pytest.raises(
        check.ParameterCheckError, match=r"a list of clauses, got: 'one' \(str\). Write \['one'\]"
    ):
        whole.execute_in_process(op_selection="one")  # type: ignore[arg-type]
