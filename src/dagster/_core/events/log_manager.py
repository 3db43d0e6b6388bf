"""``context.log``: a Python logger whose messages go to the event log and to the loggers of the run."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

import dagster._check as check
import dagster._time as _time
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.log_level import NO_LEVEL, coerce_log_level
from dagster._core.events.log_record import (
    RESERVED,
    DagsterLogRecord,
    log_metadata,
)
from dagster._core.events.python_log_capture import (
    begin_capture,
    end_capture,
    passing_on,
)
from dagster._core.records.error_info import (
    SerializableErrorInfo,
    serializable_error_info_from_exc_info,
)

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent

Sink = Callable[[EventLogEntry], None]


class DagsterLogHandler:
    """Where the messages of one run go: the event log (``sink``), loggers and handlers.

    Shared by all log managers of the run, which differ by their tags only.

    Args:
        loggers: The run's loggers. They are used as they are.
        run_id: The run.
        job_name: The job.
        sink: Gets an entry for each message, below the loggers' levels too.
        run_tags: The run's tags.
    """

    __slots__ = (
        "_broken",
        "console_level",
        "handlers",
        "job_name",
        "loggers",
        "run_id",
        "run_tags",
        "sink",
    )

    def __init__(
        self,
        loggers: Sequence[logging.Logger] = (),
        *,
        run_id: str | None = None,
        job_name: str | None = None,
        sink: Sink | None = None,
        run_tags: Mapping[str, str] | None = None,
    ) -> None:
        self.loggers = tuple(check.sequence_param(loggers, "loggers", logging.Logger))
        self.run_id = run_id
        self.job_name = job_name
        self.sink = sink
        self.run_tags = run_tags or {}
        self.handlers: list[logging.Handler] = []
        self.console_level = min(
            (logger.getEffectiveLevel() for logger in self.loggers), default=NO_LEVEL
        )
        self._broken: set[str] = set()

    def add_handler(self, handler: logging.Handler) -> None:
        """Send messages to a handler too."""
        if handler not in self.handlers:
            self.handlers.append(handler)
        self.console_level = min(self.console_level, handler.level)

    def remove_handler(self, handler: logging.Handler) -> None:
        """Send no more messages to a handler."""
        if handler in self.handlers:
            self.handlers.remove(handler)

    def dispatch(
        self,
        level: int,
        build: Callable[[str], DagsterLogRecord],
        skipped: Sequence[logging.Logger] = (),
    ) -> None:
        """Give a record to each logger and handler whose level lets it through.

        A logger or handler of the user that raises does not fail the run: the first time, its stack is
        written to stderr and to the event log.

        Args:
            level: The level of the message.
            build: Makes the record, with the name of the logger that it is for.
            skipped: Loggers that have seen the message already.
        """
        with passing_on():
            for logger in self.loggers:
                if not logger.isEnabledFor(level) or any(logger is other for other in skipped):
                    continue
                try:
                    logger.handle(build(logger.name))
                except Exception:  # noqa: BLE001 - a broken logger must not fail the run
                    self._report_broken(f'the logger "{logger.name}"', logger.name)
            for handler in self.handlers:
                if level < handler.level:
                    continue
                try:
                    handler.handle(build("dagster"))
                except Exception:  # noqa: BLE001 - as above
                    self._report_broken(f"the log handler {handler!r}", repr(handler))

    def _report_broken(self, what: str, key: str) -> None:
        if key in self._broken:
            return
        self._broken.add(key)
        message = (
            f"{what} raised while it handled a message of the run; the run goes on, and further errors "
            "of it are not reported."
        )
        if sys.stderr is not None:
            sys.stderr.write(f"dagster: {message}\n{traceback.format_exc()}")
        if self.sink is not None:
            error = serializable_error_info_from_exc_info(sys.exc_info())
            self.sink(
                EventLogEntry(
                    error, logging.ERROR, message, self.run_id or "", _time.now(), None, self.job_name
                )
            )


class DagsterLogManager(logging.Logger):
    """Central dispatch for the messages of user code: ``context.log``.

    From the "Loggers" document. It is a Python logger with all its methods. Each message becomes an
    entry of the event log and goes to each logger of the run whose level lets it through. Users do not
    make log managers; they give the job ``logger_defs``.

    Args:
        dagster_handler: Where messages go.
        level: Messages below it are dropped, from the event log too. 0 keeps all.
        managed_loggers: Python loggers that are captured while user code runs.
    """

    _dagster_handler: DagsterLogHandler
    _managed_loggers: tuple[logging.Logger, ...]
    _tags: Mapping[str, Any]
    #: The step that messages are about.
    step_key: str | None

    def __init__(
        self,
        dagster_handler: DagsterLogHandler,
        level: int = 0,
        managed_loggers: Sequence[logging.Logger] | None = None,
    ) -> None:
        check.inst_param(dagster_handler, "dagster_handler", DagsterLogHandler)
        super().__init__("dagster", coerce_log_level(level, "level"))
        self._dagster_handler = dagster_handler
        self._managed_loggers = tuple(managed_loggers or ())
        self._tags = {}
        self.step_key = None
        self.handlers = dagster_handler.handlers

    @classmethod
    def create(
        cls,
        loggers: Sequence[logging.Logger] = (),
        *,
        run_id: str | None = None,
        job_name: str | None = None,
        sink: Sink | None = None,
        managed_loggers: Sequence[logging.Logger | str] = (),
        handlers: Sequence[logging.Handler] = (),
        level: str | int = 0,
        run_tags: Mapping[str, str] | None = None,
    ) -> DagsterLogManager:
        """Return the log manager of a run.

        Args:
            loggers: The run's loggers. They are used as they are.
            run_id: The run.
            job_name: The job.
            sink: Gets an entry for each message.
            managed_loggers: Python loggers, or their names (``"root"`` is the root logger), that are
                captured while user code runs.
            handlers: Further handlers for all messages.
            level: Messages below it are dropped, from the event log too. 0 keeps all.
            run_tags: The run's tags.

        Raises:
            ParameterCheckError: If a logger is not a Python logger or the level is unknown.
        """
        handler = DagsterLogHandler(
            loggers, run_id=run_id, job_name=job_name, sink=sink, run_tags=run_tags
        )
        for extra in handlers:
            handler.add_handler(extra)
        managed = [logging.getLogger(m) if isinstance(m, str) else m for m in managed_loggers]
        return cls(handler, coerce_log_level(level, "level"), managed)

    # --- tags ---------------------------------------------------------------------------------

    def with_tags(self, **tags: Any) -> DagsterLogManager:
        """Return a log manager of the same run with more tags (``step_key``, ``op_name``, …)."""
        new = _new(DagsterLogManager)
        attributes = new.__dict__
        # Once per step: sharing all attributes costs a tenth of Logger.__init__.
        attributes.update(self.__dict__)
        attributes["_tags"] = {**self._tags, **tags}
        if "step_key" in tags:
            attributes["step_key"] = tags["step_key"]
        return new

    def without_tags(self) -> DagsterLogManager:
        """Return a log manager of the same run that knows no step."""
        new = self.with_tags(step_key=None)
        new.__dict__["_tags"] = {}
        return new

    @property
    def logging_tags(self) -> dict[str, str]:
        """The run, the job and the tags, without those that are not set."""
        handler = self._dagster_handler
        tags = {"run_id": handler.run_id, "job_name": handler.job_name, **self._tags}
        return {key: str(value) for key, value in tags.items() if value is not None}

    @property
    def console_level(self) -> int:
        """The lowest level that a logger or handler of the run wants, as when the run began."""
        return self._dagster_handler.console_level

    @property
    def run_id(self) -> str | None:
        """The run."""
        return self._dagster_handler.run_id

    @property
    def capture_group(self) -> object:
        """What all log managers of one run share."""
        return self._dagster_handler

    # --- messages -----------------------------------------------------------------------------

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - the standard library's name
        """Return whether messages of a level are kept. ``logging.disable`` does not empty a run's log."""
        return level >= self.level

    def setLevel(self, level: str | int) -> None:  # noqa: N802 - the standard library's name
        """Drop messages below a level, from the event log too."""
        self.level = coerce_log_level(level, "level")

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802 - the standard library's name
        """Send the messages of the run to a handler too."""
        self._dagster_handler.add_handler(hdlr)

    def removeHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802 - the standard library's name
        """Send the messages of the run to a handler no more."""
        self._dagster_handler.remove_handler(hdlr)

    def log(self, level: str | int, msg: object, *args: object, **kwargs: Any) -> None:
        """Log a message at a level given by number or by name in any case.

        Raises:
            ParameterCheckError: If there is no such level.
        """
        number = level if type(level) is int else coerce_log_level(level)
        if number >= self.level:
            self._log(number, msg, args, **kwargs)

    def _log(
        self,
        level: int,
        msg: object,
        args: Any,
        exc_info: Any = None,
        extra: Mapping[str, object] | None = None,
        stack_info: bool = False,
        stacklevel: int = 1,
    ) -> None:
        if exc_info:
            exc_info = _exception_info(exc_info)
        if extra:
            _check_extra(extra)
        if self.filters:
            seen = logging.LogRecord(self.name, level, "", 0, msg, args, exc_info)
            if not self.filter(seen):
                return
            message = _formatted(seen.msg, seen.args)
        else:
            message = _formatted(msg, args)
        handler = self._dagster_handler
        now = _time.now()
        error = serializable_error_info_from_exc_info(exc_info) if exc_info else None
        self._store(level, message, now, error)
        if level < handler.console_level:
            return
        file, line, function, stack = _caller(stacklevel, stack_info)

        meta = self._describe(message, now, None)

        def build(name: str) -> DagsterLogRecord:
            record = DagsterLogRecord(name, level, file, line, "", (), exc_info, function, stack)
            record.complete(meta, None, error)
            record.created = now
            record.msecs = now % 1 * 1000
            if extra:
                record.__dict__.update(extra)
            return record

        handler.dispatch(level, build)

    def _store(self, level: int, message: str, now: float, error: SerializableErrorInfo | None) -> None:
        handler = self._dagster_handler
        sink = handler.sink
        if sink is None:
            return
        entry = EventLogEntry(
            error, level, message, handler.run_id or "", now, self.step_key, handler.job_name
        )
        if self._managed_loggers:
            # The storage may log to a managed logger (the root) itself.
            with passing_on():
                sink(entry)
        else:
            sink(entry)

    def _describe(self, message: str, timestamp: float, event: DagsterEvent | None) -> dict[str, Any]:
        """Return ``dagster_meta`` of a message, made once for all loggers."""
        handler = self._dagster_handler
        return log_metadata(
            handler.run_id, handler.job_name, handler.run_tags, self._tags, message, timestamp, event
        )

    def write_event(
        self, dagster_event: DagsterEvent, level: int, error: SerializableErrorInfo | None = None
    ) -> DagsterEvent:
        """Write an event to the event log of the run, show it to the loggers, and return it.

        Args:
            dagster_event: The event.
            level: The log level.
            error: The error that goes with it.
        """
        handler = self._dagster_handler
        entry = EventLogEntry(
            error,
            level,
            "",
            handler.run_id or "",
            _time.now(),
            dagster_event.step_key,
            handler.job_name,
            dagster_event,
        )
        if handler.sink is not None:
            handler.sink(entry)
        self.log_dagster_event(level, dagster_event.message or "", dagster_event, entry)
        return dagster_event

    def log_dagster_event(
        self,
        level: str | int,
        message: str,
        dagster_event: DagsterEvent,
        entry: EventLogEntry | None = None,
    ) -> None:
        """Show an event of the run to its loggers. The engine writes events to the event log itself.

        Args:
            level: The log level.
            message: One sentence for people.
            dagster_event: The event.
            entry: The entry that was stored, for its time and its error.
        """
        number = level if type(level) is int else coerce_log_level(level)
        handler = self._dagster_handler
        if number < handler.console_level or number < self.level:
            return
        now = _time.now() if entry is None else entry.timestamp
        # An entry says itself whether its error is to be shown: the end of a run carries one that was.
        error = (
            getattr(dagster_event.event_specific_data, "error", None)
            if entry is None
            else entry.error_info
        )
        meta = self._describe(message, now, dagster_event)

        def build(name: str) -> DagsterLogRecord:
            record = DagsterLogRecord(name, number, __file__, 0, "", (), None, "log_dagster_event")
            record.complete(meta, dagster_event, error)
            record.created = now
            record.msecs = now % 1 * 1000
            if error is not None:
                record.msg += f"\n\n{error.to_string()}"
            return record

        handler.dispatch(number, build)

    # --- records of other loggers -------------------------------------------------------------

    def begin_python_log_capture(self) -> None:
        """Capture managed Python loggers and those of ``get_dagster_logger`` in this context.

        May be nested. Where managed loggers are many, one capture around the whole run makes those
        around its steps cheap, because the loggers are touched by the outermost only.
        """
        begin_capture(self, self._managed_loggers, self.level)

    def end_python_log_capture(self) -> None:
        """Undo the innermost :meth:`begin_python_log_capture`; the last leaves loggers as found."""
        end_capture(self, self._managed_loggers)

    def handle(self, record: logging.LogRecord) -> None:
        """Log a record that another logger or a queue listener made."""
        if not isinstance(record, DagsterLogRecord):
            self.capture_record(record)

    def capture_record(self, record: logging.LogRecord, shown_by: Sequence[logging.Logger] = ()) -> None:
        """Log a record of another logger as a message of this run and step.

        Args:
            record: The record.
            shown_by: Loggers that have handled the record already and are not given it again.
        """
        level = record.levelno
        if level < self.level:
            return
        message = _formatted(record.msg, record.args)
        exc_info = _exception_info(record.exc_info) if record.exc_info else None
        error = serializable_error_info_from_exc_info(exc_info) if exc_info else None
        handler = self._dagster_handler
        with passing_on():
            self._store(level, message, record.created, error)
        if level < handler.console_level:
            return
        meta = self._describe(message, record.created, None)

        def build(name: str) -> DagsterLogRecord:
            ours = DagsterLogRecord(name, level, record.pathname, record.lineno, "", (), None)
            ours.__dict__.update(record.__dict__)
            ours.name = name
            ours.complete(meta, None, error)
            return ours

        handler.dispatch(level, build, shown_by)


