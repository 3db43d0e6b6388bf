"""What daemons leave behind: signs of life, and how far they have come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.records.daemon import DaemonHeartbeat
from dagster._core.storage.runs.run_rows import chunks
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import daemon_heartbeats, kvs
from dagster._wire.codec import deserialize_value, serialize_value


def write_heartbeat(database: Database, heartbeat: DaemonHeartbeat) -> None:
    """Store a sign of life in place of the last one of its type."""
    row = {
        "daemon_type": key_of(heartbeat.daemon_type),
        "daemon_id": heartbeat.daemon_id or "",
        "timestamp": heartbeat.timestamp,
        "body": serialize_value(heartbeat).encode(),
    }
    changes = {name: row[name] for name in ("daemon_id", "timestamp", "body")}
    statement = database.upsert(daemon_heartbeats, row, ["daemon_type"], changes)
    database.write(lambda connection: connection.execute(statement))


def fetch_heartbeats(connection: Connection) -> dict[str, DaemonHeartbeat]:
    """Return the last sign of life of each type."""
    bodies = connection.execute(sa.select(daemon_heartbeats.c.body)).scalars()
    heartbeats = [deserialize_value(body.decode(), DaemonHeartbeat) for body in bodies]
    return {heartbeat.daemon_type: heartbeat for heartbeat in heartbeats}


def fetch_cursor_values(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Return the values of those of the keys that have one."""
    by_key = {key_of(name): name for name in keys}
    found: dict[str, str] = {}
    for chunk in chunks(list(by_key)):
        query = sa.select(kvs.c.kv_key, kvs.c.value).where(kvs.c.kv_key.in_(chunk))
        found.update({by_key[row.kv_key]: row.value for row in connection.execute(query)})
    return found


def write_cursor_values(database: Database, pairs: Mapping[str, str]) -> None:
    """Store values by key, all of them or none."""
    rows = [
        {"kv_key": key_of(name), "name": name, "value": value}
        # In one order for all, so that two writers never wait for each other.
        for name, value in sorted(pairs.items())
    ]

    def write(connection: Connection) -> None:
        for chunk in chunks(rows, 500):
            connection.execute(
                database.upsert(kvs, list(chunk), ["kv_key"], lambda new: {"value": new.value})
            )

    if rows:
        database.write(write)
