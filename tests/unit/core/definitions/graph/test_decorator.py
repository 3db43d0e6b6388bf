"""@graph: inputs, outputs and config of a composed graph."""

from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.inputs import GraphIn, In, InputDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, GraphOut, Out, OutputDefinition
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError
from dagster._core.records.user_events import DynamicOutput


@op
def one() -> int:
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
    yield DynamicOutput(1, "k")


def refused(body: Any, *parts: str, **kwargs: Any) -> None:
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        graph(name="g", **kwargs)(body)
    for part in parts:
        assert part in str(caught.value)


def outputs(definition: GraphDefinition) -> dict[str, str]:
    return {m.graph_output_name: str(m.maps_from.node_name) for m in definition.output_mappings}


# Inputs


def test_parameters_are_inputs_with_types_and_defaults_of_the_ops() -> None:
    @graph
    def composed(a, b: str, c=5):
        add(inc(a), b)
        inc(c)

    shown = [(d.name, d.dagster_type.display_name, d.has_default_value) for d in composed.input_defs]
    assert shown == [("a", "Int", False), ("b", "String", False), ("c", "Int", True)]
    assert composed.default_value_for_input("c") == 5
    assert (composed.input_has_default("c"), composed.input_has_default("a")) == (True, False)
    assert composed.get_input_mapping("a").mapped_node_name == "inc"


def test_default_of_the_inner_input_is_the_graphs() -> None:
    @op(ins={"x": In(int, default_value=7)})
    def seven(x):
        return x

    @graph
    def composed(a):
        return seven(a)

    assert composed.default_value_for_input("a") == 7
    assert composed.execute_in_process().output_value() == 7
    assert composed.execute_in_process(input_values={"a": 2}).output_value() == 2


def test_an_input_may_feed_several_ops_and_a_place_in_a_list() -> None:
    @op
    def total(xs: list[int]) -> int:
        return sum(xs)

    @graph
    def composed(a: int):
        return {"sum": total([a, inc(a), one()])}

    result = composed.execute_in_process(input_values={"a": 5})
    assert result.output_value("sum") == 12


def test_declared_inputs() -> None:
    @graph(ins={"a": GraphIn(description="d")}, name="n", description="D", tags={"t": 1})
    def composed(a: int):
        """Doc."""
        inc(a)

    @graph(input_defs=[InputDefinition("a", int, "old")])
    def older(a):
        """Doc."""
        inc(a)

    assert composed.input_def_named("a").description == "d"
    assert (composed.name, composed.description, composed.tags) == ("n", "D", {"t": "1"})
    assert older.input_def_named("a").description == "old"
    assert older.description == "Doc."


def test_input_that_is_not_used_is_refused() -> None:
    def body(x):
        one()

    refused(body, "@graph 'g' decorated function has unmapped input 'x'", "test_decorator.py")


def test_input_without_a_parameter_is_refused() -> None:
    def body(table):
        inc(table)

    refused(
        body,
        "does not have parameter 'tabel' that is in its inputs",
        'Did you mean "table"?',
        ins={"tabel": GraphIn()},
    )


def test_varargs_and_context_are_refused() -> None:
    def many(*args):
        one()

    def with_context(context):
        inc(context)

    refused(many, "has positional vararg parameter '*args'")
    refused(with_context, '"context" is not a valid input name')


# Outputs


def test_no_output() -> None:
    @graph
    def composed():
        one()

    assert composed.output_defs == []


def test_one_output_under_its_default_or_declared_name() -> None:
    def body():
        return inc(one())

    assert outputs(graph(name="g")(body)) == {"result": "inc"}
    assert outputs(graph(name="g", out=GraphOut("d"))(body)) == {"result": "inc"}
    named = graph(name="g", out={"z": GraphOut("d")})(body)
    assert outputs(named) == {"z": "inc"}
    assert named.output_def_named("z").description == "d"
    assert named.output_def_named("z").dagster_type.display_name == "Int"
    assert outputs(graph(name="g", output_defs=[OutputDefinition(int, "o")])(body)) == {"o": "inc"}


def test_outputs_by_tuple_by_dict_and_by_named_tuple() -> None:
    declared = {"low": GraphOut(), "high": GraphOut()}

    def by_tuple():
        return one(), inc(one())

    def by_dict():
        return {"high": inc(one()), "low": one()}

    def by_named_tuple():
        return two()

    assert outputs(graph(name="g", out=declared)(by_tuple)) == {"low": "one", "high": "inc"}
    assert outputs(graph(name="g", out=declared)(by_dict)) == {"low": "one_2", "high": "inc"}
    assert outputs(graph(name="g")(by_dict)).keys() == {"low", "high"}
    assert outputs(graph(name="g")(by_named_tuple)) == {"a": "two", "b": "two"}
    assert outputs(graph(name="g", out=declared)(by_named_tuple)) == {"low": "two", "high": "two"}
    result = graph(name="g", out=declared)(by_tuple).execute_in_process()
    assert (result.output_value("low"), result.output_value("high")) == (1, 2)


def test_dynamic_outputs_of_a_graph() -> None:
    @op
    def total(xs: list[int]) -> int:
        return sum(xs)

    @graph
    def inner():
        return spread()

    @graph
    def mapped():
        return inner().map(inc)

    @graph
    def outer():
        return {"inner": total(inner().map(inc).collect()), "mapped": total(mapped().collect())}

    assert inner.output_def_named("result").is_dynamic
    result = outer.execute_in_process()
    assert (result.output_value("inner"), result.output_value("mapped")) == (2, 2)
    assert mapped.execute_in_process().output_value() == {"k": 2}


