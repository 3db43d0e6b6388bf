"""The stored form of exported runs, and carrying them over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagster._check import ParameterCheckError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.instance import run_transfer
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.debug_payload import DebugRunPayload
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._wire.codec import deserialize_value, serialize_value

# What is written here has been written to somebody's disk: never change it.
GOLDEN = (
    '{"__class__":"DebugRunPayload","version":"0.1.0","dagster_run":{"__class__":"DagsterRun"'
    ',"job_name":"j","run_id":"r","run_config":{},"asset_selection":null,"asset_check_selecti'
    'on":null,"op_selection":null,"resolved_op_selection":null,"step_keys_to_execute":null,"s'
    'tatus":{"__enum__":"DagsterRunStatus.NOT_STARTED"},"tags":{},"root_run_id":null,"parent_'
    'run_id":null,"job_snapshot_id":null,"execution_plan_snapshot_id":null,"remote_job_origin'
    '":null,"job_code_origin":null,"has_repository_load_data":false,"run_op_concurrency":null'
    ',"partitions_subset":null,"mode":null},"event_list":[{"__class__":"EventLogEntry","error'
    '_info":null,"level":20,"user_message":"m","run_id":"r","timestamp":1.5,"step_key":null,"'
    'job_name":null,"dagster_event":null}],"job_snapshot":null,"execution_plan_snapshot":null'
    ',"parent_job_snapshot":null,"create_time":{"__datetime__":"2020-01-01T00:00:00+00:00"}}'
)
PAYLOAD = DebugRunPayload(
    "0.1.0",
    DagsterRun("j", "r"),
    [EventLogEntry(None, 20, "m", "r", 1.5)],
    create_time=datetime(2020, 1, 1, tzinfo=UTC),
)


def test_stored_form() -> None:
    assert serialize_value(PAYLOAD) == GOLDEN
    assert deserialize_value(GOLDEN, DebugRunPayload) == PAYLOAD


def test_arguments_are_checked() -> None:
    with pytest.raises(ParameterCheckError, match="dagster_run"):
        DebugRunPayload("1", "r", [])  # type: ignore[arg-type]


def test_an_instance_starts_with_payloads() -> None:
    with DagsterInstance.ephemeral(preload=[PAYLOAD]) as instance:
        assert [entry.user_message for entry in instance.all_logs("r")] == ["m"]


def _entry(kind: DagsterEventType, timestamp: float) -> EventLogEntry:
    event = DagsterEvent(kind.value, "j")
    return EventLogEntry(None, 10, "", "r", timestamp, None, "j", event)


def test_times_come_from_the_log(tmp_path: Path) -> None:
    log = [_entry(DagsterEventType.RUN_START, 5.0), _entry(DagsterEventType.RUN_SUCCESS, 7.0)]
    run = DagsterRun("j", "r", status=DagsterRunStatus.SUCCESS)
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        run_transfer.add_debug_payload(instance, PAYLOAD._replace(dagster_run=run, event_list=log))
        record = instance.get_run_record_by_id("r")
        assert record is not None
        assert record.dagster_run.status is DagsterRunStatus.SUCCESS
        assert (record.start_time, record.end_time) == (5.0, 7.0)
        assert record.create_timestamp == PAYLOAD.create_time


def test_a_run_whose_log_was_pruned_keeps_its_status(tmp_path: Path) -> None:
    run = DagsterRun("j", "r", status=DagsterRunStatus.FAILURE)
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        run_transfer.add_debug_payload(instance, PAYLOAD._replace(dagster_run=run))
        found = instance.get_run_by_id("r")
        assert found is not None
        assert found.status is DagsterRunStatus.FAILURE


def test_half_a_log_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_transfer, "_BATCH", 1)
    calls = []

    def store(*args: object) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(run_transfer, "store_entries", store)
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        with pytest.raises(KeyboardInterrupt):
            run_transfer.add_debug_payload(
                instance, PAYLOAD._replace(event_list=[*PAYLOAD.event_list] * 3)
            )
        assert not instance.has_run("r")


def test_half_a_file_is_not_left(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        run_transfer.write_debug_payload(PAYLOAD, str(tmp_path / "nowhere" / "x.gz"))
    (tmp_path / "x.gz").mkdir()
    with pytest.raises(OSError, match="directory"):
        run_transfer.write_debug_payload(PAYLOAD, str(tmp_path / "x.gz"))
    assert [path.name for path in tmp_path.iterdir()] == ["x.gz"]
