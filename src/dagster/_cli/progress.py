"""How a run is told while it goes on: lines, or a display at the foot of a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

import dagster._time as _time
from dagster._cli.capture import TerminalCapture
from dagster._cli.foot import Foot, plain_lines, terminal_size
from dagster._cli.run_tally import (
    CANCELED,
    FAILED,
    KEPT,
    NOT_RUN,
    RETRYING,
    SKIPPED,
    SUCCEEDED,
    RunTally,
    StepTally,
    failure_text,
    short_error,
)
from dagster._process.output_capture import write_past

if TYPE_CHECKING:
    from rich.console import RenderableType

#: Columns and rows of a terminal that does not say.
_SIZE = (80, 24)
_MAX_RUNNING_SHOWN = 8
_MAX_WAITING_SHOWN = 4

_WORDS = {
    SUCCEEDED: "ok",
    FAILED: "FAILED",
    SKIPPED: "skipped",
    KEPT: "kept",
    RETRYING: "retry",
    NOT_RUN: "not run",
    CANCELED: "canceled",
}
#: The codes of colours and styles. Lines of steps are written without rich, which takes a hundred times
#: as long for them as the steps themselves may take.
_RED, _GREEN, _YELLOW, _DIM, _BOLD_RED = "31", "32", "33", "2", "1;31"
_SIGNS = {
    SUCCEEDED: ("✓", _GREEN),
    FAILED: ("✗", _BOLD_RED),
    SKIPPED: ("○", _DIM),
    KEPT: ("=", _DIM),
    RETRYING: ("↻", _YELLOW),
    NOT_RUN: ("·", _DIM),
    CANCELED: ("■", _YELLOW),
}


class Progress(Protocol):
    """What tells of a run while it goes on. Used in a ``with`` statement."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...

    def changed(self, step: StepTally) -> None:
        """Tell that the state of a step has changed."""
        ...


def progress_for(tally: RunTally, stream: TextIO) -> Progress:
    """Return the display for a terminal, or lines for anything else.

    A terminal that is dumb, that ``NO_COLOR`` asks to be plain, or that cannot show the signs, gets lines.
    """
    if wants_display(stream):
        return LiveProgress(tally)
    return LineProgress(tally, stream)


