"""``execute_pipeline`` and its iterator: each fact of the table of behaviour (section a2)."""

from __future__ import annotations

import pytest

from dagster._check import CheckError
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import (
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
)
from dagster._core.events.event_type import DagsterEventType
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.run import DagsterRunStatus
from dagster._legacy.execution import execute_pipeline, execute_pipeline_iterator
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.pipeline import pipeline
from dagster._legacy.preset import PresetDefinition
from dagster._legacy.results import PipelineExecutionResult
from dagster._legacy.solid import lambda_solid, solid


@solid(config_schema={"n": int})
def number(context):
    return context.solid_config["n"]


@lambda_solid
def add_one(x: int):
    return x + 1


@lambda_solid
def apart():
    return "apart"


def config(n):
    return {"solids": {"number": {"config": {"n": n}}}}


@pipeline(
    tags={"a": "pipeline", "b": "pipeline", "c": "pipeline"},
    preset_defs=[
        PresetDefinition("full", run_config=config(5), mode="one", tags={"b": "preset", "c": "preset"}),
        PresetDefinition("part", solid_selection=["apart"], mode="two"),
        PresetDefinition("bare", mode="one"),
    ],
    mode_defs=[ModeDefinition("one"), ModeDefinition("two")],
)
def p():
    add_one(number())
    apart()


def test_preset_supplies_everything():
    with DagsterInstance.ephemeral() as instance:
        result = execute_pipeline(p, preset="full", tags={"c": "call"}, instance=instance)
        assert isinstance(result, PipelineExecutionResult)
        assert result.output_for_solid("add_one") == 6
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert run.tags == {"a": "pipeline", "b": "preset", "c": "call"}
        assert run.mode == "one"
        assert run.run_config == config(5)
        assert run.status is DagsterRunStatus.SUCCESS
        assert run.pipeline_name == "p"
        part = execute_pipeline(p, preset="part", instance=instance)
        assert [r.solid.name for r in part.solid_result_list] == ["apart"]
        part_run = instance.get_run_by_id(part.run_id)
        assert part_run is not None
        assert part_run.mode == "two"
        assert part_run.solid_selection == ["apart"]


def test_mode_and_preset_together():
    with pytest.raises(CheckError, match="mode and preset are mutually exclusive"):
        execute_pipeline(p, preset="full", mode="one")


def test_preset_with_other_run_config_or_selection():
    assert execute_pipeline(p, config(5), preset="full").success
    with pytest.raises(CheckError, match='run config of preset "full"'):
        execute_pipeline(p, config(6), preset="full")
    assert execute_pipeline(p, preset="part", solid_selection=["apart"]).success
    with pytest.raises(CheckError, match='solid_selection of preset "part"'):
        execute_pipeline(p, preset="part", solid_selection=["number"])
    assert execute_pipeline(p, config(1), preset="bare").output_for_solid("number") == 1


def test_unknown_preset_and_modes():
    with pytest.raises(
        DagsterInvariantViolationError, match=r'unknown preset "ful". Did you mean "full"'
    ):
        execute_pipeline(p, preset="ful")
    with pytest.raises(DagsterInvariantViolationError, match='unknown mode "oen"'):
        execute_pipeline(p, config(1), mode="oen")
    with pytest.raises(DagsterInvariantViolationError, match="has multiple modes"):
        execute_pipeline(p, config(1))


def test_single_mode_needs_no_name():
    @pipeline(mode_defs=[ModeDefinition("only")])
    def single():
        apart()

    with DagsterInstance.ephemeral() as instance:
        run = instance.get_run_by_id(execute_pipeline(single, instance=instance).run_id)
        assert run is not None
        assert run.mode == "only"


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (["number"], {"number"}),
        (["number+"], {"number", "add_one"}),
        (["*add_one"], {"number", "add_one"}),
        (["number", " apart "], {"number", "apart"}),
    ],
)
def test_solid_selection(selection: list[str], names: set[str]):
    with DagsterInstance.ephemeral() as instance:
        result = execute_pipeline(p, config(1), mode="one", solid_selection=selection, instance=instance)
        assert {r.solid.name for r in result.solid_result_list} == names
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert run.solid_selection == selection
        assert run.solids_to_execute == names


def test_selection_that_matches_nothing():
    with pytest.raises(
        DagsterInvalidSubsetError, match=r'solids.*"nubmer".*nubmer.*Did you mean "number"'
    ):
        execute_pipeline(p, mode="one", solid_selection=["nubmer"])
    with pytest.raises(DagsterInvalidSubsetError, match="not a clause of solid selection"):
        execute_pipeline(p, mode="one", solid_selection=["a b"])
    with pytest.raises(CheckError, match="solid_selection"):
        execute_pipeline(p, mode="one", solid_selection="number")  # type: ignore[arg-type]


