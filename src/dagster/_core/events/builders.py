"""The documented constructors of :class:`DagsterEvent`: each writes the event to the log it belongs to.

They are class methods of DagsterEvent, under the names of both generations. The engine itself emits
through its contexts and does not come this way.

What they are given: a step context (or a hook context), whose ``emit`` writes an event of the step; a
plan context, whose ``emit_run_event`` writes one of the run; or the log manager of a run.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import (
    AssetObservationData,
    ComputeLogsCaptureData,
    EngineEventData,
    HandledOutputData,
    HookErroredData,
    JobCanceledData,
    JobFailureData,
    LoadedInputData,
    RunFailureReason,
    StepExpectationResultData,
    StepFailureData,
    StepInputData,
    StepMaterializationData,
    StepOutputData,
    StepRetryData,
    StepSuccessData,
)
from dagster._core.records.error_info import SerializableErrorInfo, error_info_from_exception
from dagster._core.records.metadata import normalize_metadata

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.records.run import DagsterRun

#: Types of events that are written as errors.
_ERRORS = frozenset(
    {
        DagsterEventType.STEP_FAILURE,
        DagsterEventType.RUN_FAILURE,
        DagsterEventType.RUN_CANCELED,
        DagsterEventType.HOOK_ERRORED,
        DagsterEventType.RESOURCE_INIT_FAILURE,
        DagsterEventType.PIPELINE_INIT_FAILURE,
    }
)

Event = type["DagsterEvent"]


def _level(event_type: DagsterEventType, error: SerializableErrorInfo | None) -> int:
    if event_type in _ERRORS or error is not None:
        return logging.ERROR if event_type is not DagsterEventType.STEP_UP_FOR_RETRY else logging.INFO
    return logging.DEBUG


def _key(step_context: Any) -> str:
    return step_context.step.key


def _named(keys: Iterable[str]) -> str:
    return ", ".join(sorted(keys))


# The three ways


def from_step(
    _cls: Event,
    event_type: DagsterEventType,
    step_context: Any,
    event_specific_data: Any = None,
    message: str | None = None,
) -> DagsterEvent:
    """Write an event of a step.

    Args:
        event_type: Its type.
        step_context: The context of the step, or of a hook on it.
        event_specific_data: What it carries.
        message: One sentence for people.
    """
    context = getattr(step_context, "_step_context", step_context)
    error = getattr(event_specific_data, "error", None)
    return context.emit(
        event_type.value, message or "", event_specific_data, _level(event_type, error), error
    )


def from_job(
    cls: Event,
    event_type: DagsterEventType,
    job_context: Any,
    message: str | None = None,
    event_specific_data: Any = None,
    step_handle: Any = None,
) -> DagsterEvent:
    """Write an event of a run.

    Args:
        event_type: Its type.
        job_context: The context of the plan, or of one of its steps.
        message: One sentence for people.
        event_specific_data: What it carries.
        step_handle: The step that it is about, if it is about one.
    """
    context = getattr(job_context, "plan_context", job_context)
    error = getattr(event_specific_data, "error", None)
    event = cls(
        event_type.value,
        context.job_name,
        step_handle=step_handle,
        node_handle=step_handle.node_handle if step_handle is not None else None,
        event_specific_data=event_specific_data,
        message=message,
        pid=context.pid,
        step_key=step_handle.to_key() if step_handle is not None else None,
    )
    return context.emit(event, _level(event_type, error), error)


def from_resource(
    cls: Event,
    event_type: DagsterEventType,
    job_name: str,
    execution_plan: Any,
    log_manager: Any,
    message: str | None = None,
    event_specific_data: Any = None,
) -> DagsterEvent:
    """Write an event of resources, which are set up before there is a step context.

    Args:
        event_type: Its type.
        job_name: The job.
        execution_plan: The plan. If it has one step only, the event is about that step.
        log_manager: The log manager of the run.
        message: One sentence for people.
        event_specific_data: What it carries.
    """
    step = execution_plan.steps[0] if len(execution_plan.steps) == 1 else None
    error = getattr(event_specific_data, "error", None)
    event = cls(
        event_type.value,
        job_name,
        step_handle=step.handle if step is not None else None,
        node_handle=step.node_handle if step is not None else None,
        step_kind_value=step.kind.value if step is not None else None,
        event_specific_data=event_specific_data,
        message=message,
        step_key=step.key if step is not None else None,
    )
    return log_manager.write_event(event, _level(event_type, error), error)


# Steps


def step_output_event(cls: Event, step_context: Any, step_output_data: StepOutputData) -> DagsterEvent:
    """Write that a step gave an output."""
    output = step_context.step.outputs[step_output_data.output_name]
    key = step_output_data.mapping_key
    keyed = f' mapping key "{key}"' if key is not None else ""
    check = step_output_data.type_check_data
    outcome = (
        "(No type check)."
        if check is None
        else "(Type check passed)."
        if check.success
        else "Warning! Type check failed."
    )
    return from_step(
        cls,
        DagsterEventType.STEP_OUTPUT,
        step_context,
        step_output_data,
        f'Yielded output "{output.name}"{keyed} of type "{output.dagster_type.display_name}". {outcome}',
    )


def step_input_event(cls: Event, step_context: Any, step_input_data: StepInputData) -> DagsterEvent:
    """Write that a step got an input."""
    name = step_input_data.input_name
    dagster_type = step_context.step.step_input_named(name).dagster_type
    check = step_input_data.type_check_data
    outcome = (
        "(No type check)."
        if check is None
        else "(Type check passed)."
        if check.success
        else "Warning! Type check failed."
    )
    return from_step(
        cls,
        DagsterEventType.STEP_INPUT,
        step_context,
        step_input_data,
        f'Got input "{name}" of type "{dagster_type.display_name}". {outcome}',
    )


def step_failure_event(
    cls: Event, step_context: Any, step_failure_data: StepFailureData, message: str | None = None
) -> DagsterEvent:
    """Write that a step failed."""
    text = message or f'Execution of step "{_key(step_context)}" failed.'
    return from_step(cls, DagsterEventType.STEP_FAILURE, step_context, step_failure_data, text)


def step_retry_event(cls: Event, step_context: Any, step_retry_data: StepRetryData) -> DagsterEvent:
    """Write that a step failed and is tried again."""
    seconds = step_retry_data.seconds_to_wait
    when = f" in {seconds:g} seconds" if seconds else ""
    return from_step(
        cls,
        DagsterEventType.STEP_UP_FOR_RETRY,
        step_context,
        step_retry_data,
        f'Execution of step "{_key(step_context)}" failed and has requested a retry{when}.',
    )


def step_start_event(cls: Event, step_context: Any) -> DagsterEvent:
    """Write that a step started."""
    message = f'Started execution of step "{_key(step_context)}".'
    return from_step(cls, DagsterEventType.STEP_START, step_context, None, message)


def step_restarted_event(cls: Event, step_context: Any, previous_attempts: int) -> DagsterEvent:
    """Write that a step was started again."""
    return from_step(
        cls,
        DagsterEventType.STEP_RESTARTED,
        step_context,
        None,
        f'Started re-execution (attempt # {previous_attempts + 1}) of step "{_key(step_context)}".',
    )


def step_success_event(cls: Event, step_context: Any, success: StepSuccessData) -> DagsterEvent:
    """Write that a step succeeded."""
    message = f'Finished execution of step "{_key(step_context)}" in {success.duration_ms:.0f}ms.'
    return from_step(cls, DagsterEventType.STEP_SUCCESS, step_context, success, message)


def step_skipped_event(cls: Event, step_context: Any) -> DagsterEvent:
    """Write that a step was skipped."""
    message = f'Skipped execution of step "{_key(step_context)}".'
    return from_step(cls, DagsterEventType.STEP_SKIPPED, step_context, None, message)


def step_materialization(cls: Event, step_context: Any, materialization: Any) -> DagsterEvent:
    """Write that a value was stored outside."""
    return from_step(
        cls,
        DagsterEventType.ASSET_MATERIALIZATION,
        step_context,
        StepMaterializationData(materialization),
        materialization.description or f"Materialized value {materialization.label}.",
    )


def asset_observation(cls: Event, step_context: Any, observation: Any) -> DagsterEvent:
    """Write that something was noticed of an asset."""
    return from_step(
        cls,
        DagsterEventType.ASSET_OBSERVATION,
        step_context,
        AssetObservationData(observation),
        observation.description or f"Observed asset {observation.asset_key.to_user_string()}.",
    )


def step_expectation_result(cls: Event, step_context: Any, expectation_result: Any) -> DagsterEvent:
    """Write the result of an expectation."""
    outcome = "passed" if expectation_result.success else "failed"
    label = f" with label {expectation_result.label}" if expectation_result.label else ""
    return from_step(
        cls,
        DagsterEventType.STEP_EXPECTATION_RESULT,
        step_context,
        StepExpectationResultData(expectation_result),
        expectation_result.description or f"Expectation {outcome}{label}.",
    )


def object_store_operation(
    cls: Event, step_context: Any, object_store_operation_result: Any
) -> DagsterEvent:
    """Write what an intermediate storage did (older generation).

    Args:
        step_context: The step.
        object_store_operation_result: An ObjectStoreOperationResultData.
    """
    data = object_store_operation_result
    where = f" at {data.address}" if data.address else ""
    what = f" {data.value_name}" if data.value_name else ""
    return from_step(
        cls,
        DagsterEventType.OBJECT_STORE_OPERATION,
        step_context,
        data,
        f"Object store operation {data.op}:{what}{where}.",
    )


def handled_output(
    cls: Event,
    step_context: Any,
    output_name: str,
    manager_key: str,
    message_override: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> DagsterEvent:
    """Write that an I/O manager stored an output."""
    return from_step(
        cls,
        DagsterEventType.HANDLED_OUTPUT,
        step_context,
        HandledOutputData(output_name, manager_key, normalize_metadata(metadata)),
        message_override or f'Handled output "{output_name}" using IO manager "{manager_key}"',
    )


def loaded_input(
    cls: Event,
    step_context: Any,
    input_name: str,
    manager_key: str,
    upstream_output_name: str | None = None,
    upstream_step_key: str | None = None,
    message_override: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> DagsterEvent:
    """Write that an I/O manager or input manager loaded an input."""
    message = f'Loaded input "{input_name}" using input manager "{manager_key}"'
    if upstream_output_name:
        message += f', from output "{upstream_output_name}" of step "{upstream_step_key}"'
    return from_step(
        cls,
        DagsterEventType.LOADED_INPUT,
        step_context,
        LoadedInputData(
            input_name,
            manager_key,
            upstream_output_name,
            upstream_step_key,
            normalize_metadata(metadata),
        ),
        message_override or message,
    )


def step_worker_starting(
    cls: Event, step_context: Any, message: str, metadata: Mapping[str, Any]
) -> DagsterEvent:
    """Write that a process is started for a step."""
    data = EngineEventData(normalize_metadata(metadata), marker_start="step_process_start")
    return from_step(cls, DagsterEventType.STEP_WORKER_STARTING, step_context, data, message)


def step_worker_started(
    cls: Event,
    log_manager: Any,
    job_name: str,
    message: str,
    metadata: Mapping[str, Any],
    step_key: str | None,
) -> DagsterEvent:
    """Write that the process of a step has started."""
    event = cls(
        DagsterEventType.STEP_WORKER_STARTED.value,
        job_name,
        message=message,
        event_specific_data=EngineEventData(
            normalize_metadata(metadata), marker_end="step_process_start"
        ),
        step_key=step_key,
    )
    return log_manager.write_event(event, logging.DEBUG)


# Captured output


def capture_logs(
    cls: Event, job_context: Any, step_keys: Sequence[str], log_key: Sequence[str], log_context: Any
) -> DagsterEvent:
    """Write that stdout and stderr of this process are kept from here on.

    Args:
        job_context: The context of the plan.
        step_keys: The steps that the process runs.
        log_key: The key of the log.
        log_context: What the compute log manager gave: where it can be seen.
    """
    data = ComputeLogsCaptureData(
        log_key[-1],
        step_keys,
        log_key,
        log_context.external_url,
        log_context.external_stdout_url,
        log_context.external_stderr_url,
    )
    message = f"Started capturing logs in process (pid: {os.getpid()})."
    return from_job(cls, DagsterEventType.LOGS_CAPTURED, job_context, message, data)


def legacy_compute_log_step_event(cls: Event, step_context: Any) -> DagsterEvent:
    """Write that stdout and stderr of one step are kept from here on (older generation)."""
    key = _key(step_context)
    return from_step(
        cls,
        DagsterEventType.LOGS_CAPTURED,
        step_context,
        ComputeLogsCaptureData(key, [key]),
        f"Started capturing logs for step: {key}.",
    )


# Hooks


def hook_completed(cls: Event, step_context: Any, hook_def: Any) -> DagsterEvent:
    """Write that a hook ran."""
    message = (
        f'Finished the execution of hook "{hook_def.name}" triggered for "{_hooked(step_context)}".'
    )
    return from_step(cls, DagsterEventType.HOOK_COMPLETED, step_context, None, message)


def hook_errored(cls: Event, step_context: Any, error: Any) -> DagsterEvent:
    """Write that a hook raised.

    Args:
        step_context: The step.
        error: The exception (``HookExecutionError``), or its SerializableErrorInfo.
    """
    info = error if isinstance(error, SerializableErrorInfo) else error_info_from_exception(error)
    message = f'Error occurred during the execution of a hook triggered for "{_hooked(step_context)}".'
    return from_step(cls, DagsterEventType.HOOK_ERRORED, step_context, HookErroredData(info), message)


def hook_skipped(cls: Event, step_context: Any, hook_def: Any) -> DagsterEvent:
    """Write that a hook had nothing to do."""
    return from_step(
        cls,
        DagsterEventType.HOOK_SKIPPED,
        step_context,
        None,
        f'Skipped the execution of hook "{hook_def.name}". It did not meet its triggering condition '
        f'during the execution of "{_hooked(step_context)}".',
    )


def _hooked(context: Any) -> str:
    return _key(getattr(context, "_step_context", context))


# Runs


def job_enqueue(cls: Event, run: DagsterRun) -> DagsterEvent:
    """Return the event that a run was put into the queue. Whoever does that stores it."""
    return cls(DagsterEventType.RUN_ENQUEUED.value, run.job_name)


def job_start(cls: Event, job_context: Any) -> DagsterEvent:
    """Write that a run started."""
    message = f'Started execution of run for "{job_context.job_name}".'
    return from_job(cls, DagsterEventType.RUN_START, job_context, message)


def job_success(cls: Event, job_context: Any) -> DagsterEvent:
    """Write that a run succeeded."""
    message = f'Finished execution of run for "{job_context.job_name}".'
    return from_job(cls, DagsterEventType.RUN_SUCCESS, job_context, message)


def job_failure(
    cls: Event,
    job_context_or_name: Any,
    context_msg: str,
    failure_reason: RunFailureReason = RunFailureReason.UNKNOWN,
    error_info: SerializableErrorInfo | None = None,
    first_step_failure_event: DagsterEvent | None = None,
) -> DagsterEvent:
    """Write that a run failed.

    Args:
        job_context_or_name: The context of the plan; or the name of the job, if the run failed before
            there was one. Whoever gives a name stores the event.
        context_msg: What went wrong, a sentence.
        failure_reason: Why.
        error_info: The error.
        first_step_failure_event: The event of the first step that failed.
    """
    key = first_step_failure_event.step_key if first_step_failure_event is not None else None
    data = JobFailureData(error_info, failure_reason, key)
    if isinstance(job_context_or_name, str):
        return cls(
            DagsterEventType.RUN_FAILURE.value,
            job_context_or_name,
            event_specific_data=data,
            message=f'Execution of run for "{job_context_or_name}" failed. {context_msg}',
        )
    message = f'Execution of run for "{job_context_or_name.job_name}" failed. {context_msg}'
    return from_job(cls, DagsterEventType.RUN_FAILURE, job_context_or_name, message, data)


def from_pipeline(
    cls: Event,
    event_type: DagsterEventType,
    pipeline_context: Any,
    message: str | None = None,
    event_specific_data: Any = None,
    step_handle: Any = None,
) -> DagsterEvent:
    """Write an event of a run (older generation)."""
    return from_job(cls, event_type, pipeline_context, message, event_specific_data, step_handle)


def pipeline_start(cls: Event, pipeline_context: Any) -> DagsterEvent:
    """Write that a run started (older generation)."""
    return job_start(cls, pipeline_context)


def pipeline_success(cls: Event, pipeline_context: Any) -> DagsterEvent:
    """Write that a run succeeded (older generation)."""
    return job_success(cls, pipeline_context)


def pipeline_canceled(
    cls: Event, pipeline_context: Any, error_info: SerializableErrorInfo | None = None
) -> DagsterEvent:
    """Write that a run was canceled (older generation)."""
    return job_canceled(cls, pipeline_context, error_info)


def pipeline_failure(
    cls: Event,
    pipeline_context: Any,
    context_msg: str,
    error_info: SerializableErrorInfo | None = None,
) -> DagsterEvent:
    """Write that a run failed (older generation)."""
    return job_failure(cls, pipeline_context, context_msg, RunFailureReason.UNKNOWN, error_info)


def job_canceled(
    cls: Event,
    job_context: Any,
    error_info: SerializableErrorInfo | None = None,
    message: str | None = None,
) -> DagsterEvent:
    """Write that a run was canceled."""
    return from_job(
        cls,
        DagsterEventType.RUN_CANCELED,
        job_context,
        message or f'Execution of run for "{job_context.job_name}" canceled.',
        JobCanceledData(error_info),
    )


def job_suspended(cls: Event, job_context: Any, message: str) -> DagsterEvent:
    """Write that a run was put aside."""
    return from_job(cls, DagsterEventType.RUN_SUSPENDED, job_context, message)


def job_resumed(cls: Event, job_context: Any) -> DagsterEvent:
    """Write that a run goes on."""
    message = f'Resumed execution of run for "{job_context.job_name}".'
    return from_job(cls, DagsterEventType.RUN_RESUMED, job_context, message)


def pipeline_init_failure(
    cls: Event, pipeline_name: str, failure_data: JobFailureData, log_manager: Any
) -> DagsterEvent:
    """Write that a run failed before its first step (older generation)."""
    event = cls(
        DagsterEventType.PIPELINE_INIT_FAILURE.value,
        pipeline_name,
        event_specific_data=failure_data,
        message=f'Pipeline failure during initialization of pipeline "{pipeline_name}". '
        "This may be due to a failure in initializing the executor or one of the loggers.",
    )
    return log_manager.write_event(event, logging.ERROR, failure_data.error)


def engine_event(
    cls: Event,
    plan_context: Any,
    message: str,
    event_specific_data: EngineEventData | None = None,
    step_handle: Any = None,
) -> DagsterEvent:
    """Write what the machinery has to say of a run."""
    return from_job(
        cls,
        DagsterEventType.ENGINE_EVENT,
        plan_context,
        message,
        event_specific_data or EngineEventData(),
        step_handle,
    )


# Resources


def resource_init_start(
    cls: Event, job_name: str, execution_plan: Any, log_manager: Any, resource_keys: Iterable[str]
) -> DagsterEvent:
    """Write that resources are being set up."""
    return from_resource(
        cls,
        DagsterEventType.RESOURCE_INIT_STARTED,
        job_name,
        execution_plan,
        log_manager,
        f"Starting initialization of resources [{_named(resource_keys)}].",
        EngineEventData(marker_start="resources"),
    )


def resource_init_success(
    cls: Event,
    job_name: str,
    execution_plan: Any,
    log_manager: Any,
    resource_instances: Mapping[str, Any],
    resource_init_times: Mapping[str, str],
) -> DagsterEvent:
    """Write that resources are set up, with their classes and how long each took."""
    metadata: dict[str, Any] = {}
    for key in sorted(resource_instances):
        metadata[key] = normalize_metadata({key: type(resource_instances[key]).__name__})[key]
        metadata[f"{key}:init_time"] = resource_init_times[key]
    return from_resource(
        cls,
        DagsterEventType.RESOURCE_INIT_SUCCESS,
        job_name,
        execution_plan,
        log_manager,
        f"Finished initialization of resources [{_named(resource_instances)}].",
        EngineEventData(normalize_metadata(metadata), marker_end="resources"),
    )


def resource_init_failure(
    cls: Event,
    job_name: str,
    execution_plan: Any,
    log_manager: Any,
    resource_keys: Iterable[str],
    error: SerializableErrorInfo,
) -> DagsterEvent:
    """Write that resources could not be set up."""
    return from_resource(
        cls,
        DagsterEventType.RESOURCE_INIT_FAILURE,
        job_name,
        execution_plan,
        log_manager,
        f"Initialization of resources [{_named(resource_keys)}] failed.",
        EngineEventData(marker_end="resources", error=error),
    )


def resource_teardown_failure(
    cls: Event,
    job_name: str,
    execution_plan: Any,
    log_manager: Any,
    resource_keys: Iterable[str],
    error: SerializableErrorInfo,
) -> DagsterEvent:
    """Write that resources could not be torn down."""
    return from_resource(
        cls,
        DagsterEventType.ENGINE_EVENT,
        job_name,
        execution_plan,
        log_manager,
        f"Teardown of resources [{_named(resource_keys)}] failed.",
        EngineEventData(error=error),
    )
