"""Logs in object stores: what is uploaded when, and what happens if it cannot be."""

from __future__ import annotations

import os
import threading
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest

from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._core.storage.fsspec_compute_log_manager import FsspecComputeLogManager, FsspecLogStore
from dagster._core.storage.remote_compute_log_manager import RemoteComputeLogManager
from dagster._serdes.config_class import ConfigurableClassData
from dagster_aws.s3 import S3ComputeLogManager, compute_log_manager

STDOUT = ComputeIOType.STDOUT
KEY = ["run", "compute_logs", "step"]


class BrokenStore(FsspecLogStore):
    """A store that can be out of reach."""

    is_broken = False

    def upload(self, local_path: str, path: str) -> None:
        if self.is_broken:
            raise ConnectionError("the network is down")
        super().upload(local_path, path)


@pytest.fixture
def store() -> BrokenStore:
    return BrokenStore(f"memory://{uuid.uuid4().hex}", {})


def test_local_files_go_when_they_are_uploaded(store: BrokenStore, tmp_path: Path) -> None:
    manager = RemoteComputeLogManager(store, str(tmp_path))
    with manager.capture_logs(KEY):
        os.write(1, b"x")
        assert sorted(os.listdir(tmp_path / "run" / "compute_logs")) == ["step.err", "step.out"]
        assert list(store.paths("")) == []
    assert os.listdir(tmp_path) == []
    assert sorted(store.paths("")) == [
        f"run/compute_logs/step.{extension}" for extension in ("complete", "err", "out")
    ]


def test_empty_streams_may_be_left_out(store: BrokenStore) -> None:
    manager = RemoteComputeLogManager(store, skip_empty_files=True)
    with manager.capture_logs(KEY):
        os.write(1, b"x")
    assert sorted(store.paths("")) == ["run/compute_logs/step.complete", "run/compute_logs/step.out"]
    assert manager.get_log_data(KEY) == (KEY, b"x", None, "1:0")
    assert manager.is_capture_complete(KEY)


def test_what_cannot_be_uploaded_stays(store: BrokenStore, tmp_path: Path) -> None:
    manager = RemoteComputeLogManager(store, str(tmp_path))
    store.is_broken = True
    with pytest.raises(ConnectionError, match="network is down") as raised, manager.capture_logs(KEY):
        os.write(1, b"kept")
    (note,) = raised.value.__notes__
    assert note.startswith("The log ['run', 'compute_logs', 'step'] was not uploaded. It is in ")
    assert (tmp_path / "run" / "compute_logs" / "step.out").read_bytes() == b"kept"
    assert manager.get_log_data(KEY).stdout == b"kept"
    assert manager.is_capture_complete(KEY)
    store.is_broken = False
    with manager.capture_logs(KEY):
        os.write(1, b" and more")
    assert RemoteComputeLogManager(store).get_log_data(KEY).stdout == b"kept and more"


def test_the_error_of_the_step_comes_first(store: BrokenStore, tmp_path: Path) -> None:
    manager = RemoteComputeLogManager(store, str(tmp_path))
    store.is_broken = True
    with pytest.raises(ValueError, match="mine"), manager.capture_logs(KEY):
        raise ValueError("mine")
    with pytest.raises(ValueError, match="mine"), manager.open_log_stream(KEY, STDOUT):
        raise ValueError("mine")


def test_a_growing_log_is_uploaded_at_an_interval(store: BrokenStore) -> None:
    waits: list[float] = []
    go, done = threading.Semaphore(0), threading.Semaphore(0)

    def wait(seconds: float) -> bool:
        if waits:
            done.release()
        waits.append(seconds)
        go.acquire()
        return over.is_set()

    over = threading.Event()
    manager = RemoteComputeLogManager(store, upload_interval=30, wait=wait)
    reader = RemoteComputeLogManager(store)

    def pass_time() -> None:
        go.release()
        assert done.acquire(timeout=30)

    with manager.capture_logs(KEY):
        os.write(1, b"one\n")
        assert reader.get_log_data(KEY).stdout is None
        pass_time()
        assert reader.get_log_data(KEY).stdout == b"one\n"
        assert not reader.is_capture_complete(KEY)
        store.is_broken = True
        os.write(1, b"two\n")
        pass_time()
        assert reader.get_log_data(KEY).stdout == b"one\n"
        store.is_broken = False
        pass_time()
        assert reader.get_log_data(KEY, "4:0").stdout == b"two\n"
        over.set()
        go.release()
    assert reader.is_capture_complete(KEY)
    assert set(waits) == {30}


