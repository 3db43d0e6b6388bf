"""Prepared statements: the same as through SQLAlchemy, on every database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

import dagster._time as _time
from dagster._core.storage.sql.database import Database, DatabaseUnavailableError, open_sqlite
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.prepared import Prepared
from dagster._core.storage.sql.tables import RUN_METADATA, bulk_actions, kvs
from dagster.testing.storage_contract.texts import NASTY_TEXTS

SET = Prepared(sa.insert(kvs), ("kv_key", "name", "value"))
GET = Prepared(sa.select(kvs.c.name, kvs.c.value).where(kvs.c.kv_key == sa.bindparam("key")))
CHANGE = Prepared(
    sa.update(kvs).where(kvs.c.kv_key == sa.bindparam("key")).values(value=sa.bindparam("new"))
)
COUNTED = Prepared(sa.insert(bulk_actions), ("action_key", "status", "timestamp", "job_key", "body"))


def row(name: str, value: str = "") -> dict[str, Any]:
    return {"kv_key": key_of(name), "name": name, "value": value}


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_any_text_comes_back(database: Database, text: str) -> None:
    database.write(lambda connection: SET.execute(connection, row(text, text)))
    found = database.write(lambda connection: GET.fetch(connection, {"key": key_of(text)}))
    assert found == [{"name": text, "value": text}]


def test_many_rows_are_one_call_and_a_change_finds_its_row(database: Database) -> None:
    database.write(
        lambda connection: SET.execute_many(connection, [row(str(number)) for number in range(9)])
    )
    database.write(lambda connection: CHANGE.execute(connection, {"key": "3", "new": "x"}))
    stored = database.read(lambda connection: connection.execute(sa.select(kvs)).all())
    assert {(each.name, each.value) for each in stored} == {
        (str(number), "x" if number == 3 else "") for number in range(9)
    }


def test_an_insert_tells_the_number_of_the_row(database: Database) -> None:
    def insert(connection: Connection, name: str) -> int:
        values = {"action_key": name, "status": "s", "timestamp": 1.5, "job_key": None, "body": b"{}"}
        return COUNTED.insert(connection, values)

    numbers = [database.write(lambda c, name=name: insert(c, name)) for name in ("a", "b", "c")]
    query = sa.select(bulk_actions.c.id, bulk_actions.c.timestamp, bulk_actions.c.job_key)
    stored = database.read(lambda connection: connection.execute(query.order_by("id")).all())
    assert stored == [(number, 1.5, None) for number in numbers]


def test_nothing_of_a_failed_transaction_is_there_and_its_error_is_the_usual_one(
    database: Database,
) -> None:
    def twice(connection: Connection) -> None:
        SET.execute(connection, row("a"))
        SET.execute(connection, row("a"))

    for _ in range(2):
        with pytest.raises(IntegrityError):
            database.write(twice)
        assert database.read(lambda connection: GET.fetch(connection, {"key": "a"})) == []
    database.write(lambda connection: SET.execute(connection, row("a")))


def test_an_error_that_passes_is_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    if database.dialect_name != "sqlite":
        pytest.skip("A server's statements are SQLAlchemy's.")
    monkeypatch.setattr(_time, "sleep", lambda _seconds: None)
    attempts: list[int] = []

    def busy_twice(connection: Connection) -> None:
        attempts.append(1)
        SET.execute(connection, row("a"))
        if len(attempts) < 3:
            raise OperationalError("", None, Exception("database is locked"))

    database.write(busy_twice)
    assert len(attempts) == 3
    assert database.read(lambda connection: GET.fetch(connection, {"key": "a"})) != []


def test_a_file_that_another_has_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a lock is told by the same error, however the statement went to the driver."""
    path = str(tmp_path / "a.db")
    first, second = open_sqlite(path), open_sqlite(path)
    first.write(RUN_METADATA.create_all)
    impatient = Database(second.engine, path, reconnect_seconds=0.0)
    monkeypatch.setattr(_time, "sleep", lambda _seconds: None)
    with second.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    with first.transaction() as connection:
        SET.execute(connection, row("held"))
        with pytest.raises(DatabaseUnavailableError, match="database is locked") as caught:
            impatient.write(lambda other: SET.execute(other, row("waits")))
        assert isinstance(caught.value.__cause__, DBAPIError)
    impatient.write(lambda other: SET.execute(other, row("waits")))
    for name in ("held", "waits"):
        assert first.read(lambda c, name=name: GET.fetch(c, {"key": name})) != []
    first.dispose()
    second.dispose()
    impatient.dispose()
