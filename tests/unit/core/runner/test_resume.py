"""Runs that go on after their process died: at every point of the log, and what is refused."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterInvariantViolationError,
    DynamicOut,
    DynamicOutput,
    Out,
    Output,
    ReexecutionOptions,
    RetryPolicy,
    execute_job,
    graph,
    job,
    op,
    reconstructable,
)
from dagster._check import CheckError
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import EngineEventData
from dagster._core.instance.for_test import instance_for_test
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.runner.api import resume_run
from dagster._core.runner.resume import Resumption
from dagster._process.identity import is_alive, process_facts
from dagster._process.workers import MARK

CONFIG = {"execution": {"config": {"in_process": {}}}}
RAN: list[tuple[str, int]] = []
FAIL: set[str] = set()


@pytest.fixture(autouse=True)
def fresh() -> None:
    RAN.clear()
    FAIL.clear()


def note(context: Any) -> None:
    key = context.get_step_execution_context().step.key
    RAN.append((key, context.retry_number))
    if key in FAIL:
        raise Exception(f"{key} is told to fail")


@op(out=DynamicOut())
def spread(context):
    note(context)
    for number, key in enumerate("abc"):
        yield DynamicOutput(number, mapping_key=key)


@op
def inc(context, x):
    note(context)
    return x + 1


@op(retry_policy=RetryPolicy(max_retries=1))
def flaky(context, x):
    note(context)
    if context.retry_number == 0:
        raise Exception("not at first")
    return x * 10


@op(out={"yes": Out(is_required=False), "no": Out(is_required=False)})
def decide(context, xs):
    note(context)
    yield Output(sum(xs), "yes")


@graph
def inside(x):
    return inc.alias("last")(flaky(x))


@job
def whole():
    yes, no = decide(spread().map(inc).collect())
    inside(yes)
    inc.alias("never")(no)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def kept(tmp_path) -> Iterator[DagsterInstance]:
    with instance_for_test(temp_dir=str(tmp_path)) as made:
        yield made


def dead_process() -> dict[str, str]:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return {**process_facts(), "pid": str(ended.pid), "process_started": "long ago"}


def log_of(instance: DagsterInstance, run_id: str) -> Sequence[EventLogEntry]:
    return instance.all_logs(run_id)


def broken_off(
    instance: DagsterInstance,
    run: DagsterRun,
    log: Sequence[EventLogEntry],
    worker: dict[str, str] | None,
) -> DagsterRun:
    """A run with the beginning of another one's log and all of its values, as its process died."""
    copy = instance.create_run_for_job(whole, run_config=CONFIG)
    values = os.path.join(instance.storage_directory(), run.run_id)
    if os.path.exists(values):
        shutil.copytree(values, os.path.join(instance.storage_directory(), copy.run_id))
    for entry in log:
        event = entry.dagster_event
        if event is not None and event.event_type is DagsterEventType.RUN_START:
            data = None
            if worker is not None:
                data = EngineEventData({k: MetadataValue.text(v) for k, v in worker.items()})
            entry = entry._replace(dagster_event=event._replace(event_specific_data=data))
        instance.handle_new_event(entry._replace(run_id=copy.run_id))
    return instance.get_run_by_id(copy.run_id) or copy


def succeeded(log: Sequence[EventLogEntry]) -> set[str]:
    return {e.step_key or "" for e in log if e.dagster_event and e.dagster_event.is_step_success}


def executed(instance: DagsterInstance) -> DagsterRun:
    with execute_job(reconstructable(whole), instance, run_config=CONFIG) as result:
        run = result.dagster_run
    RAN.clear()
    return run


ALL = {"spread", "inc[a]", "inc[b]", "inc[c]", "decide", "inside.flaky", "inside.last"}


