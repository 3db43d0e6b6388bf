"""Every kind of function is a step, and everything it may give."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Callable
from typing import Any

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.definitions.types.builtins import Nothing
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    DynamicOutput,
    ExpectationResult,
    Output,
)
from tests.unit.core.execution.runs import events, failure, kinds, run_op


def plain():
    return 5


def generator():
    yield AssetMaterialization("a")
    yield Output(5)


def generator_that_returns():
    yield AssetMaterialization("a")
    return 5


async def coroutine():
    await asyncio.sleep(0)
    return 5


async def async_generator():
    yield AssetMaterialization("a")
    await asyncio.sleep(0)
    yield Output(5)


@pytest.mark.parametrize(
    "function", [plain, generator, generator_that_returns, coroutine, async_generator]
)
def test_every_kind_of_function_is_a_step(function: Callable[..., Any]) -> None:
    result = run_op(op(function), raise_on_error=True)
    assert result.output_for_node(function.__name__) == 5
    materialized = len(result.asset_materializations_for_node(function.__name__))
    assert materialized == (1 if "generator" in function.__name__ else 0)


def test_definitions_without_a_decorator_take_context_and_inputs() -> None:
    def compute(context, inputs):
        yield Output(len(inputs), "n")

    result = run_op(OpDefinition(compute, "raw", outs={"n": Out()}))
    assert result.output_for_node("raw", "n") == 0


def test_all_coroutines_of_a_run_share_one_loop() -> None:
    loops: list[Any] = []

    @op
    async def first():
        loops.append(asyncio.get_running_loop())
        return 1

    @op
    async def second(x):
        loops.append(asyncio.get_running_loop())

    @job
    def both():
        second(first())

    assert both.execute_in_process().success
    assert loops[0] is loops[1]
    assert loops[0].is_closed()


def test_tasks_that_an_op_leaves_behind_are_ended_with_the_run() -> None:
    ended: list[str] = []

    @op
    async def leaves():
        async def forever():
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("task")

        leaves.task = asyncio.ensure_future(forever())  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        return 1

    assert run_op(leaves).success
    assert ended == ["task"]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_refused_output_ends_the_generator_at_once(is_async: bool) -> None:
    closed: list[str] = []

    @op
    def twice():
        try:
            yield Output(1)
            yield Output(2)
        finally:
            closed.append("generator")

    @op
    async def async_twice():
        try:
            yield Output(1)
            yield Output(2)
        finally:
            await asyncio.sleep(0)
            closed.append("generator")

    result = run_op(async_twice if is_async else twice)
    assert closed == ["generator"]
    assert 'returned an output "result" multiple times' in failure(result)
    del result
    gc.collect()  # a generator that is left behind would warn here


# Several outputs

TWO = {"a": Out(int), "b": Out(str)}


@op(out=TWO)
def by_tuple():
    return 1, "x"


@op(out=TWO)
def by_dict():
    return {"b": "x", "a": 1}


@op(out=TWO)
def by_output_objects():
    return Output(1, "a", metadata={"n": 1}), Output("x", "b")


@op(out=TWO)
def by_unnamed_output_objects():
    return Output(1), Output("x")


@op(out=TWO)
def by_generator():
    yield Output("x", "b")
    yield Output(1, "a")


@op(out=TWO)
def by_mixed_tuple():
    return Output(1), "x"


@pytest.mark.parametrize(
    "op_def",
    [
        by_tuple,
        by_dict,
        by_output_objects,
        by_unnamed_output_objects,
        by_generator,
        by_mixed_tuple,
    ],
)
def test_several_outputs(op_def: OpDefinition) -> None:
    result = run_op(op_def, raise_on_error=True)
    assert result.output_for_node(op_def.name, "a") == 1
    assert result.output_for_node(op_def.name, "b") == "x"


def test_metadata_of_returned_outputs_is_kept() -> None:
    (first, _) = events(run_op(by_output_objects), "STEP_OUTPUT")
    assert {k: v.value for k, v in first.step_output_data.metadata.items()} == {"n": 1}


def test_no_output_and_nothing() -> None:
    @op(out={})
    def silent():
        pass

    @op(out=Out(Nothing))
    def nothing():
        pass

    assert kinds(run_op(silent)) == ["STEP_START", "STEP_SUCCESS"]
    assert kinds(run_op(nothing)) == ["STEP_START", "STEP_OUTPUT", "STEP_SUCCESS"]


def test_dynamic_outputs_by_generator_and_by_list() -> None:
    @op(out=DynamicOut())
    def yields():
        yield DynamicOutput(1, "a")
        yield DynamicOutput(2, "b")

    @op(out=DynamicOut())
    def returns():
        return [DynamicOutput(1, "a"), DynamicOutput(2, "b")]

    @op(out={"plain": Out(), "many": DynamicOut()})
    def mixed():
        return 0, [DynamicOutput(1, "a"), DynamicOutput(2, "b")]

    for op_def in (yields, returns):
        assert run_op(op_def).output_for_node(op_def.name) == {"a": 1, "b": 2}
    result = run_op(mixed)
    assert result.output_for_node("mixed", "plain") == 0
    assert result.output_for_node("mixed", "many") == {"a": 1, "b": 2}
    message = events(run_op(yields), "STEP_OUTPUT")[0].message
    assert message == 'Yielded output "result" mapping key "a" of type "Any". (Type check passed).'


def test_events_may_be_returned_and_yielded() -> None:
    @op(out={})
    def returns_event():
        return AssetMaterialization("a")

    @op
    def yields_all():
        yield AssetMaterialization("a")
        yield AssetObservation("o")
        yield ExpectationResult(True, label="e")
        yield Output(1)

    assert kinds(run_op(returns_event)) == ["STEP_START", "ASSET_MATERIALIZATION", "STEP_SUCCESS"]
    assert kinds(run_op(yields_all))[1:4] == [
        "ASSET_MATERIALIZATION",
        "ASSET_OBSERVATION",
        "STEP_EXPECTATION_RESULT",
    ]


# What is refused


def missing():
    yield from ()


def unknown():
    yield Output(1, "resutl")


def plain_value():
    yield 5


def dynamic():
    yield DynamicOutput(1, "a")


@pytest.mark.parametrize(
    ("function", "out", "message"),
    [
        (
            missing,
            Out(),
            "Core compute for op 'missing' did not return an output for non-optional output \"result\"",
        ),
        (
            unknown,
            Out(),
            (
                "Core compute for op 'unknown' returned an output \"resutl\" that does not exist."
                ' Did you mean "result"\\?'
            ),
        ),
        (
            plain_value,
            Out(),
            (
                "Compute function for op 'plain_value' yielded a value of type int rather than an instance of "
                "Output, .*: 5. Values yielded by a generator must be wrapped"
            ),
        ),
        (
            lambda: (1, 2, 3),
            TWO,
            'it has 2 outputs \\("a", "b"\\), but its function returned a tuple of length 3: \\(1, 2, 3\\)',
        ),
        (
            lambda: 1,
            TWO,
            'it has multiple outputs \\("a", "b"\\), but its function returned 1 of type int',
        ),
        (lambda: {"a": 1, "c": 2}, TWO, "a dict with the key 'c', which is not one of its outputs"),
        (
            lambda: (Output(1, "b"), Output("x", "b")),
            TWO,
            (
                "explicitly named 'b', which does not match the output definition specified for this "
                "position: 'a'"
            ),
        ),
        (lambda: 4, {}, "it has no outputs, but its function returned 4"),
        (
            lambda: 4,
            DynamicOut(),
            "output 'result' is dynamic, so its function must yield DynamicOutput objects or return a list",
        ),
        (
            lambda: iter_of(DynamicOutput(1, "a"), DynamicOutput(1, "a")),
            DynamicOut(),
            'yielded a DynamicOutput with mapping_key "a" multiple times',
        ),
        (lambda: iter_of(Output(1)), DynamicOut(), "must emit DynamicOutput, got Output"),
        (dynamic, Out(), "must emit Output, got DynamicOutput"),
        (
            lambda: (1, [2]),
            {"a": Out(), "b": DynamicOut()},
            "output 'b' is dynamic and takes a list of DynamicOutput objects, got: 2",
        ),
    ],
)
def test_what_functions_must_not_give(function: Callable[..., Any], out: Any, message: str) -> None:
    name = None if function.__name__ != "<lambda>" else "fn"
    op_def = op(name=name, out=out)(function)  # type: ignore[call-overload]
    found = failure(run_op(op_def))
    assert re.search(message, found), found


def iter_of(*items: Any) -> Any:
    return (item for item in items)
