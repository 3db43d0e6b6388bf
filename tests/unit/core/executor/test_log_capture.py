"""stdout and stderr of steps, in the log of their run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dagster._check import CheckError
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.instance.instance import DagsterInstance, InstanceType
from dagster._core.storage.compute_log_manager import CapturedLogContext
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager


@resource
def speaking(_context) -> Iterator[str]:
    print("set up")
    yield "value"
    print("torn down")


@op(required_resource_keys={"speaking"})
def speak() -> int:
    print("a word")
    code = "import os; os.write(1, b'of a child\\n'); os.write(2, b'its error\\n')"
    subprocess.run([sys.executable, "-c", code], check=True)
    return 1


@op
def fail(_value: int) -> None:
    print("last words", file=sys.stderr)
    raise ValueError("mine")


@job(resource_defs={"speaking": speaking})
def talk() -> None:
    speak()


@job(resource_defs={"speaking": speaking})
def failing() -> None:
    fail(speak())


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def captured(events: Sequence[DagsterEvent]) -> list[DagsterEvent]:
    return [event for event in events if event.event_type is DagsterEventType.LOGS_CAPTURED]


def test_one_log_for_the_process(instance: DagsterInstance) -> None:
    result = talk.execute_in_process(instance=instance)
    (event,) = captured(result.all_events)
    data = event.logs_captured_data
    assert data.step_keys == ["speak"]
    assert list(data.log_key) == [result.run_id, "compute_logs", data.file_key]
    assert event.message.startswith("Started capturing logs in process (pid: ")
    types = [event.event_type for event in result.all_events]
    assert types.index(DagsterEventType.LOGS_CAPTURED) < types.index(DagsterEventType.STEP_START)
    manager = instance.compute_log_manager
    found = manager.get_log_data(data.log_key)
    assert found.stdout == b"set up\na word\nof a child\ntorn down\n"
    assert b"its error\n" in (found.stderr or b"")
    assert manager.is_capture_complete(data.log_key)


def test_the_event_is_stored(instance: DagsterInstance) -> None:
    result = talk.execute_in_process(instance=instance)
    stored = [entry.dagster_event for entry in instance.all_logs(result.run_id) if entry.dagster_event]
    assert captured(stored) == captured(result.all_events)


def test_a_failed_run_keeps_its_last_words(instance: DagsterInstance) -> None:
    result = failing.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    (event,) = captured(result.all_events)
    key = event.logs_captured_data.log_key
    assert event.logs_captured_data.step_keys == ["speak", "fail"]
    assert instance.compute_log_manager.is_capture_complete(key)
    assert b"last words\n" in (instance.compute_log_manager.get_log_data(key).stderr or b"")


def test_an_error_that_is_raised_ends_the_capture(instance: DagsterInstance) -> None:
    streams = sys.stdout, sys.stderr
    with pytest.raises(ValueError, match="mine"):
        failing.execute_in_process(instance=instance)
    assert (sys.stdout, sys.stderr) == streams


def test_each_run_has_its_own(instance: DagsterInstance) -> None:
    keys = [
        captured(talk.execute_in_process(instance=instance).all_events)[0].logs_captured_data.log_key
        for _ in range(2)
    ]
    assert keys[0] != keys[1]
    texts = [instance.compute_log_manager.get_log_data(key).stdout for key in keys]
    assert texts[0] == texts[1]


def test_in_memory_nothing_is_captured() -> None:
    with DagsterInstance.ephemeral() as instance:
        assert captured(talk.execute_in_process(instance=instance).all_events) == []


def test_in_memory_what_was_given_captures(tmp_path: Path) -> None:
    manager = LocalComputeLogManager(str(tmp_path))
    with DagsterInstance(InstanceType.EPHEMERAL, compute_log_manager=manager) as instance:
        (event,) = captured(talk.execute_in_process(instance=instance).all_events)
    assert manager.get_log_data(event.logs_captured_data.log_key).stdout


def test_dagster_yaml_may_choose_none(tmp_path: Path) -> None:
    overrides = {
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        }
    }
    with DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as instance:
        assert instance.log_capturer is None
        assert captured(talk.execute_in_process(instance=instance).all_events) == []


class Refusing(LocalComputeLogManager):
    """Cannot begin, or cannot end."""

    at_start = False

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        if self.at_start:
            raise PermissionError("no directory")
        with super().capture_logs(log_key) as context:
            yield context
        raise ConnectionError("no network")


@pytest.mark.parametrize(
    ("at_start", "message", "error"),
    [
        (True, "stdout and stderr of this run cannot be captured.", "no directory"),
        (False, "stdout and stderr of this run could not be kept.", "no network"),
    ],
)
def test_logs_that_cannot_be_kept_fail_no_run(
    tmp_path: Path, at_start: bool, message: str, error: str
) -> None:
    manager = Refusing(str(tmp_path))
    manager.at_start = at_start
    with DagsterInstance(InstanceType.EPHEMERAL, compute_log_manager=manager) as instance:
        result = talk.execute_in_process(instance=instance)
        assert result.success
        events = [entry.dagster_event for entry in instance.all_logs(result.run_id)]
        (told,) = [event for event in events if event and event.message == message]
        assert told.event_type is DagsterEventType.ENGINE_EVENT
        assert error in told.engine_event_data.error.message
        assert bool(captured(result.all_events)) is not at_start


def test_a_wrong_config_is_told(tmp_path: Path) -> None:
    overrides = {
        "compute_logs": {
            "module": "dagster._core.storage.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": {"env": "NOT_SET_ANYWHERE"}},
        }
    }
    with (
        DagsterInstance.local_temp(str(tmp_path), overrides=overrides) as instance,
        pytest.raises(DagsterInvalidConfigError, match="NOT_SET_ANYWHERE"),
    ):
        talk.execute_in_process(instance=instance)


def test_other_events_carry_no_log() -> None:
    with pytest.raises(CheckError, match="LOGS_CAPTURED"):
        _: Any = DagsterEvent("STEP_START", "j").logs_captured_data
