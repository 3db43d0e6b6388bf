"""Everything that this process and its children write to stdout and stderr, into files as well.

File descriptors 1 and 2 lead straight into the files, so that nothing is lost when the process is killed,
children write on undisturbed when it has ended, and no reader can block a writer. A thread follows the
files and shows what comes on the descriptors as they were.

Captures belong to the process, not to a thread: while several are open, whatever is written goes to the
one that was opened last, and from there to those below it, in whichever order they are closed.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final, Self

from dagster._process.output_limit import SLACK_BYTES, OutputLimit

#: How often what was written is shown on the terminal, in seconds.
FOLLOW_SECONDS = 0.05
_CHUNK_BYTES = 256 * 1024
_STREAMS: Final = {"stdout": 1, "stderr": 2}

#: Opens a file, given flags as ``os.open`` takes them.
Opener = Callable[[int], int]


class CapturedStream:
    """The file of one stream of a capture.

    Args:
        open_file: Opens the file; it is called twice.
        max_bytes: How much of it is kept. Default: all.
    """

    __slots__ = ("_limit", "_own", "_own_spans", "_shown", "shared")

    def __init__(self, open_file: Opener, max_bytes: int | None = None) -> None:
        flags = os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        #: What descriptor 1 or 2 is made a copy of.
        self.shared = _above_standard(open_file(flags | os.O_WRONLY))
        try:
            # Another description of the file: after a write its position is the end of that very write,
            # whatever children write at the same time.
            self._own = _above_standard(open_file(flags | os.O_RDWR))
        except BaseException:
            os.close(self.shared)
            raise
        self._shown = os.fstat(self._own).st_size
        self._limit = OutputLimit(self._own, max_bytes) if max_bytes is not None else None
        #: Where the file has what stands elsewhere already (see :class:`CapturedText`).
        self._own_spans: deque[tuple[int, int]] = deque()

    def close(self) -> None:
        """Close the file, and cut off what is too much."""
        if self._limit is not None:
            # A full disk has no place for the last line.
            with contextlib.suppress(OSError):
                self._limit.finish()
        os.close(self.shared)
        os.close(self._own)

    def append(self, data: bytes, is_shown: bool) -> None:
        """Append bytes. Those that are shown already are not shown again."""
        while data:
            written = os.write(self._own, data)
            if is_shown:
                end = os.lseek(self._own, 0, os.SEEK_CUR)
                self._own_spans.append((end - written, end))
            data = data[written:]

    def pump(self, below: Callable[[bytes, bool], None]) -> None:
        """Give what has come since the last time to what lies below."""
        size = os.fstat(self._own).st_size
        self._shown = min(self._shown, size)
        while self._shown < size:
            os.lseek(self._own, self._shown, os.SEEK_SET)
            data = os.read(self._own, min(_CHUNK_BYTES, size - self._shown))
            if not data:
                return
            self._give(data, below)
        cut = self._limit.cut(SLACK_BYTES) if self._limit is not None else None
        if cut is not None:
            # All of it was shown: what is written from now on stands behind the cut.
            self._shown = cut
            self._own_spans.clear()

    def _give(self, data: bytes, below: Callable[[bytes, bool], None]) -> None:
        start, end = self._shown, self._shown + len(data)
        self._shown = end
        position = start
        spans = self._own_spans
        while spans and spans[0][0] < end:
            first, last = spans[0]
            if first > position:
                below(data[position - start : first - start], False)
            upto = min(last, end)
            below(data[max(first, position) - start : upto - start], True)
            position = upto
            if last > end:
                break
            spans.popleft()
        if position < end:
            below(data[position - start :], False)


class _Captures:
    """The open captures of this process, and what its descriptors were before."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.stack: list[OutputCapture] = []
        #: What 1 and 2 led to; None if they were closed.
        self.base: dict[int, int | None] = {}
        self.muted: set[int] = set()
        self.stand_ins: list[tuple[str, Any, CapturedText]] = []
        self.stop: threading.Event | None = None

    def push(self, capture: OutputCapture) -> None:
        flush_streams()
        if not self.stack:
            self.muted.clear()
            for number in _STREAMS.values():
                try:
                    self.base[number] = _above_standard(os.dup(number))
                except OSError:
                    self.base[number] = None
        self.stack.append(capture)
        self._lead_to_top()
        for name, number in _STREAMS.items():
            self._stand_in(name, number)
        if self.stop is None:
            self.stop = threading.Event()
            threading.Thread(
                target=self._follow, args=(self.stop,), name="dagster-output", daemon=True
            ).start()

    def remove(self, capture: OutputCapture) -> None:
        try:
            flush_streams()
            if self.stack[-1] is capture:
                self._lead_below_top()
            self.show(down_to=capture)
        finally:
            # Also when a signal's exception came in between: nothing may lead to what is closed next.
            self.stack.remove(capture)
            self._lead_to_top()
            if not self.stack:
                self._forget_base()

    def _lead_to_top(self) -> None:
        _lead(self.stack[-1] if self.stack else None, self.base)

    def _lead_below_top(self) -> None:
        _lead(self.stack[-2] if len(self.stack) > 1 else None, self.base)

    def _forget_base(self) -> None:
        if self.stop is not None:
            self.stop.set()
            self.stop = None
        for base in self.base.values():
            if base is not None:
                os.close(base)
        self.base.clear()
        for name, stream, stand_in in reversed(self.stand_ins):
            if getattr(sys, name) is stand_in:
                setattr(sys, name, stream)
        self.stand_ins.clear()

    def _stand_in(self, name: str, number: int) -> None:
        """Take what Python writes to a stream that does not lead to its descriptor."""
        stream = getattr(sys, name)
        if stream is None or isinstance(stream, CapturedText) or _leads_to(stream, number):
            return
        stand_in = CapturedText(stream, number)
        self.stand_ins.append((name, stream, stand_in))
        setattr(sys, name, stand_in)

    def note(self, number: int, data: bytes) -> None:
        """Keep what Python has written elsewhere."""
        with self.lock:
            if self.stack:
                try:
                    self.stack[-1].streams[number].append(data, True)
                except OSError:
                    # It stands where it was written; a full disk must not fail a print.
                    return

    def _follow(self, stop: threading.Event) -> None:
        while not stop.wait(FOLLOW_SECONDS):
            self.show()

    def show(self, down_to: OutputCapture | None = None) -> None:
        """Show what was captured since the last time, from the top of the stack down to a capture."""
        with self.lock:
            for index in range(len(self.stack) - 1, -1, -1):
                self._pump(self.stack[index], self.stack[index - 1] if index else None)
                if self.stack[index] is down_to:
                    return

    def _pump(self, capture: OutputCapture, below: OutputCapture | None) -> None:
        for number, stream in capture.streams.items():

            def give(data: bytes, is_shown: bool, number: int = number) -> None:
                if below is not None:
                    below.streams[number].append(data, is_shown)
                elif not is_shown:
                    self.write_base(number, data)

            try:
                stream.pump(give)
            except OSError:
                # A full disk, or a file that went away: the other stream is shown all the same.
                continue

    def write_base(self, number: int, data: bytes) -> None:
        base = self.base.get(number)
        if base is None or number in self.muted:
            return
        while data:
            try:
                data = data[os.write(base, data) :]
            except BlockingIOError:
                select.select([], [base], [], 1.0)
            except OSError:
                # Whoever read has gone. The step that writes has nothing to do with that.
                self.muted.add(number)
                return


