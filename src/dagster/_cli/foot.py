"""The lines at the foot of a terminal that are drawn again and again, below those that stay."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable
from typing import TextIO

import dagster._time as _time

#: How often the foot is made anew while nothing else is written.
_REFRESH_SECONDS = 0.125
#: How old the foot may be when it is shown again below a new line. Making it takes a thousand times as long
#: as writing it, and a program may print thousands of lines a second.
_STALE_SECONDS = 0.05

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_RESET = "\x1b[0m"
#: What moves the cursor or clears the screen. Colours (``m``) and links (``]8;``) may stay.
_MOVES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-ln-~]|\](?!8;)[^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Z]|[^\[\]()\\])"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1a]"
)


class Foot:
    """Writes lines above a foot, which it keeps below them.

    A line is on the terminal when :meth:`print` returns: whatever becomes of the process, it is not lost.

    Args:
        terminal: The terminal.
        render: Makes the lines of the foot.
        rows: Gives the height of the terminal.
        clock: Seconds.
    """

    def __init__(
        self,
        terminal: TextIO,
        render: Callable[[], list[str]],
        rows: Callable[[], int],
        clock: Callable[[], float] = _time.monotonic,
    ) -> None:
        self._terminal = terminal
        self._render = render
        self._rows = rows
        self._clock = clock
        self._lock = threading.RLock()
        self._shown = False
        self._text = ""
        #: How many lines of the foot stand on the terminal.
        self._height = 0
        self._made = float("-inf")
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Show the foot and keep it fresh."""
        self._shown = True
        self.refresh()
        self._stopped.clear()
        self._thread = threading.Thread(target=self._keep_fresh, name="dagster-display", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take the foot away."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            if self._shown:
                self._shown = False
                self._write(self._erasure() + _SHOW_CURSOR)

    def print(self, text: str) -> None:
        """Write whole lines above the foot.

        Args:
            text: The lines, without the last newline.
        """
        text = plain_lines(text)
        with self._lock:
            if not self._shown:
                self._write(f"{text}\n")
                return
            erasure = self._erasure()
            if self._clock() - self._made >= _STALE_SECONDS:
                self._make()
            self._write(f"{erasure}{text}\n{self._drawing()}")

    def refresh(self) -> None:
        """Make the foot anew and show it."""
        with self._lock:
            if self._shown:
                erasure = self._erasure()
                self._make()
                self._write(erasure + self._drawing())

    def _keep_fresh(self) -> None:
        # The terminal may be gone; whoever writes the next line is told so.
        with contextlib.suppress(OSError, ValueError):
            while not self._stopped.wait(_REFRESH_SECONDS):
                self.refresh()

    def _make(self) -> None:
        self._made = self._clock()
        # What is higher than the terminal could not be erased again.
        lines = self._render()[: max(1, self._rows() - 1)]
        self._text = "\n".join(lines)

    def _drawing(self) -> str:
        self._height = self._text.count("\n") + 1 if self._text else 0
        return f"{_HIDE_CURSOR}{self._text}" if self._text else ""

    def _erasure(self) -> str:
        height, self._height = self._height, 0
        if not height:
            return ""
        return f"\r\x1b[{height - 1}A\x1b[J" if height > 1 else "\r\x1b[J"

    def _write(self, text: str) -> None:
        self._terminal.write(text)
        self._terminal.flush()


def plain_lines(text: str) -> str:
    """Return text without what would move the cursor: of a line that was overwritten, its last state.

    Args:
        text: What a program wrote, up to the end of a line.
    """
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    if not text.isprintable():
        text = _MOVES.sub("", text)
        if "\x1b[" in text:
            text += _RESET
    return text


def terminal_size(terminal: TextIO, default: tuple[int, int]) -> tuple[int, int]:
    """Return the columns and rows of a terminal; the default's, if it does not say."""
    try:
        size = os.get_terminal_size(terminal.fileno())
    except OSError:
        return default
    return (size.columns or default[0], size.lines or default[1])
