"""Where a definition stands in the user's code, for messages."""

from __future__ import annotations

from typing import Any

from dagster._core.definitions.naming import source_location

#: Where decorators and graphs keep the function that a definition was made of.
_FUNCTIONS = ("__wrapped__", "composition_fn")


def at_place(definition: Any) -> str:
    """Return `` (FILE:LINE)`` of the function that a definition was made of, or an empty string."""
    for holder in (definition, getattr(definition, "graph", None)):
        for attribute in _FUNCTIONS:
            place = source_location(getattr(holder, attribute, None))
            if place:
                return place
    return source_location(definition)
