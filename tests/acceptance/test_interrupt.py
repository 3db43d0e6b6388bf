"""A real Ctrl-C in a real process: the run ends as canceled, and its resources are torn down."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagster import DagsterEventType, DagsterInstance
from dagster._core.events.payloads import ErrorSource
from tests.unit.process.processes import marked_processes, none_left

PROGRAM = """
import asyncio, sys, time
from dagster import DagsterInstance, job, op, resource
from dagster._core.errors import DagsterExecutionInterruptedError

def say(text):
    print(text, flush=True)

@resource
def outer(_):
    say("outer up")
    yield "outer"
    say("outer down")

@resource(required_resource_keys={"outer"})
def inner(_):
    say("inner up")
    try:
        yield "inner"
    finally:
        say("inner down")

def wait_for_the_signal():
    say("waiting")
    while True:
        time.sleep(60)

@op(required_resource_keys={"inner"})
def plain():
    wait_for_the_signal()

@op(required_resource_keys={"inner"})
def generator():
    try:
        wait_for_the_signal()
        yield
    finally:
        say("generator closed")

@op(required_resource_keys={"inner"})
async def coroutine():
    say("waiting")
    while True:
        await asyncio.sleep(60)

@op
def after(_x):
    say("never")

KIND = {"plain": plain, "generator": generator, "coroutine": coroutine}[sys.argv[1]]

@job(resource_defs={"outer": outer, "inner": inner})
def stopped():
    after(KIND())

if __name__ == "__main__":
    instance = DagsterInstance.ephemeral()
    try:
        stopped.execute_in_process(instance=instance)
    except DagsterExecutionInterruptedError:
        say("interrupted")
    (run,) = instance.get_runs()
    say(run.status.value)
    say([e.dagster_event_type.value for e in instance.all_logs(run.run_id) if e.step_key])
    say(instance.all_logs(run.run_id)[-1].dagster_event_type.value)
"""


@pytest.fixture
def started(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, str(program), request.param],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        start_new_session=True,
    ) as process:
        yield process
        process.kill()


def read_until(process: subprocess.Popen[str], line: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    for text in process.stdout:
        lines.append(text.rstrip("\n"))
        if lines[-1] == line:
            return lines
    raise AssertionError((lines, process.stderr and process.stderr.read()))


@pytest.mark.parametrize("started", ["plain", "generator", "coroutine"], indirect=True)
def test_ctrl_c_cancels_the_run(started: subprocess.Popen[str]) -> None:
    assert read_until(started, "waiting") == ["outer up", "inner up", "waiting"]
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=30)
    lines = out.splitlines()
    assert started.returncode == 0, err
    if lines[0] == "generator closed":
        lines = lines[1:]
    assert lines == [
        "inner down",
        "outer down",
        "interrupted",
        "CANCELED",
        "['STEP_START', 'STEP_FAILURE']",
        "PIPELINE_CANCELED",
    ]


class Started:
    """``dagster job execute`` of a job whose steps run in processes, in a terminal's group of its own."""

    def __init__(self, tmp_path: Path, job_name: str, config: str) -> None:
        self.mark = f"interrupt-{os.urandom(8).hex()}"
        self.home = tmp_path / "home"
        self.words = tmp_path / "words"
        self.home.mkdir()
        self.words.mkdir()
        config_file = tmp_path / "config.yaml"
        config_file.write_text(config)
        jobs = Path(__file__).with_name("interrupt_jobs.py")
        command = ["job", "execute", "-f", str(jobs), "-j", job_name, "-c", str(config_file)]
        self.process = subprocess.Popen(
            [sys.executable, str(jobs), *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                "DAGSTER_HOME": str(self.home),
                "WORDS": str(self.words),
                "MARK": self.mark,
            },
            start_new_session=True,
        )

    def said(self, start: str) -> dict[str, str]:
        """The words so far that start so, without that, and what they say."""
        return {file.name.removeprefix(start): file.read_text() for file in self.words.glob(f"{start}*")}

    def wait_for(self, start: str, count: int) -> dict[str, str]:
        """Wait until so many words that start so have been said."""
        deadline = time.monotonic() + 60
        while len(self.said(start)) < count:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise AssertionError(self.process.communicate())
            select.select([], [], [], 0.01)
        return self.said(start)

    def end(self) -> tuple[int, str, str, float]:
        """Wait for the end; return the exit code, both outputs and how long it took, in seconds."""
        started = time.monotonic()
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err, time.monotonic() - started

    def report(self) -> tuple[str, dict[str, list[str]]]:
        """The status of the run, and the errors of its failed steps."""
        with DagsterInstance.from_config(str(self.home)) as instance:
            (run,) = instance.get_runs()
            errors: dict[str, list[str]] = {}
            for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE):
                event = entry.dagster_event
                assert event is not None
                assert event.step_failure_data.error_source is ErrorSource.INTERRUPT
                errors.setdefault(str(event.step_key), []).append(
                    event.step_failure_data.error.to_string()
                )
            return run.status.value, errors


