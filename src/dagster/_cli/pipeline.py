"""``dagster pipeline``: run and inspect pipelines, the older vocabulary. Jobs are taken too."""

from __future__ import annotations

from typing import Any

import click

from dagster._cli.commands import job_of, list_jobs, print_job, scaffold_config_of
from dagster._cli.config_options import (
    config_options,
    read_run_config,
    read_selection,
    read_tags,
)
from dagster._cli.refusal import Refusal
from dagster._cli.target_options import (
    TargetCommand,
    load_job_of,
    pipeline_option,
    repository_option,
    target_options,
)

_mode_option = click.option("--mode", metavar="NAME", help="The mode. Default: the pipeline's only one.")


@click.group("pipeline")
def pipeline_group() -> None:
    """Run and inspect pipelines (the older vocabulary)."""


@pipeline_group.command("execute", cls=TargetCommand)
@target_options()
@repository_option
@pipeline_option
@_mode_option
@click.option(
    "--preset",
    metavar="NAME",
    help="A preset of the pipeline: run config, mode, solid selection and tags in one. Not together with "
    "-c or --config-json.",
)
@click.option(
    "-s",
    "--solid-selection",
    metavar="CLAUSES",
    help="A part of the solids, separated by commas: load, load+ (and what depends on it directly), load* "
    "(and all that depends on it), *load (and all that it depends on).",
)
@config_options
@click.pass_context
def execute_command(ctx: click.Context, **params: Any) -> None:
    """Run a pipeline in this process and wait for its end.

    \b
    dagster pipeline execute -f my_pipeline.py
    dagster pipeline execute -f my_pipeline.py -p flights --mode prod -c config/prod.yaml
    dagster pipeline execute -m my_project.repo -p flights --preset test

    The steps are told as they go on: on a terminal redrawn, in a pipe (or with NO_COLOR) line by line. The
    summary goes to stdout, messages of the run and errors to stderr.
    """
    config = read_run_config(params["config"], params["config_json"])
    tags = read_tags(params["tags"])
    mode = params["mode"]
    selection = read_selection(params["solid_selection"], "-s/--solid-selection")
    loaded = load_job_of(params, params["pipeline"], word="pipeline", option="-p")
    if params["preset"] is not None:
        if config:
            raise Refusal(
                "--preset brings run config of its own: leave out -c/--config and --config-json."
            )
        preset = _preset(loaded.definition, params["preset"])
        if mode is not None and mode != preset.mode:
            raise Refusal(
                f'The preset "{preset.name}" is for the mode "{preset.mode}": leave out --mode {mode}.'
            )
        mode = preset.mode
        config = dict(preset.run_config or {})
        tags = {**(preset.tags or {}), **tags}
        selection = selection or preset.solid_selection

    from dagster._cli.run_command import carry_out

    job_of(loaded.definition, mode)  # refuses a mode that it does not have
    job = loaded.as_job(selection, mode)
    ctx.exit(carry_out(job, run_config=config, tags=tags, mode=mode, selection=selection))


def _preset(definition: Any, name: str) -> Any:
    from dagster._text import unknown

    presets = {preset.name: preset for preset in getattr(definition, "preset_defs", ())}
    if name not in presets:
        if not presets:
            raise Refusal(f'"{definition.name}" has no presets: leave out --preset {name}.')
        raise Refusal(f'In "{definition.name}": {unknown("preset", name, presets)}')
    return presets[name]


@pipeline_group.command("list", cls=TargetCommand)
@target_options(several=True)
def list_command(**params: Any) -> None:
    """List pipelines and jobs with their descriptions, for each repository."""
    list_jobs(params, "pipeline")


@pipeline_group.command("print", cls=TargetCommand)
@target_options(several=True)
@repository_option
@pipeline_option
@_mode_option
@click.option(
    "--verbose", is_flag=True, help="Show descriptions, config, resources, and the inside of composites."
)
def print_command(**params: Any) -> None:
    """Print the graph of a pipeline: its solids, and where each input comes from."""
    print_job(params, params["pipeline"], "pipeline", "-p")


@pipeline_group.command("scaffold_config", cls=TargetCommand)
@target_options()
@repository_option
@pipeline_option
@_mode_option
@click.option("--print-only-required", is_flag=True, help="Leave out what need not be given.")
def scaffold_config_command(**params: Any) -> None:
    """Print a sample of a pipeline's run config as YAML.

    Every entry is shown, with its default where it has one and what it is for as a comment.
    """
    scaffold_config_of(params, params["pipeline"], "pipeline", "-p")
