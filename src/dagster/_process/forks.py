"""What a forked process must forget of its parent: locks that other threads held, threads, open files."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class ForgetsParent(Protocol):
    """What holds something that belongs to one process."""

    def forget_parent(self) -> None:
        """Let go of what is the parent's, without closing it: called in a forked process, before all else."""
        ...


_holders: weakref.WeakSet[ForgetsParent] = weakref.WeakSet()


def forget_in_forks(holder: ForgetsParent) -> None:
    """Have something forget its parent in every process that is forked while it lives."""
    _holders.add(holder)


def _forget() -> None:
    for holder in list(_holders):
        holder.forget_parent()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_forget)
