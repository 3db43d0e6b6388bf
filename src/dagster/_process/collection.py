"""Python's search for garbage, and when it is not worth it."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Do not look for garbage meanwhile: for code that makes many objects at once and keeps them.

    Each search would go through everything that lives in the process, and find nothing. Also a decorator.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
