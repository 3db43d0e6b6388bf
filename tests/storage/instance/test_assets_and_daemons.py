"""Assets, partitions, the daemon's bookkeeping, schedules and backfills through an instance."""

from __future__ import annotations

from typing import Any

import pytest

import dagster._time as _time
from dagster._check import CheckError
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import AssetMaterializationPlannedData, AssetWipedData
from dagster._core.instance.assets import run_statuses
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.records.daemon import DaemonHeartbeat
from dagster._core.records.event_records import EventRecordsFilter
from dagster._core.records.instigator import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    SensorInstigatorData,
)
from dagster._core.records.origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.records.partition_status import AssetPartitionStatus
from dagster._core.records.tick import TickData, TickStatus
from dagster._core.records.user_events import AssetMaterialization, AssetObservation
from dagster._core.storage.event_log import derived
from dagster.testing.storage_contract.texts import NASTY_TEXTS

Type = DagsterEventType
KEY = AssetKey(["raw", "it's 100%"])


def test_assets_become_known_by_events_without_runs(instance: DagsterInstance) -> None:
    assert not instance.has_asset_key(KEY)
    instance.report_runless_asset_event(
        AssetMaterialization(KEY, tags={"dagster/code_version": "7", "dagster/data_version": "d"})
    )
    instance.report_runless_asset_event(AssetMaterialization("other", partition="a"))
    instance.report_runless_asset_event(AssetObservation(KEY))
    assert instance.has_asset_key(KEY)
    assert set(instance.get_asset_keys()) == set(instance.all_asset_keys()) == {KEY, AssetKey("other")}
    assert instance.get_asset_keys(prefix=["raw"]) == [KEY]
    (record,) = instance.get_asset_records([KEY])
    assert record.asset_entry.asset_key == KEY
    latest = instance.get_latest_materialization_event(KEY)
    assert latest is not None
    assert latest.asset_materialization is not None
    assert latest.run_id == ""
    nothing = AssetKey("nothing")
    assert instance.get_latest_materialization_code_versions([KEY, nothing]) == {KEY: "7", nothing: None}
    assert len(instance.fetch_materializations(KEY, limit=5).records) == 1
    assert len(instance.fetch_observations(KEY, limit=5).records) == 1
    version = instance.get_latest_data_version_record(KEY)
    assert version is not None
    assert version.asset_materialization is not None
    assert instance.get_latest_data_version_record(KEY, is_source=True) != version
    logs = instance.event_log_storage
    for is_source in (None, True, False):
        derived_record = derived.latest_data_version_record(logs, KEY, is_source, None, None, None)
        assert derived_record == instance.get_latest_data_version_record(KEY, is_source)
    assert derived.latest_code_versions(logs, [KEY, nothing]) == {KEY: "7", nothing: None}
    assert instance.get_materialized_partitions(AssetKey("other")) == {"a"}
    assert instance.can_read_asset_failure_events()
    assert instance.can_read_failure_events_for_asset(record)
    instance.wipe_assets([KEY])
    assert instance.get_asset_keys() == [AssetKey("other")]
    (wiped,) = instance.get_event_records(EventRecordsFilter(Type.ASSET_WIPED, asset_key=KEY))
    assert wiped.event_log_entry.get_dagster_event().event_specific_data == AssetWipedData(KEY)
    assert wiped.run_id == ""


def test_other_things_are_no_asset_events(instance: DagsterInstance) -> None:
    with pytest.raises(CheckError, match="asset_event"):
        instance.report_runless_asset_event("asset")  # pyright: ignore[reportArgumentType]


def _plan(instance: DagsterInstance, run_id: str, partition: str) -> None:
    data = AssetMaterializationPlannedData(KEY, partition)
    event = DagsterEvent(Type.ASSET_MATERIALIZATION_PLANNED.value, "a", event_specific_data=data)
    instance.report_dagster_event(event, run_id)


