"""Jobs and plans as they were when a run was made, each stored once."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from dagster._core.records.content_id import content_id_and_text
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import snapshots
from dagster._wire.codec import deserialize_value
from dagster._wire.record import Record

Kind = Literal["job", "plan"]


def add_snapshot(database: Database, kind: Kind, snapshot: Record) -> str:
    """Store a record under an id that is made of its content, and return the id."""
    snapshot_id, text = content_id_and_text(snapshot)
    if not has_snapshot(database, kind, snapshot_id):
        row = {
            "snapshot_key": key_of(snapshot_id),
            "kind": kind,
            "body": text.encode(),
        }
        insert = database.upsert(snapshots, row, ["snapshot_key"], None)
        database.write(lambda connection: connection.execute(insert))
    return snapshot_id


def has_snapshot(database: Database, kind: Kind, snapshot_id: str) -> bool:
    """Return whether there is a record of a kind under an id."""
    query = sa.select(sa.literal(1)).where(*_is(kind, snapshot_id))
    return database.read(lambda connection: connection.execute(query).first()) is not None


def get_snapshot(database: Database, kind: Kind, snapshot_id: str) -> Any:
    """Return the record of a kind under an id, or None."""
    query = sa.select(snapshots.c.body).where(*_is(kind, snapshot_id))
    body = database.read(lambda connection: connection.execute(query).scalar())
    return None if body is None else deserialize_value(body.decode())


def _is(kind: Kind, snapshot_id: str) -> tuple[Any, Any]:
    return snapshots.c.snapshot_key == key_of(snapshot_id), snapshots.c.kind == kind