ISOLATED = "execution: {config: {multiprocess: {max_concurrent: 4}}}"
REUSED = "execution: {config: {multiprocess: {max_concurrent: 4, reuse_workers: true}}}"
SPAWNED = "execution: {config: {multiprocess: {max_concurrent: 3, start_method: {spawn: {}}}}}"


@pytest.fixture
def execute(tmp_path: Path) -> Iterator[Callable[[str, str], Started]]:
    started: list[Started] = []

    def execute(job_name: str, config: str) -> Started:
        started.append(Started(tmp_path, job_name, config))
        return started[-1]

    yield execute
    for one in started:
        one.process.kill()
        one.process.communicate()


Execute = Callable[[str, str], Started]


@pytest.mark.slow
@pytest.mark.parametrize("config", [ISOLATED, REUSED, SPAWNED], ids=["isolated", "reused", "spawned"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_steps_in_processes_end_with_their_resources(
    execute: Execute, number: signal.Signals, config: str
) -> None:
    started = execute("waiting", config)
    started.wait_for("waiting.", 3)
    if number == signal.SIGINT:
        # As a terminal does: to the whole group.
        os.killpg(started.process.pid, number)
    else:
        started.process.send_signal(number)
    code, out, err, seconds = started.end()
    assert seconds < 9, (out, err)  # and not after the time after which they are killed
    assert none_left(started.mark, 0) == {}
    assert code == 128 + number, err
    assert f"Interrupted by {number.name}: the run was canceled" in err
    status, errors = started.report()
    assert status == "CANCELED"
    assert set(errors) == {"waits_0", "waits_1", "waits_2"}
    for texts in errors.values():
        assert len(texts) == 1
        assert "Execution was interrupted by SIGTERM" in texts[0]
    assert started.said("down.").keys() == started.said("up.").keys()
    assert len(started.said("up.")) >= 3
    assert started.said("never") == {}


@pytest.mark.slow
def test_a_step_that_does_not_listen_is_killed(execute: Execute) -> None:
    started = execute("ignoring", ISOLATED)
    started.wait_for("waiting.", 2)
    started.process.send_signal(signal.SIGTERM)
    code, out, err, seconds = started.end()
    assert none_left(started.mark, 0) == {}
    assert code == 128 + signal.SIGTERM, err
    assert 3 <= seconds < 9, (out, err)
    status, errors = started.report()
    assert status == "CANCELED"
    assert "was ended, since the run was interrupted" in errors["ignores"][0]
    assert "Execution was interrupted by SIGTERM" in errors["waits"][0]
    pids = started.said("waiting.")
    assert f"down.{pids['waits']}" in {f"down.{pid}" for pid in started.said("down.")}
    assert pids["ignores"] not in started.said("down.")


@pytest.mark.slow
def test_an_impatient_user_does_not_wait(execute: Execute) -> None:
    started = execute("ignoring", ISOLATED)
    started.wait_for("waiting.", 2)
    os.killpg(started.process.pid, signal.SIGINT)
    # The first one was heard when the step that listens has torn its resource down.
    listener = started.said("waiting.")["waits"]
    started.wait_for(f"down.{listener}", 1)
    select.select([], [], [], 0.6)  # what comes within half a second is the same request
    os.killpg(started.process.pid, signal.SIGINT)
    code, _, err, _ = started.end()
    assert none_left(started.mark) == {}
    assert code == 128 + signal.SIGINT, err
    assert started.report()[0] == "CANCELED"


@pytest.mark.slow
@pytest.mark.parametrize("config", [ISOLATED, REUSED, SPAWNED], ids=["isolated", "reused", "spawned"])
def test_nothing_outlives_a_run_that_is_killed(execute: Execute, config: str) -> None:
    started = execute("waiting", config)
    started.wait_for("waiting.", 3)
    assert len(marked_processes(started.mark)) >= 1 + 1 + 3 + 3 * 3
    started.process.kill()
    started.process.wait()
    assert none_left(started.mark, 1) == {}
