"""The keys of dynamic partitions definitions, in the order in which they were added."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import dagster._check as check
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.records.event_records import PaginatedResults, build_cursor, parse_cursor
from dagster._core.storage.event_log.asset_summaries import chunks
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import dynamic_partitions
from dagster._text import expected

_D = dynamic_partitions.c


def add_dynamic_partitions(
    database: Database, partitions_def_name: str, partition_keys: Sequence[str], now: float
) -> None:
    """Add keys; those that are there stay where they are.

    Args:
        database: The database.
        partitions_def_name: The name of the definition.
        partition_keys: The keys. They may be many thousands.
        now: The time, in seconds since the epoch.

    Raises:
        ParameterCheckError: If the keys are a str, or not all are.
        DagsterInvalidInvocationError: If the name is empty.
    """
    keys = _valid_keys(partitions_def_name, partition_keys)
    definition = key_of(partitions_def_name)
    columns = ("definition_key", "partition_key", "partition", "create_timestamp")
    statement = database.upsert(
        dynamic_partitions,
        {name: sa.bindparam(name) for name in columns},
        ["definition_key", "partition_key"],
        None,
    )

    def add(connection: Connection) -> None:
        # What is there is left out first: a row that is refused still costs a number on some databases.
        there = _existing(connection, definition, keys)
        rows = [
            {
                "definition_key": definition,
                "partition_key": key,
                "partition": text,
                "create_timestamp": now,
            }
            for key, text in keys.items()
            if key not in there
        ]
        if rows:
            connection.execute(statement, rows)

    if keys:
        database.write(add)


def _valid_keys(name: Any, partition_keys: Any) -> dict[str, str]:
    """Return keys by their indexed form, each once, in their order."""
    if not check.str_param(name, "partitions_def_name"):
        raise DagsterInvalidInvocationError(
            expected("partitions_def_name", "a name that is not empty", name)
        )
    if isinstance(partition_keys, str):
        raise check.ParameterCheckError(
            expected("partition_keys", "a sequence of str and not one str", partition_keys)
        )
    check.sequence_param(partition_keys, "partition_keys", of_type=str)
    return {key_of(text): text for text in partition_keys}


def _existing(connection: Connection, definition: str, keys: dict[str, str]) -> set[str]:
    found: set[str] = set()
    for chunk in chunks(keys):
        statement = sa.select(_D.partition_key).where(
            _D.definition_key == definition, _D.partition_key.in_(chunk)
        )
        found.update(connection.execute(statement).scalars())
    return found


def get_dynamic_partitions(database: Database, partitions_def_name: str) -> Sequence[str]:
    """Return all keys of a definition, in the order in which they were added."""
    statement = (
        sa.select(_D.partition).where(_D.definition_key == key_of(partitions_def_name)).order_by(_D.id)
    )
    return database.read(lambda connection: list(connection.execute(statement).scalars()))


def get_paginated_dynamic_partitions(
    database: Database,
    partitions_def_name: str,
    limit: int,
    ascending: bool,
    cursor: str | None = None,
) -> PaginatedResults[str]:
    """Return a page of the keys of a definition.

    Args:
        database: The database.
        partitions_def_name: The name of the definition.
        limit: The length of the page.
        ascending: Whether in the order in which they were added, or against it.
        cursor: The cursor of the page before.

    Raises:
        ParameterCheckError: If the cursor is not one.
    """
    statement = (
        sa.select(_D.id, _D.partition)
        .where(_D.definition_key == key_of(partitions_def_name))
        .order_by(_D.id.asc() if ascending else _D.id.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        last = parse_cursor(cursor)
        statement = statement.where(_D.id > last if ascending else _D.id < last)
    rows = database.read(lambda connection: connection.execute(statement).all())
    page = rows[:limit]
    if page:
        end = build_cursor(page[-1].id)
    else:
        end = cursor if cursor is not None else build_cursor(0 if ascending else _NEVER)
    return PaginatedResults([row.partition for row in page], end, len(rows) > limit)


#: Above every id: where a page against the order begins.
_NEVER = 2**62


def has_dynamic_partition(database: Database, partitions_def_name: str, partition_key: str) -> bool:
    """Return whether a definition has a key."""
    return bool(get_existing_dynamic_partitions(database, partitions_def_name, [partition_key]))


def get_existing_dynamic_partitions(
    database: Database, partitions_def_name: str, partition_keys: Sequence[str]
) -> AbstractSet[str]:
    """Return those of some keys that a definition has."""
    keys = {key_of(text): text for text in partition_keys}
    definition = key_of(partitions_def_name)
    found = database.read(lambda connection: _existing(connection, definition, keys))
    return {keys[key] for key in found}


def delete_dynamic_partition(database: Database, partitions_def_name: str, partition_key: str) -> None:
    """Remove a key from a definition. Nothing happens if it does not have it."""
    statement = dynamic_partitions.delete().where(
        _D.definition_key == key_of(partitions_def_name),
        _D.partition_key == key_of(partition_key),
    )
    database.write(lambda connection: connection.execute(statement))
