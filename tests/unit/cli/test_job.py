from __future__ import annotations

import json
import re

import pytest
import yaml

JOBS = """
    from dagster import AssetMaterialization, Config, Field, In, MetadataValue, graph, job, op

    @op
    def load(context):
        '''Loads the rows.'''
        context.log.info("loading")
        return 1

    @op(config_schema={"times": Field(int, description="How often."), "loud": Field(bool, default_value=False)})
    def greet(context, n):
        context.log.info(f"times={context.op_config['times']} tags={context.run.tags}")
        path = MetadataValue.path("/results/card.txt")
        context.log_event(AssetMaterialization(["greeting", "card"], metadata={"path": path, "rows": 3}))
        return n

    @op
    def boom(n):
        raise ValueError("no such flight")

    @op
    def after(n):
        return n

    @graph
    def inner(n):
        '''Two steps.'''
        return after(n)

    @job
    def good():
        '''Greets.'''
        inner(greet(load()))

    @job
    def bad():
        after(boom(load()))
"""
TIMES = '{"ops": {"greet": {"config": {"times": 2}}}}'


@pytest.fixture
def jobs(write):
    return write("my_jobs.py", JOBS)


class TestExecute:
    def test_success_tells_each_step_and_where_the_results_lie(self, run, jobs):
        result = run("job", "execute", "-f", jobs, "-j", "good", "--config-json", TIMES)
        assert result.exit_code == 0
        lines = result.stdout.splitlines()
        assert re.fullmatch(r"Run [0-9a-f-]{36} of good: 3 steps", lines[0])
        assert re.match(r"\[1/3\] ok {7}load {9}\S+$", lines[1])
        assert lines[2].startswith("[2/3] ok       greet ")
        assert lines[3].startswith("[3/3] ok       inner.after ")
        assert re.fullmatch(r"Run [0-9a-f-]{36} of good: SUCCESS in \S+", lines[5])
        assert lines[6:-1] == [
            "  3 steps succeeded",
            "Materialized:",
            "  greeting/card",
            "    path  /results/card.txt",
        ]
        assert lines[-1] == "This run is not kept: DAGSTER_HOME is not set."
        assert "loading" in result.stderr

    def test_failure_shows_the_users_stack_once_and_exits_with_1(self, run, jobs):
        result = run("job", "execute", "-f", jobs, "-j", "bad")
        assert result.exit_code == 1
        assert re.search(r"\[2/3\] FAILED   boom   \S+  ValueError: no such flight", result.stdout)
        assert "not run  after  a step before it failed" in result.stdout
        assert "of bad: FAILURE in" in result.stdout
        assert (
            "  1 step succeeded, 1 failed, 1 not run\n  boom: ValueError: no such flight\n"
            in result.stdout
        )
        assert result.stderr.count("Traceback") == 1
        assert 'Step "boom" failed:\nTraceback (most recent call last):\n  File "' in result.stderr
        assert f'{jobs}", line' in result.stderr
        assert "dagster/_core" not in result.stderr
        assert result.stderr.endswith("ValueError: no such flight\n")

    def test_config_files_are_merged_and_the_later_wins(self, run, jobs, write):
        write("conf/a.yaml", "ops: {greet: {config: {times: 1, loud: true}}}")
        write("conf/b.yaml", "ops: {greet: {config: {times: 5}}}")
        result = run("job", "execute", "-f", jobs, "-j", "good", "-c", "conf/*.yaml")
        assert "times=5" in result.stderr
        result = run(
            "job", "execute", "-f", jobs, "-j", "good", "-c", "conf/b.yaml", "-c", "conf/a.yaml"
        )
        assert "times=1" in result.stderr
        result = run(
            "job", "execute", "-f", jobs, "-j", "good", "-c", "conf/a.yaml", "--config-json", TIMES
        )
        assert "times=2" in result.stderr

    def test_tags(self, run, jobs):
        tags = json.dumps({"team": "data", "rows": [1, 2]})
        result = run("job", "execute", "-f", jobs, "-j", "good", "--config-json", TIMES, "--tags", tags)
        assert "'team': 'data', 'rows': '[1, 2]'" in result.stderr

    def test_op_selection(self, run, jobs):
        result = run("job", "execute", "-f", jobs, "-j", "bad", "-o", "load, boom")
        assert "of bad: 2 steps" in result.stdout
        result = run("job", "execute", "-f", jobs, "-j", "bad", "-o", "load")
        assert result.exit_code == 0
        assert "1 step succeeded" in result.stdout

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            ((), 'There are 2 jobs in file "my_jobs.py"; say which one with -j: "good", "bad".'),
            (("-j", "godo"), 'unknown job "godo". Did you mean "good"? Known: "bad", "good".'),
            (("-j", "bad", "-r", "nope"), 'unknown repository "nope".'),
            (("-a", "godo"), 'There is no attribute "godo" in file "my_jobs.py". Did you mean "good"?'),
            (("-a", "load"), "Call it in a function that is decorated with @job."),
            (("-j", "bad", "-o", "bom"), 'No qualified ops to execute found for "bom"'),
            (("-j", "bad", "-o", "a b"), "'a b' is not a clause of op selection"),
            (("-j", "bad", "-o", " , "), "The selection -o/--op-selection is empty."),
            (("-j", "bad", "-c", "nope.yaml"), '"nope.yaml" for "config_files" produced no results'),
            (("-j", "bad", "--tags", '{"a": 1'), "--tags is not valid JSON: Expecting ',' delimiter at line 1, column 8"),
            (("-j", "bad", "--config-json", "[1]"), "expected --config-json to be a JSON object, got: [1] (list)"),
            (("-j", "good"), 'Missing required config entry "ops" at the root.'),
            (("-m", "x"), "got: --python-file my_jobs.py, --module-name x."),
            (("-j", "bad", "-d", "nowhere"), 'There is no working directory "nowhere"'),
        ],
    )  # fmt: skip
    def test_what_cannot_be_done_is_said_in_one_message(self, run, jobs, args, message):
        result = run("job", "execute", "-f", "my_jobs.py", *args)
        assert result.exit_code == 2
        assert message in result.stderr
        assert result.stderr.startswith("Error")
        assert "Traceback" not in result.stderr
        assert result.stdout == ""

    def test_all_config_errors_at_once_with_their_paths(self, run, jobs):
        config = '{"ops": {"greet": {"config": {"times": "x", "lout": true}}, "gret": 1}}'
        result = run("job", "execute", "-f", jobs, "-j", "good", "--config-json", config)
        assert result.exit_code == 2
        assert "ops → greet → config → times: expected Int" in result.stderr
        assert 'entry "lout" at path ops → greet → config. Did you mean "loud"?' in result.stderr
        assert 'entry "gret" at path ops. Did you mean "greet"?' in result.stderr

    def test_yaml_errors_have_line_and_column(self, run, jobs, write):
        write("bad.yaml", "ops:\n  greet: {config: {times: 2}\n  x: [1,\n")
        result = run("job", "execute", "-f", jobs, "-j", "good", "-c", "bad.yaml")
        assert result.exit_code == 2
        assert "file bad.yaml, line 3, column 3" in result.stderr

    def test_failure_metadata_is_shown(self, run, write):
        write(
            "strict.py",
            """
            from dagster import Failure, job, op

            @op
            def check():
                raise Failure("too few rows", metadata={"rows": 3})

            @job
            def strict():
                check()
            """,
        )
        result = run("job", "execute", "-f", "strict.py")
        assert result.exit_code == 1
        assert "  check: too few rows" in result.stdout
        assert "\n    rows: 3\n" in result.stderr

    def test_a_resource_that_cannot_be_set_up_fails_the_run(self, run, write):
        write(
            "needy.py",
            """
            from dagster import job, op, resource

            @resource
            def db(_context):
                raise ConnectionError("nobody answers")

            @op(required_resource_keys={"db"})
            def query(): ...

            @job(resource_defs={"db": db})
            def needy():
                query()
            """,
        )
        result = run("job", "execute", "-f", "needy.py")
        assert result.exit_code == 1
        assert "The run failed:\nTraceback" in result.stderr
        assert "ConnectionError: nobody answers\n" in result.stderr
        assert "  1 step not run\n  ConnectionError: nobody answers\n" in result.stdout

    def test_a_missing_resource_is_told_before_anything_runs(self, run, write):
        write(
            "lacking.py",
            """
            from dagster import job, op

            @op(required_resource_keys={"db"})
            def query(): ...

            @job
            def lacking():
                query()
            """,
        )
        result = run("job", "execute", "-f", "lacking.py")
        assert result.exit_code == 1
        assert "resource with key \"db\" required by op 'query'" in result.stderr
        assert result.stdout == ""

    def test_loggers_of_run_config_print_everything_themselves(self, run, jobs):
        config = '{"loggers": {"console": {"config": {"log_level": "ERROR"}}}}'
        result = run("job", "execute", "-f", jobs, "-j", "bad", "--config-json", config)
        assert "STEP_FAILURE" in result.stderr
        assert 'Step "boom" failed:' in result.stderr

    def test_sys_exit_in_a_step_is_a_failure_that_explains_itself(self, run, write):
        write(
            "leaving.py",
            """
            import sys
            from dagster import job, op

            @op
            def leave():
                sys.exit(0)

            @job
            def leaving():
                leave()
            """,
        )
        result = run("job", "execute", "-f", "leaving.py")
        assert result.exit_code == 1
        assert (
            "sys.exit" in result.stderr + result.stdout or "SystemExit" in result.stderr + result.stdout
        )


