"""A run whose process is killed while a step runs, and goes on with ``dagster run resume``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

JOBS = """
import os, signal, time
from dagster import DynamicOut, DynamicOutput, job, op

def note(context):
    with open(os.environ["RAN"], "a") as ran:
        ran.write(context.get_step_execution_context().step.key + "\\n")

@op(out=DynamicOut())
def spread(context):
    note(context)
    for key in "abc":
        yield DynamicOutput(key, mapping_key=key)

@op
def each(context, part):
    note(context)
    if part == "b" and os.path.exists(os.environ["KILL"]):
        os.remove(os.environ["KILL"])
        os.kill(os.getpid(), signal.SIGKILL)
    return part * 2

@op
def join(context, parts):
    note(context)
    print("joined", "".join(parts))
    return "".join(parts)

@job
def parts():
    join(spread().map(each).collect())
"""
IN_PROCESS = '{"execution": {"config": {"in_process": {}}}}'


@pytest.mark.slow
def test_a_killed_run_goes_on_and_runs_no_success_again(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text(JOBS)
    (tmp_path / "home").mkdir()
    (tmp_path / "kill").touch()
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(tmp_path / "home"),
        "RAN": str(tmp_path / "ran"),
        "KILL": str(tmp_path / "kill"),
    }

    def dagster(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dagster", *args],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    killed = dagster("job", "execute", "-f", "parts.py", "--config-json", IN_PROCESS)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "ran").read_text().split() == ["spread", "each[a]", "each[b]"]
    (record,) = json.loads(dagster("run", "list", "--json").stdout)
    assert record["status"] == "STARTED"

    again = dagster("run", "resume", record["run_id"][:8])
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "ran").read_text().split()[3:] == ["each[b]", "each[c]", "join"]
    shown: dict[str, Any] = json.loads(dagster("run", "show", record["run_id"], "--json").stdout)
    assert shown["status"] == "SUCCESS"
    assert [step["status"] for step in shown["steps"]] == ["SUCCESS"] * 5
    refused = dagster("run", "resume", record["run_id"])
    assert refused.returncode == 2
    assert "It is over" in refused.stderr
