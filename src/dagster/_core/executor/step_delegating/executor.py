"""StepDelegatingExecutor: each step in a process that a handler starts somewhere, which writes the log itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster._time as _time
from dagster._core.definitions.reconstructable import ReconstructableJob
from dagster._core.errors import (
    DagsterExecutionInterruptedError,
    DagsterInvalidInvocationError,
    DagsterRunWorkerStoppedError,
    DagsterSubprocessError,
    DagsterWorkerProcessError,
)
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import EngineEventData, ErrorSource
from dagster._core.execution.failure import failure_events
from dagster._core.execution.plan_context import PlanOrchestrationContext
from dagster._core.execution.step import tell_unrun
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.base import OwnExecutor, job_for_other_process
from dagster._core.executor.limits import StepGate, take_next
from dagster._core.executor.step_delegating.execute_step_args import ExecuteStepArgs
from dagster._core.executor.step_delegating.step_handler import StepHandler, StepHandlerContext
from dagster._core.executor.step_dependency import DEFAULT_STEP_DEPENDENCY, StepDependencyConfig
from dagster._core.executor.time_limits import RunDeadline, step_limit
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.progress import Progress
from dagster._core.plan.step import ExecutionStep
from dagster._core.plan.step_reference import StepReference
from dagster._core.records.error_info import SerializableErrorInfo, error_info_from_exception
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.retry import RetryMode
from dagster._core.records.run import DagsterRunStatus
from dagster._text import expected

#: How long the run waits for steps that it has told to end, in seconds.
GRACE_SECONDS = 20.0
#: After how many failed looks at a step in a row it counts as lost.
MAX_FAILED_CHECKS = 3
_WARNING = 30
_PAGE = 1000

_STARTING = DagsterEventType.STEP_WORKER_STARTING.value
#: With these an attempt is over.
_ENDS = frozenset(
    event_type.value
    for event_type in (
        DagsterEventType.STEP_SUCCESS,
        DagsterEventType.STEP_FAILURE,
        DagsterEventType.STEP_SKIPPED,
        DagsterEventType.STEP_UP_FOR_RETRY,
    )
)
#: What this process writes of a step itself, besides ends of steps that are lost.
_OWN = frozenset({_STARTING, DagsterEventType.ENGINE_EVENT.value})
_RETRY = DagsterEventType.STEP_UP_FOR_RETRY.value
_BEGINNINGS = frozenset({DagsterEventType.STEP_START.value, DagsterEventType.STEP_RESTARTED.value})
#: What tells how far an attempt is.
_ATTEMPTS = _ENDS | {
    _STARTING,
    DagsterEventType.STEP_WORKER_STARTED.value,
    DagsterEventType.STEP_START.value,
    DagsterEventType.STEP_RESTARTED.value,
    DagsterEventType.STEP_OUTPUT.value,
}


class StepDelegatingExecutor(OwnExecutor):
    """Has each step run by a process that a handler starts somewhere: a container, a job of a cluster.

    That process writes to the log of the run itself; this one follows the log. So steps go on while the
    run's own process is away, and one that is started anew for the same run takes up those that are under
    way and runs none that has ended.

    Args:
        step_handler: Starts steps, looks after them and ends them.
        retries: Whether failed steps are tried again.
        sleep_seconds: Between two looks into the log. Default: 0.1.
        check_step_health_interval_seconds: Between two looks at a step that runs. Default: 20.
        max_concurrent: How many steps run at the same time. Default: any number.
        tag_concurrency_limits: Limits by tag: mappings of ``key``, ``limit`` and optionally ``value``.
        should_verify_step: Whether a step's process looks first if the step is still to be run.
        step_dependency_config: What a step needs of the steps before it.

    Raises:
        DagsterInvalidInvocationError: If a number is not positive.
    """

    def __init__(
        self,
        step_handler: StepHandler,
        retries: RetryMode = RetryMode.ENABLED,
        sleep_seconds: float | None = None,
        check_step_health_interval_seconds: float | None = None,
        max_concurrent: int | None = None,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
        should_verify_step: bool = False,
        step_dependency_config: StepDependencyConfig = DEFAULT_STEP_DEPENDENCY,
    ) -> None:
        super().__init__(retries, step_dependency_config)
        for name, number in (
            ("sleep_seconds", sleep_seconds),
            ("check_step_health_interval_seconds", check_step_health_interval_seconds),
            ("max_concurrent", max_concurrent),
        ):
            if number is not None and number <= 0:
                raise DagsterInvalidInvocationError(expected(name, "more than 0, or None", number))
        self._step_handler = step_handler
        self._sleep_seconds = sleep_seconds or 0.1
        self._check_seconds = check_step_health_interval_seconds or 20.0
        self._max_concurrent = max_concurrent
        self._tag_concurrency_limits = tag_concurrency_limits
        self._should_verify_step = should_verify_step

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Run the plan. See :meth:`Executor.execute`.

        Yielded are the events of the run's own process, and those of steps as the log has them. What their
        processes tell of themselves, such as resources that are set up, is in the log only.
        """
        plan_context.retry_mode = self._retries
        job = job_for_other_process(plan_context)
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Executing steps with {self._step_handler.name} (pid: {plan_context.pid})",
            EngineEventData({"pid": MetadataValue.text(str(plan_context.pid))}),
        )
        progress = self.progress_of(plan_context, execution_plan)
        gate = StepGate.for_run(plan_context, self._tag_concurrency_limits)
        delegation = _Delegation(
            plan_context,
            _Steps(plan_context, execution_plan, job, self._retries, self._should_verify_step),
            self._step_handler,
            progress,
            gate,
            self._check_seconds,
        )
        try:
            yield from delegation.run(self._max_concurrent, self._sleep_seconds)
        finally:
            if not delegation.leaves_steps:
                gate.close()
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Finished steps with {self._step_handler.name} (pid: {plan_context.pid})",
            EngineEventData({"pid": MetadataValue.text(str(plan_context.pid))}),
        )


