"""What the command line says when something cannot be done: one message on stderr, never our own stack.

Exit codes: 1, the run failed or the user's code cannot be loaded; 2, the command cannot be carried out as
it was given, and nothing has run; 130 and 143, interrupted by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dagster._core.records.error_info import SerializableErrorInfo

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130
TERMINATED = 143

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_OWN_FRAMES = (f'  File "{_OWN}', '  File "<frozen importlib', '  File "<frozen runpy')


class Refusal(click.ClickException):
    """The command cannot be carried out. Shown as one message, with the user's own stack above it.

    Args:
        message: What is wrong and what to do.
        stack: Lines of the user's own stack.
    """

    exit_code = WRONG_USE

    def __init__(self, message: str, stack: str = "") -> None:
        super().__init__(message)
        self.stack = stack

    def show(self, file: IO[Any] | None = None) -> None:
        """Write it to stderr."""
        if self.stack:
            click.echo(self.stack, err=True)
        prefix = "" if self.message.startswith("Error ") else "Error: "
        click.echo(f"{prefix}{self.message}", err=True)


class CodeRefusal(Refusal):
    """The user's code cannot be loaded."""

    exit_code = FAILED


def refusal_of(exc: Exception) -> Refusal:
    """Return what the command line says for an error of Dagwerk."""
    from dagster._core.errors import (
        DagsterHomeNotSetError,
        DagsterImportError,
        DagsterInvalidConfigError,
        DagsterInvalidSubsetError,
        DagsterInvariantViolationError,
    )
    from dagster._core.records.error_info import error_info_from_exception

    message = str(exc)
    user_exception = getattr(exc, "user_exception", None)
    if user_exception is None and isinstance(exc, DagsterImportError):
        user_exception = exc.__cause__
    if user_exception is not None and not isinstance(user_exception, SystemExit):
        stack = "\n".join(error_lines(error_info_from_exception(user_exception)))
        return CodeRefusal(message, f"{stack}\n")
    wrong_use = (
        DagsterHomeNotSetError,
        DagsterImportError,
        DagsterInvalidConfigError,
        DagsterInvalidSubsetError,
        DagsterInvariantViolationError,
    )
    return Refusal(message) if isinstance(exc, wrong_use) else CodeRefusal(message)


def error_lines(error: SerializableErrorInfo) -> list[str]:
    """Return an error as Python prints it, the user's frames only, its cause first.

    What the framework wrapped around the user's error is not shown; :func:`wrapper_lines` gives it.
    """
    while is_wrapper(error) and error.cause is not None:
        error = error.cause
    lines: list[str] = []
    if error.cause is not None:
        lines += error_lines(error.cause)
        lines += ["", "The above exception was the direct cause of the following exception:", ""]
    elif error.context is not None:
        lines += error_lines(error.context)
        lines += ["", "During handling of the above exception, another exception occurred:", ""]
    frames = user_frames(error)
    if frames:
        lines.append("Traceback (most recent call last):")
        lines += "".join(frames).rstrip("\n").split("\n")
    return [*lines, *error.message.rstrip("\n").split("\n")]


def user_frames(error: SerializableErrorInfo) -> list[str]:
    """Return the frames of an error that are not the framework's; all, if the framework itself broke."""
    frames = [frame for frame in error.stack if not frame.startswith(_OWN_FRAMES)]
    name = error.cls_name or ""
    if frames or name.startswith("Dagster") or name.endswith("SyntaxError"):
        return frames
    return error.stack


def is_wrapper(error: SerializableErrorInfo) -> bool:
    """Whether the error is what the framework made of one of the user's."""
    return error.cause is not None and (error.cls_name or "").startswith("Dagster")


def wrapper_message(error: SerializableErrorInfo) -> str | None:
    """Return what the framework has to say of where the user's error came, if it is more than the step."""
    if not is_wrapper(error) or error.cls_name == "DagsterExecutionStepExecutionError":
        return None
    return without_class(error.message)


def without_class(message: str) -> str:
    """Return ``no such flight`` of ``ValueError: no such flight``, for errors of the framework."""
    text = message.strip()
    start, separator, rest = text.partition(": ")
    return rest if separator and start.startswith("dagster.") else text


class CommandGroup(click.Group):
    """The root of all commands: turns errors of Dagwerk and interrupts into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click ends silently when nobody reads any more, as with `| head`
        except OSError as exc:
            # The user's errors are wrapped: the output or the run's own files cannot be written.
            raise CodeRefusal(str(exc)) from exc
        except Exception as exc:
            from dagster._core.errors import DagsterError

            if not isinstance(exc, DagsterError):
                raise
            raise refusal_of(exc) from exc
