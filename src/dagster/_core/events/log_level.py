"""Log levels: names in any case, or numbers."""

from __future__ import annotations

import logging

import dagster._check as check
from dagster._text import expected, unknown

#: A level above every level: nothing is logged at it.
NO_LEVEL = 1 << 31

_LEVELS = {
    "CRITICAL": logging.CRITICAL,
    "FATAL": logging.FATAL,
    "ERROR": logging.ERROR,
    "WARNING": logging.WARNING,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
    "NOTSET": logging.NOTSET,
}


def coerce_log_level(level: str | int, name: str = "log level") -> int:
    """Return a log level as its number.

    Args:
        level: A number, a name in any case (``"INFO"``, ``"info"``), a number in a string, or a name
            that was registered with :func:`logging.addLevelName`.
        name: What the level is, for the message.

    Returns:
        The number of the level.

    Raises:
        ParameterCheckError: If there is no such level; the message names the nearest one.
    """
    if isinstance(level, int) and not isinstance(level, bool):
        return level
    if not isinstance(level, str):
        raise check.ParameterCheckError(expected(name, "the name or number of a log level", level))
    text = level.strip().upper()
    number = _LEVELS.get(text)
    if number is not None:
        return number
    if text.isdecimal():
        return int(text)
    registered = logging.getLevelNamesMapping()
    for known, value in registered.items():
        if known.upper() == text:
            return value
    raise check.ParameterCheckError(unknown(name, level, {*_LEVELS, *registered}))
