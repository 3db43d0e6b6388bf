"""The command line in real processes: exit codes, signals, pipes, a pseudo terminal, how long it takes."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DAGSTER = [sys.executable, "-c", "from dagster._cli.main import main; main()"]
LIMIT_SECONDS = 30

SLOW = """
    import sys, time
    from dagster import job, op, resource

    @resource
    def store(_context):
        print("store open", flush=True)
        yield 1
        print("store closed", flush=True)

    @op(required_resource_keys={"store"})
    def wait(context):
        context.log.info("waiting now")
        time.sleep(60)

    @op
    def after(x): ...

    @job(resource_defs={"store": store})
    def slow():
        after(wait())
"""
QUICK = """
    import subprocess, sys
    from dagster import job, op

    @op
    def load(context):
        context.log.info("a message of the run")
        print("a print")
        subprocess.run(["echo", "a child process"])
        return 1

    @op
    def fail(x):
        raise ValueError("no such flight")

    @op
    def after(x): ...

    @job
    def good():
        load()

    @job
    def bad():
        after(fail(load()))
"""


@pytest.fixture(autouse=True)
def user_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    (tmp_path / "slow.py").write_text(textwrap.dedent(SLOW), encoding="utf-8")
    (tmp_path / "quick.py").write_text(textwrap.dedent(QUICK), encoding="utf-8")


def dagster(*args: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DAGSTER, *args], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False, **options
    )


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--help",), 0),
        (("job", "execute", "-f", "quick.py", "-j", "good"), 0),
        (("job", "execute", "-f", "quick.py", "-j", "bad"), 1),
        (("job", "execute", "-f", "quick.py"), 2),
        (("job", "execute", "-f", "quick.py", "--what"), 2),
        (("job", "execute", "-f", "missing.py"), 2),
    ],
)
def test_exit_codes(args, code):
    assert dagster(*args).returncode == code


def test_python_m_dagster_does_the_same():
    args = ("job", "list", "-f", "quick.py")
    done = subprocess.run(
        [sys.executable, "-m", "dagster", *args], capture_output=True, text=True, check=True
    )
    assert done.stdout == dagster(*args).stdout


def test_piped_output_is_plain_lines_in_order():
    done = dagster("job", "execute", "-f", "quick.py", "-j", "bad")
    assert "\x1b" not in done.stdout + done.stderr
    steps = [re.sub(r" +", " ", line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert [re.sub(r" [0-9.]+(µs|ms|s)", " TIME", line) for line in steps] == [
        "[1/3] ok load TIME",
        "[2/3] FAILED fail TIME ValueError: no such flight",
        "[2/3] not run after a step before it failed",
    ]
    assert "a print\n" in done.stdout
    assert "a message of the run" in done.stderr
    assert done.stderr.count("Traceback") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupts_cancel_the_run_and_tear_resources_down(number, code):
    command = [*DAGSTER, "job", "execute", "-f", "slow.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "waiting now" in process.stderr.readline()
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == code
    assert "store open" in stdout
    assert "store closed" in stdout
    assert "of slow: CANCELED in" in stdout
    assert "  1 step canceled, 1 not run\n" in stdout
    assert (
        stderr
        == f"Interrupted by {number.name}: the run was canceled and its resources are torn down.\n"
    )


class Terminal:
    """A command under a pseudo terminal, and what it has written."""

    def __init__(self, *args: str) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execv(DAGSTER[0], [*DAGSTER, *args])
        self.output = ""
        self.exit_code: int | None = None
        self.deadline = time.monotonic() + LIMIT_SECONDS

    def read(self) -> bool:
        assert time.monotonic() < self.deadline, self.output
        if not select.select([self.descriptor], [], [], 1.0)[0]:
            return True
        try:
            data = os.read(self.descriptor, 65536)
        except OSError:  # the other end is closed
            return False
        self.output += data.decode()
        return bool(data)

    def wait_for(self, text: str) -> None:
        while text not in self.output:
            assert self.read(), self.output

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def finish(self) -> int:
        while self.read():
            pass
        return self.wait()

    def wait(self) -> int:
        if self.exit_code is None:
            os.close(self.descriptor)
            self.exit_code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.exit_code

    @property
    def screen(self) -> list[str]:
        """What a person sees in the end: rows, with what was erased left out."""
        rows: list[list[str]] = [[]]
        row = column = 0
        for match in re.finditer(r"\x1b\[([?\d;]*)([A-Za-z])|[^\x1b]", self.output):
            text = match[0]
            if text == "\r":
                column = 0
            elif text == "\n":
                row += 1
                rows += [[]] * (row + 1 - len(rows))
                rows[row] = list(rows[row])
            elif match[2] == "A":
                row = max(0, row - int(match[1] or 1))
            elif match[2] == "K":
                rows[row] = [] if match[1] == "2" else rows[row][:column]
            elif match[2] == "J":
                rows[row:] = [rows[row][:column]]
            elif match[2] is None:
                rows[row] += [" "] * (column + 1 - len(rows[row]))
                rows[row][column] = text
                column += 1
        return ["".join(cells).rstrip() for cells in rows]


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    started: list[Terminal] = []

    def start(*args: str) -> Terminal:
        started.append(Terminal(*args))
        return started[-1]

    yield start
    for command in started:
        if command.exit_code is None:
            os.kill(command.pid, signal.SIGKILL)
            command.wait()


def test_an_interrupt_that_a_step_catches_stops_the_run_before_the_next_step(tmp_path):
    code = (tmp_path / "slow.py").read_text(encoding="utf-8")
    body = '    context.log.info("waiting now")\n    time.sleep(60)\n'
    caught = code.replace(
        body, f"    try:\n{textwrap.indent(body, '    ')}    except BaseException: pass\n"
    )
    assert caught != code
    (tmp_path / "slow.py").write_text(caught, encoding="utf-8")
    command = [*DAGSTER, "job", "execute", "-f", "slow.py"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "waiting now" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == 130
    assert "store closed" in stdout
    assert "of slow: CANCELED in" in stdout
    assert "  1 step succeeded, 1 canceled\n" in stdout


@pytest.mark.parametrize(
    ("redirection", "code", "error"),
    [
        (">&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        ("> /dev/full", 1, "Error: [Errno 28] No space left on device\n"),
    ],
)
def test_streams_that_are_closed_or_full(redirection, code, error, tmp_path):
    shell = f"{sys.executable} -m dagster job execute -f quiet.py {redirection}"
    (tmp_path / "quiet.py").write_text(
        textwrap.dedent(
            """
            from dagster import job, op

            @op
            def write():
                print("into the void")
                with open("written", "w") as file:
                    file.write("only this")

            @job
            def quiet():
                write()
            """
        ),
        encoding="utf-8",
    )
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, error)
    if not error:
        # Not what was printed: the file must not have got the descriptor of a closed stream.
        assert (tmp_path / "written").read_text(encoding="utf-8") == "only this"


class TestTerminal:
    def test_the_display_and_what_is_written_do_not_garble_each_other(self, terminal):
        command = terminal("job", "execute", "-f", "quick.py", "-j", "bad")
        assert command.finish() == 1
        screen = command.screen
        at = {text: next(i for i, row in enumerate(screen) if text in row) for text in (
            "a message of the run", "a print", "a child process", "✓ load", "✗ fail", "· after", "Traceback",
            "of bad: FAILURE",
        )}  # fmt: skip
        assert list(at.values()) == sorted(at.values())
        assert screen[at["a print"]] == "a print"
        assert re.search(r"\x1b\[32mINFO *\x1b\[0m", command.output), "messages keep their colours"
        assert screen[at["a child process"]] == "a child process"
        assert re.fullmatch(r"✗ fail   \S+  ValueError: no such flight", screen[at["✗ fail"]])
        assert not any("steps  " in row or "waiting:" in row for row in screen), "the display is gone"
        assert "\x1b[?25h" in command.output, "the cursor is back"

    def test_ctrl_c(self, terminal):
        command = terminal("job", "execute", "-f", "slow.py")
        command.wait_for("0/2 steps")
        command.wait_for("waiting now")
        command.type("\x03")
        assert command.finish() == 130
        screen = "\n".join(command.screen)
        assert "store closed" in screen
        assert "■ wait" in screen
        assert "Interrupted by SIGINT: the run was canceled and its resources are torn down." in screen
        assert "Traceback" not in screen

    def test_a_step_that_asks_gets_the_terminal(self, terminal, tmp_path):
        (tmp_path / "asking.py").write_text(
            textwrap.dedent(
                """
                from dagster import job, op

                @op
                def ask():
                    print("hello,", input("name? "))

                @job
                def asking():
                    ask()
                """
            ),
            encoding="utf-8",
        )
        command = terminal("job", "execute", "-f", "asking.py")
        command.wait_for("name? ")
        command.type("bob\n")
        assert command.finish() == 0
        assert "hello, bob" in command.screen

    def test_the_progress_bar_of_a_step_is_shown_before_its_line_ends(self, terminal, tmp_path):
        (tmp_path / "bars.py").write_text(
            textwrap.dedent(
                """
                import os, sys, time
                from dagster import job, op

                @op
                def bar():
                    sys.stderr.write("\\r 10%")
                    sys.stderr.write("\\r 20%")
                    while not os.path.exists("seen"):
                        time.sleep(0.01)
                    print("\\rdone")

                @job
                def bars():
                    bar()
                """
            ),
            encoding="utf-8",
        )
        command = terminal("job", "execute", "-f", "bars.py")
        command.wait_for(" 20%")
        (tmp_path / "seen").touch()
        assert command.finish() == 0
        assert "done" in command.screen

    def test_no_color_is_plain(self, terminal, monkeypatch):
        monkeypatch.setenv("NO_COLOR", "1")
        command = terminal("job", "execute", "-f", "quick.py", "-j", "good")
        assert command.finish() == 0
        assert "\x1b" not in command.output
        assert "[1/1] ok       load" in command.output


@pytest.mark.parametrize(
    ("program", "banned"),
    [
        ("from dagster._cli.main import cli", ("dagster._core", "rich", "pydantic", "yaml", "json")),
        ("import dagster._cli.run_command", ("rich", "pydantic", "yaml", "asyncio", "fsspec")),
    ],
)
def test_what_is_loaded(program, banned):
    lines = f"import sys\n{program}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert [
        name for name in loaded if name.startswith(tuple(f"{b}." for b in banned)) or name in banned
    ] == []
