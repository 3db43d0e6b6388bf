"""The guard of a base directory: nothing is read or written outside of it."""

from __future__ import annotations

import os
import stat
from typing import Any

from dagster._core.errors import DagsterInvariantViolationError

_LOCAL_PROTOCOLS = frozenset(("", "file", "local"))


def local_path(path: Any) -> str | None:
    """Return the path on the local file system, or None if it is elsewhere (S3, memory, …)."""
    if getattr(path, "protocol", "") not in _LOCAL_PROTOCOLS:
        return None
    return path if isinstance(path, str) else getattr(path, "path", None) or os.fspath(path)


def _is_plainly_below(base: str, path: str) -> bool:
    """Return whether a path is below a base by its name, and no part of it below the base is a link.

    Most paths are; this costs a fifth of resolving both.
    """
    position = len(base)
    if not path.startswith(base) or path[position : position + 1] != "/" or "/.." in path[position:]:
        return False
    while position >= 0:
        position = path.find("/", position + 1)
        try:
            mode = os.lstat(path if position < 0 else path[:position]).st_mode
        except OSError:
            # From here on nothing is there, or it cannot be looked at: opening it will tell.
            return True
        if stat.S_ISLNK(mode):
            return False
    return True


def check_local(base: str, path: str) -> None:
    """Refuse a local path that leads out of its base directory, also through symbolic links.

    Raises:
        DagsterInvariantViolationError: The path is outside of the base directory.
    """
    if _is_plainly_below(base, path):
        return
    real_base = os.path.realpath(base)
    real_path = os.path.realpath(path)
    if real_path != real_base and not real_path.startswith(real_base.rstrip(os.sep) + os.sep):
        raise _outside(path, real_path, base)


def check_inside(base: Any, path: Any) -> None:
    """Refuse a path, local or remote, that leads out of its base directory.

    Args:
        base: The base directory: any path object.
        path: The path to use.

    Raises:
        DagsterInvariantViolationError: The path is outside of the base directory.
    """
    local_base, local = local_path(base), local_path(path)
    if local_base is not None and local is not None:
        check_local(local_base, local)
        return
    if local_base is None and local is None and base.protocol == path.protocol:
        start, whole = base.path.rstrip("/"), path.path
        if ".." not in whole.split("/") and (whole == start or whole.startswith(start + "/")):
            return
    raise _outside(path, path, base)


def _outside(path: object, leads_to: object, base: object) -> DagsterInvariantViolationError:
    return DagsterInvariantViolationError(
        f"expected a path below {base}, got: {path}, which leads to {leads_to}. An I/O manager does not "
        'read or write outside of its base directory, neither by absolute paths and ".." nor through '
        "symbolic links."
    )
