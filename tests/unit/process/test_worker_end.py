"""Ends of processes, told apart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dagster._process.worker_end import OutOfMemoryKills, WorkerEnd


def status_of(code: str) -> int:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", code], os.environ)
    return os.waitpid(pid, 0)[1]


@pytest.mark.parametrize("code", [0, 1, 3, 117, 255])
def test_an_exit(code: int) -> None:
    end = WorkerEnd.of_wait_status(status_of(f"import os; os._exit({code})"))
    assert end == WorkerEnd(exit_code=code)
    assert end.signal_name is None
    assert end.describe() == f"exited with code {code} before the step was over"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "somebody killed it, or the system did because memory was used up"),
        (signal.SIGSEGV, "was ended by SIGSEGV: it crashed, most likely in a library of C code"),
        (signal.SIGABRT, "was ended by SIGABRT: it was aborted"),
        (signal.SIGBUS, "was ended by SIGBUS: it crashed"),
        (signal.SIGFPE, "was ended by SIGFPE: it crashed in arithmetic"),
        (signal.SIGILL, "was ended by SIGILL: it met an instruction"),
        (signal.SIGTERM, "was ended by SIGTERM: somebody asked it to stop"),
        (signal.SIGUSR1, "was ended by SIGUSR1"),
        (signal.SIGHUP, "was ended by SIGHUP"),
    ],
)
def test_a_signal(number: signal.Signals, words: str) -> None:
    status = status_of(
        "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); "
        f"os.kill(os.getpid(), {int(number)})"
    )
    end = WorkerEnd.of_wait_status(status)
    assert end == WorkerEnd(signal_number=number)
    assert end.signal_name == number.name
    assert words in end.describe()


def test_a_signal_without_a_name() -> None:
    number = signal.SIGRTMIN + 5
    assert WorkerEnd(signal_number=number).describe() == f"was ended by signal {number}"


def test_return_codes_of_subprocess() -> None:
    for code in ("import os; os._exit(4)", "import os; os.kill(os.getpid(), 9)"):
        process = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False)
        assert WorkerEnd.of_return_code(process.returncode) == WorkerEnd.of_wait_status(status_of(code))


def test_memory_used_up_only_counts_for_what_the_kernel_sends_then() -> None:
    killed = WorkerEnd.of_wait_status(signal.SIGKILL, out_of_memory=True)
    assert killed == WorkerEnd(signal_number=signal.SIGKILL, out_of_memory=True)
    assert killed.describe() == "was killed (SIGKILL) by the system because memory was used up"
    assert not WorkerEnd.of_wait_status(signal.SIGSEGV, out_of_memory=True).out_of_memory
    assert not WorkerEnd.of_wait_status(0, out_of_memory=True).out_of_memory


def test_one_that_could_not_be_started() -> None:
    end = WorkerEnd(start_error="Cannot allocate memory")
    assert end.describe() == "could not be started: Cannot allocate memory"


class TestOutOfMemoryKills:
    def test_version_2(self, tmp_path: Path) -> None:
        file = tmp_path / "memory.events"
        file.write_text("low 0\nhigh 7\nmax 3\noom 2\noom_kill 1\noom_group_kill 5\n")
        kills = OutOfMemoryKills(file)
        assert not kills.has_grown()
        file.write_text("low 0\nhigh 9\nmax 3\noom 3\noom_kill 2\noom_group_kill 9\n")
        assert kills.has_grown()
        assert not kills.has_grown()

    def test_version_1(self, tmp_path: Path) -> None:
        file = tmp_path / "memory.oom_control"
        file.write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 0\n")
        kills = OutOfMemoryKills(file)
        file.write_text("oom_kill_disable 0\nunder_oom 1\noom_kill 0\n")
        assert not kills.has_grown()
        file.write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n")
        assert kills.has_grown()

    @pytest.mark.parametrize("text", ["", "oom_kill", "oom_kill many", "something else\n"])
    def test_a_file_that_says_nothing(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "memory.events"
        file.write_text(text)
        kills = OutOfMemoryKills(file)
        assert not kills.has_grown()
        file.unlink()
        assert not kills.has_grown()

    def test_this_machine(self) -> None:
        # Whether there is a count or not: nothing was killed just now.
        kills = OutOfMemoryKills()
        assert not kills.has_grown()
