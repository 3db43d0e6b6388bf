"""The schedule storage on every database."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from dagster._core.storage.schedules import (
    InMemoryScheduleStorage,
    SqliteScheduleStorage,
    SqlScheduleStorage,
)
from dagster._core.storage.schedules.ticks import TicksFilter, ticks_query
from dagster._core.storage.sql import tables
from dagster._core.storage.sql.database import Database
from dagster._serdes.config_class import ConfigurableClassData
from dagster.testing.storage_contract import schedules
from dagster.testing.storage_contract.schedules import state_of, tick_of


@pytest.fixture
def storage(database: Database) -> SqlScheduleStorage:
    return SqlScheduleStorage.from_database(database)


def test_a_tick_written_twice_is_one(
    storage: SqlScheduleStorage, database: Database, monkeypatch
) -> None:
    """The connection broke after the commit: nobody knows, and it is written again."""
    write = Database.write
    monkeypatch.setattr(Database, "write", lambda self, fn: (write(self, fn), write(self, fn))[1])
    tick = storage.create_tick(tick_of())
    assert storage.get_ticks("o-s", "s") == [tick]
    state = storage.add_instigator_state(state_of())
    assert storage.all_instigator_state() == [state]
    storage.delete_instigator_state("", state.selector_id)
    assert storage.all_instigator_state() == []


class TestStates(schedules.InstigatorContract):
    pass


class TestTicks(schedules.TickContract):
    pass


# The storage


def test_versions_and_statistics(storage: SqlScheduleStorage) -> None:
    assert storage.alembic_version() == ("schedules_001", "schedules_001")
    said: list[str] = []
    storage.upgrade()
    storage.optimize(said.append)
    assert [text.partition(" of ")[0] for text in said] == [
        "Counting anew what is in instigators",
        "Counting anew what is in ticks",
    ]


def test_raw_queries(storage: SqlScheduleStorage) -> None:
    storage.create_tick(tick_of())
    assert storage.execute(sa.select(sa.func.count()).select_from(tables.ticks))[0][0] == 1
    with storage.connect() as connection:
        connection.execute(sa.delete(tables.ticks))
    assert storage.get_ticks("o-s", "s") == []


def test_the_sqlite_storage_is_made_by_name(tmp_path: Path) -> None:
    data = ConfigurableClassData.of(
        "dagster.core.storage.schedules", "SqliteScheduleStorage", {"base_dir": str(tmp_path / "a")}
    )
    storage = data.rehydrate(SqliteScheduleStorage)
    tick = storage.create_tick(tick_of())
    assert storage.inst_data == data
    again = SqliteScheduleStorage(f"sqlite:///{tmp_path / 'a' / 'schedules.db'}")
    assert again.get_ticks("o-s", "s") == [tick]
    storage.dispose()
    again.dispose()


def test_in_memory_each_is_its_own() -> None:
    one, two = InMemoryScheduleStorage(), InMemoryScheduleStorage()
    one.create_tick(tick_of())
    assert two.get_ticks("o-s", "s") == []
    one.dispose()
    two.dispose()


def test_a_page_of_ticks_is_read_from_the_index(sqlite_database: Database) -> None:
    query = ticks_query([tables.ticks.c.id], "s", TicksFilter(before=5.0), 10)
    text = str(query.compile(sqlite_database.engine, compile_kwargs={"literal_binds": True}))
    plan = sqlite_database.read(
        lambda connection: [
            row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
        ]
    )
    assert plan == [
        "SEARCH ticks USING COVERING INDEX idx_ticks_selector (selector_key=? AND timestamp<?)"
    ]
