"""Rows of events: once and only once, walks along indexes, logs that other versions wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from dagster._core.events.event_type import DagsterEventType as T
from dagster._core.records.event_records import EventRecordsFilter, RunStatusChangeRecordsFilter
from dagster._core.storage.event_log import SqlEventLogStorage, events, write_order
from dagster._core.storage.sql.database import Database, open_sqlite
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import event_logs
from dagster.testing.storage_contract.event_log import (
    KEY,
    event,
    materialization,
    message,
    whole_run,
)
from tests.storage.event_log.query_plans import plans


@pytest.fixture
def storage(database: Database) -> SqlEventLogStorage:
    return SqlEventLogStorage.from_database(database)


class Commits:
    """Does what a database's write does, and then says that it does not know whether it was done."""

    def __init__(self, write: Callable[..., Any]) -> None:
        self.write = write

    def __call__(self, fn: Callable[[Connection], Any]) -> Any:
        self.write(fn)
        return self.write(fn)


def test_a_commit_whose_answer_was_lost_counts_once(
    storage: SqlEventLogStorage, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "write", Commits(database.write))
    storage.store_event_batch([*whole_run(), materialization()])
    storage.store_event(message("one"))
    monkeypatch.undo()
    assert len(storage.get_logs_for_run("r")) == len(whole_run()) + 2
    assert len(storage.fetch_materializations(KEY, 9).records) == 1