class _Steps:
    """Says what the process of a step needs."""

    __slots__ = ("_instance_ref", "_job", "_plan", "_plan_context", "_retry_mode", "_verify")

    def __init__(
        self,
        plan_context: PlanOrchestrationContext,
        plan: ExecutionPlan,
        job: ReconstructableJob,
        retries: RetryMode,
        verify: bool,
    ) -> None:
        self._plan_context = plan_context
        self._plan = plan
        self._job = job
        self._retry_mode = retries.for_inner_plan()
        self._verify = verify
        self._instance_ref = plan_context.instance.get_ref()

    def handler_context(self, step: ExecutionStep, attempt: int) -> StepHandlerContext:
        """Return what a handler is told of a step."""
        if step.index >= len(self._plan):
            self._plan_context.steps_by_key[step.key] = step
        args = ExecuteStepArgs(
            self._job,
            self._plan_context.run_id,
            [step.key],
            self._instance_ref,
            self._retry_mode,
            self._plan_context.known_state,
            self._verify,
            steps=[StepReference.to_step(step, self._plan)],
            attempts={step.key: attempt} if attempt else {},
        )
        return StepHandlerContext(self._plan_context.instance, self._plan_context, [step], args)


class _Running:
    """A step that a handler has started."""

    __slots__ = (
        "check_at",
        "context",
        "ended_because",
        "ends_at",
        "failed_checks",
        "is_certain",
        "limit",
        "step",
    )

    def __init__(self, step: ExecutionStep, context: StepHandlerContext, check_at: float) -> None:
        self.step = step
        self.context = context
        self.check_at = check_at
        self.failed_checks = 0
        #: Whether it was started for certain.
        self.is_certain = True
        #: How long it may take, in seconds.
        self.limit = step_limit(step)
        #: When it is told to end, once it has begun; when it is given up, once it was told.
        self.ends_at: float | None = None
        #: Why it was told to end, if it was.
        self.ended_because = ""

    @property
    def step_context(self) -> StepExecutionContext:
        return self.context.get_step_context(self.step.key)


