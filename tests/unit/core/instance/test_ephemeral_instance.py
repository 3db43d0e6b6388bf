"""The ephemeral instance: runs, logs, listeners, directories, settings."""

from __future__ import annotations

import gc
import logging
import os
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

import dagster._time as _time
from dagster._check import ParameterCheckError
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvariantViolationError,
    DagsterRunNotFoundError,
)
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import EngineEventData, JobFailureData
from dagster._core.instance.instance import DagsterInstance, InstanceType
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunsFilter


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as made:
        yield made


@op
def one():
    return 1


@job(tags={"of": "job"})
def small():
    one()


# Runs


def test_a_run_of_a_job(instance: DagsterInstance) -> None:
    run = instance.create_run_for_job(
        small,
        run_config={"a": 1},
        tags={"more": "x"},
        parent_run_id="p",
        root_run_id="r",
        status="STARTING",
    )
    assert instance.get_run_by_id(run.run_id) == run
    assert instance.has_run(run.run_id)
    assert run.status is DagsterRunStatus.STARTING
    assert run.tags == {
        "of": "job",
        "more": "x",
        "dagster/parent_run_id": "p",
        "dagster/root_run_id": "r",
    }
    assert (run.parent_run_id, run.root_run_id) == ("p", "r")
    assert instance.create_run_for_job(small, run_id="own").run_id == "own"
    assert instance.create_run_for_job(small).status is DagsterRunStatus.NOT_STARTED


def test_lineage_does_not_leak_into_other_runs(instance: DagsterInstance) -> None:
    instance.create_run(job_name="small", parent_run_id="p", root_run_id="r")
    assert instance.create_run(job_name="small").tags == {}


def test_ids_of_runs_are_unique(instance: DagsterInstance) -> None:
    instance.create_run_for_job(small, run_id="a")
    with pytest.raises(DagsterInvariantViolationError, match="A run with id a already exists"):
        instance.create_run_for_job(small, run_id="a")


def test_runs_that_are_not_there(instance: DagsterInstance) -> None:
    assert instance.get_run_by_id("nowhere") is None
    assert instance.get_run_record_by_id("nowhere") is None
    assert not instance.has_run("nowhere")
    instance.delete_run("nowhere")
    with pytest.raises(DagsterRunNotFoundError) as caught:
        instance.add_run_tags("nowhere", {"a": "b"})
    assert caught.value.invalid_run_id == "nowhere"
    assert str(caught.value) == 'There is no run with id "nowhere".'


def add(instance: DagsterInstance, run_id: str, **kwargs: object) -> None:
    instance.add_run(DagsterRun(run_id=run_id, **{"job_name": "j", **kwargs}))  # type: ignore[arg-type]


def test_lists_of_runs(instance: DagsterInstance) -> None:
    for run_id in "abcd":
        add(instance, run_id)
    assert list(instance.get_run_ids()) == ["d", "c", "b", "a"]
    assert list(instance.get_run_ids(limit=2)) == ["d", "c"]
    assert list(instance.get_run_ids(cursor="c")) == ["b", "a"]
    assert list(instance.get_run_ids(cursor="c", limit=1)) == ["b"]
    assert [r.run_id for r in instance.get_runs(ascending=True, cursor="b")] == ["c", "d"]
    assert list(instance.get_run_ids(cursor="nowhere")) == []
    assert instance.get_runs_count() == 4
    # A cursor that the filter leaves out still has its place.
    assert list(instance.get_run_ids(RunsFilter(run_ids=["d", "a"]), cursor="c")) == ["a"]


def test_what_runs_are_looked_for(instance: DagsterInstance) -> None:
    add(instance, "a", tags={"t": "1", "u": "x"}, status=DagsterRunStatus.SUCCESS)
    add(instance, "b", tags={"t": "2"}, status=DagsterRunStatus.FAILURE, job_name="other")
    add(instance, "c", tags={"dagster/backfill": "bf"}, job_snapshot_id="snap")

    def found(**kwargs: object) -> str:
        return "".join(sorted(instance.get_run_ids(RunsFilter(**kwargs))))  # type: ignore[arg-type]

    assert found() == "abc"
    assert found(run_ids=["a", "c"]) == "ac"
    assert found(run_ids=[]) == ""
    assert found(job_name="other") == "b"
    assert found(statuses=[DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE]) == "ab"
    assert found(tags={"t": "1"}) == "a"
    assert found(tags={"t": ["1", "2"]}) == "ab"
    assert found(tags={"t": "1", "u": "y"}) == ""
    assert found(snapshot_id="snap") == "c"
    assert found(exclude_subruns=True) == "ab"
    assert instance.get_runs_count(RunsFilter(job_name="j")) == 2


