"""Commands about what the instance keeps: run, asset, instance, debug."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import dagster._time as _time
from dagster._cli.run_logs import LogPrinter, print_log
from dagster._cli.run_text import LOOK_SECONDS, follow
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import ComputeLogsCaptureData
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import AssetStatusCacheValue
from dagster._core.records.run import DagsterRunStatus
from dagster._core.records.user_events import AssetMaterialization, AssetObservation
from dagster._core.storage.compute_log_manager import ComputeIOType

SOURCES = str(Path(_time.__file__).parents[1])

JOBS = """
    from dagster import AssetMaterialization, job, op

    @op(config_schema={"rows": int})
    def load(context):
        context.log.info("loading")
        context.log_event(AssetMaterialization(["shop", "orders"], partition="monday", metadata={"rows": 3}))
        return 1

    @op
    def boom(n):
        raise ValueError("no such flight")

    @job(tags={"team": "data"})
    def good():
        load()

    @job
    def bad():
        boom(load())
"""


ROWS = ("--config-json", '{"ops": {"load": {"config": {"rows": 3}}}}')


@pytest.fixture
def home(tmp_path, monkeypatch):
    directory = tmp_path / "home"
    directory.mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(directory))
    return directory


@pytest.fixture
def jobs(write):
    return write("my_jobs.py", JOBS)


@pytest.fixture
def execute(run, jobs, home):
    def run_job(name):
        result = run("job", "execute", "-f", jobs, "-j", name, *ROWS)
        (run_id,) = re.findall(r"^Run (\S{36}) of \w+: \d+ step", result.stdout, re.MULTILINE)
        return run_id

    return run_job


class TestExecute:
    def test_a_run_is_kept_where_dagster_home_says(self, run, jobs, home):
        result = run("job", "execute", "-f", jobs, "-j", "good", *ROWS)
        last = result.stdout.splitlines()[-1]
        found = re.fullmatch(
            rf"Kept in {re.escape(str(home))}\. To look at it: dagster run show (\w+)", last
        )
        assert found
        with DagsterInstance.get() as instance:
            (kept,) = instance.get_runs()
        assert kept.status is DagsterRunStatus.SUCCESS
        assert kept.run_id.startswith(found[1])
        assert run("run", "show", found[1]).exit_code == 0

    def test_without_dagster_home_it_is_said_that_nothing_is_kept(self, run, jobs):
        result = run("job", "execute", "-f", jobs, "-j", "good", *ROWS)
        assert result.exit_code == 0
        assert result.stdout.splitlines()[-1] == "This run is not kept: DAGSTER_HOME is not set."

    def test_a_home_that_is_not_there_is_told_before_anything_runs(
        self, run, jobs, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "nowhere"))
        result = run("job", "execute", "-f", jobs, "-j", "good", *ROWS)
        assert result.exit_code == 2
        assert f'mkdir -p "{tmp_path}/nowhere"' in result.stderr
        assert "loading" not in result.stderr

    def test_mistakes_of_dagster_yaml_are_told_with_their_lines(self, run, jobs, home):
        (home / "dagster.yaml").write_text("storage:\n  sqlit:\n    base_dir: /x\n")
        for command in (
            ("job", "execute", "-f", jobs, "-j", "good", *ROWS),
            ("run", "list"),
            ("instance", "info"),
        ):
            result = run(*command)
            assert result.exit_code == 2
            assert "dagster.yaml, line 2" in result.stderr


class TestList:
    def test_the_newest_first_with_ids_that_can_be_cut_out(self, run, execute):
        first, second = execute("good"), execute("bad")
        head, *lines = run("run", "list").stdout.splitlines()
        assert head.split() == ["run", "job", "status", "created", "took", "tags"]
        assert [line.split()[:3] for line in lines] == [
            [second, "bad", "FAILURE"],
            [first, "good", "SUCCESS"],
        ]
        assert lines[1].endswith("  team=data")

    @pytest.mark.parametrize(
        ("args", "found"),
        [
            (("--job", "good"), {"good"}),
            (("--status", "failure"), {"bad"}),
            (("--status", "FAILURE", "--status", "SUCCESS"), {"good", "bad"}),
            (("--tag", "team=data"), {"good"}),
            (("--tag", "team=other"), set()),
            (("--limit", "1"), {"bad"}),
        ],
    )
    def test_filters(self, run, execute, args, found):
        execute("good"), execute("bad")
        result = run("run", "list", "--json", *args)
        assert result.exit_code == 0
        assert {each["job_name"] for each in json.loads(result.stdout)} == found

    def test_json_has_everything_of_the_run(self, run, execute):
        run_id = execute("good")
        (found,) = json.loads(run("run", "list", "--json").stdout)
        assert found["run_id"] == run_id
        assert found["status"] == "SUCCESS"
        assert found["tags"] == {"team": "data"}
        assert found["run_config"] == {"ops": {"load": {"config": {"rows": 3}}}}
        assert found["create_time"] <= found["start_time"] <= found["end_time"]

    def test_more_than_the_limit_is_said(self, run, execute):
        execute("good"), execute("good")
        assert run("run", "list", "--limit", 1).stderr == "There are more: --limit 4\n"
        assert run("run", "list", "--limit", 2).stderr == ""

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            ((), "No runs.\n"),
            (("--job", "goood"), 'No runs. Did you mean "good"?\n'),
            (("--tag", "tem=data"), 'No runs. No run has a tag "tem". Did you mean "team"?\n'),
        ],
    )
    def test_nothing_found_is_told_on_stderr(self, run, execute, args, message):
        if args:
            execute("good")
        result = run("run", "list", *args)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", message)
        assert run("run", "list", "--json", *args).stdout == "[]\n"

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            (("--status", "failur"), 'unknown status of a run "FAILUR". Did you mean "FAILURE"?'),
            (("--tag", "team"), 'expected --tag to be KEY=VALUE, got: "team".'),
            (("--tag", "a=1", "--tag", "a=2"), 'No run has the tag "a" with several values'),
            (("--limit", "0"), "0 is not in the range x>=1"),
        ],
    )
    def test_wrong_use(self, run, home, args, message):
        result = run("run", "list", *args)
        assert result.exit_code == 2
        assert message in result.stderr


class TestWhichRun:
    def test_the_beginning_of_an_id_is_enough(self, run, home):
        with DagsterInstance.get() as instance:
            for run_id in ("abc1", "abc2", "abd", "x%"):
                instance.create_run(job_name=f"job_{run_id}", run_id=run_id)
        assert "job_abd" in run("run", "show", "abd").stdout
        assert "job_x%" in run("run", "show", "x").stdout
        result = run("run", "show", "abc")
        assert result.exit_code == 2
        assert (
            'Several runs have an id that starts with "abc". Give more of it:\n    abc1\n    abc2\n'
            in result.stderr
        )

    def test_a_whole_id_goes_before_a_beginning(self, run, home):
        with DagsterInstance.get() as instance:
            instance.create_run(job_name="short", run_id="ab")
            instance.create_run(job_name="long", run_id="abc")
        assert "short" in run("run", "show", "ab").stdout

    @pytest.mark.parametrize("command", [("show",), ("logs",), ("delete", "--force")])
    def test_one_that_is_not_there(self, run, home, command):
        result = run("run", *command, "12")
        assert result.exit_code == 2
        assert result.stderr == 'Error: There is no run with id "12". There are no runs at all yet.\n'
        with DagsterInstance.get() as instance:
            instance.create_run(job_name="a", run_id="abcdef123456")
        assert 'Did you mean "abcdef1234"?' in run("run", *command, "abdcef1234").stderr
        assert "dagster run list shows what there is." in run("run", *command, "zzz").stderr

    def test_without_a_home(self, run):
        result = run("run", "list")
        assert result.exit_code == 2
        assert "The environment variable $DAGSTER_HOME is not set." in result.stderr


class TestShow:
    def test_a_failed_run(self, run, execute):
        run_id = execute("bad")
        lines = run("run", "show", run_id[:8]).stdout.splitlines()
        assert lines[:3] == [f"Run {run_id}", "  job      bad", "  status   FAILURE"]
        assert "    ops:" in lines
        steps = [line.split()[:3] for line in lines if re.match(r"(load|boom) ", line)]
        assert steps == [["load", "SUCCESS", "1"], ["boom", "FAILURE", "1"]]
        assert "shop/orders   monday     load" in lines
        assert lines.count('Step "boom" failed:') == 1
        assert lines[-1] == "ValueError: no such flight"

    def test_json(self, run, execute):
        found = json.loads(run("run", "show", execute("bad"), "--json").stdout)
        assert found["status"] == "FAILURE"
        assert [(step["step_key"], step["status"]) for step in found["steps"]] == [
            ("load", "SUCCESS"),
            ("boom", "FAILURE"),
        ]

    def test_of_very_many_steps_those_that_succeeded_are_counted(self, run, write, home):
        write(
            "many.py",
            """
            from dagster import job, op

            @op
            def one(): ...

            @job
            def many():
                for n in range(51):
                    one.alias(f"n{n}")()
            """,
        )
        run("job", "execute", "-f", "many.py")
        (found,) = json.loads(run("run", "list", "--json").stdout)
        short = run("run", "show", found["run_id"]).stdout
        assert "\n51 steps succeeded; --verbose lists them.\n" in short
        assert "n50" not in short
        assert "n50" in run("run", "show", found["run_id"], "--verbose").stdout


class TestLogs:
    def test_entries_in_order_with_their_errors(self, run, execute):
        out = run("run", "logs", execute("bad")).stdout
        order = [
            "RUN_START",
            "load  loading",
            "ASSET_MATERIALIZATION",
            "boom  STEP_FAILURE",
            "RUN_FAILURE",
        ]
        assert [out.index(text) for text in order] == sorted(out.index(text) for text in order)
        assert out.count("    ValueError: no such flight") == 1
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  DEBUG  ", out)

    def test_level(self, run, execute):
        run_id = execute("bad")
        info = [
            line
            for line in run("run", "logs", run_id, "--level", "INFO").stdout.splitlines()
            if line[:1] == "2"
        ]
        assert len(info) == 3
        result = run("run", "logs", run_id, "--level", "eror")
        assert result.exit_code == 2

    def test_json_lines(self, run, execute):
        run_id = execute("bad")
        entries = [json.loads(line) for line in run("run", "logs", run_id, "--json").stdout.splitlines()]
        assert [entry["storage_id"] for entry in entries] == sorted(
            entry["storage_id"] for entry in entries
        )
        (made,) = [entry for entry in entries if entry.get("event_type") == "ASSET_MATERIALIZATION"]
        assert (made["asset_key"], made["partition"]) == (["shop", "orders"], "monday")
        (message,) = [entry for entry in entries if entry["message"] == "loading"]
        assert message["level"] == "INFO"
        assert "event_type" not in message
        (failed,) = [entry for entry in entries if entry.get("event_type") == "STEP_FAILURE"]
        assert failed["error"].endswith("ValueError: no such flight")

    def test_following_ends_with_the_run(self, home, monkeypatch):
        with DagsterInstance.get() as instance:
            made = instance.create_run(job_name="a")
            waits = []

            def sleep(seconds):
                waits.append(seconds)
                kind = DagsterEventType.RUN_START if len(waits) == 1 else DagsterEventType.RUN_SUCCESS
                instance.report_dagster_event(DagsterEvent(kind.value, "a"), made.run_id)

            monkeypatch.setattr(_time, "sleep", sleep)
            seen = [r.event_type for r in follow(instance, made.run_id, until_over=True, page=1)]
            assert seen == [DagsterEventType.RUN_START, DagsterEventType.RUN_SUCCESS]
            assert len(waits) == 2
            assert len(list(follow(instance, made.run_id, until_over=True, page=1))) == 2

    def test_following_a_run_of_another_thread(self, home, execute):
        with DagsterInstance.get() as instance:
            made = instance.create_run(job_name="a")
            got = []
            thread = threading.Thread(
                target=lambda: got.extend(follow(instance, made.run_id, until_over=True)), daemon=True
            )
            thread.start()
            for kind in (DagsterEventType.RUN_START, DagsterEventType.RUN_FAILURE):
                instance.report_dagster_event(DagsterEvent(kind.value, "a"), made.run_id)
            thread.join(10)
            assert len(got) == 2

    def test_following_ends_when_the_run_is_deleted(self, home, monkeypatch):
        with DagsterInstance.get() as instance:
            made = instance.create_run(job_name="a")
            monkeypatch.setattr(_time, "sleep", lambda _: instance.delete_run(made.run_id))
            assert list(follow(instance, made.run_id, until_over=True)) == []


class TestWrongComputeLogs:
    """It is told before there is a run."""

    @pytest.mark.parametrize(
        ("name", "config", "text", "code"),
        [
            ("LocalComputeLogManagr", "base_dir: x", 'Did you mean "LocalComputeLogManager"?', 2),
            (
                "LocalComputeLogManager",
                "base_dir: x, max_bytes_per_strem: 3",
                'Did you mean "max_bytes_per_stream"?',
                2,
            ),
            ("LocalComputeLogManager", "base_dir: x, max_bytes_per_stream: 0", "above zero, got: 0.", 2),
        ],
    )
    def test_no_run_is_made(self, run, jobs, home, name, config, text, code):
        module = "dagster._core.storage.local_compute_log_manager"
        yaml = f"compute_logs: {{module: {module}, class: {name}, config: {{{config}}}}}\n"
        (home / "dagster.yaml").write_text(yaml)
        result = run("job", "execute", "-f", jobs, "-j", "good", *ROWS)
        assert result.exit_code == code
        assert text in result.stderr
        assert "Traceback" not in result.output
        (home / "dagster.yaml").unlink()
        assert run("run", "list").stderr == "No runs.\n"


class TestOutput:
    """What the steps printed, beside the events."""

    PRINTING = """
        import os, sys
        from dagster import in_process_executor, job, op

        @op
        def first(context):
            print("one")
            print("to stderr", file=sys.stderr)
            context.log.info("logged")
            return 1

        @op
        def second(n):
            os.write(1, b"two\\r50%\\r100%")

        @job(executor_def=in_process_executor)
        def printing():
            second(first())

        @job(name="printing")
        def in_processes():
            second(first())
    """

    @pytest.fixture
    def printed(self, execute):
        """The id of a run in one process, but not in this one: a test runner's streams are no descriptors."""
        return execute("printing")

    def test_of_a_step_in_a_process_of_its_own(self, execute, run):
        printed = execute("in_processes")
        result = run("run", "logs", printed, "--stdout", "--step", "second")
        assert result.stdout_bytes == b"two\r50%\r100%"
        assert result.stderr == ""
        assert run("run", "logs", printed, "--stdout", "--step", "first").stdout == "one\n"

    @pytest.fixture
    def execute(self, write, home, tmp_path):
        return lambda attribute: self._execute(write("printing.py", self.PRINTING), attribute)

    @staticmethod
    def _execute(path, attribute):
        done = subprocess.run(
            [sys.executable, "-m", "dagster", "job", "execute", "-f", str(path), "-a", attribute],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": SOURCES},
        )
        assert "[2/2] ok       second" in done.stdout
        (run_id,) = re.findall(r"^Run (\S{36}) of printing: 2 steps", done.stdout, re.MULTILINE)
        return run_id

    def test_one_stream_is_printed_as_it_was_written(self, run, printed):
        result = run("run", "logs", printed, "--stdout")
        # What the command itself said of the run is not among it.
        assert result.stdout_bytes == b"one\ntwo\r50%\r100%"
        assert result.stderr == ""
        assert run("run", "logs", printed, "--stderr").stdout.startswith("to stderr\n")

    def test_several_say_what_each_line_is(self, run, printed):
        lines = run("run", "logs", printed, "--stdout", "--stderr").stdout.splitlines()
        assert lines[0] == "stdout  one"
        assert "stderr  to stderr" in lines
        both = run("run", "logs", printed, "--stdout", "--events", "--level", "info").stdout
        assert re.match(r"\S+ \S+  INFO      first  logged\nstdout  one\n", both)

    def test_of_a_line_that_was_written_again_the_last_state(self, run, printed):
        # In pieces, as it is read: up to the last return, and what came after it.
        lines = run("run", "logs", printed, "--stdout", "--stderr").stdout.split("\n")
        assert lines[:3] == ["stdout  one", "stdout  50%", "stdout  100%"]

    def test_json(self, run, printed):
        result = run("run", "logs", printed, "--stdout", "--stderr", "--events", "--json")
        found = [json.loads(line) for line in result.stdout.split("\n") if line]
        lines = [each for each in found if "stream" in each]
        assert lines[0]["text"] == "one"
        assert (lines[0]["stream"], lines[0]["step_keys"]) == ("stdout", ["first", "second"])
        assert lines[0]["log_key"][:2] == [printed, "compute_logs"]
        assert any(each.get("event_type") == DagsterEventType.RUN_SUCCESS.value for each in found)

    def test_of_a_step(self, run, printed):
        result = run("run", "logs", printed, "--stdout", "--step", "second")
        assert result.stdout.startswith("one\n")
        assert result.stderr == (
            "The output of second is kept together with that of other steps of the same process: first.\n"
        )
        events = run("run", "logs", printed, "--step", "second", "--json").stdout.splitlines()
        assert {json.loads(line)["step_key"] for line in events} == {"second"}
        result = run("run", "logs", printed, "--step", "secnd")
        assert result.exit_code == 2
        assert 'unknown step of the run "secnd". Did you mean "second"?' in result.stderr

    def test_a_level_is_one_of_events(self, run, printed):
        result = run("run", "logs", printed, "--stdout", "--level", "info")
        assert result.exit_code == 2
        assert "--level chooses among events" in result.stderr

    def test_what_is_not_kept_any_more(self, run, printed, home):
        with DagsterInstance.get() as instance:
            instance.compute_log_manager.delete_logs(prefix=[printed])
        result = run("run", "logs", printed, "--stderr")
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr.startswith("The output is not kept any more, or elsewhere")

    def test_what_never_was_kept(self, run, home):
        with DagsterInstance.get() as instance:
            run_id = instance.create_run(job_name="a").run_id
        assert run("run", "logs", run_id, "--stdout").stderr == "No output of this run is kept.\n"
        (home / "dagster.yaml").write_text(
            "compute_logs:\n"
            "  module: dagster._core.storage.noop_compute_log_manager\n"
            "  class: NoOpComputeLogManager\n"
        )
        assert "is NoOpComputeLogManager." in run("run", "logs", run_id, "--stdout").stderr

    def test_events_need_no_manager(self, run, home):
        with DagsterInstance.get() as instance:
            run_id = instance.create_run(job_name="a").run_id
            instance.report_dagster_event(DagsterEvent(DagsterEventType.RUN_START.value, "a"), run_id)
        (home / "dagster.yaml").write_text(
            "compute_logs: {module: dagster._core.storage.local_compute_log_manager, "
            "class: LocalComputeLogManager, config: {base_dir: {env: NOT_SET_ANYWHERE}}}\n"
        )
        assert "RUN_START" in run("run", "logs", run_id).stdout
        result = run("run", "logs", run_id, "--stdout")
        assert result.exit_code == 2
        assert "NOT_SET_ANYWHERE" in result.stderr