class TestList:
    def test_jobs_of_a_file(self, run, jobs):
        assert run("job", "list", "-f", "my_jobs.py").stdout == (
            'In file "my_jobs.py":\n\n  good\n    Greets.\n\n  bad\n'
        )

    def test_several_files(self, run, jobs, write):
        write("other.py", "from dagster import graph, op\n@op\ndef a(): ...\n@graph\ndef g(): a()\n")
        output = run("job", "list", "-f", "my_jobs.py", "-f", "other.py").stdout
        assert 'In file "my_jobs.py":' in output
        assert '\n\nIn file "other.py":\n\n  g\n' in output

    def test_repositories(self, run, write):
        write(
            "repos.py",
            """
            from dagster import job, op, repository

            @op
            def a(): ...

            @job
            def one(): a()

            @repository
            def first():
                '''The first.'''
                return [one]

            @repository
            def second():
                return []
            """,
        )
        assert run("job", "list", "-f", "repos.py").stdout == (
            "Repository: first\n  The first.\n\n  one\n\nRepository: second\n  no jobs\n"
        )

    def test_no_target(self, run):
        result = run("job", "list")
        assert result.exit_code == 2
        assert (
            "Say where your code is: -f FILE.py, -m MODULE or --package-name PACKAGE." in result.stderr
        )

    def test_target_of_pyproject(self, run, jobs, write):
        write("pyproject.toml", '[tool.dagster]\nmodule_name = "my_jobs"\n')
        assert 'In module "my_jobs":' in run("job", "list").stdout
        assert run("job", "list", "-a", "bad").stdout.startswith(
            'In attribute "bad" of module "my_jobs":'
        )

    def test_target_of_the_environment(self, run, jobs, monkeypatch):
        monkeypatch.setenv("DAGSTER_PYTHON_FILE", str(jobs))
        monkeypatch.setenv("DAGSTER_ATTRIBUTE", "bad")
        assert "bad" in run("job", "print").stdout


