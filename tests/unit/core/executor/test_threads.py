"""The executor that runs steps in threads."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from dagster._core.definitions.hook import failure_hook, success_hook
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import (
    DagsterExecutionInterruptedError,
    DagsterInvalidConfigError,
    DagsterInvalidInvocationError,
)
from dagster._core.events.python_log_capture import get_dagster_logger
from dagster._core.execution.coroutines import CoroutineRunner
from dagster._core.executor.builtin import threads_executor
from dagster._core.executor.threads import ThreadsExecutor
from dagster._core.instance.for_test import instance_for_test
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.memory import mem_io_manager
from dagster._core.records.retry import RetryMode, RetryPolicy
from dagster._core.records.run import DagsterRunStatus
from dagster._core.records.user_events import DynamicOutput, Output
from tests.unit.core.execution.runs import execution_of, run_events

#: A bound for what must happen at once; nothing waits for so long unless it is broken.
BOUND = 20.0
MEMORY = {"io_manager": mem_io_manager}


def at_a_time(number: int, **config: Any) -> dict[str, Any]:
    return {
        "execution": {"config": {"max_concurrent": number, **config}},
        "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
    }


def of_steps(events: list[Any], kind: str) -> list[str]:
    return [e.step_key for e in events if e.event_type_value == kind]


def threaded(**kwargs: Any) -> Any:
    return job(
        executor_def=threads_executor, resource_defs={**MEMORY, **kwargs.pop("resources", {})}, **kwargs
    )


# What runs, and how many at a time


def test_all_kinds_of_functions_run_and_feed_each_other() -> None:
    got: list[Any] = []

    @op(out=DynamicOut())
    def keys() -> Iterator[DynamicOutput[int]]:
        for number in range(5):
            yield DynamicOutput(number, str(number))

    @op
    async def doubled(number: int) -> int:
        await asyncio.sleep(0)
        return 2 * number

    @op(out={"plus": Out(), "minus": Out()})
    async def both(number: int) -> AsyncIterator[Output[int]]:
        yield Output(number, "plus")
        await asyncio.sleep(0)
        yield Output(-number, "minus")

    @op
    def gather(numbers: list[int], others: list[int]) -> None:
        got.append((numbers, others))

    @threaded()
    def mixed() -> None:
        made = keys().map(doubled)
        pairs = made.map(both)
        gather(pairs.plus.collect(), pairs.minus.collect())

    events = run_events(mixed, at_a_time(3))
    assert events[-1].event_type_value == "PIPELINE_SUCCESS"
    assert got == [([0, 2, 4, 6, 8], [0, -2, -4, -6, -8])]
    assert len(of_steps(events, "STEP_SUCCESS")) == 12


def test_so_many_run_at_a_time_and_no_more() -> None:
    together = threading.Barrier(3)
    lock, running, most = threading.Lock(), 0, 0

    def enter(change: int) -> None:
        nonlocal running, most
        with lock:
            running += change
            most = max(most, running)

    @op
    def plain() -> None:
        enter(1)
        together.wait(BOUND)  # breaks unless three run at the same time
        enter(-1)

    @op
    async def waiting() -> None:
        enter(1)
        await asyncio.get_running_loop().run_in_executor(None, together.wait, BOUND)
        enter(-1)

    @threaded()
    def busy() -> None:
        for number in range(6):
            plain.alias(f"plain_{number}")()
            waiting.alias(f"waiting_{number}")()

    assert run_events(busy, at_a_time(3))[-1].event_type_value == "PIPELINE_SUCCESS"
    assert most == 3


def test_coroutines_run_together_on_one_loop_apart_from_the_main_thread() -> None:
    loops: list[Any] = []
    events: dict[str, asyncio.Event] = {}

    def event(name: str) -> asyncio.Event:
        return events.setdefault(name, asyncio.Event())

    @op
    async def first() -> None:
        loops.append((asyncio.get_running_loop(), threading.current_thread()))
        event("first").set()
        await asyncio.wait_for(event("second").wait(), BOUND)

    @op
    async def second() -> None:
        loops.append((asyncio.get_running_loop(), threading.current_thread()))
        await asyncio.wait_for(event("first").wait(), BOUND)
        event("second").set()

    @threaded()
    def meeting() -> None:
        first()
        second()

    assert run_events(meeting, at_a_time(2))[-1].event_type_value == "PIPELINE_SUCCESS"
    assert len(set(loops)) == 1
    assert loops[0][1] is not threading.main_thread()
    assert loops[0][0].is_closed()


def test_priority_goes_first() -> None:
    order: list[str] = []

    @op
    def note(context: Any) -> None:
        order.append(context.op.name)

    @threaded()
    def ordered() -> None:
        note.alias("low").tag({"dagster/priority": "-1"})()
        note.alias("plain")()
        note.alias("high").tag({"dagster/priority": "3"})()

    run_events(ordered, at_a_time(1))
    assert order == ["high", "plain", "low"]


def test_limits_by_tag_and_pools() -> None:
    lock, running = threading.Lock(), Counter[str]()
    most = Counter[str]()
    both = threading.Barrier(2)

    def limited(name: str, wait: bool = False) -> None:
        with lock:
            running[name] += 1
            most[name] = max(most[name], running[name])
        if wait:
            both.wait(BOUND)
        with lock:
            running[name] -= 1

    @op(tags={"db": "x"})
    def tagged() -> None:
        limited("tag", wait=True)

    @op(pool="api")
    def pooled() -> None:
        limited("pool")

    @threaded()
    def held_back() -> None:
        for number in range(6):
            tagged.alias(f"tagged_{number}")()
            pooled.alias(f"pooled_{number}")()

    with DagsterInstance.ephemeral() as instance:
        instance.event_log_storage.set_concurrency_slots("api", 1)
        limits = [{"key": "db", "limit": 2}]
        config = at_a_time(8, tag_concurrency_limits=limits)
        events = list(execution_of(held_back, instance, config).events())
        assert instance.event_log_storage.get_concurrency_run_ids() == set()
    assert events[-1].event_type_value == "PIPELINE_SUCCESS"
    assert most == {"tag": 2, "pool": 1}
    told = [e.message for e in events if e.message and " waits" in e.message]
    assert any("2 of 2 steps with the tag 'db' are in progress" in message for message in told)
    assert any("slot of pool 'api': 1 of 1 are held by step" in message for message in told)


# Events and logs


def test_one_thread_writes_the_log_and_events_of_a_step_are_in_order() -> None:
    writers: set[int] = set()

    @op
    def talkative(context: Any) -> int:
        context.log.info("hello from %s", context.op.name)
        return 1

    @threaded()
    def chatty() -> None:
        for number in range(20):
            talkative.alias(f"op_{number}")()

    with DagsterInstance.ephemeral() as instance:
        execution = execution_of(chatty, instance, at_a_time(8))
        handler = execution.context.log.capture_group
        sink = execution.context.sink

        def watching(entry: Any) -> None:
            writers.add(threading.get_ident())
            sink(entry)

        execution.context.sink = handler.sink = watching  # type: ignore[attr-defined]
        events = list(execution.events())
        assert execution.context.sink is handler.sink is watching  # type: ignore[attr-defined]
        run_id = execution.context.run_id
        entries = instance.all_logs(run_id)
        assert writers == {threading.get_ident()}
        for number in range(20):
            key = f"op_{number}"
            kinds = [e.event_type_value for e in events if e.step_key == key]
            assert kinds == ["STEP_START", "STEP_OUTPUT", "HANDLED_OUTPUT", "STEP_SUCCESS"]
            logged = [
                e.dagster_event.event_type_value if e.dagster_event else e.user_message
                for e in entries
                if e.step_key == key
            ]
            assert logged == [kinds[0], f"hello from {key}", *kinds[1:]]
        stored = [e.dagster_event for e in entries if e.dagster_event]
        assert Counter(e.event_type_value for e in stored) >= Counter(e.event_type_value for e in events)
        # A step's end is in the log before what follows it, and the run's end after all.
        assert stored[-1].event_type_value == "PIPELINE_SUCCESS"


def test_messages_of_python_loggers_go_to_the_step_that_logged_them() -> None:
    together = threading.Barrier(2)
    mine = get_dagster_logger("mine")

    @op
    def plain() -> None:
        together.wait(BOUND)
        mine.info("plain")
        logging.getLogger("managed.one").warning("plain")
        together.wait(BOUND)

    @op
    async def coroutine() -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, together.wait, BOUND)
        mine.info("coroutine")
        logging.getLogger("managed.one").warning("coroutine")
        await loop.run_in_executor(None, together.wait, BOUND)

    @threaded()
    def logging_job() -> None:
        plain()
        coroutine()

    settings = {"python_logs": {"managed_python_loggers": ["managed"]}}
    with instance_for_test(overrides=settings) as instance:
        execution = execution_of(logging_job, instance, at_a_time(2))
        assert list(execution.events())[-1].event_type_value == "PIPELINE_SUCCESS"
        logged = [
            (entry.step_key, entry.user_message)
            for entry in instance.all_logs(execution.context.run_id)
            if entry.dagster_event is None
        ]
    assert sorted(logged) == [("coroutine", "coroutine")] * 2 + [("plain", "plain")] * 2


def test_a_persistent_instance_keeps_everything() -> None:
    @op
    def number() -> int:
        return 3

    @op
    def add(numbers: list[int]) -> int:
        return sum(numbers)

    @job(executor_def=threads_executor)
    def stored() -> None:
        add([number.alias(f"n{n}")() for n in range(10)])

    with instance_for_test() as instance:
        execution = execution_of(stored, instance, at_a_time(4))
        list(execution.events())
        run = instance.get_run_by_id(execution.context.run_id)
        assert run is not None
        assert run.is_success
        stats = instance.get_run_step_stats(run.run_id)
        assert sorted(s.step_key for s in stats) == sorted(["add", *(f"n{n}" for n in range(10))])


# Failures


def test_retries_skips_and_abandoned_steps() -> None:
    tries: list[int] = []

    @op(retry_policy=RetryPolicy(max_retries=2, delay=0.01))
    def flaky() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError("not yet")

    @op(out=Out(is_required=False))
    def nothing() -> Iterator[Output[int]]:
        yield from ()

    @op
    def broken() -> int:
        raise ValueError("no")

    @op
    def after(value: Any) -> None: ...

    @threaded()
    def troubled() -> None:
        flaky()
        after.alias("skipped")(nothing())
        after.alias("abandoned")(broken())

    events = run_events(troubled, at_a_time(4))
    assert of_steps(events, "STEP_UP_FOR_RETRY") == ["flaky", "flaky"]
    assert sorted(of_steps(events, "STEP_SUCCESS")) == ["flaky", "nothing"]
    assert of_steps(events, "STEP_SKIPPED") == ["skipped"]
    assert of_steps(events, "STEP_FAILURE") == ["broken"]
    assert any("Dependencies for step abandoned failed" in (e.message or "") for e in events)
    assert events[-1].event_type_value == "PIPELINE_FAILURE"
    tries.clear()
    events = run_events(troubled, at_a_time(4, retries={"disabled": {}}))
    assert sorted(of_steps(events, "STEP_FAILURE")) == ["broken", "flaky"]


def test_hooks_run_with_their_step() -> None:
    told: list[str] = []

    @success_hook
    def cheer(context: Any) -> None:
        told.append(f"{context.step_key} done")

    @failure_hook
    def sigh(context: Any) -> None:
        told.append(f"{context.step_key}: {context.op_exception}")

    @op
    def fine() -> None: ...

    @op
    def broken() -> None:
        raise ValueError("no")

    @threaded(hooks={cheer, sigh})
    def hooked() -> None:
        fine()
        broken()

    run_events(hooked, at_a_time(2))
    assert sorted(told) == ["broken: no", "fine done"]


def test_an_error_that_is_raised_lets_others_end_first() -> None:
    failing = threading.Event()
    ended: list[str] = []

    @op
    def broken() -> None:
        failing.set()
        raise ValueError("no")

    @op
    def slow() -> None:
        assert failing.wait(BOUND)
        ended.append("slow")

    @op
    def never() -> None:
        ended.append("never")

    @threaded()
    def raising() -> None:
        slow()
        broken()
        never.tag({"dagster/priority": "-5"})()

    with DagsterInstance.ephemeral() as instance:
        execution = execution_of(raising, instance, at_a_time(2), raise_on_error=True)
        with pytest.raises(ValueError, match="no"):
            list(execution.events())
        assert "slow" in ended
        logged = [
            e.dagster_event.event_type_value
            for e in instance.all_logs(execution.context.run_id)
            if e.dagster_event is not None
        ]
        assert "STEP_FAILURE" in logged
        assert logged.count("STEP_SUCCESS") == len(ended)
        assert logged[-1] == "PIPELINE_FAILURE"


# Interrupts


def _interruptible() -> tuple[Any, dict[str, Any]]:
    """A job with a coroutine and a plain function that both run until the run is interrupted."""
    seen: dict[str, Any] = {
        "order": [],
        "canceled": threading.Event(),
        "both": threading.Barrier(2),
        "runs": threading.Event(),
    }

    @resource
    def connection(_context: Any) -> Iterator[str]:
        yield "open"
        seen["order"].append("torn down")

    @op(required_resource_keys={"connection"})
    async def coroutine() -> None:
        await asyncio.get_running_loop().run_in_executor(None, seen["both"].wait, BOUND)
        seen["runs"].set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen["order"].append("canceled")
            seen["canceled"].set()
            raise

    @op(required_resource_keys={"connection"})
    def plain() -> int:
        seen["both"].wait(BOUND)
        assert seen["canceled"].wait(BOUND)
        seen["order"].append("plain ended")
        return 1

    @op
    def later(value: int) -> None:
        seen["order"].append("later")

    @threaded(resources={"connection": connection})
    def interruptible() -> None:
        coroutine()
        later(plain())

    return interruptible, seen


def test_an_interrupt_cancels_coroutines_and_awaits_plain_functions() -> None:
    interruptible, seen = _interruptible()
    with DagsterInstance.ephemeral() as instance:
        execution = execution_of(interruptible, instance, at_a_time(4))
        events = execution.events()
        told = []
        for event in events:
            told.append(event)
            if len(of_steps(told, "STEP_START")) == 2:
                break
        assert seen["runs"].wait(BOUND)
        told.append(events.throw(KeyboardInterrupt()))
        with pytest.raises(DagsterExecutionInterruptedError):
            told.extend(events)
        assert seen["order"] == ["canceled", "plain ended", "torn down"]
        stored = [
            e.dagster_event
            for e in instance.all_logs(execution.context.run_id)
            if e.dagster_event is not None
        ]
        assert of_steps(stored, "STEP_SUCCESS") == ["plain"]
        assert of_steps(stored, "STEP_FAILURE") == ["coroutine"]
        failure = next(e for e in stored if e.event_type_value == "STEP_FAILURE")
        assert failure.step_failure_data.error_source.value == "INTERRUPT"
        assert stored[-1].event_type_value == "PIPELINE_CANCELED"


def test_coroutines_that_have_not_begun_do_not_begin() -> None:
    runner = CoroutineRunner(for_threads=True)
    ran: list[int] = []

    async def note() -> None:
        ran.append(1)

    runner.run(note())
    runner.cancel()
    with pytest.raises(DagsterExecutionInterruptedError):
        runner.run(note())
    runner.close()
    assert ran == [1]


def test_events_that_are_no_longer_asked_for_end_the_run_too() -> None:
    interruptible, seen = _interruptible()
    with DagsterInstance.ephemeral() as instance:
        execution = execution_of(interruptible, instance, at_a_time(4))
        events = execution.events()
        started = 0
        for event in events:
            started += event.event_type_value == "STEP_START"
            if started == 2:
                break
        assert seen["runs"].wait(BOUND)
        events.close()
        assert seen["order"] == ["canceled", "plain ended", "torn down"]
        run = instance.get_run_by_id(execution.context.run_id)
        assert run is not None
        assert run.status is DagsterRunStatus.CANCELED


# Config


def test_config_is_checked() -> None:
    @threaded()
    def nothing() -> None: ...

    with pytest.raises(DagsterInvalidInvocationError, match="max_concurrent to be 1 or more"):
        run_events(nothing, at_a_time(-1))
    with pytest.raises(DagsterInvalidConfigError):
        nothing.resolve_run_config({"execution": {"config": {"max_concurent": 3}}})
    assert ThreadsExecutor().max_concurrent == os.cpu_count()
    assert ThreadsExecutor(0).max_concurrent == os.cpu_count()
    assert ThreadsExecutor(7, RetryMode.DISABLED).retries is RetryMode.DISABLED


def test_a_job_with_it_runs_in_process_as_any_other() -> None:
    threads: set[int] = set()

    @op
    def note() -> None:
        threads.add(threading.get_ident())

    @threaded()
    def usual() -> None:
        note()
        note.alias("again")()

    assert usual.execute_in_process().success
    assert threads == {threading.get_ident()}
