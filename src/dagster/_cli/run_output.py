"""What the steps of a run wrote to stdout and stderr, as the command line shows it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dagster._core.storage.compute_log_manager import ComputeIOType

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.storage.compute_log_manager import ComputeLogManager

_CHUNK_BYTES = 256 * 1024
#: A line that is longer is shown in parts.
_MAX_LINE_BYTES = 1024 * 1024
#: How many steps are named that share their output.
_MOST_NAMED = 5


class Piece(NamedTuple):
    """Whole lines of a stream, or what came after the last of them."""

    log: CapturedLog
    io_type: ComputeIOType
    data: bytes


class CapturedLog:
    """A log of a run, and how far it was read.

    Args:
        log_key: The key of the log.
        step_keys: The steps whose process wrote it.
    """

    def __init__(self, log_key: Sequence[str], step_keys: Sequence[str]) -> None:
        self.log_key = log_key
        self.step_keys = step_keys
        #: Whether anything of it was ever found.
        self.is_kept = False
        self._offsets = dict.fromkeys(ComputeIOType, 0)
        self._rests = dict.fromkeys(ComputeIOType, b"")

    def read(
        self, manager: ComputeLogManager, io_type: ComputeIOType, *, is_last: bool
    ) -> Iterator[Piece]:
        """Yield what has come since the last time.

        Args:
            manager: What keeps the log.
            io_type: Which stream.
            is_last: Whether nothing more is waited for: then a line without an end is one too.
        """
        while True:
            data, self._offsets[io_type] = manager.get_log_data_for_type(
                self.log_key, io_type, self._offsets[io_type], _CHUNK_BYTES
            )
            self.is_kept = self.is_kept or data is not None
            if not data:
                break
            text = self._rests[io_type] + data
            # Progress bars go back to the start of their line.
            end = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1 or (
                len(text) if len(text) > _MAX_LINE_BYTES else 0
            )
            self._rests[io_type] = text[end:]
            if end:
                yield Piece(self, io_type, text[:end])
        rest = self._rests[io_type]
        if is_last and rest:
            self._rests[io_type] = b""
            yield Piece(self, io_type, rest)


class RunOutput:
    """The logs of a run, as far as they are known.

    Args:
        manager: What keeps the logs.
        io_types: Which streams are wanted.
        step_keys: Of which steps. Default: of all.
    """

    def __init__(
        self,
        manager: ComputeLogManager,
        io_types: Sequence[ComputeIOType],
        step_keys: Collection[str] = (),
    ) -> None:
        self._manager = manager
        self._io_types = io_types
        self._step_keys = {_of_plan(key) for key in step_keys}
        self._logs: list[CapturedLog] = []

    def note(self, run_id: str, event: DagsterEvent) -> CapturedLog | None:
        """Take notice of a LOGS_CAPTURED event; return its log if it is wanted and new."""
        data: Any = event.event_specific_data
        if self._step_keys and not self._step_keys.intersection(data.step_keys):
            return None
        log_key = data.log_key or self._manager.build_log_key_for_run(run_id, data.file_key)
        log = CapturedLog(list(log_key), list(data.step_keys))
        self._logs.append(log)
        return log

    def read(self, *, is_last: bool) -> Iterator[Piece]:
        """Yield what has come since the last time, one log after the other."""
        for log in self._logs:
            for io_type in self._io_types:
                yield from log.read(self._manager, io_type, is_last=is_last)

    def nothing(self, step_keys: Sequence[str]) -> str:
        """Return why there was nothing to show, or an empty text."""
        if any(log.is_kept for log in self._logs):
            return ""
        if not self._manager.captures:
            return "The instance keeps no output: compute_logs of dagster.yaml is NoOpComputeLogManager."
        if self._logs:
            return "The output is not kept any more, or elsewhere than compute_logs of dagster.yaml says now."
        if step_keys:
            return f"No output is kept of {_named(step_keys)}."
        return "No output of this run is kept."


def _of_plan(step_key: str) -> str:
    """Return the key that a step has in the plan: of a dynamic one, ``work[?]`` for ``work[a]``."""
    return re.sub(r"\[.*\]$", "[?]", step_key)


def shared_note(log: CapturedLog, wanted: Sequence[str]) -> str:
    """Return that a log has more than what was asked for, or an empty text."""
    others = [key for key in log.step_keys if key not in {_of_plan(step_key) for step_key in wanted}]
    if not wanted or not others:
        return ""
    return (
        f"The output of {_named(wanted)} is kept together with that of other steps of the same process: "
        f"{_named(others)}."
    )


def _named(step_keys: Sequence[str]) -> str:
    more = len(step_keys) - _MOST_NAMED
    shown = ", ".join(step_keys[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def piece_lines(piece: Piece) -> Iterator[str]:
    """Yield the lines of a piece as texts."""
    yield from piece.data.decode("utf-8", "replace").removesuffix("\n").split("\n")


def line_dict(piece: Piece, text: str) -> dict[str, Any]:
    """Return a line as JSON for programs."""
    return {
        "stream": piece.io_type.value,
        "text": text,
        "log_key": list(piece.log.log_key),
        "step_keys": list(piece.log.step_keys),
    }
