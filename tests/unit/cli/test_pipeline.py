from __future__ import annotations

import pytest

PIPELINES = """
    from dagster import ModeDefinition, PresetDefinition, job, op, pipeline, resource, solid

    @resource
    def dev(_context):
        return "dev store"

    @resource
    def prod(_context):
        return "prod store"

    @solid(config_schema={"n": int}, required_resource_keys={"store"})
    def load(context):
        context.log.info(f"{context.solid_config['n']} from {context.resources.store}")
        return 1

    @solid
    def clean(_context, rows):
        return rows

    CONFIG = {"solids": {"load": {"config": {"n": 5}}}}

    @pipeline(
        mode_defs=[
            ModeDefinition("dev", resource_defs={"store": dev}),
            ModeDefinition("prod", resource_defs={"store": prod}),
        ],
        preset_defs=[
            PresetDefinition("nightly", mode="prod", run_config=CONFIG),
            PresetDefinition("part", mode="dev", run_config=CONFIG, solid_selection=["load"]),
        ],
    )
    def flights():
        '''An older one.'''
        clean(load())

    @op
    def a(): ...

    @job
    def newer():
        a()
"""
CONFIG = '{"solids": {"load": {"config": {"n": 7}}}}'


@pytest.fixture
def pipelines(write):
    return write("my_pipelines.py", PIPELINES)


def test_mode_and_config(run, pipelines):
    result = run(
        "pipeline", "execute", "-f", pipelines, "-p", "flights", "--mode", "dev", "--config-json", CONFIG
    )
    assert result.exit_code == 0, result.stderr
    assert "7 from dev store" in result.stderr
    assert "of flights: SUCCESS in" in result.stdout
    assert "  2 steps succeeded\n" in result.stdout


def test_preset(run, pipelines):
    result = run("pipeline", "execute", "-f", pipelines, "-p", "flights", "--preset", "nightly")
    assert result.exit_code == 0, result.stderr
    assert "5 from prod store" in result.stderr


def test_solid_selection(run, pipelines):
    args = ("pipeline", "execute", "-f", pipelines, "-p", "flights")
    assert "  1 step succeeded\n" in run(*args, "--preset", "part").stdout
    result = run(*args, "--mode", "dev", "--config-json", CONFIG, "-s", "load")
    assert "  1 step succeeded\n" in result.stdout


def test_a_job_is_taken_too(run, pipelines):
    assert run("pipeline", "execute", "-f", pipelines, "-p", "newer").exit_code == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), 'There are 2 pipelines in file "my_pipelines.py"; say which one with -p: "flights", "newer".'),
        (("-p", "flight"), 'unknown pipeline "flight". Did you mean "flights"?'),
        (("-p", "flights"), 'The pipeline "flights" has 2 modes; say which one with --mode'),
        (("-p", "flights", "--mode", "prd"), 'Did you mean "prod"?'),
        (("-p", "flights", "--preset", "nigtly"), 'unknown preset "nigtly". Did you mean "nightly"?'),
        (("-p", "newer", "--preset", "x"), '"newer" has no presets: leave out --preset x.'),
        (("-p", "newer", "--mode", "prod"), '"newer" is not a pipeline and has no modes: leave out --mode prod.'),
        (("-p", "flights", "--preset", "part", "--mode", "prod"), 'The preset "part" is for the mode "dev"'),
        (("-p", "flights", "--preset", "part", "--config-json", '{"a": 1}'), "--preset brings run config of its own"),
        (("-p", "flights", "--preset", "nightly", "-s", "nope"), "nope"),
    ],
)  # fmt: skip
def test_refusals(run, pipelines, args, message):
    result = run("pipeline", "execute", "-f", "my_pipelines.py", *args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_list_print_scaffold(run, pipelines):
    assert "  flights\n    An older one.\n\n  newer\n" in run("pipeline", "list", "-f", pipelines).stdout
    output = run("pipeline", "print", "-f", pipelines, "-p", "flights").stdout
    assert output.startswith("Pipeline: flights\n  An older one.\n")
    assert "clean\n  rows ← load\n" in output
    args = ("pipeline", "scaffold_config", "-f", pipelines, "-p", "flights", "--mode", "dev")
    assert run(*args, "--print-only-required").stdout == "solids:\n  load:\n    config:\n      n: 0\n"
    assert "solids:\n  load:\n    config:\n      n: 0\n" in run(*args).stdout