def _lead(capture: OutputCapture | None, base: dict[int, int | None]) -> None:
    """Make 1 and 2 lead to the files of a capture, or to where they led before all of them."""
    for number in _STREAMS.values():
        target = capture.streams[number].shared if capture is not None else base[number]
        if target is not None:
            os.dup2(target, number)
        elif _is_open(number):
            os.close(number)


_captures = _Captures()


def _forget_in_child() -> None:
    """In a forked child: its descriptors lead into the files of its parent, who shows them."""
    global _captures  # noqa: PLW0603 - the parent's locks may be held by threads that the child lacks
    _captures = _Captures()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


class OutputCapture:
    """Takes what is written to stdout and stderr until it is closed, from wherever in this process.

    Args:
        open_stdout: Opens the file for stdout.
        open_stderr: Opens the file for stderr.
        max_bytes: How much of each is kept. Default: all.
    """

    __slots__ = ("_pid", "streams")

    def __init__(self, open_stdout: Opener, open_stderr: Opener, max_bytes: int | None = None) -> None:
        self._pid = os.getpid()
        stdout = CapturedStream(open_stdout, max_bytes)
        try:
            stderr = CapturedStream(open_stderr, max_bytes)
        except BaseException:
            stdout.close()
            raise
        self.streams = {1: stdout, 2: stderr}

    def open(self) -> None:
        """Start."""
        with _captures.lock:
            try:
                _captures.push(self)
            except BaseException:
                if not self.close():
                    self._close_files()
                raise

    def close(self) -> bool:
        """End: what was written is in the files, and descriptors lead where they led before.

        Returns:
            Whether it was open and is this process's own: a forked child has nothing to end.
        """
        if self._pid != os.getpid():
            return False
        with _captures.lock:
            if self not in _captures.stack:
                return False
            try:
                _captures.remove(self)
            finally:
                self._close_files()
        return True

    def _close_files(self) -> None:
        for stream in self.streams.values():
            stream.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


