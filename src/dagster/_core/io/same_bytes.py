"""Whether two files hold the same bytes, wherever they are."""

from __future__ import annotations

import os
from typing import Any

_CHUNK = 1 << 20


def same_bytes(new: Any, old: Any) -> bool | None:
    """Return whether two files hold the same; None if that cannot be told.

    It cannot if one of them is not there or is a directory, or if both are one and the same file: then
    the earlier value is gone.

    Args:
        new: A path, local or of fsspec.
        old: Another.
    """
    if str(new) == str(old):
        return None
    try:
        if new.is_dir() or old.is_dir():
            return None
        size = new.stat().st_size, old.stat().st_size
        if os.path.exists(str(new)) and os.path.samefile(str(new), str(old)):
            return None
        return size[0] == size[1] and _same_content(new, old)
    except FileNotFoundError:
        return None


def _same_content(new: Any, old: Any) -> bool:
    with new.open("rb") as one, old.open("rb") as other:
        while True:
            chunk = one.read(_CHUNK)
            if chunk != other.read(_CHUNK):
                return False
            if not chunk:
                return True
