"""Run one step as a row of stages, each a generator of events.

Load inputs → check inputs → compute → check outputs → handle outputs → finish, with user code always
inside an error boundary, then hooks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import dagster._time as _time
from dagster._core.errors import (
    DagsterExecutionInterruptedError,
    DagsterInvariantViolationError,
    DagsterLaunchedStepError,
)
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData, ErrorSource, StepSuccessData
from dagster._core.execution.compute import (
    STREAMS,
    call_op,
    events_of_value,
    is_event,
    read_stream,
)
from dagster._core.execution.failure import failure_events
from dagster._core.execution.inputs import load_inputs
from dagster._core.execution.outputs import Seen, check_all_given, store_value, take_output
from dagster._core.execution.plan_context import PlanExecutionContext
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.plan.progress import Progress
from dagster._core.records.metadata import NO_METADATA, MetadataValue
from dagster._core.records.user_events import DynamicOutput, Output
from dagster._process.late_module import LateModule
from dagster._text import shown

if TYPE_CHECKING:
    from dagster._core.execution import hooks, step_launcher
else:
    hooks = LateModule("dagster._core.execution.hooks")
    # Few ops require a resource, and of those few a launcher.
    step_launcher = LateModule("dagster._core.execution.step_launcher")

_START = DagsterEventType.STEP_START.value
_RESTARTED = DagsterEventType.STEP_RESTARTED.value
_SUCCESS = DagsterEventType.STEP_SUCCESS.value
_SKIPPED = DagsterEventType.STEP_SKIPPED.value
_NOT_FOR_OTHERS = (SystemExit, GeneratorExit)


def execute_step(context: StepExecutionContext) -> Iterator[DagsterEvent]:
    """Run one attempt of a step and yield its events, those of its hooks last.

    An error becomes an event. It is raised too, as the user raised it, where the run raises errors. A step
    whose op requires a :class:`StepLauncher` is run by that, somewhere else.
    """
    step = context.step
    stages = _launched_or_here if step.op_def.required_resource_keys else _stages
    if not step.hook_defs:
        return _attempt(context, stages)
    return _attempt_with_hooks(context, stages)


def _attempt_with_hooks(
    context: StepExecutionContext, stages: Callable[[StepExecutionContext], Iterator[DagsterEvent]]
) -> Iterator[DagsterEvent]:
    events: list[DagsterEvent] = []
    try:
        for event in _attempt(context, stages):
            events.append(event)
            yield event
    except (Exception, SystemExit):
        yield from hooks.run_hooks(context, events)
        raise
    yield from hooks.run_hooks(context, events)


def _launched_or_here(context: StepExecutionContext) -> Iterator[DagsterEvent]:
    is_launched = step_launcher.has_launcher(context)
    return step_launcher.launched_step(context) if is_launched else _stages(context)


def execute_step_here(context: StepExecutionContext) -> Iterator[DagsterEvent]:
    """Run one attempt of a step in this process, without its hooks. See :func:`execute_step`."""
    return _attempt(context, _stages)


def _attempt(
    context: StepExecutionContext, stages: Callable[[StepExecutionContext], Iterator[DagsterEvent]]
) -> Iterator[DagsterEvent]:
    try:
        yield from stages(context)
        return
    except DagsterLaunchedStepError as failed:
        # It was told where the step ran.
        context.capture_step_exception(failed)
        error = failed
        event = None
    except (KeyboardInterrupt, DagsterExecutionInterruptedError) as interrupt:
        context.capture_step_exception(interrupt)
        yield from failure_events(context, interrupt, ErrorSource.INTERRUPT)
        raise
    except GeneratorExit:
        raise
    except BaseException as exc:  # noqa: BLE001 - every error of a step becomes an event
        context.capture_step_exception(exc)
        error = exc
        event = None
        for event in failure_events(context, exc):
            yield event
    is_final = event is None or not event.is_step_up_for_retry
    if is_final and context.plan_context.raise_on_error:
        # Raised outside of the handler, so that the user's exception keeps the chain it came with.
        user_exception = getattr(error, "user_exception", None)
        # These two would end the program, or the generators around, instead of telling of the error.
        is_own = user_exception is not None and not isinstance(user_exception, _NOT_FOR_OTHERS)
        raise user_exception if is_own else error  # type: ignore[misc] - it is not None then


def _stages(context: StepExecutionContext) -> Iterator[DagsterEvent]:
    started = _time.monotonic()
    step = context.step
    key = step.key
    fingerprints = context.plan_context.fingerprints
    if fingerprints is not None:
        fingerprints.of(step)  # before the step can change what its code refers to
    if context.attempt:
        yield context.emit(
            _RESTARTED, f'Started re-execution (attempt # {context.attempt + 1}) of step "{key}".'
        )
    else:
        yield context.emit(_START, f'Started execution of step "{key}".')

    inputs: dict[str, Any] = {}
    if step.inputs:
        yield from load_inputs(context, inputs)

    result = call_op(context, inputs)
    outputs = step.outputs
    if context.user_events is not None:
        yield from context.take_user_events()
    if (
        len(outputs) == 1
        and not step.tracks_outputs
        and not isinstance(result, STREAMS)
        and not is_event(result)
    ):
        # The common case: one plain value for one output.
        (output,) = outputs.values()
        yield from store_value(context, output, result, None, NO_METADATA)
    else:
        yield from _outputs(context, result)
    elapsed = (_time.monotonic() - started) * 1000
    yield context.emit(
        _SUCCESS,
        f'Finished execution of step "{key}" in {_time.format_duration(elapsed / 1000)}.',
        StepSuccessData(elapsed, None if fingerprints is None else fingerprints.for_log(step)),
    )


def _outputs(context: StepExecutionContext, result: Any) -> Iterator[DagsterEvent]:
    seen: Seen = set()
    items = (
        read_stream(context, result)
        if isinstance(result, STREAMS)
        else events_of_value(context.step.op_def, result)
    )
    try:
        for item in items:
            if context.user_events is not None:
                yield from context.take_user_events()
            if isinstance(item, (Output, DynamicOutput)):
                yield from take_output(context, item, seen)
            elif is_event(item):
                yield context.emit_user_event(item)
            else:
                raise DagsterInvariantViolationError(
                    f"Compute function for {context.describe_op()} yielded a value of type "
                    f"{type(item).__name__} rather than an instance of Output, AssetMaterialization, "
                    f"AssetObservation or ExpectationResult: {shown(item)}. Values yielded by a generator "
                    "must be wrapped in one of these; return a plain value instead of yielding it."
                )
    finally:
        # A refused output ends the user's generator here, while the event loop and resources are there.
        items.close()
    if context.user_events is not None:
        yield from context.take_user_events()
    yield from check_all_given(context, seen)


def skip_step(context: StepExecutionContext) -> DagsterEvent:
    """Write that a step was skipped, since an optional output that it takes was not given."""
    return context.emit(_SKIPPED, f'Skipped execution of step "{context.step.key}".')


def tell_unrun(plan_context: PlanExecutionContext, progress: Progress) -> Iterator[DagsterEvent]:
    """Write what was skipped, and what can never run, since the last time."""
    for step in progress.take_skipped():
        yield skip_step(StepExecutionContext(plan_context, step))
    for step in progress.take_abandoned():
        failed = progress.upstream_failures(step)
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Dependencies for step {step.key} failed: {failed}. Not executing.",
            EngineEventData(metadata={"step_key": MetadataValue.text(step.key)}),
        )
