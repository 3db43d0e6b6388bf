"""How much of a stream its file keeps: the start of it, and a last line that says how much is missing."""

from __future__ import annotations

import os
from typing import Final

#: While a stream is written, so much more than what is kept may stand in its file. What somebody writes
#: just between the last look and the cut is lost to whoever watches, so there should be few cuts.
SLACK_BYTES = 4 * 1024 * 1024
_LONGEST_CHARACTER: Final = 4


class OutputLimit:
    """The limit of the file of a stream. Descriptors that append to it go on to do so after a cut.

    Args:
        descriptor: The file, open for reading and writing.
        max_bytes: How much of it is kept. What it has already is kept in any case.
    """

    __slots__ = ("_descriptor", "_dropped", "_max_bytes", "_start")

    def __init__(self, descriptor: int, max_bytes: int) -> None:
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._start = os.fstat(descriptor).st_size
        self._dropped = 0

    def cut(self, slack: int) -> int | None:
        """Cut off what is too much, if it is more than the slack.

        Returns:
            The size of the file after a cut; None if there was none.
        """
        size = os.fstat(self._descriptor).st_size
        if size <= max(self._max_bytes, self._start) + slack:
            return None
        kept = max(self._start, self._end_of_kept())
        os.ftruncate(self._descriptor, kept)
        self._dropped += size - kept
        return kept

    def _end_of_kept(self) -> int:
        first = max(0, self._max_bytes - _LONGEST_CHARACTER)
        os.lseek(self._descriptor, first, os.SEEK_SET)
        return end_of_kept(self._max_bytes, os.read(self._descriptor, self._max_bytes - first))

    def finish(self) -> None:
        """Cut off what is too much, and say in a last line how much was, here and before."""
        end = self.cut(0)
        if not self._dropped:
            return
        end = os.fstat(self._descriptor).st_size if end is None else end
        os.lseek(self._descriptor, max(0, end - 1), os.SEEK_SET)
        start = "" if os.read(self._descriptor, 1) in (b"\n", b"") else "\n"
        note = (
            f"{start}[dagster] {self._dropped:,} more bytes were written here and not kept: "
            f"max_bytes_per_stream is {self._max_bytes:,}.\n"
        )
        os.write(self._descriptor, note.encode())


def end_of_kept(max_bytes: int, before: bytes) -> int:
    """Return where a file is cut that has more than the limit: no character is cut in two.

    Args:
        max_bytes: The limit.
        before: The last four bytes before it, or all if there are fewer.
    """
    return max_bytes - unfinished_bytes(before)


def unfinished_bytes(data: bytes) -> int:
    """Return how many bytes at the end are the start of a UTF-8 character."""
    for back in range(1, min(_LONGEST_CHARACTER, len(data)) + 1):
        byte = data[-back]
        if byte & 0b1100_0000 == 0b1000_0000:
            continue
        length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return back if length > back else 0
    return 0
