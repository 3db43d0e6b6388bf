"""InProcessExecutor: all steps in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster._time as _time
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData
from dagster._core.execution.plan_context import PlanOrchestrationContext
from dagster._core.execution.resource_session import ResourceSession
from dagster._core.execution.step import execute_step, tell_unrun
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.base import OwnExecutor
from dagster._core.executor.limits import StepGate, take_next
from dagster._core.executor.step_dependency import DEFAULT_STEP_DEPENDENCY, StepDependencyConfig
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.progress import Progress
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.retry import RetryMode
from dagster._core.records.tags import MAX_RUNTIME_SECONDS_TAG
from dagster._process.late_module import LateModule

if TYPE_CHECKING:
    from dagster._core.execution import conditional_steps
    from dagster._core.executor import log_capture, time_limits
else:
    conditional_steps = LateModule("dagster._core.execution.conditional_steps")
    log_capture = LateModule("dagster._core.executor.log_capture")
    time_limits = LateModule("dagster._core.executor.time_limits")


class StepSession:
    """What steps of a run need that run in its own process: resources, an event loop, captured output.

    Args:
        plan_context: The run.
    """

    __slots__ = ("_logs", "_plan_context", "_resources")

    def __init__(self, plan_context: PlanOrchestrationContext) -> None:
        self._plan_context = plan_context
        self._resources = ResourceSession(plan_context)
        manager = plan_context.instance.log_capturer
        self._logs = log_capture.LogCapture(plan_context, manager) if manager is not None else None

    def open(self, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        """Set up what the steps of a plan need, and yield the events of it."""
        if self._logs is not None:
            yield self._logs.open(execution_plan.step_keys_to_execute)
        yield from self._resources.open()

    def close(self) -> list[DagsterEvent]:
        """Tear everything down, whatever happened; return an event for each failure."""
        try:
            # First, so that what is left in the loop still has its resources.
            self._plan_context.coroutines.close()
        finally:
            try:
                events = self._resources.close()
            finally:
                if self._logs is not None:
                    self._logs.close()
        return events


class InProcessExecutor(OwnExecutor):
    """Runs all steps in this process, one after the other, by priority.

    Args:
        retries: Whether failed steps are tried again.
        marker_to_close: The marker of a span, for a view of how long things took.
        step_dependency_config: What a step needs of the steps before it.
    """

    def __init__(
        self,
        retries: RetryMode = RetryMode.ENABLED,
        marker_to_close: str | None = None,
        step_dependency_config: StepDependencyConfig = DEFAULT_STEP_DEPENDENCY,
    ) -> None:
        super().__init__(retries, step_dependency_config)
        self._marker_to_close = marker_to_close

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Run the plan in this process. See :meth:`Executor.execute`."""
        plan_context.retry_mode = self._retries
        started = _time.monotonic()
        metadata = {
            "pid": MetadataValue.text(str(plan_context.pid)),
            "step_keys": MetadataValue.text(shown_keys(execution_plan)),
        }
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Executing steps in process (pid: {plan_context.pid})",
            EngineEventData(metadata=metadata, marker_end=self._marker_to_close),
        )
        if plan_context.fingerprints is not None:
            plan_context.fingerprints.read_code()
        gate = StepGate.for_run(plan_context)
        session = StepSession(plan_context)
        try:
            yield from session.open(execution_plan)
            yield from self._run_steps(plan_context, execution_plan, gate)
        finally:
            gate.close()
            teardown_events = session.close()
        yield from teardown_events
        elapsed = _time.format_duration(_time.monotonic() - started)
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Finished steps in process (pid: {plan_context.pid}) in {elapsed}",
            EngineEventData(metadata={"pid": metadata["pid"]}),
        )

    def _run_steps(
        self,
        plan_context: PlanOrchestrationContext,
        execution_plan: ExecutionPlan,
        gate: StepGate,
    ) -> Iterator[DagsterEvent]:
        progress = self.progress_of(plan_context, execution_plan)
        attempts = progress.attempts
        steps_by_key = plan_context.steps_by_key
        static_count = len(execution_plan)
        handle_event = progress.handle_event
        is_open = gate.is_open
        has_limit = MAX_RUNTIME_SECONDS_TAG in plan_context.tags
        deadline = time_limits.RunDeadline.of_run(plan_context.tags) if has_limit else None
        while True:
            if deadline is not None:
                deadline.check()
            if progress.conditions is not None:
                yield from conditional_steps.settle_conditions(plan_context, progress)
            if progress.skipped or progress.abandoned:
                yield from tell_unrun(plan_context, progress)
            now = _time.monotonic() if not is_open or progress.next_retry_due() is not None else 0.0
            if is_open:
                step = progress.take_ready(now)
            else:
                step = take_next(gate, progress, now)
                yield from gate.take_events()
            if step is None:
                if progress.is_over:
                    return
                _time.sleep(seconds_to_wait(gate, progress, now))
                continue
            if step.index >= static_count:
                steps_by_key[step.key] = step
            context = StepExecutionContext(plan_context, step, attempts.get(step.key, 0))
            for event in execute_step(context):
                handle_event(step, event, now_for(event))
                yield event
            if not is_open:
                gate.release(step)


def seconds_to_wait(gate: StepGate, progress: Progress, now: float) -> float:
    """Return how long nothing can be done, where no step runs."""
    due, poll = progress.next_retry_due(), gate.next_poll(now)
    times = [seconds for seconds in (None if due is None else due - now, poll) if seconds is not None]
    assert times  # steps that neither run nor wait would never end
    return max(0.0, min(times))


_RETRY = DagsterEventType.STEP_UP_FOR_RETRY.value


def now_for(event: DagsterEvent) -> float:
    """Return the time for :meth:`Progress.handle_event`, which asks for it with a retry only."""
    return _time.monotonic() if event.event_type_value == _RETRY else 0.0


def shown_keys(plan: ExecutionPlan) -> str:
    """Return the keys of the steps that a plan runs, for a message."""
    keys = plan.step_keys_to_execute
    shown = ", ".join(f"'{key}'" for key in keys[:20])
    return f"[{shown}{f', … ({len(keys)} steps)' if len(keys) > 20 else ''}]"
