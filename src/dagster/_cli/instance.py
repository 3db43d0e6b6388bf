"""``dagster instance``: the instance that ``DAGSTER_HOME`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dagster._cli.refusal import Refusal
from dagster._cli.stored_runs import open_instance

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.concurrency import ConcurrencyKeyInfo


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
@click.option(
    "--bigint-migration", is_flag=True, help="Widen ids to 64 bits. They have 64 bits already here."
)
def migrate_command(bigint_migration: bool) -> None:
    """Bring the tables to the version of this installation. Make a copy of them before.

    It can be called again whenever it was interrupted. Nothing else may use the instance meanwhile.
    """
    with open_instance() as instance:
        click.echo(f"Instance of {instance.root_directory}")
        if bigint_migration:
            click.echo("Ids have 64 bits in all tables, from their first version on: nothing to widen.")
            return
        instance.upgrade(click.echo)
        click.echo(instance.schema_str(), nl=False)


@instance_group.command("reindex")
def reindex_command() -> None:
    """Build again what is derived from the logs of runs."""
    with open_instance() as instance:
        click.echo(f"Instance of {instance.root_directory}")
        instance.reindex(click.echo)


@instance_group.group("concurrency")
def concurrency_group() -> None:
    """Look at the limits of pools, and set them.

    A limit says how many steps of a pool run at the same time, in all runs of the instance.
    """


@concurrency_group.command("get")
@click.argument("key", metavar="[KEY]", required=False)
@click.option("--all", "all_", is_flag=True, help="All pools that have a limit.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON, for programs.")
def concurrency_get_command(key: str | None, all_: bool, as_json_: bool) -> None:
    """Show the limit of a pool, or of all, and how many steps hold a slot and wait for one."""
    if all_ == (key is not None):
        raise Refusal(
            "--all means every pool: leave out the key."
            if all_
            else "Say which pool: its key, or --all for all of them."
        )
    from dagster._cli.run_text import as_json

    with open_instance() as instance:
        storage = instance.event_log_storage
        keys = sorted(storage.get_concurrency_keys()) if key is None else [key]
        found = list(storage.get_concurrency_infos(keys).values())
        if as_json_:
            click.echo(as_json([_pool_dict(info) for info in found]))
            return
        if key is not None:
            found = [info for info in found if info.limit is not None or info.pending_steps]
        if not found:
            click.echo(_no_limit(instance, key), err=True)
            return
        from dagster._cli.tables import print_table

        heads = ("pool", "limit", "running", "waiting")
        print_table(heads, [_pool_row(info) for info in found])


def _no_limit(instance: DagsterInstance, key: str | None) -> str:
    from dagster._text import did_you_mean

    if key is None:
        return "No pool has a limit."
    default = instance.global_op_concurrency_default_limit
    rest = f" It gets the default when a step first asks for a slot: {default}." if default else ""
    known = instance.event_log_storage.get_concurrency_keys()
    return f'The pool "{key}" has no limit.{did_you_mean(key, known)}{rest}'


def _pool_row(info: ConcurrencyKeyInfo) -> list[str]:
    limit = "none" if info.limit is None else str(info.limit)
    default = " (default)" if info.using_default_limit else ""
    return [
        info.concurrency_key,
        f"{limit}{default}",
        str(info.active_slot_count),
        str(info.pending_step_count),
    ]


def _pool_dict(info: ConcurrencyKeyInfo) -> dict[str, Any]:
    return {
        "key": info.concurrency_key,
        "limit": info.limit,
        "using_default_limit": info.using_default_limit,
        "active_slot_count": info.active_slot_count,
        "active_run_ids": sorted(info.active_run_ids),
        "pending_step_count": info.pending_step_count,
        "pending_run_ids": sorted(info.pending_run_ids),
    }


@concurrency_group.command("set")
@click.argument("key", metavar="KEY")
@click.argument("limit", metavar="LIMIT", type=click.IntRange(min=0, max=1000))
def concurrency_set_command(key: str, limit: int) -> None:
    """Set how many steps of a pool run at the same time: 0 to 1000. Steps that run go on."""
    if not key:
        raise Refusal("expected KEY to be the name of a pool, got an empty text.")
    with open_instance() as instance:
        instance.event_log_storage.set_concurrency_slots(key, limit)
        click.echo(f'The limit of pool "{key}" is {limit}.')
