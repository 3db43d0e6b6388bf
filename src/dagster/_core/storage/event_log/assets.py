"""Assets as their events make them known: keys, records, newest events, and forgetting them.

Everything comes from the summaries (see :mod:`dagster._core.storage.event_log.asset_summaries`) and
stays the same when old events are deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.events.entry_codec import decode_entry
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import (
    AssetDetails,
    AssetEntry,
    AssetRecord,
    AssetStatusCacheValue,
)
from dagster._core.records.event_records import EventLogRecord
from dagster._core.records.tags import CODE_VERSION_TAG
from dagster._core.storage.event_log.asset_summaries import (
    apply_events,
    asset_column,
    chunks,
)
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import KEY_BYTES, key_of
from dagster._core.storage.sql.tables import assets
from dagster._wire.codec import deserialize_value, serialize_value

__all__ = ["apply_events"]  # the one name here that another module defines

#: An asset of which nothing is left but that it was forgotten is not known.
_KNOWN = assets.c.last_event_timestamp.is_not(None)
#: What comes after every text that goes on.
_LAST = "\U0010ffff" * 32
#: How many keys are read at once where a prefix must be looked at in Python.
_PAGE = 1000


def _select_assets(
    database: Database, columns: Sequence[Any], asset_keys: Iterable[AssetKey]
) -> list[Any]:
    """Return rows of the assets that are known among some, in the order of their keys."""
    wanted = sorted({asset_column(key) for key in asset_keys})

    def read(connection: Connection) -> list[Any]:
        rows: list[Any] = []
        for chunk in chunks(wanted):
            statement = sa.select(*columns).where(assets.c.asset_key.in_(chunk), _KNOWN)
            rows += connection.execute(statement.order_by(assets.c.asset_key)).all()
        return rows

    return database.read(read)


def _key(path: str) -> AssetKey:
    found = AssetKey.from_db_string(path)
    assert found is not None  # a path is never empty
    return found


# Keys


def has_asset_key(database: Database, asset_key: AssetKey) -> bool:
    """Return whether there are events of an asset."""
    return bool(_select_assets(database, [assets.c.id], [asset_key]))


def all_asset_keys(database: Database) -> Sequence[AssetKey]:
    """Return the keys of all assets of which there are events, in the order of their stored form."""
    return get_asset_keys(database)


def get_asset_keys(
    database: Database,
    prefix: Sequence[str] | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Sequence[AssetKey]:
    """Return keys of assets, in the order of their stored form.

    Args:
        database: The database.
        prefix: The parts with which they begin. Default: any.
        limit: How many. Default: all.
        cursor: ``to_string()`` of the last key of the page before.
    """
    after = None if cursor is None else key_of(cursor)
    if not prefix:
        rows = database.read(lambda connection: _page_of_keys(connection, None, after, limit))
        return [_key(path) for _, path in rows]
    found: list[AssetKey] = []
    size = _PAGE if limit is None else max(limit, 1)
    while limit is None or len(found) < limit:
        rows = database.read(
            lambda connection, after=after: _page_of_keys(connection, prefix, after, size)
        )
        keys = (_key(path) for _, path in rows)
        found += [key for key in keys if key.has_prefix(prefix)]
        if len(rows) < size:
            break
        after = rows[-1][0]
    return found if limit is None else found[:limit]


def _page_of_keys(
    connection: Connection, prefix: Sequence[str] | None, after: str | None, limit: int | None
) -> Sequence[Any]:
    column = assets.c.asset_key
    statement = sa.select(column, assets.c.path).where(_KNOWN).order_by(column).limit(limit)
    if after is not None:
        statement = statement.where(column > after)
    if prefix:
        # "[a" is followed by "]" for the key itself, and by ", " for those below it. Keys too long to be
        # indexed whole still begin with the text, so a shorter beginning is a wider range.
        itself = AssetKey(prefix).to_string()
        start = f"{itself[:-1]}, ".encode()[: KEY_BYTES // 2].decode("utf-8", "ignore")
        statement = statement.where(
            sa.or_(
                column == key_of(itself),
                sa.and_(column >= start, column < start + _LAST),
            )
        )
    return connection.execute(statement).all()


# Records


def get_asset_records(
    database: Database, asset_keys: Sequence[AssetKey] | None = None
) -> Sequence[AssetRecord]:
    """Return what is known of assets; those that are not known are left out.

    Args:
        database: The database.
        asset_keys: Which. Default: all.
    """
    if asset_keys is not None:
        return [_record(row) for row in _select_assets(database, list(assets.columns), asset_keys)]
    statement = sa.select(assets).where(_KNOWN).order_by(assets.c.asset_key)
    return [_record(row) for row in database.read(lambda c: c.execute(statement).all())]


def _record(row: Any) -> AssetRecord:
    details = None if row.wipe_timestamp is None else AssetDetails(row.wipe_timestamp)
    return AssetRecord(
        row.id,
        AssetEntry(
            _key(row.path),
            _event_record(row.last_materialization_id, row.last_materialization_body),
            row.last_run_id,
            details,
            None
            if row.cached_status is None
            else deserialize_value(row.cached_status.decode(), AssetStatusCacheValue),
            _event_record(row.last_observation_id, row.last_observation_body),
            row.last_planned_id,
            row.last_planned_run_id,
            _event_record(row.last_failed_id, row.last_failed_body),
            row.last_failed_id is not None,
            _event_record(row.last_skipped_id, row.last_skipped_body),
        ),
    )


def _event_record(storage_id: int | None, body: bytes | None) -> EventLogRecord | None:
    return None if storage_id is None or body is None else EventLogRecord(storage_id, decode_entry(body))


# Newest events


def get_latest_materialization_events(
    database: Database, asset_keys: Iterable[AssetKey]
) -> Mapping[AssetKey, EventLogEntry | None]:
    """Return the newest materialization of each asset that has one."""
    columns = [assets.c.path, assets.c.last_materialization_body]
    return {
        _key(row.path): decode_entry(row.last_materialization_body)
        for row in _select_assets(database, columns, asset_keys)
        if row.last_materialization_body is not None
    }


def get_latest_materialization_storage_ids(
    database: Database, asset_keys: Sequence[AssetKey]
) -> Mapping[AssetKey, int | None]:
    """Return the id of the newest materialization of each asset that has one."""
    columns = [assets.c.path, assets.c.last_materialization_id]
    return {
        _key(row.path): row.last_materialization_id
        for row in _select_assets(database, columns, asset_keys)
        if row.last_materialization_id is not None
    }


def get_latest_materialization_code_versions(
    database: Database, asset_keys: Iterable[AssetKey]
) -> Mapping[AssetKey, str | None]:
    """Return the code version of the newest materialization of each asset; None if it tells none."""
    wanted = list(asset_keys)
    entries = get_latest_materialization_events(database, wanted)
    return {
        key: (entry.tags or {}).get(CODE_VERSION_TAG)
        if (entry := entries.get(key)) is not None
        else None
        for key in wanted
    }


# Cached status


def update_asset_cached_status_data(
    database: Database, asset_key: AssetKey, cache_values: AssetStatusCacheValue
) -> None:
    """Write down the status of the partitions of an asset. Nothing happens if it is not known."""
    body = serialize_value(cache_values).encode()
    _set_cached_status(database, asset_key, body)


def wipe_asset_cached_status(database: Database, asset_key: AssetKey) -> None:
    """Forget the status that was written down."""
    _set_cached_status(database, asset_key, None)


def _set_cached_status(database: Database, asset_key: AssetKey, body: bytes | None) -> None:
    statement = assets.update().where(assets.c.asset_key == asset_column(asset_key), _KNOWN)
    database.write(lambda connection: connection.execute(statement.values(cached_status=body)))
