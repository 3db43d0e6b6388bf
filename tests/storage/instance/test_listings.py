"""What can be asked of an instance, with every way to narrow it, on every kind of storage."""

from __future__ import annotations

from typing import Any

import pytest

from dagster import ModeDefinition, pipeline, solid
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import (
    AssetFailedToMaterializeData,
    AssetMaterializationPlannedData,
    StepMaterializationData,
)
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.snapshot import ExecutionPlanSnapshot, execution_plan_snapshot_id
from dagster._core.records.asset_failure import (
    AssetMaterializationFailure,
    AssetMaterializationFailureReason,
    AssetMaterializationFailureType,
)
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import AssetStatusCacheValue
from dagster._core.records.event_records import (
    AssetRecordsFilter,
    EventRecordsResult,
    RunStatusChangeRecordsFilter,
)
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.records.run_bucket import JobBucket, TagBucket
from dagster._core.records.user_events import AssetMaterialization, AssetObservation

Type = DagsterEventType
Status = DagsterRunStatus
KEY = AssetKey(["raw", "it's 100%"])
OTHER = AssetKey("other")


def store(instance: DagsterInstance, kind: Type, data: Any, timestamp: float, run_id: str = "") -> None:
    event = DagsterEvent(kind.value, "job", event_specific_data=data)
    instance.store_event(EventLogEntry(None, 20, "", run_id, timestamp, None, "job", event))


def made(partition: str | None = None, key: AssetKey = KEY, **tags: str) -> StepMaterializationData:
    return StepMaterializationData(AssetMaterialization(key, partition=partition, tags=tags))


def partitions(page: EventRecordsResult) -> list[str | None]:
    return [record.partition_key for record in page.records]


# Assets


def test_keys_of_assets_page_by_page(instance: DagsterInstance) -> None:
    keys = [AssetKey(["a", "b"]), AssetKey(["a", "c"]), AssetKey("ab"), AssetKey("z")]
    for key in keys:
        instance.report_runless_asset_event(AssetMaterialization(key))
    assert set(instance.get_asset_keys(prefix=["a"])) == set(keys[:2])
    everything = list(instance.get_asset_keys())
    assert set(everything) == set(keys)
    page = list(instance.get_asset_keys(limit=3))
    assert page == everything[:3]
    assert instance.get_asset_keys(cursor=page[-1].to_string(), limit=3) == everything[3:]
    assert instance.get_asset_keys(prefix=["nothing"]) == []
    events = instance.get_latest_materialization_events([keys[0], OTHER])
    assert events[keys[0]] is not None
    assert events.get(OTHER) is None
    assert {record.asset_entry.asset_key for record in instance.get_asset_records()} == set(keys)


@pytest.mark.parametrize("kind", ["materializations", "observations", "failed", "planned"])
def test_events_of_an_asset_page_by_page(instance: DagsterInstance, kind: str) -> None:
    run = instance.create_run(job_name="job")
    for number, partition in enumerate("pqrs"):
        at, run_id = 100.0 + number, run.run_id if number % 2 else ""
        if kind == "materializations":
            store(instance, Type.ASSET_MATERIALIZATION, made(partition), at, run_id)
        elif kind == "observations":
            instance.report_runless_asset_event(AssetObservation(KEY, partition=partition))
        elif kind == "failed":
            failure = AssetMaterializationFailure(
                KEY,
                AssetMaterializationFailureType.FAILED,
                AssetMaterializationFailureReason.FAILED_TO_MATERIALIZE,
                partition=partition,
            )
            data = AssetFailedToMaterializeData(failure)
            store(instance, Type.ASSET_FAILED_TO_MATERIALIZE, data, at, run_id)
        else:
            planned = AssetMaterializationPlannedData(KEY, partition)
            store(instance, Type.ASSET_MATERIALIZATION_PLANNED, planned, at, run_id)
    fetch = {
        "materializations": instance.fetch_materializations,
        "observations": instance.fetch_observations,
        "failed": instance.fetch_failed_materializations,
        "planned": instance.fetch_planned_materializations,
    }[kind]
    newest = fetch(KEY, limit=3)
    assert (partitions(newest), newest.has_more) == (["s", "r", "q"], True)
    rest = fetch(KEY, limit=3, cursor=newest.cursor)
    assert (partitions(rest), rest.has_more) == (["p"], False)
    oldest = fetch(KEY, limit=2, ascending=True)
    assert partitions(oldest) == ["p", "q"]
    assert partitions(fetch(KEY, limit=9, cursor=oldest.cursor, ascending=True)) == ["r", "s"]
    assert partitions(fetch(AssetRecordsFilter(KEY, ["q", "s", "x"]), limit=9)) == ["s", "q"]
    ids = [record.storage_id for record in fetch(KEY, limit=9, ascending=True).records]
    between = AssetRecordsFilter(KEY, after_storage_id=ids[0], before_storage_id=ids[3])
    assert partitions(fetch(between, limit=9)) == ["r", "q"]
    assert partitions(fetch(AssetRecordsFilter(KEY, storage_ids=ids[1:2]), limit=9)) == ["q"]
    if kind != "observations":
        times = AssetRecordsFilter(KEY, after_timestamp=100.5, before_timestamp=102.5)
        assert partitions(fetch(times, limit=9)) == ["r", "q"]
    assert fetch(OTHER, limit=9).records == []


