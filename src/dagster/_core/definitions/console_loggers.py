"""The loggers that print a run's messages on the terminal: lines for people, or JSON for machines."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

import dagster._check as check
from dagster._config.config_type import ConfigScalarKind, ScalarType
from dagster._config.errors import Evaluation, Path
from dagster._config.field import Field
from dagster._core.definitions.logger import InitLoggerContext, LoggerDefinition, logger
from dagster._core.events.log_level import coerce_log_level
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.events.log_record import DagsterLogRecord, event_type_label
from dagster._text import shown

if TYPE_CHECKING:
    from dagster._core.records.error_info import SerializableErrorInfo

_INDENT = "    "
_RESET = "\x1b[0m"
_COLOURS = {
    logging.DEBUG: "\x1b[2m",
    logging.INFO: "\x1b[32m",
    logging.WARNING: "\x1b[33m",
    logging.ERROR: "\x1b[31m",
    logging.CRITICAL: "\x1b[1;31m",
}


def wants_colour(stream: TextIO, environment: Mapping[str, str] | None = None) -> bool:
    """Return whether to colour what is written to a stream.

    ``NO_COLOR`` (any value) says no, ``FORCE_COLOR`` (any value) says yes, in this order; otherwise a
    terminal that is not dumb is coloured.
    """
    env = os.environ if environment is None else environment
    if env.get("NO_COLOR"):
        return False
    if env.get("FORCE_COLOR"):
        return True
    try:
        return stream.isatty() and env.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # a stand-in without isatty, or a closed stream
        return False


def error_lines(error: SerializableErrorInfo) -> list[str]:
    """Return the lines of an error with the user's own stack first.

    What a boundary of the framework wrapped around the user's error comes last, as one line each.
    """
    wrappers: list[SerializableErrorInfo] = []
    while error.cause is not None and (error.cls_name or "").startswith("Dagster"):
        wrappers.append(error)
        error = error.cause
    lines = error.to_string().rstrip("\n").split("\n")
    lines.extend(f"raised as {(wrapper.message or '').strip()}" for wrapper in reversed(wrappers))
    return lines


class ConsoleLogFormatter(logging.Formatter):
    """One readable line per message: time, level, job and step, run, event type, message.

    ``2026-11-20 04:12:33 INFO  flights[clean] 3f2a9c1b  ENGINE_EVENT  message``. Further lines of the
    message and the stack of an error follow, indented.

    Args:
        colour: Whether to colour the level.
    """

    def __init__(self, colour: bool = False) -> None:
        super().__init__()
        self.colour = colour
        self._last_time = (-1, "")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        second, when = self._last_time
        if second != int(record.created):
            second = int(record.created)
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
            self._last_time = (second, when)
        level = f"{record.levelname:<5}"
        if self.colour:
            level = f"{_COLOURS.get(record.levelno, '')}{level}{_RESET}"
        if not isinstance(record, DagsterLogRecord):
            return self._with_stack(f"{when} {level} {record.name}  {record.getMessage()}", record)
        meta = record.__dict__["dagster_meta"]
        line = f"{when} {level} {meta['job_name'] or record.name}"
        if meta["step_key"]:
            line += f"[{meta['step_key']}]"
        if meta["run_id"]:
            line += f" {meta['run_id'][:8]}"
        event = record.dagster_event
        if event is not None:
            line += f"  {event_type_label(event)}"
        line += f"  {meta['orig_message']}"
        return self._with_stack(line, record)

    def _with_stack(self, line: str, record: logging.LogRecord) -> str:
        if "\n" in line:
            line = line.rstrip("\n").replace("\n", f"\n{_INDENT}")
        error = record.error_info if isinstance(record, DagsterLogRecord) else None
        more: list[str] = []
        if error is not None:
            more = error_lines(error)
        elif record.exc_info:
            more = self.formatException(record.exc_info).split("\n")
        if record.stack_info:
            more += record.stack_info.split("\n")
        return (
            "\n".join([line, *(f"{_INDENT}{text}" if text else "" for text in more)]) if more else line
        )


class JsonLogFormatter(logging.Formatter):
    """One JSON object per message.

    From the "Loggers" document. It has the fields of a Python log record, what was given as ``extra``,
    ``level``, ``timestamp`` (ISO 8601, UTC), for messages of runs ``run_id``, ``job_name``, ``step_key``
    and ``orig_message``, and all of them again with tags and event in ``dagster_meta``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON object as one line."""
        fields = dict(record.__dict__)
        if not isinstance(record, DagsterLogRecord):
            fields["msg"] = record.getMessage()
            fields["args"] = ()
        fields["level"] = record.levelname
        fields["timestamp"] = _iso_time(record.created)
        if record.exc_info:
            fields["exc_info"] = self.formatException(record.exc_info)
        if isinstance(record, DagsterLogRecord) and record.dagster_event is None:
            # An event carries its error itself.
            fields["error"] = record.error_info
        try:
            return _encode(fields)
        except (TypeError, ValueError, RecursionError):
            # One odd value in `extra` (a key that JSON cannot have, a cycle) costs itself only.
            return _encode({key: _plain(value) for key, value in fields.items()})


def _encode(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=shown).decode()


def _plain(value: object) -> object:
    try:
        msgspec.json.encode(value, enc_hook=shown)
    except (TypeError, ValueError, RecursionError):
        return shown(value)
    return value


def _iso_time(timestamp: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(timestamp))
    return f"{whole}.{int(timestamp % 1 * 1e6):06d}+00:00"


class ConsoleHandler(logging.Handler):
    """Writes lines to what ``sys.stderr`` is at that moment."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._stream: TextIO | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record."""
        stream = sys.stderr
        if stream is None:  # a process without a console, as with pythonw
            return
        if stream is not self._stream:
            self._stream = stream
            if isinstance(self.formatter, ConsoleLogFormatter):
                self.formatter.colour = wants_colour(stream)
        try:
            # One call, so that lines of several processes and threads do not mix.
            stream.write(f"{self.format(record)}\n")
            stream.flush()
        except Exception:  # noqa: BLE001 - the standard library's contract for handlers
            self.handleError(record)


