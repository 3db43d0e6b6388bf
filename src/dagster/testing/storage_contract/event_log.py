"""The contract of event log storages, as tests for any of them.

A third party tests a storage of its own like this, in a test module of its own::

    import pytest
    from dagster.testing.storage_contract import event_log, upkeep

    @pytest.fixture
    def storage():
        return SplendidEventLogStorage(...)   # an empty one

    class TestLogs(event_log.RunLogContract): ...
    class TestRecords(event_log.EventRecordsContract): ...
    class TestStats(event_log.StatsContract): ...
    class TestDeletion(event_log.DeletionContract): ...
    class TestWatching(event_log.WatchContract): ...
    class TestAssets(event_log.AssetIndexContract): ...
    class TestUpkeep(upkeep.UpkeepContract): ...

To see the values of a failed assertion, call
``pytest.register_assert_rewrite("dagster.testing.storage_contract")`` in ``conftest.py`` first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from dagster._check import CheckError, ParameterCheckError
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    AssetWipedData,
    EngineEventData,
    StepExpectationResultData,
    StepFailureData,
    StepMaterializationData,
    StepRetryData,
    StepSuccessData,
)
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.concurrency import PoolConfig, PoolLimit
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.event_records import (
    AssetRecordsFilter,
    EventRecordsFilter,
    RunStatusChangeRecordsFilter,
    RunStepMarker,
    StepEventStatus,
)
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    ExpectationResult,
)
from dagster._core.storage.event_log.base import EventLogStorage
from dagster.testing.storage_contract.texts import NASTY_TEXTS

T = DagsterEventType
KEY = AssetKey(["a", "b"])
#: How long a test waits for what another thread does, in seconds.
PATIENCE = 60.0


def _raises(error: type[Exception], match: str) -> AbstractContextManager[Any]:
    import pytest

    return pytest.raises(error, match=match)


# Entries


def message(text: str, run_id: str = "r", timestamp: float = 1.0) -> EventLogEntry:
    """Return an entry that holds no event."""
    return EventLogEntry(None, 20, text, run_id, timestamp, job_name="j")


def event(
    event_type: DagsterEventType,
    run_id: str = "r",
    timestamp: float = 1.0,
    step_key: str | None = None,
    data: Any = None,
    job_name: str = "j",
) -> EventLogEntry:
    """Return an entry of an event."""
    inner = DagsterEvent(
        event_type.value, job_name, event_specific_data=data, message="m", pid=1, step_key=step_key
    )
    return EventLogEntry(None, 10, "", run_id, timestamp, step_key, job_name, inner)


def materialization(
    run_id: str = "r",
    key: AssetKey = KEY,
    partition: str | None = None,
    timestamp: float = 1.0,
    step_key: str | None = "s",
) -> EventLogEntry:
    """Return an entry of a materialization."""
    data = StepMaterializationData(AssetMaterialization(key, partition=partition, metadata={"n": 1}))
    return event(T.ASSET_MATERIALIZATION, run_id, timestamp, step_key, data)


def whole_run(run_id: str = "r", steps: int = 2, start: float = 1.0) -> list[EventLogEntry]:
    """Return the entries of a run that succeeds."""
    entries = [event(T.RUN_START, run_id, start)]
    for number in range(steps):
        step_key = f"s{number}"
        entries += [
            event(T.STEP_START, run_id, start, step_key),
            message(f"from {step_key}", run_id, start),
            event(T.STEP_SUCCESS, run_id, start + 1, step_key, StepSuccessData(1000.0)),
        ]
    return [*entries, event(T.RUN_SUCCESS, run_id, start + 1)]


def _texts(entries: Sequence[EventLogEntry]) -> list[str]:
    return [entry.user_message for entry in entries]


class RunLogContract:
    """Logs of runs are complete, in order, paged, and apart from each other."""

    def test_a_stored_entry_comes_back_as_it_was(self, storage: EventLogStorage) -> None:
        error = SerializableErrorInfo("e", ["f"], "E", SerializableErrorInfo("c", []))
        entries = [
            *whole_run(),
            materialization(partition="p"),
            event(T.STEP_FAILURE, step_key="s", data=StepFailureData(error))._replace(error_info=error),
        ]
        for entry in entries:
            storage.store_event(entry)
        assert storage.get_logs_for_run("r") == entries

    def test_a_batch_keeps_its_order_and_its_runs(self, storage: EventLogStorage) -> None:
        entries = [message(str(number), f"r{number % 3}") for number in range(300)]
        storage.store_event_batch(entries)
        for run in range(3):
            texts = _texts(storage.get_logs_for_run(f"r{run}"))
            assert texts == [str(number) for number in range(run, 300, 3)]

    def test_an_empty_batch_is_nothing(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([])
        assert storage.get_maximum_record_id() is None

    def test_what_is_not_an_entry_is_refused(self, storage: EventLogStorage) -> None:
        wrong: Any = "text"
        with _raises(CheckError, "event"):
            storage.store_event(wrong)

    def test_equal_entries_are_all_kept(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([message("same")] * 3)
        storage.store_event(message("same"))
        assert _texts(storage.get_logs_for_run("r")) == ["same"] * 4

    def test_a_run_without_a_log_has_an_empty_one(self, storage: EventLogStorage) -> None:
        for ascending in (True, False):
            page = storage.get_records_for_run("nobody", ascending=ascending)
            assert (list(page.records), page.has_more) == ([], False)
        storage.store_event(message("now", "nobody"))
        page = storage.get_records_for_run("nobody", cursor=storage.get_records_for_run("no").cursor)
        assert len(page.records) == 1

    def test_pages_follow_each_other(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([message(str(number)) for number in range(10)])
        storage.store_event(message("other", "other"))
        for ascending in (True, False):
            seen: list[str] = []
            cursor: str | None = None
            sizes: list[int] = []
            while True:
                page = storage.get_records_for_run("r", cursor, limit=4, ascending=ascending)
                seen += _texts([record.event_log_entry for record in page.records])
                sizes.append(len(page.records))
                cursor = page.cursor
                if not page.has_more:
                    break
            expected = [str(number) for number in range(10)]
            assert seen == (expected if ascending else expected[::-1])
            assert sizes == [4, 4, 2]

    def test_a_full_last_page_says_that_there_is_no_more(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([message("a"), message("b")])
        page = storage.get_records_for_run("r", limit=2)
        assert (len(page.records), page.has_more) == (2, False)

    def test_a_cursor_at_the_end_shows_what_comes_then(self, storage: EventLogStorage) -> None:
        storage.store_event(message("old"))
        cursor = storage.get_records_for_run("r").cursor
        assert not storage.get_records_for_run("r", cursor).records
        assert storage.get_records_for_run("r", cursor).cursor == cursor
        storage.store_event_batch([message("new"), message("newer")])
        assert _texts(storage.get_logs_for_run("r", cursor)) == ["new", "newer"]

    def test_ids_grow_within_a_run(self, storage: EventLogStorage) -> None:
        for number in range(3):
            storage.store_event_batch([message(f"{number}"), message(f"{number}'")])
        ids = [record.storage_id for record in storage.get_records_for_run("r").records]
        assert ids == sorted(set(ids))

    def test_what_is_not_a_cursor_is_refused(self, storage: EventLogStorage) -> None:
        storage.store_event(message("a"))
        with _raises(ParameterCheckError, "expected cursor to be one that an event log gave"):
            storage.get_records_for_run("r", "what?")

    def test_an_older_cursor_is_the_number_of_the_last_entry(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([message(str(number)) for number in range(4)])
        assert _texts(storage.get_logs_for_run("r", -1)) == ["0", "1", "2", "3"]
        assert _texts(storage.get_logs_for_run("r", 0)) == ["1", "2", "3"]
        assert _texts(storage.get_logs_for_run("r", 2, limit=5)) == ["3"]
        assert _texts(storage.get_logs_for_run("r", 3)) == []

    def test_only_some_types(self, storage: EventLogStorage) -> None:
        storage.store_event_batch(whole_run(steps=3))
        successes = storage.get_logs_for_run("r", of_type=T.STEP_SUCCESS)
        assert [entry.step_key for entry in successes] == ["s0", "s1", "s2"]
        both = storage.get_records_for_run("r", of_type={T.STEP_START, T.RUN_SUCCESS}, limit=2)
        assert [record.event_type for record in both.records] == [T.STEP_START, T.STEP_START]
        assert both.has_more
        rest = storage.get_records_for_run("r", both.cursor, {T.STEP_START, T.RUN_SUCCESS})
        assert [record.event_type for record in rest.records] == [T.STEP_START, T.RUN_SUCCESS]
        assert not storage.get_logs_for_run("r", of_type=set())

    def test_texts_of_any_kind(self, storage: EventLogStorage) -> None:
        for number, text in enumerate(NASTY_TEXTS):
            storage.store_event_batch(
                [
                    message(text, text),
                    event(T.STEP_START, text, step_key=text),
                    event(T.RUN_START, text, job_name=text),
                    materialization(text, AssetKey(["k", str(number)]), text, step_key=text),
                ]
            )
        for text in NASTY_TEXTS:
            log = storage.get_logs_for_run(text)
            assert len(log) == 4
            assert log[0].user_message == text
            assert all(entry.run_id == text for entry in log)
            assert [stat.step_key for stat in storage.get_step_stats_for_run(text, [text])] == [text]
            wanted = RunStatusChangeRecordsFilter(T.RUN_START, job_names=[text])
            found = storage.fetch_run_status_changes(wanted, 10).records
            assert [record.event_log_entry.job_name for record in found] == [text]

    def test_writers_at_once_lose_nothing(self, storage: EventLogStorage) -> None:
        failures: list[BaseException] = []

        def write(writer: int) -> None:
            try:
                for number in range(20):
                    storage.store_event_batch(
                        [
                            message(f"{writer}.{number}", "shared"),
                            event(T.RUN_START, f"own {writer}", float(number)),
                        ]
                    )
            except BaseException as error:  # noqa: BLE001 - told below
                failures.append(error)

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        shared = _texts(storage.get_logs_for_run("shared"))
        for writer in range(4):
            own = [text for text in shared if text.startswith(f"{writer}.")]
            assert own == [f"{writer}.{number}" for number in range(20)]
        assert len(storage.get_event_records(EventRecordsFilter(T.RUN_START))) == 80


class EventRecordsContract:
    """What is found across runs."""

    def _store(self, storage: EventLogStorage) -> None:
        for number in range(6):
            storage.store_event(
                event(T.RUN_SUCCESS, f"r{number}", float(number), job_name=f"j{number % 2}")
            )
            storage.store_event(event(T.STEP_START, f"r{number}", float(number), "s"))

    def test_by_type_newest_first(self, storage: EventLogStorage) -> None:
        self._store(storage)
        wanted = EventRecordsFilter(T.RUN_SUCCESS)
        records = storage.get_event_records(wanted)
        assert [record.run_id for record in records] == [f"r{n}" for n in (5, 4, 3, 2, 1, 0)]
        assert storage.get_event_records(wanted, limit=2, ascending=True) == records[:-3:-1]

    def test_types_of_steps_too(self, storage: EventLogStorage) -> None:
        self._store(storage)
        wanted = EventRecordsFilter(T.STEP_START, after_timestamp=1.0)
        records = storage.get_event_records(wanted, limit=3, ascending=True)
        assert [record.run_id for record in records] == ["r2", "r3", "r4"]

    def test_by_id_and_time(self, storage: EventLogStorage) -> None:
        self._store(storage)
        ids = [r.storage_id for r in storage.get_event_records(EventRecordsFilter(T.RUN_SUCCESS))]

        def runs(**conditions: Any) -> list[str]:
            wanted = EventRecordsFilter(T.RUN_SUCCESS, **conditions)
            return [record.run_id for record in storage.get_event_records(wanted, ascending=True)]

        assert runs(after_cursor=ids[2]) == ["r4", "r5"]
        assert runs(before_cursor=ids[4]) == ["r0"]
        assert runs(after_timestamp=1.0, before_timestamp=4.0) == ["r2", "r3"]
        assert runs(storage_ids=[ids[0], ids[5], 10**9]) == ["r0", "r5"]
        assert runs(storage_ids=[]) == []

    def test_by_asset_and_partition(self, storage: EventLogStorage) -> None:
        for partition in ("p1", "p2", None):
            storage.store_event(materialization(partition=partition))
            storage.store_event(materialization(key=AssetKey("other"), partition=partition))
        wanted = EventRecordsFilter(T.ASSET_MATERIALIZATION, KEY, ["p2", "p3"])
        assert [record.partition_key for record in storage.get_event_records(wanted)] == ["p2"]
        assert len(storage.get_event_records(EventRecordsFilter(T.ASSET_MATERIALIZATION, KEY))) == 3

    def test_changes_of_status_page_by_page(self, storage: EventLogStorage) -> None:
        self._store(storage)
        page = storage.fetch_run_status_changes(T.RUN_SUCCESS, 4, ascending=True)
        assert [record.run_id for record in page.records] == ["r0", "r1", "r2", "r3"]
        assert page.has_more
        page = storage.fetch_run_status_changes(T.RUN_SUCCESS, 4, page.cursor, ascending=True)
        assert [record.run_id for record in page.records] == ["r4", "r5"]
        assert not page.has_more
        end = storage.fetch_run_status_changes(T.RUN_SUCCESS, 4, page.cursor, ascending=True)
        assert (list(end.records), end.cursor) == ([], page.cursor)
        storage.store_event(event(T.RUN_SUCCESS, "late", 9.0))
        late = storage.fetch_run_status_changes(T.RUN_SUCCESS, 4, end.cursor, ascending=True)
        assert [record.run_id for record in late.records] == ["late"]

    def test_changes_of_status_by_job(self, storage: EventLogStorage) -> None:
        self._store(storage)
        wanted = RunStatusChangeRecordsFilter(T.RUN_SUCCESS, after_timestamp=1.0, job_names=["j1", "no"])
        page = storage.fetch_run_status_changes(wanted, 10)
        assert [record.run_id for record in page.records] == ["r5", "r3"]
        nothing = RunStatusChangeRecordsFilter(T.RUN_SUCCESS, job_names=[])
        assert not storage.fetch_run_status_changes(nothing, 10).records

    def test_logs_by_id(self, storage: EventLogStorage) -> None:
        self._store(storage)
        found = storage.get_logs_for_all_runs_by_log_id(dagster_event_type=T.RUN_SUCCESS, limit=3)
        assert [entry.run_id for entry in found.values()] == ["r0", "r1", "r2"]
        rest = storage.get_logs_for_all_runs_by_log_id(
            max(found), {T.RUN_SUCCESS, T.ASSET_MATERIALIZATION}
        )
        assert [entry.run_id for entry in rest.values()] == ["r3", "r4", "r5"]

    def test_logs_by_id_of_types_that_count_within_their_run(self, storage: EventLogStorage) -> None:
        self._store(storage)
        if storage.is_run_sharded:
            for of_type in (T.STEP_START, None):
                with _raises(
                    DagsterInvariantViolationError, "ids of other events count within their run"
                ):
                    storage.get_logs_for_all_runs_by_log_id(dagster_event_type=of_type)
        else:
            assert len(storage.get_logs_for_all_runs_by_log_id()) == 12

    def test_the_newest_id(self, storage: EventLogStorage) -> None:
        assert storage.get_maximum_record_id() is None
        self._store(storage)
        newest = storage.get_event_records(EventRecordsFilter(T.RUN_SUCCESS), limit=1)[0].storage_id
        maximum = storage.get_maximum_record_id()
        assert maximum is not None
        assert maximum >= newest

    def test_an_id_is_never_given_twice(self, storage: EventLogStorage) -> None:
        storage.store_event(event(T.RUN_START, "r0"))
        storage.store_event(event(T.RUN_START, "r1"))
        cursor = storage.fetch_run_status_changes(T.RUN_START, 9, ascending=True).cursor
        storage.delete_events("r1")
        storage.store_event(event(T.RUN_START, "r2"))
        page = storage.fetch_run_status_changes(T.RUN_START, 9, cursor, ascending=True)
        assert [record.run_id for record in page.records] == ["r2"]

    def test_who_reads_on_from_a_cursor_misses_nothing(self, storage: EventLogStorage) -> None:
        def write(writer: int) -> None:
            for number in range(25):
                storage.store_event(event(T.RUN_START, f"{writer}.{number}"))

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
        for thread in threads:
            thread.start()
        seen: list[str] = []
        cursor: str | None = None
        while True:
            is_over = not any(thread.is_alive() for thread in threads)
            page = storage.fetch_run_status_changes(T.RUN_START, 5, cursor, ascending=True)
            seen += [record.run_id for record in page.records]
            cursor = page.cursor
            if is_over and not page.has_more:
                break
        for thread in threads:
            thread.join()
        assert sorted(seen) == sorted(f"{w}.{number}" for w in range(3) for number in range(25))

    def test_more_values_than_a_statement_takes(self, storage: EventLogStorage) -> None:
        self._store(storage)
        names = [f"no {number}" for number in range(40_000)]
        wanted = RunStatusChangeRecordsFilter(T.RUN_SUCCESS, job_names=["j0", *names, "j1"])
        page = storage.fetch_run_status_changes(wanted, 3)
        assert [record.run_id for record in page.records] == ["r5", "r4", "r3"]
        assert page.has_more


class StatsContract:
    """What logs come to."""

    def test_of_a_run(self, storage: EventLogStorage) -> None:
        storage.store_event_batch(
            [
                event(T.RUN_ENQUEUED, timestamp=1.0),
                event(T.RUN_STARTING, timestamp=2.0),
                event(T.RUN_START, timestamp=3.0),
                event(T.STEP_SUCCESS, step_key="a", data=StepSuccessData(1.0)),
                event(T.STEP_FAILURE, step_key="b", data=StepFailureData(None)),
                materialization(),
                materialization(),
                event(
                    T.STEP_EXPECTATION_RESULT, data=StepExpectationResultData(ExpectationResult(True))
                ),
                event(T.RUN_FAILURE, timestamp=9.0),
            ]
        )
        stats = storage.get_stats_for_run("r")
        assert (stats.run_id, stats.steps_succeeded, stats.steps_failed) == ("r", 1, 1)
        assert (stats.materializations, stats.expectations) == (2, 1)
        times = (stats.enqueued_time, stats.launch_time, stats.start_time, stats.end_time)
        assert times == (1.0, 2.0, 3.0, 9.0)

    def test_of_nothing(self, storage: EventLogStorage) -> None:
        stats = storage.get_stats_for_run("nobody")
        assert (stats.steps_succeeded, stats.start_time, stats.end_time) == (0, None, None)
        assert list(storage.get_step_stats_for_run("nobody")) == []

    def test_of_steps(self, storage: EventLogStorage) -> None:
        expectation = ExpectationResult(True, "label")
        made = materialization(timestamp=2.0, step_key="a")
        storage.store_event_batch(
            [
                event(T.STEP_START, timestamp=1.0, step_key="a"),
                made,
                event(
                    T.STEP_EXPECTATION_RESULT,
                    step_key="a",
                    data=StepExpectationResultData(expectation),
                ),
                event(T.STEP_SKIPPED, timestamp=2.0, step_key="b"),
                event(T.STEP_SUCCESS, timestamp=3.0, step_key="a", data=StepSuccessData(1.0)),
                event(T.STEP_START, timestamp=4.0, step_key="c"),
                event(T.STEP_START, timestamp=5.0, step_key="d"),
                event(T.STEP_FAILURE, timestamp=6.0, step_key="d", data=StepFailureData(None)),
                message("no event"),
            ]
        )
        a, b, c, d = storage.get_step_stats_for_run("r")
        assert [stat.step_key for stat in (a, b, c, d)] == ["a", "b", "c", "d"]
        assert [stat.status for stat in (a, b, c, d)] == [
            StepEventStatus.SUCCESS,
            StepEventStatus.SKIPPED,
            StepEventStatus.IN_PROGRESS,
            StepEventStatus.FAILURE,
        ]
        assert (a.start_time, a.end_time, a.attempts) == (1.0, 3.0, 1)
        assert (list(a.materialization_events), list(a.expectation_results)) == ([made], [expectation])
        assert (b.start_time, b.end_time, b.attempts) == (None, 2.0, 0)
        assert (c.start_time, c.end_time, c.partial_attempt_start) == (4.0, None, 4.0)
        assert [s.step_key for s in storage.get_step_stats_for_run("r", ["d", "x"])] == ["d"]
        assert list(storage.get_step_stats_for_run("r", [])) == []

    def test_of_attempts(self, storage: EventLogStorage) -> None:
        storage.store_event_batch(
            [
                event(T.STEP_START, timestamp=1.0, step_key="a"),
                event(T.STEP_UP_FOR_RETRY, timestamp=2.0, step_key="a", data=StepRetryData(None)),
                event(T.STEP_RESTARTED, timestamp=4.0, step_key="a"),
            ]
        )
        (running,) = storage.get_step_stats_for_run("r")
        assert running.status is StepEventStatus.IN_PROGRESS
        assert (running.attempts, running.partial_attempt_start) == (2, 4.0)
        storage.store_event(event(T.STEP_FAILURE, "r", 5.0, "a", StepFailureData(None)))
        (failed,) = storage.get_step_stats_for_run("r")
        assert (failed.start_time, failed.end_time, failed.attempts) == (1.0, 5.0, 2)
        assert list(failed.attempts_list) == [
            RunStepMarker("attempt", 1.0, 2.0),
            RunStepMarker("attempt", 4.0, 5.0),
        ]
        assert failed.partial_attempt_start is None

    def test_of_markers(self, storage: EventLogStorage) -> None:
        storage.store_event_batch(
            [
                event(T.ENGINE_EVENT, "r", 1.0, "a", EngineEventData(marker_start="m")),
                event(T.ENGINE_EVENT, "r", 2.0, "a", EngineEventData(marker_end="m", marker_start="n")),
            ]
        )
        (stat,) = storage.get_step_stats_for_run("r")
        assert list(stat.markers) == [RunStepMarker("m", 1.0, 2.0), RunStepMarker("n", 2.0, None)]


class DeletionContract:
    """Deleting takes what it says, and nothing else."""

    def test_a_run(self, storage: EventLogStorage) -> None:
        storage.store_event_batch(whole_run("r1"))
        storage.store_event_batch(whole_run("r2"))
        storage.delete_events("r1")
        storage.delete_events("never was")
        assert not storage.get_logs_for_run("r1")
        assert len(storage.get_logs_for_run("r2")) == len(whole_run())
        starts = storage.get_event_records(EventRecordsFilter(T.RUN_START))
        assert [record.run_id for record in starts] == ["r2"]

    def test_a_run_can_begin_again(self, storage: EventLogStorage) -> None:
        storage.store_event_batch(whole_run())
        storage.delete_events("r")
        storage.store_event_batch(whole_run(start=5.0))
        assert list(storage.get_logs_for_run("r")) == whole_run(start=5.0)
        (start,) = storage.get_event_records(EventRecordsFilter(T.RUN_START))
        assert start.timestamp == 5.0

    def test_many_runs(self, storage: EventLogStorage) -> None:
        runs = [f"r{number}" for number in range(60)]
        for run_id in runs:
            storage.store_event_batch([event(T.RUN_START, run_id), materialization(run_id)])
        storage.delete_events_for_runs(runs[:50])
        left = storage.get_event_records(EventRecordsFilter(T.RUN_START), ascending=True)
        assert [record.run_id for record in left] == runs[50:]
        assert storage.has_asset_key(KEY)
        assert not storage.get_logs_for_run("r0")

    def test_old_logs_go_and_what_is_known_of_assets_stays(self, storage: EventLogStorage) -> None:
        day = 86_400.0
        for number in range(4):
            at = number * day
            storage.store_event_batch(
                [
                    event(T.RUN_START, f"r{number}", at),
                    materialization(f"r{number}", KEY, f"p{number}", at),
                    message("bye", f"r{number}", at + 10),
                ]
            )
        storage.store_event(event(T.RUN_SUCCESS, "r0", 3 * day))  # a long run
        told: list[Any] = []
        gone: list[str] = []

        def about_to_delete(run_ids: Sequence[str]) -> None:
            gone.extend(run_ids)
            assert all(storage.get_logs_for_run(run_id) for run_id in run_ids)

        assert storage.prune(2 * day, ["r3"], told.append, about_to_delete) == 1
        assert told
        assert gone == ["r1"]
        left = [r for r in ("r0", "r1", "r2", "r3") if storage.get_logs_for_run(r)]
        assert left == ["r0", "r2", "r3"]
        assert storage.prune(10 * day, ["r3"]) == 2
        assert storage.prune(10 * day, ["r3"]) == 0
        assert [r for r in ("r0", "r1", "r2", "r3") if storage.get_logs_for_run(r)] == ["r3"]
        assert set(storage.get_materialized_partitions(KEY)) == {"p0", "p1", "p2", "p3"}
        assert storage.has_asset_key(KEY)

    def test_logs_without_events_of_runs_go_too(self, storage: EventLogStorage) -> None:
        storage.store_event(message("alone", "a", 1.0))
        assert storage.prune(1e11) == 1
        assert not storage.get_logs_for_run("a")

    def test_whose_logs_go_is_told_exactly(self, storage: EventLogStorage) -> None:
        run_ids = sorted({text for text in NASTY_TEXTS if text} | {"x" * 10_000})
        storage.store_event_batch([message("m", run_id, 1.0) for run_id in run_ids])
        gone: list[str] = []
        assert storage.prune(1e11, about_to_delete=gone.extend) == len(run_ids)
        assert sorted(gone) == run_ids

    def test_events_without_a_run_go_each_by_its_age(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([materialization("", timestamp=at) for at in (1.0, 2.0, 3.0)])
        assert storage.prune(2.5) == 0
        assert [entry.timestamp for entry in storage.get_logs_for_run("")] == [3.0]

    def test_everything(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([*whole_run(), materialization()])
        storage.add_dynamic_partitions("d", ["p"])
        storage.wipe()
        assert not storage.get_logs_for_run("r")
        assert list(storage.all_asset_keys()) == []
        assert list(storage.get_dynamic_partitions("d")) == []
        storage.store_event(message("again"))
        assert _texts(storage.get_logs_for_run("r")) == ["again"]


class WatchContract:
    """Who watches a run is told every entry once, in order."""

    def _gather(
        self, seen: list[tuple[str, str]], count: int
    ) -> tuple[Callable[[EventLogEntry, str], None], threading.Event]:
        done = threading.Event()

        def callback(entry: EventLogEntry, cursor: str) -> None:
            seen.append((entry.user_message, cursor))
            if len(seen) >= count:
                done.set()

        return callback, done

    def test_what_was_there_and_what_comes(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([message(str(number)) for number in range(5)])
        seen: list[tuple[str, str]] = []
        callback, done = self._gather(seen, 10)
        storage.watch("r", None, callback)
        for number in range(5, 10):
            storage.store_event(message(str(number)))
            storage.store_event(message("other", "other"))
        assert done.wait(PATIENCE)
        storage.end_watch("r", callback)
        storage.store_event(message("too late"))
        assert [text for text, _cursor in seen] == [str(number) for number in range(10)]
        cursors = [record.storage_id for record in storage.get_records_for_run("r").records]
        assert [cursor for _text, cursor in seen] == [str(cursor) for cursor in cursors[:10]]

    def test_from_a_cursor_on(self, storage: EventLogStorage) -> None:
        storage.store_event_batch([message("old"), message("older")])
        cursor = storage.get_records_for_run("r").cursor
        seen: list[tuple[str, str]] = []
        callback, done = self._gather(seen, 1)
        storage.watch("r", cursor, callback)
        storage.store_event(message("new"))
        assert done.wait(PATIENCE)
        storage.end_watch("r", callback)
        assert [text for text, _cursor in seen] == ["new"]

    def test_each_watcher_is_told_all(self, storage: EventLogStorage) -> None:
        seen: list[list[tuple[str, str]]] = [[], [], []]
        gathered = [self._gather(mine, 20) for mine in seen]
        for callback, _done in gathered:
            storage.watch("r", None, callback)
        for number in range(20):
            storage.store_event(message(str(number)))
        for callback, done in gathered:
            assert done.wait(PATIENCE)
            storage.end_watch("r", callback)
        for mine in seen:
            assert [text for text, _cursor in mine] == [str(number) for number in range(20)]

    def test_a_callback_that_raises_does_not_stop_the_others(
        self, storage: EventLogStorage, caplog: Any
    ) -> None:
        raised: list[str] = []
        raised_all = threading.Event()

        def broken(entry: EventLogEntry, _cursor: str) -> None:
            raised.append(entry.user_message)
            if len(raised) == 3:
                raised_all.set()
            raise ValueError(entry.user_message)

        seen: list[tuple[str, str]] = []
        callback, done = self._gather(seen, 3)
        storage.watch("r", None, broken)
        storage.watch("r", None, callback)
        storage.store_event_batch([message("a"), message("b"), message("c")])
        assert done.wait(PATIENCE)
        assert raised_all.wait(PATIENCE)
        storage.end_watch("r", broken)
        storage.end_watch("r", callback)
        assert raised == [text for text, _cursor in seen] == ["a", "b", "c"]
        assert "raised; it is told the next entry" in caplog.text


class AssetIndexContract:
    """Storing an event makes known what it says of an asset."""

    def test_what_a_run_made(self, storage: EventLogStorage) -> None:
        planned = event(T.ASSET_MATERIALIZATION_PLANNED, data=AssetMaterializationPlannedData(KEY, "p"))
        observed = event(T.ASSET_OBSERVATION, data=AssetObservationData(AssetObservation("seen")))
        made = materialization(partition="p")
        storage.store_event_batch([planned, observed, message("x"), made])
        assert set(storage.all_asset_keys()) == {KEY, AssetKey("seen")}
        assert storage.get_asset_keys_for_run("r") == {KEY, AssetKey("seen")}
        of_type = T.ASSET_MATERIALIZATION
        assert storage.get_asset_partitions_for_run("r", of_type) == {KEY: {"p"}}
        assert storage.get_latest_materialization_events([KEY]) == {KEY: made}
        (record,) = storage.get_asset_records([KEY])
        assert record.asset_entry.last_materialization == made
        (found,) = storage.fetch_materializations(KEY, 10).records
        assert record.asset_entry.last_materialization_storage_id == found.storage_id
        assert storage.get_latest_storage_id_by_partition(KEY, of_type) == {"p": found.storage_id}

    def test_materializations_in_order_over_runs(self, storage: EventLogStorage) -> None:
        for number in range(6):
            storage.store_event(materialization(f"r{number % 2}", partition=str(number)))
        page = storage.fetch_materializations(AssetRecordsFilter(KEY), 4, ascending=True)
        rest = storage.fetch_materializations(KEY, 4, page.cursor, ascending=True)
        found = [record.partition_key for record in (*page.records, *rest.records)]
        assert found == [str(number) for number in range(6)]
        assert page.has_more
        assert not rest.has_more

    def test_events_without_a_run(self, storage: EventLogStorage) -> None:
        storage.store_event(materialization("", partition="p"))
        (record,) = storage.fetch_materializations(KEY, 10).records
        assert record.run_id == ""
        assert len(storage.get_logs_for_run("")) == 1

    def test_building_summaries_again_changes_nothing(self, storage: EventLogStorage) -> None:
        for number in range(4):
            storage.store_event(materialization(partition=str(number % 2)))
        before = storage.get_asset_records([KEY])
        storage.reindex_events()
        storage.reindex_assets()
        assert storage.get_asset_records([KEY]) == before
        assert len(storage.fetch_materializations(KEY, 10).records) == 4

    def test_what_was_forgotten_is_told(self, storage: EventLogStorage) -> None:
        unknown = AssetKey("unknown")
        storage.store_event_batch([materialization(partition="p"), materialization(partition="q")])
        storage.wipe_asset_partitions(KEY, ["p", "x"])
        assert storage.get_materialized_partitions(KEY) == {"q"}
        storage.wipe_assets([KEY, unknown])
        assert not storage.has_asset_key(KEY)
        storage.wipe_asset(KEY)
        told = storage.get_event_records(EventRecordsFilter(T.ASSET_WIPED), ascending=True)
        found = [record.event_log_entry.get_dagster_event().event_specific_data for record in told]
        whole = AssetWipedData(KEY)
        assert found == [AssetWipedData(KEY, ["p", "x"]), whole, AssetWipedData(unknown), whole]
        of_key = storage.get_event_records(EventRecordsFilter(T.ASSET_WIPED, asset_key=KEY))
        assert list(of_key) == [told[3], told[1], told[0]]
        # It belongs to no run, and does not make the asset known.
        assert list(storage.get_logs_for_run("")) == [record.event_log_entry for record in told]
        storage.reindex_assets()
        assert list(storage.all_asset_keys()) == []
        storage.store_event(materialization(partition="q"))
        assert len(storage.fetch_materializations(KEY, 5).records) == 1

    def test_wiping_nothing_tells_nothing(self, storage: EventLogStorage) -> None:
        storage.wipe_assets([])
        storage.wipe_asset_partitions(KEY, [])
        assert list(storage.get_event_records(EventRecordsFilter(T.ASSET_WIPED))) == []

    def test_pools_take_their_default_from_the_instance(self, storage: EventLogStorage) -> None:
        assert storage.get_pool_config() == PoolConfig()
        assert not storage.initialize_concurrency_limit_to_default("pool")
        storage.pool_config = PoolConfig(default_pool_limit=1)
        assert storage.get_pool_config().default_pool_limit == 1
        assert storage.initialize_concurrency_limit_to_default("pool")
        assert storage.claim_concurrency_slot("pool", "r", "a").is_claimed
        assert not storage.claim_concurrency_slot("pool", "r", "b").is_claimed
        assert list(storage.get_pool_limits()) == [PoolLimit("pool", 1, from_default=True)]

    def test_pools_and_dynamic_partitions_are_wired(self, storage: EventLogStorage) -> None:
        storage.add_dynamic_partitions("d", ["x", "y"])
        assert list(storage.get_dynamic_partitions("d")) == ["x", "y"]
        assert storage.get_existing_dynamic_partitions("d", ["y", "z"]) == {"y"}
        assert list(storage.get_paginated_dynamic_partitions("d", 1, True).results) == ["x"]
        storage.delete_dynamic_partition("d", "x")
        assert not storage.has_dynamic_partition("d", "x")
        storage.set_concurrency_slots("pool", 1)
        assert storage.get_concurrency_keys() == {"pool"}
        assert storage.claim_concurrency_slot("pool", "r", "a").is_claimed
        assert not storage.claim_concurrency_slot("pool", "r", "b").is_claimed
        assert storage.get_concurrency_run_ids() == {"r"}
        storage.free_concurrency_slot_for_step("r", "a")
        assert storage.check_concurrency_claim("pool", "r", "b").is_claimed
        storage.free_concurrency_slots_for_run("r")
        assert storage.get_concurrency_info("pool").active_slot_count == 0
        assert [limit.limit for limit in storage.get_pool_limits()] == [1]
        storage.delete_concurrency_limit("pool")
        assert storage.get_concurrency_keys() == set()
        assert not storage.initialize_concurrency_limit_to_default("pool")
