"""``dagster``: the command line's entry."""

from __future__ import annotations

import os
import sys

import click

from dagster._cli.api import api_group
from dagster._cli.asset import asset_group
from dagster._cli.debug import debug_group
from dagster._cli.instance import instance_group
from dagster._cli.job import job_group
from dagster._cli.pipeline import pipeline_group
from dagster._cli.refusal import CommandGroup
from dagster._cli.run import run_group
from dagster.version import __version__

_EPILOG = """\
\b
Exit codes:
  0    success
  1    the run failed, or your code cannot be loaded
  2    the command cannot be carried out as it was given; nothing has run
  130  interrupted by Ctrl-C (143: by SIGTERM); the run ended as canceled

\b
Shell completion, for bash (zsh: zsh_source, fish: fish_source):
  eval "$(_DAGSTER_COMPLETE=bash_source dagster)"
"""


@click.group(
    cls=CommandGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-v", "--version", prog_name="dagster")
def cli() -> None:
    """Run the jobs and pipelines that your code defines, and look at their runs."""


cli.add_command(job_group)
cli.add_command(pipeline_group)
cli.add_command(run_group)
cli.add_command(asset_group)
cli.add_command(instance_group)
cli.add_command(debug_group)
cli.add_command(api_group)


def open_closed_streams() -> None:
    """Put the null device where a stream was closed (``>&-``), so that what is written has a place.

    Otherwise the next file that a step opens would get the stream's descriptor, and what a child process
    prints would go into it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115 - as long as the process
            setattr(sys, name, stream)


def main() -> None:
    """Run the command that the process was started with."""
    open_closed_streams()
    cli.main(prog_name="dagster", complete_var="_DAGSTER_COMPLETE")
