from __future__ import annotations

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOutputDefinition, OutputDefinition
from dagster._core.definitions.types.builtins import Int, Nothing, String
from dagster._core.errors import DagsterExecutionStepExecutionError, DagsterInvalidDefinitionError
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import DynamicOutput, Output
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.isolated_execution import execute_solid
from dagster._legacy.pipeline import pipeline
from dagster._legacy.solid import SolidDefinition, lambda_solid, solid


def test_solid_takes_name_description_inputs_and_types_from_the_function():
    @solid
    def add(context, left: int, right: int = 5) -> int:
        """Add two numbers."""
        return left + right

    assert isinstance(add, SolidDefinition)
    assert add.name == "add"
    assert add.description == "Add two numbers."
    assert [d.name for d in add.input_defs] == ["left", "right"]
    assert add.input_def_named("right").default_value == 5
    assert add.output_dict["result"].dagster_type.display_name == "Int"
    assert execute_solid(add, input_values={"left": 1}).output_value() == 6


def test_solid_with_everything():
    @solid(
        name="other",
        description="Described.",
        input_defs=[InputDefinition("x", Int, "an x"), InputDefinition("after", Nothing)],
        output_defs=[OutputDefinition(Int, "one"), OutputDefinition(String, "two", is_required=False)],
        config_schema={"k": int},
        tags={"a": "b"},
        version="v1",
        retry_policy=RetryPolicy(max_retries=2),
    )
    def named(_, x):
        yield Output(x, "one")

    assert named.name == "other"
    assert named.description == "Described."
    assert list(named.input_dict) == ["x", "after"]
    assert list(named.output_dict) == ["one", "two"]
    assert named.tags == {"a": "b"}
    assert named.version == "v1"
    assert named.retry_policy == RetryPolicy(max_retries=2)
    assert named.describe_node() == "solid 'other'"


@pytest.mark.parametrize("name", ["context", "_", "__", "_context", "context_", "_anything"])
def test_first_parameter_is_the_context(name: str):
    scope: dict = {}
    exec(f"def f({name}, x): return {name}, x", scope)
    assert [d.name for d in solid(scope["f"]).input_defs] == ["x"]


def test_solid_without_context_takes_its_inputs_alone():
    @solid
    def f():
        return 1

    @solid
    def g(x):
        return x + 1

    @solid(input_defs=[InputDefinition("_x")])
    def h(_x):
        return _x

    @pipeline
    def p():
        h(g(f()))

    assert execute_pipeline(p).output_for_solid("h") == 2


def test_solid_with_config_schema_and_without_context_is_refused():
    with pytest.raises(DagsterInvalidDefinitionError, match="required positional parameter 'context'"):

        @solid(config_schema=int)
        def f():
            return 1

    with pytest.raises(DagsterInvalidDefinitionError, match="its first parameter is 'x'"):

        @solid(config_schema=int)
        def g(x):
            return x


def test_solid_refuses_inputs_that_the_function_lacks():
    with pytest.raises(
        DagsterInvalidDefinitionError, match=r'does not have the parameter .numbr.*"number"'
    ):

        @solid(input_defs=[InputDefinition("numbr", Int)])
        def f(_, number):
            return number


def test_lambda_solid_has_no_context():
    @lambda_solid
    def one():
        return 1

    @lambda_solid(
        name="twice", input_defs=[InputDefinition("x", Int)], output_def=OutputDefinition(Int, "double")
    )
    def f(x):
        return 2 * x

    @pipeline
    def p():
        f(one())

    assert f.name == "twice"
    assert list(f.output_dict) == ["double"]
    assert execute_pipeline(p).output_for_solid("twice", "double") == 2


def test_solid_definition_without_decorator():
    def compute(context, inputs):
        yield Output(inputs["x"] * context.solid_config, "doubled")

    definition = SolidDefinition(
        "times",
        [InputDefinition("x", Int)],
        compute,
        [OutputDefinition(Int, "doubled")],
        int,
        "Multiply.",
        {"t": "1"},
        None,
        None,
        "v2",
    )
    assert definition.description == "Multiply."
    assert definition.tags == {"t": "1"}
    assert definition.version == "v2"
    result = execute_solid(
        definition, input_values={"x": 4}, run_config={"solids": {"times": {"config": 3}}}
    )
    assert result.output_value("doubled") == 12


def test_solid_definition_with_bad_name_and_twice_the_same_input():
    with pytest.raises(DagsterInvalidDefinitionError, match="not a valid solid name"):
        SolidDefinition("a b", [], lambda _c, _i: iter(()), [])
    with pytest.raises(
        DagsterInvalidDefinitionError, match='solid "s" has two inputs with the name "x"'
    ):
        SolidDefinition("s", [InputDefinition("x"), InputDefinition("x")], lambda _c, _i: iter(()), [])


def test_configured_solid():
    @solid(config_schema={"times": int, "text": str})
    def say(context):
        return context.solid_config["text"] * context.solid_config["times"]

    hello = say.configured({"times": 2, "text": "hello"}, name="hello")
    assert isinstance(hello, SolidDefinition)
    assert execute_solid(hello).output_value() == "hellohello"


def test_solids_and_ops_in_one_pipeline_and_in_jobs():
    @solid
    def one(_):
        return 1

    @op
    def plus_one(context, x: int):
        return x + 1

    @pipeline
    def mixed():
        plus_one(one())

    assert execute_pipeline(mixed).output_for_solid("plus_one") == 2

    @job
    def mixed_job():
        plus_one(one())

    assert mixed_job.execute_in_process().output_for_node("plus_one") == 2

    @graph
    def mixed_graph():
        return plus_one(one())

    assert mixed_graph.to_job().execute_in_process().output_value() == 2

    @pipeline
    def with_graph():
        plus_one(mixed_graph())

    assert execute_pipeline(with_graph).output_for_solid("plus_one") == 3


def test_errors_speak_of_solids():
    @solid
    def fails(_):
        raise ValueError("no")

    @pipeline
    def p():
        fails()

    with pytest.raises(ValueError, match="no"):
        execute_pipeline(p)
    result = execute_pipeline(p, raise_on_error=False)
    failure = result.result_for_solid("fails").failure_data
    assert failure is not None
    assert failure.error is not None
    assert failure.error.cls_name == DagsterExecutionStepExecutionError.__name__
    assert 'Error occurred while executing solid "fails"' in failure.error.message


def test_dynamic_solids():
    @solid(output_defs=[DynamicOutputDefinition(Int)])
    def numbers(_):
        for i in range(3):
            yield DynamicOutput(i, mapping_key=f"n{i}")

    @solid
    def double(_, x):
        return 2 * x

    @solid
    def total(_, xs):
        return sum(xs)

    @pipeline
    def p():
        total(numbers().map(double).collect())

    result = execute_pipeline(p)
    assert result.output_for_solid("total") == 6
    assert result.output_for_solid("numbers") == {"n0": 0, "n1": 1, "n2": 2}
    assert result.output_for_solid("double") == {"n0": 0, "n1": 2, "n2": 4}
    assert len(result.result_for_solid("double").get_output_events_for_compute()) == 3


def test_direct_call_of_a_solid():
    @lambda_solid
    def double(x):
        return 2 * x

    assert double(4) == 8


def test_an_input_called_config_is_an_input_and_warns_nobody():
    @solid
    def show(_, config):
        return config

    @lambda_solid
    def again(config):
        return config

    @pipeline
    def p():
        again(show())

    config = {"solids": {"show": {"inputs": {"config": {"value": 3}}}}}
    assert execute_pipeline(p, config).output_for_solid("again") == 3
