"""The schedule storage on every database."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.instigator import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from dagster._core.records.origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.records.tick import InstigatorTick, TickData, TickStatus
from dagster._core.storage.schedules import (
    InMemoryScheduleStorage,
    SqliteScheduleStorage,
    SqlScheduleStorage,
)
from dagster._core.storage.schedules.ticks import TicksFilter, ticks_query
from dagster._core.storage.sql import tables
from dagster._core.storage.sql.database import Database
from dagster._serdes.config_class import ConfigurableClassData

ODD = [
    "it's",
    '"x"',
    "100%",
    "a_b",
    "a/b",
    "../..",
    "a\nb",
    "😀",
    "x" * 10_000,
    " ",
    "A",
    "a",
    "a ",
    "ä",
]


@pytest.fixture
def storage(database: Database) -> SqlScheduleStorage:
    return SqlScheduleStorage.from_database(database)


def state_of(
    name: str = "s",
    *,
    repository: str = "r",
    location: str = "l",
    type_: InstigatorType = InstigatorType.SCHEDULE,
    status: InstigatorStatus = InstigatorStatus.RUNNING,
) -> InstigatorState:
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location), repository)
    data = (
        ScheduleInstigatorData("* * * * *", 1.5)
        if type_ is InstigatorType.SCHEDULE
        else SensorInstigatorData(1.5, "key", 30, "cursor")
    )
    return InstigatorState(origin.get_instigator_origin(name), type_, status, data)


def tick_of(
    selector: str = "s", time: float = 1.0, status: TickStatus = TickStatus.SUCCESS, **fields: object
) -> TickData:
    return TickData(
        f"o-{selector}", "name", InstigatorType.SCHEDULE, status, time, selector_id=selector, **fields
    )


def times(ticks: object) -> list[float]:
    return [tick.timestamp for tick in ticks]


# States


def test_a_state_is_added_changed_and_deleted(storage: SqlScheduleStorage) -> None:
    state = state_of()
    ids = (state.instigator_origin_id, state.selector_id)
    assert storage.get_instigator_state(*ids) is None
    assert storage.add_instigator_state(state) == state
    assert storage.get_instigator_state(*ids) == state
    stopped = state.with_status(InstigatorStatus.STOPPED).with_data(ScheduleInstigatorData("@daily"))
    assert storage.update_instigator_state(stopped) == stopped
    assert storage.get_instigator_state(*ids) == stopped
    storage.delete_instigator_state(*ids)
    assert storage.get_instigator_state(*ids) is None


def test_the_same_change_twice_is_no_error(storage: SqlScheduleStorage, monkeypatch) -> None:
    monkeypatch.setattr("dagster._time.now", lambda: 5.0)
    state = storage.add_instigator_state(state_of())
    storage.update_instigator_state(state)
    assert storage.update_instigator_state(state) == state


def test_a_second_state_is_refused(storage: SqlScheduleStorage) -> None:
    storage.add_instigator_state(state_of())
    with pytest.raises(
        DagsterInvariantViolationError,
        match=r'expected schedule "s" to have no state yet, got: RUNNING. Use update_instigator_state',
    ):
        storage.add_instigator_state(state_of(status=InstigatorStatus.STOPPED))


def test_what_is_not_there_is_neither_changed_nor_deleted(storage: SqlScheduleStorage) -> None:
    state = state_of(type_=InstigatorType.SENSOR)
    with pytest.raises(
        DagsterInvariantViolationError, match=r'expected sensor "s" to have a state, got: none'
    ):
        storage.update_instigator_state(state)
    with pytest.raises(DagsterInvariantViolationError, match=r"no state of a schedule or sensor under"):
        storage.delete_instigator_state(state.instigator_origin_id, state.selector_id)


def test_a_state_outlives_its_origin(storage: SqlScheduleStorage) -> None:
    """The code moved; the name is the same."""
    state = storage.add_instigator_state(state_of())
    assert storage.get_instigator_state("another origin", state.selector_id) == state


def test_states_by_repository_type_and_status(storage: SqlScheduleStorage) -> None:
    a = storage.add_instigator_state(state_of("a"))
    b = storage.add_instigator_state(state_of("b", type_=InstigatorType.SENSOR))
    c = storage.add_instigator_state(state_of("c", repository="other", status=InstigatorStatus.STOPPED))
    assert storage.all_instigator_state() == [a, b, c]
    assert storage.all_instigator_state(a.repository_origin_id) == [a, b]
    assert storage.all_instigator_state(repository_selector_id=c.repository_selector_id) == [c]
    assert storage.all_instigator_state("moved", c.repository_selector_id) == [c]
    assert storage.all_instigator_state(instigator_type=InstigatorType.SENSOR) == [b]
    running, stopped = InstigatorStatus.RUNNING, InstigatorStatus.STOPPED
    assert storage.all_instigator_state(instigator_statuses={running}) == [a, b]
    assert storage.all_instigator_state(instigator_statuses={running, stopped}) == [a, b, c]
    assert storage.all_instigator_state(instigator_statuses=set()) == []


def test_names_of_any_content(storage: SqlScheduleStorage) -> None:
    states = [storage.add_instigator_state(state_of(name)) for name in ODD]
    for state in states:
        assert storage.get_instigator_state("", state.selector_id) == state
    for number, name in enumerate(ODD):
        storage.create_tick(tick_of(name, number))
    for number, name in enumerate(ODD):
        (tick,) = storage.get_ticks("", name)
        assert (tick.selector_id, tick.timestamp) == (name, number)


# Ticks


def test_a_tick_is_created_and_changed(storage: SqlScheduleStorage) -> None:
    data = tick_of(
        status=TickStatus.STARTED,
        run_ids=["1"],
        run_keys=["k"],
        error=SerializableErrorInfo("m", [], "C"),
        cursor="😀\n'%_",
    )
    tick = storage.create_tick(data)
    assert tick.tick_data == data
    assert storage.get_tick(tick.tick_id) == tick
    done = tick.with_status(TickStatus.SUCCESS, end_timestamp=9.0).with_run_info("2", "l")
    assert storage.update_tick(done) == done
    assert storage.update_tick(done) == done
    assert storage.get_tick(tick.tick_id) == done
    assert storage.get_tick(tick.tick_id).run_ids == ["1", "2"]
    assert storage.get_ticks("o-s", "s", statuses=[TickStatus.SUCCESS]) == [done]
    assert storage.get_ticks("o-s", "s", statuses=[TickStatus.STARTED]) == []


def test_two_equal_ticks_are_two(storage: SqlScheduleStorage) -> None:
    assert storage.create_tick(tick_of()).tick_id != storage.create_tick(tick_of()).tick_id
    assert len(storage.get_ticks("o-s", "s")) == 2


def test_an_unknown_tick_is_told(storage: SqlScheduleStorage) -> None:
    with pytest.raises(DagsterInvariantViolationError, match=r"There is no tick with id 77."):
        storage.get_tick(77)
    with pytest.raises(DagsterInvariantViolationError, match=r"no tick with id 77 to be updated"):
        storage.update_tick(InstigatorTick(77, tick_of()))


def test_ticks_come_newest_first_and_filtered(storage: SqlScheduleStorage) -> None:
    for time in (1.0, 3.0, 2.0, 4.0):
        storage.create_tick(tick_of(time=time, status=list(TickStatus)[int(time) % 4]))
    storage.create_tick(tick_of("other", 9.0))
    assert times(storage.get_ticks("o-s", "s")) == [4.0, 3.0, 2.0, 1.0]
    assert times(storage.get_ticks("o-s", "s", limit=2)) == [4.0, 3.0]
    assert times(storage.get_ticks("o-s", "s", before=3.0)) == [2.0, 1.0]
    assert times(storage.get_ticks("o-s", "s", after=3.0)) == [4.0]
    assert times(storage.get_ticks("o-s", "s", before=4.0, after=1.0, limit=1)) == [3.0]
    assert times(storage.get_ticks("o-s", "s", statuses=[TickStatus.FAILURE])) == [3.0]
    assert times(storage.get_ticks("o-s", "s", statuses=list(TickStatus)[:2])) == [4.0, 1.0]
    assert storage.get_ticks("o-s", "s", statuses=[]) == []
    assert storage.get_ticks("o-s", "s", limit=0) == []


def test_summaries_say_the_same_in_few_words(storage: SqlScheduleStorage) -> None:
    ticks = [storage.create_tick(tick_of(time=time)) for time in (1.0, 2.0, 3.0)]
    (summary,) = storage.get_tick_summaries(
        "o-s", "s", before=3.0, limit=1, statuses=[TickStatus.SUCCESS]
    )
    assert (summary.tick_id, summary.timestamp) == (ticks[1].tick_id, 2.0)
    assert summary.instigator_origin_id == "o-s"
    assert summary.instigator_type is InstigatorType.SCHEDULE
    assert summary.status is TickStatus.SUCCESS


def test_ticks_by_ids_keep_the_order_of_the_ids(storage: SqlScheduleStorage) -> None:
    made = [storage.create_tick(tick_of(time=float(n))) for n in range(150)]
    ids = [tick.tick_id for tick in reversed(made)]
    assert storage.get_ticks_by_ids([*ids, 10_000_000]) == list(reversed(made))
    assert storage.get_ticks_by_ids([]) == []


def test_batches(storage: SqlScheduleStorage) -> None:
    for selector in ("a", "b"):
        for time in (1.0, 3.0, 2.0):
            storage.create_tick(tick_of(selector, time))
    storage.create_tick(tick_of("b", 4.0, TickStatus.FAILURE))
    found = storage.get_batch_ticks(["a", "b", "none", "a"], limit=2)
    assert {id_: times(ticks) for id_, ticks in found.items()} == {"a": [3.0, 2.0], "b": [4.0, 3.0]}
    found = storage.get_batch_ticks(["a", "b"], statuses=[TickStatus.FAILURE])
    assert {id_: times(ticks) for id_, ticks in found.items()} == {"b": [4.0]}
    assert storage.get_batch_ticks([]) == {}
    many = [f"n{n}" for n in range(250)]
    storage.create_tick(tick_of("n249"))
    assert list(storage.get_batch_ticks(many, limit=1)) == ["n249"]
    assert storage.supports_batch_queries


def test_a_tick_without_selector_is_found_under_its_origin(storage: SqlScheduleStorage) -> None:
    data = tick_of()._replace(selector_id=None)
    tick = storage.create_tick(data)
    assert storage.get_ticks("o-s", "o-s") == [tick]


def test_purging(storage: SqlScheduleStorage) -> None:
    for time in (1.0, 2.0, 3.0):
        storage.create_tick(tick_of(time=time, status=TickStatus.SKIPPED))
        storage.create_tick(tick_of(time=time))
    storage.create_tick(tick_of("other", 1.0))
    storage.purge_ticks("o-s", "s", before=3.0, tick_statuses=[TickStatus.SKIPPED])
    assert times(storage.get_ticks("o-s", "s", statuses=[TickStatus.SKIPPED])) == [3.0]
    assert len(storage.get_ticks("o-s", "s")) == 4
    storage.purge_ticks("o-s", "s", before=3.0)
    assert times(storage.get_ticks("o-s", "s")) == [3.0, 3.0]
    assert len(storage.get_ticks("o-other", "other")) == 1


def test_wiping(storage: SqlScheduleStorage) -> None:
    storage.add_instigator_state(state_of())
    storage.create_tick(tick_of())
    storage.wipe()
    assert storage.all_instigator_state() == []
    assert storage.get_ticks("o-s", "s") == []


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


def test_threads_share_a_storage(storage: SqlScheduleStorage) -> None:
    errors: list[BaseException] = []

    def work(selector: str) -> None:
        try:
            for number in range(30):
                storage.create_tick(tick_of(selector, number))
                storage.get_ticks("", selector, limit=3)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"s{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [len(storage.get_ticks("", f"s{n}")) for n in range(8)] == [30] * 8
