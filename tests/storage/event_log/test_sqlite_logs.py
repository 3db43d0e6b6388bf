"""What SQLite files for each run promise: nothing lost, nothing twice, nothing outside, few files open."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dagster._core.events.event_type import DagsterEventType as T
from dagster._core.records.event_records import EventRecordsFilter, RunShardedEventsCursor
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.run_logs import RunLogs
from dagster._core.storage.sql.database import DatabaseFullError, DatabaseUnavailableError
from dagster._time import utc_now
from dagster.testing.storage_contract.event_log import KEY, event, materialization, message
from dagster.testing.storage_contract.texts import NASTY_TEXTS
from tests.storage.event_log import log_writers
from tests.storage.event_log.query_plans import plans
from tests.storage.services import unavailable

ROOT = Path(__file__).parents[3]


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start a writer or a reader."""
    return subprocess.Popen(
        [sys.executable, log_writers.__file__, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def integrity(path: str) -> str:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()


# Crashes


@pytest.mark.parametrize("after", [1, 40, 301])
def test_what_was_acknowledged_survives_a_killed_writer(tmp_path: Path, after: int) -> None:
    writer = start("write", str(tmp_path), "r", "100000")
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(after)]
    writer.send_signal(signal.SIGKILL)
    told += [int(line) for line in writer.stdout if line.endswith("\n")]
    writer.communicate()

    storage = SqliteEventLogStorage(str(tmp_path))
    log = storage.get_logs_for_run("r")
    assert told == list(range(len(told)))
    assert len(log) - len(told) in (0, 1)  # one may be stored that nobody was told of
    assert list(log) == [log_writers.entry(number, "r") for number in range(len(log))]
    # The index knows what the log knows, once, whatever the moment of death.
    made = storage.fetch_materializations(KEY, 100_000, ascending=True).records
    assert [record.partition_key for record in made] == [f"r:{n}" for n in range(0, len(log), 3)]
    starts = storage.get_event_records(EventRecordsFilter(T.RUN_START), ascending=True)
    assert [record.timestamp for record in starts] == [float(n) for n in range(1, len(log), 3)]
    storage.dispose()
    assert integrity(storage.path_for_shard("r")) == "ok"
    assert integrity(str(tmp_path / "index.db")) == "ok"


def test_a_crash_between_a_log_and_the_index_is_repaired_when_the_run_is_looked_at(
    tmp_path: Path,
) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    storage.store_event_batch([event(T.RUN_START), materialization(partition="p0")])
    logs = RunLogs(str(tmp_path))
    logs.log_of("r").append([materialization(partition="p1"), message("x"), event(T.RUN_SUCCESS)])
    logs.close()
    assert not storage.fetch_run_status_changes(T.RUN_SUCCESS, 5).records
    for _ in range(2):
        assert len(storage.get_logs_for_run("r")) == 5
        assert len(storage.fetch_run_status_changes(T.RUN_SUCCESS, 5).records) == 1
        assert set(storage.get_materialized_partitions(KEY)) == {"p0", "p1"}
        assert len(storage.fetch_materializations(KEY, 9).records) == 2
    storage.store_event(materialization(partition="p2"))
    assert len(storage.fetch_materializations(KEY, 9).records) == 3
    storage.dispose()


def test_the_next_writer_repairs_it_too(tmp_path: Path) -> None:
    logs = RunLogs(str(tmp_path))
    logs.log_of("r").append(
        [event(T.RUN_START), *[materialization(partition=str(n)) for n in range(5000)]]
    )
    logs.close()
    storage = SqliteEventLogStorage(str(tmp_path))
    storage.store_event(event(T.RUN_SUCCESS))
    found = storage.fetch_materializations(KEY, 9999, ascending=True).records
    assert [record.partition_key for record in found] == [str(n) for n in range(5000)]
    assert len(storage.fetch_run_status_changes(T.RUN_START, 5).records) == 1
    storage.dispose()


def test_looking_at_all_logs_repairs_all(tmp_path: Path) -> None:
    logs = RunLogs(str(tmp_path), max_open=2)
    for number in range(5):
        logs.log_of(f"r{number}").append([event(T.RUN_START, f"r{number}")])
    logs.close()
    storage = SqliteEventLogStorage(str(tmp_path))
    storage.reindex_events()
    assert len(storage.fetch_run_status_changes(T.RUN_START, 9).records) == 5
    storage.dispose()


# Many at once


@pytest.mark.slow
def test_32_processes_write_while_4_read(tmp_path: Path) -> None:
    names = [f"w{number}" for number in range(32)]
    readers = [start("read", str(tmp_path), "shared", *names[:3]) for _ in range(4)]
    writers = [start("write", str(tmp_path), name, "60") for name in names]
    for writer in writers:
        out, err = writer.communicate(timeout=500)
        assert (writer.returncode, err) == (0, "")
        assert len(out.split()) == 60
    for reader in readers:
        out, err = reader.communicate(timeout=500)
        assert (reader.returncode, err) == (0, "")
        # 32 times 6 of the run that all share, 60 of each own one; every change of status once.
        assert out.split() == [str(32 * 6 + 3 * 60), str(32 * 20)]

    storage = SqliteEventLogStorage(str(tmp_path))
    for name in names:
        log = storage.get_logs_for_run(name)
        assert list(log) == [log_writers.entry(number, name) for number in range(60)]
        shared = [e.user_message for e in storage.get_logs_for_run("shared")]
        own = [text for text in shared if text.startswith(f"{name} ")]
        assert own == [f"{name} {number}" for number in range(0, 60, 10)]
    assert len(storage.get_materialized_partitions(KEY)) == 32 * 20
    storage.dispose()
    for path in tmp_path.glob("*.db"):
        assert integrity(str(path)) == "ok"


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="Only Linux counts descriptors there.")
def test_many_runs_keep_few_files_open(tmp_path: Path) -> None:
    before = open_descriptors()
    storage = SqliteEventLogStorage(str(tmp_path), max_open_runs=4)
    for number in range(40):
        storage.store_event(event(T.RUN_START, f"r{number}"))
        assert len(storage.get_logs_for_run(f"r{number // 2}")) == 1
    # Three descriptors a connection, two connections a run, and those of the index.
    assert open_descriptors() - before <= 4 * 6 + 12
    storage.dispose()
    assert open_descriptors() <= before + 1