def test_temporary_directories_go(store: BrokenStore) -> None:
    manager = RemoteComputeLogManager(store)
    with manager.capture_logs(KEY):
        pass
    directory = manager._files.base_dir
    assert os.stat(directory).st_mode & 0o777 == 0o700
    manager.dispose()
    assert not os.path.exists(directory)
    # It can be used again; what was not uploaded stays where it was said to be.
    store.is_broken = True
    with pytest.raises(ConnectionError), manager.capture_logs(KEY):
        os.write(1, b"x")
    manager.dispose()
    assert manager.get_log_data(KEY).stdout == b"x"
    manager.delete_logs(log_key=KEY)
    manager.dispose()


def test_a_forked_child_uploads_nothing(store: BrokenStore, tmp_path: Path) -> None:
    manager = RemoteComputeLogManager(store, str(tmp_path))
    try:
        with manager.capture_logs(KEY):
            child = os.fork()
            if child == 0:
                raise SystemExit
            assert os.waitpid(child, 0)[1] == 0
            assert not manager.is_capture_complete(KEY)
            assert list(store.paths("")) == []
            os.write(1, b"x")
    except SystemExit:
        os._exit(0)
    assert manager.get_log_data(KEY).stdout == b"x"


# Any fsspec path


def test_fsspec_is_made_from_config(tmp_path: Path) -> None:
    config = {
        "base_path": f"file://{tmp_path}/a",
        "storage_options": {"auto_mkdir": True},
        "local_dir": {"env": "DAGSTER_TEST_LOCAL_DIR"},
        "upload_interval": 30,
        "show_url_only": True,
    }
    data = ConfigurableClassData.of(
        "dagster._core.storage.fsspec_compute_log_manager", "FsspecComputeLogManager", config
    )
    os.environ["DAGSTER_TEST_LOCAL_DIR"] = str(tmp_path / "local")
    try:
        manager = data.rehydrate(FsspecComputeLogManager)
    finally:
        del os.environ["DAGSTER_TEST_LOCAL_DIR"]
    assert manager.inst_data == data
    with manager.open_log_stream(KEY, STDOUT) as file:
        assert file is not None
        file.write(b"x")
    assert (tmp_path / "a" / "run" / "compute_logs" / "step.out").read_bytes() == b"x"
    with manager.capture_logs(KEY) as context:
        assert context.external_stdout_url == f"file://{tmp_path}/a/run/compute_logs/step.out"
    with pytest.raises(DagsterInvalidConfigError, match="base_path"):
        ConfigurableClassData.of(
            "dagster._core.storage.fsspec_compute_log_manager", "FsspecComputeLogManager", {}
        ).rehydrate()


def test_places_of_fsspec_have_their_protocol() -> None:
    found = FsspecComputeLogManager("memory://logs").get_log_metadata(["a"])
    assert found.stdout_location == "memory:///logs/a.out"
    assert found.stdout_download_url is None


# S3


@pytest.fixture
def s3(s3_endpoint: str, bucket: str) -> Any:
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    yield client
    client.close()


def test_s3_is_made_from_its_documented_config(
    s3: Any, s3_endpoint: str, bucket: str, tmp_path: Path
) -> None:
    config = {
        "bucket": bucket,
        "local_dir": str(tmp_path),
        "prefix": "dagster-test-",
        "use_ssl": True,
        "verify": True,
        "verify_cert_path": "",
        "endpoint_url": s3_endpoint,
        "skip_empty_files": True,
        "upload_interval": 30,
        "upload_extra_args": {"ContentType": "text/plain"},
        "show_url_only": False,
        "region": "us-west-1",
    }
    for module in ("dagster_aws", "dagster_aws.s3", "dagster_aws.s3.compute_log_manager"):
        data = ConfigurableClassData.of(module, "S3ComputeLogManager", config)
        manager = data.rehydrate(S3ComputeLogManager)
        assert manager.inst_data == data
    with manager.capture_logs(KEY) as context:
        os.write(1, b"x")
    assert context.external_stdout_url is None
    head = s3.head_object(Bucket=bucket, Key="dagster-test-/storage/run/compute_logs/step.out")
    assert head["ContentType"] == "text/plain"
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [found["Key"].rpartition("/")[2] for found in listed] == ["step.complete", "step.out"]
    manager.dispose()


