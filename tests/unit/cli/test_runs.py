"""Commands about what the instance keeps: run, asset, instance, debug."""

from __future__ import annotations

import gzip
import json
import re
import threading

import pytest

import dagster._time as _time
from dagster._cli.run_text import follow
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.run import DagsterRunStatus
from dagster._core.records.user_events import AssetMaterialization, AssetObservation

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


class TestDebug:
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
