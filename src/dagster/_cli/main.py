"""``dagster``: the command line's entry."""

from __future__ import annotations

import click

from dagster._cli.job import job_group
from dagster._cli.pipeline import pipeline_group
from dagster._cli.refusal import CommandGroup
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
    """Run and inspect the jobs and pipelines that your code defines."""


cli.add_command(job_group)
cli.add_command(pipeline_group)


def main() -> None:
    """Run the command that the process was started with."""
    cli.main(prog_name="dagster", complete_var="_DAGSTER_COMPLETE")
