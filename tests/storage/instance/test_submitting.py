"""Submitting, launching and resuming runs on every kind of storage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest

from dagster._core.events.event_type import DagsterEventType
from dagster._core.instance.instance import DagsterInstance
from dagster._core.launcher import LaunchRunContext, ResumeRunContext, RunLauncher
from dagster._core.records.run import DagsterRunStatus
from dagster._core.run_coordinator import DefaultRunCoordinator, QueuedRunCoordinator
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from tests.storage.instance.conftest import KINDS, open_instance

Status = DagsterRunStatus
DURABLE = [kind for kind in KINDS if kind != "ephemeral"]


class NotingLauncher(RunLauncher, ConfigurableClass):
    """Starts no worker, and keeps in mind what it was asked for."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self.asked: list[tuple[str, str]] = []

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        assert context.dagster_run.status is Status.STARTING
        self.asked.append(("launch", context.dagster_run.run_id))

    def resume_run(self, context: ResumeRunContext) -> None:
        self.asked.append(("resume", context.dagster_run.run_id))

    def terminate(self, run_id: str) -> bool:
        self.asked.append(("terminate", run_id))
        return True


SETTINGS = {
    "run_launcher": {"module": __name__, "class": "NotingLauncher"},
    "run_monitoring": {"enabled": True, "max_resume_run_attempts": 1},
}


@pytest.fixture(params=DURABLE)
def queued(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DagsterInstance]:
    with open_instance(request.param, tmp_path, request, SETTINGS) as opened:
        yield opened


@pytest.fixture(params=DURABLE)
def direct(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DagsterInstance]:
    coordinator = {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"}
    config = {**SETTINGS, "run_coordinator": coordinator}
    with open_instance(request.param, tmp_path, request, config) as opened:
        yield opened


def asked_of(instance: DagsterInstance) -> list[tuple[str, str]]:
    launcher = instance.run_launcher
    assert isinstance(launcher, NotingLauncher)
    return launcher.asked


def status_of(instance: DagsterInstance, run_id: str) -> Status | None:
    run = instance.get_run_by_id(run_id)
    return None if run is None else run.status


def test_a_queued_run_waits_in_the_storage(queued: DagsterInstance) -> None:
    assert isinstance(queued.run_coordinator, QueuedRunCoordinator)
    run_id = queued.create_run(job_name="job").run_id
    assert queued.submit_run(run_id).status is Status.QUEUED
    assert queued.submit_run(run_id).status is Status.QUEUED
    assert asked_of(queued) == []
    assert len(queued.all_logs(run_id, DagsterEventType.RUN_ENQUEUED)) == 1
    assert queued.launch_run(run_id).status is Status.STARTING
    assert asked_of(queued) == [("launch", run_id)]
    other = queued.submit_run(queued.create_run(job_name="job").run_id).run_id
    assert queued.run_coordinator.cancel_run(other)
    assert status_of(queued, other) is Status.CANCELED


def test_a_run_that_is_not_queued_is_launched_at_once(direct: DagsterInstance) -> None:
    assert isinstance(direct.run_coordinator, DefaultRunCoordinator)
    run_id = direct.create_run(job_name="job").run_id
    assert direct.submit_run(run_id).status is Status.STARTING
    assert direct.run_coordinator.cancel_run(run_id)
    assert asked_of(direct) == [("launch", run_id), ("terminate", run_id)]


def test_a_run_whose_worker_is_gone_is_resumed_as_often_as_is_set(direct: DagsterInstance) -> None:
    run_id = direct.submit_run(direct.create_run(job_name="job").run_id).run_id
    assert direct.run_will_resume(run_id)
    direct.resume_run(run_id, None, 1)
    assert direct.count_resume_run_attempts(run_id) == 1
    assert not direct.run_will_resume(run_id)
    assert asked_of(direct) == [("launch", run_id), ("resume", run_id)]
