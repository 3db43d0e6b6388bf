"""LocalComputeLogManager: stdout and stderr in files of a local directory."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Any, Final, Self

from dagster._config.config_type import Float
from dagster._config.field import Field
from dagster._config.source import IntSource, StringSource
from dagster._core.storage.compute_log_manager import (
    CapturedLogContext,
    CapturedLogMetadata,
    CapturedLogSubscription,
    ComputeIOType,
    ComputeLogManager,
    check_log_key,
    check_max_bytes,
    check_what_to_delete,
    key_order,
)
from dagster._core.storage.local_log_files import LocalLogFiles
from dagster._core.storage.log_key_paths import COMPLETE, STDERR, STDOUT, directory_of_prefix
from dagster._core.storage.log_subscriptions import LogFollowers
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData

#: The extension of the files of each stream.
IO_TYPE_EXTENSION: Final[Mapping[ComputeIOType, str]] = {
    ComputeIOType.STDOUT: STDOUT,
    ComputeIOType.STDERR: STDERR,
}
#: How often it is looked for new output of followed logs, in seconds.
DEFAULT_POLLING_SECONDS: Final = 1.0

#: In the config of every manager that keeps something.
MAX_BYTES_FIELD: Final = Field(
    IntSource,
    is_required=False,
    description="How much is kept of each stream of a process that runs steps, in bytes.",
)


class LocalComputeLogManager(ComputeLogManager, ConfigurableClass):
    """Stores copies of stdout & stderr for each compute step locally on disk.

    From the "Internals" document. In ``dagster.yaml``::

        compute_logs:
          module: dagster._core.storage.local_compute_log_manager
          class: LocalComputeLogManager
          config:
            base_dir: /path/to/directory
            max_bytes_per_stream: 100000000

    A log is in ``<key>.out`` and ``<key>.err``; ``<key>.complete`` marks its end. Descriptors 1 and 2
    lead straight into the files, so that output of child processes and of libraries in C is there too, and
    all that was written before a process was killed.

    Args:
        base_dir: The directory; made when something is written.
        polling_timeout: How often it is looked for new output of followed logs, in seconds. Default: 1.
        inst_data: Where the object comes from.
        max_bytes_per_stream: How much is kept of stdout, and of stderr, of each process that runs steps, in
            bytes. The rest is shown where it would have been, and a last line says how much it was.
            Default: everything is kept.
    """

    def __init__(
        self,
        base_dir: str,
        polling_timeout: float | None = None,
        inst_data: ConfigurableClassData | None = None,
        max_bytes_per_stream: int | None = None,
    ) -> None:
        self._base_dir = os.path.abspath(base_dir)
        self._polling_timeout = DEFAULT_POLLING_SECONDS if polling_timeout is None else polling_timeout
        self._inst_data = inst_data
        self._files = LocalLogFiles(self._base_dir, check_max_bytes(max_bytes_per_stream))
        self._followers = LogFollowers(self, self._polling_timeout)

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @property
    def base_dir(self) -> str:
        """The directory."""
        return self._base_dir

    @property
    def polling_timeout(self) -> float:
        """How often it is looked for new output of followed logs, in seconds."""
        return self._polling_timeout

    @classmethod
    def config_type(cls) -> Any:
        return {
            "base_dir": Field(StringSource, description="The directory of the logs."),
            "polling_timeout": Field(
                Float, is_required=False, description="Seconds between looks for new output."
            ),
            "max_bytes_per_stream": MAX_BYTES_FIELD,
        }

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Capture stdout and stderr into files. See :meth:`ComputeLogManager.capture_logs`."""
        with self._files.capture(check_log_key(log_key)):
            yield CapturedLogContext(log_key)

    def open_log_stream(
        self, log_key: Sequence[str], io_type: ComputeIOType
    ) -> AbstractContextManager[IO[bytes] | None]:
        """Give a file that continues a stream of a log."""
        return self._files.stream(check_log_key(log_key), IO_TYPE_EXTENSION[io_type])

    def is_capture_complete(self, log_key: Sequence[str]) -> bool:
        """Return whether the mark of its end is there."""
        return self._files.has(log_key, COMPLETE)

    def get_log_data_for_type(
        self, log_key: Sequence[str], io_type: ComputeIOType, offset: int, max_bytes: int | None
    ) -> tuple[bytes | None, int]:
        """Return a piece of one stream. See :meth:`ComputeLogManager.get_log_data_for_type`."""
        extension = IO_TYPE_EXTENSION[io_type]
        data = self._files.read_stream(check_log_key(log_key), extension, offset, max_bytes)
        return data, offset + len(data or b"")

    def read_path(
        self, path: str, offset: int = 0, max_bytes: int | None = None
    ) -> tuple[bytes | None, int]:
        """Return a piece of a file below the directory.

        Args:
            path: The file.
            offset: Where to start, in bytes.
            max_bytes: How much to read at most; None reads to the end.

        Returns:
            The bytes (None if there is no such file), and where the next piece starts.
        """
        data = self._files.read(path, offset, max_bytes)
        return data, offset + len(data or b"")

    def get_log_metadata(self, log_key: Sequence[str]) -> CapturedLogMetadata:
        """Return the paths of the files, and the path in the web interface that downloads them."""
        check_log_key(log_key)
        return CapturedLogMetadata(
            stdout_location=self._files.path(log_key, STDOUT),
            stderr_location=self._files.path(log_key, STDERR),
            stdout_download_url=self.get_captured_log_download_url(log_key, ComputeIOType.STDOUT),
            stderr_download_url=self.get_captured_log_download_url(log_key, ComputeIOType.STDERR),
        )

    def get_captured_log_download_url(self, log_key: Sequence[str], io_type: ComputeIOType) -> str:
        """Return the path in the web interface that gives a stream as a file."""
        parts = [urllib.parse.quote(part, safe="", errors="surrogatepass") for part in log_key]
        return "/".join(["/logs", *parts, IO_TYPE_EXTENSION[io_type]])

    def complete_artifact_path(self, log_key: Sequence[str]) -> str:
        """Return the path of the file that marks the end of a log."""
        return self._files.path(check_log_key(log_key), COMPLETE)

    def get_captured_local_path(
        self, log_key: Sequence[str], extension: str, partial: bool = False
    ) -> str:
        """Return the path of a file of a log.

        Args:
            log_key: The key of the log.
            extension: ``out``, ``err`` or ``complete``.
            partial: Whether a piece of it is meant, which is kept beside it.
        """
        path = self._files.path(check_log_key(log_key), extension)
        return f"{path}.partial" if partial else path

    def get_log_keys_for_log_key_prefix(
        self, log_key_prefix: Sequence[str], io_type: ComputeIOType
    ) -> Sequence[list[str]]:
        """Return the keys that start with a prefix and have kept something of a stream, in order."""
        keys = self._files.keys(log_key_prefix, IO_TYPE_EXTENSION[io_type])
        return sorted(keys, key=key_order)

    def delete_logs(
        self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None
    ) -> None:
        """Delete a log, or all whose keys start with a prefix."""
        check_what_to_delete(log_key, prefix)
        for key in [log_key] if log_key is not None else self._files.keys(prefix or ()):
            self._files.delete(key)

    def delete_logs_of_runs(self, run_ids: Sequence[str]) -> None:
        """Delete what the steps of runs wrote."""
        for run_id in run_ids:
            self._files.delete_directory(directory_of_prefix(self.prefix_of_run(run_id)))

    def subscribe(self, log_key: Sequence[str], cursor: str | None = None) -> CapturedLogSubscription:
        """Return a subscription. See :meth:`ComputeLogManager.subscribe`."""
        return self._followers.subscribe(check_log_key(log_key), cursor)

    def unsubscribe(self, subscription: CapturedLogSubscription) -> None:
        """Stop a subscription."""
        self._followers.unsubscribe(subscription)

    def dispose(self) -> None:
        """Stop all subscriptions."""
        self._followers.dispose()
