"""MultiprocessExecutor: each step in a process of its own, several at the same time."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

import dagster._time as _time
from dagster._core.errors import (
    DagsterSubprocessError,
    DagsterWorkerProcessError,
)
from dagster._core.events.entry_codec import decode_entry, encode_entry
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import EngineEventData, ErrorSource
from dagster._core.execution.conditional_steps import settle_conditions
from dagster._core.execution.failure import failure_events
from dagster._core.execution.plan_context import INFO, PlanOrchestrationContext
from dagster._core.execution.step import tell_unrun
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.base import OwnExecutor, job_for_other_process
from dagster._core.executor.in_process import shown_keys
from dagster._core.executor.limits import StepGate, take_next
from dagster._core.executor.step_dependency import DEFAULT_STEP_DEPENDENCY, StepDependencyConfig
from dagster._core.executor.step_worker import (
    DONE,
    LOST_CHANNEL,
    StepWork,
    StepWorkerSetup,
    step_worker_payload,
)
from dagster._core.executor.time_limits import RunDeadline, step_limit
from dagster._core.executor.worker_pool import BusyWorker, WorkerPool
from dagster._core.plan.known_state import KnownStep
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.progress import Progress
from dagster._core.plan.sources import values_of
from dagster._core.plan.step import ExecutionStep
from dagster._core.plan.step_reference import StepReference
from dagster._core.records.error_info import SerializableErrorInfo, error_info_from_exception
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.retry import RetryMode
from dagster._process.spawned import PREPARATION_FAILED
from dagster._process.worker_end import WorkerEnd
from dagster._process.worker_setup import WorkerSetup, setup_of
from dagster._process.workers import WorkerProcess, Workers, WorkersUnavailable

#: How long a step may take to end, with its resources torn down, once it was asked to, in seconds.
GRACE_SECONDS = 10.0
#: How long a process may live on that can no longer be heard of, in seconds.
LOST_SECONDS = 5.0
#: What became of a process whose code closes descriptors that are not its own.
CLOSED_CHANNEL = "closed its connection to the run, and was ended: nothing more could be known of it"
#: How often a step is given to another worker if the first ends before it has begun.
_BEGINNINGS = 3

_encode = msgspec.json.Encoder().encode
_STARTING = DagsterEventType.STEP_WORKER_STARTING.value
_ENDS = frozenset(
    event_type.value
    for event_type in (
        DagsterEventType.STEP_SUCCESS,
        DagsterEventType.STEP_FAILURE,
        DagsterEventType.STEP_SKIPPED,
        DagsterEventType.STEP_UP_FOR_RETRY,
    )
)
_FAILURES = frozenset({DagsterEventType.STEP_FAILURE.value, DagsterEventType.STEP_UP_FOR_RETRY.value})
_RETRY = DagsterEventType.STEP_UP_FOR_RETRY.value
_OUTPUT = DagsterEventType.STEP_OUTPUT.value

#: An entry that a worker has sent for the log, and its step, if the entry moves that on.
_Heard = tuple[EventLogEntry, ExecutionStep | None]


class MultiprocessExecutor(OwnExecutor):
    """Runs each step in a process of its own, several at the same time, by priority.

    Args:
        max_concurrent: How many steps run at the same time. Default: as many as there are processors for
            this process.
        retries: Whether failed steps are tried again.
        tag_concurrency_limits: Limits for steps with certain tags.
        start_method: ``"forkserver"`` or ``"spawn"``. Default: forkserver on Linux, spawn elsewhere.
        preload_modules: Modules that the forkserver imports besides that of the job.
        step_dependency_config: What a step needs of the steps before it.
        steps_per_worker: How many steps a process runs, one after the other; None for any number.
    """

    def __init__(
        self,
        max_concurrent: int | None = None,
        retries: RetryMode = RetryMode.ENABLED,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
        start_method: str | None = None,
        preload_modules: Sequence[str] = (),
        step_dependency_config: StepDependencyConfig = DEFAULT_STEP_DEPENDENCY,
        steps_per_worker: int | None = 1,
    ) -> None:
        super().__init__(retries, step_dependency_config)
        self._max_concurrent = max_concurrent or processor_count()
        self._tag_limits = tag_concurrency_limits
        self._is_forked = sys.platform == "linux" and start_method != "spawn"
        self._preload_modules = preload_modules
        self._steps_per_worker = steps_per_worker

    @property
    def max_concurrent(self) -> int:
        """How many steps run at the same time."""
        return self._max_concurrent

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Run the plan in processes. See :meth:`Executor.execute`."""
        plan_context.retry_mode = self._retries
        started = _time.monotonic()
        pid = {"pid": MetadataValue.text(str(plan_context.pid))}
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Executing steps using multiprocess executor: parent process (pid: {plan_context.pid})",
            EngineEventData(
                metadata={
                    **pid,
                    "step_keys": MetadataValue.text(shown_keys(execution_plan)),
                    "max_concurrent": MetadataValue.int(self._max_concurrent),
                }
            ),
        )
        progress = self.progress_of(plan_context, execution_plan)
        gate = StepGate.for_run(plan_context, self._tag_limits)
        try:
            start = _WorkerStart(self._setup(plan_context))
            pool = WorkerPool(start, self._max_concurrent, self._steps_per_worker)
            try:
                if start.unsafe:
                    yield _tell_spawn(plan_context, start.unsafe)
                yield from _Orchestration(plan_context, execution_plan, progress, gate, pool).run()
            finally:
                pool.close()
        finally:
            gate.close()
        elapsed = _time.format_duration(_time.monotonic() - started)
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Multiprocess executor: parent process exiting after {elapsed} (pid: {plan_context.pid})",
            EngineEventData(metadata=pid),
        )

    def _setup(self, context: PlanOrchestrationContext) -> WorkerSetup:
        payload = step_worker_payload(
            StepWorkerSetup(
                job_for_other_process(context),
                context.run,
                context.run_config_resolved.original or context.run.run_config,
                context.instance.get_ref(),
                self._retries,
                context.known_state,
                steps_per_worker=self._steps_per_worker,
            )
        )
        return setup_of(
            "dagster._core.executor.step_worker:prepare_step_worker",
            payload,
            self._preload_modules,
            is_forked=self._is_forked,
        )


