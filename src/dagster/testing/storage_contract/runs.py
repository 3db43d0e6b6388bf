"""The contract of run storages, as tests for any of them.

A third party tests a storage of its own like this, in a test module of its own::

    import pytest
    from dagster.testing.storage_contract import runs

    @pytest.fixture
    def storage():
        return SplendidRunStorage(...)   # an empty one

    class TestRuns(runs.RunContract): ...
    class TestListing(runs.RunListingContract): ...
    class TestEvents(runs.RunEventContract): ...
    class TestTags(runs.RunTagContract): ...
    class TestRecords(runs.RecordContract): ...
    class TestBackfills(runs.BackfillContract): ...

To see the values of a failed assertion, call
``pytest.register_assert_rewrite("dagster.testing.storage_contract")`` in ``conftest.py`` first.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from dagster._config.snapshot import ConfigSchemaSnapshot
from dagster._core.errors import (
    DagsterExecutionPlanSnapshotNotFoundError,
    DagsterInvariantViolationError,
    DagsterRunAlreadyExists,
    DagsterRunNotFoundError,
)
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.plan.snapshot import ExecutionPlanSnapshot, execution_plan_snapshot_id
from dagster._core.records.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.records.content_id import content_id
from dagster._core.records.daemon import DaemonHeartbeat
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.job_snapshot import JobSnap
from dagster._core.records.origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.records.run_bucket import JobBucket, RunPartitionData, TagBucket
from dagster._core.records.tags import (
    BACKFILL_ID_TAG,
    PARENT_RUN_ID_TAG,
    PARTITION_NAME_TAG,
    ROOT_RUN_ID_TAG,
)
from dagster._core.storage.runs.base import RunStorage
from dagster.testing.storage_contract.serving import answers_while_limits_change
from dagster.testing.storage_contract.texts import NASTY_TEXTS

QUEUED = DagsterRunStatus.QUEUED
STARTED = DagsterRunStatus.STARTED
SUCCESS = DagsterRunStatus.SUCCESS
FAILURE = DagsterRunStatus.FAILURE
CANCELED = DagsterRunStatus.CANCELED

DAY = datetime(2020, 1, 1, tzinfo=UTC)


def _raises(error: type[Exception], match: str) -> AbstractContextManager[Any]:
    import pytest

    return pytest.raises(error, match=match)


def _run(run_id: str, job_name: str = "j", **fields: Any) -> DagsterRun:
    return DagsterRun(job_name, run_id, **fields)


def _event(event_type: DagsterEventType) -> DagsterEvent:
    return DagsterEvent(event_type.value, "j")


def _ids(runs: Sequence[DagsterRun]) -> list[str]:
    return [run.run_id for run in runs]


def _found(storage: RunStorage, **conditions: Any) -> list[str]:
    """Look for runs in every way that there is, and return their ids."""
    filters = RunsFilter(**conditions)
    ids = _ids(storage.get_runs(filters))
    assert storage.get_run_ids(filters) == ids
    assert storage.get_runs_count(filters) == len(ids)
    assert [r.dagster_run.run_id for r in storage.get_run_records(filters)] == ids
    assert _ids(storage.get_runs(filters, limit=100)) == ids
    assert _ids(storage.get_runs(filters, limit=2)) == ids[:2]
    assert _ids(storage.get_runs(filters, ascending=True)) == ids[::-1]
    assert _ids(storage.get_runs(filters, ascending=True, limit=2)) == ids[::-1][:2]
    paged: list[str] = []
    cursor = None
    while page := storage.get_runs(filters, cursor=cursor, limit=2):
        paged += _ids(page)
        cursor = page[-1].run_id
    assert paged == ids
    return ids


class RunContract:
    """Runs come in, are there, and go."""

    def test_a_run_comes_back_as_it_was(self, storage: RunStorage) -> None:
        run = _run(
            "1",
            "job",
            run_config={"ops": {"a": {"config": [1, None, "x"]}}},
            op_selection=["a+"],
            resolved_op_selection=frozenset({"a", "b"}),
            step_keys_to_execute=["a"],
            status=QUEUED,
            tags={"k": "v", "": ""},
            root_run_id="r",
            parent_run_id="p",
            job_snapshot_id="s",
            execution_plan_snapshot_id="e",
            has_repository_load_data=True,
        )
        assert storage.add_run(run) == run
        assert storage.get_runs() == [run]
        assert storage.has_run("1")
        assert not storage.has_run("2")

    def test_an_empty_storage_has_nothing(self, storage: RunStorage) -> None:
        assert _found(storage) == []
        assert storage.get_run_group("1") is None
        assert storage.get_run_groups() == {}
        assert storage.get_run_tag_keys() == []
        assert storage.get_backfills() == []
        assert storage.get_daemon_heartbeats() == {}

    def test_an_id_is_taken_once(self, storage: RunStorage) -> None:
        storage.add_run(_run("1", "first"))
        with _raises(DagsterRunAlreadyExists, "A run with id 1 already exists"):
            storage.add_run(_run("1", "second", tags={"k": "v"}))
        with _raises(DagsterInvariantViolationError, "A run with id 1 already exists"):
            storage.add_runs([_run("0"), _run("1", "second"), _run("2")])
        assert [run.job_name for run in storage.get_runs()] == ["first"]
        assert storage.get_run_tag_keys() == []

    def test_an_id_is_taken_once_also_within_a_batch(self, storage: RunStorage) -> None:
        with _raises(DagsterRunAlreadyExists, "A run with id 1 already exists"):
            storage.add_runs([_run("1"), _run("1")])

    def test_many_at_once_are_in_their_order(self, storage: RunStorage) -> None:
        runs = [
            _run(str(number), tags={"n": str(number % 3)} if number % 2 else {}) for number in range(25)
        ]
        storage.add_runs(runs)
        assert storage.get_runs(ascending=True) == runs
        assert _found(storage, tags={"n": "1"}) == ["19", "13", "7", "1"]
        storage.add_runs([])

    def test_a_historical_run_has_its_own_time(self, storage: RunStorage) -> None:
        storage.add_run(_run("new"))
        storage.add_historical_run(_run("old"), DAY)
        old, new = storage.get_run_records()
        assert old.create_timestamp == DAY
        assert new.create_timestamp > DAY
        assert _found(storage, created_before=DAY + timedelta(days=1)) == ["old"]

    def test_nasty_texts_are_exact(self, storage: RunStorage) -> None:
        runs = [
            _run(text or "(empty)", text, tags={"k": text, text: "v"}, job_snapshot_id=text)
            for text in NASTY_TEXTS
        ]
        storage.add_runs(runs)
        for text, run in zip(NASTY_TEXTS, runs, strict=True):
            wanted = [run.run_id]
            assert storage.get_runs(RunsFilter(run_ids=wanted)) == [run]
            assert storage.get_run_ids(RunsFilter(job_name=text)) == wanted
            assert storage.get_run_ids(RunsFilter(tags={"k": text})) == wanted
            assert storage.get_run_ids(RunsFilter(tags={text: "v"})) == wanted
            assert storage.get_run_ids(RunsFilter(snapshot_id=text)) == wanted
            assert storage.has_run(run.run_id)
        assert storage.get_run_tags(["k"]) == [("k", set(NASTY_TEXTS))]
        assert storage.get_run_tag_keys() == sorted({"k", *NASTY_TEXTS})
        for text in NASTY_TEXTS:
            for prefix in (text, text[:3], text[:-1]):
                expected = {other for other in NASTY_TEXTS if other.startswith(prefix)}
                assert dict(storage.get_run_tags(["k"], value_prefix=prefix))["k"] == expected
        storage.delete_runs([run.run_id for run in runs])
        assert storage.get_runs_count() == 0

    def test_deleted_runs_are_gone(self, storage: RunStorage) -> None:
        storage.add_runs([_run(str(number), tags={"n": str(number)}) for number in range(6)])
        storage.delete_run("0")
        storage.delete_run("0")
        storage.delete_run("never")
        storage.delete_runs(["1", "2", "never", "1"])
        storage.delete_runs([])
        assert _found(storage) == ["5", "4", "3"]
        assert storage.get_run_tags(["n"]) == [("n", {"3", "4", "5"})]
        storage.add_run(_run("0"))
        assert _found(storage, tags={"n": "0"}) == []

    def test_a_run_that_comes_after_a_deleted_one_has_none_of_its_tags(
        self, storage: RunStorage
    ) -> None:
        storage.add_run(_run("1", tags={"k": "v"}))
        storage.delete_run("1")
        storage.add_run(_run("2"))
        assert _found(storage, tags={"k": "v"}) == []

    def test_wiping_leaves_nothing(self, storage: RunStorage) -> None:
        storage.add_run(_run("1", tags={"k": "v"}))
        storage.add_backfill(PartitionBackfill("b", BulkActionStatus.REQUESTED, False, {"k": "v"}))
        storage.add_daemon_heartbeat(DaemonHeartbeat(1.0, "T", "d"))
        storage.set_cursor_values({"k": "v"})
        storage.wipe()
        self.test_an_empty_storage_has_nothing(storage)
        assert storage.get_cursor_values({"k"}) == {}

    def test_groups_hold_all_generations(self, storage: RunStorage) -> None:
        storage.add_run(_run("root"))
        storage.add_run(_run("other"))
        storage.add_run(_run("child", root_run_id="root", parent_run_id="root"))
        tags = {ROOT_RUN_ID_TAG: "root", PARENT_RUN_ID_TAG: "child"}
        storage.add_run(_run("grandchild", tags=tags))
        for run_id in ("root", "child", "grandchild"):
            root, runs = storage.get_run_group(run_id) or ("", [])
            assert (root, _ids(runs)) == ("root", ["root", "child", "grandchild"])
        assert storage.get_run_group("other") == ("other", [_run("other")])
        groups = storage.get_run_groups()
        assert [(root, group["count"]) for root, group in groups.items()] == [("root", 3), ("other", 1)]
        assert _ids(groups["root"]["runs"]) == ["root", "child", "grandchild"]
        assert list(storage.get_run_groups(limit=1)) == ["root"]
        assert list(storage.get_run_groups(cursor="child")) == ["other", "root"]
        assert list(storage.get_run_groups(RunsFilter(run_ids=["other"]))) == ["other"]

    def test_the_origin_of_a_job_can_be_replaced(self, storage: RunStorage) -> None:
        run = storage.add_run(_run("1"))
        storage.replace_job_origin(run, {"location": "elsewhere"})
        assert storage.get_runs()[0].remote_job_origin == {"location": "elsewhere"}
        with _raises(DagsterRunNotFoundError, 'There is no run with id "2"'):
            storage.replace_job_origin(_run("2"), {})

    def test_a_run_is_found_by_the_repository_of_its_job(self, storage: RunStorage) -> None:
        here, there = (
            RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(name), "repo").get_job_origin("j")
            for name in ("here", "there")
        )
        run = storage.add_run(_run("1", remote_job_origin=here, tags={"k": "v"}))
        storage.add_run(_run("2"))
        label = ".dagster/repository"
        of_here = RunsFilter(tags={label: "repo@here"})
        assert storage.get_runs(of_here) == [run]
        assert storage.get_run_tags([label]) == [(label, {"repo@here"})]
        storage.replace_job_origin(run, there)
        assert storage.get_runs(of_here) == []
        (moved,) = storage.get_runs(RunsFilter(tags={label: "repo@there", "k": "v"}))
        assert (moved.remote_job_origin, moved.tags) == (there, {"k": "v"})
        storage.add_run_tags("1", {label: "mine", "k": "w"})
        assert storage.get_runs(RunsFilter(tags={label: "mine", "k": "w"})) == storage.get_runs(
            RunsFilter(run_ids=["1"])
        )


class RunListingContract:
    """Runs are found by what is asked for."""

    def _fill(self, storage: RunStorage) -> None:
        for number in range(10):
            run = _run(
                str(number),
                f"j{number % 2}",
                status=(QUEUED, STARTED, SUCCESS)[number % 3],
                tags={"all": "x", "half": str(number % 2), "own": str(number)},
                job_snapshot_id=f"s{number % 5}",
            )
            storage.add_historical_run(run, DAY + timedelta(days=number))

    def test_by_each_condition(self, storage: RunStorage) -> None:
        self._fill(storage)
        assert _found(storage) == list("9876543210")
        assert _found(storage, run_ids=["3", "7", "3", "nobody"]) == ["7", "3"]
        assert _found(storage, run_ids=[]) == []
        assert _found(storage, job_name="j1") == list("97531")
        assert _found(storage, statuses=[SUCCESS]) == list("852")
        assert _found(storage, statuses=[SUCCESS, QUEUED, SUCCESS]) == list("9865320")
        assert _found(storage, statuses=list(DagsterRunStatus)) == list("9876543210")
        assert _found(storage, snapshot_id="s2") == ["7", "2"]
        assert _found(storage, created_after=DAY + timedelta(days=7)) == ["9", "8"]
        assert _found(storage, created_before=DAY + timedelta(days=2)) == ["1", "0"]
        assert _found(storage, created_after=DAY, created_before=DAY + timedelta(days=2)) == ["1"]

    def test_by_tags(self, storage: RunStorage) -> None:
        self._fill(storage)
        assert _found(storage, tags={"half": "1"}) == list("97531")
        assert _found(storage, tags={"own": ["1", "4", "4", "nobody"]}) == ["4", "1"]
        assert _found(storage, tags={"own": [str(n) for n in range(40)]}) == list("9876543210")
        assert _found(storage, tags={"half": ["0", "1"]}) == list("9876543210")
        assert _found(storage, tags={"own": []}) == []
        assert _found(storage, tags={"own": [], "all": "x"}, run_ids=["1"]) == []
        assert _found(storage, tags={"all": "x", "half": "0", "own": ["1", "2", "8"]}) == ["8", "2"]
        assert _found(storage, tags={"nobody": "x"}) == []

    def test_by_several_conditions(self, storage: RunStorage) -> None:
        self._fill(storage)
        assert _found(storage, job_name="j1", statuses=[SUCCESS]) == ["5"]
        assert _found(storage, job_name="j0", statuses=[SUCCESS, QUEUED]) == list("8620")
        assert _found(storage, tags={"half": "1"}, statuses=[SUCCESS, QUEUED]) == list("953")
        assert _found(
            storage, tags={"half": ["0", "1"]}, statuses=[SUCCESS, QUEUED], job_name="j1"
        ) == list("953")
        assert _found(storage, run_ids=list("12345"), tags={"half": "1"}, statuses=[STARTED]) == ["1"]
        window = {"created_after": DAY + timedelta(days=1), "created_before": DAY + timedelta(days=8)}
        assert _found(storage, tags={"half": "0"}, snapshot_id="s2", **window) == ["2"]

    def test_naive_times_are_utc(self, storage: RunStorage) -> None:
        self._fill(storage)
        assert _found(storage, created_after=datetime(2020, 1, 9)) == ["9"]  # noqa: DTZ001

    def test_times_are_exact(self, storage: RunStorage) -> None:
        for number in range(20):
            storage.add_run(_run(str(number)))
        for record in storage.get_run_records():
            ids = storage.get_run_ids(RunsFilter(updated_after=record.update_timestamp))
            assert record.dagster_run.run_id not in ids
            ids = storage.get_run_ids(RunsFilter(created_before=record.create_timestamp))
            assert record.dagster_run.run_id not in ids

    def test_without_the_runs_of_backfills(self, storage: RunStorage) -> None:
        storage.add_run(_run("1"))
        storage.add_run(_run("2", tags={BACKFILL_ID_TAG: "b"}))
        storage.add_run(_run("3"))
        assert _found(storage, exclude_subruns=True) == ["3", "1"]
        assert _found(storage, exclude_subruns=False) == ["3", "2", "1"]
        storage.add_run_tags("3", {BACKFILL_ID_TAG: "b"})
        assert _found(storage, exclude_subruns=True) == ["1"]

    def test_by_ids_in_thousands(self, storage: RunStorage) -> None:
        storage.add_runs([_run(f"r{number:05}", f"j{number % 2}") for number in range(6_000)])
        ids = [f"r{number:05}" for number in range(12_000)]
        filters = RunsFilter(run_ids=ids)
        assert storage.get_run_ids(filters) == ids[:6_000][::-1]
        assert storage.get_runs_count(filters) == 6_000
        assert storage.get_run_ids(filters, limit=3) == ["r05999", "r05998", "r05997"]
        assert storage.get_run_ids(filters, cursor="r05500", limit=2) == ["r05499", "r05498"]
        assert _ids(storage.get_runs(filters, limit=2, ascending=True)) == ["r00000", "r00001"]
        records = storage.get_run_records(filters, order_by="job_name", limit=2)
        assert [record.dagster_run.run_id for record in records] == ["r05999", "r05997"]
        buckets = storage.get_runs(filters, bucket_by=JobBucket(["j0", "j1"], 2))
        assert _ids(buckets) == ["r05999", "r05998", "r05997", "r05996"]

    def test_nothing_comes_after_a_run_that_is_not_there(self, storage: RunStorage) -> None:
        self._fill(storage)
        assert storage.get_runs(cursor="nobody") == []
        assert storage.get_run_ids(cursor="nobody") == []
        assert storage.get_run_records(cursor="nobody") == []

    def test_ids_by_their_beginning(self, storage: RunStorage) -> None:
        ids = ["ab1", "ab2", "a%", "Ab1", "b_", "bc", "é1", "é2", "ab" + "x" * 400, "z" * 400]
        for run_id in ids:
            storage.add_run(DagsterRun("j", run_id))
        for prefix in ("ab", "a%", "b_", "é", "ab1", "ab1x", "z" * 300, "ab" + "x" * 400):
            wanted = {run_id for run_id in ids if run_id.startswith(prefix)}
            assert set(storage.get_run_ids_starting_with(prefix, 100)) == wanted
        assert len(storage.get_run_ids_starting_with("ab", 2)) == 2

    def test_a_limit_of_none_at_all(self, storage: RunStorage) -> None:
        self._fill(storage)
        assert storage.get_runs(limit=0) == []
        assert storage.get_run_ids(RunsFilter(tags={"own": ["1", "2"]}), limit=0) == []

    def test_records_hold_times_and_numbers(self, storage: RunStorage) -> None:
        self._fill(storage)
        records = storage.get_run_records(ascending=True)
        numbers = [record.storage_id for record in records]
        assert numbers == sorted(set(numbers))
        assert [record.create_timestamp for record in records] == [
            DAY + timedelta(days=number) for number in range(10)
        ]
        assert {record.start_time for record in records} == {None}

    def test_records_in_every_order(self, storage: RunStorage) -> None:
        self._fill(storage)
        for number in (3, 1, 7):
            at = DAY + timedelta(days=100 + number)
            storage.handle_run_event(str(number), _event(DagsterEventType.RUN_START), at)
            storage.handle_run_event(str(number), _event(DagsterEventType.RUN_SUCCESS), at)
        orders: dict[str, Any] = {
            "id": lambda r: r.storage_id,
            "run_id": lambda r: r.dagster_run.run_id,
            "job_name": lambda r: r.dagster_run.job_name,
            "status": lambda r: r.dagster_run.status.value,
            "create_timestamp": lambda r: r.create_timestamp,
            "update_timestamp": lambda r: r.update_timestamp,
            "start_time": lambda r: r.start_time or 0.0,
            "end_time": lambda r: r.end_time or 0.0,
        }
        every = storage.get_run_records()
        for filters in (
            None,
            RunsFilter(tags={"all": "x"}),
            RunsFilter(statuses=list(DagsterRunStatus)[:7]),
        ):
            kept = {r.storage_id for r in storage.get_run_records(filters)}
            for order_by, key in orders.items():
                for ascending in (False, True):
                    wanted = sorted(
                        (r for r in every if r.storage_id in kept),
                        key=lambda r, key=key: (key(r), r.storage_id),
                        reverse=not ascending,
                    )
                    got = storage.get_run_records(filters, order_by=order_by, ascending=ascending)
                    assert got == wanted, (order_by, ascending)
                    paged: list[Any] = []
                    cursor = None
                    while page := storage.get_run_records(
                        filters, limit=3, order_by=order_by, ascending=ascending, cursor=cursor
                    ):
                        paged += page
                        cursor = page[-1].dagster_run.run_id
                    assert paged == wanted, (order_by, ascending)

    def test_an_unknown_order_is_refused(self, storage: RunStorage) -> None:
        with _raises(DagsterInvariantViolationError, 'unknown order of runs "start_tim"'):
            storage.get_run_records(order_by="start_tim")

    def test_buckets(self, storage: RunStorage) -> None:
        if not storage.supports_bucket_queries:
            return
        self._fill(storage)
        get = storage.get_runs
        assert _ids(get(bucket_by=JobBucket(["j0", "j1", "j0"], 2))) == list("9876")
        assert _ids(get(bucket_by=JobBucket(["j1", "nobody"], 2))) == ["9", "7"]
        assert _ids(get(bucket_by=JobBucket(["j1"]))) == list("97531")
        assert _ids(get(bucket_by=JobBucket([], 2))) == []
        assert _ids(get(bucket_by=JobBucket(["j0", "j1"], 2), ascending=True)) == list("0123")
        assert _ids(get(bucket_by=JobBucket(["j0", "j1"], 2), limit=3)) == list("987")
        assert _ids(get(bucket_by=JobBucket(["j0", "j1"], 2), cursor="6")) == list("5432")
        assert _ids(get(RunsFilter(job_name="j0"), bucket_by=JobBucket(["j0", "j1"], 2))) == ["8", "6"]
        finished = RunsFilter(statuses=[SUCCESS, QUEUED])
        assert _ids(get(finished, bucket_by=JobBucket(["j0", "j1"], 1))) == ["9", "8"]
        assert _ids(get(bucket_by=TagBucket("half", ["0", "1"], 1))) == ["9", "8"]
        both = RunsFilter(tags={"own": ["1", "2", "3"]})
        assert _ids(get(both, bucket_by=TagBucket("half", ["0", "1"], 1))) == ["3", "2"]
        same = RunsFilter(tags={"half": "0"})
        assert _ids(get(same, bucket_by=TagBucket("half", ["0", "1"], 1))) == ["8"]
        records = storage.get_run_records(bucket_by=TagBucket("half", ["0"], 2))
        assert [record.dagster_run.run_id for record in records] == ["8", "6"]

    def test_buckets_by_the_hundred(self, storage: RunStorage) -> None:
        if not storage.supports_bucket_queries:
            return
        storage.add_runs([_run(str(number), f"j{number % 120}") for number in range(360)])
        buckets = JobBucket([f"j{number}" for number in range(120)], 2)
        assert _ids(storage.get_runs(bucket_by=buckets)) == [str(n) for n in range(359, 119, -1)]
        assert _ids(storage.get_runs(bucket_by=buckets, limit=3)) == ["359", "358", "357"]

    def test_partition_data_is_that_of_the_newest_run(self, storage: RunStorage) -> None:
        storage.add_run(_run("1", tags={PARTITION_NAME_TAG: "a"}, status=FAILURE))
        storage.add_run(_run("2", tags={PARTITION_NAME_TAG: "b\x00" + "x" * 300}))
        storage.add_run(_run("3", tags={PARTITION_NAME_TAG: "a", "set": "s"}))
        storage.add_run(_run("4"))
        storage.add_run(_run("5", "other", tags={PARTITION_NAME_TAG: "a"}))
        at = DAY.timestamp()
        storage.handle_run_event("3", _event(DagsterEventType.RUN_START), DAY)
        assert storage.get_run_partition_data(RunsFilter(job_name="j")) == [
            RunPartitionData("2", "b\x00" + "x" * 300, DagsterRunStatus.NOT_STARTED, None, None),
            RunPartitionData("3", "a", STARTED, at, None),
        ]
        assert [d.run_id for d in storage.get_run_partition_data(RunsFilter(tags={"set": "s"}))] == ["3"]
        assert [d.run_id for d in storage.get_run_partition_data(RunsFilter(run_ids=["1", "4"]))] == [
            "1"
        ]


class RunEventContract:
    """Events change how a run stands."""

    def test_a_run_from_its_start_to_its_end(self, storage: RunStorage) -> None:
        storage.add_run(_run("1", tags={"k": "v"}))
        steps = (
            (DagsterEventType.RUN_ENQUEUED, QUEUED),
            (DagsterEventType.RUN_DEQUEUED, QUEUED),
            (DagsterEventType.RUN_STARTING, DagsterRunStatus.STARTING),
            (DagsterEventType.RUN_START, STARTED),
            (DagsterEventType.STEP_START, STARTED),
            (DagsterEventType.RUN_CANCELING, DagsterRunStatus.CANCELING),
            (DagsterEventType.RUN_CANCELED, CANCELED),
        )
        for number, (event_type, status) in enumerate(steps):
            storage.handle_run_event(
                "1", _event(event_type), datetime(2100, 1, 1, 0, number, tzinfo=UTC)
            )
            (record,) = storage.get_run_records()
            assert record.dagster_run == _run("1", tags={"k": "v"}, status=status)
            assert _found(storage, statuses=[status]) == ["1"]
        (record,) = storage.get_run_records()
        start = datetime(2100, 1, 1, 0, 3, tzinfo=UTC)
        end = datetime(2100, 1, 1, 0, 6, tzinfo=UTC)
        assert record.start_time == start.timestamp()
        assert record.end_time == end.timestamp()
        assert record.update_timestamp == end
        assert _found(storage, updated_after=start, updated_before=end + timedelta(seconds=1)) == ["1"]
        assert _found(storage, updated_after=end) == []

    def test_without_a_time_it_is_now(self, storage: RunStorage) -> None:
        storage.add_run(_run("1"))
        before = datetime.now(UTC)
        storage.handle_run_event("1", _event(DagsterEventType.RUN_START))
        (record,) = storage.get_run_records()
        assert before.timestamp() - 0.001 <= (record.start_time or 0) <= datetime.now(UTC).timestamp()

    def test_late_and_repeated_events_change_nothing(self, storage: RunStorage) -> None:
        storage.add_run(_run("1"))
        start, end, late = (DAY + timedelta(days=40_000 + day) for day in range(3))
        for event_type, at in (
            (DagsterEventType.RUN_START, start),
            (DagsterEventType.RUN_SUCCESS, end),
        ):
            storage.handle_run_event("1", _event(event_type), at)
        (record,) = storage.get_run_records()
        for event_type, at in (
            (DagsterEventType.RUN_START, start),
            (DagsterEventType.RUN_ENQUEUED, start),
            (DagsterEventType.RUN_SUCCESS, end),
        ):
            storage.handle_run_event("1", _event(event_type), at)
            assert storage.get_run_records() == [record]
        storage.handle_run_event("1", _event(DagsterEventType.RUN_CANCELING), late)
        assert storage.get_runs() == [record.dagster_run]

    def test_of_two_ends_the_later_counts(self, storage: RunStorage) -> None:
        storage.add_run(_run("1"))
        storage.handle_run_event("1", _event(DagsterEventType.RUN_FAILURE))
        storage.handle_run_event("1", _event(DagsterEventType.RUN_CANCELED))
        assert storage.get_runs()[0].status is CANCELED

    def test_a_start_that_comes_late_is_still_known(self, storage: RunStorage) -> None:
        storage.add_run(_run("1"))
        storage.handle_run_event("1", _event(DagsterEventType.RUN_FAILURE), DAY + timedelta(days=1))
        storage.handle_run_event("1", _event(DagsterEventType.RUN_START), DAY)
        (record,) = storage.get_run_records()
        assert record.dagster_run.status is FAILURE
        assert record.start_time == DAY.timestamp()

    def test_a_suspended_run_goes_on(self, storage: RunStorage) -> None:
        storage.add_run(_run("1", status=STARTED))
        storage.handle_run_event("1", _event(DagsterEventType.RUN_SUSPENDED))
        assert storage.get_runs()[0].status is DagsterRunStatus.SUSPENDED
        storage.handle_run_event("1", _event(DagsterEventType.RUN_RESUMED))
        assert storage.get_runs()[0].status is STARTED

    def test_a_run_that_is_not_there_stays_so(self, storage: RunStorage) -> None:
        storage.handle_run_event("1", _event(DagsterEventType.RUN_START))
        assert not storage.has_run("1")


class RunTagContract:
    """Tags are added, and known without their runs."""

    def test_tags_are_merged(self, storage: RunStorage) -> None:
        storage.add_run(_run("1", tags={"a": "1", "b": "1"}))
        storage.add_run(_run("2", tags={"a": "1"}))
        storage.add_run_tags("1", {"b": "2", "c": "2"})
        storage.add_run_tags("1", {"c": "2"})
        storage.add_run_tags("1", {})
        assert storage.get_runs(RunsFilter(run_ids=["1"]))[0].tags == {"a": "1", "b": "2", "c": "2"}
        assert _found(storage, tags={"b": "1"}) == []
        assert _found(storage, tags={"b": "2", "c": "2"}) == ["1"]
        assert _found(storage, tags={"a": "1"}) == ["2", "1"]

    def test_adding_tags_does_not_touch_how_a_run_stands(self, storage: RunStorage) -> None:
        storage.add_run(_run("1"))
        storage.handle_run_event("1", _event(DagsterEventType.RUN_START), DAY)
        storage.add_run_tags("1", {"a": "1"})
        (record,) = storage.get_run_records()
        assert (record.dagster_run.status, record.start_time) == (STARTED, DAY.timestamp())

    def test_no_tags_for_a_run_that_is_not_there(self, storage: RunStorage) -> None:
        with _raises(DagsterRunNotFoundError, 'There is no run with id "1"'):
            storage.add_run_tags("1", {"a": "1"})

    def test_keys_and_values(self, storage: RunStorage) -> None:
        for number in range(12):
            storage.add_run(_run(str(number), tags={"n": f"v{number}", f"k{number % 3}": "x"}))
        assert storage.get_run_tag_keys() == ["k0", "k1", "k2", "n"]
        assert storage.get_run_tags(["n", "nobody", "k1"]) == [
            ("n", {f"v{number}" for number in range(12)}),
            ("k1", {"x"}),
        ]
        assert storage.get_run_tags([]) == []
        assert storage.get_run_tags(["n"], value_prefix="v1") == [("n", {"v1", "v10", "v11"})]
        assert storage.get_run_tags(["n"], value_prefix="%") == []
        assert storage.get_run_tags(["n"], value_prefix="v1", limit=2) == [("n", {"v1", "v10"})]
        ((_, some),) = storage.get_run_tags(["n", "k1"], limit=5)
        assert len(some) == 5
        assert storage.get_run_tags(["n"], limit=0) == []

    def test_thousands_of_values(self, storage: RunStorage) -> None:
        storage.add_runs([_run(str(number), tags={"n": f"{number:05}"}) for number in range(2_500)])
        assert storage.get_run_tags(["n"]) == [("n", {f"{number:05}" for number in range(2_500)})]
        ((_, values),) = storage.get_run_tags(["n"], limit=1_200)
        assert values == {f"{number:05}" for number in range(1_200)}


class RecordContract:
    """Snapshots, signs of life, cursors."""

    def test_jobs(self, storage: RunStorage) -> None:
        job = JobSnap("j", ConfigSchemaSnapshot({}), "root", "g", description="it's\x00 '%'")
        snapshot_id = storage.add_job_snapshot(job)
        assert snapshot_id == storage.add_job_snapshot(job) == content_id(job)
        assert storage.get_job_snapshot(snapshot_id) == job
        assert storage.has_job_snapshot(snapshot_id)
        assert storage.has_snapshot(snapshot_id)
        assert not storage.has_execution_plan_snapshot(snapshot_id)
        assert not storage.has_job_snapshot("nobody")
        with _raises(DagsterInvariantViolationError, 'There is no job snapshot with id "nobody"'):
            storage.get_job_snapshot("nobody")

    def test_plans(self, storage: RunStorage) -> None:
        plan = ExecutionPlanSnapshot([], "job", ["a", "b"])
        snapshot_id = execution_plan_snapshot_id(plan)
        storage.add_snapshot(plan)
        assert storage.add_execution_plan_snapshot(plan) == snapshot_id
        assert storage.get_execution_plan_snapshot(snapshot_id) == plan
        assert storage.has_execution_plan_snapshot(snapshot_id)
        assert storage.has_snapshot(snapshot_id)
        assert not storage.has_job_snapshot(snapshot_id)
        assert not storage.has_snapshot("nobody")
        with _raises(DagsterExecutionPlanSnapshotNotFoundError, 'snapshot with id "nobody"'):
            storage.get_execution_plan_snapshot("nobody")

    def test_any_snapshot_finds_its_kind(self, storage: RunStorage) -> None:
        job = JobSnap("j", ConfigSchemaSnapshot({}), "root", "g")
        storage.add_snapshot(job)
        assert storage.get_job_snapshot(content_id(job)) == job

    def test_heartbeats(self, storage: RunStorage) -> None:
        first = DaemonHeartbeat(1.5, "SENSOR", "d")
        error = SerializableErrorInfo("m", ["s"], "C")
        second = DaemonHeartbeat(2.5, "SENSOR", None, [error])
        other = DaemonHeartbeat(3.5, "it's\x00", "d" * 1000, [])
        for heartbeat in (first, second, other):
            storage.add_daemon_heartbeat(heartbeat)
        assert storage.get_daemon_heartbeats() == {"SENSOR": second, "it's\x00": other}
        storage.wipe_daemon_heartbeats()
        assert storage.get_daemon_heartbeats() == {}

    def test_cursor_values(self, storage: RunStorage) -> None:
        pairs = {text: text + "!" for text in NASTY_TEXTS}
        storage.set_cursor_values(pairs)
        assert storage.get_cursor_values(set(pairs)) == pairs
        storage.set_cursor_values({"it's": "changed", "new": ""})
        storage.set_cursor_values({})
        assert storage.get_cursor_values({"it's", "new", "nobody"}) == {"it's": "changed", "new": ""}
        assert storage.get_cursor_values(set()) == {}
        many = {str(number): "x" for number in range(2_000)}
        storage.set_cursor_values(many)
        assert storage.get_cursor_values(set(many)) == many

    def test_housekeeping_leaves_everything(self, storage: RunStorage) -> None:
        storage.add_run(_run("1"))
        said: list[Any] = []
        storage.migrate(said.append)
        storage.optimize(said.append)
        storage.optimize_for_webserver(statement_timeout=5_000, pool_recycle=3_600, max_overflow=20)
        version = storage.alembic_version()
        assert version is None or version[0] == version[1]
        assert _found(storage) == ["1"]

    def test_it_answers_while_its_limits_change(self, storage: RunStorage) -> None:
        storage.add_run(_run("1"))
        answers = answers_while_limits_change(storage, lambda: _found(storage))
        assert all(answer == ["1"] for answer in answers)


class BackfillContract:
    """Backfills are kept."""

    def _fill(self, storage: RunStorage) -> list[PartitionBackfill]:
        added = [
            PartitionBackfill(
                f"b{number}",
                (BulkActionStatus.REQUESTED, BulkActionStatus.COMPLETED_SUCCESS)[number % 2],
                False,
                tags={"own": str(number), "half": str(number % 2)},
                backfill_timestamp=DAY.timestamp() + number,
                job_name=f"j{number % 3}",
                partition_names=["2020-01-01"],
            )
            for number in range(6)
        ]
        for backfill in added:
            storage.add_backfill(backfill)
        return added

    def test_they_come_back(self, storage: RunStorage) -> None:
        added = self._fill(storage)
        assert storage.get_backfills() == added[::-1]
        assert storage.get_backfill("b3") == added[3]
        assert storage.get_backfill("nobody") is None
        assert storage.get_backfills(limit=2) == [added[5], added[4]]
        assert storage.get_backfills(cursor="b4", limit=2) == [added[3], added[2]]
        assert storage.get_backfills(cursor="nobody") == []
        requested = BulkActionStatus.REQUESTED
        assert storage.get_backfills(status=requested) == [added[4], added[2], added[0]]

    def test_they_are_found(self, storage: RunStorage) -> None:
        added = self._fill(storage)
        cases: tuple[tuple[dict[str, Any], list[int]], ...] = (
            ({}, [5, 4, 3, 2, 1, 0]),
            ({"statuses": [BulkActionStatus.REQUESTED]}, [4, 2, 0]),
            ({"statuses": []}, []),
            ({"created_after": DAY + timedelta(seconds=3)}, [5, 4]),
            ({"created_before": DAY + timedelta(seconds=1)}, [0]),
            ({"tags": {"half": "1"}}, [5, 3, 1]),
            ({"tags": {"half": "1", "own": ["1", "2", "3"]}}, [3, 1]),
            ({"job_name": "j2"}, [5, 2]),
            ({"backfill_ids": ["b1", "b4", "nobody"]}, [4, 1]),
            ({"backfill_ids": []}, []),
            ({"job_name": "j2", "tags": {"half": "0"}}, [2]),
        )
        for conditions, numbers in cases:
            filters = BulkActionsFilter(**conditions)
            assert storage.get_backfills(filters) == [added[number] for number in numbers]
            assert storage.get_backfills_count(filters) == len(numbers)
        assert storage.get_backfills_count() == 6

    def test_they_change(self, storage: RunStorage) -> None:
        added = self._fill(storage)
        changed = added[2].with_status(BulkActionStatus.CANCELED)._replace(tags={"half": "2"})
        storage.update_backfill(changed)
        assert storage.get_backfill("b2") == changed
        assert storage.get_backfills(BulkActionsFilter(tags={"half": "2"})) == [changed]
        assert storage.get_backfills(BulkActionsFilter(tags={"own": "2"})) == []
        assert storage.get_backfills(status=BulkActionStatus.CANCELED) == [changed]
        with _raises(DagsterInvariantViolationError, 'There is no backfill with id "nobody"'):
            storage.update_backfill(changed._replace(backfill_id="nobody"))

    def test_an_id_is_taken_once(self, storage: RunStorage) -> None:
        added = self._fill(storage)
        with _raises(DagsterInvariantViolationError, "A backfill with id b1 already exists"):
            storage.add_backfill(added[1].with_status(BulkActionStatus.FAILED))
        storage.add_backfill(added[1])
        assert storage.get_backfills() == added[::-1]

    def test_nasty_texts_are_exact(self, storage: RunStorage) -> None:
        for text in NASTY_TEXTS:
            backfill = PartitionBackfill(
                text, BulkActionStatus.REQUESTED, False, tags={text: text}, job_name=text
            )
            storage.add_backfill(backfill)
            assert storage.get_backfill(text) == backfill
        for text in NASTY_TEXTS:
            for filters in (
                BulkActionsFilter(tags={text: text}),
                BulkActionsFilter(job_name=text),
                BulkActionsFilter(backfill_ids=[text]),
            ):
                assert [b.backfill_id for b in storage.get_backfills(filters)] == [text]