def test_a_commit_that_was_still_under_way_counts_once(
    storage: SqlEventLogStorage, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = database.write

    def race(fn: Callable[[Connection], Any]) -> Any:
        write(fn)
        # The second attempt looked before the first one's commit came to light.
        raise IntegrityError("INSERT", {}, Exception("duplicate"))

    attempts = iter([race])

    def twice(fn: Callable[[Connection], Any]) -> Any:
        calls = [0]

        def counted(connection: Connection) -> Any:
            calls[0] += 1
            return fn(connection)

        write(counted)
        write(counted)
        return next(attempts)(counted)

    monkeypatch.setattr(database, "write", twice)
    storage.store_event(message("one"))
    monkeypatch.undo()
    assert len(storage.get_logs_for_run("r")) == 1


def test_an_error_of_the_first_attempt_is_told(
    storage: SqlEventLogStorage, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_connection: object, *_more: object) -> None:
        raise IntegrityError("INSERT", {}, Exception("no"))

    monkeypatch.setattr(events, "insert", fail)
    with pytest.raises(IntegrityError):
        storage.store_event(message("one"))
    assert not storage.get_logs_for_run("r")


def test_a_batch_is_stored_whole_or_not_at_all(
    storage: SqlEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("the summaries could not be written")

    monkeypatch.setattr(events.assets, "apply_events", fail)
    with pytest.raises(RuntimeError):
        storage.store_event_batch([message("a"), materialization()])
    assert not storage.get_logs_for_run("r")
    assert storage.get_maximum_record_id() is None


def test_writers_of_one_sequence_follow_each_other(database: Database) -> None:
    if database.dialect_name == "sqlite":
        pytest.skip("Its writers follow each other by themselves.")
    statement = (
        "SET LOCAL lock_timeout = '50ms'"
        if database.dialect_name == "postgresql"
        else "SET innodb_lock_wait_timeout = 1"
    )

    def keep(run_key: str, for_all: bool) -> None:
        with database.engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(statement)
            write_order.keep(connection, database.dialect_name, [run_key], for_all)

    with database.engine.connect() as first, first.begin():
        write_order.keep(first, database.dialect_name, ["r1"], True)
        keep("r2", False)
        with pytest.raises(sa.exc.OperationalError):
            keep("r1", False)
        with pytest.raises(sa.exc.OperationalError):
            keep("r2", True)
    keep("r1", True)


# Query plans


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_sqlite(str(tmp_path_factory.mktemp("events") / "events.db"))
    storage = SqlEventLogStorage.from_database(database)
    for run in range(50):
        storage.store_event_batch(
            [*whole_run(f"r{run}"), *[materialization(f"r{run}", partition=str(n)) for n in range(5)]]
        )
    yield database
    database.dispose()


@pytest.mark.parametrize("ascending", [True, False])
def test_a_page_of_a_log_walks_along_an_index(filled: Database, ascending: bool) -> None:
    storage = SqlEventLogStorage.from_database(filled)
    for of_type in (None, T.STEP_START):
        found = plans(
            filled,
            lambda of_type=of_type: storage.get_records_for_run("r1", "3", of_type, 5, ascending),
        )
        assert all("USING INDEX idx_event_logs_run" in plan for plan in found), found


def test_statistics_of_a_run_cost_that_run(filled: Database) -> None:
    storage = SqlEventLogStorage.from_database(filled)
    asks = [
        lambda: storage.get_stats_for_run("r1"),
        lambda: storage.get_step_stats_for_run("r1"),
        lambda: storage.get_asset_keys_for_run("r1"),
    ]
    for ask in asks:
        found = [plan for plan in plans(filled, ask) if "TEMP B-TREE" not in plan]
        assert all("SEARCH event_logs" in plan and "(run_key=?" in plan for plan in found), found


def test_pages_over_all_runs_walk_along_an_index(filled: Database) -> None:
    storage = SqlEventLogStorage.from_database(filled)
    wanted = RunStatusChangeRecordsFilter(T.RUN_START, job_names=["j"])
    for ask in (
        lambda: storage.fetch_run_status_changes(T.RUN_START, 5),
        lambda: storage.fetch_run_status_changes(wanted, 5, "10", ascending=True),
        lambda: storage.get_event_records(EventRecordsFilter(T.ASSET_MATERIALIZATION, KEY), 5),
        lambda: storage.get_event_records(EventRecordsFilter(T.ASSET_MATERIALIZATION, KEY, ["1"]), 5),
    ):
        found = plans(filled, ask)
        assert all("USING INDEX idx_event_logs_" in plan for plan in found), found
        assert not any("TEMP B-TREE" in plan for plan in found), found


# Old, new and damaged rows


def test_a_row_that_cannot_be_read_does_not_hide_the_log(
    storage: SqlEventLogStorage, database: Database
) -> None:
    storage.store_event_batch([message("a"), message("b"), message("c")])
    second = storage.get_records_for_run("r").records[1].storage_id
    broken = sa.update(event_logs).where(event_logs.c.id == second).values(body=b'{"__class__":')
    database.write(lambda connection: connection.execute(broken))
    texts = [entry.user_message for entry in storage.get_logs_for_run("r")]
    assert (texts[0], texts[2]) == ("a", "c")
    assert "cannot be read by this version" in texts[1]


def test_first_id_since_finds_the_place_in_time(tmp_path: Path) -> None:
    database = open_sqlite(str(tmp_path / "e.db"))
    storage = SqlEventLogStorage.from_database(database)
    hour = 3600.0
    storage.store_event_batch([message("x", "r", number * hour) for number in range(100)])
    for wanted in (0, 1, 50, 98):
        found = database.read(lambda c, wanted=wanted: events.first_id_since(c, wanted * hour))
        assert found == wanted + 2  # within an hour
    assert database.read(lambda c: events.first_id_since(c, 1e9)) == 101
    storage.wipe()
    assert database.read(lambda c: events.first_id_since(c, 1e9)) == 0
    storage.dispose()


def test_an_event_can_be_stored_in_another_form(storage: SqlEventLogStorage) -> None:
    storage.store_event(event(T.RUN_START))
    (record,) = storage.get_records_for_run("r").records
    changed = event(T.RUN_SUCCESS, timestamp=5.0)
    storage.update_event_log_record(record.storage_id, changed)
    assert storage.get_logs_for_run("r") == [changed]
    assert storage.get_event_records(EventRecordsFilter(T.RUN_SUCCESS))[0].timestamp == 5.0


def test_programs_can_ask_the_database_themselves(storage: SqlEventLogStorage) -> None:
    storage.store_event(message("a"))
    with storage.run_connection("r") as connection:
        count = sa.select(sa.func.count()).where(event_logs.c.run_key == key_of("r"))
        assert connection.execute(count).scalar() == 1
        storage.delete_events_for_run(connection, "r")
    assert not storage.get_logs_for_run("r")
    assert storage.has_table("event_logs")
    assert not storage.has_table("nothing")
    found = storage.alembic_version()
    assert found is not None
    assert found[0] == found[1]
    storage.upgrade()
