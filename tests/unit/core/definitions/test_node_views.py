"""What ops and graphs tell of themselves alike."""

from __future__ import annotations

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.handles import NodeHandle


@op(pool="narrow")
def first(value: int = 3) -> int:
    return value


@op
def second(value: int) -> int:
    return value


@graph
def inner(value):
    return second(first(value))


@graph
def outer(value):
    return inner(value)


def test_kinds_and_pools() -> None:
    assert (first.node_type_str, outer.node_type_str) == ("op", "graph")
    assert (first.pools, second.pools, outer.pools) == ({"narrow"}, set(), {"narrow"})


def test_defaults_of_inputs() -> None:
    assert first.input_has_default("value")
    assert first.default_value_for_input("value") == 3
    assert not second.input_has_default("value")
    with pytest.raises(DagsterInvalidDefinitionError, match="valu"):
        first.input_has_default("valu")


def test_origins_of_outputs() -> None:
    handle = NodeHandle("here")
    assert first.resolve_output_to_origin("result", handle) == (first.output_defs[0], handle)
    assert first.resolve_output_to_origin_op_def("result") is first
    assert outer.resolve_output_to_origin_op_def("result") is second
    assert outer.resolve_output_to_origin("result", None)[1] == NodeHandle.from_path(["inner", "second"])
    with pytest.raises(DagsterInvalidDefinitionError):
        first.resolve_output_to_origin_op_def("none")


def test_the_ephemeral_form_of_a_job() -> None:
    job = outer.to_job()
    made = job.as_ephemeral_job({}, {"value": 5}, op_selection=["inner"])
    assert made.execute_in_process().output_for_node("inner") == 5
