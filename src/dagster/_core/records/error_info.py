"""Errors as they are stored: message, stack and cause, the user's own stack first."""

from __future__ import annotations

import os
import traceback
from types import TracebackType
from typing import Any, cast

from dagster._core.errors import DagsterUserCodeExecutionError
from dagster._wire.record import Record

_MAX_MESSAGE = 50_000
_MAX_FRAMES = 200
_MAX_CHAIN = 50
_MAX_GROUP = 20

_OWN = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_STDLIB = os.path.dirname(os.path.abspath(traceback.__file__)) + os.sep
# Parts of Python that only carry a call from us to user code.
_CARRIERS = tuple(
    _STDLIB + name
    for name in (
        "asyncio" + os.sep,
        "concurrent" + os.sep,
        "contextlib.py",
        "functools.py",
        "importlib" + os.sep,
        "multiprocessing" + os.sep,
        "runpy.py",
        "threading.py",
    )
)
_LEADING = (_OWN, *_CARRIERS, "<frozen ")

ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


class SerializableErrorInfo(Record, frozen=True):
    """An error that can be stored and sent.

    Args:
        message: The last line of a traceback, with its newline: ``ValueError: no such flight``.
        stack: The formatted frames, outermost first, without those of the framework that lead to
            the user's code.
        cls_name: The name of the exception's class.
        cause: The error it was raised from.
        context: The error that was being handled when it was raised.
    """

    message: str
    stack: list[str]
    cls_name: str | None = None
    cause: SerializableErrorInfo | None = None
    context: SerializableErrorInfo | None = None

    def to_string(self) -> str:
        """Return the error as people read it: message, stack, and what it was caused by."""
        parts: list[str] = []
        error: SerializableErrorInfo | None = self
        while error is not None:
            parts.append(error.message)
            if error.stack:
                parts.append("\nStack Trace:\n" + "".join(error.stack))
            if error.cause is not None:
                parts.append("\nThe above exception was caused by the following exception:\n")
                error = error.cause
            elif error.context is not None:
                parts.append(
                    "\nThe above exception occurred during handling of the following exception:\n"
                )
                error = error.context
            else:
                error = None
        return "".join(parts)

    def __str__(self) -> str:
        return self.to_string()

    @staticmethod
    def from_exc_info(exc_info: ExcInfo) -> SerializableErrorInfo:
        """Return the error of ``sys.exc_info()``."""
        return serializable_error_info_from_exc_info(exc_info)


def serializable_error_info_from_exc_info(
    exc_info: ExcInfo | tuple[Any, Any, Any],
) -> SerializableErrorInfo:
    """Return the error of ``sys.exc_info()``: type, exception and traceback.

    Raises:
        ValueError: If there is no exception in it.
    """
    _, exc, tb = exc_info
    if not isinstance(exc, BaseException):
        raise ValueError("expected exc_info to be of an exception being handled, got: no exception")
    return _build(exc, tb if tb is not None else exc.__traceback__, set(), 0)


def error_info_from_exception(exc: BaseException) -> SerializableErrorInfo:
    """Return the error of an exception. Never fails, whatever the exception's own methods do."""
    return _build(exc, exc.__traceback__, set(), 0)


def _build(
    exc: BaseException, tb: TracebackType | None, seen: set[int], depth: int
) -> SerializableErrorInfo:
    seen.add(id(exc))
    before, is_cause = _before(exc)
    info = None
    if before is not None and id(before) not in seen and depth < _MAX_CHAIN:
        info = _build(before, _traceback_of(exc, before), seen, depth + 1)
    # The wrapper that a boundary raised has only frames of ours, which would stand before the user's.
    is_wrapper = isinstance(exc, DagsterUserCodeExecutionError) and info is not None
    return SerializableErrorInfo(
        _message(exc),
        [] if is_wrapper else _stack(tb),
        type(exc).__name__,
        info if is_cause else None,
        None if is_cause else info,
    )


def _before(exc: BaseException) -> tuple[BaseException | None, bool]:
    """Return what an exception came from, and whether it is its cause (or only its context)."""
    if exc.__cause__ is not None:
        return exc.__cause__, True
    if isinstance(exc, DagsterUserCodeExecutionError) and exc.user_exception is not None:
        return exc.user_exception, True
    return (None if exc.__suppress_context__ else exc.__context__), False


def _traceback_of(exc: BaseException, before: BaseException) -> TracebackType | None:
    if before.__traceback__ is None and isinstance(exc, DagsterUserCodeExecutionError):
        return exc.original_exc_info[2]
    return before.__traceback__


def _message(exc: BaseException) -> str:
    kind = type(exc)
    try:
        text = "".join(traceback.format_exception_only(kind, exc))
        if isinstance(exc, BaseExceptionGroup):
            text += _members(cast(BaseExceptionGroup[BaseException], exc))
    except Exception:  # noqa: BLE001 - a user's exception may raise anything while it is described
        text = f"{kind.__name__}: <its message cannot be shown>\n"
    if len(text) <= _MAX_MESSAGE:
        return text
    half = _MAX_MESSAGE // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"


def _members(group: BaseExceptionGroup[BaseException]) -> str:
    lines = [f"  - {_message(member).rstrip()}\n" for member in group.exceptions[:_MAX_GROUP]]
    more = len(group.exceptions) - _MAX_GROUP
    return "".join(lines) + (f"  - and {more} more\n" if more > 0 else "")


def _stack(tb: TracebackType | None) -> list[str]:
    if tb is None:
        return []
    try:
        frames = traceback.extract_tb(tb)
        first = next((i for i, f in enumerate(frames) if not f.filename.startswith(_LEADING)), 0)
        lines = traceback.format_list(frames[first:])
    except Exception:  # noqa: BLE001 - a loader of the user's may fail to give the source
        return ["  <the stack cannot be shown>\n"]
    if len(lines) <= _MAX_FRAMES:
        return lines
    half = _MAX_FRAMES // 2
    return [*lines[:half], f"  … {len(lines) - 2 * half} frames left out …\n", *lines[-half:]]
