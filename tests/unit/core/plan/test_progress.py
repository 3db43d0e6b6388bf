"""Progress: transitions, retries, priorities, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dagster._check import CheckError
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import StepOutputData, StepRetryData
from dagster._core.plan.compile import compile_plan
from dagster._core.plan.progress import Progress
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.handles import StepOutputHandle


@op
def one():
    return 1


@op
def inc(x):
    return x + 1


@op(out=Out(is_required=False))
def maybe(x):
    yield from ()


@op(out=DynamicOut())
def spread():
    yield from ()


@op
def gather(xs):
    return xs


@job
def chain():
    inc.alias("b")(inc.alias("a")(one()))


@job
def fan_out():
    gather(spread().map(inc).collect())


def progress_of(job_def: JobDefinition, **kwargs: bool) -> Progress:
    return Progress(compile_plan(job_def, job_def.resolve_run_config({})), **kwargs)


def take(progress: Progress, now: float = 0.0) -> ExecutionStep:
    step = progress.take_ready(now)
    assert step is not None
    return step


def test_steps_become_ready_one_after_the_other() -> None:
    progress = progress_of(chain)
    for key in ("one", "a", "b"):
        assert not progress.is_over
        step = take(progress)
        assert step.key == key
        assert progress.take_ready() is None
        progress.succeeded(step)
    assert progress.is_over
    assert progress.take_ready() is None


def test_a_failure_abandons_all_that_follows_and_says_why() -> None:
    progress = progress_of(chain)
    progress.failed(take(progress))
    abandoned = progress.take_abandoned()
    assert [step.key for step in abandoned] == ["a", "b"]
    assert [progress.upstream_failures(step) for step in abandoned] == [["one"], ["a"]]
    assert progress.take_abandoned() == []
    assert progress.is_over


def test_a_failed_key_abandons_the_collect_and_nothing_else() -> None:
    progress = progress_of(fan_out)
    spread_step = take(progress)
    for key in ("x", "y"):
        progress.output(spread_step, "result", key)
    progress.succeeded(spread_step)
    first, second = take(progress), take(progress)
    assert [first.key, second.key] == ["inc[x]", "inc[y]"]
    assert [first.mapping_key, second.mapping_key] == ["x", "y"]
    assert progress.by_key == {"inc[x]": 3, "inc[y]": 4}
    progress.failed(first)
    assert progress.take_abandoned() == []
    progress.succeeded(second)
    (collect,) = progress.take_abandoned()
    assert collect.key == "gather"
    assert progress.upstream_failures(collect) == ["inc[x]"]
    assert progress.is_over


def test_a_fan_out_of_none_is_collected_as_an_empty_list() -> None:
    progress = progress_of(fan_out)
    progress.succeeded(take(progress))
    collect = take(progress)
    assert collect.key == "gather"
    assert collect.inputs[0].source.upstream_steps() == ()
    progress.succeeded(collect)
    assert progress.is_over


def test_a_retry_waits_until_it_is_due() -> None:
    progress = progress_of(chain)
    step = take(progress)
    progress.retry(step, due=5.0)
    assert progress.attempts == {"one": 1}
    assert progress.next_retry_due() == 5.0
    assert progress.take_ready(4.9) is None
    assert not progress.is_over
    assert take(progress, 5.0) is step
    assert progress.next_retry_due() is None
    progress.retry(step, due=6.0)
    assert progress.attempts == {"one": 2}
    progress.succeeded(take(progress, 6.0))
    assert take(progress).key == "a"


def test_retries_come_first_by_due_time_and_then_steps_by_priority() -> None:
    @op
    def plain():
        return 1

    @op(tags={"dagster/priority": "5"})
    def urgent():
        return 1

    @op(tags={"dagster/priority": "-1"})
    def idle():
        return 1

    @job
    def several():
        idle()
        plain()
        plain.alias("plain_2")()
        urgent()
        urgent.alias("no_longer_urgent").tag({"dagster/priority": "0"})()
        urgent.alias("wrong").tag({"dagster/priority": "high"})()

    progress = progress_of(several)
    taken = [take(progress) for _ in range(6)]
    assert [s.key for s in taken] == [
        "urgent",
        "plain",
        "plain_2",
        "no_longer_urgent",
        "wrong",
        "idle",
    ]
    progress.retry(taken[0], due=3.0)
    progress.retry(taken[5], due=1.0)
    assert take(progress, 9.0).key == "idle"
    assert take(progress, 9.0).key == "urgent"


def test_outputs_of_a_failed_try_do_not_count() -> None:
    @job
    def optional():
        inc(maybe(one()))

    progress = progress_of(optional)
    progress.succeeded(take(progress))
    step = take(progress)
    progress.output(step, "result", None)
    progress.retry(step, due=0.0)
    progress.succeeded(take(progress, 0.0))
    assert [s.key for s in progress.take_skipped()] == ["inc"]
    assert progress.is_over


def test_chains_of_skipped_steps_are_as_long_as_plans() -> None:
    @job
    def long():
        value = maybe(one())
        for _ in range(5000):
            value = inc(value)

    progress = progress_of(long)
    progress.succeeded(take(progress))
    progress.succeeded(take(progress))
    assert len(progress.take_skipped()) == 5000
    assert progress.is_over


def event(step: ExecutionStep, kind: DagsterEventType, data: object = None) -> DagsterEvent:
    return DagsterEvent(kind.value, "j", event_specific_data=data, step_key=step.key)  # type: ignore[arg-type]


def test_events_move_steps() -> None:
    progress = progress_of(fan_out)
    step = take(progress)
    for kind in (DagsterEventType.STEP_START, DagsterEventType.HANDLED_OUTPUT):
        progress.handle_event(step, event(step, kind))
    retry = StepRetryData(None, 2)
    progress.handle_event(step, event(step, DagsterEventType.STEP_UP_FOR_RETRY, retry), 10.0)
    assert progress.next_retry_due() == 12.0
    step = take(progress, 12.0)
    at_once = event(step, DagsterEventType.STEP_UP_FOR_RETRY, StepRetryData(None))
    progress.handle_event(step, at_once, 13.0)
    step = take(progress, 13.0)
    handle = StepOutputHandle("spread", "result", "only")
    progress.handle_event(step, event(step, DagsterEventType.STEP_OUTPUT, StepOutputData(handle)))
    progress.handle_event(step, event(step, DagsterEventType.STEP_SUCCESS))
    mapped = take(progress)
    assert mapped.key == "inc[only]"
    progress.handle_event(mapped, event(mapped, DagsterEventType.STEP_SKIPPED))
    assert [s.key for s in progress.take_skipped()] == ["gather"]


def test_a_failure_event_fails_the_step() -> None:
    progress = progress_of(chain)
    step = take(progress)
    progress.handle_event(step, event(step, DagsterEventType.STEP_FAILURE))
    assert progress.is_over


@pytest.mark.parametrize(
    ("act", "to"),
    [
        (lambda p, s: p.succeeded(s), "success"),
        (lambda p, s: p.failed(s), "failed"),
        (lambda p, s: p.skip_running(s), "skipped"),
        (lambda p, s: p.retry(s, 0.0), "retrying"),
    ],
)
def test_only_a_running_step_can_end(act: Callable[[Progress, ExecutionStep], None], to: str) -> None:
    progress = progress_of(chain)
    waiting = progress.steps[1]
    with pytest.raises(CheckError) as caught:
        act(progress, waiting)
    assert str(caught.value) == (
        f'step "a" cannot become {to}: expected it to be running, it is waiting'
    )
    first = take(progress)
    progress.succeeded(first)
    with pytest.raises(CheckError, match="it is success"):
        act(progress, first)


def test_only_a_running_step_gives_outputs() -> None:
    progress = progress_of(fan_out)
    with pytest.raises(CheckError) as caught:
        progress.output(progress.steps[0], "result", "k")
    assert str(caught.value) == (
        'step "spread" cannot give output "result": expected it to be running, it is ready'
    )
