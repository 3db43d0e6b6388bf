"""Errors, failures and retries of steps."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import pytest

import dagster._time as _time
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import DagsterExecutionStepExecutionError
from dagster._core.events.payloads import ErrorSource
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.io_manager import IOManager
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.retry import Backoff, Jitter, RetryPolicy
from dagster._core.records.run import DagsterRunStatus
from dagster._core.records.user_events import Failure, Output, RetryRequested
from tests.unit.core.execution.runs import events, kinds, run_events, run_op


class Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(_time, "monotonic", clock.monotonic)
    monkeypatch.setattr(_time, "sleep", clock.sleep)
    return clock


class Own(Exception):
    """The user's."""


@op
def breaks():
    try:
        raise KeyError("first")
    except KeyError as error:
        raise Own("then") from error


def data_of(result: Any, name: str) -> Any:
    data = result.failure_data_for_node(name)
    assert data is not None
    return data


def test_the_users_own_exception_comes_out() -> None:
    given = Own("this one")

    @op
    def raises():
        raise given

    with pytest.raises(Own) as caught:
        run_op(raises, raise_on_error=True)
    assert caught.value is given


def test_chains_are_kept_as_the_user_made_them() -> None:
    with pytest.raises(Own) as caught:
        run_op(breaks, raise_on_error=True)
    assert isinstance(caught.value.__cause__, KeyError)
    error = data_of(run_op(breaks), "breaks").error
    assert error.cls_name == DagsterExecutionStepExecutionError.__name__
    assert error.message.rstrip().endswith('Error occurred while executing op "breaks":')
    assert [error.cause.cls_name, error.cause.cause.cls_name] == ["Own", "KeyError"]
    # The user's own stack, without frames of ours around it.
    assert len(error.cause.stack) == 1
    assert __file__ in error.cause.stack[0]
    assert error.stack == []


def test_where_an_error_came_from() -> None:
    assert data_of(run_op(breaks), "breaks").error_source is ErrorSource.USER_CODE_ERROR

    @op
    def forgets():
        yield from ()

    assert data_of(run_op(forgets), "forgets").error_source is ErrorSource.FRAMEWORK_ERROR


def test_a_failure_carries_what_the_user_says() -> None:
    @op
    def fails():
        raise Failure("Too few rows.", metadata={"rows": 3})

    data = data_of(run_op(fails), "fails")
    assert data.user_failure_data.label == "intentional-failure"
    assert data.user_failure_data.description == "Too few rows."
    assert data.user_failure_data.metadata == {"rows": MetadataValue.int(3)}
    assert data.error_source is ErrorSource.USER_CODE_ERROR
    assert data.error.cls_name == "Failure"
    assert __file__ in data.error.stack[0]
    with pytest.raises(Failure) as caught:
        run_op(fails, raise_on_error=True)
    assert caught.value.metadata == {"rows": MetadataValue.int(3)}


def counting(fail: Exception | None, **kwargs: Any) -> tuple[OpDefinition, list[int]]:
    """An op that notes its tries and fails each with the same exception."""
    tries: list[int] = []

    @op(**kwargs)
    def stubborn(context):
        tries.append(context.retry_number)
        if fail is not None:
            raise fail
        return len(tries)

    return stubborn, tries


def test_a_failure_may_forbid_retries() -> None:
    stubborn, tries = counting(
        Failure("no", allow_retries=False), retry_policy=RetryPolicy(max_retries=3)
    )
    assert not run_op(stubborn).success
    assert tries == [0]
    stubborn, tries = counting(Failure("yes"), retry_policy=RetryPolicy(max_retries=3))
    result = run_op(stubborn)
    assert tries == [0, 1, 2, 3]
    assert data_of(result, "stubborn").user_failure_data.label == "intentional-failure"


