"""ComputeLogManager: the contract of what keeps stdout and stderr of runs."""

from __future__ import annotations

import base64
import enum
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import IO, Final, NamedTuple

import dagster._check as check
from dagster._core.errors import DagsterInvariantViolationError
from dagster._process.output_limit import unfinished_bytes
from dagster._text import shown
from dagster._wire.record import Record

#: How many lines and bytes are read at once, where lines of several logs are read.
MAX_LINES: Final = 1000
_CHUNK_BYTES: Final = 1024 * 1024


class ComputeIOType(enum.Enum):
    """Which of the two streams."""

    STDOUT = "stdout"
    STDERR = "stderr"


class CapturedLogContext(Record, frozen=True):
    """Where a capture that has begun is kept, for people.

    Args:
        log_key: The key of the log.
        external_url: Where both streams can be seen, outside of the web interface.
        external_stdout_url: Where stdout can be seen.
        external_stderr_url: Where stderr can be seen.
    """

    log_key: Sequence[str]
    external_url: str | None = None
    external_stdout_url: str | None = None
    external_stderr_url: str | None = None


class CapturedLogData(NamedTuple):
    """A piece of a log. Bytes as they were written: it is not a record, which holds texts.

    Args:
        log_key: The key of the log.
        stdout: Bytes; None if nothing was ever kept.
        stderr: Bytes; None if nothing was ever kept.
        cursor: Where the next piece starts.
    """

    log_key: Sequence[str]
    stdout: bytes | None = None
    stderr: bytes | None = None
    cursor: str | None = None


class CapturedLogMetadata(Record, frozen=True):
    """Where a log is.

    Args:
        stdout_location: Where stdout is, for people.
        stderr_location: Where stderr is, for people.
        stdout_download_url: What gives stdout as a file.
        stderr_download_url: What gives stderr as a file.
    """

    stdout_location: str | None = None
    stderr_location: str | None = None
    stdout_download_url: str | None = None
    stderr_download_url: str | None = None


class LogLineCursor(Record, frozen=True):
    """A place between two lines of several logs. ``str()`` and :meth:`parse` give it to others and back.

    Args:
        log_key: The log.
        line: How many of its lines were read.
        has_more_now: Whether there are further lines already.
        offset: How many of its bytes were read.
    """

    log_key: Sequence[str]
    line: int
    has_more_now: bool
    offset: int = 0

    def __str__(self) -> str:
        fields = [list(self.log_key), self.line, self.has_more_now, self.offset]
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()

    @staticmethod
    def parse(cursor: str) -> LogLineCursor:
        """Return the cursor that ``str()`` wrote.

        Raises:
            DagsterInvariantViolationError: If it is none.
        """
        try:
            key, line, more, offset = json.loads(base64.urlsafe_b64decode(cursor.encode()))
            return LogLineCursor([str(part) for part in key], int(line), bool(more), int(offset))
        except (ValueError, TypeError) as exc:
            raise DagsterInvariantViolationError(
                f"expected a cursor that was given with log lines, got: {shown(cursor)}"
            ) from exc


class CapturedLogSubscription:
    """Somebody who follows a log.

    Args:
        manager: What keeps the log.
        log_key: The key of the log.
        cursor: Where to start. Default: at the beginning.
    """

    def __init__(
        self, manager: ComputeLogManager, log_key: Sequence[str], cursor: str | None = None
    ) -> None:
        self._manager = manager
        self._log_key = log_key
        self._cursor = cursor
        self._observer: Callable[[CapturedLogData], None] | None = None
        self.is_complete = False

    @property
    def log_key(self) -> Sequence[str]:
        """The key of the log."""
        return self._log_key

    @property
    def cursor(self) -> str | None:
        """Where the next piece starts."""
        return self._cursor

    def __call__(self, observer: Callable[[CapturedLogData], None]) -> CapturedLogSubscription:
        """Have pieces given to a function; what is there already is given at once."""
        self._observer = observer
        self.fetch()
        return self

    def fetch(self) -> None:
        """Give what has come since the last time, in pieces of at most a megabyte a stream."""
        observer = self._observer
        while observer is not None:
            piece = self._manager.get_log_data(self._log_key, self._cursor, _CHUNK_BYTES)
            if not piece.stdout and not piece.stderr:
                return
            self._cursor = piece.cursor
            observer(piece)

    def complete(self) -> None:
        """Note that nothing more will come."""
        self.is_complete = True

    def dispose(self) -> None:
        """Stop."""
        self._observer = None
        self._manager.unsubscribe(self)


