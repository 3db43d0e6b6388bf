"""stdout and stderr into files, while everything is shown as before. Each case is a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from dagster._process import output_capture

SOURCES = str(Path(output_capture.__file__).parents[2])
PREAMBLE = """
import contextlib, io, os, subprocess, sys, threading, time
from dagster._process.output_capture import OutputCapture, show_captured

def files(name):
    return [lambda flags, kind=kind: os.open(f"{name}.{kind}", flags, 0o600) for kind in ("out", "err")]

def capture(name):
    return OutputCapture(*files(name))

def read(name):
    with open(name, "rb") as file:
        return file.read()
"""


@pytest.fixture
def run(tmp_path: Path):
    def run(code: str, **options) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-c", PREAMBLE + textwrap.dedent(code)],
            cwd=tmp_path,
            capture_output=options.pop("capture_output", True),
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": SOURCES},
            **options,
        )

    return run


def test_it_is_kept_and_shown(run, tmp_path: Path) -> None:
    done = run("""
        print("before")
        with capture("log"):
            print("out")
            print("err", file=sys.stderr)
            subprocess.run("echo child; echo its error >&2", shell=True)
            os.write(1, b"raw")
        print("after")
    """)
    assert done.stderr == b"err\nits error\n"
    kept = (tmp_path / "log.out").read_bytes()
    assert sorted(kept) == sorted(b"out\nchild\nraw")
    assert done.stdout == b"before\n" + kept + b"after\n"
    assert (tmp_path / "log.err").read_bytes() == b"err\nits error\n"


def test_it_is_shown_while_it_goes_on(run) -> None:
    done = run("""
        base = os.dup(1)
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        with capture("log"):
            print("now", flush=True)
            shown = os.read(reader, 100)  # the thread shows it
        os.write(base, shown)
    """)
    assert done.stdout == b"now\n"


def test_a_killed_process_loses_nothing(run, tmp_path: Path) -> None:
    done = run("""
        capture("log").open()
        os.write(1, b"x" * 1_000_000 + b"last words")
        os.kill(os.getpid(), 9)
    """)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "log.out").read_bytes().endswith(b"last words")


def test_a_child_that_lives_longer_writes_on(run, tmp_path: Path) -> None:
    done = run("""
        with capture("log"):
            child = subprocess.Popen("read line; echo late $line", shell=True, stdin=subprocess.PIPE)
        child.communicate(b"words\\n")
        assert child.returncode == 0
        print("over")
    """)
    assert done.stdout == b"over\n", done.stderr
    assert (tmp_path / "log.out").read_bytes() == b"late words\n"


def test_much_is_not_too_much(run, tmp_path: Path) -> None:
    done = run("""
        with capture("log"):
            for number in range(3):
                os.write(1, bytes([97 + number]) * 1_000_000)
    """)
    assert done.stdout == (tmp_path / "log.out").read_bytes()
    assert len(done.stdout) == 3_000_000


def test_a_closed_stdout_stays_closed(run, tmp_path: Path) -> None:
    done = run("""
        os.close(1)
        with capture("log"):
            os.write(1, b"kept")
        try:
            os.fstat(1)
        except OSError:
            print("closed", file=sys.stderr)
        sys.stdout = None
    """)
    assert done.stderr == b"closed\n"
    assert (tmp_path / "log.out").read_bytes() == b"kept"


def test_a_reader_that_has_gone_disturbs_nobody(run, tmp_path: Path) -> None:
    done = run("""
        reader, writer = os.pipe()
        os.dup2(writer, 1)
        os.close(writer)
        os.close(reader)
        with capture("log"):
            os.write(1, b"one")
            show_captured()
            os.write(1, b"two")
        print("fine", file=sys.stderr)
        sys.stdout = None
    """)
    assert done.stderr == b"fine\n"
    assert (tmp_path / "log.out").read_bytes() == b"onetwo"


def test_a_forked_child_has_no_part_in_it(run, tmp_path: Path) -> None:
    done = run("""
        with capture("log") as opened:
            child = os.fork()
            if child == 0:
                assert opened.close() is False
                with capture("child"):
                    os.write(1, b"of the child\\n")
                os._exit(0)
            os.waitpid(child, 0)
            os.write(1, b"of the parent\\n")
    """)
    both = b"of the child\nof the parent\n"
    assert done.stdout == both, done.stderr
    assert (tmp_path / "log.out").read_bytes() == both
    assert (tmp_path / "child.out").read_bytes() == b"of the child\n"


def test_a_stream_that_leads_elsewhere_gets_what_it_gets(run, tmp_path: Path) -> None:
    done = run("""
        cell = io.StringIO()
        with contextlib.redirect_stdout(cell):
            with capture("outer"):
                print("in the cell")
                with capture("inner"):
                    print("in both")
                    os.write(1, b"on the terminal\\n")
                sys.stdout.writelines(["a", "b"])
                assert sys.stdout.getvalue().endswith("ab")
            assert sys.stdout is cell
        assert cell.getvalue() == "in the cell\\nin both\\nab", cell.getvalue()
    """)
    assert done.stdout == b"on the terminal\n", done.stderr
    assert (tmp_path / "inner.out").read_bytes() == b"in both\non the terminal\n"
    assert (tmp_path / "outer.out").read_bytes() == b"in the cell\nin both\non the terminal\nab"


def test_bytes_of_such_a_stream_are_kept_too(run, tmp_path: Path) -> None:
    run("""
        sys.stdout = io.TextIOWrapper(io.BytesIO())
        with capture("log"):
            sys.stdout.buffer.write(b"bytes")
    """)
    assert (tmp_path / "log.out").read_bytes() == b"bytes"


def test_a_stand_in_that_has_the_descriptor_only_lent_is_known(run, tmp_path: Path) -> None:
    """The display of the command line prints above itself, and lends the descriptor of the terminal."""
    run("""
        class Above:
            bypasses_descriptor = True
            def write(self, text):
                return len(text)
            def __getattr__(self, name):
                return getattr(sys.__stdout__, name)
        class Wrapper:
            def __getattr__(self, name):
                return getattr(sys.__stdout__, name)
        sys.stdout = Above()
        with capture("above"):
            print("once")
        sys.stdout = Wrapper()
        with capture("wrapper"):
            print("once")
    """)
    assert (tmp_path / "above.out").read_bytes() == b"once\n"
    assert (tmp_path / "wrapper.out").read_bytes() == b"once\n"


def test_what_cannot_be_opened_changes_nothing(run) -> None:
    done = run("""
        def refuse(flags):
            raise PermissionError("no")
        before = len(os.listdir("/proc/self/fd"))
        for opener in ([refuse, files("log")[1]], [files("log")[0], refuse]):
            try:
                OutputCapture(*opener)
            except PermissionError:
                print("refused")
        assert len(os.listdir("/proc/self/fd")) == before
        for _ in range(3):
            with capture("log"):
                pass
        assert len(os.listdir("/proc/self/fd")) == before
    """)
    assert done.stdout == b"refused\nrefused\n", done.stderr


def test_threads_may_capture_at_the_same_time(run, tmp_path: Path) -> None:
    done = run("""
        def work(name):
            for _ in range(20):
                with capture(name):
                    os.write(1, name.encode())
        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        os.write(1, b"!")
    """)
    assert sorted(done.stdout) == sorted(b"abcd" * 20 + b"!"), done.stderr
    assert done.stdout.endswith(b"!")


@pytest.mark.parametrize("slack", [0, 4_000_000])
def test_what_is_too_much_is_shown_and_not_kept(run, tmp_path: Path, slack: int) -> None:
    done = run(f"""
        from dagster._process import output_capture
        output_capture.SLACK_BYTES = {slack}
        with OutputCapture(*files("log"), max_bytes=10):
            for number in range(100):
                os.write(1, b"%09d\\n" % number)
                if number % 7 == 0:
                    show_captured()
                if number == 50:
                    print("from python", flush=True)
                    subprocess.run("echo of a child", shell=True)
            os.write(2, b"little")
        print("after")
    """)
    assert done.returncode == 0, done.stderr
    dropped = 99 * 10 + len(b"from python\nof a child\n")
    assert (tmp_path / "log.out").read_text().splitlines() == [
        "000000000",
        f"[dagster] {dropped:,} more bytes were written here and not kept: max_bytes_per_stream is 10.",
    ]
    assert (tmp_path / "log.err").read_bytes() == done.stderr == b"little"
    lines = done.stdout.decode().splitlines()
    assert lines[:3] == ["000000000", "000000001", "000000002"]
    assert len(lines) == 103
    assert lines[51:53] == ["from python", "of a child"]
    assert lines[-1] == "after"


def test_the_outer_of_two_has_its_own_limit(run, tmp_path: Path) -> None:
    done = run("""
        from dagster._process import output_capture
        output_capture.SLACK_BYTES = 0
        with OutputCapture(*files("outer"), max_bytes=6):
            with OutputCapture(*files("inner"), max_bytes=3):
                os.write(1, b"123456789")
        cell = sys.stdout = io.StringIO()
        with OutputCapture(*files("cell"), max_bytes=6):
            print("in the cell")
            show_captured()
            print("and more")
        sys.stdout = sys.__stdout__
        print(cell.getvalue(), end="")
    """)
    assert done.stdout == b"123456789in the cell\nand more\n", done.stderr
    assert (tmp_path / "inner.out").read_bytes().startswith(b"123\n[dagster] 6 more bytes")
    assert (tmp_path / "outer.out").read_bytes().startswith(b"123456\n[dagster] 3 more bytes")
    assert (tmp_path / "cell.out").read_bytes().startswith(b"in the\n[dagster] 15 more bytes")