def wants_display(stream: TextIO) -> bool:
    """Whether a stream is a terminal that is to be drawn on."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "")
    try:
        return stream.isatty() and stream.fileno() >= 0 and encoding == "utf8"
    except (AttributeError, OSError, ValueError):  # a stand-in, or a closed stream
        return False


def detail_of(step: StepTally) -> str:
    """Return what is to be said of a step beyond its name: duration, attempts, the error."""
    parts: list[str] = []
    if step.seconds is not None and step.state != RETRYING:
        parts.append(_time.format_duration(step.seconds))
    if step.state == RETRYING:
        parts.append(
            f"attempt {step.attempts + 1} in {step.wait:g}s"
            if step.wait
            else f"attempt {step.attempts + 1}"
        )
        parts.append(short_error(step.error))
    elif step.attempts > 1:
        parts.append(f"attempt {step.attempts}")
    if step.state == FAILED:
        parts.append(failure_text(step))
    if step.state == NOT_RUN:
        parts.append("a step before it failed")
    if step.state == KEPT:
        parts.append("what it takes has not changed")
    return "  ".join(part for part in parts if part)


class LineProgress:
    """One line per step, as it ends, is tried again or can never run.

    Args:
        tally: The run.
        stream: Where the lines go.
    """

    def __init__(self, tally: RunTally, stream: TextIO) -> None:
        self._tally = tally
        self._stream = stream
        self._width = min(40, max((len(key) for key in tally.steps), default=0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._stream.flush()

    def changed(self, step: StepTally) -> None:
        word = _WORDS.get(step.state)
        if word is None:
            return
        total = str(self._tally.total)
        done = str(self._tally.done).rjust(len(total))
        count = f"[{done}/{total}]" if step.state != RETRYING else " " * (2 * len(total) + 3)
        line = f"{count} {word:<8} {step.key:<{self._width}}  {detail_of(step)}"
        # At once, so that the lines stand in order with what goes to stderr; and not into what is kept of
        # the output of steps.
        write_past(self._stream, f"{line.rstrip()}\n")


class LiveProgress:
    """Lines for what has ended, and below them, redrawn, what runs, what waits, and how far the run is.

    While it is shown, what is written to stdout and stderr is printed above it.

    Args:
        tally: The run.
    """

    def __init__(self, tally: RunTally) -> None:
        from rich.console import Console
        from rich.spinner import Spinner

        self._tally = tally
        self._spinner = Spinner("dots", style="cyan")
        self._width = min(40, max((len(key) for key in tally.steps), default=0))
        self._capture = TerminalCapture(self._print_above, self._pause, self._resume)
        self._console = Console(
            file=self._capture.terminal,
            highlight=False,
            emoji=False,
            markup=False,
            force_terminal=True,
            width=self._size()[0],
        )
        self._foot = Foot(self._capture.terminal, self._draw, lambda: self._size()[1])

    def __enter__(self) -> Self:
        self._capture.open(n for n in ("stdout", "stderr") if wants_display(getattr(sys, n)))
        self._foot.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            self._capture.close()
            self._foot.stop()
        finally:
            self._capture.close_terminal()

    def _size(self) -> tuple[int, int]:
        return terminal_size(self._capture.terminal, _SIZE)

    def _pause(self) -> None:
        self._foot.stop()

    def _resume(self) -> None:
        self._foot.start()

    def changed(self, step: StepTally) -> None:
        sign = _SIGNS.get(step.state)
        if sign is None:
            return
        mark, colour = sign
        name = f"{step.key:<{self._width}}"
        detail = _styled(detail_of(step), _RED if step.state == FAILED else _DIM)
        line = f"{_styled(mark, colour)} {_styled(name, _DIM) if colour == _DIM else name}  {detail}"
        self._capture.drain()
        self._foot.print(line)

    def _print_above(self, text: str) -> None:
        """Print what was written to stdout or stderr, above the display."""
        self._foot.print(text)

    def _draw(self) -> list[str]:
        from rich.console import Group

        self._console.width = self._size()[0]
        with self._console.capture() as drawn:
            self._console.print(Group(*self._rows()))
        return drawn.get().rstrip("\n").split("\n")

    def _rows(self) -> Iterator[RenderableType]:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        # Drawn by another thread while the run goes on: everything is read from copies.
        for line in self._capture.unfinished():
            # A progress bar of the step itself, or dots.
            yield Text.from_ansi(plain_lines(line), no_wrap=True, overflow="ellipsis")
        tally = self._tally
        running = list(tally.running.values())
        for step in running[:_MAX_RUNNING_SHOWN]:
            detail = _time.format_duration(tally.seconds_of(step))
            if step.attempts > 1:
                detail += f"  attempt {step.attempts}"
            sign = self._spinner.render(_time.monotonic())
            name = Text(f" {step.key:<{self._width}}  {detail}", no_wrap=True, overflow="ellipsis")
            yield sign.append(name) if isinstance(sign, Text) else name
        if len(running) > _MAX_RUNNING_SHOWN:
            yield Text(f"  and {len(running) - _MAX_RUNNING_SHOWN} more are running")
        waiting = list(tally.waiting)
        if waiting:
            more = len(waiting) - _MAX_WAITING_SHOWN
            names = ", ".join(waiting[:_MAX_WAITING_SHOWN]) + (f", and {more} more" if more > 0 else "")
            yield Text(f"· waiting: {names}", style="dim", no_wrap=True, overflow="ellipsis")
        if tally.counts.get(CANCELED):
            yield Text(
                "Canceling: resources are being torn down. Ctrl-C again stops that.", style="yellow"
            )
        foot = Table.grid(padding=(0, 1))
        failed = tally.counts.get(FAILED)
        foot.add_row(
            ProgressBar(total=max(1, tally.total), completed=tally.done, width=30),
            Text(f"{tally.done}/{tally.total} steps"),
            Text(f"{failed} failed" if failed else "", style="red"),
            Text(_seconds(tally.seconds), style="dim"),
        )
        yield foot


def _styled(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if text else ""


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 60 else _time.format_duration(seconds)
