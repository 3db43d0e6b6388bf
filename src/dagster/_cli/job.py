"""``dagster job``: run and inspect jobs."""

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
from dagster._cli.target_options import (
    TargetCommand,
    job_option,
    load_job_of,
    repository_option,
    target_options,
)


@click.group("job")
def job_group() -> None:
    """Run and inspect jobs."""


@job_group.command("execute", cls=TargetCommand)
@target_options()
@repository_option
@job_option
@click.option(
    "-o",
    "--op-selection",
    metavar="CLAUSES",
    help="A part of the ops, separated by commas: load, load+ (and what depends on it directly), load* "
    "(and all that depends on it), *load (and all that it depends on), graph.op.",
)
@config_options
@click.pass_context
def execute_command(ctx: click.Context, **params: Any) -> None:
    """Run a job in this process and wait for its end.

    \b
    dagster job execute -f flights.py
    dagster job execute -f flights.py -j clean -c config/base.yaml -c config/today.yaml
    dagster job execute -m my_project.jobs -j clean -o 'load*' --tags '{"team": "data"}'

    The steps are told as they go on: on a terminal redrawn, in a pipe (or with NO_COLOR) line by line. The
    summary goes to stdout, messages of the run and errors to stderr.
    """
    config = read_run_config(params["config"], params["config_json"])
    tags = read_tags(params["tags"])
    selection = read_selection(params["op_selection"], "-o/--op-selection")
    loaded = load_job_of(params, params["job"])

    from dagster._cli.run_command import carry_out

    job_of(loaded.definition)  # refuses a pipeline of which it is not clear in which mode
    job = loaded.as_job(selection)
    ctx.exit(carry_out(job, run_config=config, tags=tags, selection=selection))


@job_group.command("list", cls=TargetCommand)
@target_options(several=True)
def list_command(**params: Any) -> None:
    """List jobs with their descriptions, for each repository."""
    list_jobs(params, "job")


@job_group.command("print", cls=TargetCommand)
@target_options(several=True)
@repository_option
@job_option
@click.option(
    "--verbose", is_flag=True, help="Show descriptions, config, resources, and the inside of graphs."
)
def print_command(**params: Any) -> None:
    """Print the graph of a job: its nodes, and where each input comes from."""
    print_job(params, params["job"], "job", "-j")


@job_group.command("scaffold_config", cls=TargetCommand)
@target_options()
@repository_option
@job_option
@click.option("--print-only-required", is_flag=True, help="Leave out what need not be given.")
def scaffold_config_command(**params: Any) -> None:
    """Print a sample of a job's run config as YAML.

    Every entry is shown, with its default where it has one and what it is for as a comment.
    """
    scaffold_config_of(params, params["job"], "job", "-j")
