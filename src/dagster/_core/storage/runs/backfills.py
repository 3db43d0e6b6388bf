"""Rows of backfills."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.storage.runs.run_rows import chunks, timestamp_of
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import bulk_action_tags, bulk_actions
from dagster._wire.codec import deserialize_value, serialize_value

Row = dict[str, Any]


def insert_backfill(connection: Connection, backfill: PartitionBackfill) -> None:
    """Insert a backfill and its tags."""
    result = connection.execute(sa.insert(bulk_actions), _row(backfill))
    number: int = result.inserted_primary_key[0]  # pyright: ignore[reportOptionalSubscript]
    _insert_tags(connection, number, backfill.tags)


def update_backfill(connection: Connection, backfill: PartitionBackfill) -> None:
    """Store a changed backfill and its tags.

    Raises:
        DagsterInvariantViolationError: If there is none with its id.
    """
    own = sa.select(bulk_actions.c.id).where(bulk_actions.c.action_key == key_of(backfill.backfill_id))
    number = connection.execute(own.with_for_update()).scalar()
    if number is None:
        raise DagsterInvariantViolationError(
            f'There is no backfill with id "{backfill.backfill_id}". Add it first.'
        )
    connection.execute(
        sa.update(bulk_actions).where(bulk_actions.c.id == number).values(**_row(backfill))
    )
    connection.execute(sa.delete(bulk_action_tags).where(bulk_action_tags.c.action_row == number))
    _insert_tags(connection, number, backfill.tags)


def get_backfill(connection: Connection, backfill_id: str) -> PartitionBackfill | None:
    """Return a backfill, or None."""
    query = sa.select(bulk_actions.c.body).where(bulk_actions.c.action_key == key_of(backfill_id))
    body = connection.execute(query).scalar()
    return None if body is None else deserialize_value(body.decode(), PartitionBackfill)


def fetch_backfills(
    connection: Connection,
    filters: BulkActionsFilter | None,
    cursor: str | None,
    limit: int | None,
    status: BulkActionStatus | None,
) -> list[PartitionBackfill]:
    """Return backfills; see ``RunStorage.get_backfills``."""
    query = _filtered(sa.select(bulk_actions.c.body), filters)
    if status is not None:
        query = query.where(bulk_actions.c.status == status.value)
    if cursor is not None:
        place = sa.select(bulk_actions.c.id).where(bulk_actions.c.action_key == key_of(cursor))
        query = query.where(bulk_actions.c.id < place.scalar_subquery())
    query = query.order_by(bulk_actions.c.id.desc()).limit(limit)
    return [
        deserialize_value(body.decode(), PartitionBackfill)
        for body in connection.execute(query).scalars()
    ]


def count_backfills(connection: Connection, filters: BulkActionsFilter | None) -> int:
    """Return how many backfills match."""
    query = sa.select(sa.func.count()).select_from(bulk_actions)
    return connection.execute(_filtered(query, filters)).scalar_one()


def _row(backfill: PartitionBackfill) -> Row:
    return {
        "action_key": key_of(backfill.backfill_id),
        "status": backfill.status.value,
        "timestamp": backfill.backfill_timestamp,
        "job_key": None if backfill.job_name is None else key_of(backfill.job_name),
        "body": serialize_value(backfill).encode(),
    }


def _insert_tags(connection: Connection, number: int, tags: Mapping[str, str]) -> None:
    if tags:
        rows = [
            {"action_row": number, "tag_key": key_of(key), "value_key": key_of(value)}
            for key, value in tags.items()
        ]
        connection.execute(sa.insert(bulk_action_tags), rows)


def _filtered(query: Any, filters: BulkActionsFilter | None) -> Any:
    if filters is None:
        return query
    if filters.statuses is not None:
        values = [status.value for status in filters.statuses]
        query = query.where(bulk_actions.c.status.in_(values))
    if filters.created_after is not None:
        query = query.where(bulk_actions.c.timestamp > timestamp_of(filters.created_after))
    if filters.created_before is not None:
        query = query.where(bulk_actions.c.timestamp < timestamp_of(filters.created_before))
    if filters.job_name is not None:
        query = query.where(bulk_actions.c.job_key == key_of(filters.job_name))
    if filters.backfill_ids is not None:
        keys = [key_of(backfill_id) for backfill_id in filters.backfill_ids]
        query = query.where(sa.or_(sa.false(), *(_in(chunk) for chunk in chunks(keys))))
    for key, values in (filters.tags or {}).items():
        several = [values] if isinstance(values, str) else values
        tag = bulk_action_tags.alias()
        found = sa.select(tag.c.action_row).where(
            tag.c.tag_key == key_of(key), tag.c.value_key.in_([key_of(value) for value in several])
        )
        query = query.where(bulk_actions.c.id.in_(found))
    return query


def _in(keys: Any) -> Any:
    return bulk_actions.c.action_key.in_(list(keys))
