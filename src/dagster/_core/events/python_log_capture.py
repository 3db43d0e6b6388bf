"""Python loggers whose messages become part of a run's log while user code runs.

Two kinds are captured. Loggers of :func:`get_dagster_logger` always are; a filter on each takes its
records over while a step runs and lets them pass otherwise. Managed loggers (named in ``dagster.yaml``
or given to the log manager) get one handler while at least one capture of them is under way, and are
left exactly as they were found.

Which log manager a record goes to is found by a context variable, so captures of runs in other threads
or tasks do not mix. A thread that user code starts without copying its context has none; its records go
to the one run that is capturing at that moment, if it is only one.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Protocol

from dagster._core.events.log_record import DagsterLogRecord

BUILTIN_LOGGER_NAME = "dagster.builtin"


class LogCapturer(Protocol):
    """What captured records are given to."""

    @property
    def capture_group(self) -> object:
        """The run: equal for all capturers of one run."""
        ...

    def without_tags(self) -> LogCapturer:
        """Return the capturer of the run as a whole, which knows no step."""
        ...

    def capture_record(self, record: logging.LogRecord, shown_by: Sequence[logging.Logger] = ()) -> None:
        """Log a record of another logger, which some loggers have shown, as a message of the run."""
        ...


class _Capture:
    """One capture under way in this context, and the one around it."""

    __slots__ = ("capturer", "outer")

    def __init__(self, capturer: LogCapturer, outer: _Capture | None) -> None:
        self.capturer = capturer
        self.outer = outer


class _Attachment:
    """The handler on one managed logger: how many captures want it, and the level to restore."""

    __slots__ = ("count", "found_level", "set_level")

    def __init__(self) -> None:
        self.count = 0
        self.found_level: int | None = None
        self.set_level = 0


class _PerThread(threading.local):
    #: Whether this thread is passing a message on: what handlers and storages log then is not ours.
    passing_on = False
    #: The last record captured here, weakly: one record reaches a logger and its managed parent.
    last: weakref.ref[logging.LogRecord] | None = None


_current: ContextVar[_Capture | None] = ContextVar("dagster_log_capture", default=None)
_thread = _PerThread()
_lock = threading.Lock()
_active: dict[int, tuple[LogCapturer, int]] = {}
_attachments: dict[logging.Logger, _Attachment] = {}


def _forget_other_threads() -> None:
    # A fork copies the lock as it was; the thread that held it is not in the child.
    global _lock  # noqa: PLW0603 - a lock cannot be reset otherwise
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_other_threads)


def current_capturer() -> LogCapturer | None:
    """Return what captures the records of this context, or None outside of user code."""
    capture = _current.get()
    if capture is not None:
        return capture.capturer
    if not _active:
        return None
    with _lock:
        capturers = [capturer for capturer, _count in _active.values()]
    if len(capturers) == 1:
        return capturers[0]
    if capturers and all(c.capture_group is capturers[0].capture_group for c in capturers):
        return capturers[0].without_tags()
    return None


class passing_on:  # noqa: N801 - used like a keyword
    """While a message is passed on to storages and handlers: what they log is not captured."""

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before = _thread.passing_on
        _thread.passing_on = True

    def __exit__(self, *_exc: object) -> None:
        _thread.passing_on = self._before


def _capturer_for(record: logging.LogRecord) -> LogCapturer | None:
    if _thread.passing_on or isinstance(record, DagsterLogRecord):
        return None
    return current_capturer()


class _CaptureHandler(logging.Handler):
    """The one handler on every managed logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Give the record to the log manager of this context, once."""
        capturer = _capturer_for(record)
        if capturer is None:
            self._pass_to_last_resort(record)
            return
        last = _thread.last
        if last is None or last() is not record:
            _thread.last = weakref.ref(record)
            capturer.capture_record(record, _chain(record.name))

    def _pass_to_last_resort(self, record: logging.LogRecord) -> None:
        # A logger without any handler writes warnings to stderr; ours must not change that for
        # threads that have nothing to do with a run.
        last_resort = logging.lastResort
        if last_resort is None or record.levelno < last_resort.level:
            return
        if isinstance(record, DagsterLogRecord):
            return
        if all(handler is self for logger in _chain(record.name) for handler in logger.handlers):
            last_resort.handle(record)


_handler = _CaptureHandler()


def _chain(name: str) -> list[logging.Logger]:
    """Return the loggers whose handlers see the records of the logger with this name."""
    known = logging.Logger.manager.loggerDict.get(name)
    logger = known if isinstance(known, logging.Logger) else logging.root
    chain: list[logging.Logger] = []
    while logger is not None:
        chain.append(logger)
        if not logger.propagate:
            break
        logger = logger.parent
    return chain


def begin_capture(capturer: LogCapturer, loggers: Sequence[logging.Logger], level: int) -> None:
    """Capture records of this context (and of the managed loggers) from now on. May be nested.

    Args:
        capturer: Gets the records.
        loggers: The managed loggers.
        level: Set on the managed loggers for the time of the capture, unless 0.
    """
    _current.set(_Capture(capturer, _current.get()))
    with _lock:
        known = _active.get(id(capturer))
        _active[id(capturer)] = (capturer, 1 if known is None else known[1] + 1)
        for logger in loggers:
            _attach(logger, level)


def end_capture(capturer: LogCapturer, loggers: Sequence[logging.Logger]) -> None:
    """Undo the innermost :func:`begin_capture` of this capturer."""
    capture = _current.get()
    if capture is not None and capture.capturer is capturer:
        _current.set(capture.outer)
    with _lock:
        known = _active.get(id(capturer))
        if known is None:
            return
        if known[1] == 1:
            del _active[id(capturer)]
        else:
            _active[id(capturer)] = (capturer, known[1] - 1)
        for logger in loggers:
            _detach(logger)


def _attach(logger: logging.Logger, level: int) -> None:
    attachment = _attachments.get(logger)
    if attachment is None:
        attachment = _attachments[logger] = _Attachment()
        if level and logger.level != level:
            attachment.found_level = logger.level
            attachment.set_level = level
            logger.setLevel(level)
    attachment.count += 1
    if _handler not in logger.handlers:
        logger.addHandler(_handler)


def _detach(logger: logging.Logger) -> None:
    attachment = _attachments.get(logger)
    if attachment is None:
        return
    attachment.count -= 1
    if attachment.count:
        return
    del _attachments[logger]
    logger.removeHandler(_handler)
    if attachment.found_level is not None and logger.level == attachment.set_level:
        logger.setLevel(attachment.found_level)


class _TakeOver(logging.Filter):
    """On each logger of :func:`get_dagster_logger`: in a step its records are the run's, only."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record goes the usual way, to the handlers."""
        capturer = _capturer_for(record)
        if capturer is None:
            return True
        capturer.capture_record(record)
        return False


_take_over = _TakeOver()


def get_dagster_logger(name: str | None = None) -> logging.Logger:
    """Return a Python logger whose messages become part of the run's log when a step logs them.

    From the "Loggers" document. Inside a run the messages carry run, job and step, go to the event log
    and to the run's loggers, and nowhere else. Outside of a run it is an ordinary Python logger.

    Args:
        name: Last part of the logger's name, ``dagster.builtin.NAME``. Without it the logger is
            ``dagster.builtin``, parent of the others. Its level is DEBUG until another is set.

    Returns:
        The logger.
    """
    base = logging.getLogger(BUILTIN_LOGGER_NAME)
    if _take_over not in base.filters:
        if base.level == logging.NOTSET:
            base.setLevel(logging.DEBUG)
        base.addFilter(_take_over)
    if not name:
        return base
    logger = logging.getLogger(f"{BUILTIN_LOGGER_NAME}.{name}")
    logger.addFilter(_take_over)
    return logger
