"""``optimize_for_webserver``: what it changes on servers, and that SQLite has nothing to set."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from dagster._check import ParameterCheckError
from dagster._core.instance.instance import DagsterInstance
from dagster._core.storage.sql import database as database_module
from dagster._core.storage.sql.database import Database, DatabaseTimeoutError
from dagster._core.storage.sql.server_engine import limiting_statement
from tests.storage.services import MYSQL, POSTGRESQL, own_schema

#: By server: what takes long, what says who serves a connection, and what its limit is.
SLEEP = {POSTGRESQL: "SELECT pg_sleep(60)", MYSQL: "SELECT SLEEP(60)"}
WHO = {POSTGRESQL: "SELECT pg_backend_pid()", MYSQL: "SELECT CONNECTION_ID()"}
LIMIT = {POSTGRESQL: "SHOW statement_timeout", MYSQL: "SELECT @@max_statement_time"}


@pytest.fixture(params=[POSTGRESQL, MYSQL])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def instance(kind: str, tmp_path: Path) -> Iterator[DagsterInstance]:
    with own_schema(kind) as url:
        name = "postgres" if kind == POSTGRESQL else "mysql"
        storage = {name: {f"{name}_url": url.render_as_string(hide_password=False)}}
        with DagsterInstance.local_temp(str(tmp_path), {"storage": storage}) as opened:
            yield opened


def database_of(instance: DagsterInstance) -> Database:
    storage: Any = instance.run_storage
    return storage._database


def ask(instance: DagsterInstance, question: str) -> Any:
    storage: Any = instance.run_storage
    return storage.fetchone(sa.text(question))[0]


def test_a_statement_that_takes_too_long_is_ended(instance: DagsterInstance, kind: str) -> None:
    runs: Any = instance.run_storage
    events: Any = instance.event_log_storage
    schedules: Any = instance.schedule_storage
    long = sa.text(SLEEP[kind])
    instance.optimize_for_webserver(statement_timeout=50, pool_recycle=3_600, max_overflow=20)

    def change_and_wait(connection: sa.Connection) -> None:
        connection.execute(sa.text("DELETE FROM kvs"))
        connection.execute(long)

    def in_transaction(connect: Any) -> None:
        with connect() as connection:
            change_and_wait(connection)

    runs.set_cursor_values({"a": "kept"})
    for takes_too_long in (
        lambda: runs.fetchall(long),
        lambda: schedules.execute(long),
        lambda: runs._database.write(change_and_wait),
        lambda: in_transaction(runs.connect),
        lambda: in_transaction(schedules.connect),
        lambda: in_transaction(events.index_connection),
    ):
        with pytest.raises(DatabaseTimeoutError) as caught:
            takes_too_long()
        text = str(caught.value)
        assert "ended a statement that was not done yet (" in text
        assert "A statement of this process may take 50ms (statement_timeout)" in text
        assert "SELECT" not in text, "the statement is in the cause"
        assert isinstance(caught.value.__cause__, OperationalError)
    # Nothing was changed, and the connections are as good as before.
    assert runs.get_cursor_values({"a"}) == {"a": "kept"}


def test_a_limit_of_somebody_else_is_told_apart(instance: DagsterInstance, kind: str) -> None:
    own = {
        POSTGRESQL: ["SET LOCAL statement_timeout = 50", SLEEP[kind]],
        MYSQL: [f"SET STATEMENT max_statement_time = 0.05 FOR {SLEEP[kind]}"],
    }

    def take_long(connection: sa.Connection) -> None:
        for statement in own[kind]:
            connection.execute(sa.text(statement))

    with pytest.raises(DatabaseTimeoutError, match="The limit is not this process's own"):
        database_of(instance).read(take_long)


def test_the_limit_holds_on_every_connection_until_it_is_changed(
    instance: DagsterInstance, kind: str
) -> None:
    assert str(ask(instance, LIMIT[kind])) in ("0", "0.0")
    instance.optimize_for_webserver(statement_timeout=5_000, pool_recycle=3_600, max_overflow=0)
    five_seconds = ("5s", "5.0")
    assert str(ask(instance, LIMIT[kind])) in five_seconds
    database_of(instance).dispose()  # so are those that are opened again
    assert str(ask(instance, LIMIT[kind])) in five_seconds
    instance.optimize_for_webserver(statement_timeout=0, pool_recycle=3_600, max_overflow=0)
    assert str(ask(instance, LIMIT[kind])) in ("0", "0.0")


def test_a_connection_that_is_too_old_is_replaced(instance: DagsterInstance, kind: str) -> None:
    instance.optimize_for_webserver(statement_timeout=5_000, pool_recycle=3_600, max_overflow=0)
    assert ask(instance, WHO[kind]) == ask(instance, WHO[kind])
    # Of any age.
    instance.optimize_for_webserver(statement_timeout=5_000, pool_recycle=0, max_overflow=0)
    assert ask(instance, WHO[kind]) != ask(instance, WHO[kind])
    instance.optimize_for_webserver(statement_timeout=5_000, pool_recycle=-1, max_overflow=0)
    assert ask(instance, WHO[kind]) == ask(instance, WHO[kind])


def test_there_are_as_many_more_connections(instance: DagsterInstance, kind: str) -> None:
    instance.optimize_for_webserver(statement_timeout=5_000, pool_recycle=3_600, max_overflow=3)
    database = database_of(instance)
    together = threading.Barrier(5)

    def meet(connection: sa.Connection) -> Any:
        together.wait(20)
        return connection.execute(sa.text(WHO[kind])).scalar()

    with ThreadPoolExecutor(5) as threads:
        who = [each.result() for each in [threads.submit(database.read, meet) for _ in range(5)]]
    assert len(set(who)) == 5


def test_what_goes_on_is_not_touched(instance: DagsterInstance, kind: str) -> None:
    storage: Any = instance.run_storage
    with storage.connect() as connection:
        before = connection.execute(sa.text(WHO[kind])).scalar()
        instance.optimize_for_webserver(statement_timeout=5_000, pool_recycle=0, max_overflow=1)
        assert connection.execute(sa.text(WHO[kind])).scalar() == before
        driver = connection.connection.driver_connection
        assert driver is not None
    assert ask(instance, WHO[kind]) != before
    # It was closed when it was given back.
    assert driver.closed if kind == POSTGRESQL else not driver.open


def test_three_storages_on_one_database_ask_for_it_once(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = database_of(instance)
    made: list[Any] = []
    make = database_module.server_engine
    monkeypatch.setattr(
        database_module, "server_engine", lambda *args: made.append(args[1]) or make(*args)
    )
    for _ in range(2):
        instance.optimize_for_webserver(statement_timeout=5_000, pool_recycle=3_600, max_overflow=20)
    assert len(made) == 1
    assert database_of(instance) is database


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"statement_timeout": -1}, "expected statement_timeout to be 0 or more, got: -1"),
        ({"pool_recycle": -2}, "expected pool_recycle to be -1 or more, got: -2"),
        ({"max_overflow": -2}, "expected max_overflow to be -1 or more, got: -2"),
        ({"max_overflow": "many"}, "expected max_overflow to be"),
    ],
)
def test_what_makes_no_sense_is_refused(given: Any, message: str, tmp_path: Path) -> None:
    limits = {"statement_timeout": 5_000, "pool_recycle": 3_600, "max_overflow": 20, **given}
    with (
        DagsterInstance.local_temp(str(tmp_path)) as instance,
        pytest.raises(ParameterCheckError, match=message),
    ):
        instance.optimize_for_webserver(**limits)


def test_sqlite_has_nothing_to_set(tmp_path: Path) -> None:
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        engine = database_of(instance).engine
        instance.optimize_for_webserver(statement_timeout=1, pool_recycle=0, max_overflow=0)
        assert database_of(instance).engine is engine


def test_how_each_server_is_told() -> None:
    assert limiting_statement("PostgreSQL", 1_500) == "SET statement_timeout = 1500"
    assert limiting_statement("10.11.6-MariaDB-0+deb12u1", 1) == "SET SESSION max_statement_time = 0.001"
    assert limiting_statement("8.0.36", 1_500) == "SET SESSION max_execution_time = 1500"
