"""What killed processes wrote, and what could not be uploaded, is uploaded when somebody looks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dagster
from dagster._core.instance.instance import DagsterInstance
from dagster._core.storage.compute_log_manager import ComputeIOType, ComputeLogManager
from dagster._core.storage.fsspec_compute_log_manager import FsspecComputeLogManager
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.log_leftovers import abandoned_log_directories, make_log_directory
from dagster_aws import S3ComputeLogManager

KEY = ["run", "compute_logs", "step"]
STDOUT = ComputeIOType.STDOUT
SOURCES = str(Path(dagster.__file__).parents[1])
WRITER = """
import os, sys
from dagster._core.storage.fsspec_compute_log_manager import FsspecComputeLogManager
from dagster_aws import S3ComputeLogManager
manager = {made}
with manager.capture_logs({key!r}):
    os.write(1, b"last words")
    os.write({ready}, b".")
    os.read({stop}, 1)
"""


class Writer:
    """A process that captures, and waits to be ended."""

    def __init__(self, made: str, key: list[str] = KEY) -> None:
        self._stop, stop = os.pipe()[::-1]
        ready, tell = os.pipe()
        code = WRITER.format(made=made, key=key, ready=tell, stop=stop)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            pass_fds=[tell, stop],
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": SOURCES, "TMPDIR": tempfile.gettempdir()},
        )
        os.close(tell)
        os.close(stop)
        with os.fdopen(ready, "rb") as file:
            assert file.read(1) == b"."

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(60) == -signal.SIGKILL
        os.close(self._stop)

    def end(self) -> None:
        os.write(self._stop, b".")
        assert self.process.wait(60) == 0
        os.close(self._stop)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


@pytest.fixture(params=["fsspec", "fsspec-local-dir", "s3"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """How a manager is made, here and in another process."""
    if request.param == "s3":
        bucket, endpoint = request.getfixturevalue("bucket"), request.getfixturevalue("s3_endpoint")
        return f"S3ComputeLogManager({bucket!r}, endpoint_url={endpoint!r})"
    local = str(tmp_path / "local") if request.param == "fsspec-local-dir" else None
    return f"FsspecComputeLogManager('file://{tmp_path}/remote', local_dir={local!r})"


@pytest.fixture
def make(made: str) -> Callable[[], ComputeLogManager]:
    names = {
        "FsspecComputeLogManager": FsspecComputeLogManager,
        "S3ComputeLogManager": S3ComputeLogManager,
    }
    return lambda: eval(made, names)


LOOKS: list[Callable[[ComputeLogManager], Any]] = [
    lambda manager: manager.get_log_data(KEY),
    lambda manager: manager.is_capture_complete(KEY),
    lambda manager: manager.get_log_keys_for_log_key_prefix(["run"], STDOUT),
    lambda manager: manager.rescue_logs(["run"]),
    lambda manager: manager.rescue_logs(),
]


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS, ids=["data", "complete", "keys", "run", "all"])
def test_a_killed_process_loses_nothing(
    made: str, make: Callable[[], ComputeLogManager], look: Any, tmp_path: Path, temporary: Path
) -> None:
    Writer(made).kill()
    reader = make()
    assert look(reader)
    assert reader.get_log_data(KEY).stdout == b"last words"
    assert reader.is_capture_complete(KEY)
    assert not list(temporary.iterdir())
    assert not list(tmp_path.glob("local/*"))
    # It is where everybody finds it.
    assert reader.rescue_logs() == 0
    other = make()
    assert other.get_log_data(KEY).stdout == b"last words"
    for manager in (reader, other):
        manager.dispose()


@pytest.mark.slow
def test_a_process_that_goes_on_is_let_be(
    made: str, make: Callable[[], ComputeLogManager], tmp_path: Path
) -> None:
    writer = Writer(made)
    reader = make()
    assert reader.rescue_logs() == 0
    assert not reader.is_capture_complete(KEY)
    writer.end()
    assert reader.get_log_data(KEY).stdout == b"last words"
    assert reader.is_capture_complete(KEY)
    reader.dispose()


@pytest.mark.slow
def test_what_was_left_is_deleted_too(made: str, make: Callable[[], ComputeLogManager]) -> None:
    for delete in (
        lambda manager: manager.delete_logs(log_key=KEY),
        lambda manager: manager.delete_logs(prefix=["run"]),
        lambda manager: manager.delete_logs_of_runs(["run"]),
    ):
        Writer(made).kill()
        manager = make()
        delete(manager)
        assert manager.get_log_data(KEY).stdout is None
        assert manager.rescue_logs() == 0
        manager.dispose()


@pytest.mark.slow
def test_a_run_that_is_declared_failed_keeps_its_output(tmp_path: Path) -> None:
    base = f"file://{tmp_path}/remote"
    config = {
        "module": "dagster._core.storage.fsspec_compute_log_manager",
        "class": "FsspecComputeLogManager",
        "config": {"base_path": base},
    }
    with DagsterInstance.local_temp(str(tmp_path / "home"), {"compute_logs": config}) as instance:
        for close in (instance.report_run_failed, instance.report_run_canceled):
            run = instance.create_run(job_name="job")
            Writer(
                f"FsspecComputeLogManager({base!r})",
                list(instance.compute_log_manager.build_log_key_for_run(run.run_id, "step")),
            ).kill()
            close(run)
            kept = tmp_path / "remote" / run.run_id / "compute_logs"
            assert sorted(os.listdir(kept)) == ["step.complete", "step.err", "step.out"]
            assert (kept / "step.out").read_bytes() == b"last words"


def test_what_cannot_be_looked_for_fails_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = {
        "module": "dagster._core.storage.local_compute_log_manager",
        "class": "LocalComputeLogManager",
        "config": {"base_dir": {"env": "NOT_SET_ANYWHERE"}},
    }
    with DagsterInstance.local_temp(str(tmp_path / "home"), {"compute_logs": config}) as instance:
        run = instance.create_run(job_name="job")
        instance.report_run_failed(run)
        assert instance.get_run_by_id(run.run_id).is_failure
    assert "NOT_SET_ANYWHERE" in caplog.text


def test_what_cannot_be_uploaded_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise ConnectionError("the network is down")

    manager = FsspecComputeLogManager(f"file://{tmp_path}/remote", local_dir=str(tmp_path / "local"))
    with monkeypatch.context() as broken:
        broken.setattr(type(manager._store), "upload", refuse)
        with pytest.raises(ConnectionError), manager.capture_logs(KEY):
            os.write(1, b"kept")
        for _ in range(3):
            assert manager.get_log_data(KEY).stdout == b"kept"
            assert manager.is_capture_complete(KEY)
    (told,) = caplog.messages
    assert told == (
        f"The log in {tmp_path}/local/run/compute_logs/step.* cannot be uploaded: the network is down. "
        "It stays there."
    )
    # The network is back.
    assert manager.get_log_data(KEY).stdout == b"kept"
    assert os.listdir(tmp_path / "local") == []
    assert (tmp_path / "remote" / "run" / "compute_logs" / "step.complete").exists()


def test_directories_of_others_are_let_be(tmp_path: Path, temporary: Path) -> None:
    manager = FsspecComputeLogManager(f"file://{tmp_path}/remote")
    with manager.capture_logs(KEY):
        (own,) = temporary.iterdir()
        prefix = own.name.rpartition("-")[0]
        planted = temporary / f"{prefix}-planted"
        planted.mkdir(mode=0o777)
        planted.chmod(0o777)
        (planted / "x.out").write_bytes(b"x")
        target = tmp_path / "target"
        target.mkdir(mode=0o700)
        (target / "x.out").write_bytes(b"x")
        (temporary / f"{prefix}-link").symlink_to(target, target_is_directory=True)
        (temporary / f"{prefix}-file").write_bytes(b"x")
        assert manager.rescue_logs() == 0
        assert FsspecComputeLogManager(f"file://{tmp_path}/elsewhere").rescue_logs() == 0
    assert (target / "x.out").exists()
    assert (temporary / f"{prefix}-file").exists()
    assert (planted / "x.out").exists()


def test_nothing_is_left_on_a_local_disk(tmp_path: Path) -> None:
    assert LocalComputeLogManager(str(tmp_path)).rescue_logs() == 0


def test_who_only_reads_makes_no_directory(tmp_path: Path, temporary: Path) -> None:
    manager = FsspecComputeLogManager(f"file://{tmp_path}/remote")
    assert manager.get_log_data(KEY).stdout is None
    assert not manager.is_capture_complete(KEY)
    assert manager.get_log_keys_for_log_key_prefix([], STDOUT) == []
    manager.delete_logs(prefix=["run"])
    assert not list(temporary.iterdir())


def test_a_directory_that_is_taken_before_it_is_held_is_made_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    mkdtemp = tempfile.mkdtemp

    def taken(*args: Any, **options: Any) -> str:
        directory = mkdtemp(*args, **options)
        made.append(Path(directory))
        if len(made) == 1:
            assert list(abandoned_log_directories("store")) == [directory]
        return directory

    monkeypatch.setattr(tempfile, "mkdtemp", taken)
    directory, held = make_log_directory("store")
    assert held is not None
    assert [str(path) for path in made[1:]] == [directory]
    assert not made[0].exists()
    assert list(abandoned_log_directories("store")) == []
    os.close(held)
    assert list(abandoned_log_directories("store")) == [directory]
    assert not os.path.exists(directory)
