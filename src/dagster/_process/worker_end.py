"""How a worker process came to its end, told apart."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import msgspec


class WorkerEnd(msgspec.Struct, frozen=True):
    """How a process ended.

    Args:
        exit_code: What it gave to ``exit``; None if a signal ended it.
        signal_number: The signal that ended it; None if it ended by itself.
        out_of_memory: Whether the system ended it because memory was used up. It cannot always be known.
        start_error: Why it could not be made at all, in the words of the system.
    """

    exit_code: int | None = None
    signal_number: int | None = None
    out_of_memory: bool = False
    start_error: str = ""

    @staticmethod
    def of_wait_status(status: int, out_of_memory: bool = False) -> WorkerEnd:
        """Return what a status of ``waitpid`` means."""
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            return WorkerEnd(
                signal_number=number, out_of_memory=out_of_memory and number == signal.SIGKILL
            )
        return WorkerEnd(exit_code=os.waitstatus_to_exitcode(status))

    @staticmethod
    def of_return_code(code: int) -> WorkerEnd:
        """Return what a ``returncode`` of :mod:`subprocess` means."""
        return WorkerEnd(signal_number=-code) if code < 0 else WorkerEnd(exit_code=code)

    @property
    def signal_name(self) -> str | None:
        """The name of the signal: ``SIGKILL``."""
        if self.signal_number is None:
            return None
        try:
            return signal.Signals(self.signal_number).name
        except ValueError:
            return f"signal {self.signal_number}"

    def describe(self) -> str:
        """Return it in words, as the end of a sentence about the process."""
        if self.start_error:
            return f"could not be started: {self.start_error}"
        if self.out_of_memory:
            return "was killed (SIGKILL) by the system because memory was used up"
        if self.signal_number == signal.SIGKILL:
            return (
                "was killed by SIGKILL: somebody killed it, or the system did because memory was used up"
            )
        if self.signal_number is not None:
            return f"was ended by {self.signal_name}{_CAUSES.get(self.signal_number, '')}"
        return f"exited with code {self.exit_code} before the step was over"


_CAUSES: dict[int, str] = {
    signal.SIGSEGV: ": it crashed, most likely in a library of C code (python -X faulthandler shows where)",
    signal.SIGABRT: ": it was aborted, most likely by a library of C code",
    signal.SIGBUS: ": it crashed, most likely because a mapped file or shared memory went away",
    signal.SIGFPE: ": it crashed in arithmetic of C code",
    signal.SIGILL: ": it met an instruction that this processor does not have",
    signal.SIGTERM: ": somebody asked it to stop",
}


class OutOfMemoryKills:
    """The count of processes that the kernel killed for want of memory, in the group of this process."""

    __slots__ = ("_file", "_last")

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or _memory_events_file()
        self._last = self._count()

    def has_grown(self) -> bool:
        """Return whether there was one since the last time this was asked."""
        count = self._count()
        grown = count > self._last
        self._last = count
        return grown

    def _count(self) -> int:
        if self._file is None:
            return 0
        try:
            text = self._file.read_text()
        except OSError:
            return 0
        for line in text.splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill" and number.strip().isdigit():
                return int(number)
        return 0


def _memory_events_file() -> Path | None:
    """Return where the kernel counts what it kills, for cgroups of both versions."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return None
    candidates: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            candidates.append(Path(f"/sys/fs/cgroup{path}/memory.events"))
        elif "memory" in controllers.split(","):
            candidates.append(Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control"))
    candidates += [
        Path("/sys/fs/cgroup/memory.events"),
        Path("/sys/fs/cgroup/memory/memory.oom_control"),
    ]
    return next((file for file in candidates if file.exists()), None)
