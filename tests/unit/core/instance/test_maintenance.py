"""What goes with a run that is deleted: what its steps wrote."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dagster._core.events.log_entry import EventLogEntry
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.run import DagsterRunStatus
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager

LATER = 4e9
HOSTILE = ("../outside", "a/../../b", "..", "%2E", "x" * 5_000, "\n", "🙂")


class BrokenLogManager(LocalComputeLogManager):
    """It deletes nothing."""

    def delete_logs_of_runs(self, run_ids: Sequence[str]) -> None:
        """Refuse."""
        error = PermissionError("the share is read-only")
        error.add_note("The logs of 1 of 1 runs were not deleted.")
        raise error


def home(path: Path, **config: Any) -> DagsterInstance:
    retention = {"retention": {"event_log": {"purge_after_days": 30}}}
    return DagsterInstance.local_temp(str(path), overrides={**retention, **config})


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with home(tmp_path / "home") as made:
        yield made


def add_run(instance: DagsterInstance, run_id: str, *, is_over: bool = True) -> None:
    status = DagsterRunStatus.SUCCESS if is_over else DagsterRunStatus.STARTED
    instance.create_run(job_name="job", run_id=run_id, status=status)
    instance.store_event(
        EventLogEntry(
            error_info=None, level=20, user_message="m", run_id=run_id, timestamp=1.0, job_name="job"
        )
    )
    write(instance, run_id)


def write(instance: DagsterInstance, run_id: str) -> None:
    manager = instance.compute_log_manager
    key = manager.build_log_key_for_run(run_id, "step")
    with manager.open_log_stream(key, ComputeIOType.STDOUT) as file:
        assert file is not None
        file.write(b"words")


def words(instance: DagsterInstance, run_id: str) -> bytes | None:
    manager = instance.compute_log_manager
    return manager.get_log_data(manager.build_log_key_for_run(run_id, "step")).stdout


def test_a_deleted_run_takes_what_its_steps_wrote(instance: DagsterInstance) -> None:
    add_run(instance, "one")
    add_run(instance, "two")
    files = Path(instance.file_manager_directory("one"))
    files.mkdir(parents=True)
    # A file of the user's that has the ending of a log.
    (files / "private.key").write_bytes(b"x")
    instance.delete_run("one")
    assert words(instance, "one") is None
    assert words(instance, "two") == b"words"
    assert (files / "private.key").exists()
    assert not Path(instance.storage_directory(), "one", "compute_logs").exists()


def test_many_go_at_once(instance: DagsterInstance) -> None:
    for run_id in (*HOSTILE, "kept"):
        add_run(instance, run_id)
    instance.delete_runs(HOSTILE)
    assert [words(instance, run_id) for run_id in HOSTILE] == [None] * len(HOSTILE)
    assert words(instance, "kept") == b"words"
    assert instance.get_run_ids() == ["kept"]


def test_hostile_runs_reach_nothing_outside(tmp_path: Path) -> None:
    with home(tmp_path / "home") as instance:
        beside = tmp_path / "home" / "compute_logs" / "step.out"
        beside.parent.mkdir(parents=True)
        beside.write_bytes(b"x")
        (tmp_path / "step.out").write_bytes(b"x")
        for run_id in HOSTILE:
            instance.delete_run(run_id)  # never there
            add_run(instance, run_id)
            instance.delete_run(run_id)
        assert beside.exists()
        assert (tmp_path / "step.out").exists()


def test_a_wipe_takes_all(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagster._core.instance.maintenance._PAGE", 2)
    for number in range(5):
        add_run(instance, str(number))
    instance.wipe()
    assert [words(instance, str(number)) for number in range(5)] == [None] * 5


def test_retention_takes_what_goes_with_a_log(instance: DagsterInstance) -> None:
    for run_id in HOSTILE:
        add_run(instance, run_id)
    add_run(instance, "goes on", is_over=False)
    assert instance.prune_event_logs(now=LATER) == len(HOSTILE)
    assert [words(instance, run_id) for run_id in HOSTILE] == [None] * len(HOSTILE)
    assert words(instance, "goes on") == b"words"
    assert instance.get_runs_count() == len(HOSTILE) + 1


def test_a_run_goes_though_its_output_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    logs = {
        "module": __name__,
        "class": "BrokenLogManager",
        "config": {"base_dir": str(tmp_path / "logs")},
    }
    with home(tmp_path / "home", compute_logs=logs) as instance:
        add_run(instance, "one")
        with caplog.at_level(logging.WARNING):
            instance.delete_run("one")
        assert instance.get_runs_count() == 0
    (told,) = caplog.messages
    assert told.startswith(
        "The output of steps of run one was not deleted, or not all of it. PermissionError"
    )
    assert told.endswith("the share is read-only The logs of 1 of 1 runs were not deleted.")
    assert os.listdir(tmp_path / "logs") == ["one"]


def test_a_manager_that_cannot_be_made_keeps_no_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logs = {
        "module": "dagster._core.storage.local_compute_log_manager",
        "class": "LocalComputeLogManager",
        "config": {"base_dir": {"env": "NOT_SET_ANYWHERE"}},
    }
    with home(tmp_path / "home", compute_logs=logs) as instance:
        instance.create_run(job_name="job", run_id="one")
        instance.delete_runs(["one"])
        assert instance.get_runs_count() == 0
    assert "NOT_SET_ANYWHERE" in caplog.text


def test_nothing_is_deleted_where_nothing_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    with DagsterInstance.ephemeral() as instance:
        instance.create_run(job_name="job", run_id="one")
        instance.delete_run("one")
        instance.wipe()
    assert not caplog.messages
