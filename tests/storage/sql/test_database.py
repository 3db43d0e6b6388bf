"""Connections: who has them after a fork."""

from __future__ import annotations

import os

import pytest
import sqlalchemy as sa

from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import kvs


def add(database: Database, name: str) -> None:
    row = {"kv_key": key_of(name), "name": name, "value": ""}
    database.write(lambda connection: connection.execute(kvs.insert(), [row]))


def names(database: Database) -> set[str]:
    return set(
        database.read(lambda connection: connection.execute(sa.select(kvs.c.name)).scalars().all())
    )


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the test runner has threads
def test_a_forked_process_opens_connections_of_its_own(database: Database) -> None:
    """It shares neither the parent's transactions nor the locks that other threads hold."""
    add(database, "parent")
    of_parent = {f"parent {number}" for number in range(20)}
    of_child = {f"child {number}" for number in range(20)}
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            for name in of_child:
                add(database, name)
            status = 0 if of_child < names(database) else 2
        finally:
            os._exit(status)
    for name in of_parent:
        add(database, name)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    # A database in memory was copied as a whole.
    is_shared = database.engine.url.database not in (None, "", ":memory:")
    assert names(database) == {"parent", *of_parent, *(of_child if is_shared else ())}
