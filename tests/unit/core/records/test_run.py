from __future__ import annotations

import uuid
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from dagster._check import ParameterCheckError
from dagster._core.records import run as r
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.records.run import (
    DagsterRun,
    DagsterRunStatus,
    RunRecord,
    RunsFilter,
    make_new_run_id,
)
from dagster._wire.codec import deserialize_value, serialize_value

Status = DagsterRunStatus


def test_run_ids_are_new_uuids() -> None:
    one, other = make_new_run_id(), make_new_run_id()
    assert one != other
    assert uuid.UUID(one).version == 4
    assert str(uuid.UUID(one)) == one


def test_defaults() -> None:
    run = DagsterRun("j")
    assert uuid.UUID(run.run_id)
    assert run.run_config == run.tags == {}
    assert run.status is Status.NOT_STARTED
    assert run.mode is run.op_selection is run.step_keys_to_execute is None
    given = DagsterRun("j", None, None, status=None, tags=None, has_repository_load_data=None)
    assert uuid.UUID(given.run_id)
    assert (given.run_config, given.tags, given.status) == ({}, {}, Status.NOT_STARTED)
    assert given.has_repository_load_data is False


def test_positions_of_the_documented_constructor() -> None:
    run = DagsterRun(
        "j",
        "1",
        {"a": 1},
        {AssetKey("a")},
        None,
        ["a*"],
        {"a"},
        ["a"],
        Status.STARTED,
        {"t": "v"},
        "2",
        "3",
    )
    assert run.asset_selection == {AssetKey("a")}
    assert (run.op_selection, run.resolved_op_selection, run.step_keys_to_execute) == (
        ["a*"],
        {"a"},
        ["a"],
    )
    assert (run.root_run_id, run.parent_run_id, run.previous_run_id) == ("2", "3", "3")


def test_older_names() -> None:
    run = DagsterRun(
        "j", op_selection=["a*"], resolved_op_selection={"a"}, job_snapshot_id="s", mode="m"
    )
    assert run.pipeline_name == "j"
    assert run.solid_selection == ["a*"]
    assert run.solids_to_execute == {"a"}
    assert run.pipeline_snapshot_id == "s"
    assert run.mode == "m"
    assert run.external_pipeline_origin is None


@pytest.mark.parametrize("status", list(Status))
def test_how_a_run_stands(status: Status) -> None:
    run = DagsterRun("j", status=status)
    assert run.is_finished is (status.value in ("SUCCESS", "FAILURE", "CANCELED"))
    assert run.is_success is (status.value == "SUCCESS")
    assert run.is_failure is (status.value == "FAILURE")
    assert run.is_failure_or_canceled is (status.value in ("FAILURE", "CANCELED"))
    assert run.is_cancelable is (status.value in ("STARTED", "QUEUED"))


def test_groups_of_statuses() -> None:
    assert set(Status) == r.FINISHED_STATUSES | r.NOT_FINISHED_STATUSES
    assert not r.FINISHED_STATUSES & r.NOT_FINISHED_STATUSES
    assert {Status.STARTING, Status.STARTED, Status.CANCELING} == r.ACTIVE_RUN_STATUSES


def test_changed_copies() -> None:
    run = DagsterRun("j")
    assert run.with_status(Status.SUCCESS) == run._replace(status=Status.SUCCESS)
    assert run.with_tags({"a": "b"}).tags == {"a": "b"}
    assert run.with_mode("m").mode == "m"
    assert run.with_job_origin("o").remote_job_origin == "o"
    assert run.status is Status.NOT_STARTED


def test_what_tags_tell() -> None:
    tags = {"dagster/root_run_id": "1", "dagster/parent_run_id": "2", "dagster/is_resume_retry": "true"}
    run = DagsterRun("j", tags=tags)
    assert (run.get_root_run_id(), run.get_parent_run_id(), run.is_resume_retry) == ("1", "2", True)
    plain = DagsterRun("j")
    assert (plain.get_root_run_id(), plain.get_parent_run_id(), plain.is_resume_retry) == (
        None,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"job_name": 3}, "expected job_name to be a str"),
        ({"run_id": 3}, "expected run_id to be a str"),
        ({"run_config": []}, "expected run_config to be a mapping"),
        ({"tags": {"a": 1}}, r"expected tags\['a'\] to be a str"),
        ({"status": "x"}, "expected status to be a DagsterRunStatus"),
        ({"op_selection": "a"}, "expected op_selection to be a sequence"),
        ({"step_keys_to_execute": [1]}, "expected each item of step_keys_to_execute to be a str"),
        ({"resolved_op_selection": ["a"]}, "expected resolved_op_selection to be a set"),
        ({"asset_selection": {"a"}}, "expected each item of asset_selection to be an AssetKey"),
    ],
)
def test_wrong_runs_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ParameterCheckError, match=message):
        DagsterRun(**{"job_name": "j", **arguments})


