"""The document "Re-execution in Dagster": its walk-through, completed where the text was cut."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dagster import (
    DagsterInstance,
    ModeDefinition,
    PipelineDefinition,
    execute_pipeline,
    fs_io_manager,
    pipeline,
    reexecute_pipeline,
    solid,
)


class Luck:
    """What ``random()`` gives, one after the other; what ran, in order."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = list(numbers)
        self.ran: list[str] = []

    def random(self) -> float:
        return self.numbers.pop(0)

    def note(self, name: str) -> None:
        self.ran.append(name)

    def took(self) -> list[str]:
        ran, self.ran = self.ran, []
        return ran


def make_unreliable_pipeline(
    random: Callable[[], float], ran: Callable[[str], None] = lambda _: None
) -> PipelineDefinition:
    @solid
    def unreliable_start(_):
        ran("unreliable_start")
        return 1

    @solid
    def unreliable(_, num):
        ran("unreliable")
        failure_rate = 0.5
        if random() < failure_rate:
            raise Exception("blah")
        return num

    @solid
    def unreliable_end(_, num):
        ran("unreliable_end")
        return num

    @pipeline(mode_defs=[ModeDefinition(resource_defs={"io_manager": fs_io_manager})])
    def unreliable_pipeline():
        unreliable_end(unreliable(unreliable_start()))

    return unreliable_pipeline


def lucky_pipeline(luck: Luck) -> PipelineDefinition:
    return make_unreliable_pipeline(luck.random, luck.note)


def test_unreliable_pipeline_succeeds():
    with DagsterInstance.ephemeral() as instance:
        pipeline_result_full = execute_pipeline(make_unreliable_pipeline(lambda: 0.9), instance=instance)
        assert pipeline_result_full.success
        assert pipeline_result_full.output_for_solid("unreliable_end") == 1


def test_unreliable_pipeline_fails():
    with DagsterInstance.ephemeral() as instance:
        unreliable_pipeline = make_unreliable_pipeline(lambda: 0.1)
        result = execute_pipeline(unreliable_pipeline, instance=instance, raise_on_error=False)
        assert not result.success
        assert result.result_for_solid("unreliable_start").success
        assert not result.result_for_solid("unreliable").success
        assert result.result_for_solid("unreliable").failure_data is not None
        assert result.result_for_solid("unreliable_end").skipped
        with pytest.raises(Exception, match="blah"):
            execute_pipeline(unreliable_pipeline, instance=instance)
        # The run that failed is still there, beside the new one.
        assert [run.is_failure for run in instance.get_runs()] == [True, True]


def test_the_walk_through():
    luck = Luck(0.1, 0.9, 0.9, 0.9)
    unreliable_pipeline = lucky_pipeline(luck)
    instance = DagsterInstance.ephemeral()

    # Initial execution
    pipeline_result_full = execute_pipeline(unreliable_pipeline, instance=instance, raise_on_error=False)
    assert luck.took() == ["unreliable_start", "unreliable"]

    if not pipeline_result_full.success:
        # Re-execution: Entire pipeline
        reexecution_result_full = reexecute_pipeline(
            unreliable_pipeline, parent_run_id=pipeline_result_full.run_id, instance=instance
        )
        assert reexecution_result_full.success
        assert luck.took() == ["unreliable_start", "unreliable", "unreliable_end"]

        # Re-execution: Starting with the "unreliable" solid and all its descendents
        reexecution_result_specific_selection = reexecute_pipeline(
            unreliable_pipeline,
            parent_run_id=pipeline_result_full.run_id,
            instance=instance,
            step_selection=["unreliable*"],
        )
        assert reexecution_result_specific_selection.success
        assert luck.took() == ["unreliable", "unreliable_end"]
        assert reexecution_result_specific_selection.output_for_solid("unreliable_end") == 1

        # "adding a + for every subsequent step to be selected"
        one_more = reexecute_pipeline(
            unreliable_pipeline,
            parent_run_id=reexecution_result_full.run_id,
            instance=instance,
            step_selection=["unreliable+"],
        )
        assert one_more.success
        assert luck.took() == ["unreliable", "unreliable_end"]

    # "No matter which one you choose, the re-executed run is linked to the original run."
    found = instance.get_run_group(pipeline_result_full.run_id)
    assert found is not None
    root_run_id, group = found
    assert root_run_id == pipeline_result_full.run_id
    assert len(group) == 4
    assert {run.parent_run_id for run in group} == {
        None,
        pipeline_result_full.run_id,
        reexecution_result_full.run_id,
    }
    assert {run.root_run_id for run in group} == {None, pipeline_result_full.run_id}
    instance.dispose()


def test_solid_selection_from_unreliable_on():
    unreliable_pipeline = make_unreliable_pipeline(lambda: 0.9)
    result = execute_pipeline(
        unreliable_pipeline,
        solid_selection=["unreliable+"],
        run_config={"solids": {"unreliable": {"inputs": {"num": {"value": 7}}}}},
    )
    assert result.success
    assert result.output_for_solid("unreliable_end") == 7
