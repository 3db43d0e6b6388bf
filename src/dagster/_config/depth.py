"""Walks that go as deep as the schema does, however deep that is."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_DEEP = 200_000
_lock = threading.RLock()


def call_deep(function: Callable[..., T], *args: Any) -> T:
    """Call a function; when it runs into the recursion limit, call it once more with a far higher one.

    Only for pure functions over finite trees: frames of Python calling Python need no C stack, so the
    limit guards nothing here. The usual case costs nothing.
    """
    try:
        return function(*args)
    except RecursionError:
        pass
    with _lock:
        before = sys.getrecursionlimit()
        sys.setrecursionlimit(max(before, _DEEP))
        try:
            return function(*args)
        finally:
            sys.setrecursionlimit(before)