class TestFollowingOutput:
    """Each wait writes something, as another process would."""

    @pytest.fixture
    def followed(self, home):
        with DagsterInstance.get() as instance:
            made = instance.create_run(job_name="a")
            instance.report_dagster_event(
                DagsterEvent(DagsterEventType.RUN_START.value, "a"), made.run_id
            )
            key = instance.compute_log_manager.build_log_key_for_run(made.run_id, "x")
            data = ComputeLogsCaptureData("x", ["one"], list(key))
            instance.report_dagster_event(
                DagsterEvent("LOGS_CAPTURED", "a", event_specific_data=data), made.run_id
            )
            yield instance, made.run_id, key

    def follow(self, instance, run_id, key, texts, monkeypatch, capsys, streams=("stdout",)):
        waits, seen = [], []
        pieces = iter(texts)

        def sleep(seconds):
            waits.append(seconds)
            seen.append(capsys.readouterr().out)
            text = next(pieces, None)
            if text is None:
                instance.report_dagster_event(
                    DagsterEvent(DagsterEventType.RUN_SUCCESS.value, "a"), run_id
                )
                return
            with instance.compute_log_manager.open_log_stream(key, ComputeIOType.STDOUT) as file:
                file.write(text)

        monkeypatch.setattr(_time, "sleep", sleep)
        printer = LogPrinter(streams, (), with_events=False, level=None, as_json=False)
        print_log(instance, run_id, printer, until_over=True)
        seen.append(capsys.readouterr().out)
        assert set(waits) == {LOOK_SECONDS}
        return seen

    def test_whole_lines_as_they_come(self, followed, monkeypatch, capsys):
        smile = "\N{GRINNING FACE}".encode()
        texts = (b"one\ntw", b"o\n", b"10%\r2", b"0%\r\n" + smile[:2], smile[2:] + b"rest")
        seen = self.follow(*followed, texts, monkeypatch, capsys)
        assert seen[:5] == ["", "one\n", "two\n", "10%\r", "20%\r\n"]
        assert "".join(seen[5:]) == "\N{GRINNING FACE}rest"

    def test_a_long_line_is_shown_in_parts(self, followed, monkeypatch, capsys):
        seen = self.follow(*followed, (b"x" * 1_500_000, b"y"), monkeypatch, capsys)
        assert len(seen[1]) > 1_000_000
        assert "".join(seen) == "x" * 1_500_000 + "y"

    def test_a_store_that_is_asked_by_requests_is_asked_less(self, followed, monkeypatch, capsys):
        instance, *_ = followed
        monkeypatch.setattr(type(instance.compute_log_manager), "look_seconds", 1.0)
        asked = []
        read = instance.compute_log_manager.get_log_data_for_type
        monkeypatch.setattr(
            instance.compute_log_manager,
            "get_log_data_for_type",
            lambda *given: asked.append(1) or read(*given),
        )
        seen = self.follow(*followed, [b"x\n"] * 7, monkeypatch, capsys)
        assert "".join(seen) == "x\n" * 7
        # Of nine looks the first, the fifth and the last, each until there is no more.
        assert len(asked) == 1 + 2 + 2


