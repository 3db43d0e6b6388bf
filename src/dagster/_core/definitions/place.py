"""Where a definition stands in the user's code, for messages."""

from __future__ import annotations

from typing import Any

#: Where decorators and graphs keep the function that a definition was made of.
_FUNCTIONS = ("__wrapped__", "composition_fn", "compute_fn")


def place_of(definition: Any) -> str | None:
    """Return ``file.py:12`` of the function that a definition was made of; None if there is none."""
    for holder in (definition, getattr(definition, "graph", None), getattr(definition, "graph_def", None)):
        for attribute in _FUNCTIONS:
            function = getattr(holder, attribute, None)
            code = getattr(function, "__code__", None)
            if code is not None:
                return f"{code.co_filename}:{code.co_firstlineno}"
    code = getattr(definition, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code is not None else None


def at_place(definition: Any) -> str:
    """Return `` (file.py:12)`` with a leading space, or an empty string."""
    place = place_of(definition)
    return f" ({place})" if place is not None else ""
