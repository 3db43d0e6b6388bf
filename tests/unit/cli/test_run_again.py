"""``dagster run reexecute``, ``dagster run resume``, and the group and chart of ``dagster run show``."""

from __future__ import annotations

import json
import os
import re

import pytest

from dagster._cli import tables
from dagster._cli.gantt_text import gantt_lines, gantt_rows
from dagster._cli.run_group_text import group_lines, group_rows
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.event_records import RunStepKeyStatsSnapshot, StepEventStatus
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._process.identity import process_facts
from dagster._time import format_duration

JOBS = """
    import os
    from dagster import DynamicOut, DynamicOutput, ModeDefinition, fs_io_manager, job, op, pipeline, solid

    @op(out=DynamicOut(), config_schema={"keys": str})
    def spread(context):
        for key in context.op_config["keys"]:
            yield DynamicOutput(key, mapping_key=key)

    @op
    def each(key):
        if os.environ.get("FAIL") == key:
            raise ValueError("no " + key)
        return key * 2

    @op
    def join(parts):
        return "".join(parts)

    @job(tags={"team": "data"})
    def fan_out():
        join(spread().map(each).collect())

    @solid
    def one(_):
        return 1

    @solid
    def fails(_, num):
        if os.environ.get("FAIL"):
            raise ValueError("no")
        return num

    files = {"io_manager": fs_io_manager}

    @pipeline(mode_defs=[ModeDefinition("a", resource_defs=files), ModeDefinition("b", resource_defs=files)])
    def older():
        fails(one())
"""
KEYS = ("--config-json", '{"ops": {"spread": {"config": {"keys": "ab"}}}}')


@pytest.fixture
def home(tmp_path, monkeypatch):
    directory = tmp_path / "home"
    directory.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(directory))
    return directory


@pytest.fixture
def jobs(write):
    return write("my_jobs.py", JOBS)


def ids(result) -> list[str]:
    return re.findall(r"^Run (\S{36}) of \w+: \d+ step", result.stdout, re.MULTILINE)


@pytest.fixture
def failed(run, jobs, home, monkeypatch):
    monkeypatch.setenv("FAIL", "b")
    result = run("job", "execute", "-f", jobs, "-j", "fan_out", *KEYS)
    assert result.exit_code == 1
    monkeypatch.delenv("FAIL")
    return ids(result)[0]