def test_a_run_goes_on_from_every_point_of_its_log(instance):
    run = executed(instance)
    assert run.is_success
    log = log_of(instance, run.run_id)
    end = next(i for i, e in enumerate(log) if e.dagster_event and e.dagster_event.is_job_success)
    for cut in range(1, end):
        RAN.clear()
        begun = log[:cut]
        copy = broken_off(instance, run, begun, None)
        assert copy.status is DagsterRunStatus.STARTED
        with resume_run(reconstructable(whole), copy, instance, force=True) as result:
            assert result.success, cut
            assert result.output_for_node("inc") == {"a": 1, "b": 2, "c": 3}
            assert result.output_for_node("inside") == 61
        ran = [key for key, _ in RAN]
        assert set(ran) == ALL - succeeded(begun), f"after {cut} entries"
        assert len(ran) == len(set(ran)) + (("inside.flaky", 0) in RAN), "only the flaky one ran twice"
        kinds = [event.event_type for event in result.all_events]
        assert kinds[0] is DagsterEventType.ENGINE_EVENT
        assert DagsterEventType.RUN_START not in kinds
        assert kinds[-1] is DagsterEventType.RUN_SUCCESS
        stored = instance.get_run_by_id(copy.run_id)
        assert stored is not None
        assert stored.status is DagsterRunStatus.SUCCESS
        skipped = [
            e.step_key
            for e in log_of(instance, copy.run_id)
            if e.dagster_event and e.dagster_event.is_step_skipped
        ]
        assert skipped == ["never"]


def test_what_was_running_runs_anew_and_the_attempt_tells(instance):
    run = executed(instance)
    log = log_of(instance, run.run_id)
    start = next(
        i
        for i, e in enumerate(log)
        if e.step_key == "inc[b]" and e.dagster_event and e.dagster_event.is_step_start
    )
    copy = broken_off(instance, run, log[: start + 1], None)
    result = resume_run(reconstructable(whole), copy, instance, force=True)
    assert RAN[0] == ("inc[b]", 1)
    message = result.all_events[0].message
    assert message == (
        'Resumed execution of run for "whole", whose process had died: 2 steps have ended, 6 are left. '
        'What was running when it died runs anew: "inc[b]".'
    )


def test_a_step_that_failed_for_good_stays_failed(instance):
    FAIL.add("inc[b]")
    run = executed(instance)
    assert run.is_failure
    FAIL.clear()
    log = log_of(instance, run.run_id)
    failure = next(i for i, e in enumerate(log) if e.dagster_event and e.dagster_event.is_step_failure)
    copy = broken_off(instance, run, log[: failure + 1], None)
    result = resume_run(reconstructable(whole), copy, instance, force=True)
    assert not result.success
    assert [key for key, _ in RAN] == ["inc[c]"]
    failed = result.get_run_failure_event()
    assert "Steps failed: ['inc[b]']" in failed.message
    assert failed.job_failure_data.first_step_failure_key == "inc[b]"
    told = [e.message for e in result.all_events if "Dependencies for step" in (e.message or "")]
    assert told[0].startswith("Dependencies for step decide failed: ['inc[b]']")


def test_a_dynamic_step_that_failed_for_good_stays_failed(instance):
    FAIL.add("spread")
    run = executed(instance)
    FAIL.clear()
    log = log_of(instance, run.run_id)
    failure = next(i for i, e in enumerate(log) if e.dagster_event and e.dagster_event.is_step_failure)
    result = resume_run(
        reconstructable(whole), broken_off(instance, run, log[: failure + 1], None), instance, force=True
    )
    assert RAN == []
    assert not result.success


def test_only_a_run_whose_process_is_gone_is_resumed(kept):
    run = executed(kept)
    log = log_of(kept, run.run_id)
    recon = reconstructable(whole)
    start = next(
        e for e in log if e.dagster_event and e.dagster_event.event_type_value == "PIPELINE_START"
    )
    told = start.dagster_event.event_specific_data.metadata
    assert {label: value.value for label, value in told.items()} == process_facts()

    living = broken_off(kept, run, log[:20], process_facts())
    with pytest.raises(
        DagsterInvariantViolationError, match=r"process \d+ on this machine \(.+\) works on it"
    ):
        resume_run(recon, living, kept, force=True)
    elsewhere = broken_off(kept, run, log[:20], {**process_facts(), "host": "moon 4"})
    with pytest.raises(DagsterInvariantViolationError, match=r"\(pid \d+\) ran on moon, and whether"):
        resume_run(recon, elsewhere, kept)
    assert resume_run(recon, elsewhere, kept, force=True).success
    unknown = broken_off(kept, run, log[:20], None)
    with pytest.raises(DagsterInvariantViolationError, match="its log does not tell which process"):
        resume_run(recon, unknown, kept)
    dead = broken_off(kept, run, log[:20], dead_process())
    assert resume_run(recon, dead, kept).success


