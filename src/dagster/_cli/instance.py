"""``dagster instance``: the instance that ``DAGSTER_HOME`` names."""

from __future__ import annotations

import click

from dagster._cli.stored_runs import open_instance


@click.group("instance")
def instance_group() -> None:
    """Look at the instance of DAGSTER_HOME, and look after it."""


@instance_group.command("info")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON, for programs.")
def info_command(as_json_: bool) -> None:
    """Show what the instance is made of, without passwords, and the versions of its tables."""
    with open_instance() as instance:
        if as_json_:
            from dagster._cli.run_text import as_json
            from dagster._config.yaml_files import load_yaml

            schema = load_yaml(instance.schema_str(), "the versions")
            facts = {"root_directory": instance.root_directory, "config": instance.info_dict()}
            click.echo(as_json({**facts, **schema}))
            return
        click.echo(f"Instance of {instance.root_directory}\n")
        click.echo(instance.info_str())
        click.echo(instance.schema_str(), nl=False)


@instance_group.command("migrate")
def migrate_command() -> None:
    """Bring the tables to the version of this installation. Make a copy of them before.

    It can be called again whenever it was interrupted. Nothing else may use the instance meanwhile.
    """
    with open_instance() as instance:
        click.echo(f"Instance of {instance.root_directory}")
        instance.upgrade(click.echo)
        click.echo(instance.schema_str(), nl=False)


@instance_group.command("reindex")
def reindex_command() -> None:
    """Build again what is derived from the logs of runs."""
    with open_instance() as instance:
        click.echo(f"Instance of {instance.root_directory}")
        instance.reindex(click.echo)