def test_assets_of_a_run(instance: DagsterInstance) -> None:
    run = instance.create_run(job_name="job")
    store(instance, Type.ASSET_MATERIALIZATION, made("p"), 100.0, run.run_id)
    store(instance, Type.ASSET_MATERIALIZATION, made(key=OTHER), 101.0, run.run_id)
    store(instance, Type.ASSET_MATERIALIZATION, made("q"), 102.0)
    assert instance.get_asset_keys_for_run(run.run_id) == {KEY, OTHER}
    assert instance.get_asset_partitions_for_run(run.run_id) == {KEY: {"p"}, OTHER: {None}}
    assert instance.get_asset_keys_for_run(run.run_id, Type.ASSET_OBSERVATION) == set()
    summaries = instance.get_asset_event_summary_records(Type.ASSET_MATERIALIZATION, KEY)
    assert [(each.run_id, each.partition, each.timestamp) for each in summaries] == [
        ("", "q", 102.0),
        (run.run_id, "p", 100.0),
    ]
    of_run = instance.get_asset_event_summary_records(
        Type.ASSET_MATERIALIZATION, run_id=run.run_id, limit=1, ascending=True
    )
    assert [each.asset_key for each in of_run] == [KEY]
    latest = instance.get_latest_storage_id_by_partition(KEY, Type.ASSET_MATERIALIZATION)
    assert latest == {"p": summaries[1].storage_id, "q": summaries[0].storage_id}
    only = instance.get_latest_storage_id_by_partition(KEY, Type.ASSET_MATERIALIZATION, {"p"})
    assert set(only) == {"p"}


def test_tags_of_events_of_an_asset(instance: DagsterInstance) -> None:
    store(instance, Type.ASSET_MATERIALIZATION, made(color="red", size="1"), 100.0)
    store(instance, Type.ASSET_MATERIALIZATION, made(color="blue"), 101.0)
    red, blue = {"color": "red", "size": "1"}, {"color": "blue"}
    found = instance.get_event_tags_for_asset(KEY)
    assert sorted(found, key=len) == [blue, red]
    assert instance.get_event_tags_for_asset(KEY, {"color": "red"}) == [red]
    assert instance.get_event_tags_for_asset(KEY, {"color": "green"}) == []
    (newest, _) = instance.fetch_materializations(KEY, limit=2).records
    assert instance.get_event_tags_for_asset(KEY, filter_event_id=newest.storage_id) == [blue]


def test_the_status_of_partitions_is_kept_for_the_next_reader(instance: DagsterInstance) -> None:
    assert instance.can_read_asset_status_cache()
    instance.report_runless_asset_event(AssetMaterialization(KEY))
    value = AssetStatusCacheValue(7, "definition", "subset")
    instance.update_asset_cached_status_data(KEY, value)
    assert instance.get_asset_records([KEY])[0].asset_entry.cached_status == value
    instance.wipe_asset_cached_status([KEY])
    assert instance.get_asset_records([KEY])[0].asset_entry.cached_status is None


# Runs


