"""How a run is told while it goes on: lines, or a display at the foot of a terminal."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

import dagster._time as _time
from dagster._cli.capture import TerminalCapture
from dagster._cli.run_tally import (
    CANCELED,
    FAILED,
    NOT_RUN,
    RETRYING,
    SKIPPED,
    SUCCEEDED,
    RunTally,
    StepTally,
    failure_text,
    short_error,
)

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live
    from rich.text import Text

_REFRESH_PER_SECOND = 8
#: Finished steps are printed in batches, so that thousands of fast steps cost little.
_BATCH_SECONDS = 0.05
#: Of a terminal that does not say how wide it is.
_COLUMNS = 80
_MAX_RUNNING_SHOWN = 8
_MAX_WAITING_SHOWN = 4

_WORDS = {
    SUCCEEDED: "ok",
    FAILED: "FAILED",
    SKIPPED: "skipped",
    RETRYING: "retry",
    NOT_RUN: "not run",
    CANCELED: "canceled",
}
_SIGNS = {
    SUCCEEDED: ("✓", "green"),
    FAILED: ("✗", "bold red"),
    SKIPPED: ("○", "dim"),
    RETRYING: ("↻", "yellow"),
    NOT_RUN: ("·", "dim"),
    CANCELED: ("■", "yellow"),
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
        self._stream.write(f"{line.rstrip()}\n")
        # At once, so that the lines stand in order with what goes to stderr.
        self._stream.flush()


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
        self._lock = threading.RLock()
        self._pending: list[Text] = []
        self._last_print = 0.0
        self._width = min(40, max((len(key) for key in tally.steps), default=0))
        self._capture = TerminalCapture(self._print_above, self._pause, self._resume)
        self._console = Console(
            file=self._capture.terminal,
            highlight=False,
            emoji=False,
            markup=False,
            force_terminal=True,
            width=self._columns(),
        )
        self._live = self._new_live()

    def _new_live(self) -> Live:
        """Return a display. One that was stopped would erase lines above it when it is started again."""
        from rich.live import Live

        return Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=_REFRESH_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._capture.open(n for n in ("stdout", "stderr") if wants_display(getattr(sys, n)))
        self._live.start(refresh=True)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._capture.close()
        self._print_pending()
        self._live.stop()
        self._capture.close_terminal()

    def _columns(self) -> int:
        try:
            columns = os.get_terminal_size(self._capture.terminal.fileno()).columns
        except OSError:
            columns = 0
        return columns or _COLUMNS

    def _pause(self) -> None:
        self._print_pending()
        self._live.stop()

    def _resume(self) -> None:
        self._live = self._new_live()
        self._live.start(refresh=True)

    def changed(self, step: StepTally) -> None:
        sign = _SIGNS.get(step.state)
        if sign is None:
            return
        from rich.text import Text

        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(sign[0], style=sign[1])
        line.append(f" {step.key:<{self._width}}  ", style="dim" if sign[1] == "dim" else "")
        line.append(detail_of(step), style="red" if step.state == FAILED else "dim")
        self._capture.drain()
        with self._lock:
            self._pending.append(line)
        if _time.monotonic() - self._last_print >= _BATCH_SECONDS:
            self._print_pending()

    def _print_above(self, text: str) -> None:
        """Print what was written to stdout or stderr, above the display."""
        from rich.text import Text

        self._print_pending()
        self._console.print(Text.from_ansi(text), soft_wrap=True)

    def _print_pending(self) -> None:
        with self._lock:
            lines, self._pending = self._pending, []
        self._last_print = _time.monotonic()
        if not lines:
            return
        from rich.text import Text

        self._console.print(Text("\n").join(lines), soft_wrap=True)

    def _draw(self) -> RenderableType:
        from rich.console import Group

        self._console.width = self._columns()
        # Drawn by another thread while the run goes on: everything is read from copies.
        return Group(*list(self._pending), *self._rows())

    def _rows(self) -> Iterator[RenderableType]:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

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


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}s" if seconds < 60 else _time.format_duration(seconds)