class _Delegation:
    """One run of a plan by a handler."""

    def __init__(
        self,
        plan_context: PlanOrchestrationContext,
        steps: _Steps,
        handler: StepHandler,
        progress: Progress,
        gate: StepGate,
        check_seconds: float,
    ) -> None:
        self._plan_context = plan_context
        self._steps = steps
        self._handler = handler
        self._progress = progress
        self._gate = gate
        self._check_seconds = check_seconds
        self._cursor: str | None = None
        self._running: dict[str, _Running] = {}
        #: What the log told of steps when this process began, and has not been taken in: it is not the
        #: run's first process then.
        self._told: dict[str, deque[EventLogEntry]] = {}
        #: How often steps were tried before, as the log has it: an attempt that is under way while the run
        #: is resumed goes on, and is not another one.
        self._attempts: dict[str, int] = {}
        #: The errors of processes that ended before their steps.
        self._losses: list[SerializableErrorInfo] = []
        self._deadline = RunDeadline.of_run(plan_context.tags)
        #: Whether steps run on without this process.
        self.leaves_steps = False

    def run(self, max_concurrent: int | None, sleep_seconds: float) -> Iterator[DagsterEvent]:
        """Run all steps, and yield the events."""
        progress, gate = self._progress, self._gate
        try:
            yield from self._take_up_all()
            while True:
                if progress.skipped or progress.abandoned:
                    yield from self._tell_unrun()
                now = _time.monotonic()
                while max_concurrent is None or len(self._running) < max_concurrent:
                    step = take_next(gate, progress, now)
                    if step is None:
                        break
                    yield from self._begin(step, now)
                yield from gate.take_events()
                if not self._running and progress.is_over:
                    self._raise_losses()
                    return
                if not (progress.skipped or progress.abandoned):
                    _time.sleep(self._seconds_to_wait(sleep_seconds))
                yield from self._follow_log()
                yield from self._check_health()
                yield from self._end_late_steps(sleep_seconds)
        except (KeyboardInterrupt, DagsterExecutionInterruptedError) as interrupt:
            yield from self._interrupted(interrupt, sleep_seconds)
            raise
        except GeneratorExit:
            for _event in self._terminate_all(sleep_seconds):
                continue
            raise
        except BaseException:
            yield from self._terminate_all(sleep_seconds)
            raise

    def _seconds_to_wait(self, sleep_seconds: float) -> float:
        if self._running:
            return sleep_seconds
        now = _time.monotonic()
        due, poll = self._progress.next_retry_due(), self._gate.next_poll(now)
        at = (due, None if self._deadline is None else self._deadline.at)
        times = [t for t in (*(None if t is None else t - now for t in at), poll) if t is not None]
        return max(0.0, min(times, default=sleep_seconds))

    def _tell_unrun(self) -> Iterator[DagsterEvent]:
        """Tell of steps that never run, but of none that an earlier process of the run has told."""
        skipped = self._progress.skipped
        known = [step for step in skipped if self._told.pop(step.key, None)]
        self._progress.skipped = [step for step in skipped if step not in known]
        yield from tell_unrun(self._plan_context, self._progress)

    # Starting

    def _begin(self, step: ExecutionStep, now: float) -> Iterator[DagsterEvent]:
        """Start an attempt of a step."""
        yield from self._launch(self._run_on(step, now + self._check_seconds))

    def _run_on(self, step: ExecutionStep, check_at: float) -> _Running:
        attempt = self._attempts.get(step.key, 0)
        running = _Running(step, self._steps.handler_context(step, attempt), check_at)
        self._running[step.key] = running
        return running

    def _launch(self, running: _Running) -> Iterator[DagsterEvent]:
        yield running.step_context.emit(
            _STARTING,
            f'Launching step "{running.step.key}" with {self._handler.name}.',
            EngineEventData(marker_start="step_process_start"),
        )
        self._flush()  # it is in the log before the step can write there, and before this process can end
        try:
            yield from self._handler.launch_step(running.context) or ()
        except Exception as exc:  # noqa: BLE001 - it is this step's failure
            self._fail(running, exc, ErrorSource.FRAMEWORK_ERROR)

    def _flush(self) -> None:
        """Have everything stored that this process has written."""
        _ = self._plan_context.instance.event_log_storage

    # Going on where an earlier process of the run has stopped

    def _take_up_all(self) -> Iterator[DagsterEvent]:
        """Take in what the log tells of this run already, and follow the steps that are under way."""
        told: dict[str, deque[EventLogEntry]] = {}
        for entry in self._new_entries():
            event = entry.dagster_event
            if event is not None and event.step_key is not None and event.event_type_value in _ATTEMPTS:
                told.setdefault(event.step_key, deque()).append(entry)
        self._told = told
        if not told:
            return
        progress, now = self._progress, _time.monotonic()
        while (step := progress.take_ready(now)) is not None:
            if told.get(step.key):
                yield from self._take_up(step, told[step.key], now)
            else:
                self._gate.offer(step)
            if progress.skipped or progress.abandoned:
                yield from self._tell_unrun()

    def _take_up(
        self, step: ExecutionStep, told: deque[EventLogEntry], now: float
    ) -> Iterator[DagsterEvent]:
        """Take in what the log tells of an attempt that an earlier process of the run has started."""
        running = self._run_on(step, now)  # nobody knows how long nobody has looked
        running.is_certain = False
        while told:
            entry = told.popleft()
            event = entry.dagster_event
            assert event is not None  # only such were kept
            if event.event_type_value != _STARTING:
                running.is_certain = True
            yield from self._handle(step, event, now - (_time.now() - entry.timestamp))
            if event.event_type_value in _ENDS:
                return
        self._gate.adopt(step)
        yield self._plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f'Step "{step.key}" was started by an earlier process of this run; it is followed on.',
            EngineEventData({"step_key": MetadataValue.text(step.key)}),
        )

    # Following

    def _new_entries(self) -> Iterator[EventLogEntry]:
        """Yield what is new in the log."""
        context = self._plan_context
        while True:
            page = context.instance.get_records_for_run(context.run_id, self._cursor, None, _PAGE)
            self._cursor = page.cursor
            for record in page.records:
                yield record.event_log_entry
            if not page.has_more:
                return

    def _follow_log(self) -> Iterator[DagsterEvent]:
        """Take in what has happened to steps that run."""
        for entry in self._new_entries():
            event = entry.dagster_event
            running = self._running.get(event.step_key or "") if event is not None else None
            if event is None or running is None or event.event_type_value in _OWN:
                continue
            running.is_certain = True
            yield from self._handle(running.step, event, _time.monotonic())

    def _handle(self, step: ExecutionStep, event: DagsterEvent, now: float) -> Iterator[DagsterEvent]:
        kind = event.event_type_value
        if kind in _BEGINNINGS:
            running = self._running[step.key]
            running.ends_at = None if running.limit is None else now + running.limit
        elif kind in _ENDS:
            del self._running[step.key]
            self._gate.release(step)
            if kind == _RETRY:
                self._attempts[step.key] = self._attempts.get(step.key, 0) + 1
        self._progress.handle_event(step, event, now)
        if kind not in _OWN:
            yield event

    # Looking after them

    def _check_health(self) -> Iterator[DagsterEvent]:
        now = _time.monotonic()
        lost: list[tuple[_Running, str]] = []
        for running in list(self._running.values()):
            if now < running.check_at:
                continue
            # One that was told to end is expected to be gone at any moment.
            running.check_at = now if running.ended_because else now + self._check_seconds
            reason = self._check(running)
            if reason is not None:
                lost.append((running, reason))
        if not lost:
            return
        # It may have come to its end by itself just now.
        yield from self._follow_log()
        for running, reason in lost:
            if self._running.get(running.step.key) is not running:
                continue
            if not running.is_certain:
                # The earlier process of the run has ended before it could start the step.
                running.is_certain = True
                yield from self._launch(running)
            else:
                self._lose(running, f"ended before the step did: {reason}")
        yield from self._follow_log()

    def _lose(self, running: _Running, what: str) -> None:
        """Write that an attempt has failed with its process."""
        what = running.ended_because or what
        error = DagsterWorkerProcessError(f'The process of step "{running.step.key}" {what}')
        self._losses.append(error_info_from_exception(error))
        self._fail(running, error, ErrorSource.UNEXPECTED_TERMINATION)

    def _check(self, running: _Running) -> str | None:
        """Return why a step will not end by itself; None if it may."""
        try:
            result = self._handler.check_step_health(running.context)
        except Exception as exc:  # noqa: BLE001 - what a cluster answers is no reason to end the run
            running.failed_checks += 1
            error = error_info_from_exception(exc)
            self._plan_context.emit_run_event(
                DagsterEventType.ENGINE_EVENT,
                f'{self._handler.name} could not find out how step "{running.step.key}" is '
                f"({running.failed_checks} of {MAX_FAILED_CHECKS}).",
                EngineEventData(error=error),
                _WARNING,
                error,
            )
            if running.failed_checks < MAX_FAILED_CHECKS:
                return None
            return f"{MAX_FAILED_CHECKS} times in a row nothing could be found out about it: {exc}"
        running.failed_checks = 0
        if result.is_healthy:
            return None
        return result.unhealthy_reason or "it is unhealthy"

    def _raise_losses(self) -> None:
        """Raise the errors of processes, where the run raises errors. Those of steps are told by events."""
        if self._losses and self._plan_context.raise_on_error:
            listed = "\n".join(error.message.strip() for error in self._losses)
            raise DagsterSubprocessError(
                f"Processes of steps ended before their steps did:\n{listed}",
                subprocess_error_infos=self._losses,
            )

    def _fail(self, running: _Running, exc: BaseException, source: ErrorSource) -> None:
        """Write that an attempt has failed. It is taken in from the log, like all that happens to steps."""
        for _event in failure_events(running.step_context, exc, source):
            continue

    # Ending them

    def _end_late_steps(self, sleep_seconds: float) -> Iterator[DagsterEvent]:
        """End steps that have taken longer than they may, and the run if it has."""
        now = _time.monotonic()
        if self._deadline is not None and now >= self._deadline.at:
            yield from self._terminate_all(sleep_seconds, self._deadline.describe())
            self._deadline.check()
        for running in list(self._running.values()):
            if running.ends_at is None or now < running.ends_at:
                continue
            if running.ended_because:
                self._lose(running, "")
                yield from self._follow_log()
            else:
                exceeded = f"exceeded its maximum runtime of {running.limit:g} s"
                running.ended_because = f"was ended, since the step {exceeded}."
                running.ends_at, running.check_at = now + GRACE_SECONDS, now
                yield self._plan_context.emit_run_event(
                    DagsterEventType.ENGINE_EVENT,
                    f'Step "{running.step.key}" {exceeded}, and is told to end.',
                    EngineEventData({"step_key": MetadataValue.text(running.step.key)}),
                    _WARNING,
                )
                yield from self._terminate(running)

    def _interrupted(self, interrupt: BaseException, sleep_seconds: float) -> Iterator[DagsterEvent]:
        context = self._plan_context
        instance, run_id = context.instance, context.run_id
        run = instance.get_run_by_id(run_id)
        wanted = run is not None and run.status is DagsterRunStatus.CANCELING
        if not wanted and instance.run_will_resume(run_id):
            self.leaves_steps = True
            yield context.emit_run_event(
                DagsterEventType.ENGINE_EVENT,
                "The process of the run was stopped. Its steps go on, and the run will be resumed.",
                EngineEventData(),
            )
            raise DagsterRunWorkerStoppedError(
                f"The process of run {run_id} was stopped; its steps go on, and the run will be resumed."
            ) from interrupt
        yield from self._terminate_all(sleep_seconds)

    def _terminate(self, running: _Running) -> Iterator[DagsterEvent]:
        """Tell a step to end."""
        try:
            yield from self._handler.terminate_step(running.context) or ()
        except Exception as exc:  # noqa: BLE001 - the others are to be ended too
            error = error_info_from_exception(exc)
            yield self._plan_context.emit_run_event(
                DagsterEventType.ENGINE_EVENT,
                f'{self._handler.name} could not end step "{running.step.key}".',
                EngineEventData(error=error),
                _WARNING,
                error,
            )

    def _terminate_all(
        self, sleep_seconds: float, reason: str = "was ended, since the run was interrupted"
    ) -> Iterator[DagsterEvent]:
        """Tell all steps to end, and wait for what they tell of it."""
        for running in list(self._running.values()):
            yield from self._terminate(running)
        deadline = _time.monotonic() + GRACE_SECONDS
        while self._running and _time.monotonic() < deadline:
            yield from self._follow_log()
            for running in list(self._running.values()):
                if self._check(running) is not None:
                    yield from self._follow_log()
                    self._end(running, reason)
            if self._running:
                yield from self._follow_log()
                _time.sleep(sleep_seconds)
        for running in list(self._running.values()):
            self._end(running, reason)
        yield from self._follow_log()

    def _end(self, running: _Running, reason: str) -> None:
        """Write that a step was interrupted, if it did not say so itself."""
        if self._running.get(running.step.key) is running:
            error = DagsterExecutionInterruptedError(f'Step "{running.step.key}" {reason}.')
            self._fail(running, error, ErrorSource.INTERRUPT)
