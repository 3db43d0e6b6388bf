"""What was acknowledged is there after ``kill -9``, once and in order, and the row agrees with it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from dagster._core.events.event_type import DagsterEventType
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.run import DagsterRunStatus

Type = DagsterEventType


def test_a_killed_worker_leaves_what_it_had_acknowledged(durable: DagsterInstance) -> None:
    program = str(Path(__file__).with_name("crashing_writer.py"))
    done = subprocess.run(
        [sys.executable, program, durable.get_ref().to_json()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    run = durable.get_run_by_id("crashed")
    assert run is not None
    assert run.status is DagsterRunStatus.STARTED
    kinds = [entry.dagster_event_type for entry in durable.all_logs("crashed")]
    # The first step had ended, and the second begun: all of the first is there, once.
    assert kinds[0] is Type.RUN_START
    assert kinds.count(Type.STEP_SUCCESS) == 1
    assert kinds.count(Type.STEP_OUTPUT) == 1
    assert kinds.index(Type.STEP_START) < kinds.index(Type.STEP_OUTPUT) < kinds.index(Type.STEP_SUCCESS)
    durable.report_run_failed(run)
    assert durable.get_runs()[0].status is DagsterRunStatus.FAILURE
