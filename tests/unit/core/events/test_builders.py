"""The documented constructors of DagsterEvent write what they return."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from dagster._core.definitions.hook import success_hook
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import (
    EngineEventData,
    JobFailureData,
    ObjectStoreOperationResultData,
    RunFailureReason,
    StepFailureData,
    StepInputData,
    StepOutputData,
    StepRetryData,
    StepSuccessData,
    TypeCheckData,
)
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.handles import StepOutputHandle
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.run import DagsterRun
from dagster._core.records.user_events import AssetMaterialization, AssetObservation, ExpectationResult
from dagster._core.storage.compute_log_manager import CapturedLogContext

ERROR = error_info_from_exception(ValueError("broken"))


def write(build: Callable[[Any], DagsterEvent]) -> tuple[DagsterEvent, Any]:
    """The event that is built inside of a running op, and the entry of the log that it wrote."""
    made: list[DagsterEvent] = []

    @op
    def first() -> int:
        return 1

    @op
    def inside(context, x: int) -> int:
        made.append(build(context.get_step_execution_context()))
        return x

    @job
    def builders():
        inside(first())

    with DagsterInstance.ephemeral() as instance:
        result = builders.execute_in_process(instance=instance)
        entries = [e for e in instance.all_logs(result.run_id) if e.dagster_event == made[0]]
    # The engine's own event of the same type may say the very same, before this one.
    assert entries
    return made[0], entries[-1]


STEP_EVENTS: list[tuple[Callable[[Any], DagsterEvent], DagsterEventType, str]] = [
    (
        lambda c: DagsterEvent.step_output_event(
            c, StepOutputData(StepOutputHandle("inside"), TypeCheckData(True, "result"))
        ),
        DagsterEventType.STEP_OUTPUT,
        'Yielded output "result" of type "Int". (Type check passed).',
    ),
    (
        lambda c: DagsterEvent.step_output_event(
            c, StepOutputData(StepOutputHandle("inside", "result", "k"), TypeCheckData(False, "result"))
        ),
        DagsterEventType.STEP_OUTPUT,
        'Yielded output "result" mapping key "k" of type "Int". Warning! Type check failed.',
    ),
    (
        lambda c: DagsterEvent.step_input_event(c, StepInputData("x", TypeCheckData(True, "x"))),
        DagsterEventType.STEP_INPUT,
        'Got input "x" of type "Int". (Type check passed).',
    ),
    (
        lambda c: DagsterEvent.step_input_event(c, StepInputData("x")),
        DagsterEventType.STEP_INPUT,
        'Got input "x" of type "Int". (No type check).',
    ),
    (
        lambda c: DagsterEvent.step_failure_event(c, StepFailureData(ERROR)),
        DagsterEventType.STEP_FAILURE,
        'Execution of step "inside" failed.',
    ),
    (
        lambda c: DagsterEvent.step_failure_event(c, StepFailureData(ERROR), message="Away."),
        DagsterEventType.STEP_FAILURE,
        "Away.",
    ),
    (
        lambda c: DagsterEvent.step_retry_event(c, StepRetryData(ERROR, 2)),
        DagsterEventType.STEP_UP_FOR_RETRY,
        'Execution of step "inside" failed and has requested a retry in 2 seconds.',
    ),
    (
        DagsterEvent.step_start_event,
        DagsterEventType.STEP_START,
        'Started execution of step "inside".',
    ),
    (
        lambda c: DagsterEvent.step_restarted_event(c, 1),
        DagsterEventType.STEP_RESTARTED,
        'Started re-execution (attempt # 2) of step "inside".',
    ),
    (
        lambda c: DagsterEvent.step_success_event(c, StepSuccessData(12.3)),
        DagsterEventType.STEP_SUCCESS,
        'Finished execution of step "inside" in 12ms.',
    ),
    (
        DagsterEvent.step_skipped_event,
        DagsterEventType.STEP_SKIPPED,
        'Skipped execution of step "inside".',
    ),
    (
        lambda c: DagsterEvent.step_materialization(c, AssetMaterialization(["a", "b"])),
        DagsterEventType.ASSET_MATERIALIZATION,
        "Materialized value a b.",
    ),
    (
        lambda c: DagsterEvent.asset_materialization(c, AssetMaterialization("a", description="Done.")),
        DagsterEventType.STEP_MATERIALIZATION,
        "Done.",
    ),
    (
        lambda c: DagsterEvent.asset_observation(c, AssetObservation(["a", "b"])),
        DagsterEventType.ASSET_OBSERVATION,
        "Observed asset a/b.",
    ),
    (
        lambda c: DagsterEvent.step_expectation_result(c, ExpectationResult(False, label="no rows")),
        DagsterEventType.STEP_EXPECTATION_RESULT,
        "Expectation failed with label no rows.",
    ),
    (
        lambda c: DagsterEvent.object_store_operation(
            c, ObjectStoreOperationResultData("SET_OBJECT", "value", "/tmp/x")
        ),
        DagsterEventType.OBJECT_STORE_OPERATION,
        "Object store operation SET_OBJECT: value at /tmp/x.",
    ),
    (
        lambda c: DagsterEvent.handled_output(c, "result", "io", metadata={"rows": 3}),
        DagsterEventType.HANDLED_OUTPUT,
        'Handled output "result" using IO manager "io"',
    ),
    (
        lambda c: DagsterEvent.loaded_input(c, "x", "io", "result", "first"),
        DagsterEventType.LOADED_INPUT,
        'Loaded input "x" using input manager "io", from output "result" of step "first"',
    ),
    (
        DagsterEvent.legacy_compute_log_step_event,
        DagsterEventType.LOGS_CAPTURED,
        "Started capturing logs for step: inside.",
    ),
    (
        lambda c: DagsterEvent.step_worker_starting(c, "Starting.", {"pid": 7}),
        DagsterEventType.STEP_WORKER_STARTING,
        "Starting.",
    ),
    (
        lambda c: DagsterEvent.hook_errored(c, ValueError("hook")),
        DagsterEventType.HOOK_ERRORED,
        'Error occurred during the execution of a hook triggered for "inside".',
    ),
    (
        lambda c: DagsterEvent.from_step(DagsterEventType.STEP_START, c, message="By hand."),
        DagsterEventType.STEP_START,
        "By hand.",
    ),
]


@pytest.mark.parametrize(("build", "event_type", "message"), STEP_EVENTS)
def test_events_of_steps(
    build: Callable[[Any], DagsterEvent], event_type: DagsterEventType, message: str
) -> None:
    event, entry = write(build)
    assert (event.event_type, event.message) == (event_type, message)
    assert (event.step_key, event.node_name, event.job_name) == ("inside", "inside", "builders")
    assert entry.step_key == "inside"
    failed = event_type in (DagsterEventType.STEP_FAILURE, DagsterEventType.HOOK_ERRORED)
    assert (entry.level == 40) == failed
    assert (entry.error_info is not None) == (failed or event_type is DagsterEventType.STEP_UP_FOR_RETRY)


def test_events_of_hooks_take_either_context() -> None:
    made: list[DagsterEvent] = []

    @success_hook
    def tells(context):
        made.append(DagsterEvent.hook_completed(context, context.hook_def))
        made.append(DagsterEvent.hook_skipped(context, context.hook_def))

    @op(name="hooked")
    def hooked_op():
        return 1

    @job(hooks={tells})
    def hooked_job():
        hooked_op()

    assert hooked_job.execute_in_process().success
    assert [(e.event_type.name, e.step_key, e.message) for e in made] == [
        (
            "HOOK_COMPLETED",
            "hooked",
            'Finished the execution of hook "tells" triggered for "hooked".',
        ),
        (
            "HOOK_SKIPPED",
            "hooked",
            (
                'Skipped the execution of hook "tells". It did not meet its triggering condition during the '
                'execution of "hooked".'
            ),
        ),
    ]


RUN_EVENTS: list[tuple[Callable[[Any], DagsterEvent], str, str]] = [
    (DagsterEvent.job_start, "PIPELINE_START", 'Started execution of run for "builders".'),
    (DagsterEvent.pipeline_start, "PIPELINE_START", 'Started execution of run for "builders".'),
    (DagsterEvent.job_success, "PIPELINE_SUCCESS", 'Finished execution of run for "builders".'),
    (DagsterEvent.pipeline_success, "PIPELINE_SUCCESS", 'Finished execution of run for "builders".'),
    (
        lambda c: DagsterEvent.job_failure(c, "Why.", RunFailureReason.RUN_EXCEPTION, ERROR),
        "PIPELINE_FAILURE",
        'Execution of run for "builders" failed. Why.',
    ),
    (
        lambda c: DagsterEvent.pipeline_failure(c, "Why.", ERROR),
        "PIPELINE_FAILURE",
        'Execution of run for "builders" failed. Why.',
    ),
    (DagsterEvent.job_canceled, "PIPELINE_CANCELED", 'Execution of run for "builders" canceled.'),
    (
        lambda c: DagsterEvent.pipeline_canceled(c, ERROR),
        "PIPELINE_CANCELED",
        'Execution of run for "builders" canceled.',
    ),
    (lambda c: DagsterEvent.job_suspended(c, "Later."), "RUN_SUSPENDED", "Later."),
    (DagsterEvent.job_resumed, "RUN_RESUMED", 'Resumed execution of run for "builders".'),
    (
        lambda c: DagsterEvent.engine_event(
            c, "Says.", EngineEventData({"n": MetadataValue.int(1)}, marker_start="m")
        ),
        "ENGINE_EVENT",
        "Says.",
    ),
    (
        lambda c: DagsterEvent.engine_event(c, "Fails.", EngineEventData(error=ERROR)),
        "ENGINE_EVENT",
        "Fails.",
    ),
    (
        lambda c: DagsterEvent.capture_logs(c, ["inside"], ["r", "k"], CapturedLogContext(["r", "k"])),
        "LOGS_CAPTURED",
        "Started capturing logs in process (pid: {pid}).",
    ),
    (
        lambda c: DagsterEvent.from_job(DagsterEventType.ALERT_START, c, "By hand."),
        "ALERT_START",
        "By hand.",
    ),
]


@pytest.mark.parametrize(("build", "value", "message"), RUN_EVENTS)
def test_events_of_runs(build: Callable[[Any], DagsterEvent], value: str, message: str) -> None:
    event, entry = write(lambda step_context: build(step_context.plan_context))
    assert event.pid == os.getpid()
    message = message.replace("{pid}", str(event.pid))
    assert (event.event_type_value, event.message, event.step_key) == (value, message, None)
    error = getattr(event.event_specific_data, "error", None)
    assert entry.error_info == error
    is_error = error is not None or value in ("PIPELINE_FAILURE", "PIPELINE_CANCELED")
    assert entry.level == (40 if is_error else 10)


def test_an_event_of_a_run_may_be_about_a_step() -> None:
    event, _ = write(lambda c: DagsterEvent.engine_event(c, "Of a step.", step_handle=c.step_handle))
    assert (event.step_key, event.node_name) == ("inside", "inside")
    event, _ = write(
        lambda c: DagsterEvent.from_pipeline(
            DagsterEventType.ENGINE_EVENT, c, "Of a step.", EngineEventData(), c.step_handle
        )
    )
    assert event.step_key == "inside"


RESOURCE_EVENTS: list[tuple[Callable[[Any], DagsterEvent], str, str, int]] = [
    (
        lambda p: DagsterEvent.resource_init_start(p.job_name, p.plan, p.log, {"b", "a"}),
        "RESOURCE_INIT_STARTED",
        "Starting initialization of resources [a, b].",
        10,
    ),
    (
        lambda p: DagsterEvent.resource_init_success(
            p.job_name, p.plan, p.log, {"b": 1, "a": "x"}, {"a": "1ms", "b": "2ms"}
        ),
        "RESOURCE_INIT_SUCCESS",
        "Finished initialization of resources [a, b].",
        10,
    ),
    (
        lambda p: DagsterEvent.resource_init_failure(p.job_name, p.plan, p.log, {"a"}, ERROR),
        "RESOURCE_INIT_FAILURE",
        "Initialization of resources [a] failed.",
        40,
    ),
    (
        lambda p: DagsterEvent.resource_teardown_failure(p.job_name, p.plan, p.log, {"a"}, ERROR),
        "ENGINE_EVENT",
        "Teardown of resources [a] failed.",
        40,
    ),
    (
        lambda p: DagsterEvent.pipeline_init_failure(p.job_name, JobFailureData(ERROR), p.log),
        "PIPELINE_INIT_FAILURE",
        (
            'Pipeline failure during initialization of pipeline "builders". This may be due to a failure in '
            "initializing the executor or one of the loggers."
        ),
        40,
    ),
    (
        lambda p: DagsterEvent.step_worker_started(p.log, p.job_name, "Here.", {"pid": 1}, None),
        "STEP_WORKER_STARTED",
        "Here.",
        10,
    ),
]


@pytest.mark.parametrize(("build", "value", "message", "level"), RESOURCE_EVENTS)
def test_events_through_the_log_manager(
    build: Callable[[Any], DagsterEvent], value: str, message: str, level: int
) -> None:
    event, entry = write(lambda step_context: build(step_context.plan_context))
    assert (event.event_type_value, event.message) == (value, message)
    assert entry.level == level
    assert (entry.error_info is not None) == (level == 40)


def test_resources_of_a_plan_of_one_step_are_about_it() -> None:
    made: list[DagsterEvent] = []

    @op
    def alone(context):
        plan_context = context.get_step_execution_context().plan_context
        made.append(DagsterEvent.resource_init_start("j", plan_context.plan, plan_context.log, {"a"}))

    @job
    def one_step():
        alone()

    one_step.execute_in_process()
    assert made[0].step_key == "alone"


def test_events_without_a_context_are_only_built() -> None:
    run = DagsterRun(job_name="j")
    assert DagsterEvent.job_enqueue(run).event_type is DagsterEventType.RUN_ENQUEUED
    event = DagsterEvent.job_failure("j", "Why.", RunFailureReason.START_TIMEOUT, ERROR)
    assert event.message == 'Execution of run for "j" failed. Why.'
    assert event.job_failure_data.failure_reason is RunFailureReason.START_TIMEOUT
