"""What the commands of both groups do; the groups differ in their words and options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from dagster._cli.refusal import Refusal
from dagster._cli.target_options import load_code_of, load_job_of

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition


def job_of(definition: Any, mode: str | None = None, *, any_mode: bool = False) -> JobDefinition:
    """Return the job that a job, graph or pipeline is.

    Args:
        definition: The definition.
        mode: The mode, for pipelines.
        any_mode: Whether the first mode will do, if none is given.

    Raises:
        Refusal: If a mode is given for what has none, or none for what has several.
    """
    from dagster._core.definitions.job.definition import JobDefinition

    if callable(getattr(definition, "get_mode_job", None)):
        modes = list(getattr(definition, "available_modes", ()))
        if mode is None and len(modes) > 1:
            if not any_mode:
                raise Refusal(
                    f'The pipeline "{definition.name}" has {len(modes)} modes; say which one with --mode '
                    f"(of dagster pipeline …): {', '.join(modes)}."
                )
            mode = modes[0]
        return definition.get_mode_job(mode)
    if mode is not None and mode != "default":
        raise Refusal(
            f'"{definition.name}" is not a pipeline and has no modes: leave out --mode {mode}.'
        )
    return definition if isinstance(definition, JobDefinition) else definition.coerce_to_job()


def list_jobs(params: Mapping[str, Any], word: str) -> None:
    """Print the jobs of each repository with their descriptions."""
    from dagster._cli.graph_text import description_lines
    from dagster._workspace.discovery import OWN_REPOSITORY

    first = True
    for code in load_code_of(params):
        for repository in code.repositories:
            if not first:
                click.echo()
            first = False
            if repository.name == OWN_REPOSITORY:
                click.echo(f"In {code.target.describe()}:")
            else:
                click.echo(f"Repository: {repository.name}")
            for line in description_lines(repository.description):
                click.echo(line)
            if not repository.jobs:
                click.echo(f"  no {word}s")
            for job in repository.jobs.values():
                click.echo(f"\n  {job.name}")
                for line in description_lines(getattr(job.definition, "description", None), "    "):
                    click.echo(line)


def print_job(params: Mapping[str, Any], name: str | None, word: str, option: str) -> None:
    """Print the graph of a job, and the config that it needs."""
    from dagster._cli.graph_text import job_lines

    job_def = job_of(
        load_job_of(params, name, word=word, option=option).definition, params.get("mode"), any_mode=True
    )
    for line in job_lines(job_def, verbose=params["verbose"], word=word.capitalize()):
        click.echo(line)
    needed = "" if job_def.config_mapping is None and job_def.run_config else _needed(job_def)
    if needed:
        click.echo(f"\nRun config that must be given (a sample):\n\n{needed}", nl=False)
    if not params["verbose"]:
        click.echo("\n--verbose shows descriptions, config, resources, and what is inside of graphs.")


def _needed(job_def: JobDefinition) -> str:
    from dagster._cli.config_text import sample_yaml
    from dagster._config.scaffold import scaffold_config

    schema = config_schema_of(job_def)
    if not scaffold_config(schema, skip_non_required=True):
        return ""
    lines = sample_yaml(schema, only_required=True).rstrip("\n").split("\n")
    return "".join(f"  {line}\n" for line in lines)


def config_schema_of(job_def: JobDefinition) -> Any:
    """Return the schema of what a run of the job is given: of its config mapping, if it has one."""
    mapping = job_def.config_mapping
    if mapping is not None and mapping.config_schema is not None:
        return mapping.config_schema.config_type
    return job_def.run_config_schema


def scaffold_config_of(params: Mapping[str, Any], name: str | None, word: str, option: str) -> None:
    """Print a sample of a job's run config as YAML."""
    from dagster._cli.config_text import sample_yaml

    job_def = job_of(load_job_of(params, name, word=word, option=option).definition, params.get("mode"))
    click.echo(
        sample_yaml(config_schema_of(job_def), only_required=params["print_only_required"]), nl=False
    )