_new: Callable[[type[DagsterLogManager]], DagsterLogManager] = object.__new__


def _formatted(msg: object, args: Any) -> str:
    """Return the message with its arguments; a mistake in them must not fail the step."""
    try:
        text = msg if isinstance(msg, str) else str(msg)
        if not args:
            return text
        # logging.LogRecord unpacks a single mapping; _log gets the arguments before that.
        if isinstance(args, tuple) and len(args) == 1 and isinstance(args[0], Mapping) and args[0]:
            args = args[0]
        return text % args
    except Exception as exc:  # noqa: BLE001 - __str__ of user objects may raise anything
        return f"{msg!r} (the arguments {args!r} do not fit this message: {exc})"


def _exception_info(value: Any) -> Any:
    if isinstance(value, BaseException):
        return (type(value), value, value.__traceback__)
    info = value if isinstance(value, tuple) else sys.exc_info()
    return info if info[1] is not None else None


#: Files whose frames stand between a message and the user's code.
_OWN_FILES = (logging.info.__code__.co_filename, _exception_info.__code__.co_filename)


def _check_extra(extra: Mapping[str, object]) -> None:
    for key in extra:
        if key in RESERVED:
            raise KeyError(f'extra may not set "{key}": every log record has an attribute of that name')


def _caller(stacklevel: int, stack_info: bool) -> tuple[str, int, str, str | None]:
    """Return file, line and function of the user's call, and its stack if asked for."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as logging does
    while frame is not None and frame.f_code.co_filename in _OWN_FILES:
        frame = frame.f_back
    while stacklevel > 1 and frame is not None and frame.f_back is not None:
        frame = frame.f_back
        stacklevel -= 1
    if frame is None:
        return "(unknown file)", 0, "(unknown function)", None
    stack = None
    if stack_info:
        stack = "Stack (most recent call last):\n" + "".join(traceback.format_stack(frame)).rstrip("\n")
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, stack
