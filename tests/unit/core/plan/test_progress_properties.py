"""Progress against an oracle, with random jobs and random luck."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import StepOutputData, StepRetryData
from dagster._core.plan.progress import READY, RETRYING, Progress
from dagster._core.plan.sources import FromMultipleSources, FromStepOutput, InputSource
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.handles import StepOutputHandle
from tests.unit.core.plan.job_strategies import job_specs
from tests.unit.core.plan.oracle import Oracle, Value
from tests.unit.core.plan.random_jobs import JobSpec


def event(step: ExecutionStep, event_type: DagsterEventType, data: object = None) -> DagsterEvent:
    return DagsterEvent(event_type.value, "random", event_specific_data=data, step_key=step.key)  # type: ignore[arg-type]


def values_of(source: InputSource) -> list[Value]:
    """The values that a step which may run gets for an input."""
    if isinstance(source, FromStepOutput):
        return [(source.step_key, source.output_name, source.mapping_key)]
    assert isinstance(source, FromMultipleSources), source
    return [value for inner in source.sources for value in values_of(inner)]


class Driver:
    """An executor with several hands, whose steps end in any order."""

    def __init__(self, job: JobSpec, require_success: bool, chance: random.Random) -> None:
        self.job = job
        self.chance = chance
        self.oracle = Oracle(job, require_success)
        self.progress = Progress(job.compile(), require_upstream_step_success=require_success)
        self.ended: dict[str, str] = {}
        self.running: list[ExecutionStep] = []
        self.tries: dict[str, int] = {}
        self.now = 0.0

    def end(self, key: str, status: str) -> None:
        assert key not in self.ended, f"{key} ended twice"
        self.ended[key] = status

    def run(self, hands: int) -> None:
        progress = self.progress
        while True:
            self.look()
            step = None
            if len(self.running) < hands and self.chance.random() < 0.7:
                step = self.take()
            if step is None and self.running:
                self.finish(self.running.pop(self.chance.randrange(len(self.running))))
            elif step is None and not self.running:
                if progress.is_over:
                    return
                if not any(state == READY for state in progress.state):
                    due = progress.next_retry_due()
                    assert due is not None, "nothing can run, and it is not over"
                    self.now = max(self.now, due)

    def look(self) -> None:
        for step in self.progress.take_skipped():
            self.end(step.key, "skipped")
        for step in self.progress.take_abandoned():
            self.end(step.key, "abandoned")

    def take(self) -> ExecutionStep | None:
        progress = self.progress
        ready = [s for s in progress.steps if progress.state[s.index] == READY]
        retrying = [s for s in progress.steps if progress.state[s.index] == RETRYING]
        step = progress.take_ready(self.now)
        if step is None:
            assert not ready
            return None
        if step in retrying:
            assert self.tries[step.key] == progress.attempts[step.key] > 0
        else:
            best = max(s.priority for s in ready)
            assert step.priority == best
            assert step.index == min(s.index for s in ready if s.priority == best)
            assert step.key not in self.tries
            self.tries[step.key] = 0
        expected = self.oracle.ends[step.key]
        assert expected.after <= set(self.ended), "it runs before what it waits for"
        assert [values_of(i.source) for i in step.inputs] == expected.inputs
        self.running.append(step)
        return step

    def finish(self, step: ExecutionStep) -> None:
        name = step.node.name
        outcome = self.job.outcome(name, step.mapping_key)
        for output_name, keys in outcome.given.items():
            for key in keys:
                handle = StepOutputHandle(step.key, output_name, key)
                self.progress.handle_event(
                    step, event(step, DagsterEventType.STEP_OUTPUT, StepOutputData(handle)), self.now
                )
        tried = self.tries[step.key]
        if tried < len(outcome.retries):
            self.tries[step.key] = tried + 1
            wait = outcome.retries[tried]
            self.progress.handle_event(
                step,
                event(step, DagsterEventType.STEP_UP_FOR_RETRY, StepRetryData(None, wait)),
                self.now,
            )
            return
        kind = {
            "success": DagsterEventType.STEP_SUCCESS,
            "failure": DagsterEventType.STEP_FAILURE,
            "skip": DagsterEventType.STEP_SKIPPED,
        }[outcome.status]
        self.end(step.key, outcome.status)
        self.progress.handle_event(step, event(step, kind), self.now)
        assert self.progress.steps[step.index].key == step.key


def check(job: JobSpec, require_success: bool, seed: int, hands: int) -> None:
    for luck in range(6):
        check_once(JobSpec(job.nodes, job.seed + luck), require_success, seed, hands)


def check_once(job: JobSpec, require_success: bool, seed: int, hands: int) -> None:
    driver = Driver(job, require_success, random.Random(seed))
    driver.run(hands)
    driver.look()
    # Steps that would run per key of a fan-out that never came are told of only if it failed.
    expected = {
        key: end.status
        for key, end in driver.oracle.ends.items()
        if not (key.endswith("[?]") and end.status == "skipped")
    }
    assert driver.ended == expected
    assert driver.progress.is_over
    assert driver.progress.take_ready(float("inf")) is None


@settings(max_examples=150)
@given(job_specs(dynamic=False), st.integers(0, 1000), st.integers(1, 4))
def test_static_jobs_end_as_the_rules_say(job: JobSpec, seed: int, hands: int) -> None:
    check(job, True, seed, hands)


@settings(max_examples=300)
@given(job_specs(), st.integers(0, 1000), st.integers(1, 4))
def test_dynamic_jobs_end_as_the_rules_say(job: JobSpec, seed: int, hands: int) -> None:
    check(job, True, seed, hands)


@settings(max_examples=200)
@given(job_specs(), st.integers(0, 1000), st.integers(1, 4))
def test_steps_may_feed_on_failed_ones_where_success_is_not_required(
    job: JobSpec, seed: int, hands: int
) -> None:
    check(job, False, seed, hands)


@settings(max_examples=60)
@given(job_specs(), st.lists(st.integers(0, 1000), min_size=2, max_size=3))
def test_the_order_in_which_steps_end_changes_nothing(job: JobSpec, seeds: list[int]) -> None:
    ends = []
    for seed in seeds:
        driver = Driver(job, True, random.Random(seed))
        driver.run(3)
        driver.look()
        ends.append(driver.ended)
    assert all(end == ends[0] for end in ends)