class ComputeLogManager(ABC):
    """Abstract base class for capturing the unstructured logs (stdout/stderr) in the current process,
    stored / retrieved with a provided log_key.

    From the "Internals" document. An implementer guarantees:

    - any sequence of texts is a log key of its own, and none leads out of where logs are kept;
    - what was written before the end of a capture can be read after it, and before it in pieces: offsets
      count bytes from the start of a stream, and a piece that was read does not change;
    - :meth:`is_capture_complete` is true only when all of it can be read;
    - at the end of a capture, also by an exception, stdout and stderr lead where they led before.
    """

    #: Whether anything is captured. Where nothing is, runs do not try.
    captures: bool = True
    #: How long whoever follows a log should wait between two looks, in seconds.
    look_seconds: float = 0.25

    @abstractmethod
    def capture_logs(self, log_key: Sequence[str]) -> AbstractContextManager[CapturedLogContext]:
        """Capture stdout and stderr of this process and its children while the context is open.

        It works on the process, not on the thread: what other threads write is captured too. What is
        written is shown where it would have been without the capture. Captures may be nested: what the
        inner one gets goes to the outer one as well.

        Args:
            log_key: The key of the log. A log that is there already is continued.
        """

    @abstractmethod
    def open_log_stream(
        self, log_key: Sequence[str], io_type: ComputeIOType
    ) -> AbstractContextManager[IO[bytes] | None]:
        """Give a file whose content becomes a part of a log, without capturing anything.

        Args:
            log_key: The key of the log. A log that is there already is continued.
            io_type: Which of its streams.
        """

    @abstractmethod
    def is_capture_complete(self, log_key: Sequence[str]) -> bool:
        """Return whether a capture has ended, and all of it can be read."""

    @abstractmethod
    def get_log_data_for_type(
        self, log_key: Sequence[str], io_type: ComputeIOType, offset: int, max_bytes: int | None
    ) -> tuple[bytes | None, int]:
        """Return a piece of one stream.

        Args:
            log_key: The key of the log.
            io_type: Which of its streams.
            offset: Where to start, in bytes.
            max_bytes: How much to read at most; None reads to the end.

        Returns:
            The bytes (None if nothing was ever kept, empty at the end), and where the next piece starts.
        """

    @abstractmethod
    def get_log_metadata(self, log_key: Sequence[str]) -> CapturedLogMetadata:
        """Return where a log is, and what downloads it."""

    @abstractmethod
    def delete_logs(
        self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None
    ) -> None:
        """Delete a log, or all whose keys start with a prefix.

        Args:
            log_key: The key of one log.
            prefix: The first parts of keys: at least one.
        """

    def delete_logs_of_runs(self, run_ids: Sequence[str]) -> None:
        """Delete what the steps of runs wrote: the keys of :meth:`build_log_key_for_run`.

        What cannot be deleted of one run does not keep that of the others.

        Args:
            run_ids: The runs. Those that wrote nothing make no difference.

        Raises:
            Exception: The first error, once everything was tried, with a note on how many there were.
        """
        errors: list[Exception] = []
        for run_id in run_ids:
            try:
                self.delete_logs(prefix=self.prefix_of_run(run_id))
            except Exception as exc:  # noqa: BLE001 - whatever a storage raises, the others are tried
                errors.append(exc)
        if errors:
            errors[0].add_note(f"The logs of {len(errors)} of {len(run_ids)} runs were not deleted.")
            raise errors[0]

    def rescue_logs(self, prefix: Sequence[str] = ()) -> int:
        """Bring logs to where they are kept that processes on this machine did not, because they were killed.

        Where logs are written straight to where they are kept, as on a local disk, there are none.

        Args:
            prefix: The first parts of keys. Default: all logs.

        Returns:
            How many there were. What cannot be brought stays, and is told by a warning.
        """
        return 0

    def prefix_of_run(self, run_id: str) -> Sequence[str]:
        """Return what the keys of the logs of a run start with: of no other run's, and nothing else's."""
        return self.build_log_key_for_run(run_id, "")[:-1]

    @abstractmethod
    def subscribe(self, log_key: Sequence[str], cursor: str | None = None) -> CapturedLogSubscription:
        """Return a subscription: call it with a function, which is then given every piece of the log.

        Args:
            log_key: The key of the log.
            cursor: Where to start. Default: at the beginning.
        """

    def unsubscribe(self, subscription: CapturedLogSubscription) -> None:  # noqa: B027 - nothing to stop
        """Stop a subscription."""

    def dispose(self) -> None:  # noqa: B027 - nothing to free
        """Free what it holds: threads, connections."""

    def parse_cursor(self, cursor: str | None = None) -> tuple[int, int]:
        """Return the offsets in stdout and stderr that a cursor stands for.

        Raises:
            DagsterInvariantViolationError: If it is no cursor.
        """
        if not cursor:
            return 0, 0
        stdout, colon, stderr = cursor.partition(":")
        if not (colon and stdout.isdecimal() and stderr.isdecimal()):
            raise DagsterInvariantViolationError(
                'expected the cursor of a log to be two offsets as in "12:0" (stdout:stderr), got: '
                f"{shown(cursor)}"
            )
        return int(stdout), int(stderr)

    def build_cursor(self, stdout_offset: int, stderr_offset: int) -> str:
        """Return the cursor of two offsets."""
        return f"{stdout_offset}:{stderr_offset}"

    def get_log_data(
        self, log_key: Sequence[str], cursor: str | None = None, max_bytes: int | None = None
    ) -> CapturedLogData:
        """Return a piece of both streams.

        Args:
            log_key: The key of the log.
            cursor: Where to start. Default: at the beginning.
            max_bytes: How much of each stream to read at most. Default: to its end. A character of
                several bytes is not cut in two, so that each piece can be decoded by itself.
        """
        offsets = self.parse_cursor(cursor)
        pieces = [
            self._read(log_key, io_type, offset, max_bytes)
            for io_type, offset in zip(ComputeIOType, offsets, strict=True)
        ]
        (stdout, stdout_offset), (stderr, stderr_offset) = pieces
        return CapturedLogData(log_key, stdout, stderr, self.build_cursor(stdout_offset, stderr_offset))

    def _read(
        self, log_key: Sequence[str], io_type: ComputeIOType, offset: int, max_bytes: int | None
    ) -> tuple[bytes | None, int]:
        data, end = self.get_log_data_for_type(log_key, io_type, offset, max_bytes)
        if data is None or max_bytes is None or len(data) < max_bytes:
            return data, end
        whole = whole_characters(data)
        return whole, end - (len(data) - len(whole))

    def build_log_key_for_run(self, run_id: str, step_key: str) -> Sequence[str]:
        """Return the key of a log of a run.

        Args:
            run_id: The run.
            step_key: The step, or a name that the steps of one process share.
        """
        return [run_id, "compute_logs", step_key]

    def get_log_keys_for_log_key_prefix(
        self, log_key_prefix: Sequence[str], io_type: ComputeIOType
    ) -> Sequence[list[str]]:
        """Return the keys that have kept something of a stream, by their first parts, in order.

        Args:
            log_key_prefix: The first parts. All keys have the parts of ``[]``.
            io_type: Which stream.

        Raises:
            DagsterInvariantViolationError: If logs cannot be listed here.
        """
        raise DagsterInvariantViolationError(f"{type(self).__name__} cannot list its logs.")

    def read_log_lines_for_log_key_prefix(
        self, log_key_prefix: Sequence[str], cursor: str | None, io_type: ComputeIOType
    ) -> tuple[Sequence[str], LogLineCursor | None]:
        """Return lines of all logs whose keys start with a prefix, one log after the other.

        Args:
            log_key_prefix: The first parts of the keys.
            cursor: ``str()`` of the cursor that came with the lines before. Default: from the beginning.
            io_type: Which stream.

        Returns:
            At most 1,000 lines, and where the next ones start; None if there is no log.
        """
        keys = self.get_log_keys_for_log_key_prefix(log_key_prefix, io_type)
        place = LogLineCursor.parse(cursor) if cursor else None
        if place is not None:
            order = key_order(place.log_key)
            keys = [key for key in keys if key_order(key) >= order]
        lines: list[str] = []
        for index, key in enumerate(keys):
            is_last = index == len(keys) - 1
            if place is None or list(place.log_key) != key:
                place = LogLineCursor(key, 0, False)
            place = self._read_lines(place, io_type, is_last, lines)
            if len(lines) >= MAX_LINES:
                return lines, place._replace(has_more_now=place.has_more_now or not is_last)
        return lines, place

    def _read_lines(
        self, place: LogLineCursor, io_type: ComputeIOType, is_last: bool, lines: list[str]
    ) -> LogLineCursor:
        """Add lines of one log to those read so far, and return where it goes on."""
        # Asked first, so that what is written meanwhile is not taken for the rest.
        is_over = not is_last or self.is_capture_complete(place.log_key)
        line, offset, rest = place.line, place.offset, b""
        while True:
            data, _ = self.get_log_data_for_type(
                place.log_key, io_type, offset + len(rest), _CHUNK_BYTES
            )
            if not data:
                break
            *whole, rest = (rest + data).split(b"\n")
            for text in whole:
                lines.append(text.decode("utf-8", "replace"))
                line, offset = line + 1, offset + len(text) + 1
                if len(lines) == MAX_LINES:
                    has_more = bool(rest) or text is not whole[-1] or len(data) == _CHUNK_BYTES
                    return LogLineCursor(place.log_key, line, has_more, offset)
        if rest and is_over:
            # A last line without an end; of a log that still grows it is left until it has one.
            lines.append(rest.decode("utf-8", "replace"))
            line, offset = line + 1, offset + len(rest)
        return LogLineCursor(place.log_key, line, False, offset)