class TestReexecute:
    def test_from_failure(self, run, failed):
        result = run("run", "reexecute", failed[:8], "--from-failure", "--tags", '{"now": "1"}')
        assert result.exit_code == 0, result.output
        (again,) = ids(result)
        assert re.search(rf"^Run {again} of fan_out: 2 steps$", result.stdout, re.MULTILINE)
        assert "  2 steps succeeded" in result.stdout
        with DagsterInstance.get() as instance:
            kept = instance.get_run_by_id(again)
            assert kept.step_keys_to_execute == ["each[b]", "join"]
            assert kept.run_config == {"ops": {"spread": {"config": {"keys": "ab"}}}}
            assert (kept.tags["now"], kept.tags["team"]) == ("1", "data")
            assert kept.parent_run_id == failed
        second = run("run", "reexecute", again, "--from-failure")
        assert second.exit_code == 2
        assert "it is in status SUCCESS" in second.output

    def test_steps_and_all(self, run, failed):
        result = run("run", "reexecute", failed, "--steps", "each[a], each[b]+")
        assert result.exit_code == 0, result.output
        assert ": 3 steps\n" in result.stdout
        result = run(
            "run", "reexecute", failed, "--all",
            "--config-json", '{"ops": {"spread": {"config": {"keys": "abc"}}}}',
        )  # fmt: skip
        assert "5 steps succeeded" in result.stdout
        result = run("run", "reexecute", failed, "--steps", "eech[a]")
        assert result.exit_code == 2
        assert 'Did you mean "each[' in result.output

    def test_a_dry_run_tells_and_does_nothing(self, run, failed):
        result = run("run", "reexecute", failed, "--from-failure", "--dry-run")
        assert result.exit_code == 0
        assert result.stdout.splitlines() == [
            "step     what  reason",
            f"spread   keep  from run {failed}",
            f"each[a]  keep  from run {failed}",
            f"each[b]  run   it failed in run {failed}",
            f"join     run   it did not come to run in run {failed}",
            "",
            "2 of 4 steps would run. Nothing has.",
        ]
        result = run("run", "reexecute", failed, "--steps", "each[?]", "--dry-run", "--json")
        assert json.loads(result.stdout) == [
            {
                "step": "spread",
                "action": "keep",
                "runs": False,
                "reason": f"from run {failed}",
                "kept_from": failed,
            },
            {
                "step": "each[?]",
                "action": "run",
                "runs": True,
                "reason": "it is selected",
                "kept_from": None,
            },
            {
                "step": "join",
                "action": "keep",
                "runs": False,
                "reason": "it is not selected, and gave nothing in an earlier run",
                "kept_from": None,
            },
        ]
        result = run("run", "reexecute", failed, "--all", "--dry-run")
        assert "each[?]  run   all steps run" in result.stdout
        with DagsterInstance.get() as instance:
            assert len(instance.get_runs()) == 1

    def test_a_missing_value_is_told(self, run, failed):
        result = run("run", "reexecute", failed, "--steps", "join")
        assert result.exit_code == 2
        assert 'input "parts" of step "join" takes output "result" of step "each[b]"' in result.output

    @pytest.mark.parametrize("args", [(), ("--all", "--from-failure"), ("--all", "--steps", "x")])
    def test_one_kind_is_asked_for(self, run, failed, args):
        result = run("run", "reexecute", failed, *args)
        assert result.exit_code == 2
        assert "expected one of --all, --steps, --from-failure and --from-changed" in result.output

    def test_a_run_that_there_is_not_is_told_before_the_kind(self, run, failed):
        result = run("run", "reexecute", "zzz")
        assert result.exit_code == 2
        told = 'Error: There is no run with id "zzz". dagster run list shows what there is.\n'
        assert result.stderr == told
        assert result.stderr == run("run", "show", "zzz").stderr
        near = run("run", "reexecute", failed[:7] + "zz").stderr
        assert f'Did you mean "{failed[:9]}"?' in near

    def test_json_is_for_a_dry_run(self, run, failed):
        result = run("run", "reexecute", failed, "--all", "--json")
        assert result.exit_code == 2
        assert "--json is for --dry-run" in result.output

    def test_a_pipeline_keeps_its_mode(self, run, jobs, home, monkeypatch):
        monkeypatch.setenv("FAIL", "1")
        result = run("pipeline", "execute", "-f", jobs, "-p", "older", "--mode", "b")
        monkeypatch.delenv("FAIL")
        (first,) = ids(result)
        result = run("run", "reexecute", first, "--from-failure")
        assert result.exit_code == 0, result.output
        with DagsterInstance.get() as instance:
            kept = instance.get_run_by_id(ids(result)[0])
            assert (kept.mode, kept.step_keys_to_execute) == ("b", ["fails"])
        result = run("run", "reexecute", first, "--from-failure", "-f", jobs)
        assert result.exit_code == 0, result.output

    def test_a_run_that_does_not_say_where_its_code_is(self, run, jobs, failed):
        with DagsterInstance.get() as instance:
            stored = instance.get_run_by_id(failed)
            instance.add_run(stored._replace(run_id="nowhere", job_code_origin=None))
        result = run("run", "reexecute", "nowhere", "--all")
        assert result.exit_code == 2
        assert "does not say where its code is" in result.output
        result = run("run", "reexecute", "nowhere", "--all", "-f", jobs)
        assert result.exit_code == 0, result.output


class TestResume:
    def test_a_run_that_is_over_is_refused(self, run, failed):
        result = run("run", "resume", failed)
        assert result.exit_code == 2
        assert "expected it to be in status STARTED, it is in status FAILURE" in result.output

    def test_a_run_that_never_came_to_start(self, run, jobs, failed):
        with DagsterInstance.get() as instance:
            stored = instance.get_run_by_id(failed)
            instance.add_run(stored._replace(run_id="lost", status=DagsterRunStatus.STARTING))
        result = run("run", "resume", "lost")
        assert result.exit_code == 2
        assert "--force" in result.output
        result = run("run", "resume", "lost", "--force")
        assert result.exit_code == 0, result.output
        assert "4 steps succeeded" in result.stdout


@pytest.fixture
def started(jobs, failed):
    """Store a run that a process works on, as its log tells, and return its id."""

    def start(run_id, **facts):
        metadata = {k: MetadataValue.text(v) for k, v in {**process_facts(), **facts}.items()}
        with DagsterInstance.get() as instance:
            stored = instance.get_run_by_id(failed)
            stored = instance.add_run(stored._replace(run_id=run_id, status=DagsterRunStatus.STARTING))
            instance.report_dagster_event(
                DagsterEvent(
                    DagsterEventType.RUN_START,
                    stored.job_name,
                    event_specific_data=EngineEventData(metadata),
                    message="Started.",
                ),
                run_id,
            )
        return run_id

    return start


