"""Servers that fail: connections that are cut, outages, and how many connections a process takes."""

from __future__ import annotations

import functools
import multiprocessing
import operator
import random
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.sql.database import DatabaseUnavailableError, open_server
from dagster._serdes.config_class import ConfigurableClassData
from dagster_mysql import DagsterMySQLStorage
from dagster_postgres import DagsterPostgresStorage, PostgresRunStorage, PostgresScheduleStorage
from tests.storage.postgres_server import PostgresServer, own_server
from tests.storage.server_writers import assert_whole, in_threads, new_ids, write_run, write_runs
from tests.storage.services import MYSQL, POSTGRESQL, own_schema, server_url

pytestmark = pytest.mark.slow


class Administrator:
    """Another connection, that sees and cuts those of the test."""

    def __init__(self, kind: str, ours: str) -> None:
        self._engine = sa.create_engine(server_url(kind), isolation_level="AUTOCOMMIT", pool_size=1)
        if kind == POSTGRESQL:
            self._list = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{ours}'"
            self._cut = "SELECT pg_terminate_backend({})"
        else:
            self._list = f"SELECT id FROM information_schema.processlist WHERE db = '{ours}'"
            self._cut = "KILL {}"

    def connections(self) -> list[int]:
        with self._engine.connect() as connection:
            return list(connection.exec_driver_sql(self._list).scalars())

    def cut(self, pid: int) -> None:
        try:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(self._cut.format(pid))
        except sa.exc.DBAPIError:
            pass  # it has just ended by itself

    def close(self) -> None:
        self._engine.dispose()


@pytest.fixture(params=[POSTGRESQL, MYSQL])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[ConfigurableClassData, Administrator]]:
    """A unified storage on a server, and who can see its connections."""
    kind = request.param
    with own_schema(kind) as url:
        if kind == POSTGRESQL:
            ours = f"test-{uuid.uuid4().hex[:8]}"
            text = url.update_query_dict({"application_name": ours}).render_as_string(False)
            data = ConfigurableClassData.of(
                "dagster_postgres", "DagsterPostgresStorage", {"postgres_url": text}
            )
        else:
            ours, text = str(url.database), url.render_as_string(False)
            data = ConfigurableClassData.of("dagster_mysql", "DagsterMySQLStorage", {"mysql_url": text})
        administrator = Administrator(kind, ours)
        yield data, administrator
        administrator.close()


def run_processes(
    data: ConfigurableClassData, ids: list[list[str]], batches: int, meanwhile: Any
) -> None:
    """Let a process write each list of runs, and call a function again and again until all are done."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    processes = [context.Process(target=write_runs, args=(data, part, batches, answers)) for part in ids]
    for process in processes:
        process.start()
    while any(process.is_alive() for process in processes):
        meanwhile()
    assert [answers.get(timeout=10) for _ in processes] == [""] * len(processes)
    for process in processes:
        process.join()


def test_connections_that_are_cut_at_random(server: tuple[ConfigurableClassData, Administrator]) -> None:
    data, administrator = server
    chance = random.Random(7)
    cuts = [0]

    def cut_some() -> None:
        for pid in administrator.connections():
            if chance.random() < 0.3:
                administrator.cut(pid)
                cuts[0] += 1
        time.sleep(0.05)  # between two attacks; nothing is waited for

    ids = [new_ids(4) for _ in range(3)]
    run_processes(data, ids, 60, cut_some)
    assert cuts[0] > 10
    storage = data.rehydrate(DagsterStorage)
    for run_id in functools.reduce(operator.iadd, ids, []):
        assert_whole(storage, run_id, 60)
    storage.dispose()


def test_two_connections_a_process_at_most(server: tuple[ConfigurableClassData, Administrator]) -> None:
    data, administrator = server
    most = [0]

    def count() -> None:
        most[0] = max(most[0], len(administrator.connections()))
        time.sleep(0.005)  # the server answers between two counts

    run_processes(data, [new_ids(8), new_ids(8)], 10, count)
    assert 2 <= most[0] <= 4


def test_storages_that_are_chosen_one_by_one_share_the_connections() -> None:
    with own_schema(POSTGRESQL) as url:
        text = url.render_as_string(False)
        runs, schedules = PostgresRunStorage(text), PostgresScheduleStorage(text)
        assert runs._database is schedules._database
        whole = DagsterPostgresStorage(text)
        assert whole.run_storage._database is runs._database
        assert isinstance(whole.run_storage, PostgresRunStorage)
        assert whole.event_log_storage.handles_run_events_in_store_event
        runs.dispose()
        assert schedules.all_instigator_state() == []
        whole.dispose()


def outage(server: PostgresServer, seconds: float, runs: int, batches: int) -> None:
    """Stop a server as if its power had failed while runs are written, and start it again."""
    storage = DagsterPostgresStorage(server.url)
    ids = new_ids(runs)
    started = threading.Event()
    writers = threading.Thread(
        target=lambda: (
            started.set(),
            in_threads([lambda i=i: write_run(storage, i, batches) for i in ids]),
        )
    )
    errors: list[Any] = []
    threading.excepthook, before = errors.append, threading.excepthook
    try:
        writers.start()
        started.wait()
        time.sleep(0.3)  # so that it fails in the midst of writing
        server.stop("immediate")
        assert writers.is_alive()
        time.sleep(seconds)
        server.start()
        writers.join(120)
    finally:
        threading.excepthook = before
    assert errors == []
    assert not writers.is_alive()
    for run_id in ids:
        assert_whole(storage, run_id, batches)
    storage.dispose()


def test_a_short_outage() -> None:
    with own_server() as server:
        outage(server, 1.0, runs=4, batches=150)


def test_an_outage_of_30_seconds() -> None:
    with own_server() as server:
        outage(server, 30.0, runs=50, batches=20)


def test_a_server_that_does_not_come_back() -> None:
    with own_server() as server:
        url = server.url
    database = open_server(url, reconnect_seconds=0.5)
    with pytest.raises(DatabaseUnavailableError) as caught:
        database.read(lambda connection: connection.exec_driver_sql("SELECT 1"))
    assert str(caught.value).startswith(f"The database {url} did not answer for 500ms: ")
    database.dispose()


@pytest.mark.parametrize("kind", [POSTGRESQL, MYSQL])
def test_a_database_that_does_not_exist_is_not_waited_for(kind: str) -> None:
    with own_schema(kind) as url:
        database = open_server(url.set(database="no_such_database"))
        with pytest.raises(DatabaseUnavailableError, match=r"cannot be opened: .*no_such_database"):
            database.read(lambda connection: connection.exec_driver_sql("SELECT 1"))
        database.dispose()


def test_who_waits_is_told_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("dagster._core.storage.sql.database.PATIENCE_SECONDS", 0.05)
    with own_server() as server:
        url = server.url
    database = open_server(url, reconnect_seconds=0.5)
    with pytest.raises(DatabaseUnavailableError):
        database.read(lambda connection: connection.exec_driver_sql("SELECT 1"))
    (told,) = [r.getMessage() for r in caplog.records if "does not answer" in r.getMessage()]
    assert told.startswith(f"The database {url} does not answer (")
    assert told.endswith("It is tried again for up to 500ms.")
    database.dispose()


def test_a_mysql_storage_is_whole() -> None:
    with own_schema(MYSQL) as url:
        storage = DagsterMySQLStorage(url.render_as_string(False))
        (run_id,) = new_ids(1)
        write_run(storage, run_id, 5)
        assert_whole(storage, run_id, 5)
        storage.dispose()