def whole_characters(data: bytes) -> bytes:
    """Return bytes without the start of a UTF-8 character at their end, unless nothing else is there."""
    back = unfinished_bytes(data)
    return data[:-back] if 0 < back < len(data) else data


def key_order(log_key: Sequence[str]) -> list[tuple[int, int, str]]:
    """Return what log keys are sorted by: numbers by value, since ticks and backfills use them."""
    # Digits of other scripts, and numbers of more digits than Python reads, are texts.
    return [
        (0, int(part), part) if part.isdecimal() and part.isascii() and len(part) < 100 else (1, 0, part)
        for part in log_key
    ]


def check_log_key(log_key: Sequence[str]) -> Sequence[str]:
    """Return a log key, or refuse what is none.

    Raises:
        ParameterCheckError: If it is not a sequence of at least one text.
    """
    check.sequence_param(log_key, "log_key", of_type=str)
    if not log_key:
        raise check.ParameterCheckError("expected log_key to have at least one part, got: []")
    return log_key


def check_max_bytes(max_bytes_per_stream: int | None) -> int | None:
    """Return a limit of what is kept of a stream, or refuse what is none.

    Raises:
        ParameterCheckError: If it is not a whole number, or None.
        DagsterInvariantViolationError: If it is not above zero.
    """
    check.opt_int_param(max_bytes_per_stream, "max_bytes_per_stream")
    if max_bytes_per_stream is not None and max_bytes_per_stream < 1:
        raise DagsterInvariantViolationError(
            f"expected max_bytes_per_stream to be a number of bytes above zero, got: {max_bytes_per_stream}. "
            "To keep nothing at all, use NoOpComputeLogManager."
        )
    return max_bytes_per_stream


def check_what_to_delete(log_key: Sequence[str] | None, prefix: Sequence[str] | None) -> None:
    """Refuse to delete nothing in particular.

    Raises:
        ParameterCheckError: If there is not exactly one of both, with at least one part.
    """
    if (log_key is None) == (prefix is None):
        raise check.ParameterCheckError(
            f"expected either a log_key or a prefix of what to delete, got: {log_key!r} and {prefix!r}"
        )
    if log_key is not None:
        check_log_key(log_key)
    elif not check.sequence_param(prefix, "prefix", of_type=str):
        raise check.ParameterCheckError(
            "expected prefix to have at least one part, got: []. It would delete every log."
        )