class TestProcessOfARun:
    def test_one_that_is_gone(self, run, started):
        started("left", process_started="another boot:1")
        listed = run("run", "list")
        (row,) = [line for line in listed.stdout.splitlines() if line.startswith("left")]
        assert re.search(
            r"fan_out  STARTED, worker gone  \S+ \S+  team=data", re.sub(" {3,}", "  ", row)
        )
        told = "The process of run left is gone. To continue the run: dagster run resume left\n"
        assert listed.stderr == told
        shown = run("run", "show", "left").stdout
        assert re.search(r"  worker   process \d+ on \S+, which is gone\n", shown)
        assert "  To continue it where its log ends: dagster run resume left\n" in shown
        assert "took" not in shown.split("config")[0]
        for command in (("show", "left"), ("list", "--status", "STARTED")):
            found = json.loads(run("run", *command, "--json").stdout)
            worker = (found if isinstance(found, dict) else found[0])["worker"]
            assert worker == {"host": worker["host"], "pid": str(os.getpid()), "is_alive": False}
        assert run("run", "resume", "left").exit_code == 0
        assert run("run", "list").stderr == ""
        assert "worker" not in run("run", "show", "left").stdout

    def test_several_that_are_gone(self, run, started):
        for run_id in ("one", "two"):
            started(run_id, process_started="another boot:1")
        told = "The processes of 2 runs are gone. To continue one: dagster run resume RUN\n"
        assert run("run", "list").stderr == told

    def test_one_that_is_gone_after_it_was_told_to_stop(self, run, started):
        for run_id in ("stop", "left"):
            started(run_id, process_started="another boot:1")
        with DagsterInstance.get() as instance:
            # Its code need not load any more.
            stored = instance.get_run_by_id("stop")
            instance.run_storage.delete_run("stop")
            stored = instance.add_run(stored._replace(job_code_origin=None))
            instance.report_run_canceling(stored)
        listed = run("run", "list")
        assert "CANCELING, worker gone" in listed.stdout
        told = "To continue one, or to end one that is CANCELING: dagster run resume RUN\n"
        assert listed.stderr == f"The processes of 2 runs are gone. {told}"
        told = "The process of run stop is gone. To end the run as canceled: dagster run resume stop\n"
        assert run("run", "list", "--status", "CANCELING").stderr == told
        shown = run("run", "show", "stop").stdout
        assert re.search(r"  worker   process \d+ on \S+, which is gone\n", shown)
        assert "  To end it as canceled: dagster run resume stop\n" in shown
        ended = run("run", "resume", "stop")
        assert ended.exit_code == 1
        assert re.search(
            r'^Execution of run for "fan_out" canceled. It was told to stop, and its process \(\d+ on \S+\) is '
            r"gone.\nTo run what is left of it: dagster run reexecute stop --from-failure\n$",
            ended.stdout,
        )
        with DagsterInstance.get() as instance:
            assert instance.get_run_by_id("stop").status is DagsterRunStatus.CANCELED
        again = run("run", "resume", "stop")
        assert again.exit_code == 2

    def test_one_that_lives(self, run, started):
        started("here")
        listed = run("run", "list")
        assert "STARTED  " in listed.stdout
        assert listed.stderr == ""
        shown = run("run", "show", "here").stdout
        assert re.search(rf"  worker   process {os.getpid()} on \S+\n", shown)
        assert "so far" in shown
        result = run("run", "resume", "here", "--force")
        assert result.exit_code == 2
        assert re.search(rf"process {os.getpid()} on this machine \(\S+\) works on it", result.output)

    def test_one_that_cannot_be_seen(self, run, started):
        started("there", host="moon pid:[1]")
        shown = run("run", "show", "there").stdout
        told = f"process {os.getpid()} on moon; whether it lives cannot be seen from here"
        assert told in shown
        result = run("run", "resume", "there")
        assert result.exit_code == 2
        assert f"(pid {os.getpid()}) ran on moon" in result.output
        assert run("run", "resume", "there", "--force").exit_code == 0