def show_captured() -> None:
    """Show what was captured so far, without waiting for the thread that does."""
    flush_streams()
    _captures.show()


def write_past(stream: Any, text: str) -> None:
    """Write text where a stream led before all captures, behind what was captured so far.

    It is for the program around the code whose output is captured, which has to say something meanwhile.

    Args:
        stream: ``sys.stdout`` or ``sys.stderr``, or any other stream, which is written to as it is.
        text: The text.
    """
    number = next((number for number in _STREAMS.values() if _leads_to(stream, number)), None)
    with _captures.lock:
        if number is not None and _captures.base.get(number) is not None:
            flush_streams()
            _captures.show()
            data = text.encode(stream.encoding or "utf-8", stream.errors or "strict")
            _captures.write_base(number, data)
            return
    stream.write(text)
    stream.flush()


class CapturedText:
    """Stands in for a stream that does not lead to descriptor 1 or 2 (a notebook's, a test runner's).

    What is written to it is written to the stream, and kept.

    Args:
        stream: The stream.
        number: 1 for stdout, 2 for stderr.
    """

    def __init__(self, stream: Any, number: int) -> None:
        self._stream = stream
        self._number = number

    def write(self, text: str) -> int:
        """Write text to the stream, and keep it."""
        written = self._stream.write(text)
        _captures.note(self._number, text.encode("utf-8", "backslashreplace"))
        return written

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> Any:
        """The stream of bytes below, if there is one."""
        return _CapturedBytes(self._stream.buffer, self._number)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _CapturedBytes:
    def __init__(self, stream: Any, number: int) -> None:
        self._stream = stream
        self._number = number

    def write(self, data: Any) -> int:
        written = self._stream.write(data)
        _captures.note(self._number, bytes(data))
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def flush_streams() -> None:
    """Have Python write what it has buffered for stdout and stderr."""
    for name in _STREAMS:
        stream = getattr(sys, name)
        if stream is not None:
            try:
                stream.flush()
            except (OSError, ValueError):
                # A full disk or a closed stream: what is buffered stays buffered.
                continue


def _leads_to(stream: Any, number: int) -> bool:
    """Return whether what Python writes to a stream comes out at a descriptor."""
    if getattr(stream, "bypasses_descriptor", False):
        # It has the descriptor of the stream that it stands in for, and writes elsewhere.
        return False
    try:
        return stream.fileno() == number
    except (OSError, ValueError, AttributeError):
        return False


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _above_standard(descriptor: int) -> int:
    """Return a descriptor above 2: those below are where a closed stdin or stdout would be."""
    low: list[int] = []
    while descriptor <= 2:
        low.append(descriptor)
        descriptor = os.dup(descriptor)
    for lower in low:
        os.close(lower)
    return descriptor