def test_filters() -> None:
    assert (RunsFilter().statuses, RunsFilter().tags, RunsFilter().run_ids) == ([], {}, None)
    assert RunsFilter(statuses=None, tags=None) == RunsFilter()
    assert RunsFilter(job_name="j").pipeline_name == "j"
    for arguments, message in (
        ({"run_ids": "a"}, "expected run_ids to be a sequence"),
        ({"statuses": ["x"]}, "expected each item of statuses to be a DagsterRunStatus"),
        ({"tags": {1: "a"}}, "expected each key of tags to be a str"),
        ({"created_after": 3}, "expected created_after to be a datetime"),
    ):
        with pytest.raises(ParameterCheckError, match=message):
            RunsFilter(**arguments)


def test_runs_come_back_from_storage() -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC)
    run = DagsterRun(
        "j",
        asset_selection=frozenset({AssetKey("a")}),
        resolved_op_selection=frozenset("ab"),
        tags={"a": "b"},
    )
    record = RunRecord(1, run, now, now, 1.5)
    assert record.pipeline_run is run
    filters = RunsFilter(["1"], "j", [Status.FAILURE], {"a": ["b", "c"]}, created_after=now)
    for value in (run, record, filters):
        assert deserialize_value(serialize_value(value)) == value


def test_tags_of_runs_that_something_asked_for() -> None:
    schedule = SimpleNamespace(name="nightly")
    assert DagsterRun.tags_for_schedule(schedule) == {"dagster/schedule_name": "nightly"}
    assert DagsterRun.tags_for_sensor(schedule) == {"dagster/sensor_name": "nightly"}
    assert DagsterRun.tags_for_backfill_id("b") == {"dagster/backfill": "b"}
    assert DagsterRun.tags_for_tick_id("7") == {"dagster/tick": "7"}
    assert DagsterRun.tags_for_tick_id("7", has_evaluations=True) == {
        "dagster/tick": "7",
        "dagster/from_automation_condition": "true",
        "dagster/asset_evaluation_id": "7",
    }
    assert RunsFilter.for_schedule(schedule) == RunsFilter(tags={"dagster/schedule_name": "nightly"})
    assert RunsFilter.for_sensor(schedule) == RunsFilter(tags={"dagster/sensor_name": "nightly"})
    assert RunsFilter.for_backfill("b") == RunsFilter(tags={"dagster/backfill": "b"})


@pytest.mark.parametrize(
    ("status", "tags", "is_waiting"),
    [
        (Status.FAILURE, {"dagster/will_retry": "true"}, True),
        (Status.FAILURE, {"dagster/will_retry": "true", "dagster/auto_retry_run_id": "x"}, False),
        (Status.FAILURE, {"dagster/will_retry": "false"}, False),
        (Status.FAILURE, {}, False),
        (Status.STARTED, {"dagster/will_retry": "true"}, False),
        (Status.SUCCESS, {"dagster/will_retry": "true"}, False),
        (Status.CANCELED, {"dagster/will_retry": "true"}, False),
    ],
)
def test_waiting_for_the_next_attempt(status: Status, tags: dict[str, str], is_waiting: bool) -> None:
    assert DagsterRun("j", status=status, tags=tags).is_complete_and_waiting_to_retry is is_waiting


@pytest.mark.parametrize(
    ("tag", "is_partitioned"),
    [
        ("dagster/partition", True),
        ("dagster/asset_partition_range_start", True),
        ("dagster/asset_partition_range_end", True),
        ("dagster/partition_set", False),
    ],
)
def test_runs_of_partitions(tag: str, is_partitioned: bool) -> None:
    assert DagsterRun("j", tags={tag: "p"}).is_partitioned is is_partitioned


def test_what_a_run_selects_of_assets_and_checks() -> None:
    key, check_key = AssetKey("a"), ("a", "check")
    assert DagsterRun("j").entity_selection == set()
    assert DagsterRun("j", asset_selection={key}).entity_selection == {key}
    both = DagsterRun("j", asset_selection={key}, asset_check_selection={check_key})
    assert both.entity_selection == {key, check_key}


def test_what_a_run_is_labelled_with() -> None:
    run = DagsterRun("j", run_id="r", tags={"k": "v"})
    assert run.dagster_execution_info == {"dagster/run-id": "r", "dagster/job": "j"}
    assert run.tags_for_storage() == {"k": "v"}
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "repo")
    run = run.with_job_origin(repository.get_job_origin("j"))
    assert run.dagster_execution_info == {
        "dagster/run-id": "r",
        "dagster/job": "j",
        "dagster/code-location": "here",
    }
    assert run.tags_for_storage() == {".dagster/repository": "repo@here", "k": "v"}
    assert run.tags == {"k": "v"}
    assert deserialize_value(serialize_value(run)) == run
