"""LocalComputeLogManager: its files, its directory, and those who follow it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from dagster._core.errors import DagsterInvalidConfigError, DagsterInvariantViolationError
from dagster._core.storage.compute_log_manager import CapturedLogData, ComputeIOType
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.log_subscriptions import LogFollowers
from dagster._serdes.config_class import ConfigurableClassData
from dagster.testing.storage_contract.texts import NASTY_TEXTS

MODULE = "dagster._core.storage.local_compute_log_manager"
STDOUT = ComputeIOType.STDOUT
KEY = ["run", "compute_logs", "step"]


@pytest.fixture
def manager(tmp_path: Path) -> LocalComputeLogManager:
    return LocalComputeLogManager(str(tmp_path / "logs"))


def write(manager: LocalComputeLogManager, key: list[str], text: bytes = b"x") -> None:
    with manager.open_log_stream(key, STDOUT) as file:
        assert file is not None
        file.write(text)


def test_it_is_made_from_config(tmp_path: Path) -> None:
    data = ConfigurableClassData.of(
        MODULE, "LocalComputeLogManager", {"base_dir": str(tmp_path), "polling_timeout": 3}
    )
    manager = data.rehydrate(LocalComputeLogManager)
    assert (manager.base_dir, manager.polling_timeout, manager.inst_data) == (str(tmp_path), 3, data)
    with pytest.raises(DagsterInvalidConfigError, match="base_dir"):
        ConfigurableClassData.of(MODULE, "LocalComputeLogManager", {}).rehydrate()


def test_files_have_the_documented_names(manager: LocalComputeLogManager, tmp_path: Path) -> None:
    with manager.capture_logs(KEY):
        os.write(2, b"x")
    folder = tmp_path / "logs" / "run" / "compute_logs"
    assert sorted(os.listdir(folder)) == ["step.complete", "step.err", "step.out"]
    assert manager.complete_artifact_path(KEY) == str(folder / "step.complete")
    assert manager.get_captured_local_path(KEY, "err") == str(folder / "step.err")
    assert manager.get_captured_local_path(KEY, "err", partial=True) == str(folder / "step.err.partial")
    assert manager.read_path(str(folder / "step.err")) == (b"x", 1)
    assert manager.read_path(str(folder / "step.err"), 1, 5) == (b"", 1)
    assert manager.read_path(str(folder / "none"), 3) == (None, 3)


def test_urls_name_the_key(manager: LocalComputeLogManager) -> None:
    url = manager.get_captured_log_download_url(["a/b", "ü"], ComputeIOType.STDERR)
    assert url == "/logs/a%2Fb/%C3%BC/err"
    for text in NASTY_TEXTS:
        assert manager.get_log_metadata([text, "x"]).stdout_download_url


def test_nothing_is_written_outside(manager: LocalComputeLogManager, tmp_path: Path) -> None:
    for text in NASTY_TEXTS:
        write(manager, [text, text])
    assert os.listdir(tmp_path) == ["logs"]


def test_links_lead_nowhere(manager: LocalComputeLogManager, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.out").write_bytes(b"secret")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "run").symlink_to(outside, target_is_directory=True)
    key = ["run", "x"]
    refusals = [
        lambda: manager.capture_logs(key).__enter__(),
        lambda: write(manager, key),
        lambda: write(manager, ["run", "deep", "x"]),
        lambda: manager.get_log_data(key),
        lambda: manager.delete_logs(log_key=key),
        lambda: manager.read_path(str(outside / "x.out")),
    ]
    for refusal in refusals:
        with pytest.raises(DagsterInvariantViolationError, match="outside of their directory"):
            refusal()
    assert manager.get_log_keys_for_log_key_prefix(["run"], STDOUT) == []
    assert manager.get_log_keys_for_log_key_prefix([], STDOUT) == []
    manager.delete_logs(prefix=["run"])
    assert os.listdir(outside) == ["x.out"]
    assert (outside / "x.out").read_bytes() == b"secret"


def test_links_to_files_lead_nowhere(manager: LocalComputeLogManager, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"secret")
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "x.out").symlink_to(target)
    with pytest.raises(DagsterInvariantViolationError, match="outside of their directory"):
        manager.get_log_data(["x"])
    with pytest.raises(DagsterInvariantViolationError, match="outside of their directory"):
        write(manager, ["x"])
    manager.delete_logs(log_key=["x"])
    assert target.read_bytes() == b"secret"
    assert not os.path.lexists(folder / "x.out")


def test_the_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    manager = LocalComputeLogManager(str(tmp_path / "link"))
    write(manager, KEY)
    assert manager.get_log_data(KEY).stdout == b"x"
    assert manager.get_log_keys_for_log_key_prefix(["run"], STDOUT) == [KEY]
    manager.delete_logs(log_key=KEY)
    assert os.listdir(tmp_path / "real") == []


def test_what_is_not_a_log_stays(manager: LocalComputeLogManager, tmp_path: Path) -> None:
    """Values of the default I/O manager lie in the same directory."""
    write(manager, KEY)
    value = tmp_path / "logs" / "run" / "my_op" / "result"
    value.parent.mkdir(parents=True)
    value.write_bytes(b"x")
    manager.delete_logs(prefix=["run"])
    assert value.exists()
    assert not (tmp_path / "logs" / "run" / "compute_logs").exists()


def test_long_keys_are_listed_by_their_own_file(manager: LocalComputeLogManager, tmp_path: Path) -> None:
    key = ["run", "x" * 10_000]
    write(manager, key)
    (path,) = (tmp_path / "logs" / "run").glob("*.key")
    assert manager.get_log_keys_for_log_key_prefix(["run"], STDOUT) == [key]
    path.write_bytes(b"broken")
    assert manager.get_log_keys_for_log_key_prefix(["run"], STDOUT) == []
    path.unlink()
    assert manager.get_log_keys_for_log_key_prefix(["run"], STDOUT) == []


# Following


def test_followers_are_served_to_the_end(manager: LocalComputeLogManager) -> None:
    followers = LogFollowers(manager, 0, wait=lambda _seconds: True)
    seen: list[CapturedLogData] = []
    with manager.capture_logs(KEY):
        subscription = followers.subscribe(KEY, None)(seen.append)
        os.write(1, b"one\n")
        followers.serve()
        assert not subscription.is_complete
        os.write(1, b"two\n")
    followers.serve()
    assert subscription.is_complete
    assert [piece.stdout for piece in seen] == [b"one\n", b"two\n"]


def test_a_thread_serves_them(tmp_path: Path) -> None:
    manager = LocalComputeLogManager(str(tmp_path), polling_timeout=0.001)
    come, seen = threading.Event(), []

    def observe(piece: CapturedLogData) -> None:
        seen.append(piece.stdout)
        come.set()

    with manager.capture_logs(KEY):
        manager.subscribe(KEY)(observe)
        os.write(1, b"words")
        assert come.wait(30)
    assert seen == [b"words"]
    manager.dispose()


def test_one_follower_does_not_disturb_another(
    manager: LocalComputeLogManager, caplog: pytest.LogCaptureFixture
) -> None:
    followers = LogFollowers(manager, 0, wait=lambda _seconds: True)

    def refuse(_piece: CapturedLogData) -> None:
        raise ValueError("mine")

    seen: list[CapturedLogData] = []
    with manager.capture_logs(KEY):
        first = followers.subscribe(KEY, None)(refuse)
        followers.subscribe(KEY, None)(seen.append)
        for number in range(7):
            os.write(1, str(number).encode())
            followers.serve()
    assert b"".join(piece.stdout or b"" for piece in seen) == b"0123456"
    assert not first.is_complete
    # What could not be given is not given again, and after five errors in a row nothing is.
    assert len(caplog.messages) == 5
    assert caplog.messages[-1].endswith("mine. It is not tried again.")


def test_a_follower_may_stop(manager: LocalComputeLogManager) -> None:
    followers = LogFollowers(manager, 0, wait=lambda _seconds: True)
    seen: list[CapturedLogData] = []
    write(manager, KEY)
    subscription = followers.subscribe(KEY, None)(seen.append)
    followers.unsubscribe(subscription)
    write(manager, KEY)
    followers.serve()
    assert len(seen) == 1
