"""Executors of users that wrap ours, and what they inherit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dagster._core.definitions.executor import InitExecutorContext, executor
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.events.event import DagsterEvent
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.base import Executor
from dagster._core.executor.builtin import (
    in_process_executor,
    multiprocess_executor,
    threads_executor,
)
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.executor.multiprocess import MultiprocessExecutor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.memory import mem_io_manager
from dagster._core.plan.compile import plan_of
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.retry import RetryMode, RetryPolicy
from dagster._core.runner.run import RunExecution
from tests.unit.core.execution.runs import run_events


@op
def one() -> int:
    return 1


@op(retry_policy=RetryPolicy(max_retries=2, delay=3))
def stubborn(value: int) -> int:
    return value


class Wrapping(Executor):
    """Does what another executor does, and counts the events."""

    def __init__(self, inner: Executor) -> None:
        self.inner = inner
        self.seen = 0

    @property
    def retries(self) -> RetryMode:
        return self.inner.retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        for event in self.inner.execute(plan_context, execution_plan):
            self.seen += 1
            yield event


MADE: list[Wrapping] = []


def wrapping(inner_def: Any) -> Any:
    """An executor that has the config of another one, and makes that by its function."""

    @executor(
        name=f"wrapped_{inner_def.name}",
        config_schema=inner_def.config_schema,
        requirements=inner_def.get_requirements,
    )
    def wrapped(init_context: InitExecutorContext) -> Wrapping:
        assert init_context.executor_def is wrapped
        MADE.append(Wrapping(inner_def.executor_creation_fn(init_context)))
        return MADE[-1]

    return wrapped


@pytest.mark.parametrize("inner", [in_process_executor, threads_executor])
def test_an_executor_may_wrap_one_of_ours(inner: Any) -> None:
    MADE.clear()

    @job(executor_def=wrapping(inner), resource_defs={"io_manager": mem_io_manager})
    def wrapped_job() -> None:
        stubborn(one())

    config = {"execution": {"config": {"retries": {"disabled": {}}}}}
    events = run_events(wrapped_job, config)
    (made,) = MADE
    assert made.retries is RetryMode.DISABLED
    # The run's start and end are not the executor's.
    assert made.seen == len(events) - 2
    assert [e.step_key for e in events if e.is_step_success] == ["one", "stubborn"]


def test_the_function_of_an_executor_makes_it_from_a_context() -> None:
    @job(executor_def=multiprocess_executor)
    def any_job() -> None:
        one()

    with DagsterInstance.ephemeral() as instance:
        context = InitExecutorContext(
            InMemoryJob(any_job), multiprocess_executor, {"max_concurrent": 3}, instance
        )
        assert multiprocess_executor.executor_creation_fn is not None
        made = multiprocess_executor.executor_creation_fn(context)
        assert isinstance(made, MultiprocessExecutor)
        assert made.max_concurrent == 3


def lost_step(mode: RetryMode, attempt: int) -> tuple[Executor, StepExecutionContext, DagsterInstance]:
    @job
    def losing() -> None:
        stubborn(one())

    instance = DagsterInstance.ephemeral()
    config = losing.resolve_run_config({})
    plan = plan_of(losing, config)
    run = instance.create_run_for_job(losing)
    execution = RunExecution(InMemoryJob(losing), run, config, instance, plan)
    context = StepExecutionContext(execution.context, plan.get_step_by_key("stubborn"), attempt)
    return InProcessExecutor(mode), context, instance


@pytest.mark.parametrize(
    ("mode", "attempt", "known", "is_retried"),
    [
        (RetryMode.ENABLED, 0, None, True),
        (RetryMode.DEFERRED, 1, None, True),
        (RetryMode.ENABLED, 2, None, False),
        (RetryMode.DISABLED, 0, None, False),
        (RetryMode.ENABLED, 0, KnownExecutionState(attempts={"stubborn": 2}), False),
        (RetryMode.ENABLED, 0, KnownExecutionState(), True),
    ],
)
def test_a_step_that_was_lost_is_tried_again_or_has_failed(
    mode: RetryMode, attempt: int, known: KnownExecutionState | None, is_retried: bool
) -> None:
    error = SerializableErrorInfo("its machine burned down", [], "Fire")
    own, context, instance = lost_step(mode, attempt)
    with instance:
        event = own.log_failure_or_retry_event_after_error(context, error, known)
        assert event.is_step_up_for_retry is is_retried
        assert event.is_step_failure is not is_retried
        if is_retried:
            assert event.step_retry_data.seconds_to_wait == 3
        else:
            assert event.step_failure_data.error == error
            assert event.step_failure_data.error_source.value == "UNEXPECTED_TERMINATION"
        stored = [e.dagster_event for e in instance.all_logs(context.run_id) if e.dagster_event]
        assert stored[-1] == event
        original = DagsterEvent("STEP_FAILURE", "losing", step_key="stubborn")
        again = own.get_step_event_or_retry_event(context, error, known, original)
        assert (again is original) is not is_retried
        assert again.is_step_up_for_retry is is_retried