def test_partitions_have_a_status(instance: DagsterInstance) -> None:
    going, failed, done = (instance.create_run(job_name="a") for _ in range(3))
    for partition in ("old", "made"):
        instance.report_runless_asset_event(AssetMaterialization(KEY, partition=partition))
    _plan(instance, going.run_id, "going")
    _plan(instance, failed.run_id, "failed")
    _plan(instance, failed.run_id, "old")
    _plan(instance, done.run_id, "never made")
    start, success = (DagsterEvent(kind.value, "a") for kind in (Type.RUN_START, Type.RUN_SUCCESS))
    instance.report_dagster_event(start, going.run_id)
    instance.report_run_failed(failed)
    instance.report_dagster_event(success, done.run_id)
    keys = ["going", "failed", "old", "made", "never made", "unheard of"]
    assert instance.get_status_by_partition(KEY, keys) == {
        "going": AssetPartitionStatus.IN_PROGRESS,
        "failed": AssetPartitionStatus.FAILED,
        "old": AssetPartitionStatus.FAILED,
        "made": AssetPartitionStatus.MATERIALIZED,
        "never made": None,
        "unheard of": None,
    }
    # What a storage of somebody else's would say, which has nothing faster.
    logs, statuses = instance.event_log_storage, run_statuses(instance.run_storage)
    assert derived.status_by_partition(logs, KEY, keys, statuses) == instance.get_status_by_partition(
        KEY, keys
    )
    planned = instance.fetch_planned_materializations(KEY, limit=3)
    assert (len(planned.records), planned.has_more) == (3, True)
    info = instance.get_latest_planned_materialization_info(KEY, "going")
    assert info is not None
    assert info.run_id == going.run_id
    instance.wipe_asset_partitions(KEY, ["made"])
    assert instance.get_status_by_partition(KEY, ["made"]) == {"made": None}


def test_dynamic_partitions(instance: DagsterInstance) -> None:
    name = "customers/'%"
    before = instance.get_dynamic_partitions_definition_id(name)
    instance.add_dynamic_partitions(name, ["b", "a", "it's"])
    instance.add_dynamic_partitions(name, ["a", "c"])
    assert instance.get_dynamic_partitions(name) == ["b", "a", "it's", "c"]
    assert instance.get_dynamic_partitions_definition_id(name) != before
    assert instance.has_dynamic_partition(name, "it's")
    assert instance.get_existing_dynamic_partitions(name, ["a", "z"]) == {"a"}
    instance.delete_dynamic_partition(name, "a")
    instance.delete_dynamic_partition(name, "nothing")
    page = instance.get_paginated_dynamic_partitions(name, limit=2, ascending=True)
    assert (page.results, page.has_more) == (["b", "it's"], True)
    with pytest.raises(CheckError, match="got a single one"):
        instance.add_dynamic_partitions(name, "abc")


def test_partitions_of_any_text(instance: DagsterInstance) -> None:
    keys = [text for text in NASTY_TEXTS if text]
    instance.add_dynamic_partitions("d", keys)
    assert instance.get_dynamic_partitions("d") == keys
    known = instance.get_dynamic_partitions_definition_id("d")
    instance.delete_dynamic_partition("d", keys[-1])
    assert instance.get_dynamic_partitions_definition_id("d") != known


def test_signs_of_life(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_time, "now", lambda: 10_000.0)
    instance.add_daemon_heartbeat(DaemonHeartbeat(9_999.0, "SENSOR", "d", None))
    instance.add_daemon_heartbeat(DaemonHeartbeat(1.0, "BACKFILL", "d", None))
    assert set(instance.get_daemon_heartbeats()) == {"SENSOR", "BACKFILL"}
    statuses = instance.get_daemon_statuses(["SENSOR", "BACKFILL", "MONITORING"])
    assert [status.healthy for status in statuses.values()] == [True, False, None]
    assert {"SENSOR", "BACKFILL"} <= set(instance.get_required_daemon_types())
    instance.wipe_daemon_heartbeats()
    assert instance.get_daemon_heartbeats() == {}


