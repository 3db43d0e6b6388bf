"""A disk that is full: a clear error, an intact database, and it goes on when there is space."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.instigator import InstigatorType
from dagster._core.records.run import DagsterRun
from dagster._core.records.tick import TickData, TickStatus
from dagster._core.storage.schedules import SqliteScheduleStorage, SqlScheduleStorage
from dagster._core.storage.sql.database import Database, DatabaseFullError, open_sqlite
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from tests.storage.server_writers import (
    assert_whole,
    event_of,
    message_of,
    store_run_event,
    write_run,
)
from tests.storage.services import unavailable

SPACE = r"There is no space left where the (database|event log) .* is kept .*What was stored before is intact"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A directory on a disk of 2 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        unavailable(f"A small disk cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def tick_of(number: int) -> TickData:
    return TickData(
        "o",
        "n",
        InstigatorType.SENSOR,
        TickStatus.SUCCESS,
        float(number),
        cursor="x" * 10_000,
        selector_id="s",
    )


def fill(storage: SqlScheduleStorage) -> list[int]:
    """Write until there is no space; return what was acknowledged."""
    stored: list[int] = []
    with pytest.raises(DatabaseFullError, match=SPACE):
        for number in range(1000):
            storage.create_tick(tick_of(number))
            stored.append(number)
    return stored


def numbers(storage: SqlScheduleStorage) -> list[int]:
    return [int(tick.timestamp) for tick in reversed(storage.get_ticks("o", "s"))]


def assert_intact(database: Database) -> None:
    check = database.read(
        lambda connection: connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    )
    assert check == "ok"


def test_a_full_disk(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 700_000)
    storage = SqliteScheduleStorage.from_local(str(small_disk))
    stored = fill(storage)
    assert stored
    assert numbers(storage) == stored
    assert_intact(storage._database)
    os.remove(small_disk / "filler")
    storage.create_tick(tick_of(len(stored)))
    assert numbers(storage) == [*stored, len(stored)]
    storage.dispose()
    again = SqliteScheduleStorage.from_local(str(small_disk))
    assert numbers(again) == [*stored, len(stored)]
    assert_intact(again._database)
    again.dispose()


def test_a_full_disk_for_a_new_database(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * (2 * 1024 * 1024 - 30_000))
    with pytest.raises(DatabaseFullError, match=SPACE):
        SqliteScheduleStorage.from_local(str(small_disk / "home"))
    os.remove(small_disk / "filler")
    storage = SqliteScheduleStorage.from_local(str(small_disk / "home"))
    storage.create_tick(tick_of(1))
    assert numbers(storage) == [1]
    storage.dispose()


def test_a_full_disk_under_a_run(small_disk: Path) -> None:
    """The log of the run, the index of all runs and the row of the run, each in a file of its own."""
    # More than the log can fill: what is written ahead is put into place when the files are closed, and
    # takes its space twice until then.
    (small_disk / "filler").write_bytes(b"x" * 1_000_000)
    storage = DagsterSqliteStorage(str(small_disk))
    log = storage.event_log_storage
    storage.run_storage.add_run(DagsterRun("j", "1"))
    store_run_event(storage, event_of("1", DagsterEventType.RUN_START))
    stored: list[str] = []
    with pytest.raises(DatabaseFullError, match=SPACE):
        for number in range(1000):
            text = f"{number} {'x' * 10_000}"
            log.store_event(message_of("1", number)._replace(user_message=text))
            stored.append(text)
    assert stored
    said = [entry.user_message for entry in log.get_logs_for_run("1")]
    assert said[1:] == stored
    os.remove(small_disk / "filler")
    write_run(storage, "2", 3)
    assert_whole(storage, "2", 3)
    store_run_event(storage, event_of("1", DagsterEventType.RUN_SUCCESS))
    assert [entry.user_message for entry in log.get_logs_for_run("1")][1:-1] == stored
    assert {run.run_id: run.status.value for run in storage.run_storage.get_runs()} == {
        "1": "SUCCESS",
        "2": "SUCCESS",
    }
    storage.dispose()
    for path in small_disk.rglob("*.db"):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), path


def test_a_database_that_may_not_grow(tmp_path: Path) -> None:
    """The same where no disk can be mounted."""
    database = open_sqlite(str(tmp_path / "a.db"))
    storage = SqlScheduleStorage.from_database(database)
    limit = [200]

    @sa.event.listens_for(database.engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit[0]}")

    stored = fill(storage)
    assert stored
    assert numbers(storage) == stored
    limit[0] = 100_000
    storage.create_tick(tick_of(len(stored)))
    assert numbers(storage) == [*stored, len(stored)]
    assert_intact(database)
    storage.dispose()