class TestDelete:
    def test_forced(self, run, execute):
        gone, kept = execute("good"), execute("good")
        result = run("run", "delete", gone[:10], "--force")
        assert (result.exit_code, result.stdout) == (0, f"Deleted run {gone}.\n")
        with DagsterInstance.get() as instance:
            assert instance.get_run_ids() == [kept]
            assert instance.all_logs(gone) == []

    @pytest.mark.parametrize(
        ("typed", "code", "left"), [("DELETE\n", 0, 0), ("yes\n", 2, 1), (None, 2, 1)]
    )
    def test_asked(self, execute, typed, code, left):
        from click.testing import CliRunner

        from dagster._cli.main import cli

        run_id = execute("good")
        for command in (["run", "delete", run_id], ["run", "wipe"]):
            result = CliRunner().invoke(cli, command, input=typed)
            if command[1] == "delete" or left:
                assert result.exit_code == code, result.output
                assert "Type DELETE to confirm" in result.stderr
                assert ("Nothing was deleted" in result.stderr) == bool(left)
                if typed is None:
                    assert "\nError: Nothing was deleted" in result.stderr
                    assert "--force does it without asking." in result.stderr
        with DagsterInstance.get() as instance:
            assert instance.get_runs_count() == left

    def test_a_run_that_goes_on_is_said_to(self, home):
        from click.testing import CliRunner

        from dagster._cli.main import cli

        with DagsterInstance.get() as instance:
            made = instance.create_run(job_name="a", status=DagsterRunStatus.STARTED)
        result = CliRunner().invoke(cli, ["run", "delete", made.run_id], input="no")
        assert "(STARTED) with its log. It is not over yet." in result.stderr

    def test_wipe(self, run, execute):
        execute("good")
        assert run("run", "wipe", "-f").exit_code == 0
        with DagsterInstance.get() as instance:
            assert instance.get_runs_count() == 0
            assert instance.all_asset_keys() == []


