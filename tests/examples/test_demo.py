from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dagster import DagsterInstance, instance_for_test, job, op
from examples.flights import analyses, demo

HERE = Path(demo.__file__).parent
FAILED_AND_AFTER = {"test_model", "predicted_vs_actual", "model_drivers", "write_report"}


def run_demo(directory, **resources):
    """Run the demo as `make demo` does, on twenty days, in a directory of the test."""
    config = yaml.safe_load((HERE / "fast.yaml").read_text())
    config["ops"]["load_and_clean"]["ops"]["load_flights"]["config"]["days"] = 20
    config["ops"]["test_model"]["config"]["driver_flights"] = 200
    config["resources"] = resources
    (directory / "quick.yaml").write_text(yaml.safe_dump(config))
    environment = {key: value for key, value in os.environ.items() if key != "DAGSTER_HOME"}
    return subprocess.run(
        [sys.executable, HERE / "demo.py", "-c", "quick.yaml"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def own_code():
    return (HERE / "analyses.py").read_bytes()


@pytest.fixture(scope="module")
def shown(directory, own_code):
    """What the demo shows."""
    done = run_demo(directory)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def runs(shown, directory, monkeypatch):
    """Its runs, the oldest first, each with the steps that ran: how they ended."""
    home = directory / demo.HOME
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with DagsterInstance.get() as instance:
        return [
            (run, {step.step_key: step.status.value for step in instance.get_run_step_stats(run.run_id)})
            for run in reversed(instance.get_runs())
        ]


@pytest.mark.slow
def test_it_fails_goes_on_from_failure_and_runs_what_has_changed(runs):
    (first, steps), (second, steps_again), (third, steps_changed) = runs
    assert [run.status.value for run in (first, second, third)] == ["FAILURE", "SUCCESS", "SUCCESS"]
    assert [run.parent_run_id for run in (first, second, third)] == [None, first.run_id, second.run_id]
    assert steps["train_model"] == "SUCCESS"
    assert steps["test_model"] == "FAILURE"
    assert steps_again == dict.fromkeys(FAILED_AND_AFTER, "SUCCESS")
    assert steps_changed == dict.fromkeys(
        ("build_analyses", "delay_by_carrier", "write_report"), "SUCCESS"
    )


@pytest.mark.slow
def test_steps_run_in_processes_of_their_own(runs, directory, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(directory / demo.HOME))
    with DagsterInstance.get() as instance:
        for run, steps in runs:
            kinds = [
                entry.dagster_event.event_type_value
                for entry in instance.all_logs(run.run_id)
                if entry.dagster_event is not None
            ]
            assert kinds.count("STEP_WORKER_STARTED") == len(steps)


@pytest.mark.slow
def test_what_it_shows_is_so(shown, runs, directory):
    first, second, third = (run.run_id[:8] for run, _ in runs)
    for command in (
        "dagster job execute -d flights_results/demo",
        f"dagster run reexecute {first} --from-failure\n",
        f"dagster run reexecute {second} --from-changed --dry-run\n",
        f"dagster run reexecute {second} --from-changed\n",
    ):
        assert f"$ {command}" in shown
    assert f"s in run {first}) did not run again: its model was loaded.\n" in shown
    assert f"+{demo.ADDED}" in shown
    assert "code of function by_carrier (analyses.py) changed" in shown
    rows = {
        line[:20].strip(): line[20:].split("  ")
        for line in shown.split("What ran when\n")[1].splitlines()
    }
    told = {
        step: [cell.split(",")[0].strip() for cell in cells if cell.strip()]
        for step, cells in rows.items()
    }
    assert told["train_model"] == ["ok", "kept", "kept"]
    assert told["test_model"] == ["failed", "ok", "kept"]
    assert told["write_report"] == ["not run", "ok", "ok"]
    assert told["delay_by_carrier"] == ["ok", "kept", "ok"]
    assert told["13 others"] == ["ok", "kept", "kept"]
    (command,) = (
        line.removeprefix("To look around:") for line in shown.splitlines() if line.startswith("To look")
    )
    done = subprocess.run(command, shell=True, cwd=directory, capture_output=True, text=True, check=True)
    assert f"{third}  SUCCESS      from changed  ← this run" in done.stdout
    assert shown.endswith("The report, with figures:  flights_results/report.md\n")
    assert len(list((directory / "flights_results" / "plots").glob("*.png"))) == 6


@pytest.mark.slow
def test_only_the_copy_of_the_analysis_is_changed(shown, directory, own_code):
    assert (HERE / "analyses.py").read_bytes() == own_code
    changed = (directory / demo.EXAMPLE / "analyses.py").read_text()
    assert changed.replace(demo.ADDED, "") == own_code.decode()
    assert demo.ADDED in changed


@pytest.mark.slow
def test_it_says_so_if_the_test_does_not_fail(tmp_path):
    done = run_demo(tmp_path, test_machine={"config": {"down_until": None}})
    assert done.returncode == 1
    assert (
        "The demo did not go as it should: expected the command to end with exit code 1, got: 0"
        in done.stderr
    )
    assert "from-failure" not in done.stdout


def test_the_change_leaves_out_airlines_with_few_flights(joined):
    changed = {}
    code = (HERE / "analyses.py").read_text().replace(demo.BEFORE, demo.BEFORE + demo.ADDED)
    exec(compile(code, "analyses.py", "exec"), changed)
    all_of_them, enough = analyses.by_carrier(joined), changed["by_carrier"](joined)
    assert enough["flights"].min() >= len(joined) / 200
    assert set(all_of_them["carrier"]) - set(enough["carrier"]) == set(
        all_of_them[all_of_them["flights"] < len(joined) / 200]["carrier"]
    )
    assert 0 < len(enough) < len(all_of_them)


def test_code_that_cannot_be_changed_ends_the_demo(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "EXAMPLE", tmp_path)
    (tmp_path / "analyses.py").write_text("pass\n")
    with pytest.raises(SystemExit, match=r"expected one line of .*, got: 0"):
        demo.change_the_analysis()


def test_a_run_in_which_other_steps_ran_ends_the_demo():
    @op
    def sail(context):
        raise ConnectionError("no wind")

    @op
    def row():
        return 1

    @job
    def cross():
        sail()
        row()

    with instance_for_test() as instance:
        assert not cross.execute_in_process(instance=instance, raise_on_error=False).success
        newest = demo.NewestRun()
    newest.check(ok={"row"}, failed={"sail"})
    newest.check(failed={"sail"})
    with pytest.raises(
        SystemExit, match=r"SUCCESS of run .* to be of \['row', 'sail'\], got: \['row'\]"
    ):
        newest.check(ok={"row", "sail"}, failed={"sail"})
    with pytest.raises(SystemExit, match=r"FAILURE of run .* to be of \[\], got: \['sail'\]"):
        newest.check(ok={"row"})


def test_a_command_that_ends_otherwise_ends_the_demo(capfd):
    demo.dagster("--version")
    with pytest.raises(SystemExit, match="end with exit code 1, got: 0"):
        demo.dagster("--version", fails=True)
    with pytest.raises(SystemExit, match="end with exit code 0, got: 2"):
        demo.dagster("sail")
    assert capfd.readouterr().out.startswith("$ dagster --version\n")


def test_the_readme_shows_what_the_demo_does():
    code = (HERE / "demo.py").read_text()
    readme = (HERE.parents[1] / "README.md").read_text()
    shown = readme.split("```text\n1. ")[1].split("```")[0]
    headings = [line for line in f"1. {shown}".splitlines() if line[:3] in ("1. ", "2. ", "3. ", "4. ")]
    assert len(headings) == 4
    for heading in headings:
        assert f'title("{heading}")' in code
    assert '"1. first run", "2. from failure", "4. from changed"' in code
    assert "The report, with figures:  flights_results/report.md" in shown
