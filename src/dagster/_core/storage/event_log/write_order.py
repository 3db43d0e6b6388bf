"""That ids come to light in their order.

On a server an id is given out when a row is inserted, and the row is seen when its transaction commits.
Of two transactions at once the one with the greater ids may commit first: a reader who goes on from there
would never see the other's. So that this cannot happen, transactions that add to one sequence which
somebody reads with a cursor (the log of a run; the events that are found over all runs) follow each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Connection

from dagster._core.storage.sql.keys import KEY_BYTES
from dagster._core.storage.sql.tables import run_cursors

#: Stands for the events that are found over all runs. A key of this length and form is no run's.
_ALL_RUNS: Final = "~" * KEY_BYTES
_LOCK = sa.text("SELECT pg_advisory_xact_lock(:number)")


def keep(connection: Connection, dialect_name: str, run_keys: Sequence[str], for_all: bool) -> None:
    """Wait until this transaction may add to the logs of some runs.

    Args:
        connection: A connection in a write transaction, which has not inserted anything.
        dialect_name: The kind of database. On SQLite writers follow each other anyway.
        run_keys: The runs, sorted.
        for_all: Whether it adds events that are found over all runs.
    """
    if dialect_name == "sqlite":
        return
    keys = [*run_keys, _ALL_RUNS] if for_all else run_keys
    for key in keys:
        if dialect_name == "postgresql":
            connection.execute(_LOCK, {"number": _number_of(key)})
        else:
            connection.execute(_row_lock(key))


def _number_of(key: str) -> int:
    digest = hashlib.blake2b(key.encode(), digest_size=8, person=b"event_log").digest()
    return int.from_bytes(digest, signed=True)


def _row_lock(key: str) -> Any:
    # MySQL has no other lock that ends with the transaction.
    row = {"run_key": key, "run_id": "", "last_event_id": 0, "update_timestamp": 0.0}
    statement = mysql.insert(run_cursors).values(row)
    return statement.on_duplicate_key_update(last_event_id=run_cursors.c.last_event_id)
