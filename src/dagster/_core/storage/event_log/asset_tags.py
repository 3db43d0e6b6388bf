"""Tags of materializations and observations, as they are indexed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.records.asset_key import AssetKey
from dagster._core.storage.event_log.asset_summaries import asset_column
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import asset_event_tags


def get_event_tags_for_asset(
    database: Database,
    asset_key: AssetKey,
    filter_tags: Mapping[str, str] | None = None,
    filter_event_id: int | None = None,
) -> Sequence[Mapping[str, str]]:
    """Return the tags of the events of an asset that have any, oldest event first.

    Args:
        database: The database.
        asset_key: The asset.
        filter_tags: Only events that have all of these.
        filter_event_id: Only the event with this id.
    """
    columns = asset_event_tags.c
    asset = asset_column(asset_key)
    statement = (
        sa.select(columns.event_id, columns.tag, columns.value)
        .where(columns.asset_key == asset)
        .order_by(columns.event_id, columns.tag_key)
    )
    if filter_event_id is not None:
        statement = statement.where(columns.event_id == filter_event_id)
    for tag, value in (filter_tags or {}).items():
        other = asset_event_tags.alias()
        statement = statement.where(
            columns.event_id.in_(
                sa.select(other.c.event_id).where(
                    other.c.asset_key == asset,
                    other.c.tag_key == key_of(tag),
                    other.c.value_key == key_of(value),
                )
            )
        )
    found: dict[int, dict[str, str]] = {}
    for row in database.read(lambda connection: connection.execute(statement).all()):
        found.setdefault(row.event_id, {})[row.tag] = row.value
    return list(found.values())


def delete_event_tags(connection: Connection, event_ids: Any) -> None:
    """Delete the tags of events that are deleted themselves.

    Args:
        connection: The transaction that deletes the events, before it does.
        event_ids: The ids, or a select of them.
    """
    connection.execute(asset_event_tags.delete().where(asset_event_tags.c.event_id.in_(event_ids)))
