"""The contract of schedule storages, as tests for any of them.

A third party tests a storage of its own like this, in a test module of its own::

    import pytest
    from dagster.testing.storage_contract import schedules

    @pytest.fixture
    def storage():
        return SplendidScheduleStorage(...)   # an empty one

    class TestStates(schedules.InstigatorContract): ...
    class TestTicks(schedules.TickContract): ...
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

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
from dagster._core.records.tick import (
    InstigatorTick,
    InstigatorTickSummary,
    TickData,
    TickStatus,
)
from dagster._core.storage.schedules.base import ScheduleStorage
from dagster.testing.storage_contract.serving import answers_while_limits_change
from dagster.testing.storage_contract.texts import NASTY_TEXTS

if TYPE_CHECKING:
    import pytest


def _raises(error: type[Exception], match: str) -> AbstractContextManager[Any]:
    import pytest

    return pytest.raises(error, match=match)


def state_of(
    name: str = "s",
    *,
    repository: str = "r",
    location: str = "l",
    type_: InstigatorType = InstigatorType.SCHEDULE,
    status: InstigatorStatus = InstigatorStatus.RUNNING,
) -> InstigatorState:
    """Return the state of a schedule or sensor."""
    origin = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location), repository)
    data = (
        ScheduleInstigatorData("* * * * *", 1.5)
        if type_ is InstigatorType.SCHEDULE
        else SensorInstigatorData(1.5, "key", 30, "cursor")
    )
    return InstigatorState(origin.get_instigator_origin(name), type_, status, data)


def tick_of(
    selector: str = "s", time: float = 1.0, status: TickStatus = TickStatus.SUCCESS, **fields: Any
) -> TickData:
    """Return a tick of a schedule."""
    return TickData(
        f"o-{selector}", "name", InstigatorType.SCHEDULE, status, time, selector_id=selector, **fields
    )


def times(ticks: Sequence[InstigatorTick | InstigatorTickSummary]) -> list[float]:
    """Return the times of ticks."""
    return [tick.timestamp for tick in ticks]


class InstigatorContract:
    """States of schedules and sensors are kept."""

    def test_a_state_is_added_changed_and_deleted(self, storage: ScheduleStorage) -> None:
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

    def test_the_same_change_twice_is_no_error(
        self, storage: ScheduleStorage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("dagster._time.now", lambda: 5.0)
        state = storage.add_instigator_state(state_of())
        storage.update_instigator_state(state)
        assert storage.update_instigator_state(state) == state

    def test_a_second_state_is_refused(self, storage: ScheduleStorage) -> None:
        storage.add_instigator_state(state_of())
        with _raises(
            DagsterInvariantViolationError,
            r'expected schedule "s" to have no state yet, got: RUNNING. Use update_instigator_state',
        ):
            storage.add_instigator_state(state_of(status=InstigatorStatus.STOPPED))

    def test_what_is_not_there_is_neither_changed_nor_deleted(self, storage: ScheduleStorage) -> None:
        state = state_of(type_=InstigatorType.SENSOR)
        with _raises(DagsterInvariantViolationError, r'expected sensor "s" to have a state, got: none'):
            storage.update_instigator_state(state)
        with _raises(DagsterInvariantViolationError, r"no state of a schedule or sensor under"):
            storage.delete_instigator_state(state.instigator_origin_id, state.selector_id)

    def test_a_state_outlives_its_origin(self, storage: ScheduleStorage) -> None:
        """The code moved; the name is the same."""
        state = storage.add_instigator_state(state_of())
        assert storage.get_instigator_state("another origin", state.selector_id) == state

    def test_states_by_repository_type_and_status(self, storage: ScheduleStorage) -> None:
        a = storage.add_instigator_state(state_of("a"))
        b = storage.add_instigator_state(state_of("b", type_=InstigatorType.SENSOR))
        c = storage.add_instigator_state(
            state_of("c", repository="other", status=InstigatorStatus.STOPPED)
        )
        assert storage.all_instigator_state() == [a, b, c]
        assert storage.all_instigator_state(a.repository_origin_id) == [a, b]
        assert storage.all_instigator_state(repository_selector_id=c.repository_selector_id) == [c]
        assert storage.all_instigator_state("moved", c.repository_selector_id) == [c]
        assert storage.all_instigator_state(instigator_type=InstigatorType.SENSOR) == [b]
        running, stopped = InstigatorStatus.RUNNING, InstigatorStatus.STOPPED
        assert storage.all_instigator_state(instigator_statuses={running}) == [a, b]
        assert storage.all_instigator_state(instigator_statuses={running, stopped}) == [a, b, c]
        assert storage.all_instigator_state(instigator_statuses=set()) == []

    def test_names_of_any_content(self, storage: ScheduleStorage) -> None:
        states = [storage.add_instigator_state(state_of(name)) for name in NASTY_TEXTS]
        for state in states:
            assert storage.get_instigator_state("", state.selector_id) == state
        names = [text for text in NASTY_TEXTS if text]  # none stands for the origin id
        for number, name in enumerate(names):
            storage.create_tick(tick_of(name, number))
        for number, name in enumerate(names):
            (tick,) = storage.get_ticks("", name)
            assert (tick.selector_id, tick.timestamp) == (name, number)

    def test_it_is_ready_for_a_web_server(self, storage: ScheduleStorage) -> None:
        state = storage.add_instigator_state(state_of())
        storage.upgrade()
        storage.migrate()
        storage.optimize()
        storage.optimize_for_webserver(statement_timeout=5_000, pool_recycle=3_600, max_overflow=20)
        version = storage.alembic_version()
        assert version is None or version[0] == version[1]
        assert storage.all_instigator_state() == [state]

    def test_it_answers_while_its_limits_change(self, storage: ScheduleStorage) -> None:
        state = storage.add_instigator_state(state_of())
        answers = answers_while_limits_change(storage, storage.all_instigator_state)
        assert all(answer == [state] for answer in answers)


class TickContract:
    """Ticks are kept, found and deleted."""

    def test_a_tick_is_created_and_changed(self, storage: ScheduleStorage) -> None:
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

    def test_two_equal_ticks_are_two(self, storage: ScheduleStorage) -> None:
        assert storage.create_tick(tick_of()).tick_id != storage.create_tick(tick_of()).tick_id
        assert len(storage.get_ticks("o-s", "s")) == 2

    def test_an_unknown_tick_is_told(self, storage: ScheduleStorage) -> None:
        with _raises(DagsterInvariantViolationError, r"There is no tick with id 77."):
            storage.get_tick(77)
        with _raises(DagsterInvariantViolationError, r"no tick with id 77 to be updated"):
            storage.update_tick(InstigatorTick(77, tick_of()))

    def test_ticks_come_newest_first_and_filtered(self, storage: ScheduleStorage) -> None:
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

    def test_summaries_say_the_same_in_few_words(self, storage: ScheduleStorage) -> None:
        ticks = [storage.create_tick(tick_of(time=time)) for time in (1.0, 2.0, 3.0)]
        (summary,) = storage.get_tick_summaries(
            "o-s", "s", before=3.0, limit=1, statuses=[TickStatus.SUCCESS]
        )
        assert (summary.tick_id, summary.timestamp) == (ticks[1].tick_id, 2.0)
        assert summary.instigator_origin_id == "o-s"
        assert summary.instigator_type is InstigatorType.SCHEDULE
        assert summary.status is TickStatus.SUCCESS

    def test_ticks_by_ids_keep_the_order_of_the_ids(self, storage: ScheduleStorage) -> None:
        made = [storage.create_tick(tick_of(time=float(n))) for n in range(150)]
        ids = [tick.tick_id for tick in reversed(made)]
        assert storage.get_ticks_by_ids([*ids, 10_000_000]) == list(reversed(made))
        assert storage.get_ticks_by_ids([]) == []

    def test_batches(self, storage: ScheduleStorage) -> None:
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

    def test_a_tick_without_selector_is_found_under_its_origin(self, storage: ScheduleStorage) -> None:
        data = tick_of()._replace(selector_id=None)
        tick = storage.create_tick(data)
        assert storage.get_ticks("o-s", "o-s") == [tick]

    def test_purging(self, storage: ScheduleStorage) -> None:
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

    def test_wiping(self, storage: ScheduleStorage) -> None:
        storage.add_instigator_state(state_of())
        storage.create_tick(tick_of())
        storage.wipe()
        assert storage.all_instigator_state() == []
        assert storage.get_ticks("o-s", "s") == []

    def test_threads_share_a_storage(self, storage: ScheduleStorage) -> None:
        errors: list[BaseException] = []

        def work(selector: str) -> None:
            try:
                for number in range(30):
                    storage.create_tick(tick_of(selector, number))
                    storage.get_ticks("", selector, limit=3)
            except BaseException as error:  # noqa: BLE001 - told below
                errors.append(error)

        threads = [threading.Thread(target=work, args=(f"s{n}",)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert [len(storage.get_ticks("", f"s{n}")) for n in range(8)] == [30] * 8
