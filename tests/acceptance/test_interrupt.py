"""A real Ctrl-C in a real process: the run ends as canceled, and its resources are torn down."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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
