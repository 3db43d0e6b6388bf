"""Temporary directories of logs that are uploaded, and those that killed processes have left."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from functools import partial

from dagster._process.file_hold import claim, hold


def make_log_directory(store_name: str) -> tuple[str, int | None]:
    """Make a temporary directory that others can tell from one that was left.

    Args:
        store_name: Where its logs are uploaded to.

    Returns:
        The directory, and a descriptor to be kept open as long as it is used; None where there are no
        descriptors of directories.
    """
    while True:
        # Not a name that another user of the machine could make first.
        directory = tempfile.mkdtemp(prefix=_prefix(store_name))
        try:
            return directory, hold(partial(os.open, directory, os.O_RDONLY))
        except FileNotFoundError:
            continue  # somebody took it for one that was left, before it was held
        except OSError:
            return directory, None


def abandoned_log_directories(store_name: str) -> Iterator[str]:
    """Yield temporary directories of this user whose processes are gone. While one is given, it is claimed."""
    prefix, top = _prefix(store_name), tempfile.gettempdir()
    try:
        names = sorted(name for name in os.listdir(top) if name.startswith(prefix))
    except OSError:
        return
    for path in (os.path.join(top, name) for name in names):
        with contextlib.ExitStack() as stack:
            try:
                found = os.lstat(path)
                if not (stat.S_ISDIR(found.st_mode) and _is_own(found)):
                    continue
                descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            except OSError:
                continue
            stack.callback(os.close, descriptor)
            if claim(descriptor):
                yield path
                remove_empty(path)


def remove_empty(directory: str) -> bool:
    """Remove a directory with what is empty in it. Files in it were not uploaded, and stay.

    Returns:
        Whether it is gone.
    """
    for folder, _, _ in os.walk(directory, topdown=False):
        try:
            os.rmdir(folder)
        except OSError:
            continue
    return not os.path.exists(directory)


def _prefix(store_name: str) -> str:
    return f"dagster-logs-{hashlib.sha256(store_name.encode()).hexdigest()[:16]}-"


def _is_own(found: os.stat_result) -> bool:
    get_user = getattr(os, "getuid", None)
    return get_user is None or (found.st_uid == get_user() and not found.st_mode & 0o077)
