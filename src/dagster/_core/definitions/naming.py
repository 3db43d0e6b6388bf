"""Names: what may be one, and where a definition stands in the user's files."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from typing import Any

from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import expected

_VALID = re.compile(r"[A-Za-z0-9_]+\Z")
#: Names that the framework gives a meaning of its own.
DISALLOWED_NAMES = frozenset({"context"})


def check_valid_name(name: Any, what: str = "name") -> str:
    """Return the name if it can name a definition.

    Raises:
        DagsterInvalidDefinitionError: If it has characters other than letters, digits and underscores,
            or is a reserved word.
    """
    if not isinstance(name, str):
        raise DagsterInvalidDefinitionError(expected(what, "a string", name))
    if name in DISALLOWED_NAMES or keyword.iskeyword(name):
        raise DagsterInvalidDefinitionError(
            f'"{name}" is not a valid {what}: it is a reserved word. Reserved are Python\'s keywords and '
            f"{', '.join(sorted(DISALLOWED_NAMES))}."
        )
    if not _VALID.match(name):
        raise DagsterInvalidDefinitionError(
            f'"{name}" is not a valid {what}: only letters, digits and underscores are allowed, '
            "and at least one of them."
        )
    return name


def source_location(fn: Callable[..., Any] | None) -> str:
    """Return `` (FILE:LINE)`` of a function for an error message, or an empty string."""
    code = getattr(fn, "__code__", None)
    return f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""


def description_of(fn: Callable[..., Any]) -> str | None:
    """Return the docstring of a function without its indentation."""
    doc = fn.__doc__
    if not doc:
        return None
    lines = doc.expandtabs().splitlines()
    indents = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(indents, default=0)
    return "\n".join([lines[0].strip(), *(line[margin:].rstrip() for line in lines[1:])]).strip()
