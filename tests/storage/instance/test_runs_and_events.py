"""Runs and their logs, through an instance, on every kind of storage."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvariantViolationError, DagsterRunNotFoundError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.instance.events import DagsterEventBatchMetadata
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.event_records import EventRecordsFilter, StepEventStatus
from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunsFilter

Type = DagsterEventType
Status = DagsterRunStatus


@op
def one(context: Any) -> int:
    context.log.info("here")
    return 1


@op
def fail(value: int) -> int:
    raise ValueError(f"not {value}")


@job(tags={"team": "core"})
def good() -> None:
    one()


@job
def bad() -> None:
    fail(one())


def test_a_run_is_kept_with_its_log(instance: DagsterInstance) -> None:
    result = good.execute_in_process(instance=instance, tags={"mine": "ü'%_"})
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    assert run.status is Status.SUCCESS
    assert run.tags == {"team": "core", "mine": "ü'%_"}
    entries = instance.all_logs(result.run_id)
    kinds = [entry.dagster_event_type for entry in entries]
    assert kinds[0] is Type.RUN_START
    assert kinds[-1] is Type.RUN_SUCCESS
    assert [e.event_type for e in result.all_events] == [kind for kind in kinds if kind is not None]
    assert [entry.user_message for entry in entries if entry.dagster_event is None] == ["here"]


def test_a_failed_run_is_kept_with_its_error(instance: DagsterInstance) -> None:
    result = bad.execute_in_process(instance=instance, raise_on_error=False)
    record = instance.get_run_record_by_id(result.run_id)
    assert record is not None
    assert record.dagster_run.status is Status.FAILURE
    assert record.start_time is not None
    assert record.end_time is not None
    assert record.end_time >= record.start_time
    stats = instance.get_run_stats(result.run_id)
    assert (stats.steps_succeeded, stats.steps_failed) == (1, 1)
    steps = {step.step_key: step.status for step in instance.get_run_step_stats(result.run_id)}
    assert steps == {"one": StepEventStatus.SUCCESS, "fail": StepEventStatus.FAILURE}
    (failure,) = instance.all_logs(result.run_id, of_type=Type.STEP_FAILURE)
    assert "not 1" in str(failure.get_dagster_event().step_failure_data.error)


def test_runs_are_found(instance: DagsterInstance) -> None:
    first = instance.create_run(job_name="a", tags={"k": "v"})
    second = instance.create_run(job_name="b", tags={"k": "w"}, status="QUEUED")
    third = instance.create_run(job_name="a", parent_run_id=first.run_id, root_run_id=first.run_id)
    assert [run.run_id for run in instance.get_runs()] == [third.run_id, second.run_id, first.run_id]
    assert instance.get_run_ids(RunsFilter(job_name="a")) == [third.run_id, first.run_id]
    assert instance.get_runs(RunsFilter(tags={"k": ["v", "w"]}), limit=1) == [second]
    assert instance.get_runs(cursor=second.run_id) == [first]
    assert instance.get_runs_count(RunsFilter(statuses=[Status.QUEUED])) == 1
    assert instance.get_run_records(ascending=True)[0].dagster_run == first
    assert set(instance.get_run_tag_keys()) >= {"k"}
    assert instance.get_run_tags(["k"]) == [("k", {"v", "w"})]
    group = instance.get_run_group(third.run_id)
    assert group is not None
    assert group[0] == first.run_id
    assert {run.run_id for run in group[1]} == {first.run_id, third.run_id}
    assert instance.get_run_by_id("nothing") is None
    assert instance.get_run_record_by_id("nothing") is None
    assert not instance.has_run("nothing")


def test_tags_are_added(instance: DagsterInstance) -> None:
    run = instance.create_run(job_name="a", tags={"k": "v", "stays": "1"})
    instance.add_run_tags(run.run_id, {"k": "w", "new": "2"})
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.tags == {"k": "w", "stays": "1", "new": "2"}
    with pytest.raises(DagsterRunNotFoundError):
        instance.add_run_tags("nothing", {})


def test_an_id_is_given_once(instance: DagsterInstance) -> None:
    instance.create_run(job_name="a", run_id="x")
    with pytest.raises(DagsterInvariantViolationError, match="already exists"):
        instance.create_run(job_name="a", run_id="x")
    instance.all_logs("x")
    with pytest.raises(DagsterInvariantViolationError, match="already exists"):
        instance.create_run(job_name="a", run_id="x")


def test_a_managed_run_is_stored_once(instance: DagsterInstance) -> None:
    made = instance.register_managed_run("a", "x", {"ops": {}})
    assert made.status is Status.MANAGED
    assert instance.register_managed_run("a", "x", {"ops": {}}) == made
    with pytest.raises(DagsterInvariantViolationError, match="Use another run id"):
        instance.register_managed_run("b", "x", {})


def test_a_deleted_run_is_gone_with_its_log(instance: DagsterInstance) -> None:
    kept = good.execute_in_process(instance=instance).run_id
    gone = good.execute_in_process(instance=instance).run_id
    instance.delete_run(gone)
    instance.delete_run("nothing")
    assert instance.get_run_by_id(gone) is None
    assert instance.all_logs(gone) == []
    assert instance.get_run_ids() == [kept]
    instance.wipe()
    assert instance.get_runs() == []
    assert instance.all_logs(kept) == []


def test_odd_ids_stay_apart(instance: DagsterInstance, tmp_path: Any) -> None:
    ids = ["../up", "a/b", "a%2Fb", "it's", "x" * 5_000, "x" * 5_001, "😀", "..", "A", "a", "new\nline"]
    for run_id in ids:
        instance.create_run(job_name=run_id, run_id=run_id)
        instance.report_engine_event(run_id, run_id=run_id, job_name=run_id)
        assert instance.file_manager_directory(run_id).startswith(f"{tmp_path}/storage/")
    for run_id in ids:
        found = instance.get_run_by_id(run_id)
        assert found is not None
        assert found.job_name == run_id
        assert [entry.message for entry in instance.all_logs(run_id)] == [run_id]
    assert not (tmp_path.parent / "up.db").exists()


def test_status_follows_the_events(instance: DagsterInstance) -> None:
    run = instance.create_run(job_name="a")
    seen = []
    for kind in (Type.RUN_ENQUEUED, Type.RUN_STARTING, Type.RUN_START, Type.RUN_CANCELING):
        instance.report_dagster_event(DagsterEvent(kind.value, "a"), run.run_id)
        found = instance.get_run_by_id(run.run_id)
        assert found is not None
        seen.append(found.status)
    assert seen == [Status.QUEUED, Status.STARTING, Status.STARTED, Status.CANCELING]
    instance.report_run_canceled(run)
    assert instance.get_runs()[0].status is Status.CANCELED
    changes = instance.fetch_run_status_changes(Type.RUN_CANCELED, limit=10)
    assert [record.run_id for record in changes.records] == [run.run_id]
    records = instance.get_event_records(EventRecordsFilter(Type.RUN_START))
    assert [record.run_id for record in records] == [run.run_id]


def test_a_log_is_paged(instance: DagsterInstance) -> None:
    run_id = good.execute_in_process(instance=instance).run_id
    everything = instance.all_logs(run_id)
    page = instance.get_records_for_run(run_id, limit=3)
    assert [record.event_log_entry for record in page.records] == everything[:3]
    assert page.has_more
    rest = instance.get_records_for_run(run_id, cursor=page.cursor)
    assert [record.event_log_entry for record in rest.records] == everything[3:]
    assert not rest.has_more
    assert list(instance.logs_after(run_id, -1, limit=2)) == everything[:2]


def test_entries_of_a_batch_are_stored_with_its_last(instance: DagsterInstance) -> None:
    run = instance.create_run(job_name="a")
    heard: list[EventLogEntry] = []
    instance.add_event_listener(run.run_id, lambda entry, _cursor: heard.append(entry))
    for number in range(3):
        event = DagsterEvent(Type.ENGINE_EVENT.value, "a", message=str(number))
        batch = DagsterEventBatchMetadata("batch", is_end=number == 2)
        instance.report_dagster_event(event, run.run_id, batch_metadata=batch)
        assert len(instance.all_logs(run.run_id)) == (3 if number == 2 else 0)
    assert [entry.message for entry in heard] == ["0", "1", "2"]


def test_new_entries_are_watched(instance: DagsterInstance) -> None:
    run = instance.create_run(job_name="a")
    heard: list[str] = []
    done = threading.Event()

    def hear(entry: EventLogEntry, _cursor: str) -> None:
        heard.append(entry.message)
        if len(heard) == 2:
            done.set()

    instance.report_engine_event("before", run)
    instance.watch_event_logs(run.run_id, None, hear)
    instance.report_engine_event("after", run)
    assert done.wait(20)
    instance.end_watch_event_logs(run.run_id, hear)
    assert heard == ["before", "after"]


def test_what_a_step_wrote_can_be_read_in_it(instance: DagsterInstance) -> None:
    seen: list[int] = []

    @op
    def look(context: Any) -> None:
        context.log.info("written")
        seen.append(sum(entry.user_message == "written" for entry in instance.all_logs(context.run_id)))
        run = instance.get_run_by_id(context.run_id)
        assert run is not None
        assert run.status is Status.STARTED

    @job
    def looking() -> None:
        look()

    assert looking.execute_in_process(instance=instance).success
    assert seen == [1]


def test_jobs_and_plans_are_kept_as_they_were(durable: DagsterInstance) -> None:
    result = bad.execute_in_process(instance=durable, raise_on_error=False)
    run = durable.get_run_by_id(result.run_id)
    assert run is not None
    assert run.job_snapshot_id is not None
    assert run.execution_plan_snapshot_id is not None
    assert durable.has_job_snapshot(run.job_snapshot_id)
    assert durable.has_snapshot(run.execution_plan_snapshot_id)
    assert set(durable.get_job_snapshot(run.job_snapshot_id).node_names) == {"one", "fail"}
    plan = durable.get_execution_plan_snapshot(run.execution_plan_snapshot_id)
    assert [step.key for step in plan.steps] == ["one", "fail"]


def test_a_job_is_known_as_it_was_when_it_ran(durable: DagsterInstance) -> None:
    whole = bad.execute_in_process(instance=durable, raise_on_error=False)
    part = bad.execute_in_process(instance=durable, op_selection=["one"])
    runs = [durable.get_run_by_id(result.run_id) for result in (whole, part)]
    ids = [run.job_snapshot_id for run in runs if run is not None]
    assert all(
        snapshot_id is not None and durable.has_historical_job(snapshot_id) for snapshot_id in ids
    )
    of_whole, of_part = (durable.get_historical_job(snapshot_id or "") for snapshot_id in ids)
    assert (of_whole.name, of_whole.get_graph_name()) == ("bad", "bad")
    assert of_whole.identifying_job_snapshot_id == ids[0]
    assert of_whole.description is of_whole.owners is of_whole.parent_job_snapshot is None
    assert of_whole.op_selection is of_whole.resolved_op_selection is None
    assert of_whole.get_node_def_snap("fail").name == "fail"
    assert of_part.job_snapshot.node_names == ["one"]
    assert of_part.parent_job_snapshot == of_whole.job_snapshot
    assert of_part.op_selection == ["one"]
    assert of_part.resolved_op_selection == {"one"}
    assert not durable.has_historical_job("nothing")
    with pytest.raises(DagsterInvariantViolationError, match="no job snapshot with id"):
        durable.get_historical_job("nothing")


def test_messages_reach_the_log_through_a_handler(instance: DagsterInstance) -> None:
    handler = instance.get_event_log_handler()
    run = instance.create_run(job_name="j")
    log = DagsterLogManager.create(run_id=run.run_id, job_name="j", handlers=[handler])
    log.with_tags(step_key="s").warning("careful %s", 1)
    try:
        raise ValueError("odd")
    except ValueError:
        log.exception("went wrong")
    handler.handle(logging.makeLogRecord({"msg": "of no run"}))
    DagsterLogManager.create(handlers=[handler]).info("of no run")
    first, second = instance.all_logs(run.run_id)
    assert (first.user_message, first.level, first.step_key, first.job_name) == (
        "careful 1",
        logging.WARNING,
        "s",
        "j",
    )
    assert second.error_info is not None
    assert "odd" in second.error_info.message
    assert instance.all_logs("") == []


def test_events_reach_the_log_through_a_handler(instance: DagsterInstance) -> None:
    with DagsterInstance.ephemeral() as elsewhere:
        run = elsewhere.create_run(job_name="j")
        handler = instance.get_event_log_handler()
        log = DagsterLogManager.create(run_id=run.run_id, job_name="j", handlers=[handler])
        event = DagsterEvent(Type.ENGINE_EVENT.value, "j", message="hello")
        log.log_dagster_event(logging.INFO, "hello", event)
    (entry,) = instance.all_logs(run.run_id)
    assert entry.dagster_event == event
    assert entry.user_message == ""


def test_what_makes_runs_by_itself(instance: DagsterInstance) -> None:
    domain = instance.run_domain
    made = [
        domain.create_run(job_name="a"),
        domain.create_run_for_job(good),
        domain.register_managed_run("b", "x"),
    ]
    assert instance.get_runs(ascending=True) == made


def test_another_process_opens_the_same_instance(durable: DagsterInstance) -> None:
    run_id = good.execute_in_process(instance=durable).run_id
    ref = type(durable.get_ref()).from_json(durable.get_ref().to_json())
    with DagsterInstance.from_ref(ref) as other:
        assert other.get_run_by_id(run_id) == durable.get_run_by_id(run_id)
        assert list(other.all_logs(run_id)) == list(durable.all_logs(run_id))


def test_a_row_that_is_behind_its_log_is_caught_up(durable: DagsterInstance) -> None:
    storage = durable.event_log_storage
    if storage.handles_run_events_in_store_event:
        pytest.skip("log and row are written in one transaction")
    by_id, by_record, on_page = (durable.create_run(job_name="a") for _ in range(3))
    start, success = (DagsterEvent(kind.value, "a") for kind in (Type.RUN_START, Type.RUN_SUCCESS))
    # As a process leaves them that dies between the log and the row.
    for run in (by_id, by_record):
        for number, event in enumerate((start, success)):
            storage.store_event(
                EventLogEntry(None, 10, "", run.run_id, 100.0 + number, None, "a", event)
            )
    durable.report_dagster_event(start, on_page.run_id)
    storage.store_event(EventLogEntry(None, 10, "", on_page.run_id, 200.0, None, "a", success))
    assert durable.run_storage.get_runs(RunsFilter(run_ids=[by_id.run_id]))[0].status is (
        Status.NOT_STARTED
    )
    found = durable.get_run_by_id(by_id.run_id)
    assert found is not None
    assert found.status is Status.SUCCESS
    record = durable.get_run_record_by_id(by_record.run_id)
    assert record is not None
    assert (record.dagster_run.status, record.start_time, record.end_time) == (
        Status.SUCCESS,
        100.0,
        101.0,
    )
    assert durable.get_runs(limit=1)[0] == on_page.with_status(Status.SUCCESS)


def test_an_abandoned_run_is_committed(durable: DagsterInstance) -> None:
    from tests.unit.core.execution.runs import execution_of

    events = execution_of(good, durable).events()
    for event in events:
        if event.event_type is Type.STEP_START:
            break
    events.close()
    with DagsterInstance.from_ref(durable.get_ref()) as other:
        (run,) = other.get_runs()
        assert run.status is Status.CANCELED
        assert other.all_logs(run.run_id)[-1].dagster_event_type is Type.RUN_CANCELED


def test_a_preloaded_ephemeral_instance() -> None:
    class Payload:
        dagster_run = DagsterRun("a", run_id="x")
        event_list = [
            EventLogEntry(None, 10, "", "x", 1.0, None, "a", DagsterEvent(kind.value, "a"))
            for kind in (Type.RUN_START, Type.RUN_SUCCESS)
        ]

    with DagsterInstance.ephemeral(preload=[Payload()]) as instance:
        run = instance.get_run_by_id("x")
        assert run is not None
        assert run.is_success
        assert list(instance.all_logs("x")) == Payload.event_list
