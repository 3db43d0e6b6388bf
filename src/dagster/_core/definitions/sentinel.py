"""The mark of "nothing was given" where None is a value."""

from __future__ import annotations

from typing import Any


class NoValueSentinel:
    """Stands for a value that was not given. Used as the class itself, never as an instance."""


NO_VALUE: Any = NoValueSentinel
