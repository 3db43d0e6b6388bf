"""FsspecComputeLogManager: stdout and stderr wherever fsspec reaches."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Self

from dagster._config.field import Field
from dagster._config.shapes import Permissive
from dagster._config.source import StringSource
from dagster._core.storage.remote_compute_log_manager import (
    UPLOAD_FIELDS,
    LogStore,
    RemoteComputeLogManager,
)
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData

_URL_SECONDS: Final = 3600


class FsspecLogStore(LogStore):
    """Objects below an fsspec path.

    Args:
        base_path: The path, with its protocol.
        storage_options: What fsspec's file system of that protocol takes.
    """

    def __init__(self, base_path: str, storage_options: Mapping[str, Any]) -> None:
        import fsspec

        self._fs, path = fsspec.core.url_to_fs(base_path, **storage_options)
        self._base = path.rstrip("/")

    def _at(self, path: str) -> str:
        return f"{self._base}/{path}" if path else self._base

    def upload(self, local_path: str, path: str) -> None:
        target = self._at(path)
        self._fs.makedirs(posixpath.dirname(target), exist_ok=True)
        self._fs.put_file(local_path, target)

    def read(self, path: str, offset: int, max_bytes: int | None) -> bytes | None:
        target = self._at(path)
        self._fs.invalidate_cache()
        try:
            size = self._fs.info(target)["size"]
            end = size if max_bytes is None else min(size, offset + max_bytes)
            return self._fs.cat_file(target, start=offset, end=end) if end > offset else b""
        except (FileNotFoundError, NotADirectoryError):
            return None

    def exists(self, path: str) -> bool:
        self._fs.invalidate_cache()
        return self._fs.exists(self._at(path))

    def paths(self, start: str) -> Iterable[str]:
        self._fs.invalidate_cache()
        return [path[len(self._base) + 1 :] for path in self._fs.find(self._at(start))]

    def delete(self, paths: Sequence[str]) -> None:
        for path in paths:
            try:
                self._fs.rm_file(self._at(path))
            except (FileNotFoundError, NotADirectoryError):
                continue

    def location(self, path: str) -> str:
        return self._fs.unstrip_protocol(self._at(path))

    def download_url(self, path: str) -> str | None:
        try:
            return self._fs.sign(self._at(path), expiration=_URL_SECONDS)
        except NotImplementedError:
            return None

    def external_url(self, path: str) -> str | None:
        return self.location(path)


class FsspecComputeLogManager(RemoteComputeLogManager, ConfigurableClass):
    """Stores stdout & stderr of steps below any path that fsspec knows: S3, GCS, Azure, SFTP, a share.

    In ``dagster.yaml``::

        compute_logs:
          module: dagster._core.storage.fsspec_compute_log_manager
          class: FsspecComputeLogManager
          config:
            base_path: gs://my-bucket/dagster/logs
            upload_interval: 30

    The package of the protocol (``s3fs``, ``gcsfs``, ``adlfs`` …) has to be installed.

    Args:
        base_path: The path, with its protocol.
        storage_options: What fsspec's file system of that protocol takes.
        local_dir: Where logs are written first. Default: a temporary directory.
        skip_empty_files: Whether streams that got nothing are not uploaded. Default: False.
        upload_interval: Seconds between uploads while a log is written. Default: only at its end.
        show_url_only: Whether events tell the place of the log. Default: False.
        inst_data: Where the object comes from.
        max_bytes_per_stream: How much is kept of each stream of a process that runs steps, in bytes.
            Default: everything.
    """

    def __init__(
        self,
        base_path: str,
        storage_options: Mapping[str, Any] | None = None,
        local_dir: str | None = None,
        skip_empty_files: bool = False,
        upload_interval: float | None = None,
        show_url_only: bool = False,
        inst_data: ConfigurableClassData | None = None,
        max_bytes_per_stream: int | None = None,
    ) -> None:
        self._inst_data = inst_data
        store = FsspecLogStore(base_path, storage_options or {})
        super().__init__(
            store,
            local_dir,
            skip_empty_files,
            upload_interval,
            show_url_only,
            max_bytes_per_stream=max_bytes_per_stream,
        )

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {
            "base_path": Field(StringSource, description="The path, with its protocol."),
            "storage_options": Field(
                Permissive({}), is_required=False, description="What fsspec's file system takes."
            ),
            **UPLOAD_FIELDS,
        }

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data=inst_data, **config_value)