class Opaque:
    pass


def test_selection_that_leaves_an_input_open():
    @solid
    def make(_):
        return Opaque()

    @solid
    def use(_, thing: Opaque):
        return thing

    @pipeline
    def q():
        use(make())

    with pytest.raises(DagsterInvalidSubsetError, match=r"invalid part of pipeline 'q'.*'thing'"):
        execute_pipeline(q, solid_selection=["use"])


def test_default_instance_is_ephemeral_and_run_config_may_be_none():
    @pipeline
    def q():
        apart()

    seen = []

    @solid
    def look(context):
        seen.append((context.instance.is_ephemeral, context.run_config))

    @pipeline
    def looking():
        look()

    assert execute_pipeline(q).success
    assert execute_pipeline(looking, run_config=None).success
    assert seen == [(True, {})]


def test_raise_on_error_both_ways():
    @solid
    def fails(_):
        raise ValueError("because")

    @pipeline
    def q():
        add_one(fails())
        apart()

    with pytest.raises(ValueError, match="because"):
        execute_pipeline(q)
    result = execute_pipeline(q, raise_on_error=False)
    assert not result.success
    assert not result.result_for_solid("fails").success
    assert result.result_for_solid("add_one").skipped
    assert result.output_for_solid("fails") is None


def test_iterator_yields_as_it_goes_and_does_not_raise():
    order: list[str] = []

    @solid
    def first(_):
        order.append("first ran")

    @solid
    def second(_, x):
        order.append("second ran")
        raise ValueError("no")

    @pipeline
    def q():
        second(first())

    for event in execute_pipeline_iterator(q):
        if event.is_step_success or event.is_step_failure:
            order.append(f"{event.step_key} told")
        last = event
    assert order == ["first ran", "first told", "second ran", "second told"]
    assert last.event_type is DagsterEventType.PIPELINE_FAILURE


def test_iterator_checks_at_once():
    with pytest.raises(DagsterInvariantViolationError, match="has multiple modes"):
        execute_pipeline_iterator(p)


def test_iterator_that_is_abandoned_ends_the_run_as_canceled_with_resources_torn_down():
    torn: list[str] = []

    @resource
    def thing(_):
        yield "thing"
        torn.append("down")

    @solid(required_resource_keys={"thing"})
    def one(_):
        return 1

    @pipeline(mode_defs=[ModeDefinition(resource_defs={"thing": thing})])
    def q():
        one()

    with DagsterInstance.ephemeral() as instance:
        events = execute_pipeline_iterator(q, instance=instance)
        for event in events:
            if event.is_step_start:
                break
        events.close()  # type: ignore[attr-defined]
        assert torn == ["down"]
        (run,) = instance.get_runs()
        assert run.status is DagsterRunStatus.CANCELED


def test_arguments_are_checked():
    with pytest.raises(CheckError, match="expected pipeline to be a PipelineDefinition"):
        execute_pipeline("p")  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="instance"):
        execute_pipeline(p, instance="i")  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="raise_on_error"):
        execute_pipeline(p, raise_on_error="no")  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="tags"):
        execute_pipeline(p, mode="one", tags=["a"])  # type: ignore[arg-type]


def test_a_job_is_taken_too():
    @op(config_schema={"n": int})
    def n(context):
        return context.op_config["n"]

    @job
    def j():
        n()

    run_config = {"ops": {"n": {"config": {"n": 3}}}}
    assert execute_pipeline(j, run_config).output_for_solid("n") == 3
    assert execute_pipeline(InMemoryJob(j), run_config).output_for_solid("n") == 3
    with pytest.raises(DagsterInvariantViolationError, match="only pipelines have modes"):
        execute_pipeline(j, run_config, mode="dev")
    with pytest.raises(DagsterInvariantViolationError, match="only pipelines have presets"):
        execute_pipeline(j, run_config, preset="dev")


def test_a_loaded_pipeline_is_taken():
    result = execute_pipeline(InMemoryJob(p.get_mode_job("one")), config(2), mode="two")
    assert result.pipeline_def is p
    assert result.output_for_solid("number") == 2


def test_a_pipeline_in_a_mode_keeps_its_mode_and_selection():
    part = p.get_mode_job("one").get_subset(op_selection=["apart"])
    for given in (part, InMemoryJob(part)):
        result = execute_pipeline(given)
        assert result.pipeline_def is p
        assert [r.solid.name for r in result.solid_result_list] == ["apart"]


def test_config_of_solids_that_a_selection_leaves_out_is_allowed():
    result = execute_pipeline(p, config(1), mode="one", solid_selection=["apart"])
    assert result.success