@pytest.mark.parametrize(
    ("body", "kwargs", "parts"),
    [
        (
            lambda: 5,
            {},
            ['returned problematic value for output "result": 5', "Expected the output of an op"],
        ),
        (lambda: one, {}, ["OpDefinition('one')"]),
        (lambda: [one()], {}, ['[<output "result" of op "one">]']),
        (lambda: spread().collect(), {}, ["a collected list. A list is made when an op takes it"]),
        (lambda: {"a": 5}, {}, ['returned problematic value for output "a": 5']),
        (lambda: (one(), one()), {}, ["returned a tuple. Name the outputs with out={...}"]),
        (
            lambda: (one(), one()),
            {"out": {"a": GraphOut()}},
            ["returned a tuple of 2 outputs but declares 1"],
        ),
        (
            lambda: {"lw": one()},
            {"out": {"low": GraphOut()}},
            ['returned output "lw", which it does not declare', 'Did you mean "low"?'],
        ),
        (lambda: inc(one()), {"out": {"a": GraphOut(), "b": GraphOut()}}, ["has unmapped output 'b'"]),
        (
            lambda: None,
            {"out": GraphOut()},
            ["has unmapped output 'result': the function returns nothing"],
        ),
    ],
)
def test_wrong_results_are_refused(body: Any, kwargs: Any, parts: list[str]) -> None:
    refused(body, *parts, **kwargs)


def test_an_input_as_an_output_is_refused() -> None:
    def body(x):
        inc(x)
        return x

    refused(body, 'its input "x". An input cannot be an output as it is: pass it through an op')


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(check.ParameterCheckError, match="expected compose_fn to be callable"):
        graph(5)  # type: ignore[call-overload]
    with pytest.raises(check.ParameterCheckError, match=r"expected ins\['x'\] to be a GraphIn"):
        graph(name="g", ins={"x": In()})(lambda x: inc(x) and None)  # type: ignore[dict-item]
    with pytest.raises(check.ParameterCheckError, match=r"expected out\['x'\] to be a GraphOut"):
        graph(name="g", out={"x": Out()})(lambda: inc(one()))  # type: ignore[dict-item]
    with pytest.raises(DagsterInvalidDefinitionError, match='"a b" is not a valid graph name'):
        graph(name="a b")(lambda: None)


# Config


@op(config_schema={"n": int})
def number(context):
    return context.op_config["n"]


def test_config_that_the_graph_always_has() -> None:
    @graph(config={"number": {"config": {"n": 4}}})
    def fixed():
        return number()

    assert fixed.execute_in_process().output_value() == 4


def test_config_mapping() -> None:
    mapping = ConfigMapping(
        config_fn=lambda c: {"number": {"config": {"n": c["n"] + 1}}}, config_schema={"n": int}
    )

    @graph(config=mapping)
    def inner():
        return number()

    @graph
    def outer():
        return {"a": inner(), "b": inner.configured({"n": 10}, name="ten")()}

    result = outer.execute_in_process(run_config={"ops": {"inner": {"config": {"n": 1}}}})
    assert (result.output_value("a"), result.output_value("b")) == (2, 11)
    with pytest.raises(DagsterInvalidConfigError, match="config"):
        outer.execute_in_process(run_config={"ops": {"inner": {"config": {"n": "x"}}}})


def test_config_mapping_of_the_graph_of_a_job() -> None:
    mapping = ConfigMapping(
        config_fn=lambda c: {"number": {"config": {"n": c["n"] + 1}}}, config_schema={"n": int}
    )

    @graph(config=mapping)
    def mapped():
        inc(number())

    def run(config: Any, **kwargs: Any) -> Any:
        return mapped.execute_in_process(run_config=config, **kwargs).output_for_node("number")

    assert run({"ops": {"config": {"n": 1}}}) == 2
    assert run({"ops": {"config": {"n": 1}}}, op_selection=["number"]) == 2
    fixed = mapped.to_job(config={"ops": {"config": {"n": 4}}})
    assert fixed.execute_in_process(op_selection=["number"]).output_for_node("number") == 5
    five = mapped.configured({"n": 5}, name="five")
    assert five.execute_in_process().output_for_node("number") == 6
    with pytest.raises(DagsterInvalidConfigError, match="config → n: expected Int"):
        run({"ops": {"config": {"n": "x"}}})
    with pytest.raises(DagsterInvalidConfigError, match='unexpected config entry "number" at path ops'):
        run({"ops": {"number": {"config": {"n": 1}}}})


def test_config_mapping_that_makes_wrong_config_is_refused() -> None:
    @graph(config=ConfigMapping(config_fn=lambda _: {"numbr": {}}, config_schema={}))
    def mapped():
        number()

    with pytest.raises(
        DagsterInvalidConfigError, match='Error in the config mapping of graph "mapped"'
    ) as caught:
        mapped.execute_in_process()
    assert 'unexpected config entry "numbr"' in str(caught.value)


def test_graph_without_config_mapping_cannot_be_configured() -> None:
    @graph
    def plain():
        one()

    with pytest.raises(
        DagsterInvalidDefinitionError, match="Only graphs utilizing config mapping can be pre-configured"
    ):
        plain.configured({}, name="x")


def test_an_input_that_is_returned_as_it_is_is_refused_with_the_reason() -> None:
    def body(x):
        return x

    refused(body, 'its input "x"', "pass it through an op")
