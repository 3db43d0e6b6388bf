"""``reexecute_pipeline`` and ``reexecute_pipeline_iterator``: what is inherited, refused and given back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
    Field,
    InputDefinition,
    ModeDefinition,
    OutputDefinition,
    PresetDefinition,
    composite_solid,
    execute_pipeline,
    execute_pipeline_iterator,
    fs_io_manager,
    mem_io_manager,
    pipeline,
    reconstructable,
    reexecute_pipeline,
    reexecute_pipeline_iterator,
    resource,
    solid,
)
from dagster._check import CheckError
from dagster._core.errors import DagsterStepOutputNotFoundError

RAN: list[str] = []
FAIL: set[str] = set()
FILES = {"io_manager": fs_io_manager}
FILESYSTEM = {"intermediate_storage": {"filesystem": {}}}


@pytest.fixture(autouse=True)
def fresh() -> None:
    RAN.clear()
    FAIL.clear()


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def note(context) -> None:
    RAN.append(context.solid.name)
    if context.solid.name in FAIL:
        raise Exception("told to fail")


@solid
def one(context):
    note(context)
    return 1


@solid
def inc(context, num):
    note(context)
    return num + 1


@solid(config_schema={"by": Field(int, default_value=5)}, required_resource_keys={"unit"})
def add(context, num):
    note(context)
    return num + context.solid_config["by"] * context.resources.unit


@resource
def metre(_):
    return 1


@resource
def kilometre(_):
    return 1000


@pipeline(mode_defs=[ModeDefinition(resource_defs=FILES)], tags={"team": "data"})
def plain():
    inc.alias("third")(inc.alias("second")(one()))


@pipeline
def stored():
    inc.alias("third")(inc.alias("second")(one()))


@pipeline(
    mode_defs=[
        ModeDefinition("short", resource_defs={**FILES, "unit": metre}),
        ModeDefinition("long", resource_defs={**FILES, "unit": kilometre}),
    ],
    preset_defs=[
        PresetDefinition(
            "far", run_config={"solids": {"add": {"config": {"by": 2}}}}, mode="long", tags={"p": "1"}
        )
    ],
)
def modal():
    add(one())


@composite_solid(input_defs=[InputDefinition("num", int)], output_defs=[OutputDefinition(int, "result")])
def twice(num):
    return inc.alias("outer")(inc.alias("inner")(num))


@pipeline(mode_defs=[ModeDefinition(resource_defs=FILES)])
def composite():
    inc.alias("last")(twice(one()))


def took() -> list[str]:
    ran = list(RAN)
    RAN.clear()
    return ran


def failed_run(definition, instance, *names, **kwargs):
    FAIL.update(names)
    result = execute_pipeline(definition, instance=instance, raise_on_error=False, **kwargs)
    assert not result.success
    FAIL.clear()
    RAN.clear()
    return result


def test_a_part_takes_from_the_parent(instance):
    parent = failed_run(plain, instance, "second")
    result = reexecute_pipeline(
        plain, parent.run_id, step_selection=["second*"], instance=instance, tags={"now": "1"}
    )
    assert result.success
    assert took() == ["second", "third"]
    assert [result.output_for_solid(name) for name in ("one", "second", "third")] == [1, 2, 3]
    kept = result.result_for_solid("one")
    assert kept.output_value() == 1
    assert kept.output_values == {"result": 1}
    assert not kept.success, "it did not run"
    run = instance.get_run_by_id(result.run_id)
    assert run.parent_run_id == run.root_run_id == parent.run_id
    assert run.step_keys_to_execute == ["second", "third"]
    assert (run.tags["team"], run.tags["now"]) == ("data", "1")
    assert run.tags["dagster/step_selection"] == "second*"


def test_composites_give_what_was_kept(instance):
    first = execute_pipeline(composite, instance=instance)
    took()
    result = reexecute_pipeline(composite, first.run_id, step_selection=["last"], instance=instance)
    assert took() == ["last"]
    assert result.output_for_solid("twice") == 3
    assert result.output_for_solid("twice.inner") == 2
    assert result.output_for_solid("last") == 4
    result = reexecute_pipeline(
        composite, first.run_id, step_selection=["twice.outer+"], instance=instance
    )
    assert took() == ["outer", "last"]
    assert result.result_for_solid("twice").output_values == {"result": 3}


def test_intermediate_storage_of_the_parent_is_read(instance):
    parent = failed_run(stored, instance, "third", run_config=FILESYSTEM)
    result = reexecute_pipeline(
        stored, parent.run_id, FILESYSTEM, step_selection=["third"], instance=instance
    )
    assert took() == ["third"]
    assert [result.output_for_solid(name) for name in ("one", "second", "third")] == [1, 2, 3]
    # The next generation finds them too.
    result = reexecute_pipeline(
        stored, result.run_id, FILESYSTEM, step_selection=["second"], instance=instance
    )
    assert took() == ["second"]
    assert result.output_for_solid("third") == 3


def test_what_was_in_memory_is_gone(instance):
    parent = failed_run(stored, instance, "third")
    with pytest.raises(DagsterStepOutputNotFoundError, match='output "result" of step "second"'):
        reexecute_pipeline(stored, parent.run_id, step_selection=["third"], instance=instance)
    assert took() == []

    @pipeline(mode_defs=[ModeDefinition(resource_defs={"io_manager": mem_io_manager})])
    def in_memory():
        inc.alias("second")(one())

    parent = failed_run(in_memory, instance, "second")
    with pytest.raises(DagsterStepOutputNotFoundError, match="InMemoryIOManager"):
        reexecute_pipeline(in_memory, parent.run_id, step_selection=["second"], instance=instance)
    # As a whole it can run again.
    assert reexecute_pipeline(in_memory, parent.run_id, instance=instance).success


def test_neither_run_config_nor_mode_is_inherited(instance):
    parent = execute_pipeline(
        modal, {"solids": {"add": {"config": {"by": 7}}}}, mode="long", instance=instance
    )
    assert parent.output_for_solid("add") == 7001
    result = reexecute_pipeline(
        modal, parent.run_id, step_selection=["add"], mode="short", instance=instance
    )
    assert result.output_for_solid("add") == 6
    run = instance.get_run_by_id(result.run_id)
    assert (run.mode, run.run_config) == ("short", {})
    with pytest.raises(DagsterInvariantViolationError, match="mode"):
        reexecute_pipeline(modal, parent.run_id, instance=instance)


def test_a_preset_gives_config_mode_and_tags(instance):
    parent = execute_pipeline(modal, mode="short", instance=instance)
    result = reexecute_pipeline(modal, parent.run_id, preset="far", instance=instance)
    assert result.output_for_solid("add") == 2001
    assert instance.get_run_by_id(result.run_id).tags["p"] == "1"
    with pytest.raises(CheckError, match="mutually exclusive"):
        reexecute_pipeline(modal, parent.run_id, preset="far", mode="long", instance=instance)


def test_the_solid_selection_is_inherited(instance):
    parent = execute_pipeline(plain, solid_selection=["*second"], instance=instance)
    assert took() == ["one", "second"]
    result = reexecute_pipeline(plain, parent.run_id, instance=instance)
    assert took() == ["one", "second"]
    run = instance.get_run_by_id(result.run_id)
    assert list(run.solid_selection) == ["*second"]
    assert set(run.solids_to_execute) == {"one", "second"}
    whole = execute_pipeline(plain, instance=instance)
    part = reconstructable(plain).get_subset(op_selection=["one"])
    with pytest.raises(DagsterInvariantViolationError, match="Select steps with step_selection"):
        reexecute_pipeline(part, whole.run_id, instance=instance)


def test_what_is_wrong_is_refused(instance):
    parent = execute_pipeline(plain, instance=instance)
    with pytest.raises(CheckError, match="expected parent_run_id to be the id of a run"):
        reexecute_pipeline(plain, "nix", instance=instance)
    with pytest.raises(CheckError, match="without the instance that it is on"):
        reexecute_pipeline(plain, parent.run_id)
    with pytest.raises(DagsterInvalidSubsetError, match='Did you mean "second"'):
        reexecute_pipeline(plain, parent.run_id, step_selection=["secund"], instance=instance)
    FAIL.add("third")
    with pytest.raises(Exception, match="told to fail"):
        reexecute_pipeline(plain, parent.run_id, step_selection=["third"], instance=instance)
    result = reexecute_pipeline(
        plain, parent.run_id, step_selection=["third"], instance=instance, raise_on_error=False
    )
    assert not result.success
    assert result.output_for_solid("third") is None


def test_the_older_name_of_the_selection(instance):
    parent = execute_pipeline(plain, instance=instance)
    took()
    with pytest.warns(DeprecationWarning, match=r"step_keys_to_execute.*Use step_selection"):
        reexecute_pipeline(plain, parent.run_id, step_keys_to_execute=["third"], instance=instance)
    assert took() == ["third"]
    with pytest.raises(CheckError, match="mutually exclusive"):
        reexecute_pipeline(
            plain,
            parent.run_id,
            step_selection=["one"],
            step_keys_to_execute=["third"],
            instance=instance,
        )


def test_the_iterator_yields_events_as_they_happen(instance):
    FAIL.add("second")
    for event in execute_pipeline_iterator(plain, instance=instance):
        last = event
    assert last.event_type is DagsterEventType.RUN_FAILURE
    (parent,) = instance.get_runs()
    FAIL.clear()
    took()
    events = reexecute_pipeline_iterator(
        plain, parent.run_id, step_selection=["second*"], instance=instance
    )
    assert took() == []
    seen = [(event.event_type_value, list(RAN)) for event in events]
    assert seen[-1] == (DagsterEventType.RUN_SUCCESS.value, ["second", "third"])
    starts = [ran for kind, ran in seen if kind == "STEP_SUCCESS"]
    assert starts == [["second"], ["second", "third"]]
    with pytest.raises(CheckError):
        reexecute_pipeline_iterator(plain, "nix", instance=instance)


def test_a_pipeline_that_can_be_loaded_again(instance):
    recon = reconstructable(plain)
    FAIL.add("third")
    parent = execute_pipeline(recon, instance=instance, raise_on_error=False)
    FAIL.clear()
    took()
    result = reexecute_pipeline(recon, parent.run_id, step_selection=["third"], instance=instance)
    assert took() == ["third"]
    assert result.output_for_solid("third") == 3
    assert instance.get_run_by_id(parent.run_id).job_code_origin.job_name == "plain"
    assert instance.get_run_by_id(result.run_id).job_code_origin.job_name == "plain"