@pytest.fixture
def assets(home):
    with DagsterInstance.get() as instance:
        for name in ("orders", "items"):
            instance.report_runless_asset_event(AssetMaterialization(["shop", name], partition="p"))
        instance.report_runless_asset_event(AssetObservation("seen"))
    return home


class TestAssets:
    def test_list(self, run, execute):
        run_id = execute("good")
        head, line = run("asset", "list").stdout.splitlines()
        assert head.split() == ["asset", "materialized", "partition", "run"]
        assert line.split()[0] == "shop/orders"
        assert line.split()[-2:] == ["monday", run_id]

    def test_list_of_runless_and_observed_ones(self, run, assets):
        found = {
            "/".join(each["asset_key"]): each
            for each in json.loads(run("asset", "list", "--json").stdout)
        }
        assert found.keys() == {"shop/orders", "shop/items", "seen"}
        assert found["shop/orders"]["partition"] == "p"
        assert found["shop/orders"]["run_id"] is None
        assert found["seen"]["materialized"] is None
        assert found["seen"]["observed"] > 0
        assert len(run("asset", "list").stdout.splitlines()) == 4

    def test_list_a_part(self, run, assets):
        assert len(json.loads(run("asset", "list", "--json", "--prefix", "shop").stdout)) == 2
        assert len(json.loads(run("asset", "list", "--json", "--limit", "1").stdout)) == 1
        result = run("asset", "list", "--prefix", "nothing")
        assert (result.exit_code, result.stderr) == (0, "No assets under nothing.\n")

    def test_list_in_pages(self, run, assets, monkeypatch):
        monkeypatch.setattr("dagster._cli.asset._PAGE", 1)
        assert len(json.loads(run("asset", "list", "--json").stdout)) == 3

    def test_wipe_some(self, run, assets):
        assert run("asset", "wipe", "shop/orders", "seen", "--noprompt").stdout == "Wiped 2 assets.\n"
        with DagsterInstance.get() as instance:
            assert list(instance.all_asset_keys()) == [AssetKey(["shop", "items"])]

    def test_wipe_the_kept_status(self, run, assets):
        keys = [AssetKey(["shop", name]) for name in ("orders", "items")]

        def kept():
            with DagsterInstance.get() as instance:
                found = instance.get_asset_records(keys)
                return {
                    record.asset_entry.asset_key: record.asset_entry.cached_status for record in found
                }

        def keep():
            with DagsterInstance.get() as instance:
                for key in keys:
                    instance.update_asset_cached_status_data(key, AssetStatusCacheValue(7, "one"))

        keep()
        command = ("asset", "wipe-partitions-status-cache")
        result = run(*command, "shop/orders", "--noprompt")
        assert result.stdout == "Wiped the kept status of the partitions of 1 asset.\n"
        assert kept()[keys[0]] is None
        assert kept()[keys[1]].latest_storage_id == 7
        keep()
        assert run(*command, "--all", "--noprompt").exit_code == 0
        assert set(kept().values()) == {None}
        assert len(run("asset", "list").stdout.splitlines()) == 4
        refused = run(*command, "shop/orders")
        assert refused.exit_code == 2
        assert "Nothing was deleted" in refused.stderr
        assert "leave out the keys" in run(*command, "shop/orders", "--all").stderr

    def test_wipe_all(self, run, assets):
        assert run("asset", "wipe", "--all", "--noprompt").exit_code == 0
        assert run("asset", "list").stderr == "No assets.\n"
        assert run("asset", "wipe", "--all", "--noprompt").stderr == "No assets.\n"

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            ((), "Say which assets: their keys, such as warehouse/orders, or --all."),
            (("--all", "x"), "--all means every asset: leave out the keys."),
            (("shop/order", "--noprompt"), 'unknown asset "shop/order". Did you mean "shop/orders"?'),
            (
                ("shop/orders",),
                "Nothing was deleted: nobody confirmed it. --noprompt does it without asking.",
            ),
        ],
    )
    def test_wrong_use(self, run, assets, args, message):
        result = run("asset", "wipe", *args)
        assert result.exit_code == 2
        assert message in result.stderr
        with DagsterInstance.get() as instance:
            assert len(instance.all_asset_keys()) == 3


