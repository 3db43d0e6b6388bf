"""``dagster asset``: what the instance knows of assets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from dagster._cli.refusal import Refusal
from dagster._cli.stored_runs import confirm, open_instance

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.asset_key import AssetKey
    from dagster._core.records.asset_records import AssetRecord

_PAGE = 500


@click.group("asset")
def asset_group() -> None:
    """Look at what is known of assets, and forget it.

    A key is written with slashes: warehouse/orders.
    """


@asset_group.command("list")
@click.option("--prefix", metavar="KEY", help="Only those whose key starts with these parts.")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most. Default: all.")
@click.option("--json", "as_json_", is_flag=True, help="Print JSON, for programs.")
def list_command(prefix: str | None, limit: int | None, as_json_: bool) -> None:
    """List the assets of which events are known, with the newest materialization of each."""
    from dagster._cli.run_text import as_json
    from dagster._cli.tables import on_terminal, print_table

    with open_instance() as instance:
        records = list(_records(instance, prefix, limit))
        if as_json_:
            click.echo(as_json([_asset_dict(record) for record in records]))
            return
        if not records:
            click.echo("No assets." if prefix is None else f"No assets under {prefix}.", err=True)
            return
        heads = ("asset", "materialized", "partition", "run")
        print_table(heads, [_row(record, short_ids=on_terminal()) for record in records])


def _records(instance: DagsterInstance, prefix: str | None, limit: int | None) -> Iterator[AssetRecord]:
    from dagster._core.records.asset_key import AssetKey

    path = AssetKey.from_user_string(prefix).path if prefix else None
    cursor: str | None = None
    left = limit
    while left is None or left > 0:
        keys = instance.get_asset_keys(path, _PAGE if left is None else min(_PAGE, left), cursor)
        if not keys:
            return
        found = {record.asset_entry.asset_key: record for record in instance.get_asset_records(keys)}
        yield from (found[key] for key in keys if key in found)
        cursor = keys[-1].to_string()
        left = None if left is None else left - len(keys)


def _row(record: AssetRecord, *, short_ids: bool) -> list[Any]:
    from dagster._cli.stored_runs import SHORT
    from dagster._cli.tables import local_time

    latest = record.asset_entry.last_materialization_record
    key = record.asset_entry.asset_key.to_user_string()
    if latest is None:
        return [key, "", "", ""]
    run_id = latest.run_id[:SHORT] if short_ids else latest.run_id
    return [key, local_time(latest.timestamp), latest.partition_key or "", run_id]


def _asset_dict(record: AssetRecord) -> dict[str, Any]:
    entry = record.asset_entry
    latest = entry.last_materialization_record
    observed = entry.last_observation_record
    return {
        "asset_key": entry.asset_key.path,
        "materialized": latest.timestamp if latest is not None else None,
        "partition": latest.partition_key if latest is not None else None,
        "run_id": (latest.run_id or None) if latest is not None else None,
        "observed": observed.timestamp if observed is not None else None,
    }


@asset_group.command("wipe")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="All assets.")
@click.option("--noprompt", is_flag=True, help="Do not ask.")
def wipe_command(keys: Sequence[str], all_: bool, noprompt: bool) -> None:
    """Forget what is known of assets. What they consist of is not touched, and runs keep their logs."""
    with open_instance() as instance:
        wanted = _wanted(instance, keys, all_=all_)
        if not wanted:
            click.echo("No assets.", err=True)
            return
        if not noprompt:
            confirm(f"This deletes what is known of {_named(wanted)}.", "--noprompt")
        instance.wipe_assets(wanted)
        click.echo(f"Wiped {_count(wanted)}.")


@asset_group.command("wipe-partitions-status-cache")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="All assets.")
@click.option("--noprompt", is_flag=True, help="Do not ask.")
def wipe_cache_command(keys: Sequence[str], all_: bool, noprompt: bool) -> None:
    """Forget how the partitions of assets were last found to stand. It is found out again when it is needed."""
    with open_instance() as instance:
        wanted = _wanted(instance, keys, all_=all_)
        if not wanted:
            click.echo("No assets.", err=True)
            return
        if not noprompt:
            confirm(f"This deletes the kept status of the partitions of {_named(wanted)}.", "--noprompt")
        instance.wipe_asset_cached_status(wanted)
        click.echo(f"Wiped the kept status of the partitions of {_count(wanted)}.")


def _wanted(instance: DagsterInstance, keys: Sequence[str], *, all_: bool) -> list[AssetKey]:
    if all_ == bool(keys):
        raise Refusal(
            "--all means every asset: leave out the keys."
            if all_
            else "Say which assets: their keys, such as warehouse/orders, or --all."
        )
    return list(instance.all_asset_keys()) if all_ else _known(instance, keys)


def _named(keys: Sequence[AssetKey]) -> str:
    more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
    return ", ".join(key.to_user_string() for key in keys[:5]) + more


def _count(keys: Sequence[AssetKey]) -> str:
    return f"{len(keys)} {'asset' if len(keys) == 1 else 'assets'}"


def _known(instance: DagsterInstance, given: Sequence[str]) -> list[AssetKey]:
    from dagster._core.records.asset_key import AssetKey
    from dagster._text import unknown

    keys = [AssetKey.from_user_string(text) for text in dict.fromkeys(given)]
    for key in keys:
        if not instance.has_asset_key(key):
            known = [other.to_user_string() for other in instance.all_asset_keys()]
            raise Refusal(unknown("asset", key.to_user_string(), known))
    return keys
