"""RunTally: what a run has come to, folded over its events. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster._time as _time
from dagster._cli.refusal import is_wrapper, without_class
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import KEPT_FROM, RunFailureReason
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.metadata_value import (
    NotebookMetadataValue,
    PathMetadataValue,
    UrlMetadataValue,
)

WAITING, RUNNING, RETRYING = "waiting", "running", "retrying"
SUCCEEDED, FAILED, SKIPPED, NOT_RUN = "succeeded", "failed", "skipped", "not run"
CANCELED, KEPT = "canceled", "kept"


class StepTally:
    """One step: its state, when it started, how long it took, how often it was tried.

    Args:
        key: The step's key.
    """

    __slots__ = ("attempts", "error", "failure", "key", "seconds", "started", "state", "wait")

    def __init__(self, key: str) -> None:
        self.key = key
        self.state = WAITING
        self.started = 0.0
        self.seconds: float | None = None
        self.attempts = 0
        #: Of the last attempt.
        self.error: SerializableErrorInfo | None = None
        #: What a Failure that the user raised says.
        self.failure: Any = None
        #: Seconds before the next attempt.
        self.wait: float | None = None


class RunTally:
    """What a run has come to.

    Args:
        plan: The run's plan.
        clock: Seconds, for durations.
    """

    def __init__(self, plan: ExecutionPlan, clock: Callable[[], float] = _time.monotonic) -> None:
        self._clock = clock
        self.started = clock()
        self.steps: dict[str, StepTally] = {}
        #: Steps that run once per key of a dynamic output; how many is not known before.
        self.unresolved: set[str] = set()
        for key in plan.step_keys_to_execute:
            if key.endswith("[?]"):
                self.unresolved.add(key)
            else:
                self.steps[key] = StepTally(key)
        #: Keys of steps that have not started, in their order.
        self.waiting: dict[str, None] = dict.fromkeys(self.steps)
        self.running: dict[str, StepTally] = {}
        self.done = 0
        self.counts: dict[str, int] = {}
        self.materializations: list[DagsterEvent] = []
        self.status = RUNNING
        #: Of a run that failed as a whole, and not in a step.
        self.run_error: SerializableErrorInfo | None = None
        self._takers: dict[str, Callable[[DagsterEvent], StepTally | None]] = {
            DagsterEventType.STEP_START.value: self._start,
            DagsterEventType.STEP_RESTARTED.value: self._start,
            DagsterEventType.STEP_SUCCESS.value: self._succeed,
            DagsterEventType.STEP_FAILURE.value: self._fail,
            DagsterEventType.STEP_SKIPPED.value: self._skip,
            DagsterEventType.STEP_UP_FOR_RETRY.value: self._retry,
            DagsterEventType.ENGINE_EVENT.value: self._abandon,
            DagsterEventType.ASSET_MATERIALIZATION.value: self._materialize,
            DagsterEventType.RUN_SUCCESS.value: self._end,
            DagsterEventType.RUN_FAILURE.value: self._end,
            DagsterEventType.RUN_CANCELED.value: self._end,
        }

    def take(self, event: DagsterEvent) -> StepTally | None:
        """Take an event; return the step whose state it changed, if it changed one."""
        taker = self._takers.get(event.event_type_value)
        return taker(event) if taker is not None else None

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return self._clock() - self.started

    @property
    def total(self) -> int:
        """How many steps there are, as far as is known."""
        return len(self.steps)

    @property
    def failed_steps(self) -> list[StepTally]:
        """The steps that failed, in the order of the plan."""
        return [step for step in self.steps.values() if step.state == FAILED]

    def seconds_of(self, step: StepTally) -> float:
        """How long a step has been running."""
        return self._clock() - step.started

    def _step(self, event: DagsterEvent) -> StepTally:
        key = event.step_key or ""
        step = self.steps.get(key)
        if step is None:
            step = self.steps[key] = StepTally(key)
        return step

    def _start(self, event: DagsterEvent) -> StepTally:
        step = self._step(event)
        self.waiting.pop(step.key, None)
        step.state = RUNNING
        step.started = self._clock()
        step.attempts += 1
        self.running[step.key] = step
        return step

    def _finish(self, event: DagsterEvent, state: str) -> StepTally:
        step = self._step(event)
        self.waiting.pop(step.key, None)
        if self.running.pop(step.key, None) is not None:
            step.seconds = self._clock() - step.started
        step.state = state
        self.done += 1
        self.counts[state] = self.counts.get(state, 0) + 1
        return step

    def _succeed(self, event: DagsterEvent) -> StepTally:
        step = self._finish(event, SUCCEEDED)
        data: Any = event.event_specific_data
        step.seconds = data.duration_ms / 1000
        return step

    def _fail(self, event: DagsterEvent) -> StepTally:
        data: Any = event.event_specific_data
        source = data.error_source
        interrupted = source is not None and source.value == "INTERRUPT"
        step = self._finish(event, CANCELED if interrupted else FAILED)
        step.error = data.error
        step.failure = data.user_failure_data
        return step

    def _skip(self, event: DagsterEvent) -> StepTally:
        return self._finish(event, SKIPPED)

    def _retry(self, event: DagsterEvent) -> StepTally:
        step = self._step(event)
        self.running.pop(step.key, None)
        step.state = RETRYING
        data: Any = event.event_specific_data
        step.error = data.error
        step.wait = data.seconds_to_wait
        return step

    def _abandon(self, event: DagsterEvent) -> StepTally | None:
        """Take an engine event: it may say that a step is kept, or can never run, since one before failed."""
        metadata: Mapping[str, Any] = getattr(event.event_specific_data, "metadata", None) or {}
        entry = metadata.get("step_key")
        if entry is not None and KEPT_FROM in metadata:
            step = self.steps.setdefault(entry.value, StepTally(entry.value))
            self.waiting.pop(step.key, None)
            step.state = KEPT
            self.done += 1
            self.counts[KEPT] = self.counts.get(KEPT, 0) + 1
            return step
        if entry is None or entry.value not in self.waiting:
            return None
        step = self.steps[entry.value]
        self.waiting.pop(step.key)
        step.state = NOT_RUN
        return step

    def _materialize(self, event: DagsterEvent) -> None:
        self.materializations.append(event)

    def _end(self, event: DagsterEvent) -> None:
        data: Any = event.event_specific_data
        if event.is_job_success:
            self.status = "SUCCESS"
        elif event.is_job_failure:
            self.status = "FAILURE"
            if data.failure_reason is not RunFailureReason.STEP_FAILURE:
                self.run_error = data.error
        else:
            self.status = "CANCELED"
        self._mark_the_rest()

    def cancel(self) -> None:
        """Take it that the run was interrupted, if no event has said how it ended."""
        if self.status == RUNNING:
            self.status = "CANCELED"
            self._mark_the_rest()

    def _mark_the_rest(self) -> None:
        """What has not ended will not any more."""
        for step in self.steps.values():
            if step.state in {RUNNING, RETRYING}:
                step.state = CANCELED
                self.counts[CANCELED] = self.counts.get(CANCELED, 0) + 1
            elif step.state in {WAITING, NOT_RUN}:
                step.state = NOT_RUN
                self.counts[NOT_RUN] = self.counts.get(NOT_RUN, 0) + 1
        self.running.clear()
        self.waiting.clear()


def short_error(error: SerializableErrorInfo | None) -> str:
    """Return an error as one line: ``ValueError: no such flight``, the user's own if there is one."""
    if error is None:
        return ""
    while is_wrapper(error) and error.cause is not None:
        error = error.cause
    lines = error.message.strip().split("\n")
    # The message of a syntax error ends with what is wrong; others begin with it.
    text = lines[-1] if (error.cls_name or "").endswith("SyntaxError") else lines[0]
    return without_class(text) if (error.cls_name or "").startswith("Dagster") else text


def failure_text(step: StepTally) -> str:
    """Return in one line why a step failed."""
    failure = step.failure
    if failure is not None and failure.description:
        return str(failure.description).strip().split("\n")[0]
    return short_error(step.error)


def places_of(event: DagsterEvent) -> list[tuple[str, str]]:
    """Return where the results of a materialization lie: the labels and values of its paths and links."""
    kinds = (PathMetadataValue, UrlMetadataValue, NotebookMetadataValue)
    metadata: Mapping[str, Any] = event.materialization.metadata
    return [(label, str(v.value)) for label, v in metadata.items() if isinstance(v, kinds)]


def counts_text(counts: Mapping[str, int]) -> str:
    """Return ``5 steps succeeded, 1 failed, 2 not run``. Kept is what a re-execution found unchanged."""
    parts: Sequence[str] = [
        f"{counts[state]} {state}"
        for state in (SUCCEEDED, FAILED, KEPT, SKIPPED, CANCELED, NOT_RUN)
        if counts.get(state)
    ]
    if not parts:
        return "no steps"
    number, _, rest = parts[0].partition(" ")
    return ", ".join([f"{number} {'step' if number == '1' else 'steps'} {rest}", *parts[1:]])
