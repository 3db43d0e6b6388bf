"""Coroutines of ops, from plain code and from code that runs in a loop itself."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator

import pytest

from dagster import Output, job, op
from dagster._core.execution.coroutines import CoroutineRunner

WHO = contextvars.ContextVar("who", default="nobody")


@op
async def slow() -> int:
    await asyncio.sleep(0)
    return 1


@op
async def stream() -> AsyncIterator[Output[int]]:
    await asyncio.sleep(0)
    yield Output(2)


@job
def both() -> None:
    slow()
    stream()


def outputs() -> tuple[int, int]:
    result = both.execute_in_process()
    return result.output_for_node("slow"), result.output_for_node("stream")


def test_plain_code_runs_them_in_its_own_thread() -> None:
    assert outputs() == (1, 2)
    runner = CoroutineRunner()

    async def name() -> str:
        return threading.current_thread().name

    assert runner.run(name()) == threading.current_thread().name
    runner.close()


def test_code_in_a_running_loop_runs_them_too() -> None:
    """As a notebook does."""

    async def notebook() -> tuple[int, int]:
        return outputs()

    assert asyncio.run(notebook()) == (1, 2)


def test_the_thread_ends_with_the_run_and_sees_the_context() -> None:
    async def read() -> str:
        return WHO.get()

    async def fails() -> None:
        raise ValueError("inside")

    async def notebook() -> None:
        runner = CoroutineRunner()
        WHO.set("me")
        assert runner.run(read()) == "me"
        with pytest.raises(ValueError, match="inside"):
            runner.run(fails())
        runner.close()
        runner.close()

    before = threading.active_count()
    asyncio.run(notebook())
    assert threading.active_count() == before


def test_what_still_runs_is_cancelled_at_the_end() -> None:
    cancelled: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("forever")
            raise

    async def start() -> None:
        asyncio.get_running_loop().create_task(forever())
        await asyncio.sleep(0)

    runner = CoroutineRunner()
    runner.run(start())
    runner.close()
    assert cancelled == ["forever"]
