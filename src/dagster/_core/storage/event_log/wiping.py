"""Forgetting the history of assets and of partitions. The logs of the runs stay as they are.

What was forgotten is told by an event that belongs to no run, in the transaction that forgets.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.events.entry_codec import decode_entry
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import AssetWipedData
from dagster._core.records.asset_key import AssetKey
from dagster._core.storage.event_log import events
from dagster._core.storage.event_log.asset_summaries import (
    ID_COLUMNS,
    asset_column,
    asset_events_of,
    chunks,
    fold_asset,
    select_locked,
)
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import (
    asset_event_tags,
    asset_partitions,
    assets,
    event_logs,
)

#: What forgetting sets to null.
_FORGOTTEN = (
    "last_event_timestamp",
    "last_run_id",
    "last_materialization_id",
    "last_materialization_timestamp",
    "last_materialization_body",
    "last_observation_id",
    "last_observation_body",
    "last_planned_id",
    "last_planned_run_id",
    "last_failed_id",
    "last_failed_body",
    "last_skipped_id",
    "last_skipped_body",
    "cached_status",
)
_FORGOTTEN_OF_PARTITION = tuple(
    column.name
    for column in asset_partitions.columns
    if column.nullable and column.name != "wipe_event_id"
)
#: What the history of an asset consists of. That it was forgotten is no part of it.
_HISTORY = event_logs.c.event_type.in_(sorted(kind.value for kind in events.ASSET_EVENT_TYPES))


def _wiped(asset_key: AssetKey, partition_keys: Sequence[str] | None, now: float) -> EventLogEntry:
    """Return the entry that tells that an asset, or partitions of it, were forgotten."""
    event = DagsterEvent(
        DagsterEventType.ASSET_WIPED.value,
        "",
        message=f"Wiped the history of {asset_key.to_user_string()}.",
        event_specific_data=AssetWipedData(asset_key, partition_keys),
    )
    return EventLogEntry(None, logging.INFO, "", events.NO_RUN, now, None, "", event)


def wipe_assets(database: Database, asset_keys: Sequence[AssetKey], now: float) -> None:
    """Forget the history of assets: they are not known until there are new events of them.

    Args:
        database: The database.
        asset_keys: The assets. Those that are not known are told of as well.
        now: The time, in seconds since the epoch.
    """
    wanted = {asset_column(key): key for key in asset_keys}
    if not wanted:
        return
    batch = events.build_batch([_wiped(key, None, now) for key in wanted.values()])

    def wipe(connection: Connection) -> None:
        select_locked(connection, sorted(wanted), {})
        last_id = _newest_id(connection)
        for chunk in chunks(sorted(wanted)):
            connection.execute(
                event_logs.update()
                .where(event_logs.c.asset_key.in_(chunk), _HISTORY)
                .values(asset_key=None, partition_key=None)
            )
            for table in (asset_event_tags, asset_partitions):
                connection.execute(table.delete().where(table.c.asset_key.in_(chunk)))
            connection.execute(
                assets.update()
                .where(assets.c.asset_key.in_(chunk))
                .values(
                    **dict.fromkeys(_FORGOTTEN),
                    wipe_timestamp=now,
                    wipe_event_id=last_id,
                )
            )
        events.insert(connection, database, batch, now)

    events.write_once(database, batch, wipe)


def _newest_id(connection: Connection) -> int:
    return connection.execute(sa.select(sa.func.max(event_logs.c.id))).scalar() or 0


def wipe_asset_partitions(
    database: Database, asset_key: AssetKey, partition_keys: Sequence[str], now: float
) -> None:
    """Forget the history of some partitions of an asset.

    Args:
        database: The database.
        asset_key: The asset.
        partition_keys: The partitions.
        now: The time, in seconds since the epoch.
    """
    asset = asset_column(asset_key)
    wanted = sorted({key_of(partition) for partition in partition_keys})
    if not wanted:
        return
    batch = events.build_batch([_wiped(asset_key, list(partition_keys), now)])

    def wipe(connection: Connection) -> None:
        rows: dict[str, dict[str, Any]] = {}
        select_locked(connection, [asset], rows)
        if rows:
            wipe_known(connection, rows)
        events.insert(connection, database, batch, now)

    def wipe_known(connection: Connection, rows: dict[str, dict[str, Any]]) -> None:
        last_id = _newest_id(connection)
        gone: set[int] = set()
        for chunk in chunks(wanted):
            gone |= _wipe_partitions(connection, asset, chunk, last_id)
        changes: dict[str, Any] = {"cached_status": None, "wipe_timestamp": now}
        for event_type, column in _NEWEST:
            known_id = rows[asset][column]
            if known_id is not None and (known_id in gone or _is_forgotten(connection, known_id)):
                changes.update(_newest_left(connection, asset, event_type, column))
        connection.execute(assets.update().where(assets.c.asset_key == asset).values(changes))

    events.write_once(database, batch, wipe)


#: The columns with the newest event of each kind, and the type of event that is of this kind.
_NEWEST = (
    *ID_COLUMNS.items(),
    (DagsterEventType.ASSET_FAILED_TO_MATERIALIZE.value, "last_skipped_id"),
)


def _wipe_partitions(connection: Connection, asset: str, keys: list[str], last_id: int) -> set[int]:
    """Forget partitions, and return the ids of what was the newest of them."""
    partitions = sa.and_(
        asset_partitions.c.asset_key == asset, asset_partitions.c.partition_key.in_(keys)
    )
    columns = [asset_partitions.c[name] for name in ID_COLUMNS.values()]
    newest = connection.execute(sa.select(*columns).where(partitions)).all()
    of_them = sa.and_(event_logs.c.asset_key == asset, event_logs.c.partition_key.in_(keys))
    ids = sa.select(event_logs.c.id).where(of_them)
    connection.execute(asset_event_tags.delete().where(asset_event_tags.c.event_id.in_(ids)))
    connection.execute(event_logs.update().where(of_them).values(asset_key=None, partition_key=None))
    connection.execute(
        asset_partitions.update()
        .where(partitions)
        .values(**dict.fromkeys(_FORGOTTEN_OF_PARTITION), wipe_event_id=last_id)
    )
    return {storage_id for row in newest for storage_id in row if storage_id is not None}


def _is_forgotten(connection: Connection, event_id: int) -> bool:
    statement = sa.select(event_logs.c.asset_key).where(event_logs.c.id == event_id)
    row = connection.execute(statement).first()
    return row is not None and row.asset_key is None


def _newest_left(connection: Connection, asset: str, event_type: str, column: str) -> dict[str, Any]:
    """Return how the summary of an asset begins anew with the newest event of a kind that is left."""
    changes: dict[str, Any] = dict.fromkeys(
        name for name in _FORGOTTEN if name.startswith(column.removesuffix("_id") + "_")
    )
    statement = (
        sa.select(event_logs.c.id, event_logs.c.body)
        .where(event_logs.c.asset_key == asset, event_logs.c.event_type == event_type)
        .order_by(event_logs.c.id.desc())
    )
    with connection.execute(statement) as rows:
        for row in rows:
            (event,) = asset_events_of([(row.id, decode_entry(row.body))])
            if event.id_column != column:
                continue
            summary: dict[str, Any] = {**dict.fromkeys(_FORGOTTEN), "wipe_event_id": None}
            fold_asset(summary, event)
            changes = {name: summary[name] for name in changes}
            if column != "last_planned_id":
                changes[f"{column.removesuffix('_id')}_body"] = row.body
            break
    return changes
