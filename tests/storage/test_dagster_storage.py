"""The three storages of an instance as one, on every database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.in_memory import InMemoryStorage
from dagster._core.storage.legacy_storage import CompositeStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sql import ddl, schema
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes.config_class import ConfigurableClassData
from dagster_mysql import (
    DagsterMySQLStorage,
    MySQLEventLogStorage,
    MySQLRunStorage,
    MySQLScheduleStorage,
)
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresEventLogStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)
from tests.storage.server_writers import assert_whole, new_ids, write_run
from tests.storage.services import MYSQL, POSTGRESQL, own_schema

of = ConfigurableClassData.of


@pytest.fixture
def urls() -> Iterator[Callable[[str], str]]:
    """Give the URL of a database of the test's own by its kind."""
    with ExitStack() as stack:
        yield lambda kind: stack.enter_context(own_schema(kind)).render_as_string(False)


def one_by_one(
    runs: ConfigurableClassData, events: ConfigurableClassData, schedules: ConfigurableClassData
):
    parts = {"run_storage": runs, "event_log_storage": events, "schedule_storage": schedules}
    return of(
        "dagster._core.storage.legacy_storage",
        "CompositeStorage",
        {name: part._asdict() for name, part in parts.items()},
    )


def data_of(kind: str, tmp_path: Path, urls: Callable[[str], str]) -> ConfigurableClassData:
    base = {"base_dir": str(tmp_path)}
    match kind:
        case "sqlite":
            return of("dagster._core.storage.sqlite_storage", "DagsterSqliteStorage", base)
        case "memory":
            return of("dagster._core.storage.in_memory", "InMemoryStorage", {})
        case "postgresql":
            return of("dagster_postgres", "DagsterPostgresStorage", {"postgres_url": urls(POSTGRESQL)})
        case "mysql":
            return of("dagster_mysql", "DagsterMySQLStorage", {"mysql_url": urls(MYSQL)})
        case "sqlite one by one":
            return one_by_one(
                of("dagster._core.storage.runs", "SqliteRunStorage", base),
                of("dagster._core.storage.event_log", "ConsolidatedSqliteEventLogStorage", base),
                of("dagster._core.storage.schedules", "SqliteScheduleStorage", base),
            )
        case "postgresql one by one":
            config = {"postgres_url": urls(POSTGRESQL)}
            names = [f"Postgres{part}Storage" for part in ("Run", "EventLog", "Schedule")]
            return one_by_one(*(of("dagster_postgres", name, config) for name in names))
        case _:
            config = {"mysql_url": urls(MYSQL)}
            names = [f"MySQL{part}Storage" for part in ("Run", "EventLog", "Schedule")]
            return one_by_one(*(of("dagster_mysql", name, config) for name in names))


KINDS = [
    "sqlite",
    "memory",
    "postgresql",
    "mysql",
    "sqlite one by one",
    "postgresql one by one",
    "mysql one by one",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_whole(kind: str, tmp_path: Path, urls: Callable[[str], str]) -> None:
    data = data_of(kind, tmp_path, urls)
    storage = data.rehydrate(DagsterStorage)
    assert storage.inst_data == data
    (run_id,) = new_ids(1)
    write_run(storage, run_id, 3)
    assert_whole(storage, run_id, 3)
    for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
        found, head = part.alembic_version()
        assert found == head
        part.upgrade()
    if kind != "memory":
        again = data.rehydrate(DagsterStorage)
        assert_whole(again, run_id, 3)
        again.dispose()
    storage.dispose()


def test_run_rows_change_with_events_where_one_database_holds_both(
    tmp_path: Path, urls: Callable[[str], str]
) -> None:
    for kind in KINDS:
        storage = data_of(kind, tmp_path, urls).rehydrate(DagsterStorage)
        together = storage.event_log_storage.handles_run_events_in_store_event
        assert together == (kind in ("memory", "postgresql", "mysql")), kind
        storage.dispose()


def test_the_files_of_sqlite(tmp_path: Path) -> None:
    storage = DagsterSqliteStorage.from_local(str(tmp_path / "home"))
    assert not os.path.exists(tmp_path / "home"), "nothing is made before it is asked for"
    storage.dispose()
    assert isinstance(storage.run_storage, SqliteRunStorage)
    assert isinstance(storage.event_log_storage, SqliteEventLogStorage)
    assert isinstance(storage.schedule_storage, SqliteScheduleStorage)
    write_run(storage, "the-run", 1)
    found = {str(path.relative_to(tmp_path / "home")) for path in (tmp_path / "home").rglob("*.db")}
    assert found == {
        "history/runs.db",
        "history/runs/the-run.db",
        "history/runs/index.db",
        "schedules/schedules.db",
    }
    storage.dispose()


def test_parts_of_a_composite_are_made_when_they_are_asked_for(tmp_path: Path) -> None:
    missing = of("no.such.module", "Storage", {})
    schedules = of(
        "dagster._core.storage.schedules", "SqliteScheduleStorage", {"base_dir": str(tmp_path)}
    )
    storage = CompositeStorage(missing, missing, schedules)
    assert storage.inst_data is None
    assert storage.schedule_storage is storage.schedule_storage
    with pytest.raises(Exception, match=r"no\.such\.module"):
        storage.run_storage
    storage.dispose()


def test_parts_of_a_server_storage_have_the_documented_classes(urls: Callable[[str], str]) -> None:
    whole = DagsterPostgresStorage(urls(POSTGRESQL))
    assert isinstance(whole.run_storage, PostgresRunStorage)
    assert isinstance(whole.event_log_storage, PostgresEventLogStorage)
    assert isinstance(whole.schedule_storage, PostgresScheduleStorage)
    whole.dispose()
    other = DagsterMySQLStorage(urls(MYSQL))
    assert isinstance(other.run_storage, MySQLRunStorage)
    assert isinstance(other.event_log_storage, MySQLEventLogStorage)
    assert isinstance(other.schedule_storage, MySQLScheduleStorage)
    other.dispose()


def test_tables_are_not_made_where_that_is_forbidden(urls: Callable[[str], str]) -> None:
    config = {"postgres_url": urls(POSTGRESQL), "should_autocreate_tables": False}
    for name in ("DagsterPostgresStorage", "PostgresRunStorage"):
        data = of("dagster_postgres", name, config)
        with pytest.raises(schema.SchemaVersionError, match="dagster instance migrate"):
            data.rehydrate()
    with schema.migrating():
        storage = of("dagster_postgres", "DagsterPostgresStorage", config).rehydrate(DagsterStorage)
    for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
        part.upgrade()
    write_run(storage, "1", 1)
    storage.dispose()


def test_a_database_of_dagster_itself_is_refused(tmp_path: Path) -> None:
    """Its home has files of the same names."""
    (tmp_path / "history").mkdir()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'history' / 'runs.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE runs (id INTEGER PRIMARY KEY, run_id TEXT, run_body TEXT)"
        )
    engine.dispose()
    storage = DagsterSqliteStorage(str(tmp_path))
    with pytest.raises(ddl.ForeignTableError, match=r"runs\.db has a table .* or to Dagster itself"):
        storage.run_storage
    storage.dispose()


def test_memory_ends_with_the_object() -> None:
    one, two = InMemoryStorage(), InMemoryStorage()
    write_run(one, "1", 1)
    assert two.run_storage.get_runs() == []
    one.dispose()
    two.dispose()