def test_what_outlived_the_process_of_a_run_is_ended(kept):
    run = executed(kept)
    facts = dead_process()
    dead = broken_off(kept, run, log_of(kept, run.run_id)[:20], facts)
    left = subprocess.Popen(["sleep", "1000"], env={**os.environ, MARK: f"{facts['pid']}-ab12"})
    try:
        assert resume_run(reconstructable(whole), dead, kept).success
        assert left.wait(20) == -signal.SIGKILL
    finally:
        left.kill()
        left.wait()


def test_of_two_who_resume_at_once_one_is_refused(kept, monkeypatch):
    run = executed(kept)
    recon = reconstructable(whole)
    dead = broken_off(kept, run, log_of(kept, run.run_id)[:20], dead_process())
    first = Resumption(recon, dead, kept)
    # The other one looked before the first one wrote.
    other = {**process_facts(), "process_started": "another"}
    monkeypatch.setattr("dagster._core.runner.resume.process_facts", lambda: other)
    monkeypatch.setattr("dagster._core.runner.resume.require_gone", lambda *_args, **_: None)
    entries = __import__("dagster._core.runner.resume", fromlist=["worker_entries"]).worker_entries
    seen = [entries(kept, dead)[:1]]
    monkeypatch.setattr(
        "dagster._core.runner.resume.worker_entries",
        lambda instance, run: seen.pop() if seen else entries(instance, run),
    )
    with pytest.raises(
        DagsterInvariantViolationError, match=r"was resumed by process \d+ a moment before"
    ):
        Resumption(recon, dead, kept)
    monkeypatch.undo()
    events = list(first.start().events())
    assert events[-1].is_job_success


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (DagsterRunStatus.SUCCESS, "It is over. To run it again: dagster run reexecute"),
        (DagsterRunStatus.FAILURE, "--from-failure"),
        (DagsterRunStatus.CANCELED, "To run what is left of it"),
        (DagsterRunStatus.CANCELING, "in status CANCELING, and the process"),
        (DagsterRunStatus.NOT_STARTED, "in status NOT_STARTED, and the process"),
        (DagsterRunStatus.QUEUED, "Nothing of it has run"),
        (DagsterRunStatus.STARTING, "has not told of itself yet"),
    ],
)
def test_other_runs_are_refused(instance, status, message):
    stored = instance.create_run_for_job(whole, run_config=CONFIG, status=status)
    with pytest.raises(DagsterInvariantViolationError, match=message):
        resume_run(reconstructable(whole), stored, instance)


def test_a_run_that_was_told_to_stop_is_ended_when_its_process_is_gone(kept):
    run = executed(kept)
    facts = dead_process()
    told = broken_off(kept, run, log_of(kept, run.run_id)[:20], facts)
    pools = kept.event_log_storage
    pools.set_concurrency_slots("pool", 1)
    assert pools.claim_concurrency_slot("pool", told.run_id, "inc[b]").is_claimed
    kept.report_run_canceling(told)
    left = subprocess.Popen(["sleep", "1000"], env={**os.environ, MARK: f"{facts['pid']}-ab12"})
    try:
        with resume_run(reconstructable(whole), told, kept) as result:
            assert not result.success
            assert result.dagster_run.status is DagsterRunStatus.CANCELED
            (event,) = result.all_events
        assert left.wait(20) == -signal.SIGKILL
    finally:
        left.kill()
        left.wait()
    assert RAN == []
    assert event.event_type is DagsterEventType.RUN_CANCELED
    assert event.message == (
        'Execution of run for "whole" canceled. It was told to stop, and its process '
        f"({facts['pid']} on {os.uname().nodename}) is gone."
    )
    assert log_of(kept, told.run_id)[-1].dagster_event == event
    assert pools.get_concurrency_info("pool").active_slot_count == 0
    with pytest.raises(DagsterInvariantViolationError, match="To run what is left of it"):
        resume_run(reconstructable(whole), told, kept)
    rest = execute_job(
        reconstructable(whole),
        kept,
        reexecution_options=ReexecutionOptions.from_failure(told.run_id, kept),
    )
    assert rest.success
    assert {key for key, _ in RAN} == ALL - succeeded(log_of(kept, told.run_id))