def test_a_log_that_another_process_deleted_is_gone(tmp_path: Path) -> None:
    ours, theirs = SqliteEventLogStorage(str(tmp_path)), SqliteEventLogStorage(str(tmp_path))
    ours.store_event_batch([event(T.RUN_START), message("old")])
    assert len(theirs.get_logs_for_run("r")) == 2
    theirs.delete_events("r")
    assert not ours.get_logs_for_run("r")
    theirs.store_event(event(T.RUN_START, timestamp=7.0))
    ours.store_event(message("new"))
    assert [entry.timestamp for entry in ours.get_logs_for_run("r")] == [7.0, 1.0]
    assert len(ours.fetch_run_status_changes(T.RUN_START, 9).records) == 1
    ours.dispose()
    theirs.dispose()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="There is no fork here.")
def test_a_forked_process_opens_its_own_files(tmp_path: Path) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    storage.store_event(message("before"))
    pid = os.fork()
    if pid == 0:
        try:
            storage.store_event(message("child"))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    storage.store_event(message("after"))
    texts = [entry.user_message for entry in storage.get_logs_for_run("r")]
    assert texts == ["before", "child", "after"]
    storage.dispose()


# Names


def test_no_run_id_leads_out_of_the_directory(tmp_path: Path) -> None:
    base_dir = tmp_path / "logs"
    storage = SqliteEventLogStorage(str(base_dir))
    run_ids = [*NASTY_TEXTS, "index", "INDEX", "index.db", "/etc/passwd", "..", ".", "a" * 10_000]
    run_ids = [run_id for run_id in dict.fromkeys(run_ids) if run_id]
    paths = {storage.path_for_shard(run_id) for run_id in run_ids}
    assert len(paths) == len(run_ids)
    assert str(base_dir / "index.db") not in {path.lower() for path in paths}
    for run_id in run_ids:
        path = storage.path_for_shard(run_id)
        assert os.path.dirname(os.path.realpath(path)) == os.path.realpath(base_dir)
        storage.store_event(message(run_id, run_id))
        assert os.path.exists(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["logs"]
    assert storage.get_all_run_ids() == sorted(run_ids)
    for run_id in run_ids:
        assert [entry.user_message for entry in storage.get_logs_for_run(run_id)] == [run_id]
        storage.delete_events(run_id)
    left = {entry.name for entry in base_dir.iterdir()}
    assert left <= {"index.db", "index.db-wal", "index.db-shm"}
    storage.dispose()


def test_an_ordinary_run_id_is_the_name_of_the_file(tmp_path: Path) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    assert storage.path_for_shard("5ed7f374") == str(tmp_path / "5ed7f374.db")
    assert storage.conn_string_for_shard("5ed7f374") == f"sqlite:///{tmp_path / '5ed7f374.db'}"
    assert storage.conn_string_for_shard("index") == f"sqlite:///{tmp_path / 'index.db'}"
    storage.dispose()


def test_asking_for_a_run_makes_no_file(tmp_path: Path) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    storage.get_logs_for_run("nobody")
    storage.get_stats_for_run("nobody")
    storage.delete_events("nobody")
    assert not os.path.exists(storage.path_for_shard("nobody"))
    storage.dispose()


# Time


def test_a_cursor_with_a_time_leaves_out_runs_that_did_not_change(tmp_path: Path) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    storage.store_event(event(T.STEP_START, "old", step_key="s"))
    storage.dispose()
    os.utime(storage.path_for_shard("old"), (1.0, 1.0))
    since = utc_now().replace(year=2001)
    storage.store_event(event(T.STEP_START, "new", step_key="s"))
    wanted = EventRecordsFilter(T.STEP_START, after_cursor=RunShardedEventsCursor(10**9, since))
    assert [record.run_id for record in storage.get_event_records(wanted)] == ["new"]
    storage.dispose()


def test_a_log_that_the_index_never_heard_of_is_old_by_its_file(tmp_path: Path) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    storage.store_event_batch([message("only a message", "quiet"), message("x", "kept")])
    assert storage.prune(utc_now().timestamp() + 60, ["kept"]) == 1
    assert storage.get_all_run_ids() == ["kept"]
    storage.dispose()


# Trouble


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    Path(storage.path_for_shard("r")).write_bytes(b"not a database" * 100)
    with pytest.raises(
        DatabaseUnavailableError, match=r"event log .*r\.db cannot be opened or written: file is not"
    ):
        storage.store_event(message("x"))
    storage.dispose()


def test_a_full_disk_is_told_and_leaves_the_log_intact(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        unavailable(f"A small disk cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        storage = SqliteEventLogStorage(str(place))
        stored = 0
        with pytest.raises(DatabaseFullError, match=r"no space left where the event log .* is intact"):
            for _ in range(1000):
                storage.store_event(message("x" * 20_000))
                stored += 1
        assert stored > 10
        assert len(storage.get_logs_for_run("r")) == stored
        subprocess.run(["mount", "-o", "remount,size=8m", str(place)], check=True)
        storage.store_event(message("there is space again"))
        assert len(storage.get_logs_for_run("r")) == stored + 1
        storage.dispose()
        assert integrity(storage.path_for_shard("r")) == "ok"
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


# Types


@pytest.mark.parametrize(
    ("of_type", "how"),
    [
        ({T.RUN_SUCCESS}, "USING INDEX idx_event_logs_group (<expr>=?"),
        ({T.RUN_START, T.RUN_SUCCESS}, "USING INDEX idx_event_logs_group (<expr>=?"),
        ({T.STEP_SUCCESS}, "USING INDEX idx_event_logs_group (<expr>=?"),
        ({T.STEP_START, T.STEP_OUTPUT}, "USING INDEX idx_event_logs_group (<expr>=?"),
        # Most of what there is: along the ids, so that a page is not sorted.
        ({T.STEP_START, T.RUN_SUCCESS}, "SCAN event_logs"),
    ],
)
@pytest.mark.parametrize("limit", [None, 1])
def test_events_of_a_type_are_found_by_an_index(
    tmp_path: Path, of_type: set[T], how: str, limit: int | None
) -> None:
    storage = SqliteEventLogStorage(str(tmp_path))
    types = [T.RUN_START, *[T.STEP_START, T.STEP_OUTPUT, T.STEP_SUCCESS] * 50, T.RUN_SUCCESS]
    storage.store_event_batch([event(each) for each in types] + [message("x")])
    database = storage._log_database("r")
    assert database is not None
    found: list[Any] = []
    plan = plans(
        database,
        lambda: found.extend(storage.get_records_for_run("r", of_type=of_type, limit=limit).records),
    )
    expected = [number for number, each in enumerate(types, 1) if each in of_type]
    assert [record.storage_id for record in found] == expected[:limit]
    assert how in plan[-1] or (how in plan[-2] and "TEMP B-TREE" in plan[-1]), plan
    storage.dispose()