def _console_logger(config: Mapping[str, Any], formatter: logging.Formatter) -> logging.Logger:
    # Not logging.getLogger: that would keep each run's logger, and its handlers, for ever.
    result = logging.Logger(config["name"], coerce_log_level(config["log_level"], "log_level"))  # noqa: LOG001
    result.addHandler(ConsoleHandler(formatter))
    return result


class LogLevelType(ScalarType):
    """A log level in config: a name in any case, or a number. Shown as the String that it mostly is."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("String", ConfigScalarKind.STRING, str)

    def accepts(self, value: object) -> bool:
        """Whether a value may be a level at all."""
        return isinstance(value, (str, int)) and not isinstance(value, bool)

    def evaluate(self, value: Any, path: Path, run: Evaluation) -> Any:
        """Refuse what is not a level, before anything runs."""
        if not self.accepts(value):
            return super().evaluate(value, path, run)
        try:
            coerce_log_level(value)
        except check.ParameterCheckError as exc:
            reason = str(exc)
            run.mismatch(path, lambda at: f"Invalid value {at}: {reason}")
        return value


_CONFIG = {
    "log_level": Field(
        LogLevelType(),
        is_required=False,
        default_value="INFO",
        description="Messages below this level are not printed: DEBUG, INFO, WARNING, ERROR, CRITICAL.",
    ),
    "name": Field(str, is_required=False, default_value="dagster", description="The logger's name."),
}


@logger(_CONFIG, description="The default console logger: coloured lines on stderr.")
def colored_console_logger(init_context: InitLoggerContext) -> logging.Logger:
    """Print messages as readable lines, coloured on a terminal. From the "Loggers" document."""
    return _console_logger(init_context.logger_config, ConsoleLogFormatter())


@logger(_CONFIG, description="A console logger that prints one JSON object per line on stderr.")
def json_console_logger(init_context: InitLoggerContext) -> logging.Logger:
    """Print messages as JSON, one object per line. From the "Loggers" document."""
    return _console_logger(init_context.logger_config, JsonLogFormatter())


def default_loggers() -> Mapping[str, LoggerDefinition]:
    """Return the loggers that a job has when it names none: ``console``."""
    return {"console": colored_console_logger}


def default_system_loggers(
    instance: object,
) -> Sequence[tuple[LoggerDefinition, Mapping[str, object]]]:
    """Return what a run logs to when its config names no logger, each with its config.

    Args:
        instance: The instance of the run, or None.
    """
    return [(colored_console_logger, {"name": "dagster", "log_level": "INFO"})]


def build_console_log_manager(
    run_id: str | None = None, job_name: str | None = None, log_level: str | int = "DEBUG"
) -> DagsterLogManager:
    """Return a log manager that prints only: ``context.log`` of a context that is built for a test.

    Args:
        run_id: Shown in each line, if given.
        job_name: Shown in each line, if given.
        log_level: Messages below it are not printed.
    """
    config = {"name": "dagster", "log_level": log_level}
    return DagsterLogManager.create(
        [_console_logger(config, ConsoleLogFormatter())], run_id=run_id, job_name=job_name
    )
