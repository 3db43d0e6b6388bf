"""No more of a stream is kept than its limit, and whoever reads meanwhile sees no more."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.storage.compute_log_manager import ComputeIOType, ComputeLogManager
from dagster._core.storage.fsspec_compute_log_manager import FsspecComputeLogManager, FsspecLogStore
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.remote_compute_log_manager import RemoteComputeLogManager
from dagster._serdes.config_class import ConfigurableClassData
from dagster_aws import S3ComputeLogManager

KEY = ["run", "compute_logs", "step"]
STDOUT = ComputeIOType.STDOUT
LIMIT = 10
Maker = Callable[[], ComputeLogManager]


@pytest.fixture(params=["local", "fsspec", "s3"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    if request.param == "local":
        return lambda: LocalComputeLogManager(str(tmp_path / "logs"), max_bytes_per_stream=LIMIT)
    if request.param == "s3":
        bucket, endpoint = request.getfixturevalue("bucket"), request.getfixturevalue("s3_endpoint")
        return lambda: S3ComputeLogManager(bucket, endpoint_url=endpoint, max_bytes_per_stream=LIMIT)
    return lambda: FsspecComputeLogManager(
        f"file://{tmp_path}/remote", local_dir=str(tmp_path / "local"), max_bytes_per_stream=LIMIT
    )


def test_the_rest_is_counted_in_a_last_line(make: Maker) -> None:
    manager, reader = make(), make()
    with manager.capture_logs(KEY):
        os.write(1, b"0123456789abcdef")
        os.write(2, b"0123456789")
    found = reader.get_log_data(KEY)
    assert found.stdout is not None
    assert found.stdout.decode().splitlines() == [
        "0123456789",
        "[dagster] 6 more bytes were written here and not kept: max_bytes_per_stream is 10.",
    ]
    assert found.stderr == b"0123456789"
    assert reader.is_capture_complete(KEY)
    # It is continued behind that line, and the limit is still reached.
    with manager.capture_logs(KEY):
        os.write(1, b"again")
    more = reader.get_log_data(KEY, found.cursor).stdout
    assert more is not None
    assert more.startswith(b"[dagster] 5 more bytes")
    manager.dispose()
    reader.dispose()


def test_what_is_read_does_not_change(make: Maker) -> None:
    manager = make()
    text = "12345678\N{GRINNING FACE}and more".encode()
    with manager.capture_logs(KEY):
        os.write(1, text)
        first = manager.get_log_data(KEY)
        assert first.stdout == b"12345678"  # the character does not fit
        assert manager.get_log_data(KEY, first.cursor).stdout == b""
        assert manager.get_log_data(KEY, "4:0", 2).stdout == b"56"
        assert manager.get_log_data(KEY, "4:0", 100).stdout == b"5678"
        assert manager.get_log_data(KEY, "14:0").stdout == b""
    rest = manager.get_log_data(KEY, first.cursor).stdout
    assert rest is not None
    assert rest.startswith(b"\n[dagster] 12 more bytes")
    manager.dispose()


def test_streams_of_others_have_the_limit_too(make: Maker) -> None:
    manager = make()
    with manager.open_log_stream(KEY, STDOUT) as file:
        assert file is not None
        file.write(b"0123456789abcdef")
        file.flush()
        assert manager.get_log_data(KEY).stdout == b"0123456789"
    found = manager.get_log_data(KEY).stdout
    assert found is not None
    assert found.startswith(b"0123456789\n[dagster] 6 more bytes")
    manager.dispose()


def test_no_more_is_uploaded_meanwhile(tmp_path: Path) -> None:
    waits: list[float] = []
    go, done = threading.Semaphore(0), threading.Semaphore(0)

    def wait(seconds: float) -> bool:
        if waits:
            done.release()
        waits.append(seconds)
        go.acquire()
        return len(waits) > 1

    store = FsspecLogStore(f"file://{tmp_path}/remote", {})
    local = tmp_path / "local"
    manager = RemoteComputeLogManager(
        store, str(local), upload_interval=1, wait=wait, max_bytes_per_stream=LIMIT
    )
    with manager.capture_logs(KEY):
        os.write(1, b"0123456789abcdef")
        go.release()
        assert done.acquire(timeout=30)
        assert store.read("run/compute_logs/step.out", 0, None) == b"0123456789"
        assert sorted(os.listdir(local / "run" / "compute_logs")) == ["step.err", "step.out"]
        go.release()
    manager.dispose()


def test_it_is_a_field_of_every_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_TEST_LIMIT", "1000")
    managers = {
        ("dagster._core.storage.local_compute_log_manager", "LocalComputeLogManager"): "base_dir",
        ("dagster._core.storage.fsspec_compute_log_manager", "FsspecComputeLogManager"): "base_path",
        ("dagster_aws", "S3ComputeLogManager"): "bucket",
    }
    for (module, name), field in managers.items():
        config = {field: str(tmp_path), "max_bytes_per_stream": {"env": "DAGSTER_TEST_LIMIT"}}
        ConfigurableClassData.of(module, name, config).rehydrate()
        with pytest.raises(DagsterInvalidConfigError, match="max_bytes_per_stream"):
            ConfigurableClassData.of(
                module, name, {field: "x", "max_bytes_per_stream": "much"}
            ).rehydrate()
        with pytest.raises(DagsterInvariantViolationError, match="above zero, got: 0"):
            ConfigurableClassData.of(module, name, {field: "x", "max_bytes_per_stream": 0}).rehydrate()
