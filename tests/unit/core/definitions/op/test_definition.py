"""OpDefinition: made without the decorator, copied, configured."""

from __future__ import annotations

from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.inputs import In, InputDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.outputs import DynamicOut, Out, OutputDefinition
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import Output


def compute(_context: Any, inputs: Any) -> Any:
    yield Output(inputs.get("a", 0) + 1, "b")


def test_op_of_a_compute_function_runs_in_a_graph() -> None:
    plus = OpDefinition(compute_fn=compute, name="plus", ins={"a": In(int)}, outs={"b": Out(int)})

    @op
    def one() -> int:
        return 1

    @graph
    def both():
        plus(one())

    assert both.execute_in_process().output_for_node("plus", "b") == 2
    assert not plus.is_from_decorator()
    assert one.is_from_decorator()
    assert one.get_output_annotation() is int
    with pytest.raises(check.CheckError, match="has no decorated function"):
        plus.get_output_annotation()


def test_returned_output_takes_the_name_of_the_only_output() -> None:
    @op(out={"rows": Out(int)})
    def count():
        return Output(5, metadata={"m": 1})

    @graph
    def counts():
        count()

    assert counts.execute_in_process().output_for_node("count", "rows") == 5


def test_older_lists_of_inputs_and_outputs() -> None:
    definition = OpDefinition(
        compute, "x", [InputDefinition("a", int)], [OutputDefinition(int, "b")], version="1"
    )
    assert definition.input_dict.keys() == {"a"}
    assert definition.output_dict.keys() == {"b"}
    assert OpDefinition(compute, "y").output_dict.keys() == {"result"}


def test_ins_and_outs_come_back_as_they_were() -> None:
    @op(
        ins={"a": In(int, default_value=2, description="d", metadata={"m": 1})},
        out={"b": Out(str, is_required=False, io_manager_key="io"), "c": DynamicOut(int)},
    )
    def fn(a):
        pass

    assert fn.ins["a"].default_value == 2
    assert fn.ins["a"].description == "d"
    assert fn.outs["b"].is_required is False
    assert fn.outs["b"].io_manager_key == "io"
    again = OpDefinition(compute, "again", dict(fn.ins), dict(fn.outs))
    assert again.input_dict["a"].default_value == 2
    assert again.output_dict["c"].is_dynamic
    assert not again.output_dict["b"].is_dynamic
    assert fn.has_dynamic_outputs_inside


def test_members_by_name() -> None:
    @op(out={"left": Out(), "right": Out()})
    def fn(table, limit=3):
        return 1, 2

    assert fn.input_def_named("table") is fn.input_defs[0]
    assert fn.output_def_named("left") is fn.output_defs[0]
    assert (fn.has_input("limit"), fn.has_input("left"), fn.has_output("left")) == (True, False, True)
    assert [fn.resolve_input_name_at_position(i) for i in range(3)] == ["table", "limit", None]
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r'op \'fn\': unknown input "tabel". Did you mean "table"?'
    ):
        fn.input_def_named("tabel")
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r'unknown output "up". Known: "left", "right"'
    ):
        fn.output_def_named("up")


def test_replaced_properties_keep_the_rest() -> None:
    policy = RetryPolicy(max_retries=1)

    @op(tags={"a": "b"}, retry_policy=policy, code_version="2", required_resource_keys={"r"}, pool="p")
    def fn(x):
        """Doc."""
        return x

    copied = fn.with_replaced_properties("other", outs={"z": Out(int)})
    assert (copied.name, copied.description, copied.tags) == ("other", "Doc.", {"a": "b"})
    assert (copied.retry_policy, copied.version, copied.pool) == (policy, "2", "p")
    assert copied.required_resource_keys == {"r"}
    assert copied.output_dict.keys() == {"z"}
    assert copied.positional_inputs == ("x",)


def test_configured_copy_has_its_config_and_name() -> None:
    @op(config_schema={"n": int, "m": int})
    def fn(context):
        return context.op_config

    fixed = fn.configured({"n": 1, "m": 2}, name="fixed")

    @fn.configured
    def half(config):
        return {"n": config["n"], "m": 5}

    @graph
    def both():
        fixed()
        half()

    result = both.execute_in_process(run_config={"ops": {"half": {"config": {"n": 3}}}})
    assert result.output_for_node("fixed") == {"n": 1, "m": 2}
    assert result.output_for_node("half") == {"n": 3, "m": 5}
    with pytest.raises(DagsterInvalidDefinitionError, match='Missing string param "name"'):
        fn.configured({"n": 1, "m": 2})


def test_needs_for_resources_are_told_with_who_has_them() -> None:
    checked = DagsterType(lambda _c, _v: True, name="Checked", required_resource_keys={"limit"})

    @op(
        required_resource_keys={"db"},
        ins={"a": In(checked), "b": In(int, input_manager_key="loader")},
        out={"x": Out(io_manager_key="io"), "n": Out(Nothing, io_manager_key="never")},
    )
    def fn(a, b):
        yield Output(1, "x")

    assert {(r.key, r.requirer) for r in fn.resource_requirements()} == {
        ("db", "op 'fn'"),
        ("io", "output 'x' of op 'fn'"),
        ("loader", "input 'b' of op 'fn'"),
        ("limit", "type 'Checked'"),
    }


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(check.ParameterCheckError, match="expected compute_fn to be callable"):
        OpDefinition(5, "x")  # type: ignore[arg-type]
    with pytest.raises(check.ParameterCheckError, match=r"expected ins\['a'\] to be an In"):
        OpDefinition(compute, "x", {"a": int})  # type: ignore[dict-item]
    with pytest.raises(DagsterInvalidDefinitionError, match='has two inputs with the name "a"'):
        OpDefinition(compute, "x", [InputDefinition("a"), InputDefinition("a")])


def test_nothing_with_a_default_is_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match='Input "n" is of type Nothing'):
        InputDefinition("n", Nothing, default_value=5)


def test_it_shows_itself() -> None:
    assert repr(op(name="x")(lambda: 1)) == "OpDefinition('x')"
