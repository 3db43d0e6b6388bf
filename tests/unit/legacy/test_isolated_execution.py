from __future__ import annotations

import pytest

from dagster._check import CheckError
from dagster._core.definitions.hook import success_hook
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import OutputDefinition
from dagster._core.definitions.types.builtins import Int, Nothing
from dagster._core.errors import DagsterInvariantViolationError, DagsterTypeCheckDidNotPass
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.user_events import Output
from dagster._legacy.composite_solid import composite_solid
from dagster._legacy.isolated_execution import (
    execute_solid,
    execute_solid_within_pipeline,
    execute_solids_within_pipeline,
)
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.pipeline import pipeline
from dagster._legacy.preset import PresetDefinition
from dagster._legacy.results import CompositeSolidExecutionResult, SolidExecutionResult
from dagster._legacy.solid import lambda_solid, solid


@solid(config_schema=int)
def load(context) -> int:
    return context.solid_config


@lambda_solid
def add(left: int, right: int) -> int:
    return left + right


@lambda_solid
def double(x: int) -> int:
    return 2 * x


@composite_solid
def add_and_double(left, right):
    return double(add(left, right))


@pipeline
def p():
    double(add(load(), load.alias("other")()))


def test_execute_solid_with_inputs_config_mode_and_tags():
    @solid(required_resource_keys={"r"}, config_schema=int)
    def everything(context, x):
        return x, context.solid_config, context.resources.r, context.get_tag("t"), context.pipeline_name

    result = execute_solid(
        everything,
        mode_def=ModeDefinition(resource_defs={"r": "res"}),
        input_values={"x": 1},
        tags={"t": "tag"},
        run_config={"solids": {"everything": {"config": 2}}},
    )
    assert isinstance(result, SolidExecutionResult)
    assert result.output_value() == (1, 2, "res", "tag", "ephemeral_everything_solid_pipeline")


def test_execute_composite():
    result = execute_solid(add_and_double, input_values={"left": 1, "right": 2})
    assert isinstance(result, CompositeSolidExecutionResult)
    assert result.output_value() == 6
    assert result.output_value_for_solid("add") == 3


def test_execute_op():
    @op
    def plain(x: int):
        return x

    assert execute_solid(plain, input_values={"x": 4}).output_value() == 4


def test_inputs_of_type_nothing_need_no_value():
    @solid(
        input_defs=[InputDefinition("after", Nothing)],
        output_defs=[OutputDefinition(Int, "a"), OutputDefinition(Int, "b", is_required=False)],
    )
    def ordered(_):
        yield Output(1, "a")

    result = execute_solid(ordered)
    assert result.output_values == {"a": 1}
    with pytest.raises(DagsterInvariantViolationError, match="Did not find result b in solid 'ordered'"):
        result.output_value("b")
    assert execute_solid(ordered, input_values={"after": None}).success


def test_values_may_come_by_config_in_part():
    config = {"solids": {"add": {"inputs": {"right": {"value": 5}}}}}
    assert execute_solid(add, input_values={"left": 1}, run_config=config).output_value() == 6


def test_values_are_checked():
    with pytest.raises(DagsterTypeCheckDidNotPass, match='"left"'):
        execute_solid(add, input_values={"left": "1", "right": 1})
    result = execute_solid(add, input_values={"left": "1", "right": 1}, raise_on_error=False)
    assert not result.success
    assert result.output_value() is None
    assert result.output_values is None


def test_unknown_input():
    with pytest.raises(
        DagsterInvariantViolationError, match=r'unknown input "lfet". Did you mean "left"'
    ):
        execute_solid(add, input_values={"lfet": 1})
    with pytest.raises(CheckError, match="solid_def"):
        execute_solid("add")  # type: ignore[arg-type]


def test_solid_within_pipeline():
    result = execute_solid_within_pipeline(p, "add", inputs={"left": 1, "right": 2})
    assert isinstance(result, SolidExecutionResult)
    assert result.output_value() == 3
    config = {"solids": {"other": {"config": 7}}}
    assert execute_solid_within_pipeline(p, "other", run_config=config).output_value() == 7


def test_config_of_the_other_solids_does_not_disturb():
    config = {"solids": {"other": {"config": 7}, "load": {"config": 1}}}
    assert execute_solid_within_pipeline(p, "other", run_config=config).output_value() == 7


def test_solids_within_pipeline_stay_connected():
    results = execute_solids_within_pipeline(
        p,
        {"add", "double", "load"},
        inputs={"add": {"right": 10}},
        run_config={"solids": {"load": {"config": 1}}},
    )
    assert set(results) == {"add", "double", "load"}
    assert results["double"].output_value() == 22


def test_errors_are_raised():
    with pytest.raises(DagsterTypeCheckDidNotPass):
        execute_solids_within_pipeline(p, {"double"}, inputs={"double": {"x": "x"}})


def test_unknown_solids():
    with pytest.raises(DagsterInvariantViolationError, match='Pipeline "p": unknown solid "dobule"'):
        execute_solid_within_pipeline(p, "dobule")
    with pytest.raises(DagsterInvariantViolationError, match='"load", which is not among'):
        execute_solids_within_pipeline(p, {"add"}, inputs={"load": {}})
    with pytest.raises(CheckError, match="solid_names"):
        execute_solids_within_pipeline(p, ["add"])  # type: ignore[arg-type]


def test_modes_presets_tags_instance_and_hooks_of_the_pipeline_count():
    heard: list[str] = []

    @success_hook
    def hear(context):
        heard.append(context.solid.name)

    @solid(required_resource_keys={"r"}, config_schema=int)
    def look(context, x):
        return x, context.solid_config, context.resources.r, context.get_tag("t"), context.get_tag("u")

    preset_config = {"solids": {"look": {"config": 4}}}

    @pipeline(
        mode_defs=[ModeDefinition("a", {"r": "ra"}), ModeDefinition("b", {"r": "rb"})],
        preset_defs=[PresetDefinition("pre", preset_config, ["load"], "b", {"u": "preset"})],
        tags={"t": "pipeline"},
        hook_defs={hear},
    )
    def q():
        look(load())

    with DagsterInstance.ephemeral() as instance:
        result = execute_solid_within_pipeline(q, "look", {"x": 1}, preset="pre", instance=instance)
        assert result.output_value() == (1, 4, "rb", "pipeline", "preset")
        assert len(instance.get_runs()) == 1
    assert heard == ["look"]
    result = execute_solid_within_pipeline(
        q, "look", {"x": 1}, preset_config, mode="a", tags={"t": "call"}
    )
    assert result.output_value() == (1, 4, "ra", "call", None)
    with pytest.raises(CheckError, match="mutually exclusive"):
        execute_solid_within_pipeline(q, "look", {"x": 1}, mode="a", preset="pre")
