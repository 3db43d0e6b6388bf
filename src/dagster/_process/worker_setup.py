"""What worker processes start with, and how they end."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from dagster._process.channel import Channel

#: What a worker does with the channel to the process that gives it work.
Worker = Callable[[Channel], None]


class WorkerSetup(msgspec.Struct):
    """What is prepared before a worker works.

    Args:
        target: ``module:function``. The function gets ``payload`` and returns the :data:`Worker`.
        payload: For the function.
        sys_path: The search path for modules.
        argv: The command line that the user's code sees.
        preload_modules: Modules to import first.
        parent: The process that must live meanwhile; 0 for none.
        is_forked: Whether it is prepared once, for workers that are forked, or by each worker.
    """

    target: str
    payload: bytes
    sys_path: list[str]
    argv: list[str]
    preload_modules: list[str] = []
    parent: int = 0
    is_forked: bool = True


def setup_of(
    target: str, payload: bytes, preload_modules: Sequence[str] = (), *, is_forked: bool = True
) -> WorkerSetup:
    """Return a setup with this process's search path and command line.

    Args:
        target: ``module:function``, see :class:`WorkerSetup`.
        payload: For the function.
        preload_modules: Modules to import first.
        is_forked: Whether it is prepared once, for workers that are forked.
    """
    in_main = threading.current_thread() is threading.main_thread()
    return WorkerSetup(
        target,
        payload,
        # An empty entry stands for the directory in which the process is, which may change.
        [entry or os.getcwd() for entry in sys.path],
        list(sys.argv),
        list(preload_modules),
        # The kernel tells of the end of the thread that starts a process, not of its process.
        os.getpid() if in_main else 0,
        is_forked,
    )


def prepare(setup: WorkerSetup) -> Worker:
    """Carry a setup out: import the user's code, and return what a worker does."""
    sys.path[:] = setup.sys_path
    sys.argv[:] = setup.argv
    for name in setup.preload_modules:
        importlib.import_module(name)
    module, _, function = setup.target.partition(":")
    make: Any = getattr(importlib.import_module(module), function)
    return make(setup.payload)


def end_of_process() -> None:
    """Do what the interpreter does at the end of a process that ends by ``os._exit``: wait, and flush."""
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing does
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


def renew_randomness() -> None:
    """Have a forked process draw other numbers. The standard library's own generator does so by itself."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
