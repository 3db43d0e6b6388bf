"""RemoteComputeLogManager: stdout and stderr in an object store, written to local files first."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import IO, Any, Final

from dagster._config.config_type import Bool, Float
from dagster._config.field import Field
from dagster._config.source import StringSource
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
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, MAX_BYTES_FIELD
from dagster._core.storage.local_log_files import LocalLogFiles
from dagster._core.storage.log_key_paths import (
    COMPLETE,
    EXTENSIONS,
    KEY,
    STDERR,
    STDOUT,
    directory_of_prefix,
    is_told_by_path,
    key_of_path,
    key_of_text,
    path_of_key,
    starts_with,
)
from dagster._core.storage.log_leftovers import (
    abandoned_log_directories,
    make_log_directory,
    remove_empty,
)
from dagster._core.storage.log_subscriptions import LogFollowers

#: How often it is looked for new output of followed logs, in seconds: each look is a request.
POLLING_SECONDS: Final = 2.5
#: In the config of every manager that uploads: what the parameters of the class of the same names are.
UPLOAD_FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "local_dir": Field(StringSource, is_required=False, description="Where logs are written first."),
        "skip_empty_files": Field(
            Bool, default_value=False, description="Whether empty streams are not uploaded."
        ),
        "upload_interval": Field(
            Float, is_required=False, description="Seconds between uploads of a growing log."
        ),
        "show_url_only": Field(
            Bool, default_value=False, description="Whether events tell where the log can be seen."
        ),
        "max_bytes_per_stream": MAX_BYTES_FIELD,
    }
)
#: The mark of the end comes last: it says that all of it can be read.
_IN_ORDER: Final = (KEY, STDOUT, STDERR, COMPLETE)
_log = logging.getLogger("dagster.compute_logs")


class LogStore(ABC):
    """Objects by path. All paths are relative, their parts joined with slashes."""

    @abstractmethod
    def upload(self, local_path: str, path: str) -> None:
        """Make an object of a local file, in place of the one that is there."""

    @abstractmethod
    def read(self, path: str, offset: int, max_bytes: int | None) -> bytes | None:
        """Return bytes of an object: empty behind its end, None if there is no such object."""

    @abstractmethod
    def exists(self, path: str) -> bool:
        """Return whether there is an object."""

    @abstractmethod
    def paths(self, start: str) -> Iterable[str]:
        """Yield the paths of the objects in a directory (``""`` has all) and below."""

    def paths_of(self, starts: Collection[str]) -> Iterable[str]:
        """Yield the paths of the objects in several directories and below."""
        for start in starts:
            yield from self.paths(start)

    @abstractmethod
    def delete(self, paths: Sequence[str]) -> None:
        """Delete objects, those that are there."""

    @property
    def name(self) -> str:
        """What tells the store from others."""
        return self.location("")

    @abstractmethod
    def location(self, path: str) -> str:
        """Return where an object is, for people."""

    @abstractmethod
    def download_url(self, path: str) -> str | None:
        """Return what gives an object as a file, if there is something."""

    @abstractmethod
    def external_url(self, path: str) -> str | None:
        """Return where people can see an object, if there is something."""

    def dispose(self) -> None:  # noqa: B027 - nothing to free
        """Free what it holds."""


class RemoteComputeLogManager(ComputeLogManager):
    """Stdout and stderr in an object store.

    A log is written to local files, uploaded at its end, and at an interval before that if there is one.
    Local files go once they are uploaded; until then they are what is read. Uploading fails no run: the
    files stay where they are then, and the error says where.

    What could not be uploaded, or was written by a process that was killed, is uploaded when somebody on
    the same machine looks at the log, or at the run's end (:meth:`rescue_logs`). Where the system has no
    ``flock``, nobody can tell that a process is gone, and files stay.

    Args:
        store: The object store.
        local_dir: The directory of local files. Default: a temporary one of this object's own.
        skip_empty_files: Whether streams that got nothing are not uploaded.
        upload_interval: Seconds between uploads while a log is written. Default: only at its end.
        show_url_only: Whether events tell where the log can be seen outside of the web interface.
        wait: Waits some seconds and returns whether to end, in place of the clock. For tests.
        max_bytes_per_stream: How much is kept of each stream, in bytes. Default: everything.
    """

    look_seconds = POLLING_SECONDS

    def __init__(
        self,
        store: LogStore,
        local_dir: str | None = None,
        skip_empty_files: bool = False,
        upload_interval: float | None = None,
        show_url_only: bool = False,
        wait: Callable[[float], bool] | None = None,
        max_bytes_per_stream: int | None = None,
    ) -> None:
        self._store = store
        self._max_bytes = check_max_bytes(max_bytes_per_stream)
        self._local_dir = local_dir
        self._local_files: LocalLogFiles | None = None
        self._told: set[str] = set()
        self._cleanup: weakref.finalize[Any, Any] | None = None
        self._lock = threading.Lock()
        self._skip_empty_files = skip_empty_files
        self._upload_interval = upload_interval
        self._show_url_only = show_url_only
        self._wait = wait
        self._followers = LogFollowers(self, POLLING_SECONDS, wait)

    @property
    def _files(self) -> LocalLogFiles:
        with self._lock:
            if self._local_files is None:
                directory = self._local_dir
                if directory is None:
                    directory, held = make_log_directory(self._store.name)
                    self._cleanup = weakref.finalize(self, _leave, directory, held, os.getpid())
                self._local_files = LocalLogFiles(os.path.abspath(directory), self._max_bytes)
            return self._local_files

    @property
    def _own_files(self) -> LocalLogFiles | None:
        """The local files, if there can be any: who only reads needs no temporary directory."""
        return self._files if self._local_dir is not None else self._local_files

    # Writing

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Capture stdout and stderr. See :meth:`ComputeLogManager.capture_logs`."""
        self._continue(check_log_key(log_key))
        owner = os.getpid()
        uploads = _Uploads(self, log_key, self._upload_interval, self._wait)
        failed = True
        try:
            uploads.start()
            with self._files.capture(log_key):
                yield self._context(log_key)
            failed = False
        finally:
            # A forked child that leaves this by an exception uploads nothing: its parent goes on.
            if os.getpid() == owner:
                uploads.stop()
                self._finish(log_key, quiet=failed)

    @contextmanager
    def open_log_stream(
        self, log_key: Sequence[str], io_type: ComputeIOType
    ) -> Iterator[IO[bytes] | None]:
        """Give a file that is uploaded when it is closed."""
        self._continue(check_log_key(log_key))
        owner = os.getpid()
        failed = True
        try:
            with self._files.stream(log_key, IO_TYPE_EXTENSION[io_type]) as file:
                yield file
            failed = False
        finally:
            if os.getpid() == owner:
                self._finish(log_key, quiet=failed)

    def _context(self, log_key: Sequence[str]) -> CapturedLogContext:
        if not self._show_url_only:
            return CapturedLogContext(log_key)
        path = path_of_key(log_key)
        return CapturedLogContext(
            log_key,
            external_stdout_url=self._store.external_url(f"{path}.{STDOUT}"),
            external_stderr_url=self._store.external_url(f"{path}.{STDERR}"),
        )

    def _continue(self, log_key: Sequence[str]) -> None:
        """Bring back a log that was uploaded before, so that it grows."""
        path = path_of_key(log_key)
        for extension in (STDOUT, STDERR):
            if self._files.has(log_key, extension):
                continue
            content = self._store.read(f"{path}.{extension}", 0, None)
            if content is not None:
                self._files.write(log_key, extension, content)
        if self._store.exists(f"{path}.{COMPLETE}"):
            self._store.delete([f"{path}.{COMPLETE}"])

    def upload_partial(self, log_key: Sequence[str]) -> None:
        """Upload what a log has so far."""
        self._upload(self._files, log_key, (KEY, STDOUT, STDERR))

    def _upload(
        self, files: LocalLogFiles, log_key: Sequence[str], extensions: Iterable[str] = _IN_ORDER
    ) -> None:
        for extension in extensions:
            size = files.size(log_key, extension)
            is_stream = extension in (STDOUT, STDERR)
            if size < 0 or (size == 0 and is_stream and self._skip_empty_files):
                continue
            with files.kept(log_key, extension) as local_path:
                self._store.upload(local_path, f"{path_of_key(log_key)}.{extension}")

    def _finish(self, log_key: Sequence[str], quiet: bool) -> None:
        """Upload a log, the mark of its end last, and delete the local files."""
        try:
            self._upload(self._files, log_key)
        except Exception as exc:
            exc.add_note(
                f"The log {list(log_key)} was not uploaded. It is in {self._files.path(log_key, '*')}."
            )
            if not quiet:
                raise
        else:
            self._files.delete(log_key)

    # What was left

    def rescue_logs(self, prefix: Sequence[str] = ()) -> int:
        """Upload logs that were not when their processes ended. See :meth:`ComputeLogManager.rescue_logs`."""
        return sum(self._rescue(files, key) for files in self._places() for key in files.keys(prefix))

    def _places(self) -> Iterator[LocalLogFiles]:
        """Yield the directories of local files: this object's own, and those that were left."""
        own = self._own_files
        if own is not None:
            yield own
        if self._local_dir is None:
            for directory in abandoned_log_directories(self._store.name):
                yield LocalLogFiles(directory, self._max_bytes)

    def _rescue(self, files: LocalLogFiles, log_key: Sequence[str]) -> bool:
        with files.claimed(log_key) as is_mine:
            if not is_mine:
                return False
            try:
                files.write(log_key, COMPLETE, b"")
                self._upload(files, log_key)
            except Exception as exc:  # noqa: BLE001 - whatever a storage raises, it can be read here
                self._tell_once(f"{files.path(log_key, '*')} cannot be uploaded: {exc}")
                return False
            files.delete(log_key)
        return True

    def _tell_once(self, problem: str) -> None:
        if problem not in self._told:
            self._told.add(problem)
            _log.warning("The log in %s. It stays there.", problem)

    # Reading

    def is_capture_complete(self, log_key: Sequence[str]) -> bool:
        """Return whether the mark of its end is there. What a killed process wrote is complete."""
        check_log_key(log_key)
        own = self._local(log_key)
        if own is not None and not self._rescue(own, log_key):
            return own.has(log_key, COMPLETE)
        if self._store.exists(f"{path_of_key(log_key)}.{COMPLETE}"):
            return True
        return self.rescue_logs(log_key) > 0 and self._store.exists(f"{path_of_key(log_key)}.{COMPLETE}")

    def _local(self, log_key: Sequence[str]) -> LocalLogFiles | None:
        """Return the local files if they have a log."""
        files = self._own_files
        if files is not None and (files.has(log_key, STDOUT) or files.has(log_key, STDERR)):
            return files
        return None

    def get_log_data_for_type(
        self, log_key: Sequence[str], io_type: ComputeIOType, offset: int, max_bytes: int | None
    ) -> tuple[bytes | None, int]:
        """Return a piece of one stream. See :meth:`ComputeLogManager.get_log_data_for_type`."""
        extension = IO_TYPE_EXTENSION[io_type]
        check_log_key(log_key)
        data, own = None, self._local(log_key)
        if own is not None and not self._rescue(own, log_key):
            data = own.read_stream(log_key, extension, offset, max_bytes)
        path = f"{path_of_key(log_key)}.{extension}"
        if data is None:
            data = self._store.read(path, offset, max_bytes)
            if not data and max_bytes != 0 and self.rescue_logs(log_key):
                data = self._store.read(path, offset, max_bytes)
        return data, offset + len(data or b"")

    def get_log_metadata(self, log_key: Sequence[str]) -> CapturedLogMetadata:
        """Return where the streams are, and URLs that give them as files, if the store has such."""
        path = path_of_key(check_log_key(log_key))
        stdout, stderr = f"{path}.{STDOUT}", f"{path}.{STDERR}"
        url = self._store.external_url if self._show_url_only else self._store.download_url
        return CapturedLogMetadata(
            stdout_location=self._store.location(stdout),
            stderr_location=self._store.location(stderr),
            stdout_download_url=url(stdout),
            stderr_download_url=url(stderr),
        )

    def get_log_keys_for_log_key_prefix(
        self, log_key_prefix: Sequence[str], io_type: ComputeIOType
    ) -> Sequence[list[str]]:
        """Return the keys that start with a prefix and have kept something of a stream, in order."""
        self.rescue_logs(log_key_prefix)
        extension = IO_TYPE_EXTENSION[io_type]
        remote = self._objects(log_key_prefix, (extension,))
        own = self._own_files
        local = own.keys(log_key_prefix, extension) if own is not None else []
        keys = [*local, *(key for key, _ in remote)]
        distinct = {tuple(key): key for key in keys}
        return sorted(distinct.values(), key=key_order)

    def _objects(
        self, prefix: Sequence[str], extensions: Sequence[str]
    ) -> list[tuple[list[str], list[str]]]:
        """Return the keys that start with a prefix, each with the paths of its objects."""
        found: dict[str, list[str]] = {}
        endings = tuple(f".{extension}" for extension in extensions)
        for path in self._store.paths(directory_of_prefix(prefix)):
            if path.endswith(endings):
                found.setdefault(path[: path.rindex(".")], []).append(path)
        if prefix:
            # The log of the prefix itself lies beside the directory of those that it starts.
            own = path_of_key(prefix)
            there = [own + ending for ending in endings if self._store.exists(own + ending)]
            if there:
                found[own] = there
        keys = ((self._key(path), objects) for path, objects in found.items())
        return [(key, objects) for key, objects in keys if key is not None and starts_with(key, prefix)]

    def _key(self, path: str) -> list[str] | None:
        if is_told_by_path(path):
            return key_of_path(path)
        text = self._store.read(f"{path}.{KEY}", 0, None)
        return key_of_text(text) if text is not None else None

    # Deleting and following

    def delete_logs(
        self, log_key: Sequence[str] | None = None, prefix: Sequence[str] | None = None
    ) -> None:
        """Delete a log, or all whose keys start with a prefix."""
        check_what_to_delete(log_key, prefix)
        if log_key is not None:
            for files in self._places():
                files.delete(log_key)
            path = path_of_key(log_key)
            self._store.delete([f"{path}.{extension}" for extension in EXTENSIONS])
            return
        for files in self._places():
            for key in files.keys(prefix or ()):
                files.delete(key)
        found = self._objects(prefix or (), EXTENSIONS)
        self._store.delete([path for _, objects in found for path in objects])

    def delete_logs_of_runs(self, run_ids: Sequence[str]) -> None:
        """Delete what the steps of runs wrote, in as few requests as the store can do with."""
        directories = {directory_of_prefix(self.prefix_of_run(run_id)) for run_id in run_ids}
        for files in self._places():
            for directory in directories:
                files.delete_directory(directory)
        endings = tuple(f".{extension}" for extension in EXTENSIONS)
        self._store.delete(
            [path for path in self._store.paths_of(directories) if path.endswith(endings)]
        )

    def subscribe(self, log_key: Sequence[str], cursor: str | None = None) -> CapturedLogSubscription:
        """Return a subscription. See :meth:`ComputeLogManager.subscribe`."""
        return self._followers.subscribe(check_log_key(log_key), cursor)

    def unsubscribe(self, subscription: CapturedLogSubscription) -> None:
        """Stop a subscription."""
        self._followers.unsubscribe(subscription)

    def dispose(self) -> None:
        """Stop all subscriptions and free what the store holds."""
        self._followers.dispose()
        self._store.dispose()
        with self._lock:
            files = self._local_files
            if self._cleanup is not None and files is not None and remove_empty(files.base_dir):
                self._cleanup()
                self._cleanup = self._local_files = None


class _Uploads:
    """The thread that uploads a log while it is written."""

    def __init__(
        self,
        manager: RemoteComputeLogManager,
        log_key: Sequence[str],
        interval: float | None,
        wait: Callable[[float], bool] | None,
    ) -> None:
        self._manager = manager
        self._log_key = log_key
        self._interval = interval
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._interval is not None:
            self._thread = threading.Thread(
                target=self._run, args=(self._interval,), name="dagster-log-upload", daemon=True
            )
            self._thread.start()

    def _run(self, interval: float) -> None:
        while not (self._wait(interval) or self._stop.is_set()):
            try:
                self._manager.upload_partial(self._log_key)
            except Exception:  # noqa: BLE001 - what cannot be uploaded now may be so the next time
                continue

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()


def _leave(directory: str, descriptor: int | None, owner: int) -> None:
    """Remove a temporary directory if nothing is in it, and let others see that it is not used."""
    # A forked child that ends has no part in it.
    if os.getpid() == owner:
        remove_empty(directory)
        if descriptor is not None:
            os.close(descriptor)