def test_a_run_that_was_told_to_stop_is_left_to_a_process_that_lives(kept):
    run = executed(kept)
    log = log_of(kept, run.run_id)[:20]
    recon = reconstructable(whole)
    living = broken_off(kept, run, log, process_facts())
    elsewhere = broken_off(kept, run, log, {**process_facts(), "host": "moon 4"})
    for told in (living, elsewhere):
        kept.report_run_canceling(told)
    message = r"it was told to stop, and process \d+ on this machine \(.+\) works on it"
    with pytest.raises(DagsterInvariantViolationError, match=message):
        resume_run(recon, living, kept, force=True)
    with pytest.raises(DagsterInvariantViolationError, match=r"\(pid \d+\) ran on moon, and whether"):
        resume_run(recon, elsewhere, kept)
    assert kept.get_run_by_id(living.run_id).status is DagsterRunStatus.CANCELING
    assert kept.get_run_by_id(elsewhere.run_id).status is DagsterRunStatus.CANCELING
    with pytest.raises(DagsterExecutionInterruptedError, match=r"its process \(\d+ on moon\) is gone"):
        resume_run(recon, elsewhere, kept, raise_on_error=True, force=True)
    assert kept.get_run_by_id(elsewhere.run_id).status is DagsterRunStatus.CANCELED


def test_a_run_that_was_told_to_stop_before_it_began_is_ended_by_force(instance):
    told = instance.create_run_for_job(whole, run_config=CONFIG, status=DagsterRunStatus.STARTING)
    instance.report_run_canceling(told)
    result = resume_run(reconstructable(whole), told, instance, force=True)
    assert result.all_events[0].message.endswith("It was told to stop, and its process is gone.")
    assert instance.get_run_by_id(told.run_id).status is DagsterRunStatus.CANCELED


def test_a_run_that_is_told_to_stop_meanwhile_does_not_go_on(kept):
    run = executed(kept)
    dead = broken_off(kept, run, log_of(kept, run.run_id)[:20], dead_process())
    kept.report_run_canceling(dead)
    with pytest.raises(DagsterInvariantViolationError, match="It was told to stop, and will not go on"):
        Resumption(reconstructable(whole), dead, kept)


@pytest.mark.parametrize("status", [DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING])
def test_a_run_that_never_told_of_its_process_starts(instance, status):
    stored = instance.create_run_for_job(whole, run_config=CONFIG, status=status)
    result = resume_run(reconstructable(whole), stored, instance, force=True)
    assert result.success
    assert result.all_events[0].event_type is DagsterEventType.RUN_START


def test_a_run_that_is_not_there_is_refused(instance):
    with pytest.raises(CheckError, match="to be a run on the instance"):
        resume_run(reconstructable(whole), DagsterRun("whole"), instance)


def test_processes_are_told_apart():
    mine = process_facts()
    assert is_alive(mine) is True
    assert is_alive({**mine, "process_started": ""}) is True
    assert is_alive({**mine, "process_started": "another boot:1"}) is False
    assert is_alive({**mine, "host": "moon"}) is None
    assert is_alive({**mine, "pid": "x"}) is None
    assert is_alive({}) is None
    assert is_alive(dead_process()) is False
    ended = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert ended.stdout is not None
    ended.stdout.read()
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)  # ended, and nobody has asked about it
    assert is_alive({**mine, "pid": str(ended.pid)}) is False
    ended.wait()
    ended.stdout.close()
