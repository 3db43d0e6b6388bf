"""ThreadsExecutor: steps in threads of this process, and their coroutines together on one event loop."""

from __future__ import annotations

import contextvars
import os
import queue
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster._time as _time
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import EngineEventData
from dagster._core.events.python_log_capture import passing_on
from dagster._core.execution.conditional_steps import settle_conditions
from dagster._core.execution.coroutines import CoroutineRunner
from dagster._core.execution.plan_context import PlanOrchestrationContext
from dagster._core.execution.step import execute_step, tell_unrun
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.base import OwnExecutor
from dagster._core.executor.in_process import StepSession, now_for, shown_keys
from dagster._core.executor.limits import StepGate, take_next
from dagster._core.executor.step_dependency import DEFAULT_STEP_DEPENDENCY, StepDependencyConfig
from dagster._core.executor.time_limits import RunDeadline
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.progress import Progress
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.retry import RetryMode
from dagster._text import expected

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor


class ThreadsExecutor(OwnExecutor):
    """Runs steps in threads of this process, several at a time.

    Each step that runs has a thread. The coroutines of steps all run on one event loop, so that a step that
    awaits costs its thread nothing but waiting. The log is written by the thread that runs the job alone.

    Args:
        max_concurrent: How many steps run at the same time. Default: as many as the machine has processors.
        retries: Whether failed steps are tried again.
        tag_concurrency_limits: Limits by tag: mappings of ``key``, ``limit`` and optionally ``value``.
        marker_to_close: The marker of a span, for a view of how long things took.
        step_dependency_config: What a step needs of the steps before it.

    Raises:
        DagsterInvalidInvocationError: If ``max_concurrent`` is negative.
    """

    def __init__(
        self,
        max_concurrent: int | None = None,
        retries: RetryMode = RetryMode.ENABLED,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
        marker_to_close: str | None = None,
        step_dependency_config: StepDependencyConfig = DEFAULT_STEP_DEPENDENCY,
    ) -> None:
        super().__init__(retries, step_dependency_config)
        if max_concurrent is not None and max_concurrent < 0:
            raise DagsterInvalidInvocationError(
                expected("max_concurrent", "1 or more, or 0 or None for the default", max_concurrent)
            )
        self._max_concurrent = max_concurrent or os.cpu_count() or 1
        self._tag_concurrency_limits = tag_concurrency_limits
        self._marker_to_close = marker_to_close

    @property
    def max_concurrent(self) -> int:
        """How many steps run at the same time."""
        return self._max_concurrent

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Run the plan in threads. See :meth:`Executor.execute`."""
        plan_context.retry_mode = self._retries
        started = _time.monotonic()
        metadata = {
            "pid": MetadataValue.text(str(plan_context.pid)),
            "max_concurrent": MetadataValue.int(self._max_concurrent),
            "step_keys": MetadataValue.text(shown_keys(execution_plan)),
        }
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Executing steps in threads, {self._max_concurrent} at a time (pid: {plan_context.pid})",
            EngineEventData(metadata=metadata, marker_end=self._marker_to_close),
        )
        gate = StepGate.for_run(plan_context, self._tag_concurrency_limits)
        session = StepSession(plan_context)
        plan_context.coroutines = CoroutineRunner(for_threads=True)
        inbox = Inbox(plan_context)
        try:
            yield from session.open(execution_plan)
            crew = _Crew(plan_context, inbox, self._max_concurrent)
            yield from self._run_steps(crew, execution_plan, gate)
        finally:
            gate.close()
            try:
                teardown_events = session.close()
            finally:
                inbox.close()
        yield from teardown_events
        elapsed = _time.format_duration(_time.monotonic() - started)
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f"Finished steps in threads (pid: {plan_context.pid}) in {elapsed}",
            EngineEventData(metadata={"pid": metadata["pid"]}),
        )

    def _run_steps(
        self, crew: _Crew, execution_plan: ExecutionPlan, gate: StepGate
    ) -> Iterator[DagsterEvent]:
        progress = self.progress_of(crew.plan_context, execution_plan)
        try:
            yield from _orchestrate(crew, progress, gate)
        except GeneratorExit:
            crew.stop()
            for _event in crew.remaining():
                continue  # nobody asks for it any longer, but it is in the log
            raise
        except BaseException:
            crew.stop()
            yield from crew.remaining()
            raise
        finally:
            crew.dismiss()


def _orchestrate(crew: _Crew, progress: Progress, gate: StepGate) -> Iterator[DagsterEvent]:
    """Start what may start, and take in what happens, until everything has ended."""
    static_count = len(crew.plan_context.plan)
    deadline = RunDeadline.of_run(crew.plan_context.tags)
    while True:
        if deadline is not None:
            deadline.check()
        if progress.conditions is not None:
            yield from settle_conditions(crew.plan_context, progress)
        if progress.skipped or progress.abandoned:
            yield from tell_unrun(crew.plan_context, progress)
        now = _time.monotonic()
        while crew.has_room and (step := take_next(gate, progress, now)) is not None:
            if step.index >= static_count:
                crew.plan_context.steps_by_key[step.key] = step
            crew.start(step, progress.attempts.get(step.key, 0))
        yield from gate.take_events()
        if not crew.is_busy and progress.is_over:
            return
        wait = None
        if crew.has_room:
            due, wait = progress.next_retry_due(), gate.next_poll(now)
            if due is not None:
                wait = min(due - now, wait) if wait is not None else due - now
        if deadline is not None:
            left = max(0.0, deadline.at - now)
            wait = left if wait is None else min(wait, left)
        for step, event in crew.happened(wait):
            if event is None:
                gate.release(step)
            else:
                progress.handle_event(step, event, now_for(event))
                yield event


class Inbox:
    """What threads of a run send to the one that writes its log.

    While it is open, entries of the log of any thread come here. The main thread takes them out, and writes
    them in the order in which they came, and so before its own.

    Args:
        plan_context: The run. Made by its main thread, which alone calls the methods.
    """

    __slots__ = ("_handler", "_items", "_kept", "_main", "_plan_context", "_sink")

    def __init__(self, plan_context: PlanOrchestrationContext) -> None:
        self._plan_context = plan_context
        self._items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._main = threading.get_ident()
        #: What the main thread took out while it looked for entries.
        self._kept: deque[Any] = deque()
        self._handler: Any = plan_context.log.capture_group
        self._sink = plan_context.sink
        plan_context.sink = self._take_entry
        self._handler.sink = self._take_entry

    def _take_entry(self, entry: EventLogEntry) -> None:
        if threading.get_ident() != self._main:
            self._items.put(entry)
            return
        # What others wrote before. The rest is for whoever asks for it.
        while (item := self._next(0)) is not None:
            self._kept.append(item)
        self._write(entry)

    def _write(self, entry: EventLogEntry) -> None:
        # The storage may log to a logger that is captured while steps run.
        with passing_on():
            self._sink(entry)

    def _next(self, seconds: float | None) -> Any:
        """Write entries until something else comes; return that, or None after some seconds."""
        while True:
            try:
                if seconds is None:
                    item = self._items.get()
                elif seconds > 0:
                    item = self._items.get(timeout=seconds)
                else:
                    item = self._items.get_nowait()
            except queue.Empty:
                return None
            if type(item) is not EventLogEntry:
                return item
            self._write(item)

    def put(self, item: Any) -> None:
        """Send something that is no entry. For all threads."""
        self._items.put(item)

    def get(self, seconds: float | None) -> Any:
        """Return the next thing that was put; None if nothing came within some seconds."""
        return self._kept.popleft() if self._kept else self._next(seconds)

    def close(self) -> None:
        """Write what came, and let entries take their way again."""
        while self._next(0) is not None:
            continue
        self._plan_context.sink = self._sink
        self._handler.sink = self._sink


class _Crew:
    """The threads that run steps, and what they tell.

    Args:
        plan_context: The run.
        inbox: Where threads send what happens.
        size: How many steps run at the same time.
    """

    __slots__ = ("_inbox", "_running", "_size", "_threads", "plan_context")

    def __init__(self, plan_context: PlanOrchestrationContext, inbox: Inbox, size: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self.plan_context = plan_context
        self._inbox = inbox
        self._size = size
        self._running = 0
        self._threads: ThreadPoolExecutor = ThreadPoolExecutor(size, "dagster-step")

    @property
    def has_room(self) -> bool:
        return self._running < self._size

    @property
    def is_busy(self) -> bool:
        return self._running > 0

    def start(self, step: ExecutionStep, attempt: int) -> None:
        """Run an attempt of a step in a thread."""
        context = StepExecutionContext(self.plan_context, step, attempt)
        # The thread sees the context variables of this one, and its changes are its own.
        variables = contextvars.copy_context()
        self._threads.submit(variables.run, self._run, context)
        self._running += 1

    def _run(self, context: StepExecutionContext) -> None:
        error: BaseException | None = None
        put = self._inbox.put
        step = context.step
        try:
            for event in execute_step(context):
                put((step, event, None))
        except BaseException as exc:  # noqa: BLE001 - it is raised by the main thread
            error = exc
        put((step, None, error))

    def happened(self, seconds: float | None) -> Iterator[tuple[ExecutionStep, DagsterEvent | None]]:
        """Wait for something to happen, and yield all that has: events of steps, None for a step's end.

        Args:
            seconds: How long to wait; None for as long as it takes.

        Raises:
            BaseException: What a step raised.
        """
        item = self._inbox.get(seconds)
        while item is not None:
            step, event, error = item
            if event is None:
                self._running -= 1
            yield step, event
            if error is not None:
                raise error
            item = self._inbox.get(0)

    def stop(self) -> None:
        """Cancel the coroutines of steps that run. Those in plain functions go on to their end."""
        self.plan_context.coroutines.cancel()

    def remaining(self) -> Iterator[DagsterEvent]:
        """Wait until no step runs any more, and yield what happens meanwhile."""
        while self._running:
            _step, event, _error = self._inbox.get(None)
            if event is None:
                self._running -= 1
            else:
                yield event

    def dismiss(self) -> None:
        """End the threads that have nothing to do."""
        self._threads.shutdown(wait=not self._running)
