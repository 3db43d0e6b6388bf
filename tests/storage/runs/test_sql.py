"""What the contract cannot see: answers that are lost, threads, files, configuration."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from dagster._core.errors import DagsterRunAlreadyExists
from dagster._core.events.event import DagsterEvent
from dagster._core.records.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.records.daemon import DaemonHeartbeat
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.storage.runs import SqliteRunStorage, SqlRunStorage
from dagster._core.storage.runs.run_rows import fold_event
from dagster._core.storage.sql.database import Database
from dagster._serdes.config_class import ConfigurableClassData


def test_a_write_whose_answer_was_lost_is_done_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = SqlRunStorage.from_database(database)
    write = database.write

    def twice(fn: Callable[[sa.Connection], Any]) -> Any:
        write(fn)
        return write(fn)

    monkeypatch.setattr(database, "write", twice)
    run = DagsterRun("j", "1", tags={"k": "v"})
    storage.add_run(run)
    storage.add_runs([DagsterRun("j", "2"), DagsterRun("j", "3", tags={"k": "v"})])
    storage.add_run_tags("1", {"k": "w"})
    storage.handle_run_event("2", DagsterEvent("PIPELINE_START", "j"))
    backfill = PartitionBackfill("b", BulkActionStatus.REQUESTED, False, {"k": "v"})
    storage.add_backfill(backfill)
    storage.update_backfill(backfill)
    storage.add_daemon_heartbeat(DaemonHeartbeat(1.0, "T", "d"))
    storage.set_cursor_values({"k": "v"})
    storage.delete_run("3")
    monkeypatch.undo()
    assert storage.get_runs(ascending=True) == [
        run.with_tags({"k": "w"}),
        DagsterRun("j", "2", status=DagsterRunStatus.STARTED),
    ]
    assert storage.get_run_tags(["k"]) == [("k", {"w"})]
    assert storage.get_backfills() == [backfill]
    assert storage.get_cursor_values({"k"}) == {"k": "v"}


def test_a_run_is_added_wholly_or_not_at_all(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = SqlRunStorage.from_database(database)

    def broken(*_: Any) -> list[Any]:
        raise RuntimeError("out of order")

    monkeypatch.setattr("dagster._core.storage.runs.run_rows.tag_rows", broken)
    with pytest.raises(RuntimeError):
        storage.add_run(DagsterRun("j", "1", tags={"k": "v"}))
    with pytest.raises(RuntimeError):
        storage.add_runs([DagsterRun("j", "1"), DagsterRun("j", "2", tags={"k": "v"})])
    assert storage.get_runs_count() == 0


def test_threads_write_and_read_at_once(database: Database) -> None:
    storage = SqlRunStorage.from_database(database)
    errors: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            for number in range(20):
                storage.add_run(DagsterRun("j", f"{worker}-{number}", tags={"w": str(worker)}))
                storage.get_runs(limit=5)
                storage.handle_run_event(f"{worker}-{number}", DagsterEvent("PIPELINE_START", "j"))
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert storage.get_runs_count() == 80
    assert {run.status for run in storage.get_runs()} == {DagsterRunStatus.STARTED}


def test_of_many_who_add_the_same_run_one_does(database: Database) -> None:
    storage = SqlRunStorage.from_database(database)
    outcomes: list[str] = []

    def work(worker: int) -> None:
        try:
            storage.add_run(DagsterRun(f"j{worker}", "1"))
            outcomes.append("added")
        except DagsterRunAlreadyExists:
            outcomes.append("refused")

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["added", "refused", "refused", "refused"]


def test_tags_that_are_added_at_once_are_all_there(database: Database) -> None:
    storage = SqlRunStorage.from_database(database)
    storage.add_run(DagsterRun("j", "1"))

    def work(worker: int) -> None:
        for number in range(10):
            storage.add_run_tags("1", {f"{worker}-{number}": "v"})

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(storage.get_runs()[0].tags) == 40
    assert len(storage.get_run_tag_keys()) == 40


def test_an_event_is_folded_in_the_transaction_of_another(database: Database) -> None:
    storage = SqlRunStorage.from_database(database)
    storage.add_run(DagsterRun("j", "1"))

    def write(connection: sa.Connection) -> None:
        fold_event(connection, "1", "PIPELINE_START", 1.5)
        raise RuntimeError("undone")

    with pytest.raises(RuntimeError):
        database.write(write)
    assert storage.get_runs()[0].status is DagsterRunStatus.NOT_STARTED


def test_most_events_cost_no_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = SqlRunStorage.from_database(database)
    monkeypatch.setattr(database, "write", None)
    storage.handle_run_event("1", DagsterEvent("STEP_START", "j"))


def test_a_directory_holds_the_file(tmp_path: Path) -> None:
    base = tmp_path / "a b" / "?x=1#%20 é"
    with_run = SqliteRunStorage.from_local(str(base))
    with_run.add_run(DagsterRun("j", "1"))
    with_run.dispose()
    assert (base / "runs.db").exists()
    again = SqliteRunStorage.from_local(str(base))
    assert again.has_run("1")
    assert again.inst_data is None
    again.dispose()


def test_it_is_made_by_its_connection_string(tmp_path: Path) -> None:
    storage = SqliteRunStorage(f"sqlite:///{tmp_path}/x.db")
    storage.add_run(DagsterRun("j", "1"))
    storage.dispose()
    assert (tmp_path / "x.db").exists()
    assert not SqliteRunStorage("sqlite://").has_run("1")


def test_it_is_made_from_config(tmp_path: Path) -> None:
    data = ConfigurableClassData.of(
        "dagster._core.storage.runs", "SqliteRunStorage", {"base_dir": str(tmp_path)}
    )
    storage = data.rehydrate(as_type=SqliteRunStorage)
    assert storage.inst_data == data
    storage.add_run(DagsterRun("j", "1"))
    storage.dispose()
    assert (tmp_path / "runs.db").exists()


def test_queries_of_ones_own(database: Database) -> None:
    storage = SqlRunStorage.from_database(database)
    storage.add_run(DagsterRun("j", "1"))
    query = sa.text("SELECT count(*) FROM runs")
    assert storage.fetchone(query)[0] == 1
    assert len(storage.fetchall(query)) == 1
    with storage.connect() as connection:
        assert connection.execute(query).scalar() == 1


def test_a_process_that_only_looks_at_runs_can_read_where_their_code_is() -> None:
    program = (
        "import dagster._core.storage.runs.run_rows\n"
        "from dagster._wire.record import RECORD_CLASSES\n"
        "assert {'JobPythonOrigin', 'RemoteJobOrigin'} <= RECORD_CLASSES.keys()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
