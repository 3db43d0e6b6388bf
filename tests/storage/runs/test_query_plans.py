"""At 100,000 runs a page reads a page: each question walks along an index, on SQLite without statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.records.run_bucket import JobBucket, TagBucket
from dagster._core.records.tags import BACKFILL_ID_TAG
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.sql.database import Database, open_sqlite

pytestmark = pytest.mark.slow

RUNS = 100_000
STATUSES = list(DagsterRunStatus)
NEWER = datetime(2100, 1, 1, tzinfo=UTC)
OLDER = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_sqlite(str(tmp_path_factory.mktemp("runs") / "runs.db"))
    storage = SqlRunStorage.from_database(database)
    storage.add_runs(
        [
            DagsterRun(
                f"j{number % 20}",
                f"r{number}",
                status=STATUSES[number % len(STATUSES)],
                tags={
                    "all": "x",
                    "some": str(number % 100),
                    "own": str(number),
                    **({BACKFILL_ID_TAG: "b"} if number > 1_000 else {}),
                },
                job_snapshot_id=f"s{number % 50}",
            )
            for number in range(RUNS)
        ]
    )
    yield database
    database.dispose()


class Watch:
    """What a function makes the database do: its statements, their plans, and the rows it steps over."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.statements: list[tuple[str, Any]] = []
        self.steps = 0

    def __call__(self, fn: Callable[[], object]) -> list[str]:
        def before(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            self.statements.append((statement, parameters))

        def progress() -> None:
            self.steps += 1

        engine = self.database.engine
        fn()  # compiled and in the cache
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
        raw.set_progress_handler(progress, 100)
        sa.event.listen(engine, "before_cursor_execute", before)
        try:
            fn()
        finally:
            sa.event.remove(engine, "before_cursor_execute", before)
            raw.set_progress_handler(None, 0)
        plans: list[str] = []
        with engine.connect() as connection:
            for statement, parameters in self.statements:
                if statement.startswith(("SELECT", "WITH")):
                    explained = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                    plans += [row[-1] for row in explained]
        return plans


S = DagsterRunStatus
PAGES: dict[str, dict[str, Any]] = {
    "all": {},
    "from the middle": {"cursor": "r50000"},
    "status": {"filters": RunsFilter(statuses=[S.FAILURE])},
    "statuses": {"filters": RunsFilter(statuses=[S.FAILURE, S.SUCCESS, S.CANCELED])},
    "job": {"filters": RunsFilter(job_name="j3")},
    "job and statuses": {"filters": RunsFilter(job_name="j3", statuses=[S.SUCCESS, S.STARTING])},
    "tag of all": {"filters": RunsFilter(tags={"all": "x"})},
    "tag of some": {"filters": RunsFilter(tags={"some": "7"})},
    "tag of one": {"filters": RunsFilter(tags={"own": "7"})},
    "tags": {"filters": RunsFilter(tags={"all": "x", "own": "7"})},
    "tags from the middle": {"filters": RunsFilter(tags={"all": "x", "some": "7"}), "cursor": "r50000"},
    "values of a tag": {"filters": RunsFilter(tags={"some": [str(n) for n in range(16)]})},
    "tag and status": {"filters": RunsFilter(tags={"all": "x"}, statuses=[S.FAILURE])},
    "snapshot": {"filters": RunsFilter(snapshot_id="s7")},
    "no subruns": {"filters": RunsFilter(exclude_subruns=True)},
    "ids": {"filters": RunsFilter(run_ids=["r7", "r90000", "nobody"])},
    "created after all": {"filters": RunsFilter(created_after=NEWER)},
    "updated after all": {"filters": RunsFilter(updated_after=NEWER)},
    "created after nearly all": {"filters": RunsFilter(created_after=OLDER)},
    "rare tag of a job": {"filters": RunsFilter(job_name="j1", tags={"all": "x", "own": "1"})},
    "nobody's job of a tag": {"filters": RunsFilter(job_name="nobody", tags={"all": "x"})},
    "jobs in buckets": {"bucket_by": JobBucket([f"j{n}" for n in range(10)], 2)},
    "tags in buckets": {"bucket_by": TagBucket("some", [str(n) for n in range(10)], 2)},
}
ORDERS = [
    "id",
    "run_id",
    "job_name",
    "status",
    "create_timestamp",
    "update_timestamp",
    "start_time",
    "end_time",
]


def _check(watch: Watch, plans: list[str]) -> None:
    scans = [plan for plan in plans if plan.startswith("SCAN") and "INDEX" not in plan]
    # The page itself, and the walk along the primary key, which the limit ends.
    tables = [
        plan for plan in scans if not plan.startswith(("SCAN anon", "SCAN walk", "SCAN runs", "SCAN ("))
    ]
    assert tables == []
    # One step is 100 instructions of SQLite; a look at every run would be more than 5,000.
    assert watch.steps < 300, plans


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_a_page(database: Database, page: str) -> None:
    storage = SqlRunStorage.from_database(database)
    watch = Watch(database)
    found: list[Any] = []
    plans = watch(lambda: found.append(storage.get_runs(limit=25, **PAGES[page])))
    _check(watch, plans)
    assert len(watch.statements) < 8
    assert found[-1] or "after all" in page or "nobody" in page


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("order_by", ORDERS)
def test_every_order_is_that_of_an_index(database: Database, order_by: str, ascending: bool) -> None:
    storage = SqlRunStorage.from_database(database)
    watch = Watch(database)
    plans = watch(lambda: storage.get_run_records(order_by=order_by, ascending=ascending, limit=25))
    _check(watch, plans)


def test_tags_cost_what_is_distinct(database: Database) -> None:
    storage = SqlRunStorage.from_database(database)
    for ask in (
        storage.get_run_tag_keys,
        lambda: storage.get_run_tags(["all", "some"]),
        lambda: storage.get_run_tags(["own"], limit=25),
        lambda: storage.get_run_tags(["own"], value_prefix="7777", limit=25),
    ):
        watch = Watch(database)
        _check(watch, watch(ask))


def test_the_steps_are_counted(database: Database) -> None:
    """What the limits above would catch."""
    watch = Watch(database)
    watch(lambda: database.read(lambda c: c.exec_driver_sql("SELECT max(length(body)) FROM runs").all()))
    assert watch.steps > 3_000


def test_deleting_is_set_based(database: Database) -> None:
    storage = SqlRunStorage.from_database(database)
    watch = Watch(database)
    watch(lambda: storage.delete_runs([f"r{number}" for number in range(RUNS - 10_000, RUNS)]))
    assert len(watch.statements) < 60
    assert storage.get_runs_count() == RUNS - 10_000
    assert storage.get_runs_count(RunsFilter(tags={"all": "x"})) == RUNS - 10_000
