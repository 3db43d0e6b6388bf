"""Runs on instances that outlive the process: another process reads all of it, whatever happened to the first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from dagster import (
    AssetKey,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    RunsFilter,
    execute_job,
    reconstructable,
)
from dagster._cli.main import cli
from dagster._core.storage.runs import SqlRunStorage
from tests.acceptance.nightly_jobs import bad, good
from tests.storage.services import MYSQL, POSTGRESQL, own_schema

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("nightly_jobs.py")
Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=["sqlite", "consolidated", POSTGRESQL, MYSQL])
def home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    config: dict[str, Any] = {}
    if request.param == "consolidated":
        config["event_log_storage"] = {
            "module": "dagster._core.storage.event_log",
            "class": "ConsolidatedSqliteEventLogStorage",
            "config": {"base_dir": str(tmp_path / "events")},
        }
    if request.param not in (POSTGRESQL, MYSQL):
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
        yield tmp_path
        return
    with own_schema(request.param) as url:
        text = url.render_as_string(hide_password=False)
        key = "postgres" if request.param == POSTGRESQL else "mysql"
        config["storage"] = {key: {f"{key}_url": text}}
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
        yield tmp_path


@pytest.fixture
def program(home: Path) -> Program:
    def run_program(*args: str) -> subprocess.CompletedProcess[str]:
        root = PROGRAM.parents[2]
        path = os.pathsep.join([str(root / "src"), str(root)])
        return subprocess.run(
            [sys.executable, str(PROGRAM), *args],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run_program


def report(program: Program) -> dict[str, Any]:
    done = program("report")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_another_process_reads_what_execute_job_did(home: Path, program: Program) -> None:
    with DagsterInstance.get() as instance:
        with execute_job(reconstructable(good), instance=instance, tags={"day": "monday"}) as result:
            assert result.success
            assert result.output_for_node("total") == 6
            run_id = result.run_id
        with execute_job(reconstructable(bad), instance=instance) as failed:
            assert not failed.success
    found = report(program)
    second, first = found["runs"]
    assert (first["job"], first["status"], first["ended"]) == ("good", "SUCCESS", True)
    assert first["tags"] == {"team": "core", "day": "monday"}
    assert first["steps"] == {"load": "SUCCESS", "total": "SUCCESS"}
    assert first["counts"] == [2, 0, 1]
    assert first["has_snapshot"]
    assert first["events"][0] == "RUN_START"
    assert first["events"][-1] == "RUN_SUCCESS"
    assert first["events"].count("loading") == 1
    assert first["events"].index("ASSET_MATERIALIZATION") < first["events"].index("STEP_SUCCESS")
    assert (second["job"], second["status"]) == ("bad", "FAILURE")
    assert second["steps"] == {"load": "SUCCESS", "fail": "FAILURE"}
    assert second["events"][-1] == "RUN_FAILURE"
    assert found["assets"] == [["shop/orders", failed.run_id, "monday"]]
    assert run_id != failed.run_id


def test_we_read_what_another_process_did(home: Path, program: Program) -> None:
    done = program("good")
    assert done.returncode == 0, done.stderr
    run_id = done.stdout.strip()
    with DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        assert run.status is DagsterRunStatus.SUCCESS
        assert instance.get_run_ids(RunsFilter(tags={"team": "core"})) == [run_id]
        event = instance.get_latest_materialization_event(AssetKey(["shop", "orders"]))
        assert event is not None
        assert event.run_id == run_id


def test_in_process_runs_are_kept_too(home: Path, program: Program) -> None:
    with DagsterInstance.get() as instance:
        result = good.execute_in_process(instance=instance)
        assert result.output_for_node("total") == 6
        assert bad.execute_in_process(instance=instance, raise_on_error=False).success is False
        kept = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event]
        assert [event.event_type for event in kept] == [event.event_type for event in result.all_events]
    assert [run["status"] for run in report(program)["runs"]] == ["FAILURE", "SUCCESS"]


def test_a_run_that_was_killed_can_be_looked_at_and_ended(home: Path, program: Program) -> None:
    done = program("killed")
    assert done.returncode == -signal.SIGKILL
    found = report(program)
    (run,) = found["runs"]
    assert (run["job"], run["status"], run["ended"]) == ("killed", "STARTED", False)
    # Everything up to the last step that ended is there, and what it made is known.
    assert run["steps"]["load"] == "SUCCESS"
    assert run["counts"] == [1, 0, 1]
    assert [asset[0] for asset in found["assets"]] == ["shop/orders"]
    with DagsterInstance.get() as instance:
        (stored,) = instance.get_runs()
        instance.report_run_failed(stored, "Its process is gone.")
    (run,) = report(program)["runs"]
    assert (run["status"], run["ended"]) == ("FAILURE", True)
    assert run["events"][-1] == "RUN_FAILURE"
    assert program("good").returncode == 0


def test_a_run_that_was_killed_while_it_was_canceled_ends_as_canceled(
    home: Path, program: Program
) -> None:
    assert program("killed").returncode == -signal.SIGKILL
    with DagsterInstance.get() as instance:
        (stored,) = instance.get_runs()
        instance.report_run_canceling(stored)
    listed = CliRunner().invoke(cli, ["run", "list"])
    assert "CANCELING, worker gone" in listed.stdout
    # The code of the run is not needed to end it.
    done = CliRunner().invoke(cli, ["run", "resume", stored.run_id[:8]])
    assert done.exit_code == 1
    assert "It was told to stop, and its process (" in done.stdout
    assert f"dagster run reexecute {stored.run_id[:8]} --from-failure" in done.stdout
    (run,) = report(program)["runs"]
    assert (run["status"], run["ended"]) == ("CANCELED", True)
    assert run["events"][-1] == "RUN_CANCELED"
    again = CliRunner().invoke(cli, ["run", "resume", stored.run_id[:8]])
    assert again.exit_code == 2
    assert "cannot be resumed: expected it to be in status STARTED, it is in status CANCELED" in (
        " ".join(again.stderr.split())
    )


def test_a_row_that_a_kill_left_behind_its_log_is_mended_when_it_is_looked_at(
    home: Path, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold = SqlRunStorage.handle_run_event

    def until_killed(self: Any, run_id: str, event: Any, *args: Any) -> None:
        if event.event_type is DagsterEventType.RUN_SUCCESS:
            os.kill(os.getpid(), signal.SIGKILL)
        fold(self, run_id, event, *args)

    with DagsterInstance.get() as instance:
        # Where the row and the log are one transaction, nothing can be left behind, and nobody is killed.
        expected = 0 if instance.event_log_storage.handles_run_events_in_store_event else -signal.SIGKILL
    with monkeypatch.context() as patch:
        patch.setattr(SqlRunStorage, "handle_run_event", until_killed)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with DagsterInstance.get() as instance:
                    execute_job(reconstructable(good), instance=instance)
                code = 0
            finally:
                os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == expected
    (run,) = report(program)["runs"]
    assert (run["status"], run["ended"], run["events"][-1]) == ("SUCCESS", True, "RUN_SUCCESS")


def test_the_command_line_reads_all_of_it(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with DagsterInstance.get() as instance:
        run_id = good.execute_in_process(instance=instance).run_id
        failed = bad.execute_in_process(instance=instance, raise_on_error=False).run_id
    file = str(tmp_path_factory.mktemp("exported") / "run.gz")
    assert [run["run_id"] for run in json.loads(command("run", "list", "--json"))] == [failed, run_id]
    assert "ValueError: not 3" in command("run", "show", failed[:13])
    log = command("run", "logs", run_id, "--follow")
    assert "loading" in log
    assert "shop/orders" in command("asset", "list")
    command("debug", "export", run_id, file)
    command("run", "delete", run_id, "--force")
    command("debug", "import", file)
    assert command("run", "logs", run_id) == log
    for verb in ("info", "migrate", "reindex"):
        command("instance", verb)
    assert command("run", "logs", run_id) == log
    command("asset", "wipe", "--all", "--noprompt")
    command("run", "wipe", "--force")
    assert json.loads(command("run", "list", "--json")) == []


def command(*args: str) -> str:
    result = CliRunner().invoke(cli, list(args))
    assert result.exit_code == 0, result.output
    return result.stdout