def test_when_runs_were_made_and_changed(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(100, 200))
    monkeypatch.setattr(_time, "now", lambda: float(next(clock)))
    add(instance, "a")
    add(instance, "b")
    instance.add_run_tags("a", {"x": "y"})

    def at(seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    record = instance.get_run_record_by_id("a")
    assert record is not None
    assert record.dagster_run.tags == {"x": "y"}
    assert (record.create_timestamp, record.update_timestamp) == (at(100), at(102))
    assert (record.start_time, record.end_time) == (None, None)
    assert list(instance.get_run_ids(RunsFilter(created_after=at(100)))) == ["b"]
    assert list(instance.get_run_ids(RunsFilter(created_before=at(101)))) == ["a"]
    assert list(instance.get_run_ids(RunsFilter(updated_after=at(101)))) == ["a"]
    assert list(instance.get_run_ids(RunsFilter(updated_before=at(102)))) == ["b"]
    by_change = instance.get_run_records(order_by="update_timestamp", ascending=True)
    assert [r.dagster_run.run_id for r in by_change] == ["b", "a"]
    assert [r.storage_id for r in instance.get_run_records()] == [2, 1]
    with pytest.raises(DagsterInvariantViolationError, match="unknown order of runs"):
        instance.get_run_records(order_by="name")


def test_the_log_gives_a_run_its_status_and_times(instance: DagsterInstance) -> None:
    result = small.execute_in_process(instance=instance)
    record = instance.get_run_record_by_id(result.run_id)
    assert record is not None
    assert record.dagster_run.status is DagsterRunStatus.SUCCESS
    assert record.start_time is not None
    assert record.end_time is not None
    assert record.start_time <= record.end_time
    assert record.update_timestamp.timestamp() == pytest.approx(record.end_time)


def test_deleting(instance: DagsterInstance) -> None:
    first = small.execute_in_process(instance=instance)
    second = small.execute_in_process(instance=instance)
    instance.delete_run(first.run_id)
    assert instance.get_run_by_id(first.run_id) is None
    assert instance.all_logs(first.run_id) == []
    assert instance.has_run(second.run_id)
    instance.wipe()
    assert instance.get_runs() == []
    assert instance.all_logs(second.run_id) == []


# Logs


def test_logs_by_type_and_position(instance: DagsterInstance) -> None:
    run_id = small.execute_in_process(instance=instance).run_id
    everything = instance.all_logs(run_id)
    (start,) = instance.all_logs(run_id, DagsterEventType.STEP_START)
    assert start.step_key == "one"
    both = instance.all_logs(run_id, {DagsterEventType.STEP_START, DagsterEventType.PIPELINE_START})
    assert [e.dagster_event_type for e in both] == [
        DagsterEventType.RUN_START,
        DagsterEventType.STEP_START,
    ]
    assert instance.logs_after(run_id) == everything
    assert instance.logs_after(run_id, -1) == everything
    assert instance.logs_after(run_id, 2) == everything[3:]
    assert instance.logs_after(run_id, 2, limit=2) == everything[3:5]
    place = list(everything).index(start)
    assert instance.logs_after(run_id, place - 1, DagsterEventType.STEP_START) == [start]
    assert instance.logs_after(run_id, place, DagsterEventType.STEP_START) == []
    assert instance.logs_after(run_id, place, {DagsterEventType.RUN_SUCCESS}) == [everything[-1]]
    assert instance.all_logs("nowhere") == []


def test_listeners_hear_each_entry_of_their_run(instance: DagsterInstance) -> None:
    heard: list[EventLogEntry] = []
    instance.add_event_listener("mine", lambda entry, _cursor: heard.append(entry))
    small.execute_in_process(instance=instance, run_id="other")
    assert heard == []
    small.execute_in_process(instance=instance, run_id="mine")
    assert heard == list(instance.all_logs("mine"))
    with pytest.raises(ParameterCheckError):
        instance.add_event_listener("mine", "not callable")  # type: ignore[arg-type]


def test_an_entry_that_is_only_stored_is_told_to_nobody(instance: DagsterInstance) -> None:
    heard: list[EventLogEntry] = []
    add(instance, "a")
    instance.add_event_listener("a", lambda entry, _cursor: heard.append(entry))
    entry = EventLogEntry(None, 20, "hello", "a", 1.0)
    instance.store_event(entry)
    assert heard == []
    instance.handle_new_event(entry)
    assert heard == [entry]
    assert instance.all_logs("a") == [entry, entry]


def test_reports_change_the_status(instance: DagsterInstance) -> None:
    add(instance, "a")
    run = instance.get_run_by_id("a")
    assert run is not None

    def status() -> DagsterRunStatus:
        found = instance.get_run_by_id("a")
        assert found is not None
        return found.status

    instance.report_run_canceling(run)
    assert status() is DagsterRunStatus.CANCELING
    canceled = instance.report_run_canceled(run)
    assert status() is DagsterRunStatus.CANCELED
    assert canceled.message == (
        "This run has been marked as canceled from outside the execution context."
    )
    error = error_info_from_exception(ValueError("lost"))
    failed = instance.report_run_failed(run, "Lost.", JobFailureData(error))
    assert status() is DagsterRunStatus.FAILURE
    assert (failed.message, failed.job_failure_data.error) == ("Lost.", error)
    levels = [e.level for e in instance.all_logs("a")]
    assert levels == [20, 40, 40]
    assert instance.all_logs("a")[-1].error_info == error


def test_engine_events(instance: DagsterInstance) -> None:
    add(instance, "a")
    run = instance.get_run_by_id("a")
    event = instance.report_engine_event("Says.", run, cls=DagsterInstance, step_key="s")
    assert (event.message, event.step_key) == ("[DagsterInstance] Says.", "s")
    error = error_info_from_exception(ValueError("x"))
    instance.report_engine_event(
        "Fails.", job_name="j", run_id="a", engine_event_data=EngineEventData(error=error)
    )
    first, second = instance.all_logs("a")
    assert (first.level, second.level, second.error_info) == (20, 40, error)
    with pytest.raises(
        DagsterInvariantViolationError, match="either dagster_run, or both job_name and run_id"
    ):
        instance.report_engine_event("Says.", run_id="a")


def test_events_from_outside(instance: DagsterInstance) -> None:
    add(instance, "a")
    event = DagsterEvent(DagsterEventType.RUN_START.value, "j", message="Go.")
    instance.report_dagster_event(event, "a", "warning", timestamp=5.0)
    (entry,) = instance.all_logs("a")
    assert (entry.level, entry.timestamp, entry.message) == (logging.WARNING, 5.0, "Go.")
    assert instance.get_run_by_id("a").status is DagsterRunStatus.STARTED  # type: ignore[union-attr]


def test_runs_may_be_there_from_the_beginning() -> None:
    with DagsterInstance.ephemeral() as first:
        result = small.execute_in_process(instance=first)
        payload = SimpleNamespace(
            dagster_run=result.dagster_run, event_list=first.all_logs(result.run_id)
        )
        with DagsterInstance.ephemeral(preload=[payload]) as second:
            assert second.get_run_by_id(result.run_id) == result.dagster_run
            assert second.all_logs(result.run_id) == first.all_logs(result.run_id)


# Directories and settings


def test_files_go_with_the_instance() -> None:
    instance = DagsterInstance.ephemeral()
    root = instance.root_directory
    assert os.path.isdir(root)
    assert instance.storage_directory() == os.path.join(root, "storage")
    assert instance.file_manager_directory("r") == os.path.join(root, "storage", "r", "files")
    assert instance.intermediates_directory("r") == os.path.join(root, "storage", "r", "intermediates")
    instance.dispose()
    assert not os.path.exists(root)
    instance.dispose()


def test_files_go_when_nobody_holds_the_instance() -> None:
    instance = DagsterInstance.ephemeral()
    root = instance.root_directory
    del instance
    gc.collect()
    assert not os.path.exists(root)


def test_a_directory_of_the_user_stays(tmp_path) -> None:
    with DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        assert instance.root_directory == str(tmp_path)
    assert tmp_path.exists()


def test_what_kind_of_instance_it_is(instance: DagsterInstance) -> None:
    assert instance.is_ephemeral
    assert not instance.is_persistent
    assert not instance.telemetry_enabled
    assert [t.value for t in InstanceType] == ["PERSISTENT", "EPHEMERAL"]


def test_settings() -> None:
    settings = {
        "python_logs": {"managed_python_loggers": ["a", "b"], "python_log_level": "INFO"},
    }
    with DagsterInstance.ephemeral(settings=settings) as instance:
        assert list(instance.managed_python_loggers) == ["a", "b"]
        assert instance.python_log_level == "INFO"
        assert instance.get_settings("python_logs")["python_log_level"] == "INFO"
        assert instance.get_settings("nothing") is None
        assert list(instance.get_handlers()) == []


def test_wrong_settings_are_told_with_the_nearest_name() -> None:
    with pytest.raises(DagsterInvalidConfigError) as caught:
        DagsterInstance.ephemeral(settings={"python_logs": {"python_log_leve": "INFO", "x": 1}})
    assert "python_logs" in str(caught.value)
    assert "python_log_level" in str(caught.value)
