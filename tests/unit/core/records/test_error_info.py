from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from dagster._core.errors import DagsterExecutionStepExecutionError, user_code_error_boundary
from dagster._core.records.error_info import (
    SerializableErrorInfo,
    error_info_from_exception,
    serializable_error_info_from_exc_info,
)
from dagster._core.records.user_events import DynamicOutput
from dagster._wire.codec import deserialize_value, serialize_value


def caught(function) -> BaseException:
    try:
        function()
    except BaseException as exc:
        return exc
    raise AssertionError("expected an exception")


def fail() -> None:
    raise ValueError("no such flight")


def test_message_stack_and_class() -> None:
    info = error_info_from_exception(caught(fail))
    assert info.message == "ValueError: no such flight\n"
    assert info.cls_name == "ValueError"
    assert info.cause is info.context is None
    assert "in caught" in info.stack[0]
    assert 'in fail\n    raise ValueError("no such flight")' in info.stack[-1]


def test_from_exc_info() -> None:
    exc_info, exc = (None, None, None), None
    try:
        fail()
    except ValueError as caught_here:
        exc_info, exc = sys.exc_info(), caught_here
    assert exc is not None
    info = SerializableErrorInfo.from_exc_info(exc_info)
    assert info == serializable_error_info_from_exc_info(exc_info) == error_info_from_exception(exc)
    with pytest.raises(ValueError, match="expected exc_info to be of an exception being handled"):
        serializable_error_info_from_exc_info((None, None, None))


def test_an_exception_that_was_never_raised_has_no_stack() -> None:
    assert error_info_from_exception(ValueError("x")) == SerializableErrorInfo(
        "ValueError: x\n", [], "ValueError"
    )


def test_the_string_reads_like_a_traceback() -> None:
    cause = SerializableErrorInfo("KeyError: 'a'\n", ["  two\n"], "KeyError")
    assert SerializableErrorInfo("ValueError: x\n", ["  one\n"], "ValueError", cause).to_string() == (
        "ValueError: x\n\nStack Trace:\n  one\n"
        "\nThe above exception was caused by the following exception:\n"
        "KeyError: 'a'\n\nStack Trace:\n  two\n"
    )
    with_context = SerializableErrorInfo("ValueError: x\n", [], "ValueError", None, cause)
    assert "occurred during handling of the following exception:\nKeyError" in str(with_context)


# Chains


def test_causes_are_kept() -> None:
    def run() -> None:
        try:
            fail()
        except ValueError as exc:
            raise RuntimeError("cannot plan") from exc

    info = error_info_from_exception(caught(run))
    assert info.message == "RuntimeError: cannot plan\n"
    assert info.cause is not None
    assert info.cause.message == "ValueError: no such flight\n"
    assert "in fail" in info.cause.stack[-1]
    assert info.context is None


def test_contexts_are_kept_unless_suppressed() -> None:
    def run(suppress: bool) -> None:
        try:
            fail()
        except ValueError:
            if suppress:
                raise RuntimeError("cannot plan") from None
            raise RuntimeError("cannot plan")  # noqa: B904

    info = error_info_from_exception(caught(lambda: run(False)))
    assert info.cause is None
    assert info.context is not None
    assert info.context.cls_name == "ValueError"
    suppressed = error_info_from_exception(caught(lambda: run(True)))
    assert suppressed.cause is suppressed.context is None


def test_cycles_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    info = error_info_from_exception(one)
    assert info.cause is not None
    assert info.cause.message == "ValueError: two\n"
    assert info.cause.cause is None
    one.__cause__ = one
    assert error_info_from_exception(one).cause is None


def test_long_chains_end() -> None:
    exc = ValueError("0")
    for number in range(1, 500):
        outer = ValueError(str(number))
        outer.__cause__ = exc
        exc = outer
    text = error_info_from_exception(exc).to_string()
    assert 10 < text.count("was caused by") < 100


# The user's own stack first


def test_user_code_errors_have_the_users_exception_as_cause() -> None:
    def run() -> None:
        with user_code_error_boundary(
            DagsterExecutionStepExecutionError, lambda: 'Error in op "a"', step_key="a"
        ):
            fail()

    info = error_info_from_exception(caught(run))
    assert info.cls_name == "DagsterExecutionStepExecutionError"
    assert info.cause is not None
    assert info.cause.message == "ValueError: no such flight\n"
    assert "in fail" in info.cause.stack[-1]