class TestInstance:
    def test_info_hides_passwords(self, run, home):
        (home / "dagster.yaml").write_text(
            "run_monitoring: {enabled: false}\nrun_queue: {max_concurrent_runs: 3}\n"
        )
        result = run("instance", "info")
        assert result.exit_code == 0
        assert result.stdout.startswith(f"Instance of {home}\n")
        assert "DagsterSqliteStorage" in result.stdout
        assert "run_monitoring:" in result.stdout
        found = json.loads(run("instance", "info", "--json").stdout)
        assert found["root_directory"] == str(home)
        assert found["schema"]["run_storage"]["current"] == found["schema"]["run_storage"]["latest"]

    @pytest.mark.parametrize("command", ["migrate", "reindex"])
    def test_looking_after_it_leaves_everything(self, run, execute, command):
        run_id = execute("good")
        assert run("instance", command).exit_code == 0
        assert run("run", "show", run_id).exit_code == 0
        assert "shop/orders" in run("asset", "list").stdout

    def test_ids_are_wide_already(self, run, home):
        result = run("instance", "migrate", "--bigint-migration")
        assert result.exit_code == 0
        assert "Ids have 64 bits in all tables" in result.stdout


class TestConcurrency:
    def test_limits_are_set_and_shown(self, run, home):
        assert run("instance", "concurrency", "get", "--all").stderr == "No pool has a limit.\n"
        done = run("instance", "concurrency", "set", "db", "3")
        assert (done.exit_code, done.stdout) == (0, 'The limit of pool "db" is 3.\n')
        run("instance", "concurrency", "set", "api", "0")
        rows = run("instance", "concurrency", "get", "--all").stdout.splitlines()
        assert [row.split() for row in rows] == [
            ["pool", "limit", "running", "waiting"],
            ["api", "0", "0", "0"],
            ["db", "3", "0", "0"],
        ]
        with DagsterInstance.get() as instance:
            storage = instance.event_log_storage
            for number in range(4):
                storage.claim_concurrency_slot("db", "run", f"step {number}")
        (found,) = json.loads(run("instance", "concurrency", "get", "db", "--json").stdout)
        assert found == {
            "key": "db",
            "limit": 3,
            "using_default_limit": False,
            "active_slot_count": 3,
            "active_run_ids": ["run"],
            "pending_step_count": 1,
            "pending_run_ids": ["run"],
        }

    def test_one_without_a_limit(self, run, home):
        (home / "dagster.yaml").write_text("concurrency: {pools: {default_limit: 7}}\n")
        run("instance", "concurrency", "set", "database", "1")
        result = run("instance", "concurrency", "get", "databse")
        assert result.exit_code == 0
        assert result.stderr == (
            'The pool "databse" has no limit. Did you mean "database"? It gets the default when a step '
            "first asks for a slot: 7.\n"
        )

    @pytest.mark.parametrize(
        ("args", "text"),
        [
            (("get",), "Say which pool"),
            (("get", "db", "--all"), "leave out the key"),
            (("set", "db"), "LIMIT"),
            (("set", "db", "many"), "many"),
            (("set", "db", "-1"), "-1"),
            (("set", "db", "1001"), "1001"),
            (("set", "", "1"), "expected"),
        ],
    )
    def test_wrong_use(self, run, home, args, text):
        result = run("instance", "concurrency", *args)
        assert result.exit_code == 2
        assert text in result.stderr