def test_retries_of_a_policy_end_in_success() -> None:
    @op(retry_policy=RetryPolicy(max_retries=2))
    def flaky(context):
        if context.retry_number < 2:
            raise Own(str(context.retry_number))
        return "done"

    result = run_op(flaky, raise_on_error=True)
    assert kinds(result) == [
        "STEP_START",
        "STEP_UP_FOR_RETRY",
        "STEP_RESTARTED",
        "STEP_UP_FOR_RETRY",
        "STEP_RESTARTED",
        "STEP_OUTPUT",
        "HANDLED_OUTPUT",
        "STEP_SUCCESS",
    ]
    assert result.retry_attempts_for_node("flaky") == 2
    assert result.output_for_node("flaky") == "done"
    first, second = events(result, "STEP_UP_FOR_RETRY")
    assert first.message == 'Execution of step "flaky" failed and has requested a retry.'
    assert first.step_retry_data.error.cause.cls_name == "Own"
    assert second.step_retry_data.seconds_to_wait == 0
    restarted = events(result, "STEP_RESTARTED")[1]
    assert restarted.message == 'Started re-execution (attempt # 3) of step "flaky".'


@pytest.mark.parametrize(
    ("policy", "waits"),
    [
        (RetryPolicy(max_retries=3, delay=2), [2, 2, 2]),
        (RetryPolicy(max_retries=3, delay=2, backoff=Backoff.LINEAR), [2, 4, 6]),
        (RetryPolicy(max_retries=3, delay=2, backoff=Backoff.EXPONENTIAL), [2, 6, 14]),
        (RetryPolicy(max_retries=2, delay=2, jitter=Jitter.FULL), [0.5, 0.5]),
        (RetryPolicy(max_retries=2, delay=2, jitter=Jitter.PLUS_MINUS), [1, 1]),
    ],
)
def test_how_long_a_policy_waits(
    clock: Clock, monkeypatch: pytest.MonkeyPatch, policy: RetryPolicy, waits: list[float]
) -> None:
    # A quarter, read as a fraction.
    monkeypatch.setattr(os, "urandom", lambda count: b"\x40" + bytes(count - 1))
    stubborn, _ = counting(Own("x"), retry_policy=policy)
    result = run_op(stubborn)
    assert clock.slept == waits
    told = [e.step_retry_data.seconds_to_wait for e in events(result, "STEP_UP_FOR_RETRY")]
    assert told == waits
    message = events(result, "STEP_UP_FOR_RETRY")[0].message or ""
    assert message.endswith(f"requested a retry in {waits[0]:g} seconds.")


def test_other_steps_run_while_a_retry_waits(clock: Clock) -> None:
    order: list[str] = []

    @op(retry_policy=RetryPolicy(max_retries=1, delay=5))
    def waits(context):
        order.append(f"waits {context.retry_number}")
        if not context.retry_number:
            raise Own("x")

    @op
    def goes():
        order.append("goes")

    @job
    def both():
        waits()
        goes()

    assert both.execute_in_process().success
    assert order == ["waits 0", "goes", "waits 1"]
    assert clock.slept == [5]


def test_a_requested_retry_has_its_own_limit() -> None:
    stubborn, tries = counting(RetryRequested(max_retries=2))
    result = run_op(stubborn)
    assert tries == [0, 1, 2]
    (failed,) = events(result, "STEP_FAILURE")
    assert failed.message == 'Execution of step "stubborn" failed. Exceeded max_retries of 2.'
    data = failed.step_failure_data
    assert data.user_failure_data.description == "Exceeded max_retries of 2"
    with pytest.raises(RetryRequested):
        run_op(counting(RetryRequested(max_retries=0))[0], raise_on_error=True)


def test_a_requested_retry_waits_as_it_says(clock: Clock) -> None:
    stubborn, tries = counting(RetryRequested(max_retries=2, seconds_to_wait=7))
    run_op(stubborn)
    assert len(tries) == 3
    assert clock.slept == [7, 7]


def test_a_requested_retry_tells_its_cause() -> None:
    @op
    def asks():
        try:
            raise Own("the reason")
        except Own as error:
            raise RetryRequested(max_retries=1) from error

    result = run_op(asks)
    (retried,) = events(result, "STEP_UP_FOR_RETRY")
    assert retried.step_retry_data.error.cls_name == "Own"
    assert data_of(result, "asks").error.cls_name == "Own"


def test_a_request_is_not_bound_by_the_policy() -> None:
    stubborn, tries = counting(RetryRequested(max_retries=3), retry_policy=RetryPolicy(max_retries=1))
    run_op(stubborn)
    assert tries == [0, 1, 2, 3]


