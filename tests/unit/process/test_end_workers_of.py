"""What is left of workers whose process was killed together with their forkserver."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from dagster._process import descent
from dagster._process.workers import MARK, end_workers_of
from tests.unit.process.processes import has_ended

Leave = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def leave() -> Iterator[Leave]:
    """Leaves a process running that has a mark."""
    left: list[subprocess.Popen[bytes]] = []

    def leave(mark: str) -> subprocess.Popen[bytes]:
        left.append(subprocess.Popen(["sleep", "1000"], env={**os.environ, MARK: mark}))
        return left[-1]

    yield leave
    for process in left:
        process.kill()
        process.wait()


def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_those_of_a_process_that_is_gone_are_ended(leave: Leave) -> None:
    pid = dead()
    first, second, other = leave(f"{pid}-ab12"), leave(f"{pid}-cd34"), leave(f"{pid}1-ab12")
    end_workers_of(pid)
    assert has_ended(first.pid)
    assert has_ended(second.pid)
    assert other.poll() is None


def test_those_of_a_process_that_lives_are_left_alone(
    leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = leave(f"{os.getpid()}-ab12")
    end_workers_of(os.getpid())
    theirs = leave("1-ab12")

    def forbid(_pid: int, _number: int) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(os, "kill", forbid)
        end_workers_of(1)
    assert mine.poll() is theirs.poll() is None


def test_those_of_another_container_are_left_alone(
    leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = dead()
    process = leave(f"{pid}-ab12")
    monkeypatch.setattr(descent, "_namespace_of", lambda number: f"pid:[{number}]")
    end_workers_of(pid)
    assert process.poll() is None