class TestDebug:
    def test_into_a_directory_that_is_not_there(self, run, home, tmp_path):
        with DagsterInstance.get() as instance:
            run_id = instance.create_run(job_name="a").run_id
        result = run("debug", "export", run_id, tmp_path / "none" / "run.gz")
        assert result.exit_code == 2
        assert f'Make it with: mkdir -p "{tmp_path / "none"}"' in result.stderr

    def test_there_and_back(self, run, execute, tmp_path, monkeypatch):
        run_id = execute("bad")
        before = [run("run", "show", run_id).stdout, run("run", "logs", run_id).stdout]
        result = run("debug", "export", run_id[:8], tmp_path / "run.gz")
        assert re.fullmatch(rf"Wrote run {run_id} with \d+ log entries to .*run\.gz\.\n", result.stdout)
        other = tmp_path / "other"
        other.mkdir()
        monkeypatch.setenv("DAGSTER_HOME", str(other))
        assert run("debug", "import", tmp_path / "run.gz").exit_code == 0
        assert [run("run", "show", run_id).stdout, run("run", "logs", run_id).stdout] == before
        assert "shop/orders" in run("asset", "list").stdout
        with DagsterInstance.get() as instance:
            kept = instance.get_run_by_id(run_id)
            assert instance.has_job_snapshot(kept.job_snapshot_id)
            assert instance.get_execution_plan_snapshot(kept.execution_plan_snapshot_id)

    def test_what_is_there_is_not_overwritten(self, run, execute, tmp_path):
        first, second = execute("good"), execute("good")
        run("debug", "export", first, "1.gz"), run("debug", "export", second, "2.gz")
        run("run", "delete", first, "-f")
        result = run("debug", "import", "1.gz", "2.gz")
        assert result.exit_code == 2
        assert f"delete it: dagster run delete {second}" in result.stderr
        with DagsterInstance.get() as instance:
            assert instance.get_run_ids() == [second]
        assert "Several of the files hold run" in run("debug", "import", "1.gz", "1.gz").stderr

    @pytest.mark.parametrize(
        "content",
        [b"nothing", gzip.compress(b"{}"), gzip.compress(b"x")[:-4], b""],
        ids=["no gzip", "no payload", "cut off", "empty"],
    )
    def test_other_files_are_refused(self, run, home, tmp_path, content):
        (tmp_path / "x.gz").write_bytes(content)
        result = run("debug", "import", "x.gz")
        assert result.exit_code == 2
        assert "expected x.gz to be a file that dagster debug export wrote" in result.stderr

    def test_a_file_that_is_not_there(self, run, home):
        assert run("debug", "import", "nope.gz").exit_code == 2
        assert run("debug", "import").exit_code == 2


class TestPipelines:
    def test_a_pipeline_is_kept_with_its_mode(self, run, write, home):
        write(
            "older.py",
            """
            from dagster import ModeDefinition, pipeline, solid

            @solid
            def hello(context): ...

            @pipeline(mode_defs=[ModeDefinition("local"), ModeDefinition("prod")])
            def greetings():
                hello()
            """,
        )
        result = run("pipeline", "execute", "-f", "older.py", "--mode", "prod")
        assert result.exit_code == 0
        assert "To look at it: dagster run show" in result.stdout
        (found,) = json.loads(run("run", "list", "--json").stdout)
        assert (found["job_name"], found["status"]) == ("greetings", "SUCCESS")
        assert "  mode     prod\n" in run("run", "show", found["run_id"]).stdout


def test_completion_of_ids(home, monkeypatch):
    from dagster._cli.stored_runs import complete_run_ids

    with DagsterInstance.get() as instance:
        for run_id in ("abc", "abd", "x"):
            instance.create_run(job_name="a", run_id=run_id)
    assert [item.value for item in complete_run_ids(None, None, "ab")] == ["abc", "abd"]
    monkeypatch.delenv("DAGSTER_HOME")
    assert complete_run_ids(None, None, "ab") == []
