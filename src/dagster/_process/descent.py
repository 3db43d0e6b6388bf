"""Whose child is whose: what the kernel knows of processes, on Linux, and how to end them all."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
#: How often, and how long after another, it is looked again at a process that changes its program.
_EXEC_LOOKS = 100
_EXEC_SECONDS = 0.005


@cache
def _system_prctl() -> Callable[..., int] | None:
    # Once: a forked process asks twice before it does anything, and each look at the library costs it memory.
    try:
        return ctypes.CDLL(None, use_errno=True).prctl
    except (OSError, AttributeError):
        return None


def _prctl(option: int, argument: int) -> bool:
    prctl = _system_prctl()
    return prctl is not None and prctl(option, argument, 0, 0, 0) == 0


def become_subreaper() -> bool:
    """Have orphans among the descendants of this process become its children.

    Returns:
        Whether the system can do that.
    """
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends.

    Args:
        parent: The parent's id. If it has ended already, this process ends at once.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def outlive_parent() -> None:
    """Take :func:`die_with_parent` back."""
    _prctl(_PR_SET_PDEATHSIG, 0)


def children_of(pid: int) -> set[int]:
    """Return the children of a process, also those that have ended and were not waited for."""
    found: set[int] = set()
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for thread in threads:
        with contextlib.suppress(OSError, ValueError):
            text = Path(f"/proc/{pid}/task/{thread}/children").read_text()
            found.update(int(child) for child in text.split())
    return found


def descendants_of(pid: int) -> set[int]:
    """Return the children of a process, their children, and so on."""
    found: set[int] = set()
    front = [pid]
    while front:
        following = children_of(front.pop()) - found
        found |= following
        front.extend(following)
    return found


def session_of(pid: int) -> int:
    """Return the id of a process's session, which is that of the process that made it; 0 if it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def signal_process(pid: int, number: int) -> None:
    """Send a signal to a process, if it is there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def signal_group(pid: int, number: int) -> None:
    """Send a signal to a group of processes, if there is one left in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_marked(mark: str) -> None:
    """Kill all processes in whose environment, as it was when they started, there is a mark.

    Args:
        mark: ``NAME=value``.
    """
    wanted = mark.encode()
    _kill_all_that(lambda pid: wanted in _environment_of(pid))


def kill_marked_from(beginning: str) -> None:
    """Kill all processes in whose environment there is a mark that begins so.

    Those of other namespaces of processes, as containers have them, are left alone: what they write there
    of processes may mean others.

    Args:
        beginning: The beginning of ``NAME=value``.
    """
    wanted, own = beginning.encode(), _namespace_of(os.getpid())
    _kill_all_that(
        lambda pid: (
            any(variable.startswith(wanted) for variable in _environment_of(pid))
            and _namespace_of(pid) == own
        )
    )


def _kill_all_that(is_meant: Callable[[int], bool]) -> None:
    own = os.getpid()
    killed: set[int] = set()
    patience = _EXEC_LOOKS
    while True:
        try:
            found = {int(entry) for entry in os.listdir("/proc") if entry.isdecimal()}
        except OSError:
            return
        others = found - killed - {own}
        meant = {pid for pid in others if is_meant(pid)}
        for pid in meant:
            signal_process(pid, signal.SIGKILL)
        killed |= meant
        if meant:
            continue
        # One that has just been started has no environment for a moment, and may be meant all the same.
        if patience == 0 or not any(map(_is_between_programs, others)):
            return
        patience -= 1
        time.sleep(_EXEC_SECONDS)


def _is_between_programs(pid: int) -> bool:
    """Return whether a process leaves one program for another: it has an executable and nothing else yet."""
    try:
        os.readlink(f"/proc/{pid}/exe")
        return not Path(f"/proc/{pid}/cmdline").read_bytes() and not _environment_of(pid)[0]
    except (OSError, IndexError):
        return False


def _environment_of(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _namespace_of(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def kill_family(pid: int) -> None:
    """Kill a process that leads a group, what is in the group, and all its descendants."""
    descendants = descendants_of(pid)
    signal_group(pid, signal.SIGKILL)
    signal_process(pid, signal.SIGKILL)
    for descendant in descendants:
        signal_process(descendant, signal.SIGKILL)
