"""DagsterEvent: what happened, in the documented form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._check import CheckError
from dagster._core.events import builders
from dagster._core.events.event_type import (
    ALERT_EVENTS,
    FAILURE_EVENTS,
    HOOK_EVENTS,
    RUN_EVENTS,
    STEP_EVENTS,
    DagsterEventType,
)
from dagster._core.events.payloads import EventSpecificData
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.handles import AnyStepHandle, NodeHandle
from dagster._wire.record import Record


def _is(*types: DagsterEventType) -> property:
    """Return a property that is true for events of these types."""
    values = frozenset(t.value for t in types)
    return property(lambda self: self.event_type_value in values)


def _data(*types: DagsterEventType) -> property:
    """Return a property that gives the payload of events of these types and refuses others."""
    values = frozenset(t.value for t in types)

    def get(self: DagsterEvent) -> Any:
        if self.event_type_value not in values:
            wanted = " or ".join(t.name for t in types)
            raise CheckError(f"expected an event of type {wanted}, got: {self.event_type_value}")
        return self.event_specific_data

    return property(get)


class DagsterEvent(Record, frozen=True, gc=False):
    """An event that the framework or user code made while a job ran.

    From the "Execution" document. Users do not make these; they read them from results and logs.

    Args:
        event_type_value: The value of a :class:`DagsterEventType`.
        job_name: The job.
        step_handle: The step, for step events.
        node_handle: The node, for step events.
        step_kind_value: ``COMPUTE``, ``UNRESOLVED_MAPPED`` or ``UNRESOLVED_COLLECT``.
        logging_tags: Tags of the step for log lines.
        event_specific_data: What this type of event carries.
        message: One sentence for people.
        pid: The process that made the event.
        step_key: The key of the step, for step events.
    """

    event_type_value: str
    job_name: str
    step_handle: AnyStepHandle | None = None
    node_handle: NodeHandle | None = None
    step_kind_value: str | None = None
    logging_tags: Mapping[str, str] | None = None
    event_specific_data: EventSpecificData | None = None
    message: str | None = None
    pid: int | None = None
    step_key: str | None = None

    @property
    def event_type(self) -> DagsterEventType:
        """The type of event."""
        return DagsterEventType(self.event_type_value)

    @property
    def node_name(self) -> str:
        """The name of the node, without its path."""
        if self.node_handle is None:
            raise CheckError(f"expected a step event, got: {self.event_type_value}")
        return self.node_handle.name

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset that the event is about, if it is about one."""
        data = self.event_specific_data
        subject = getattr(data, "materialization", None) or getattr(data, "asset_observation", None)
        # Planned and failed materializations name the asset themselves.
        return getattr(data, "asset_key", None) if subject is None else subject.asset_key

    @property
    def partition(self) -> str | None:
        """The partition that the event is about, if it is about one."""
        data = self.event_specific_data
        subject = getattr(data, "materialization", None) or getattr(data, "asset_observation", None)
        # Planned and failed materializations name the asset themselves.
        return getattr(data, "partition", None) if subject is None else subject.partition

    is_step_event = _is(*STEP_EVENTS)
    is_hook_event = _is(*HOOK_EVENTS)
    is_alert_event = _is(*ALERT_EVENTS)
    is_job_event = _is(*RUN_EVENTS)
    is_failure = _is(*FAILURE_EVENTS)
    is_step_success = _is(DagsterEventType.STEP_SUCCESS)
    is_successful_output = _is(DagsterEventType.STEP_OUTPUT)
    is_step_start = _is(DagsterEventType.STEP_START)
    is_step_failure = _is(DagsterEventType.STEP_FAILURE)
    is_step_skipped = _is(DagsterEventType.STEP_SKIPPED)
    is_step_up_for_retry = _is(DagsterEventType.STEP_UP_FOR_RETRY)
    is_step_restarted = _is(DagsterEventType.STEP_RESTARTED)
    is_resource_init_failure = _is(DagsterEventType.RESOURCE_INIT_FAILURE)
    is_job_success = _is(DagsterEventType.RUN_SUCCESS)
    is_job_failure = _is(DagsterEventType.RUN_FAILURE)
    is_run_failure = _is(DagsterEventType.RUN_FAILURE)
    is_engine_event = _is(DagsterEventType.ENGINE_EVENT)
    is_handled_output = _is(DagsterEventType.HANDLED_OUTPUT)
    is_loaded_input = _is(DagsterEventType.LOADED_INPUT)
    is_step_materialization = _is(DagsterEventType.ASSET_MATERIALIZATION)
    is_asset_observation = _is(DagsterEventType.ASSET_OBSERVATION)
    is_expectation_result = _is(DagsterEventType.STEP_EXPECTATION_RESULT)
    is_asset_materialization_planned = _is(DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    is_asset_failed_to_materialize = _is(DagsterEventType.ASSET_FAILED_TO_MATERIALIZE)

    step_input_data = _data(DagsterEventType.STEP_INPUT)
    step_output_data = _data(DagsterEventType.STEP_OUTPUT)
    step_success_data = _data(DagsterEventType.STEP_SUCCESS)
    step_failure_data = _data(DagsterEventType.STEP_FAILURE)
    step_retry_data = _data(DagsterEventType.STEP_UP_FOR_RETRY)
    step_materialization_data = _data(DagsterEventType.ASSET_MATERIALIZATION)
    asset_observation_data = _data(DagsterEventType.ASSET_OBSERVATION)
    asset_materialization_planned_data = _data(DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    asset_failed_to_materialize_data = _data(DagsterEventType.ASSET_FAILED_TO_MATERIALIZE)
    step_expectation_result_data = _data(DagsterEventType.STEP_EXPECTATION_RESULT)
    handled_output_data = _data(DagsterEventType.HANDLED_OUTPUT)
    loaded_input_data = _data(DagsterEventType.LOADED_INPUT)
    job_failure_data = _data(DagsterEventType.RUN_FAILURE)
    job_canceled_data = _data(DagsterEventType.RUN_CANCELED)
    hook_errored_data = _data(DagsterEventType.HOOK_ERRORED)
    hook_completed_data = _data(DagsterEventType.HOOK_COMPLETED)
    hook_skipped_data = _data(DagsterEventType.HOOK_SKIPPED)
    logs_captured_data = _data(DagsterEventType.LOGS_CAPTURED)
    engine_event_data = _data(
        DagsterEventType.ENGINE_EVENT,
        DagsterEventType.RESOURCE_INIT_STARTED,
        DagsterEventType.RESOURCE_INIT_SUCCESS,
        DagsterEventType.RESOURCE_INIT_FAILURE,
        DagsterEventType.STEP_WORKER_STARTED,
        DagsterEventType.STEP_WORKER_STARTING,
    )

    @property
    def materialization(self) -> Any:
        """The materialization of an ASSET_MATERIALIZATION event."""
        return self.step_materialization_data.materialization

    # The older generation's words for the members above.
    pipeline_name = property(lambda self: self.job_name)
    solid_handle = property(lambda self: self.node_handle)
    solid_name = property(lambda self: self.node_name)
    step_kind = property(lambda self: self.step_kind_value)
    is_pipeline_success = is_job_success
    is_pipeline_failure = is_job_failure
    is_pipeline_event = is_job_event
    is_pipeline_init_failure = _is(DagsterEventType.PIPELINE_INIT_FAILURE)
    is_asset_store_operation = _is(DagsterEventType.ASSET_STORE_OPERATION)
    pipeline_failure_data = job_failure_data
    pipeline_init_failure_data = _data(DagsterEventType.PIPELINE_INIT_FAILURE)

    # Constructors, which write the event too.
    from_step = classmethod(builders.from_step)
    from_job = classmethod(builders.from_job)
    from_resource = classmethod(builders.from_resource)
    step_output_event = classmethod(builders.step_output_event)
    step_input_event = classmethod(builders.step_input_event)
    step_failure_event = classmethod(builders.step_failure_event)
    step_retry_event = classmethod(builders.step_retry_event)
    step_start_event = classmethod(builders.step_start_event)
    step_restarted_event = classmethod(builders.step_restarted_event)
    step_success_event = classmethod(builders.step_success_event)
    step_skipped_event = classmethod(builders.step_skipped_event)
    step_materialization = classmethod(builders.step_materialization)
    asset_observation = classmethod(builders.asset_observation)
    step_expectation_result = classmethod(builders.step_expectation_result)
    object_store_operation = classmethod(builders.object_store_operation)
    handled_output = classmethod(builders.handled_output)
    loaded_input = classmethod(builders.loaded_input)
    step_worker_starting = classmethod(builders.step_worker_starting)
    step_worker_started = classmethod(builders.step_worker_started)
    hook_completed = classmethod(builders.hook_completed)
    hook_errored = classmethod(builders.hook_errored)
    hook_skipped = classmethod(builders.hook_skipped)
    job_enqueue = classmethod(builders.job_enqueue)
    job_start = classmethod(builders.job_start)
    job_success = classmethod(builders.job_success)
    job_failure = classmethod(builders.job_failure)
    job_canceled = classmethod(builders.job_canceled)
    job_suspended = classmethod(builders.job_suspended)
    job_resumed = classmethod(builders.job_resumed)
    engine_event = classmethod(builders.engine_event)
    capture_logs = classmethod(builders.capture_logs)
    legacy_compute_log_step_event = classmethod(builders.legacy_compute_log_step_event)
    resource_init_start = classmethod(builders.resource_init_start)
    resource_init_success = classmethod(builders.resource_init_success)
    resource_init_failure = classmethod(builders.resource_init_failure)
    resource_teardown_failure = classmethod(builders.resource_teardown_failure)
    asset_materialization = step_materialization

    # The older generation's words for them.
    from_pipeline = classmethod(builders.from_pipeline)
    pipeline_start = classmethod(builders.pipeline_start)
    pipeline_success = classmethod(builders.pipeline_success)
    pipeline_failure = classmethod(builders.pipeline_failure)
    pipeline_canceled = classmethod(builders.pipeline_canceled)
    pipeline_init_failure = classmethod(builders.pipeline_init_failure)