@pytest.mark.parametrize("fail", [Own("x"), RetryRequested(max_retries=3)])
def test_the_executor_may_disable_retries(fail: Exception) -> None:
    stubborn, tries = counting(fail, retry_policy=RetryPolicy(max_retries=3))
    config = {"execution": {"config": {"in_process": {"retries": {"disabled": {}}}}}}
    said = run_events(GraphDefinition("alone", node_defs=[stubborn]).to_job(), config)
    assert tries == [0]
    assert [e.event_type_value for e in said if e.step_key == "stubborn"] == [
        "STEP_START",
        "STEP_FAILURE",
    ]


def test_outputs_of_a_try_that_failed_are_given_anew() -> None:
    @op(retry_policy=RetryPolicy(max_retries=1))
    def gives_twice(context):
        yield Output(context.retry_number)
        if not context.retry_number:
            raise Own("after the output")

    @op
    def takes(x):
        return x

    @job
    def retried():
        takes(gives_twice())

    result = retried.execute_in_process()
    assert result.output_for_node("takes") == 1
    assert len(events(result, "STEP_OUTPUT")) == 3


def test_raise_on_error_lets_retries_go_on() -> None:
    stubborn, tries = counting(Own("x"), retry_policy=RetryPolicy(max_retries=1))
    with pytest.raises(Own):
        run_op(stubborn, raise_on_error=True)
    assert tries == [0, 1]


def test_without_raise_on_error_what_can_run_runs() -> None:
    @op
    def fine():
        return 1

    @op
    def takes(x):
        return x

    @job
    def partly():
        takes(breaks())
        takes.alias("other")(fine())

    result = partly.execute_in_process(raise_on_error=False)
    assert not result.success
    assert result.is_node_failed("breaks")
    assert result.is_node_untouched("takes")
    assert result.is_node_success("other")
    assert result.get_failed_step_keys() == {"breaks"}


def test_exceptions_that_cannot_be_shown_do_not_hide_the_failure() -> None:
    class Nasty(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even this")

    @op
    def nasty():
        raise Nasty

    result = run_op(nasty)
    assert data_of(result, "nasty").error.cause.cls_name == "Nasty"


class Unusual(BaseException):
    """Not even an Exception."""


@pytest.mark.parametrize(
    "given", [SystemExit(3), GeneratorExit("x"), asyncio.CancelledError("stop"), Unusual("odd")]
)
def test_whatever_an_op_raises_fails_its_step(given: BaseException) -> None:
    @op
    def raises():
        raise given

    @op
    def other():
        return 1

    @job
    def both():
        raises()
        other()

    with DagsterInstance.ephemeral() as instance:
        result = both.execute_in_process(raise_on_error=False, instance=instance)
        assert instance.get_runs()[0].status is DagsterRunStatus.FAILURE
    assert data_of(result, "raises").error.cause.cls_name == type(given).__name__
    assert result.is_node_success("other")


def test_only_what_would_end_the_process_is_raised_wrapped() -> None:
    @op
    def exits():
        sys.exit(3)

    @op
    def ends():
        raise GeneratorExit

    @op
    def unusual():
        raise Unusual

    with pytest.raises(DagsterExecutionStepExecutionError) as caught:
        run_op(exits, raise_on_error=True)
    assert isinstance(caught.value.__cause__, SystemExit)
    with pytest.raises(DagsterExecutionStepExecutionError) as caught:
        run_op(ends, raise_on_error=True)
    assert isinstance(caught.value.__cause__, GeneratorExit)
    with pytest.raises(Unusual):
        run_op(unusual, raise_on_error=True)


def test_an_exit_in_a_resource_or_an_io_manager_fails_the_run() -> None:
    @resource
    def exits(_context):
        sys.exit(4)

    class Exits(IOManager):
        def handle_output(self, context, obj):
            sys.exit(5)

        def load_input(self, context):
            return None

    @op(required_resource_keys={"exits"})
    def uses():
        pass

    @op
    def gives():
        return 1

    for op_def, resource_defs in ((uses, {"exits": exits}), (gives, {"io_manager": Exits()})):
        with DagsterInstance.ephemeral() as instance:
            assert not run_op(op_def, resource_defs=resource_defs, instance=instance).success
            assert instance.get_runs()[0].status is DagsterRunStatus.FAILURE