def test_s3_gives_urls(s3_endpoint: str, bucket: str) -> None:
    manager = S3ComputeLogManager(bucket, endpoint_url=s3_endpoint)
    with manager.capture_logs(["a b", "ü"]):
        os.write(1, b"by url")
    found = manager.get_log_metadata(["a b", "ü"])
    assert found.stdout_location == f"s3://{bucket}/dagster/storage/a b/ü.out"
    assert found.stdout_download_url is not None
    with urllib.request.urlopen(found.stdout_download_url) as answer:
        assert answer.read() == b"by url"
    manager.dispose()


def test_s3_may_show_urls_only(s3_endpoint: str, bucket: str) -> None:
    manager = S3ComputeLogManager(bucket, prefix="", endpoint_url=s3_endpoint, show_url_only=True)
    with manager.capture_logs(["a b"]) as context:
        pass
    assert context.external_stdout_url == f"{s3_endpoint}/{bucket}/storage/a%20b.out"
    assert (
        manager.get_log_metadata(["a b"]).stderr_download_url == context.external_stderr_url[:-3] + "err"
    )
    manager.dispose()
    # Amazon's own console; nothing is asked of it here.
    amazon = S3ComputeLogManager("b", show_url_only=True, region="eu-central-1")
    url = amazon.get_log_metadata(["a"]).stdout_download_url
    assert url == (
        "https://console.aws.amazon.com/s3/object/b?region=eu-central-1&prefix=dagster%2Fstorage%2Fa.out"
    )
    amazon.dispose()


def test_s3_deletes_in_portions(
    s3: Any, s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compute_log_manager, "_MAX_DELETED", 20)
    for number in range(50):
        s3.put_object(Bucket=bucket, Key=f"dagster/storage/run/{number}.out", Body=b"")
    s3.put_object(Bucket=bucket, Key="dagster/storage/other/1.out", Body=b"")
    manager = S3ComputeLogManager(bucket, endpoint_url=s3_endpoint)
    manager.delete_logs(prefix=["run"])
    left = s3.list_objects_v2(Bucket=bucket)["Contents"]
    assert [found["Key"] for found in left] == ["dagster/storage/other/1.out"]
    manager.dispose()


def test_s3_tells_what_is_wrong(s3_endpoint: str, s3_credentials: None) -> None:
    manager = S3ComputeLogManager("no-such-bucket", endpoint_url=s3_endpoint)
    with pytest.raises(Exception, match="NoSuchBucket"):
        manager.get_log_data(KEY)
    manager.dispose()


def test_s3_looks_through_many_runs_with_few_requests(
    s3: Any, s3_endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        path = f"dagster/storage/{number}/compute_logs/step.out"
        s3.put_object(Bucket=bucket, Key=path, Body=b"")
    s3.put_object(Bucket=bucket, Key="dagster/storage/1/files/private.key", Body=b"")
    s3.put_object(Bucket=bucket, Key="dagster/storage/1/compute_logs/notes.txt", Body=b"")
    manager = S3ComputeLogManager(bucket, endpoint_url=s3_endpoint)
    client: Any = manager._store._client  # type: ignore[attr-defined]  # requests are counted here
    requests: list[str] = []
    client.meta.events.register("before-call.s3.*", lambda model, **_: requests.append(model.name))
    manager.delete_logs_of_runs([str(number) for number in range(5, 30)])
    assert requests == ["ListObjectsV2", "DeleteObjects"]
    # Among more than is worth looking through, each run is asked for by itself.
    monkeypatch.setattr(compute_log_manager, "_MOST_LISTED", 1)
    requests.clear()
    manager.delete_logs_of_runs(["0", "1", "never there"])
    assert requests == ["ListObjectsV2"] * 4 + ["DeleteObjects"]
    left = [found["Key"].split("storage/")[1] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert left == [
        "1/compute_logs/notes.txt",
        "1/files/private.key",
        *(f"{number}/compute_logs/step.out" for number in (2, 3, 4)),
    ]
    manager.dispose()