class TestShow:
    def test_the_group_and_the_chart(self, run, failed):
        again = ids(run("run", "reexecute", failed, "--from-failure"))[0]
        third = ids(run("run", "reexecute", again, "--steps", "join"))[0]
        lines = run("run", "show", again).stdout.splitlines()
        start = lines.index("Group of 3 runs")
        assert lines[start + 1 :] == [
            f"  {failed[:8]}        FAILURE",
            f"  └─ {again[:8]}     SUCCESS      from failure  ← this run",
            f"     └─ {third[:8]}  SUCCESS      join",
        ]
        assert not any("█" in line for line in lines), "it is not a terminal"
        shown = json.loads(run("run", "show", again, "--json").stdout)
        assert [member["run_id"] for member in shown["group"]] == [failed, again, third]
        assert shown["group"][1] == {
            "run_id": again,
            "parent_run_id": failed,
            "status": "SUCCESS",
            "reexecutes": "from failure",
            "step_keys_to_execute": ["each[b]", "join"],
        }
        assert all(step["start_time"] <= step["end_time"] for step in shown["steps"])

    def test_a_run_from_what_has_changed_is_told_as_that(self, run, failed):
        again = ids(run("run", "reexecute", failed, "--from-changed"))[0]
        lines = run("run", "show", again).stdout.splitlines()
        assert f"  └─ {again[:8]}  SUCCESS      from changed  ← this run" in lines


def step(key: str, start: float | None, end: float | None, status: str = "SUCCESS"):
    return RunStepKeyStatsSnapshot("run", key, StepEventStatus(status), start, end)


def test_a_chart_fits_the_width():
    steps = [step("load", 100.0, 110.0), step("train", 110.0, 130.0), step("report", 130.0, 130.0)]
    rows, columns = gantt_rows(steps, 60, now=200.0)
    lines = gantt_lines(rows, columns)
    assert all(len(line) <= 60 for line in lines)
    assert [(row.label, row.before, row.bar) for row in rows] == [
        ("load", 0, round(columns / 3)),
        ("train", columns // 3, round(columns * 2 / 3)),
        ("report", columns - 1, 1),
    ]
    for width in (20, 40, 300):
        wide, columns = gantt_rows([*steps, step("a" * 80, 100.0, 101.0)], width, now=200.0)
        assert all(row.before + row.bar <= columns for row in wide)
        assert len({len(line) for line in gantt_lines(wide, columns)}) == 1


def test_on_a_terminal_the_chart_is_drawn(run, failed, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(tables, "on_terminal", lambda: True)
    lines = run("run", "show", failed).stdout.splitlines()
    bars = [line for line in lines if "█" in line]
    first, *mapped = [line.split()[0] for line in bars]
    assert first == "spread"
    assert sorted(mapped) == ["each[a]", "each[b]"]  # they start at the same time, in processes
    assert {len(line) for line in bars} == {60}


def test_a_chart_of_what_goes_on_and_of_nothing():
    rows, _ = gantt_rows(
        [step("load", 100.0, None, "IN_PROGRESS"), step("later", None, None)], 60, 160.0
    )
    assert rows[0].took == format_duration(60)
    assert len(rows) == 1
    assert gantt_rows([], 60, 0.0) == ([], 0)
    rows, _ = gantt_rows([step("at_once", 5.0, 5.0)], 60, 0.0)
    assert (rows[0].before, rows[0].bar) == (0, 1)


def test_of_very_many_steps_the_longest_are_drawn():
    steps = [step(f"s{i}", float(i), float(i) + i) for i in range(200)]
    rows, _ = gantt_rows(steps, 80, 0.0)
    assert [row.label for row in rows] == [f"s{i}" for i in range(150, 200)]


def test_a_tree_of_any_depth_and_breadth():
    def made(run_id: str, parent: str | None = None) -> DagsterRun:
        return DagsterRun("j", run_id, parent_run_id=parent, root_run_id="root" if parent else None)

    runs = [made("root"), made("a", "root"), made("b", "root"), made("a1", "a"), made("orphan", "gone")]
    assert [lead + run.run_id for lead, run, _ in group_rows(runs, "b")] == [
        "root",
        "├─ a",
        "│  └─ a1",
        "└─ b",
        "orphan",
    ]
    assert list(group_lines([made("root")], "root", colour=False)) == []
    chain = [made("root"), *(made(str(i), str(i - 1) if i else "root") for i in range(3000))]
    assert len(list(group_rows(chain, "root"))) == 3001
