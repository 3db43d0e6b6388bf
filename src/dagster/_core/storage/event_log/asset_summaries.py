"""Summaries of assets and their partitions, kept true in the transaction that stores an event.

A summary is a fold over events that only ever goes forward: an event with a lower id than the one that
is known changes nothing, so events may be applied again, and by writers that overtake each other. What
one run wrote comes in its order. Events that were forgotten (see ``wiping.wipe_assets``) stay so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.events.entry_codec import encode_entry
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import AssetFailedToMaterializeData
from dagster._core.records.asset_failure import AssetMaterializationFailureType
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.tags import DATA_VERSION_TAG
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.prepared import Prepared
from dagster._core.storage.sql.tables import asset_event_tags, asset_partitions, assets
from dagster._wire.codec import serialize_value

#: How many values a statement is given in an IN at most.
CHUNK = 900

_MATERIALIZED = DagsterEventType.ASSET_MATERIALIZATION.value
_OBSERVED = DagsterEventType.ASSET_OBSERVATION.value
_PLANNED = DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value
_FAILED = DagsterEventType.ASSET_FAILED_TO_MATERIALIZE.value

#: The columns of a summary that hold the id of the newest event of a type.
ID_COLUMNS = {
    _MATERIALIZED: "last_materialization_id",
    _OBSERVED: "last_observation_id",
    _PLANNED: "last_planned_id",
    _FAILED: "last_failed_id",
}
#: The types of events that summaries are made of.
ASSET_EVENT_TYPES = frozenset(ID_COLUMNS)

Row = dict[str, Any]


class AssetEvent(NamedTuple):
    """An event of an asset, as summaries see it."""

    event_id: int
    event_type: str
    asset_key: AssetKey
    partition: str | None
    run_id: str
    timestamp: float
    tags: dict[str, str]
    #: The column of the newest event of its kind; failures and skipped attempts are of two kinds.
    id_column: str
    entry: EventLogEntry


def asset_events_of(rows: Iterable[tuple[int, EventLogEntry]]) -> list[AssetEvent]:
    """Return those of some log entries that tell of an asset."""
    found: list[AssetEvent] = []
    for event_id, entry in rows:
        event = entry.dagster_event
        if event is None or event.event_type_value not in ASSET_EVENT_TYPES:
            continue
        asset_key = event.asset_key
        if asset_key is None:  # a materialization of the older interface without a key
            continue
        event_type = event.event_type_value
        column = ID_COLUMNS[event_type]
        data = event.event_specific_data
        if isinstance(data, AssetFailedToMaterializeData):
            failure = data.asset_materialization_failure
            if failure.failure_type is AssetMaterializationFailureType.SKIPPED:
                column = "last_skipped_id"
        tags = dict(entry.tags or {})
        found.append(
            AssetEvent(
                event_id,
                event_type,
                asset_key,
                event.partition,
                entry.run_id,
                entry.timestamp,
                tags,
                column,
                entry,
            )
        )
    return found


# The fold, pure


def fold_asset(row: Row, event: AssetEvent) -> bool:
    """Take an event into the summary of its asset, and return whether that changed it."""
    event_id = event.event_id
    column = event.id_column
    if event_id <= (row["wipe_event_id"] or 0) or event_id <= (row[column] or 0):
        return False
    if event.event_type in (_MATERIALIZED, _PLANNED):
        newest = max(row["last_materialization_id"] or 0, row["last_planned_id"] or 0)
        if event_id > newest:
            row["last_run_id"] = event.run_id
    row[column] = event_id
    if column == "last_planned_id":
        row["last_planned_run_id"] = event.run_id
    else:
        row[f"{column.removesuffix('_id')}_body"] = event.entry
    if column == "last_materialization_id":
        row["last_materialization_timestamp"] = event.timestamp
    return True


def fold_partition(row: Row, event: AssetEvent) -> bool:
    """Take an event into the summary of its partition, and return whether that changed it."""
    event_id = event.event_id
    if event_id <= (row["wipe_event_id"] or 0) or event.id_column == "last_skipped_id":
        return False
    before = dict(row)
    if event.event_type == _MATERIALIZED:
        _fold_materialization(row, event)
    elif event_id > (row[event.id_column] or 0):
        row[event.id_column] = event_id
        if event.event_type == _OBSERVED:
            row["last_observation_tags"] = packed_tags(event.tags)
        elif event.event_type == _PLANNED:
            _fold_planned(row, event)
    return row != before


def _fold_materialization(row: Row, event: AssetEvent) -> None:
    event_id = event.event_id
    first = row["first_materialization_id"]
    if first is None or event_id < first:
        row["first_materialization_id"] = event_id
    # Not one from before the planning: applied again, it must not count where it did not count at first.
    if event.run_id == row["last_planned_run_id"] and event_id > (row["last_planned_id"] or 0):
        row["last_planned_materialization_id"] = max(
            event_id, row["last_planned_materialization_id"] or 0
        )
    last = row["last_materialization_id"] or 0
    known = unpacked_tags(row["last_materialization_tags"]).get(DATA_VERSION_TAG)
    same_version = last != 0 and known == event.tags.get(DATA_VERSION_TAG)
    if event_id > last:
        row["last_materialization_id"] = event_id
        row["last_materialization_run_id"] = event.run_id
        row["last_materialization_tags"] = packed_tags(event.tags)
        if not same_version:
            row["data_version_id"] = event_id
    elif not same_version and event_id > (row["data_version_id"] or 0):
        # A writer that was overtaken had another version in between.
        row["data_version_id"] = last


def _fold_planned(row: Row, event: AssetEvent) -> None:
    if row["last_planned_run_id"] == event.run_id:
        return
    row["last_planned_run_id"] = event.run_id
    same_run = row["last_materialization_run_id"] == event.run_id
    row["last_planned_materialization_id"] = row["last_materialization_id"] if same_run else None


def packed_tags(tags: dict[str, str]) -> bytes | None:
    """Return tags as a column holds them."""
    return serialize_value(tags).encode() if tags else None


def unpacked_tags(body: bytes | None) -> dict[str, str]:
    """Return the tags that a column holds."""
    return msgspec.json.decode(body) if body else {}


# The database


def asset_column(asset_key: AssetKey) -> str:
    """Return an asset key as columns hold it."""
    return key_of(asset_key.to_string())


def chunks(items: Iterable[Any], size: int = CHUNK) -> Iterable[list[Any]]:
    """Return items in lists of a limited length."""
    found = list(items)
    return (found[start : start + size] for start in range(0, len(found), size))


_ASSET_IDS = (
    "last_materialization_id",
    "last_observation_id",
    "last_planned_id",
    "last_failed_id",
    "last_skipped_id",
    "wipe_event_id",
)
_PARTITION_COLUMNS = tuple(column.name for column in asset_partitions.columns if not column.primary_key)


# Statements are made once: making one costs more than running it.
_FROM_ASSETS = sa.select(*(assets.c[name] for name in ("asset_key", *_ASSET_IDS))).with_for_update()
_SELECT_ASSETS = _FROM_ASSETS.where(
    assets.c.asset_key.in_(sa.bindparam("keys", expanding=True))
).order_by(assets.c.asset_key)
_PARTITIONS_OF_ASSET = sa.select(asset_partitions).where(
    asset_partitions.c.asset_key == sa.bindparam("asset")
)
_SELECT_PARTITIONS = _PARTITIONS_OF_ASSET.where(
    asset_partitions.c.partition_key.in_(sa.bindparam("keys", expanding=True))
)
# One at a time is the common case, and a list is spelled out anew whenever it is executed.
_SELECT_ASSET = Prepared(_FROM_ASSETS.where(assets.c.asset_key == sa.bindparam("key")))
_SELECT_PARTITION = Prepared(
    _PARTITIONS_OF_ASSET.where(asset_partitions.c.partition_key == sa.bindparam("key"))
)
_updates: dict[tuple[str, ...], Prepared] = {}


def apply_events(
    connection: Connection,
    database: Database,
    rows: Sequence[tuple[int, EventLogEntry]],
    now: float,
    bodies: Mapping[int, bytes] = MappingProxyType({}),
) -> None:
    """Bring the summaries up to date with stored events, in the transaction that stores them.

    Doing it twice comes to the same, and an older event never takes the place of a newer one.

    Args:
        connection: The transaction.
        database: The database of the index.
        rows: Entries with the ids under which they are stored; those that tell of no asset are skipped.
        now: The time, in seconds since the epoch.
        bodies: Some of the entries as they are stored, by their ids. The others are encoded again.
    """
    events = asset_events_of(rows)
    if not events:
        return
    by_asset: dict[str, list[AssetEvent]] = {}
    for event in sorted(events, key=lambda event: event.event_id):
        by_asset.setdefault(asset_column(event.asset_key), []).append(event)
    # Everything about an asset waits for the lock on its row. Sorted, so that nobody waits in a circle.
    known = locked_assets(
        connection, database, {key: group[0].asset_key for key, group in by_asset.items()}
    )
    tags: list[Row] = []
    for key in sorted(by_asset):
        row = known[key]
        wiped = row["wipe_event_id"] or 0
        before = dict(row)
        changed = [event for event in by_asset[key] if fold_asset(row, event)]
        if changed:
            row["last_event_timestamp"] = now
            _write_asset(connection, key, before, row, bodies)
        live = [event for event in by_asset[key] if event.event_id > wiped]
        tags += _apply_to_partitions(connection, database, key, live)
    if tags:
        _insert_tags(connection, database, tags)


def locked_assets(
    connection: Connection, database: Database, asset_keys: dict[str, AssetKey]
) -> dict[str, Row]:
    """Return the summaries of assets by column value, locked until the transaction ends."""
    found: dict[str, Row] = {}
    select_locked(connection, sorted(asset_keys), found)
    missing = sorted(asset_keys.keys() - found.keys())
    if missing:
        statement = database.prepared_upsert(assets, ("asset_key", "path"), ("asset_key",), ())
        statement.execute_many(
            connection,
            [{"asset_key": key, "path": asset_keys[key].to_string()} for key in missing],
        )
        select_locked(connection, missing, found)
    return found


def select_locked(connection: Connection, keys: list[str], found: dict[str, Row]) -> None:
    """Put the summaries of those assets that are there into a dict, locked until the transaction ends."""
    for chunk in chunks(keys):
        if len(chunk) == 1:
            rows = _SELECT_ASSET.fetch(connection, {"key": chunk[0]})
        else:
            rows = connection.execute(_SELECT_ASSETS, {"keys": chunk}).mappings()
        for row in rows:
            found[row["asset_key"]] = dict(row)


def _write_asset(
    connection: Connection, key: str, before: Row, row: Row, bodies: Mapping[int, bytes]
) -> None:
    changes: Row = {}
    for name, value in row.items():
        if name in before and before[name] == value:
            continue
        if isinstance(value, EventLogEntry):
            stored = bodies.get(row[f"{name.removesuffix('_body')}_id"])
            changes[name] = encode_entry(value) if stored is None else stored
        else:
            changes[name] = value
    names = tuple(sorted(changes))
    statement = _updates.get(names)
    if statement is None:
        statement = _updates[names] = Prepared(
            assets.update()
            .where(assets.c.asset_key == sa.bindparam("key"))
            .values({name: sa.bindparam(f"new_{name}") for name in names})
        )
    statement.execute(connection, {"key": key, **{f"new_{n}": value for n, value in changes.items()}})


def _apply_to_partitions(
    connection: Connection, database: Database, asset: str, events: list[AssetEvent]
) -> list[Row]:
    """Take events into the summaries of partitions, and return the rows of their tags."""
    partitions = {key_of(e.partition): e.partition for e in events if e.partition is not None}
    known = {key: _new_partition(text) for key, text in partitions.items()}
    for chunk in chunks(sorted(known)):
        if len(chunk) == 1:
            rows = _SELECT_PARTITION.fetch(connection, {"asset": asset, "key": chunk[0]})
        else:
            rows = connection.execute(_SELECT_PARTITIONS, {"asset": asset, "keys": chunk}).mappings()
        for row in rows:
            known[row["partition_key"]] = {name: row[name] for name in _PARTITION_COLUMNS}
    tags: list[Row] = []
    changed: set[str] = set()
    for event in events:
        if event.partition is not None:
            key = key_of(event.partition)
            if fold_partition(known[key], event):
                changed.add(key)
            if event.event_id <= (known[key]["wipe_event_id"] or 0):
                continue
        tags += _tag_rows(asset, event)
    if changed:
        write_partitions(connection, database, asset, {key: known[key] for key in sorted(changed)})
    return tags


def _new_partition(text: str) -> Row:
    row: Row = dict.fromkeys(_PARTITION_COLUMNS)
    row["partition"] = text
    return row


def write_partitions(
    connection: Connection, database: Database, asset: str, rows: dict[str, Row]
) -> None:
    """Write the summaries of partitions by column value, whether they are there or not."""
    keys = ("asset_key", "partition_key")
    names = (*keys, *_PARTITION_COLUMNS)
    statement = database.prepared_upsert(asset_partitions, names, keys, _PARTITION_COLUMNS)
    statement.execute_many(
        connection,
        [{"asset_key": asset, "partition_key": key, **row} for key, row in rows.items()],
    )


def _tag_rows(asset: str, event: AssetEvent) -> list[Row]:
    if event.event_type not in (_MATERIALIZED, _OBSERVED):
        return []
    return [
        {
            "event_id": event.event_id,
            "asset_key": asset,
            "tag_key": key_of(tag),
            "value_key": key_of(value),
            "tag": tag,
            "value": value,
        }
        for tag, value in sorted(event.tags.items())
    ]


def _insert_tags(connection: Connection, database: Database, rows: list[Row]) -> None:
    names = ("event_id", "asset_key", "tag_key", "value_key", "tag", "value")
    statement = database.prepared_upsert(asset_event_tags, names, ("event_id", "tag_key"), ())
    statement.execute_many(connection, rows)
