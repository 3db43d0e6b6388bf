"""Runs on an instance whose PostgreSQL fails under them: they go on, and nothing is lost or doubled."""

from __future__ import annotations

import queue
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, job, op
from tests.storage.postgres_server import own_server
from tests.storage.server_writers import in_threads
from tests.storage.services import POSTGRESQL, own_schema
from tests.storage.test_server_failures import Administrator

pytestmark = pytest.mark.slow

STEPS = 6
RUN_START = DagsterEventType.RUN_START.value
RUN_SUCCESS = DagsterEventType.RUN_SUCCESS.value
THREADS = 5


@op
def first(context) -> int:
    context.log.info("one")
    return 1


@op
def add_one(context, number: int) -> int:
    context.log.info("more")
    return number + 1


@job
def chain():
    number = first()
    for position in range(1, STEPS):
        number = add_one.alias(f"add_{position}")(number)


@contextmanager
def instance_on(url: str, home: Path) -> Iterator[DagsterInstance]:
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(f"storage:\n  postgres:\n    postgres_url: '{url}'\n")
    with DagsterInstance.from_config(str(home)) as instance:
        yield instance


def run_many(instance: DagsterInstance, runs: int, done: Callable[[], None] = lambda: None) -> None:
    """Execute the job so many times, five at a time; every one has to succeed."""
    left: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(runs):
        left.put(number)

    def work() -> None:
        while True:
            try:
                left.get_nowait()
            except queue.Empty:
                return
            assert chain.execute_in_process(instance=instance).success
            done()

    in_threads([work] * THREADS)


def assert_runs_whole(instance: DagsterInstance, runs: int) -> None:
    records = instance.get_run_records()
    assert len(records) == runs
    assert {record.dagster_run.status for record in records} == {DagsterRunStatus.SUCCESS}
    for record in records:
        assert record.start_time is not None
        assert record.end_time is not None
        entries = instance.all_logs(record.dagster_run.run_id)
        types = Counter(entry.dagster_event.event_type_value for entry in entries if entry.dagster_event)
        for name in ("STEP_START", "STEP_OUTPUT", "STEP_SUCCESS"):
            assert types[name] == STEPS, types
        assert types[RUN_START] == types[RUN_SUCCESS] == 1, types
        messages = [entry.user_message for entry in entries if not entry.dagster_event]
        assert messages == ["one", *["more"] * (STEPS - 1)]
        assert entries[-1].dagster_event.event_type_value == RUN_SUCCESS
        ended = [
            entry.step_key
            for entry in entries
            if entry.dagster_event and entry.dagster_event.event_type_value == "STEP_SUCCESS"
        ]
        assert ended == ["first", *(f"add_{position}" for position in range(1, STEPS))]


def test_50_runs_whose_connections_are_cut(tmp_path: Path) -> None:
    with own_schema(POSTGRESQL) as url:
        ours = f"test-{uuid.uuid4().hex[:8]}"
        text = url.update_query_dict({"application_name": ours}).render_as_string(False)
        administrator = Administrator(POSTGRESQL, ours)
        over, most, cuts, chance = threading.Event(), [0], [0], random.Random(3)

        def cut() -> None:
            while not over.wait(chance.uniform(0.01, 0.15)):
                found = administrator.connections()
                most[0] = max(most[0], len(found))
                for pid in found:
                    administrator.cut(pid)
                    cuts[0] += 1

        thread = threading.Thread(target=cut)
        with instance_on(text, tmp_path) as instance:
            assert instance.get_runs_count() == 0  # the tables are there
            thread.start()
            try:
                run_many(instance, 50)
            finally:
                over.set()
                thread.join()
            assert cuts[0] > 3
            assert most[0] <= 2
            assert_runs_whole(instance, 50)
        administrator.close()


@pytest.mark.parametrize("seconds", [1.0, 30.0])
def test_50_runs_through_an_outage(tmp_path: Path, seconds: float) -> None:
    with own_server() as server, instance_on(server.url, tmp_path) as instance:
        some = threading.Semaphore(0)

        def fail() -> None:
            for _ in range(5):
                some.acquire()
            server.stop("immediate")
            time.sleep(seconds)  # the outage
            server.start()

        thread = threading.Thread(target=fail)
        thread.start()
        run_many(instance, 50, some.release)
        thread.join()
        assert_runs_whole(instance, 50)
