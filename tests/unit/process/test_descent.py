"""Whose child is whose."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator

import pytest

from dagster._process import descent
from tests.unit.process.processes import has_ended, still_there

#: Other tests that run at the same time have trees of their own, which are not to be killed.
HERE = f"here-{os.getpid()}-"

TREE = """
import os, subprocess, sys, time
children = [subprocess.Popen(["sleep", "1000"]), subprocess.Popen(["sleep", "1000"], start_new_session=True)]
nested = subprocess.Popen([sys.executable, "-I", "-S", "-c", '''
import subprocess, time
print(subprocess.Popen(["sleep", "1000"], start_new_session=True).pid, flush=True)
time.sleep(1000)
'''], stdout=subprocess.PIPE)
print(*[child.pid for child in children], nested.pid, int(nested.stdout.readline()), flush=True)
time.sleep(1000)
"""


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[int]]]:
    """A process, and its two children, its third one, and that one's child."""
    monkeypatch.setenv("DESCENT_TEST", HERE)
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", TREE], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        yield process.pid, pids
        for pid in (process.pid, *pids):
            descent.signal_process(pid, signal.SIGKILL)


def test_children_and_descendants(tree: tuple[int, list[int]]) -> None:
    root, pids = tree
    assert descent.children_of(root) == set(pids[:3])
    assert descent.descendants_of(root) == set(pids)
    assert root in descent.children_of(os.getpid())
    assert descent.children_of(pids[0]) == set()


def test_sessions(tree: tuple[int, list[int]]) -> None:
    root, pids = tree
    assert [descent.session_of(pid) for pid in pids] == [root, pids[1], root, pids[3]]


def test_a_family_is_killed_whatever_its_sessions(tree: tuple[int, list[int]]) -> None:
    root, pids = tree
    descent.kill_family(root)
    assert still_there([root, *pids]) == []


def test_those_with_a_mark_are_killed(tree: tuple[int, list[int]]) -> None:
    root, pids = tree
    descent.kill_marked(f"DESCENT_TEST={HERE[:-1]}")
    assert not has_ended(root, 0)
    descent.kill_marked(f"DESCENT_TEST={HERE}")
    assert still_there([root, *pids]) == []


def test_processes_that_are_gone() -> None:
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    process.wait()
    assert descent.children_of(process.pid) == set()
    assert descent.session_of(process.pid) == 0
    descent.signal_process(process.pid, signal.SIGKILL)
    descent.signal_group(process.pid, signal.SIGKILL)
    descent.kill_family(process.pid)


def run(program: str) -> str:
    prelude = "import os, signal, subprocess, sys, time\nfrom dagster._process import descent\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ).stdout


def test_a_subreaper_gets_orphans() -> None:
    out = run("""
        print(descent.become_subreaper())
        subprocess.run(["sh", "-c", "sleep 1000 >/dev/null & setsid sleep 1000 >/dev/null &"], check=True)
        orphans = descent.children_of(os.getpid())
        print(len(orphans))
        for orphan in orphans:
            os.kill(orphan, signal.SIGKILL)
            os.waitpid(orphan, 0)
        """)
    assert out.split() == ["True", "2"]


def test_dying_with_the_parent_and_outliving_it() -> None:
    out = run("""
        reader, writer = os.pipe()
        parent = os.fork()
        if parent == 0:
            own = os.getpid()
            for outlives in (False, True):
                if os.fork() == 0:
                    descent.die_with_parent(own)
                    if outlives:
                        descent.outlive_parent()
                    os.write(writer, b"%d\\n" % os.getpid())
                    time.sleep(1000)
                    os._exit(0)
            time.sleep(1000)
        descent.become_subreaper()
        pids = []
        while len(pids) < 2:
            pids += [int(pid) for pid in os.read(reader, 100).split()]
        of_parent = set(pids)
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        # The one that does not outlive it is killed by the kernel, and waited for here.
        pid, status = os.waitpid(-1, 0)
        print(pid in of_parent, os.WTERMSIG(status), len(descent.children_of(os.getpid())))
        for left in descent.children_of(os.getpid()):
            os.kill(left, signal.SIGKILL)
        """)
    assert out.split() == ["True", "9", "1"]


def test_a_parent_that_has_ended_already() -> None:
    out = run("""
        pid = os.fork()
        if pid == 0:
            descent.die_with_parent(1 << 30)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """)
    assert out.split() == ["1"]


def test_one_that_is_just_being_started_is_looked_at_again(
    tree: tuple[int, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a moment it has no environment: the one of its parent is gone, its own is not there yet."""
    _, (child, *_) = tree
    real = descent._environment_of
    looks: list[int] = []

    def environment_of(pid: int) -> list[bytes]:
        if pid == child:
            looks.append(pid)
            if len(looks) <= 2:
                return [b""]
        return real(pid)

    monkeypatch.setattr(descent, "_environment_of", environment_of)
    monkeypatch.setattr(descent, "_is_between_programs", lambda pid: pid == child and len(looks) <= 2)
    descent.kill_marked(f"DESCENT_TEST={HERE}")
    assert len(looks) == 3
    assert has_ended(child)