class _WorkerStart:
    """Starts what makes workers, and starts it again if it goes away.

    Args:
        setup: What it prepares.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = setup
        #: Why workers are not forked though they should be; known once they were asked for.
        self.unsafe = ""

    def __call__(self) -> Workers:
        """Return what makes workers, ready.

        Raises:
            DagsterSubprocessError: If the job cannot be loaded there.
        """
        workers = self._ready(self._setup)
        if not workers.unsafe:
            return workers
        self.unsafe = workers.unsafe
        workers.close()
        self._setup.is_forked = False
        return self._ready(self._setup)

    @staticmethod
    def _ready(setup: WorkerSetup) -> Workers:
        workers = Workers(setup)
        try:
            workers.wait_until_ready()
        except WorkersUnavailable as exc:
            workers.close()
            raise DagsterSubprocessError(
                f"The process that is to run the steps could not load the job: {_last_line(str(exc))}\n{exc}"
            ) from None
        except BaseException:
            workers.close()
            raise
        return workers


class _Orchestration:
    """One run of a plan in processes.

    Args:
        context: The run.
        plan: The plan.
        progress: What may run next.
        gate: What holds steps back.
        pool: The workers.
    """

    def __init__(
        self,
        context: PlanOrchestrationContext,
        plan: ExecutionPlan,
        progress: Progress,
        gate: StepGate,
        pool: WorkerPool,
    ) -> None:
        self._context = context
        self._plan = plan
        self._progress = progress
        self._gate = gate
        self._pool = pool
        self._beginnings: dict[str, int] = {}
        self._limits: dict[str, float | None] = {}
        self._deadline = RunDeadline.of_run(context.tags)
        self._is_stopping = False
        #: Why all steps are ended, once they are.
        self._stop_reason = ""
        known = context.known_state
        #: The steps that workers know of from the start.
        self._told = frozenset(known.steps) if known is not None else frozenset[str]()
        #: The errors of processes that ended before their steps.
        self._crashes: list[SerializableErrorInfo] = []

    def run(self) -> Iterator[DagsterEvent]:
        """Run all steps and yield the events of the run."""
        try:
            yield from self._run_steps()
            yield from self._finish()
            self._raise_crashes()
        except BaseException as exc:
            # Nothing is yielded meanwhile: whoever iterates might stop to do so, and they must all end.
            events = self._stop_after(exc)
            if not isinstance(exc, GeneratorExit):
                yield from events
            raise

    def _stop_after(self, exc: BaseException) -> list[DagsterEvent]:
        """End what still runs, with resources torn down."""
        events: list[DagsterEvent] = []
        try:
            reason = "was ended, since the run was interrupted"
            deadline = _time.monotonic() + GRACE_SECONDS
            events.extend(self._stop_all(reason, is_told_by_steps=True))
            events += self._finish(deadline)
        except Exception as another:  # noqa: BLE001 - the first one is the cause; what is left is killed
            exc.add_note(f"While its steps were ended: {another}")
        return events

    def _run_steps(self) -> Iterator[DagsterEvent]:
        progress, pool, gate = self._progress, self._pool, self._gate
        is_open = gate.is_open
        while True:
            if progress.conditions is not None:
                yield from settle_conditions(self._context, progress)
            if progress.skipped or progress.abandoned:
                yield from tell_unrun(self._context, progress)
            now = _time.monotonic()
            pool.start_ahead(progress.steps_left - len(pool.busy))
            while pool.has_room:
                step = progress.take_ready(now) if is_open else take_next(gate, progress, now)
                if step is None:
                    break
                yield self._start(step, now)
            if not is_open:
                yield from gate.take_events()
            if not pool.busy and progress.is_over:
                return
            yield from self._hear(pool.wait(self._seconds_to_wait(now)))
            yield from self._end_late_steps()

    # Starting steps

    def _start(self, step: ExecutionStep, now: float) -> DagsterEvent:
        key = step.key
        if step.index >= len(self._plan):
            self._context.steps_by_key[key] = step
        attempt = self._progress.attempts.get(key, 0)
        if key not in self._limits:
            self._limits[key] = step_limit(step)
        event = StepExecutionContext(self._context, step, attempt).emit(
            _STARTING,
            f'Launching subprocess for "{key}".',
            EngineEventData(marker_start="step_process_start"),
        )
        self._give(step, attempt, now)
        return event

    def _give(
        self, step: ExecutionStep, attempt: int, now: float, ended: str | None = None
    ) -> BusyWorker:
        work = StepWork(StepReference.to_step(step, self._plan), attempt, ended, self._kept_before(step))
        return self._pool.give(step, attempt, _encode(work), now)

    def _kept_before(self, step: ExecutionStep) -> dict[str, KnownStep]:
        """Return the steps before one that were decided to be kept since the workers were made."""
        known = self._context.known_state
        if known is None or self._progress.conditions is None:
            return {}
        keys = {value.step_key for i in step.inputs for value in values_of(i.source)}
        return {key: known.steps[key] for key in keys & known.steps.keys() if key not in self._told}

    def _seconds_to_wait(self, now: float) -> float | None:
        """Return how long nothing happens but what workers do."""
        progress, pool = self._progress, self._pool
        times: list[float] = []
        if pool.has_room:
            due, poll = progress.next_retry_due(), self._gate.next_poll(now)
            if due is not None:
                times.append(due - now)
            if poll is not None:
                times.append(poll)
        if self._deadline is not None:
            times.append(self._deadline.at - now)
        for worker in pool.busy.values():
            end = self._end_of(worker)
            if end is not None:
                times.append(end - now)
        return max(0.0, min(times)) if times else None

    def _end_of(self, worker: BusyWorker) -> float | None:
        """Return when something must be done about a worker, unless it does something itself."""
        if worker.lost_at is not None:
            return worker.lost_at + LOST_SECONDS
        limit = self._limits.get(worker.step.key)
        if limit is None or (worker.is_over and not worker.was_signalled):
            return None
        grace = GRACE_SECONDS if worker.killed_because else 0.0
        return worker.started + limit + grace

    # Hearing of them

    def _hear(self, workers: Sequence[BusyWorker]) -> Iterator[DagsterEvent]:
        """Take in what workers have sent, and the end of those that have ended."""
        sent: list[tuple[BusyWorker, list[bytes]]] = []
        following: list[DagsterEvent] = []
        lost: list[BusyWorker] = []
        for worker in workers:
            if worker.lost_at is not None:
                lost.append(worker)
                continue
            channel = worker.process.channel
            messages = list(channel.read_available()) if channel.is_open else []
            sent.append((worker, messages))
            if messages and messages[-1] == DONE:
                messages.pop()
                self._free(worker)
                # A step that was ready before need not wait until this one's end is written.
                following += self._start_following()
            elif not channel.is_open:
                # How it has ended is known when the news of it comes.
                worker.lost_at = _time.monotonic()
                if worker.process.end is not None:
                    lost.append(worker)
        heard = [entry for worker, messages in sent for entry in self._understand(worker, messages)]
        yield from [*self._take(heard), *following]
        for worker in lost:
            yield from self._lost(worker)

    def _start_following(self) -> list[DagsterEvent]:
        """Start one more step that is ready, and return the event of it."""
        if self._is_stopping or not self._gate.is_open or not self._pool.has_room:
            return []
        if self._progress.conditions is not None:
            # What is ready may not have to run: values are compared first.
            return []
        now = _time.monotonic()
        step = self._progress.take_ready(now)
        return [] if step is None else [self._start(step, now)]

    def _understand(self, worker: BusyWorker, messages: Sequence[bytes]) -> Iterator[_Heard]:
        """Yield the entries that a worker has sent for the log, with the step that each moves on, if any."""
        for message in messages:
            worker.has_begun = True
            if message[:1] == PREPARATION_FAILED:
                worker.killed_because = _not_loaded(message[1:].decode())
                continue
            entry = decode_entry(message[1:])
            event = entry.dagster_event
            if event is None:
                yield entry, None
                continue
            kind = event.event_type_value
            if worker.killed_because and kind in _FAILURES:
                # Of its interruption. Why it was interrupted is told when it has ended.
                continue
            moves = not worker.is_over and (kind in _ENDS or kind == _OUTPUT)
            if kind in _ENDS:
                worker.is_over = True
            # Outputs tell which optional ones and which keys of dynamic ones were given.
            yield entry, worker.step if moves else None

    def _take(self, heard: Sequence[_Heard]) -> list[DagsterEvent]:
        """Take in what workers have sent, and return the events.

        All of it is written before any is yielded, in one transaction: whoever iterates may stop at each.
        """
        if heard:
            self._keep([entry for entry, _ in heard])
        events: list[DagsterEvent] = []
        for entry, step in heard:
            event = entry.dagster_event
            if event is None:
                continue
            if step is not None:
                self._handle(step, event)
            events.append(event)
        return events

    def _keep(self, entries: Sequence[EventLogEntry]) -> None:
        """Write entries to the log of the run, and show their events to the run's loggers."""
        context = self._context
        fingerprints = context.fingerprints
        context.sink_all(
            entries if fingerprints is None else [fingerprints.entry_for_log(entry) for entry in entries]
        )
        for entry in entries:
            event, level = entry.dagster_event, entry.level
            if event is not None and isinstance(level, int) and level >= context.console_level:
                context.log.log_dagster_event(level, event.message or "", event, entry)

    def _handle(self, step: ExecutionStep, event: DagsterEvent) -> None:
        now = _time.monotonic() if event.event_type_value == _RETRY else 0.0
        self._progress.handle_event(step, event, now)

    def _free(self, worker: BusyWorker) -> None:
        self._gate.release(worker.step)
        self._pool.free(worker)

    def _lost(self, worker: BusyWorker) -> Iterator[DagsterEvent]:
        """Take in that a worker has ended before its step was done."""
        self._pool.forget(worker)
        step = worker.step
        if worker.is_over:
            # Its end came in teardown, which is beside the point of the step.
            self._gate.release(step)
            return
        if not (worker.has_begun or worker.killed_because or self._is_stopping):
            tries = self._beginnings[step.key] = self._beginnings.get(step.key, 0) + 1
            if tries < _BEGINNINGS:
                self._give(step, worker.attempt, _time.monotonic())
                return
        self._gate.release(step)
        yield from self._fail(worker)

    def _fail(self, worker: BusyWorker) -> Iterator[DagsterEvent]:
        step = worker.step
        end = worker.process.end
        assert end is not None  # that is why this was called
        context = StepExecutionContext(self._context, step, worker.attempt)
        error = DagsterWorkerProcessError(
            f'The process of step "{step.key}" (pid {worker.process.pid}) '
            f"{worker.killed_because or self._why_stopped(worker, end) or _describe(end)}.",
            pid=worker.process.pid,
            exit_code=end.exit_code,
            signal_name=end.signal_name,
            out_of_memory=end.out_of_memory,
        )
        self._crashes.append(error_info_from_exception(error))
        source = ErrorSource.INTERRUPT if self._is_stopping else ErrorSource.UNEXPECTED_TERMINATION
        for event in failure_events(context, error, source):
            self._handle(step, event)
            yield event
            if step.hook_defs and event.is_step_failure and not self._is_stopping:
                self._run_hooks(step, worker.attempt, event)

    def _why_stopped(self, worker: BusyWorker, end: WorkerEnd) -> str:
        """Return why a worker ended that was told to before its step began, which tells of nothing."""
        is_obedient = end.exit_code == 0 or end.signal_number == signal.SIGTERM
        return self._stop_reason if worker.was_signalled and is_obedient else ""

    def _raise_crashes(self) -> None:
        """Raise the errors of processes, where the run raises errors. Those of steps are told by events."""
        if self._crashes and self._context.raise_on_error:
            listed = "\n".join(error.message.strip() for error in self._crashes)
            raise DagsterSubprocessError(
                f"During multiprocess execution errors occurred in child processes:\n{listed}",
                subprocess_error_infos=self._crashes,
            )

    def _run_hooks(self, step: ExecutionStep, attempt: int, event: DagsterEvent) -> None:
        """Have the hooks of a step whose process is gone run in another one."""
        entry = EventLogEntry(
            None, 40, "", self._context.run_id, _time.now(), step.key, self._context.job_name, event
        )
        worker = self._give(step, attempt, _time.monotonic(), encode_entry(entry).decode())
        worker.is_over = True

    # Ending them

    def _end_late_steps(self) -> Iterator[DagsterEvent]:
        """End steps that have taken longer than they may, and the run if it has."""
        now = _time.monotonic()
        if self._deadline is not None and now >= self._deadline.at:
            yield from self._stop_all(self._deadline.describe())
            self._deadline.check()
        for worker in list(self._pool.busy.values()):
            end = self._end_of(worker)
            if end is None or now < end:
                continue
            if worker.lost_at is not None:
                worker.lost_at = now
                self._pool.kill(worker, CLOSED_CHANNEL)
            elif worker.killed_because:
                self._pool.kill(worker, worker.killed_because)
            else:
                limit = self._limits[worker.step.key]
                reason = f"was ended, since the step exceeded its maximum runtime of {limit:g} s"
                self._pool.terminate(worker, reason)

    def _stop_all(self, reason: str, *, is_told_by_steps: bool = False) -> Iterator[DagsterEvent]:
        """Ask all steps to end, and kill those that do not within the grace period.

        Args:
            reason: Why, for the steps' failures.
            is_told_by_steps: Whether steps that end by themselves tell of it in their own words.
        """
        pool = self._pool
        self._is_stopping = True
        self._stop_reason = reason
        for worker in list(pool.busy.values()):
            # A step that has ended tells its hooks and tears its resources down, and is left to it.
            if not (worker.is_over or worker.was_signalled):
                pool.terminate(worker, None if is_told_by_steps else reason)
        deadline = _time.monotonic() + GRACE_SECONDS
        while pool.busy:
            left = deadline - _time.monotonic()
            if left <= 0:
                for worker in list(pool.busy.values()):
                    pool.kill(worker, reason)
                left = GRACE_SECONDS
            yield from self._hear(pool.wait(left))

    def _finish(self, deadline: float | None = None) -> Iterator[DagsterEvent]:
        """Let workers that kept their resources tear them down.

        Args:
            deadline: Until when. Default: as long as it takes.
        """
        entries: list[EventLogEntry] = []

        def take(_process: WorkerProcess, message: bytes) -> None:
            if message[:1] != DONE:
                entries.append(decode_entry(message[1:]))

        self._pool.finish(take, deadline)
        yield from self._take([(entry, None) for entry in entries])


def _not_loaded(traceback: str) -> str:
    return f"could not load the job: {_last_line(traceback)}\n{traceback}"


def _last_line(text: str) -> str:
    """Return the last line of a traceback, which has the error itself."""
    return text.strip().rpartition("\n")[2]


def _describe(end: WorkerEnd) -> str:
    if end.exit_code == LOST_CHANNEL:
        return CLOSED_CHANNEL
    return end.describe()


def _tell_spawn(context: PlanOrchestrationContext, unsafe: str) -> DagsterEvent:
    return context.emit_run_event(
        DagsterEventType.ENGINE_EVENT,
        f"Steps start as new interpreters (spawn), since the process with the job loaded cannot be forked: "
        f"{unsafe}. Each step waits for its imports.",
        EngineEventData(),
        INFO,
    )


def processor_count() -> int:
    """Return how many processors there are for this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