class Schedule:
    """A schedule, as a code location tells of it."""

    name = "nightly"
    cron_schedule = "0 2 * * *"
    origin = RemoteInstigatorOrigin(
        RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "repository"), "nightly"
    )

    def get_remote_origin(self) -> Any:
        return self.origin

    def get_remote_origin_id(self) -> str:
        return self.origin.get_id()

    @property
    def selector_id(self) -> str:
        return InstigatorState(
            self.origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING
        ).selector_id


def test_schedules_are_started_and_stopped(durable: DagsterInstance) -> None:
    from dagster._core.scheduler import DagsterScheduleDoesNotExist, DagsterSchedulerError

    schedule = Schedule()
    ids = (schedule.get_remote_origin_id(), schedule.selector_id)
    with pytest.raises(DagsterScheduleDoesNotExist, match="never started"):
        durable.stop_schedule(*ids)
    started = durable.start_schedule(schedule)
    assert started.status is InstigatorStatus.RUNNING
    assert isinstance(started.instigator_data, ScheduleInstigatorData)
    assert started.instigator_data.start_timestamp is not None
    assert durable.get_instigator_state(*ids) == started
    with pytest.raises(DagsterSchedulerError, match='"nightly", but it is already running'):
        durable.start_schedule(schedule)
    assert durable.stop_schedule(*ids).status is InstigatorStatus.STOPPED
    assert durable.stop_schedule(*ids, schedule).status is InstigatorStatus.STOPPED
    assert durable.start_schedule(schedule).status is InstigatorStatus.RUNNING
    assert durable.reset_schedule(schedule).status is InstigatorStatus.DECLARED_IN_CODE
    assert [state.name for state in durable.all_instigator_state()] == ["nightly"]
    debug = durable.scheduler_debug_info()
    assert debug.errors == []
    assert "DECLARED_IN_CODE" in debug.schedule_storage[0]
    assert durable.logs_path_for_schedule("../x").startswith(durable.schedules_directory())
    durable.delete_instigator_state(*ids)
    assert durable.all_instigator_state() == []


class Sensor:
    """A sensor, as a code location tells of it."""

    min_interval_seconds = 30
    sensor_type = "STANDARD"
    origin = RemoteInstigatorOrigin(Schedule.origin.repository_origin, "files")

    def get_remote_origin(self) -> Any:
        return self.origin

    def get_remote_origin_id(self) -> str:
        return self.origin.get_id()

    @property
    def selector_id(self) -> str:
        return self.origin.get_selector().get_id()


def _cursor(state: InstigatorState) -> str | None:
    data = state.sensor_instigator_data
    assert data is not None
    return data.cursor


