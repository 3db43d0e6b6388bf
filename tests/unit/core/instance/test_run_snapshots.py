"""What a job is, as its runs keep it: made once for a process, stored once on each instance."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.instance.instance import DagsterInstance


@op
def one() -> int:
    return 1


@op
def two() -> int:
    return 2


@job
def both() -> None:
    one()
    two()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs whose records were made, in order."""
    found: list[str] = []
    original = JobDefinition.get_job_snapshot
    monkeypatch.setattr(
        JobDefinition, "get_job_snapshot", lambda self: found.append(self.name) or original(self)
    )
    return found


def test_it_is_made_for_the_first_run_alone(made: list[str], tmp_path: Path) -> None:
    both.snapshot_id = None
    with DagsterInstance.local_temp(str(tmp_path / "a")) as instance:
        runs = [instance.create_run_for_job(both) for _ in range(3)]
        assert made == ["both"]
        (snapshot_id,) = {run.job_snapshot_id for run in runs}
        assert snapshot_id == both.get_job_snapshot_id()
        assert instance.get_job_snapshot(snapshot_id) == both.get_job_snapshot()
        made.clear()
        assert instance.create_run_for_job(both).job_snapshot_id == snapshot_id
        assert made == []


def test_each_instance_has_it(made: list[str], tmp_path: Path) -> None:
    both.snapshot_id = None
    for name in ("a", "b"):
        with DagsterInstance.local_temp(str(tmp_path / name)) as instance:
            run = instance.create_run_for_job(both)
            assert run.job_snapshot_id is not None
            assert instance.has_job_snapshot(run.job_snapshot_id)
    assert made == ["both", "both"]


def test_a_part_is_stored_with_the_whole(tmp_path: Path) -> None:
    part = both.get_subset(op_selection=["one"])
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        for _ in range(2):
            run = instance.create_run_for_job(part)
            assert run.job_snapshot_id == part.get_job_snapshot_id() != both.get_job_snapshot_id()
            assert instance.has_job_snapshot(both.get_job_snapshot_id())


def test_an_instance_that_ends_with_the_run_keeps_none(made: list[str]) -> None:
    with DagsterInstance.ephemeral() as instance:
        assert instance.create_run_for_job(both).job_snapshot_id is None
    assert made == []
