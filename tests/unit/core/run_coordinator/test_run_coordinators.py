from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dagster._check import CheckError
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvariantViolationError,
    DagsterRunNotFoundError,
)
from dagster._core.events.event_type import DagsterEventType
from dagster._core.instance.instance import DagsterInstance, InstanceType
from dagster._core.launcher import LaunchRunContext, ResumeRunContext, RunLauncher
from dagster._core.records.run import DagsterRunStatus
from dagster._core.run_coordinator import (
    DefaultRunCoordinator,
    QueuedRunCoordinator,
    RunCoordinator,
    SubmitRunContext,
)
from dagster._serdes.config_class import ConfigurableClassData

Status = DagsterRunStatus


class RecordingLauncher(RunLauncher):
    def __init__(self) -> None:
        self.launched: list[str] = []
        self.terminated: list[str] = []
        self.resumed: list[int | None] = []
        self.error: Exception | None = None

    def launch_run(self, context: LaunchRunContext) -> None:
        assert context.dagster_run.status is Status.STARTING
        if self.error is not None:
            raise self.error
        self.launched.append(context.dagster_run.run_id)

    def terminate(self, run_id: str) -> bool:
        self.terminated.append(run_id)
        return True

    def resume_run(self, context: ResumeRunContext) -> None:
        self.resumed.append(context.resume_attempt_number)


def instance_with(
    coordinator: RunCoordinator | None, launcher: RunLauncher | None, settings: Any = None
) -> DagsterInstance:
    return DagsterInstance(
        InstanceType.EPHEMERAL, run_coordinator=coordinator, run_launcher=launcher, settings=settings
    )


@pytest.fixture
def launcher() -> RecordingLauncher:
    return RecordingLauncher()


@pytest.fixture
def instance(launcher: RecordingLauncher) -> Iterator[DagsterInstance]:
    with instance_with(DefaultRunCoordinator(), launcher) as made:
        yield made


@pytest.fixture
def queued(launcher: RecordingLauncher) -> Iterator[DagsterInstance]:
    with instance_with(QueuedRunCoordinator(), launcher) as made:
        yield made


def test_the_default_launches_at_once(instance: DagsterInstance, launcher: RecordingLauncher) -> None:
    run = instance.create_run(job_name="a")
    assert instance.submit_run(run.run_id).status is Status.STARTING
    assert launcher.launched == [run.run_id]
    assert instance.submit_run(run.run_id).status is Status.STARTING
    assert launcher.launched == [run.run_id]
    assert instance.run_coordinator.cancel_run(run.run_id)
    assert launcher.terminated == [run.run_id]


def test_a_run_that_cannot_be_launched_has_failed(
    instance: DagsterInstance, launcher: RecordingLauncher
) -> None:
    launcher.error = RuntimeError("no room")
    run = instance.create_run(job_name="a")
    with pytest.raises(RuntimeError, match="no room"):
        instance.launch_run(run.run_id)
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.is_failure
    entries = instance.all_logs(run.run_id)
    assert "no room" in str(entries[1].error_info)
    assert "no room" in entries[-1].message


def test_unknown_runs_are_refused(instance: DagsterInstance) -> None:
    with pytest.raises(DagsterRunNotFoundError):
        instance.submit_run("nothing")


def test_the_queue_keeps_runs_until_they_are_taken_out(
    queued: DagsterInstance, launcher: RecordingLauncher
) -> None:
    run = queued.create_run(job_name="a")
    assert queued.submit_run(run.run_id).status is Status.QUEUED
    assert queued.submit_run(run.run_id).status is Status.QUEUED
    assert launcher.launched == []
    assert len(queued.all_logs(run.run_id, DagsterEventType.RUN_ENQUEUED)) == 1
    assert queued.run_coordinator.cancel_run(run.run_id)
    found = queued.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is Status.CANCELED
    assert not queued.run_coordinator.cancel_run("nothing")


def test_the_queue_has_a_runs_worker_stopped(
    queued: DagsterInstance, launcher: RecordingLauncher
) -> None:
    run = queued.create_run(job_name="a")
    queued.launch_run(run.run_id)
    assert queued.run_coordinator.cancel_run(run.run_id)
    assert launcher.terminated == [run.run_id]


def test_resuming(launcher: RecordingLauncher) -> None:
    settings = {"run_monitoring": {"enabled": True, "max_resume_run_attempts": 1}}
    with instance_with(None, launcher, settings) as instance:
        run = instance.create_run(job_name="a")
        assert instance.run_will_resume(run.run_id)
        instance.resume_run(run.run_id, None, 1)
        assert launcher.resumed == [1]
        assert instance.count_resume_run_attempts(run.run_id) == 1
        assert not instance.run_will_resume(run.run_id)


def test_defaults_of_the_queue() -> None:
    config = QueuedRunCoordinator().get_run_queue_config()
    assert (config.max_concurrent_runs, config.tag_concurrency_limits) == (10, [])
    assert (config.max_user_code_failure_retries, config.user_code_failure_retry_delay) == (0, 60)
    assert QueuedRunCoordinator().dequeue_interval_seconds == 5


def test_the_queue_is_made_from_config() -> None:
    data = ConfigurableClassData.of(
        "dagster._core.run_coordinator",
        "QueuedRunCoordinator",
        {
            "max_concurrent_runs": 3,
            "tag_concurrency_limits": [
                {"key": "k", "limit": 1},
                {"key": "k", "value": {"applyLimitPerUniqueValue": True}, "limit": 2},
            ],
            "block_op_concurrency_limited_runs": {"enabled": False, "op_concurrency_slot_buffer": 4},
        },
    )
    made = data.rehydrate(QueuedRunCoordinator)
    assert made.get_run_queue_config().max_concurrent_runs == 3
    assert len(made.get_run_queue_config().tag_concurrency_limits) == 2
    assert not made.should_block_op_concurrency_limited_runs
    assert made.op_concurrency_slot_buffer == 4


@pytest.mark.parametrize(
    "arguments",
    [{"max_concurrent_runs": -2}, {"tag_concurrency_limits": [{"key": "k", "limit": -1}]}],
)
def test_impossible_limits_are_refused(arguments: Any) -> None:
    with pytest.raises(DagsterInvalidConfigError, match="of the run queue"):
        QueuedRunCoordinator(**arguments)


def test_who_belongs_to_no_instance_says_so() -> None:
    coordinator = DefaultRunCoordinator()
    assert not coordinator.has_instance
    run = DagsterInstance.ephemeral().create_run(job_name="a")
    with pytest.raises(CheckError, match="DefaultRunCoordinator to belong to an instance"):
        coordinator.submit_run(SubmitRunContext(run))


def test_an_instance_without_a_launcher_says_so() -> None:
    with DagsterInstance.ephemeral() as instance:
        run = instance.create_run(job_name="a")
        with pytest.raises(DagsterInvariantViolationError, match="has no run launcher"):
            instance.launch_run(run.run_id)


def test_what_a_launcher_cannot_do() -> None:
    class Small(RunLauncher):
        def launch_run(self, context: LaunchRunContext) -> None: ...
        def terminate(self, run_id: str) -> bool:
            return False

    run = DagsterInstance.ephemeral().create_run(job_name="a")
    small = Small()
    assert not small.supports_resume_run
    assert not small.supports_check_run_worker_health
    assert small.get_run_worker_debug_info(run) is None
    with pytest.raises(DagsterInvariantViolationError, match="Small cannot resume a run"):
        small.resume_run(ResumeRunContext(run))
    with pytest.raises(DagsterInvariantViolationError, match="Small cannot look at the worker"):
        small.check_run_worker_health(run)
