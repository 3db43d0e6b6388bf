"""Waiting for the end of processes that are not children of the test."""

from __future__ import annotations

import os
import select
from collections.abc import Iterable
from pathlib import Path

#: How long anything may take that should happen at once, in seconds.
SOON = 20.0


def has_ended(pid: int, seconds: float = SOON) -> bool:
    """Wait for the end of a process, and return whether it came."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)


def still_there(pids: Iterable[int], seconds: float = SOON) -> list[int]:
    """Wait for the end of processes, and return those that have not ended."""
    return [pid for pid in pids if not has_ended(pid, seconds)]


def marked_processes(mark: str) -> dict[int, str]:
    """Return the processes that have a text in their arguments or environment, but this one, with commands.

    Those that have ended and were not waited for have neither.
    """
    wanted = mark.encode()
    found: dict[int, str] = {}
    for entry in os.listdir("/proc"):
        if not entry.isdecimal() or int(entry) == os.getpid():
            continue
        try:
            command = Path(f"/proc/{entry}/cmdline").read_bytes()
            if wanted in command or wanted in Path(f"/proc/{entry}/environ").read_bytes():
                found[int(entry)] = command.replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
    return found


def none_left(mark: str, seconds: float = SOON) -> dict[int, str]:
    """Wait for the end of all processes with a mark, and return those that have not ended."""
    return {pid: text for pid, text in marked_processes(mark).items() if not has_ended(pid, seconds)}