def test_sensors_are_started_and_stopped(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensor = Sensor()
    ids = (sensor.get_remote_origin_id(), sensor.selector_id)
    with pytest.raises(DagsterInvariantViolationError, match="never started"):
        instance.stop_sensor(*ids)
    monkeypatch.setattr(_time, "now", lambda: 100.0)
    started = instance.start_sensor(sensor)
    assert (started.status, started.name) == (InstigatorStatus.RUNNING, "files")
    assert started.instigator_data == SensorInstigatorData(
        min_interval=30, last_sensor_start_timestamp=100.0, sensor_type="STANDARD"
    )
    assert instance.get_instigator_state(*ids) == started
    monkeypatch.setattr(_time, "now", lambda: 200.0)
    assert instance.start_sensor(sensor) == started  # it was running
    # What the daemon writes down stays, whoever turns the sensor on and off.
    seen = SensorInstigatorData(5.0, "key", 30, "cursor")
    instance.update_instigator_state(started.with_data(seen))
    stopped = instance.stop_sensor(*ids)
    assert (stopped.status, stopped.instigator_data) == (InstigatorStatus.STOPPED, seen)
    assert instance.stop_sensor(*ids, sensor) == stopped
    again = instance.start_sensor(sensor)
    assert again.instigator_data == seen._replace(
        last_sensor_start_timestamp=200.0, sensor_type="STANDARD"
    )
    reset = instance.reset_sensor(sensor)
    assert reset.status is InstigatorStatus.DECLARED_IN_CODE
    assert _cursor(reset) == "cursor"
    assert instance.all_instigator_state(instigator_type=InstigatorType.SENSOR) == [reset]


def test_a_sensor_that_its_code_turns_on_is_stopped(instance: DagsterInstance) -> None:
    sensor = Sensor()
    stopped = instance.stop_sensor(sensor.get_remote_origin_id(), sensor.selector_id, sensor)
    assert stopped.status is InstigatorStatus.STOPPED
    assert instance.all_instigator_state() == [stopped]
    instance.delete_instigator_state(sensor.get_remote_origin_id(), sensor.selector_id)
    assert instance.reset_sensor(sensor).status is InstigatorStatus.DECLARED_IN_CODE


def test_ticks(instance: DagsterInstance) -> None:
    def tick(timestamp: float, status: TickStatus) -> TickData:
        return TickData("o", "n", InstigatorType.SCHEDULE, status, timestamp, selector_id="s")

    first = instance.create_tick(tick(1.0, TickStatus.SUCCESS))
    second = instance.create_tick(tick(2.0, TickStatus.STARTED))
    assert instance.get_ticks("o", "s") == [second, first]
    assert instance.get_tick("o", "s", 2.0) == second
    assert instance.get_tick("o", "s", 1.5) is None
    done = instance.update_tick(second.with_status(TickStatus.SKIPPED))
    assert instance.get_ticks("o", "s", limit=1) == [done]
    assert len(instance.get_tick_summaries("o", "s")) == 2
    assert instance.supports_batch_tick_queries
    assert instance.get_batch_ticks(["s"], limit=1) == {"s": [done]}
    instance.purge_ticks("o", "s", before=1.5)
    assert instance.get_ticks("o", "s") == [done]


def test_backfills(instance: DagsterInstance) -> None:
    backfill = PartitionBackfill("b", BulkActionStatus.REQUESTED, from_failure=False, tags={})
    instance.add_backfill(backfill)
    assert instance.get_backfill("b") == backfill
    assert instance.get_backfill("nothing") is None
    instance.update_backfill(backfill.with_status(BulkActionStatus.CANCELED))
    assert instance.get_backfills(status=BulkActionStatus.REQUESTED) == []
    assert instance.get_backfills_count() == 1


def test_what_it_is_made_of(instance: DagsterInstance) -> None:
    text = instance.info_str()
    assert "storage" in text
    assert "runs_" in instance.schema_str()


def test_upgrading_and_reindexing_change_nothing_that_is_current(durable: DagsterInstance) -> None:
    durable.report_runless_asset_event(AssetMaterialization(KEY, partition="a"))
    told: list[Any] = []
    durable.upgrade(told.append)
    durable.reindex(told.append)
    assert told
    assert durable.get_materialized_partitions(KEY) == {"a"}


def test_old_logs_are_pruned_and_summaries_stay(durable: DagsterInstance) -> None:
    run, going = durable.create_run(job_name="a"), durable.create_run(job_name="a")
    materialization = AssetMaterialization(KEY, partition="a")
    durable.report_runless_asset_event(materialization)
    for each in (run, going):
        durable.report_dagster_event(DagsterEvent(Type.RUN_START.value, "a"), each.run_id)
    durable.report_dagster_event(DagsterEvent(Type.RUN_SUCCESS.value, "a"), run.run_id)
    later = _time.now() + 10 * 86_400
    assert durable.prune_event_logs(now=later) == 0
    ref = durable.get_ref()._replace(settings={"retention": {"event_log": {"purge_after_days": 9}}})
    with DagsterInstance.from_ref(ref) as other:
        assert other.prune_event_logs(now=later - 2 * 86_400) == 0
        other.prune_event_logs(now=later)
        assert list(other.all_logs(run.run_id)) == []
        assert len(other.all_logs(going.run_id)) == 1
        found = other.get_run_by_id(run.run_id)
        assert found is not None
        assert found.is_success
        assert other.get_materialized_partitions(KEY) == {"a"}
