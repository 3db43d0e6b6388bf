"""A module that is loaded when something of it is first asked for."""

from __future__ import annotations

import importlib
from typing import Any


class LateModule:
    """A module of ours that few programs need. It stands where ``import`` would load it at once.

    Type checkers are shown the real import, under ``TYPE_CHECKING``.

    Args:
        name: The full name of the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        # Kept here, so that the next time costs no more than with a real import.
        value = getattr(importlib.import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value

    def __repr__(self) -> str:
        return f"<late module {self._name!r}>"
