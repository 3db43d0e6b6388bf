"""Which process did something, and whether it still lives. Told by more than a number, which comes again."""

from __future__ import annotations

import os
from collections.abc import Mapping


def process_facts() -> dict[str, str]:
    """Return what tells this process from all others: host, process id, and when it started."""
    pid = os.getpid()
    return {"host": _host(), "pid": str(pid), "process_started": _started(pid) or ""}


def is_alive(facts: Mapping[str, str]) -> bool | None:
    """Return whether a process lives; None if that cannot be known from here.

    Args:
        facts: What :func:`process_facts` returned in that process.
    """
    host, pid = facts.get("host"), facts.get("pid")
    if host is None or pid is None or not pid.isdigit() or host != _host():
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is somebody else's
    started, now = facts.get("process_started"), _started(int(pid))
    # Another process may have got the number since.
    return not started or now is None or started == now


def _host() -> str:
    """Return the name of the machine; in a container with its process numbers of its own."""
    try:
        return f"{os.uname().nodename} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return os.uname().nodename


def _started(pid: int) -> str | None:
    """Return when a process started, as ticks since the boot that is named; None if it cannot be read."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat, open("/proc/sys/kernel/random/boot_id") as boot:
            # The name of the program is in parentheses and may hold anything.
            fields = stat.read().rpartition(b")")[2].split()
            # A zombie has ended, whoever has not yet asked about it.
            if fields[0] == b"Z":
                return "ended"
            return f"{boot.read().strip()[:8]}:{fields[19].decode()}"
    except (OSError, IndexError):
        return None
