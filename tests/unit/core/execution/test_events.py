"""What the log of a run says, in which order and words."""

from __future__ import annotations

import re

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import (
    HandledOutputData,
    LoadedInputData,
    StepInputData,
    StepOutputData,
    TypeCheckData,
)
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.handles import NodeHandle, StepHandle, StepOutputHandle


@op
def one() -> int:
    return 1


@op
def inc(x: int, by: int = 1) -> int:
    return x + by


@job
def simple():
    inc(one())


def test_the_log_of_a_simple_run() -> None:
    result = simple.execute_in_process()
    said = [
        (
            e.event_type_value,
            e.step_key,
            re.sub(r"\d+(\.\d+)?(µs|ms|s)\b|pid: \d+", "…", e.message or ""),
        )
        for e in result.all_events
    ]
    assert said == [
        ("PIPELINE_START", None, 'Started execution of run for "simple".'),
        ("ENGINE_EVENT", None, "Executing steps in process (…)"),
        ("RESOURCE_INIT_STARTED", None, "Starting initialization of resources [io_manager]."),
        ("RESOURCE_INIT_SUCCESS", None, "Finished initialization of resources [io_manager]."),
        ("STEP_START", "one", 'Started execution of step "one".'),
        ("STEP_OUTPUT", "one", 'Yielded output "result" of type "Int". (Type check passed).'),
        ("HANDLED_OUTPUT", "one", 'Handled output "result" using IO manager "io_manager"'),
        ("STEP_SUCCESS", "one", 'Finished execution of step "one" in ….'),
        ("STEP_START", "inc", 'Started execution of step "inc".'),
        (
            "LOADED_INPUT",
            "inc",
            'Loaded input "x" using input manager "io_manager", from output "result" of step "one"',
        ),
        ("STEP_INPUT", "inc", 'Got input "x" of type "Int". (Type check passed).'),
        ("STEP_INPUT", "inc", 'Got input "by" of type "Int". (Type check passed).'),
        ("STEP_OUTPUT", "inc", 'Yielded output "result" of type "Int". (Type check passed).'),
        ("HANDLED_OUTPUT", "inc", 'Handled output "result" using IO manager "io_manager"'),
        ("STEP_SUCCESS", "inc", 'Finished execution of step "inc" in ….'),
        ("ENGINE_EVENT", None, "Finished steps in process (…) in …"),
        ("PIPELINE_SUCCESS", None, 'Finished execution of run for "simple".'),
    ]


def test_run_events_have_two_names_and_one_value() -> None:
    first, last = simple.execute_in_process().all_events[0], simple.execute_in_process().all_events[-1]
    assert first.event_type is DagsterEventType.RUN_START is DagsterEventType.PIPELINE_START
    assert last.event_type is DagsterEventType.RUN_SUCCESS is DagsterEventType.PIPELINE_SUCCESS
    assert last.is_job_success
    assert last.is_pipeline_success
    assert last.pipeline_name == last.job_name == "simple"


def test_what_events_carry() -> None:
    result = simple.execute_in_process()
    by_type = {e.event_type_value: e for e in result.events_for_node("inc")}
    assert by_type["LOADED_INPUT"].event_specific_data == LoadedInputData(
        "x", "io_manager", "result", "one"
    )
    assert by_type["STEP_INPUT"].event_specific_data == StepInputData("by", TypeCheckData(True, "by"))
    assert by_type["STEP_OUTPUT"].event_specific_data == StepOutputData(
        StepOutputHandle("inc", "result"), TypeCheckData(True, "result")
    )
    assert by_type["HANDLED_OUTPUT"].event_specific_data == HandledOutputData("result", "io_manager")
    assert by_type["STEP_SUCCESS"].step_success_data.duration_ms > 0
    for event in by_type.values():
        assert event.step_handle == StepHandle(NodeHandle("inc"), "inc")
        assert event.node_handle == NodeHandle("inc")
        assert event.step_kind == "COMPUTE"
        assert event.pid is not None
        assert event.logging_tags is not None
        assert event.logging_tags["step_key"] == "inc"
        assert event.logging_tags["op_name"] == "inc"
        assert event.logging_tags["run_id"] == result.run_id


def test_the_instance_has_the_same_log() -> None:
    with DagsterInstance.ephemeral() as instance:
        result = simple.execute_in_process(instance=instance)
        entries = instance.all_logs(result.run_id)
    assert [e.dagster_event for e in entries] == list(result.all_events)
    assert all(e.run_id == result.run_id and e.job_name == "simple" for e in entries)
    assert [e.step_key for e in entries] == [e.step_key for e in result.all_events]
    times = [e.timestamp for e in entries]
    assert times == sorted(times)
    assert {e.level for e in entries} == {10}


def test_a_failed_run_ends_with_the_reason() -> None:
    @op
    def breaks(x):
        raise ValueError("no")

    @job
    def failing():
        inc.alias("after")(inc(breaks(one())))

    with DagsterInstance.ephemeral() as instance:
        result = failing.execute_in_process(raise_on_error=False, instance=instance)
        entries = {e.dagster_event_type: e for e in instance.all_logs(result.run_id)}
    told = [e.message for e in result.all_events if e.event_type_value == "ENGINE_EVENT"]
    assert told[1:3] == [
        "Dependencies for step inc failed: ['breaks']. Not executing.",
        "Dependencies for step after failed: ['inc']. Not executing.",
    ]
    last = result.all_events[-1]
    assert last.event_type is DagsterEventType.RUN_FAILURE
    assert last.message == "Execution of run for \"failing\" failed. Steps failed: ['breaks']."
    data = last.job_failure_data
    assert (data.failure_reason.value, data.first_step_failure_key) == ("STEP_FAILURE", "breaks")
    assert data.error == result.failure_data_for_node("breaks").error  # type: ignore[union-attr]
    # The error is in the log once, with its step.
    assert entries[DagsterEventType.STEP_FAILURE].error_info is not None
    assert entries[DagsterEventType.RUN_FAILURE].error_info is None
    assert entries[DagsterEventType.RUN_FAILURE].level == 40