def test_a_user_exception_without_a_link_is_the_cause_too() -> None:
    user_exception = caught(fail)
    stack = user_exception.__traceback__
    user_exception.__traceback__ = None
    error = DagsterExecutionStepExecutionError(
        "x", user_exception=user_exception, original_exc_info=(ValueError, user_exception, stack)
    )
    info = error_info_from_exception(error)
    assert info.cause is not None
    assert info.cause.cls_name == "ValueError"
    assert "in fail" in info.cause.stack[-1]


def test_frames_of_the_framework_that_lead_to_user_code_are_left_out(tmp_path: Path) -> None:
    # The outermost frame here is a function that lies inside the package, as an executor does.
    inside = Path(import_module("dagster._core").__file__ or "").with_name("made_up_executor.py")
    namespace: dict = {"fail": fail}
    exec(compile("def carry():\n    fail()\n", str(inside), "exec"), namespace)
    exc = caught(namespace["carry"])
    exc.__traceback__ = (
        exc.__traceback__.tb_next if exc.__traceback__ else None
    )  # without this test's own frame
    info = error_info_from_exception(exc)
    assert len(info.stack) == 1
    assert "in fail" in info.stack[0]


def test_a_stack_of_only_the_framework_is_kept() -> None:
    exc = caught(lambda: DynamicOutput(1, "not a key"))
    while exc.__traceback__ is not None and exc.__traceback__.tb_frame.f_code.co_filename == __file__:
        exc.__traceback__ = exc.__traceback__.tb_next
    info = error_info_from_exception(exc)
    assert "user_events.py" in info.stack[0]


def test_a_package_whose_name_begins_like_ours_is_the_users(tmp_path: Path) -> None:
    package = Path(import_module("dagster._core").__file__ or "").parents[1]
    namespace: dict = {}
    path = package.with_name("dagster_of_mine") / "a.py"
    exec(compile("def mine():\n    raise ValueError('x')\n", str(path), "exec"), namespace)
    exc = caught(namespace["mine"])
    exc.__traceback__ = exc.__traceback__.tb_next if exc.__traceback__ else None
    assert "dagster_of_mine" in error_info_from_exception(exc).stack[0]


# Never fails


class Broken(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class BrokenNotes(Exception):
    @property
    def __notes__(self) -> list[str]:
        raise RuntimeError("no notes")


@pytest.mark.parametrize("cls", [Broken, BrokenNotes])
def test_broken_exceptions_are_described(cls: type[Exception]) -> None:
    info = error_info_from_exception(cls("x"))
    assert info.cls_name == cls.__name__
    assert cls.__name__ in info.message


def test_long_messages_are_cut_in_the_middle() -> None:
    info = error_info_from_exception(ValueError("a" * 100_000 + "z" * 100_000))
    assert len(info.message) < 51_000
    assert info.message.startswith("ValueError: aaa")
    assert info.message.endswith("zzz\n")
    assert "characters left out" in info.message


def test_long_stacks_are_cut_in_the_middle() -> None:
    def ping(depth: int) -> None:
        pong(depth)

    def pong(depth: int) -> None:
        if not depth:
            fail()
        ping(depth - 1)

    info = error_info_from_exception(caught(lambda: ping(200)))
    assert len(info.stack) == 201
    assert "frames left out" in info.stack[100]
    assert "in fail" in info.stack[-1]


def test_members_of_a_group_are_told() -> None:
    group = ExceptionGroup("two", [ValueError("a"), ExceptionGroup("inner", [KeyError("b")] * 30)])
    message = error_info_from_exception(group).message
    assert message.startswith("ExceptionGroup: two (2 sub-exceptions)\n  - ValueError: a\n")
    assert "KeyError: 'b'" in message
    assert "and 10 more" in message


def test_notes_are_told() -> None:
    exc = ValueError("x")
    exc.add_note("try y")
    assert error_info_from_exception(exc).message == "ValueError: x\ntry y\n"


def test_an_error_comes_back_from_storage() -> None:
    info = error_info_from_exception(caught(fail))
    outer = SerializableErrorInfo("x", [], "X", cause=info)
    assert deserialize_value(serialize_value(outer), SerializableErrorInfo) == outer
