"""Who writes a file: seen by other processes, and over when the process is, however it ends."""

from __future__ import annotations

import os
from collections.abc import Callable

try:
    import fcntl
except ImportError:  # where there is none, nobody is seen, and nothing is taken over
    fcntl = None


def hold(open_file: Callable[[], int]) -> int:
    """Return a descriptor of a file that is held until the descriptor is closed.

    Any number of processes may hold a file. A forked child holds it with its parent.

    Args:
        open_file: Opens the file, and makes it if it is not there.
    """
    while True:
        descriptor = open_file()
        if fcntl is None:
            return descriptor
        try:
            # Waits for whoever has claimed it: that one will have deleted it then.
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError:
            return descriptor  # a file system without locks
        except BaseException:
            os.close(descriptor)
            raise
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)


def claim(descriptor: int) -> bool:
    """Return whether nobody holds a file; nobody can until the descriptor is closed."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
