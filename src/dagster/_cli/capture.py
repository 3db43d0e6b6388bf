"""Everything that is written to the terminal while a display stands at its foot, as whole lines.

Python's stdout and stderr are replaced by :class:`LinesAbove`; their file descriptors lead into a pipe, for
child processes and libraries in C. Whoever reads from the terminal (``input()``, a debugger) gets it for
himself.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, TextIO

#: How long the pipe is read after the end, if a child process still holds it.
_PATIENCE_SECONDS = 0.5
#: How many parts of an unfinished line are shown: more than a line of a terminal holds.
_SHOWN_PARTS = 500


class TerminalCapture:
    """Takes what is written to the terminal until it is closed.

    Args:
        print_lines: Prints whole lines.
        pause: Takes the display away.
        resume: Shows it again.
    """

    def __init__(
        self,
        print_lines: Callable[[str], None],
        pause: Callable[[], None],
        resume: Callable[[], None],
    ) -> None:
        self.print_lines = print_lines
        self.pause = pause
        self.resume = resume
        self.pid = os.getpid()
        #: The terminal itself, on a descriptor of its own.
        self.terminal: TextIO = open(  # noqa: SIM115 - closed by close()
            os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace", buffering=1
        )
        self._pipe: PipeReader | None = None
        self._streams: list[tuple[str, TextIO, Any]] = []

    def open(self, names: Iterable[str]) -> None:
        """Start to take what is written to ``stdout``, ``stderr``."""
        streams = [(name, getattr(sys, name)) for name in names]
        stand_ins = [LinesAbove(stream, self) for _, stream in streams]
        for _, stream in streams:
            stream.flush()
        self._pipe = PipeReader([stream.fileno() for _, stream in streams], self.print_lines)
        for (name, stream), stand_in in zip(streams, stand_ins, strict=True):
            self._replace(name, stream, stand_in)
        if sys.stdin is not None and sys.stdin.isatty():
            self._replace("stdin", sys.stdin, UndisturbedInput(sys.stdin, self))

    def _replace(self, name: str, stream: TextIO, stand_in: Any) -> None:
        self._streams.append((name, stream, stand_in))
        setattr(sys, name, stand_in)

    def drain(self) -> None:
        """Print what child processes have written, so that it stands before what comes next."""
        if self._pipe is not None:
            self._pipe.drain()

    def unfinished(self) -> list[str]:
        """Return the lines that have no newline yet, of each stream that has one."""
        parts = [above.unfinished() for _, _, above in self._streams if isinstance(above, LinesAbove)]
        return [part for part in parts if part]

    def rest(self) -> str:
        """Return what was written after the last newline, and forget it."""
        return "".join(
            above.take_rest() for _, _, above in self._streams if isinstance(above, LinesAbove)
        )

    def close(self) -> None:
        """Put everything back."""
        for name, stream, stand_in in reversed(self._streams):
            if getattr(sys, name) is stand_in:
                setattr(sys, name, stream)
            if name != "stdin":
                stream.flush()
        if self._pipe is not None:
            self._pipe.close()
        rest = self.rest()
        if rest:
            self.print_lines(rest)

    def close_terminal(self) -> None:
        """Close the descriptor, once nothing is drawn any more."""
        self.terminal.close()


class PipeReader:
    """File descriptors that lead into a pipe, and a thread that prints what comes out of it.

    Args:
        descriptors: The descriptors.
        print_lines: Prints whole lines.
    """

    def __init__(self, descriptors: list[int], print_lines: Callable[[str], None]) -> None:
        self._print_lines = print_lines
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self._lock = threading.RLock()
        self._reader, writer = os.pipe()
        self._stop_reader, self._stop_writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._saved = [(descriptor, os.dup(descriptor)) for descriptor in descriptors]
        for descriptor in descriptors:
            os.dup2(writer, descriptor, inheritable=True)
        os.close(writer)
        self._thread = threading.Thread(target=self._follow, name="dagster-terminal", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while True:
            ready, _, _ = select.select([self._reader, self._stop_reader], [], [])
            if self._stop_reader in ready or not self.drain():
                return

    def drain(self) -> bool:
        """Print what is in the pipe; return whether more can come."""
        with self._lock:
            while True:
                try:
                    data = os.read(self._reader, 65536)
                except (BlockingIOError, OSError):
                    return True
                if not data:
                    return False
                text = self._rest + self._decoder.decode(data)
                whole, newline, self._rest = text.rpartition("\n")
                if newline:
                    self._print_lines(whole)

    def close(self) -> None:
        """Lead the descriptors back to where they led."""
        for descriptor, saved in self._saved:
            os.dup2(saved, descriptor, inheritable=True)
            os.close(saved)
        self.drain()
        os.write(self._stop_writer, b".")
        self._thread.join(_PATIENCE_SECONDS)
        if self._rest:
            self._print_lines(self._rest)
        for end in (self._reader, self._stop_reader, self._stop_writer):
            os.close(end)


class LinesAbove:
    """Stands in for stdout or stderr: whole lines are printed above the display.

    Args:
        stream: The stream that it stands in for.
        capture: What prints the lines.
    """

    #: Whoever captures output at descriptors has to ask here too: what is printed above the display goes
    #: to the terminal by another way.
    bypasses_descriptor = True

    def __init__(self, stream: TextIO, capture: TerminalCapture) -> None:
        self._stream = stream
        self._capture = capture
        #: In parts: programs write dots by the thousand.
        self._rest: list[str] = []
        self._lock = threading.RLock()
        #: Asked now: later the descriptor leads into the pipe.
        self._is_terminal = stream.isatty()

    def isatty(self) -> bool:
        """Whether it ends on a terminal, so that colours may be written."""
        return self._is_terminal

    def write(self, text: str) -> int:
        """Take text; print it up to its last newline."""
        if os.getpid() != self._capture.pid:
            # A forked child: locks may be held by threads that it does not have. Its descriptor leads
            # into the pipe, which its parent reads.
            return self._stream.write(text)
        before, newline, after = text.rpartition("\n")
        with self._lock:
            whole = [*self._rest, before] if newline else []
            if newline:
                self._rest.clear()
            if after:
                # Of a line that is written again and again, as progress bars do, the last state counts.
                start, _, last = after.rpartition("\r")
                if (start and last) or after[0] == "\r" or (self._rest and self._rest[-1][-1:] == "\r"):
                    self._rest.clear()
                self._rest.append(last or after)
        if newline:
            self._capture.print_lines("".join(whole))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Take lines."""
        self.write("".join(lines))

    def unfinished(self) -> str:
        """Return what has no newline yet: its first part, if it is long."""
        return "".join(self._rest[:_SHOWN_PARTS])

    def take_rest(self) -> str:
        """Return what has no newline yet, and forget it."""
        with self._lock:
            rest = "".join(self._rest)
            self._rest.clear()
        return rest

    def flush(self) -> None:
        """Wait with a line until it has its end. In a forked child, write what is buffered."""
        if os.getpid() != self._capture.pid:
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class UndisturbedInput:
    """Stands in for stdin: while somebody reads a line, the display is away.

    Args:
        stream: The stream that it stands in for.
        capture: What knows the display.
    """

    def __init__(self, stream: TextIO, capture: TerminalCapture) -> None:
        self._stream = stream
        self._capture = capture

    def readline(self, size: int = -1) -> str:
        """Read a line, with its prompt on the terminal."""
        if os.getpid() != self._capture.pid:
            return self._stream.readline(size)
        self._capture.pause()
        try:
            self._capture.terminal.write(self._capture.rest())
            self._capture.terminal.flush()
            return self._stream.readline(size)
        finally:
            self._capture.resume()

    def __iter__(self) -> UndisturbedInput:
        return self

    def __next__(self) -> str:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
