"""InProcessExecutor: all steps in this process, one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import dagster._time as _time
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData
from dagster._core.execution.plan_context import PlanOrchestrationContext
from dagster._core.execution.resource_session import ResourceSession
from dagster._core.execution.step import execute_step, skip_step
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.base import Executor
from dagster._core.executor.log_capture import LogCapture
from dagster._core.executor.step_dependency import DEFAULT_STEP_DEPENDENCY, StepDependencyConfig
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.progress import Progress
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.retry import RetryMode


class InProcessExecutor(Executor):
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
        self._retries = retries
        self._marker_to_close = marker_to_close
        self._step_dependency_config = step_dependency_config

    @property
    def retries(self) -> RetryMode:
        return self._retries

    @property
    def step_dependency_config(self) -> StepDependencyConfig:
        return self._step_dependency_config

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Run the plan in this process. See :meth:`Executor.execute`."""
        plan_context.retry_mode = self._retries
        started = _time.monotonic()
        metadata = {
            "pid": MetadataValue.text(str(plan_context.pid)),
            "step_keys": MetadataValue.text(_shown_keys(execution_plan)),
        }
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Executing steps in process (pid: {plan_context.pid})",
            EngineEventData(metadata=metadata, marker_end=self._marker_to_close),
        )
        session = ResourceSession(plan_context)
        manager = plan_context.instance.log_capturer
        logs = LogCapture(plan_context, manager) if manager is not None else None
        try:
            if logs is not None:
                yield logs.open(execution_plan.step_keys_to_execute)
            yield from session.open()
            yield from self._run_steps(plan_context, execution_plan)
        finally:
            try:
                # First, so that what is left in the loop still has its resources.
                plan_context.coroutines.close()
            finally:
                try:
                    teardown_events = session.close()
                finally:
                    if logs is not None:
                        logs.close()
        yield from teardown_events
        elapsed = _time.format_duration(_time.monotonic() - started)
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Finished steps in process (pid: {plan_context.pid}) in {elapsed}",
            EngineEventData(metadata={"pid": metadata["pid"]}),
        )

    def _run_steps(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        config = self._step_dependency_config
        progress = Progress(
            execution_plan, require_upstream_step_success=config.require_upstream_step_success
        )
        attempts = progress.attempts
        steps_by_key = plan_context.steps_by_key
        static_count = len(execution_plan)
        handle_event = progress.handle_event
        while True:
            if progress.skipped or progress.abandoned:
                yield from self._tell(plan_context, progress)
            now = _time.monotonic() if progress.next_retry_due() is not None else 0.0
            step = progress.take_ready(now)
            if step is None:
                if progress.is_over:
                    return
                due = progress.next_retry_due()
                assert due is not None  # steps that neither run nor wait would never end
                _time.sleep(max(0.0, due - now))
                continue
            if step.index >= static_count:
                steps_by_key[step.key] = step
            context = StepExecutionContext(plan_context, step, attempts.get(step.key, 0))
            for event in execute_step(context):
                handle_event(step, event, _now_for(event))
                yield event

    def _tell(
        self, plan_context: PlanOrchestrationContext, progress: Progress
    ) -> Iterator[DagsterEvent]:
        """Write what was skipped and what can never run."""
        for step in progress.take_skipped():
            yield skip_step(StepExecutionContext(plan_context, step))
        for step in progress.take_abandoned():
            failed = progress.upstream_failures(step)
            yield plan_context.emit_run_event(
                DagsterEventType.ENGINE_EVENT,
                f"Dependencies for step {step.key} failed: {failed}. Not executing.",
                EngineEventData(metadata={"step_key": MetadataValue.text(step.key)}),
            )


_RETRY = DagsterEventType.STEP_UP_FOR_RETRY.value


def _now_for(event: DagsterEvent) -> float:
    return _time.monotonic() if event.event_type_value == _RETRY else 0.0


def _shown_keys(plan: ExecutionPlan) -> str:
    keys = plan.step_keys_to_execute
    shown = ", ".join(f"'{key}'" for key in keys[:20])
    return f"[{shown}{f', … ({len(keys)} steps)' if len(keys) > 20 else ''}]"