def fill(instance: DagsterInstance) -> list[DagsterRun]:
    return [
        instance.add_run(
            DagsterRun(
                f"job{number % 2}", f"run{number}", tags={"team": "ab"[number // 3], "n": str(number)}
            )
        )
        for number in range(6)
    ]


def found_ids(instance: DagsterInstance, *args: Any, **kwargs: Any) -> list[str]:
    return [record.dagster_run.run_id for record in instance.get_run_records(*args, **kwargs)]


def test_records_of_runs(instance: DagsterInstance) -> None:
    runs = fill(instance)
    assert found_ids(instance) == [f"run{number}" for number in (5, 4, 3, 2, 1, 0)]
    assert found_ids(instance, limit=2) == ["run5", "run4"]
    assert found_ids(instance, cursor="run4", limit=2) == ["run3", "run2"]
    assert found_ids(instance, RunsFilter(job_name="job0")) == ["run4", "run2", "run0"]
    assert found_ids(instance, RunsFilter(tags={"team": "b"}), ascending=True) == [
        "run3",
        "run4",
        "run5",
    ]
    by_job = JobBucket(["job0", "job1"], bucket_limit=1)
    assert set(found_ids(instance, bucket_by=by_job)) == {"run4", "run5"}
    by_team = TagBucket("team", ["a", "b"], bucket_limit=2)
    assert set(found_ids(instance, bucket_by=by_team)) == {"run1", "run2", "run4", "run5"}
    assert found_ids(instance, RunsFilter(run_ids=[])) == []
    instance.handle_run_event("run1", DagsterEvent(Type.RUN_START.value, "job1"))
    assert found_ids(instance, order_by="update_timestamp", limit=1) == ["run1"]
    assert found_ids(instance, order_by="run_id", ascending=True, limit=1) == ["run0"]
    record = instance.get_run_record_by_id("run0")
    assert record is not None
    assert record.dagster_run == runs[0]
    assert found_ids(instance, RunsFilter(created_after=record.create_timestamp))[-1] == "run1"
    instance.delete_runs(["run0", "run1", "nothing"])
    assert instance.get_runs_count() == 4


def test_how_the_newest_run_of_each_partition_stands(instance: DagsterInstance) -> None:
    for number, partition in enumerate(["p", "q", "p"]):
        tags = {"dagster/partition": partition, "set": "s"}
        instance.create_run(job_name="job", run_id=str(number), tags=tags)
    instance.report_dagster_event(DagsterEvent(Type.RUN_START.value, "job"), "2")
    data = instance.get_run_partition_data(RunsFilter(tags={"set": "s"}))
    found = {each.partition: (each.run_id, each.status) for each in data}
    assert found == {"p": ("2", Status.STARTED), "q": ("1", Status.NOT_STARTED)}


def test_changes_of_status_of_one_job(instance: DagsterInstance) -> None:
    for name in ("one", "two", "one"):
        run = instance.create_run(job_name=name)
        instance.report_dagster_event(DagsterEvent(Type.RUN_START.value, name), run.run_id)
        instance.report_run_canceling(run)
    everything = instance.fetch_run_status_changes(Type.RUN_START, limit=2, ascending=True)
    assert everything.has_more
    assert [record.event_log_entry.job_name for record in everything.records] == ["one", "two"]
    wanted = RunStatusChangeRecordsFilter(Type.RUN_CANCELING, job_names=["one"])
    assert len(instance.fetch_run_status_changes(wanted, limit=9).records) == 2
    found = instance.get_runs(RunsFilter(statuses=[Status.CANCELING]))
    assert len(found) == 3


def test_plans_are_kept(instance: DagsterInstance) -> None:
    plan = ExecutionPlanSnapshot([], "job", ["a", "b"])
    instance.add_snapshot(plan)
    assert instance.has_snapshot(execution_plan_snapshot_id(plan))
    assert instance.get_execution_plan_snapshot(execution_plan_snapshot_id(plan)) == plan


def test_a_run_of_the_older_generation(instance: DagsterInstance) -> None:
    @solid
    def hello(_context: Any) -> int:
        return 1

    @pipeline(mode_defs=[ModeDefinition("named")], tags={"team": "core"})
    def older() -> None:
        hello()

    run = instance.create_run_for_pipeline(older, run_config={}, tags={"mine": "1"})
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert (found.job_name, found.mode, found.tags) == (
        "older",
        "named",
        {"team": "core", "mine": "1"},
    )
    assert found.run_id in instance.intermediates_directory(found.run_id)


def test_a_writer_of_one_run(instance: DagsterInstance) -> None:
    run = instance.create_run(job_name="job")
    heard: list[str] = []
    instance.add_event_listener(run.run_id, lambda entry, _cursor: heard.append(entry.message))
    writer = instance.event_writer(run.run_id)
    entries = [
        EventLogEntry(None, 20, f"message {number}", run.run_id, 100.0 + number, None, "job")
        for number in range(4)
    ]
    for entry in entries[:2]:
        assert instance.should_store_event(entry)
        writer.write(entry)
    writer.write_all(entries[2:])
    instance.close_event_writer(run.run_id)
    last = entries[0]._replace(user_message="from outside")
    instance.handle_new_event(last)
    assert instance.all_logs(run.run_id) == [*entries, last]
    assert heard == [*(f"message {number}" for number in range(4)), "from outside"]