class TestPrint:
    def test_graph_and_needed_config(self, run, jobs):
        output = run("job", "print", "-f", jobs, "-j", "good").stdout
        assert output == (
            "Job: good\n  Greets.\n\n"
            "load\n  → result\n"
            "greet\n  n ← load\n  → result\n"
            "inner (graph)\n  n ← greet\n  → result\n"
            "\nRun config that must be given (a sample):\n\n"
            "  ops:\n    greet:\n      config:\n        # How often.\n        times: 0\n"
            "\n--verbose shows descriptions, config, resources, and what is inside of graphs.\n"
        )

    def test_verbose(self, run, jobs):
        output = run("job", "print", "-f", jobs, "-j", "good", "--verbose").stdout
        assert "load\n  Loads the rows.\n" in output
        assert "  config: { times: Int, loud?: Bool }\n" in output
        assert "  inside:\n    after\n      n ← input n\n" in output
        assert "--verbose" not in output


class TestScaffoldConfig:
    def test_only_required(self, run, jobs):
        output = run("job", "scaffold_config", "-f", jobs, "-j", "good", "--print-only-required").stdout
        assert yaml.safe_load(output) == {"ops": {"greet": {"config": {"times": 0}}}}

    def test_full_sample_can_be_run(self, run, jobs, write, capfd):
        output = run("job", "scaffold_config", "-f", jobs, "-j", "good").stdout
        assert "# How often.\n" in output
        write("sample.yaml", output)
        result = run("job", "execute", "-f", jobs, "-j", "good", "-c", "sample.yaml")
        assert result.exit_code == 0, result.stderr
        # The sample names the executor of processes, whose output goes straight to the descriptor.
        assert "times=0" in capfd.readouterr().err
