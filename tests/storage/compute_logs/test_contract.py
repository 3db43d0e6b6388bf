"""The contract of compute log managers on local files, an fsspec path, and S3."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dagster._core.storage.compute_log_manager import ComputeLogManager
from dagster._core.storage.fsspec_compute_log_manager import FsspecComputeLogManager
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster.testing.storage_contract import compute_logs
from dagster_aws import S3ComputeLogManager

Maker = Callable[[], ComputeLogManager]


@pytest.fixture(params=["local", "fsspec-memory", "fsspec-file", "s3"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    """Makes managers of one place, each as a process of its own has it."""
    if request.param == "local":
        return lambda: LocalComputeLogManager(str(tmp_path / "logs"))
    if request.param == "s3":
        bucket, endpoint = request.getfixturevalue("bucket"), request.getfixturevalue("s3_endpoint")
        return lambda: S3ComputeLogManager(bucket, endpoint_url=endpoint)
    name = uuid.uuid4().hex
    base = f"memory://{name}/logs" if request.param == "fsspec-memory" else f"file://{tmp_path}/remote"
    return lambda: FsspecComputeLogManager(base)


@pytest.fixture
def manager(make: Maker) -> Iterator[ComputeLogManager]:
    made = make()
    yield made
    made.dispose()


@pytest.fixture
def reader(make: Maker) -> Iterator[ComputeLogManager]:
    made = make()
    yield made
    made.dispose()


class TestCapture(compute_logs.CaptureContract): ...


class TestReading(compute_logs.ReadingContract): ...


class TestKeys(compute_logs.LogKeyContract): ...


class TestDeleting(compute_logs.DeletingContract): ...


class TestFollowing(compute_logs.FollowingContract): ...
