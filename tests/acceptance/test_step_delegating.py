"""Steps in processes that a handler starts: how they end, are lost, are ended, and outlive the run's own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dagster import DagsterInstance, DagsterRunStatus, execute_job, reconstructable
from dagster._cli.main import cli
from dagster._core.errors import DagsterInvalidInvocationError, DagsterSubprocessError
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.step_delegating import (
    CheckStepHealthResult,
    ExecuteStepArgs,
    StepDelegatingExecutor,
)
from dagster._core.executor.step_delegating import executor as delegating_module
from dagster._core.executor.step_delegating.execute_step_args import COMPRESSED_ARGS_VARIABLE
from dagster._core.executor.time_limits import RunDeadline
from dagster._core.plan.compile import plan_of
from dagster._core.records.retry import RetryMode
from dagster._core.records.tags import MAX_RUNTIME_SECONDS_TAG as MAX_RUNTIME
from dagster._core.runner.resume import Resumption
from dagster._core.runner.run import RunExecution
from tests.acceptance import delegated_jobs
from tests.acceptance.delegated_jobs import (
    LocalHandler,
    all_kinds,
    deaf,
    happened,
    interruptible,
    is_running,
    limited,
    loses,
    note,
    troubled,
    wait_until,
)

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text(
        "run_monitoring:\n  enabled: true\n  max_resume_run_attempts: 3\n"
    )
    (tmp_path / "witnesses").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WITNESSES", str(tmp_path / "witnesses"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    monkeypatch.chdir(ROOT)
    with DagsterInstance.get() as found:
        yield found
    for place in (tmp_path / "witnesses").glob("*.pid"):
        # Nothing outlives its run but by its own teardown.
        give_up = time.monotonic() + delegated_jobs.BOUND
        while is_running(int(place.read_text())):
            assert time.monotonic() < give_up, place


def execution_of(
    job_def: Any, instance: DagsterInstance, run: Any = None, **kwargs: Any
) -> RunExecution:
    run = run or instance.create_run_for_job(job_def, run_config=QUIET)
    config = job_def.resolve_run_config(QUIET)
    plan = plan_of(job_def, config)
    return RunExecution(reconstructable(job_def), run, config, instance, plan, **kwargs)


def stored(instance: DagsterInstance, run_id: str, kind: str) -> list[str]:
    events = [entry.dagster_event for entry in instance.all_logs(run_id)]
    return sorted(e.step_key or "" for e in events if e is not None and e.event_type_value == kind)


def until_only_long_runs(events: Iterator[Any]) -> None:
    """Take events until "long" has begun and "before" has ended."""
    awaited = {("STEP_START", "long"), ("STEP_SUCCESS", "before")}
    for event in events:
        awaited.discard((event.event_type_value, event.step_key))
        if not awaited:
            return


def test_steps_run_in_processes_of_their_own(instance: DagsterInstance) -> None:
    with execute_job(reconstructable(all_kinds), instance, run_config=QUIET) as result:
        assert result.success
        assert result.output_for_node("total") == 6
    run_id = result.run_id
    assert sorted(happened()) == [
        "dies once 0",
        "dies once 1",
        "flaky 0",
        "flaky 1",
        "total 6",
    ]
    ended = Counter(e.event_type_value for e in result.all_events if e.step_key)
    assert ended["STEP_SUCCESS"] == 7
    assert ended["STEP_SKIPPED"] == 1
    assert ended["STEP_UP_FOR_RETRY"] == 2
    assert ended["STEP_WORKER_STARTING"] == 9
    assert stored(instance, run_id, "STEP_SUCCESS") == sorted(
        ["keys", "double[1]", "double[2]", "total", "nothing", "flaky", "dies_once"]
    )
    # Each event of a step is in the log once, and came out once.
    kept = [e.dagster_event for e in instance.all_logs(run_id) if e.dagster_event is not None]
    for kind in ("STEP_START", "STEP_RESTARTED", "STEP_OUTPUT", "HANDLED_OUTPUT", "STEP_SUCCESS"):
        mine = [e.step_key for e in result.all_events if e.event_type_value == kind]
        assert Counter(mine) == Counter(e.step_key for e in kept if e.event_type_value == kind)


def test_what_goes_wrong_ends_the_step_and_not_the_run(instance: DagsterInstance) -> None:
    result = execute_job(reconstructable(troubled), instance, run_config=QUIET)
    assert not result.success
    failures = {
        e.step_key: e.step_failure_data
        for e in result.all_events
        if e.event_type_value == "STEP_FAILURE"
    }
    assert sorted(failures) == ["broken", "dies", "unstartable"]
    assert failures["broken"].error_source.value == "USER_CODE_ERROR"
    assert failures["dies"].error_source.value == "UNEXPECTED_TERMINATION"
    assert "its process is gone" in failures["dies"].error.message
    assert "no machine is free" in failures["unstartable"].error.message
    assert stored(instance, result.run_id, "STEP_SUCCESS") == ["before"]
    with pytest.raises(DagsterSubprocessError, match="its process is gone"):
        execute_job(reconstructable(troubled), instance, run_config=QUIET, raise_on_error=True)


def test_a_step_of_which_nothing_can_be_found_out_is_lost(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = execution_of(interruptible, instance).events()
    until_only_long_runs(events)
    monkeypatch.setenv("blind", "")
    told = []
    for event in events:
        told.append(event)
        if event.event_type_value == "STEP_FAILURE":
            monkeypatch.delenv("blind")
            note("go on")
    (record,) = instance.get_run_records()
    logged = [
        e.dagster_event.message for e in instance.all_logs(record.dagster_run.run_id) if e.dagster_event
    ]
    assert sum("could not find out how step" in (message or "") for message in logged) == 3
    failure = next(e for e in told if e.event_type_value == "STEP_FAILURE")
    assert "the cluster does not answer" in failure.step_failure_data.error.message
    wait_until("long ended")


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, None])
def test_an_interrupt_ends_the_steps(
    instance: DagsterInstance, interrupt: type[BaseException] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(instance), "run_will_resume", lambda _self, _run_id: False)
    execution = execution_of(interruptible, instance)
    events = execution.events()
    until_only_long_runs(events)
    wait_until("long began")
    if interrupt is not None:
        events.throw(interrupt())
        with pytest.raises(BaseException, match="was interrupted"):
            list(events)
    else:
        events.close()
    assert "torn down" in happened()
    assert "long ended" not in happened()
    assert not [what for what in happened() if what.startswith("after")]
    run_id = execution.context.run_id
    assert stored(instance, run_id, "STEP_FAILURE") == ["long"]
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert run.status is DagsterRunStatus.CANCELED


def test_steps_that_do_not_end_are_told_as_interrupted(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(instance), "run_will_resume", lambda _self, _run_id: False)
    monkeypatch.setattr(delegating_module, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(LocalHandler, "terminate_step", lambda _self, _context: iter(()))
    execution = execution_of(interruptible, instance)
    events = execution.events()
    until_only_long_runs(events)
    events.close()
    assert stored(instance, execution.context.run_id, "STEP_FAILURE") == ["long"]
    note("go on")
    wait_until("torn down")
    (place,) = Path(os.environ["WITNESSES"]).glob("*-long-0.pid")
    os.waitpid(int(place.read_text()), 0)


def test_a_step_that_takes_longer_than_it_may_is_told_to_end(instance: DagsterInstance) -> None:
    result = execute_job(reconstructable(limited), instance, run_config=QUIET)
    assert not result.success
    (failure,) = [e for e in result.all_events if e.event_type_value == "STEP_FAILURE"]
    # It tells of its end itself; before it stands why.
    assert failure.step_key == "late"
    assert "Execution was interrupted by SIGTERM" in failure.step_failure_data.error.message
    told = [e.message for e in result.all_events[: result.all_events.index(failure)]]
    assert 'Step "late" exceeded its maximum runtime of 0.3 s, and is told to end.' in told
    assert stored(instance, result.run_id, "STEP_SUCCESS") == ["punctual"]


def test_a_step_that_does_not_end_when_it_is_told_to_is_given_up(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delegating_module, "GRACE_SECONDS", 0.1)
    result = execute_job(reconstructable(deaf), instance, run_config=QUIET)
    note("told of it")
    assert result.success
    (retry,) = [e for e in result.all_events if e.event_type_value == "STEP_UP_FOR_RETRY"]
    assert (
        'The process of step "late_and_deaf" was ended, since the step exceeded its maximum runtime of 2 s.'
        in retry.step_retry_data.error.message
    )
    assert [what.split()[1] for what in happened() if what.startswith("deaf")] == ["0", "1"]


def test_a_run_that_takes_longer_than_it_may_is_ended(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = {"dagster/max_runtime": "7"}
    run = instance.create_run_for_job(interruptible, run_config=QUIET, tags=tags)

    class OnceItIsUnderWay(RunDeadline):
        @property
        def at(self) -> float:
            begun = "long began" in happened()
            return 0.0 if begun and stored(instance, run.run_id, "STEP_SUCCESS") else float("inf")

        @at.setter
        def at(self, _at: float) -> None:
            """It is no matter of the time here."""

    monkeypatch.setattr(RunDeadline, "of_run", lambda tags: OnceItIsUnderWay(float(tags[MAX_RUNTIME])))
    events = list(execution_of(interruptible, instance, run).events())
    assert events[-1].event_type_value == "PIPELINE_FAILURE"
    assert "The run exceeded its maximum runtime of 7 seconds" in str(events[-1])
    assert stored(instance, run.run_id, "STEP_FAILURE") == ["long"]
    assert "torn down" in happened()
    assert "long ended" not in happened()


def start(job_name: str, run_id: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, delegated_jobs.__file__, job_name, run_id])


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_steps_go_on_without_the_process_of_the_run_and_the_next_one_takes_them_up(
    instance: DagsterInstance, how: signal.Signals
) -> None:
    run = instance.create_run_for_job(interruptible, run_config=QUIET, job_code_origin=None)
    process = start("interruptible", run.run_id)
    wait_until("long began")
    give_up = time.monotonic() + delegated_jobs.BOUND
    while stored(instance, run.run_id, "STEP_SUCCESS") != ["before"]:
        assert time.monotonic() < give_up
    os.kill(process.pid, how)
    assert process.wait(60) != 0
    assert "torn down" not in happened()
    stopped = instance.get_run_by_id(run.run_id)
    assert stopped is not None
    assert stopped.status is DagsterRunStatus.STARTED
    resumption = Resumption(reconstructable(interruptible), stopped, instance)
    events = resumption.start(False).events()
    told = []
    for event in events:
        told.append(event)
        if "is followed on" in (event.message or ""):
            note("go on")
    assert told[-1].event_type_value == "PIPELINE_SUCCESS"
    assert [what for what in happened() if what != "go on"] == [
        *happened()[:2],
        "long ended",
        "torn down",
        "after 4",
    ]
    # No recorded success has run again, and no other came out twice.
    assert Counter(happened())["before"] == 1
    assert Counter(happened())["long began"] == 1
    ends = [e.step_key for e in told if e.event_type_value == "STEP_SUCCESS"]
    assert sorted(ends) == ["after", "long"]
    assert stored(instance, run.run_id, "STEP_SUCCESS") == ["after", "before", "long"]


def test_a_step_that_was_announced_and_not_started_is_started(instance: DagsterInstance) -> None:
    note("lost once")
    execution = execution_of(loses, instance)
    # The first process of the run has ended right after it said this.
    context = StepExecutionContext(execution.context, execution.context.plan.steps[0])
    context.emit("STEP_WORKER_STARTING", "Launching it.")
    told = list(execution.events())
    assert told[-1].event_type_value == "PIPELINE_SUCCESS"
    assert "lost ran" in happened()


def test_a_step_that_is_not_there_is_lost(instance: DagsterInstance) -> None:
    told = list(execution_of(loses, instance).events())
    (failure,) = [e for e in told if e.event_type_value == "STEP_FAILURE"]
    assert "there is no process" in failure.step_failure_data.error.message


# The command


def args_of(instance: DagsterInstance, run_id: str, key: str, **kwargs: Any) -> ExecuteStepArgs:
    return ExecuteStepArgs(
        reconstructable(all_kinds), run_id, [key], instance.get_ref(), RetryMode.DEFERRED, **kwargs
    )


def test_the_command_runs_one_step(instance: DagsterInstance) -> None:
    run = instance.create_run_for_job(all_kinds, run_config=QUIET)
    args = args_of(instance, run.run_id, "flaky", print_serialized_events=True)
    command = args.get_command_args()
    assert command[:4] == [sys.executable, "-m", "dagster", "api"]
    assert args.get_command_args(["dagster"])[:2] == ["dagster", "api"]
    done = CliRunner().invoke(cli, command[3:])
    assert done.exit_code == 0, done.output
    assert "STEP_UP_FOR_RETRY" in done.output
    assert stored(instance, run.run_id, "STEP_UP_FOR_RETRY") == ["flaky"]
    second = args._replace(attempts={"flaky": 1}, print_serialized_events=False)
    done = CliRunner().invoke(cli, ["api", "execute_step", "-"], input=second.get_command_args()[-1])
    assert (done.exit_code, done.output) == (0, "")
    assert stored(instance, run.run_id, "STEP_SUCCESS") == ["flaky"]
    (variable,) = args._replace(step_keys_to_execute=["nothing"]).get_command_env()
    assert variable["name"] == COMPRESSED_ARGS_VARIABLE
    done = CliRunner().invoke(cli, ["api", "execute_step"], env={variable["name"]: variable["value"]})
    assert done.exit_code == 0, done.output
    assert stored(instance, run.run_id, "STEP_SUCCESS") == ["flaky", "nothing"]


def test_the_command_looks_first_if_asked_to(instance: DagsterInstance) -> None:
    run = instance.create_run_for_job(all_kinds, run_config=QUIET)
    command = args_of(instance, run.run_id, "keys", should_verify_step=True).get_command_args()[3:]
    for _ in range(2):
        done = CliRunner().invoke(cli, command)
        assert done.exit_code == 0, done.output
    assert stored(instance, run.run_id, "STEP_SUCCESS") == ["keys"]
    messages = [e.dagster_event.message for e in instance.all_logs(run.run_id) if e.dagster_event]
    assert any("attempt 1 of it has begun already" in (message or "") for message in messages)
    instance.report_run_canceled(run)
    CliRunner().invoke(
        cli, args_of(instance, run.run_id, "flaky", should_verify_step=True).get_command_args()[3:]
    )
    assert stored(instance, run.run_id, "STEP_START") == ["keys"]


def test_the_command_tells_what_it_cannot_do(instance: DagsterInstance) -> None:
    run = instance.create_run_for_job(all_kinds, run_config=QUIET)
    done = CliRunner().invoke(cli, ["api", "execute_step", "{}"])
    assert done.exit_code == 2
    assert "expected the JSON of an ExecuteStepArgs" in done.output
    done = CliRunner().invoke(cli, ["api", "execute_step"])
    assert done.exit_code == 2
    done = CliRunner().invoke(cli, args_of(instance, "no-such-run", "keys").get_command_args()[3:])
    assert done.exit_code != 0
    assert "There is no run no-such-run" in str(done.output) + str(done.exception)
    done = CliRunner().invoke(cli, args_of(instance, run.run_id, "no_such_step").get_command_args()[3:])
    assert done.exit_code == 0
    assert stored(instance, run.run_id, "STEP_FAILURE") == ["no_such_step"]


def test_the_executor_checks_its_arguments() -> None:
    for wrong in (
        {"sleep_seconds": 0.0},
        {"sleep_seconds": -1},
        {"max_concurrent": 0},
        {"check_step_health_interval_seconds": -2},
    ):
        with pytest.raises(DagsterInvalidInvocationError, match="to be more than 0, or None"):
            StepDelegatingExecutor(LocalHandler(), **wrong)  # type: ignore[arg-type]
    assert StepDelegatingExecutor(LocalHandler(), RetryMode.DISABLED).retries is RetryMode.DISABLED
    assert CheckStepHealthResult.healthy().is_healthy
    assert CheckStepHealthResult.unhealthy("why").unhealthy_reason == "why"
