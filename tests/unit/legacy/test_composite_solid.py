from __future__ import annotations

import pytest

from dagster._config.field import Field
from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.graph.dependency import DependencyDefinition, NodeInvocation
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.outputs import OutputDefinition
from dagster._core.definitions.types.builtins import Int
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvariantViolationError,
)
from dagster._legacy.composite_solid import CompositeSolidDefinition, composite_solid
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.isolated_execution import execute_solid
from dagster._legacy.pipeline import pipeline
from dagster._legacy.solid import lambda_solid, solid


@solid(config_schema={"by": Field(int, default_value=1)})
def add(context, x: int) -> int:
    return x + context.solid_config["by"]


@lambda_solid
def one() -> int:
    return 1


@composite_solid
def add_twice(x: int):
    """Add, and add again."""
    return add.alias("second")(add(x))


def test_composite_of_a_function():
    assert isinstance(add_twice, CompositeSolidDefinition)
    assert add_twice.description == "Add, and add again."
    assert [s.name for s in add_twice.solids] == ["add", "second"]
    assert add_twice.has_solid_named("second")
    assert add_twice.solid_named("second").definition is add
    assert list(add_twice.input_dict) == ["x"]
    assert list(add_twice.output_dict) == ["result"]


def test_nested_run_config_and_inputs():
    @pipeline
    def p():
        add_twice()

    config = {
        "solids": {
            "add_twice": {
                "inputs": {"x": {"value": 10}},
                "solids": {"second": {"config": {"by": 5}}},
            }
        }
    }
    assert execute_pipeline(p, config).output_for_solid("add_twice") == 16
    with pytest.raises(
        DagsterInvalidConfigError, match="solids → add_twice → solids → second → config → by"
    ):
        execute_pipeline(
            p,
            {
                "solids": {
                    "add_twice": {"inputs": {"x": 1}, "solids": {"second": {"config": {"by": "x"}}}}
                }
            },
        )


def test_newer_key_for_what_is_inside_is_read_too():
    @pipeline
    def p():
        add_twice(one())

    config = {"ops": {"add_twice": {"ops": {"second": {"config": {"by": 5}}}}}}
    assert execute_pipeline(p, config).output_for_solid("add_twice") == 7


def test_outputs_of_a_composite_are_materialized(tmp_path):
    @pipeline
    def p():
        add_twice(one())

    path = tmp_path / "out.pickle"
    config = {"solids": {"add_twice": {"outputs": [{"result": {"pickle": {"path": str(path)}}}]}}}
    result = execute_pipeline(p, config)
    assert result.success
    assert path.exists()
    inner = result.result_for_handle("add_twice.second")
    assert len(inner.materializations_during_compute) == 1


def test_config_mapping():
    @composite_solid(
        config_schema={"step": int},
        config_fn=lambda config: {"add": {"config": {"by": config["step"]}}},
        output_defs=[OutputDefinition(Int, "sum")],
    )
    def stepped(x):
        return {"sum": add(x)}

    @pipeline
    def p():
        stepped(one())

    config = {"solids": {"stepped": {"config": {"step": 7}}}}
    assert execute_pipeline(p, config).output_for_solid("stepped", "sum") == 8

    preset = stepped.configured({"step": 9}, name="by_nine")
    assert isinstance(preset, CompositeSolidDefinition)
    assert execute_solid(preset, input_values={"x": 1}).output_value("sum") == 10


def test_config_mapping_needs_schema_and_function():
    with pytest.raises(DagsterInvalidDefinitionError, match="has a config_schema but no config_fn"):

        @composite_solid(config_schema={"step": int})
        def f(x):
            return add(x)

    with pytest.raises(DagsterInvalidDefinitionError, match=r"config_schema={}"):

        @composite_solid(config_fn=lambda _: {})
        def g(x):
            return add(x)


def test_composite_definition_without_decorator():
    definition = CompositeSolidDefinition(
        "outer",
        [add],
        input_mappings=[InputDefinition("number", Int).mapping_to("add", "x")],
        output_mappings=[OutputDefinition(Int, "sum").mapping_from("last")],
        config_mapping=ConfigMapping(
            config_fn=lambda config: {
                "add": {"config": {"by": config}},
                "last": {"config": {"by": config}},
            },
            config_schema=int,
        ),
        dependencies={
            "add": {},
            NodeInvocation("add", alias="last"): {"x": DependencyDefinition("add")},
        },
        description="Outer.",
    )
    assert definition.description == "Outer."
    result = execute_solid(
        definition, input_values={"number": 1}, run_config={"solids": {"outer": {"config": 3}}}
    )
    assert result.output_value("sum") == 7


def test_direct_call_says_what_to_do():
    with pytest.raises(DagsterInvariantViolationError, match=r"execute_solid\(add_twice\)"):
        add_twice(1)


def test_composite_in_composite():
    @composite_solid
    def deep(x):
        return add_twice(add_twice.alias("again")(x))

    result = execute_solid(deep, input_values={"x": 0})
    assert result.output_value() == 4
    assert result.output_value_for_handle("again.second") == 2
