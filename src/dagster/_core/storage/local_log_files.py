"""The files of captured logs below a directory, which no log key and no symbolic link leads out of."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from functools import partial
from typing import IO

from dagster._core.errors import DagsterInvariantViolationError
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
    key_text,
    path_of_key,
    starts_with,
)
from dagster._process.file_hold import claim, hold
from dagster._process.output_capture import OutputCapture
from dagster._process.output_limit import OutputLimit, end_of_kept

_ENDINGS = tuple(f".{extension}" for extension in EXTENSIONS)
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
#: How often a directory is made that is not there, or that somebody removed because it was empty.
_ATTEMPTS = 10


class LocalLogFiles:
    """The files of captured logs: ``<key>.out``, ``<key>.err``, and ``<key>.complete`` at the end.

    Args:
        base_dir: The directory; made when something is written.
        max_bytes: How much of each stream is kept. Default: all.
    """

    def __init__(self, base_dir: str, max_bytes: int | None = None) -> None:
        self.base_dir = base_dir
        self._max_bytes = max_bytes

    def path(self, log_key: Sequence[str], extension: str) -> str:
        """Return the path of a file of a log."""
        return self._below(f"{path_of_key(log_key)}.{extension}")

    def _below(self, relative: str) -> str:
        return os.path.join(self.base_dir, *relative.split("/"))

    # Writing

    @contextlib.contextmanager
    def capture(self, log_key: Sequence[str]) -> Iterator[None]:
        """Capture stdout and stderr into the files of a log, and mark its end."""
        held = self._hold(log_key, STDOUT)
        try:
            self.begin(log_key)
            capture = OutputCapture(
                partial(self.open, log_key, STDOUT), partial(self.open, log_key, STDERR), self._max_bytes
            )
            capture.open()
            try:
                yield
            finally:
                # Not in a forked child that leaves this by an exception: its parent goes on.
                if capture.close():
                    self.write(log_key, COMPLETE, b"")
        finally:
            os.close(held)

    def _hold(self, log_key: Sequence[str], extension: str) -> int:
        return hold(partial(self.open, log_key, extension, os.O_RDWR | os.O_CREAT | os.O_APPEND))

    @contextlib.contextmanager
    def stream(self, log_key: Sequence[str], extension: str) -> Iterator[IO[bytes]]:
        """Give a file that continues one stream of a log."""
        descriptor = self._hold(log_key, extension)
        try:
            self.begin(log_key)
            limit = OutputLimit(descriptor, self._max_bytes) if self._max_bytes is not None else None
            try:
                with os.fdopen(descriptor, "wb", closefd=False) as file:
                    yield file
            finally:
                if limit is not None:
                    limit.finish()
        finally:
            os.close(descriptor)

    def begin(self, log_key: Sequence[str]) -> None:
        """Note that a log is written."""
        self._remove(self.path(log_key, COMPLETE))
        if not is_told_by_path(path_of_key(log_key)):
            self.write(log_key, KEY, key_text(log_key))

    def write(self, log_key: Sequence[str], extension: str, content: bytes) -> None:
        """Write a whole file of a log."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(self.open(log_key, extension, flags), "wb") as file:
            file.write(content)

    def open(self, log_key: Sequence[str], extension: str, flags: int) -> int:
        """Open a file of a log for writing and return its descriptor.

        Raises:
            DagsterInvariantViolationError: If a symbolic link leads elsewhere.
        """
        path = self.path(log_key, extension)
        self._check(path)
        for attempt in range(_ATTEMPTS):
            if attempt:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            try:
                return os.open(path, flags | _FLAGS, 0o666)
            except FileNotFoundError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _check(self, path: str) -> None:
        """Refuse a path that leads out of the directory, through symbolic links."""
        if not self._is_plainly_below(path):
            _check_target(self.base_dir, path, os.path.realpath(path))

    def _is_plainly_below(self, path: str) -> bool:
        """Return whether no link is on the way. Most paths are so; to resolve them costs five times as much."""
        if not path.startswith(self.base_dir + os.sep):
            return False
        parts = path[len(self.base_dir) + 1 :].split(os.sep)
        if ".." in parts:
            return False
        place = self.base_dir
        for part in parts:
            place = f"{place}{os.sep}{part}"
            try:
                mode = os.lstat(place).st_mode
            except OSError:
                # Nothing is there, or it cannot be looked at: opening it will tell.
                return True
            if stat.S_ISLNK(mode):
                return False
        return True

    # Reading

    def has(self, log_key: Sequence[str], extension: str) -> bool:
        """Return whether there is a file of a log."""
        return os.path.lexists(self.path(log_key, extension))

    def size(self, log_key: Sequence[str], extension: str) -> int:
        """Return the size of a file of a log in bytes; -1 if there is none."""
        try:
            return os.lstat(self.path(log_key, extension)).st_size
        except OSError:
            return -1

    def read(self, path: str, offset: int = 0, max_bytes: int | None = None) -> bytes | None:
        """Return bytes of a file, or None if there is no such file.

        Raises:
            DagsterInvariantViolationError: If the path leads out of the directory.
        """
        self._check(path)
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | _FLAGS), "rb") as file:
                file.seek(offset)
                return file.read(-1 if max_bytes is None else max_bytes)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def read_stream(
        self, log_key: Sequence[str], extension: str, offset: int, max_bytes: int | None
    ) -> bytes | None:
        """Return bytes of a stream, or None if there is none. What is about to be cut off is not among them."""
        path = self.path(log_key, extension)
        end = self._end_of_kept(log_key, extension)
        if end is not None:
            left = max(0, end - offset)
            max_bytes = left if max_bytes is None else min(left, max_bytes)
        return self.read(path, offset, max_bytes)

    def _end_of_kept(self, log_key: Sequence[str], extension: str) -> int | None:
        """Return where a stream will be cut off that has become too long; None if it is not, or was."""
        most = self._max_bytes
        if most is None or self.size(log_key, extension) <= most:
            return None
        if self.has(log_key, COMPLETE) or not self.is_being_written(log_key):
            return None
        first = max(0, most - 4)
        before = self.read(self.path(log_key, extension), first, most - first)
        return end_of_kept(most, before or b"")

    def is_being_written(self, log_key: Sequence[str]) -> bool:
        """Return whether a process writes a log: not if it was killed. False if there is no log."""
        with self.claimed(log_key) as is_mine:
            return not is_mine and (self.has(log_key, STDOUT) or self.has(log_key, STDERR))

    @contextlib.contextmanager
    def claimed(self, log_key: Sequence[str]) -> Iterator[bool]:
        """Keep others from writing a log, if nobody does.

        Returns:
            Whether there is one, and nobody writes it.
        """
        descriptors: list[int] = []
        try:
            for extension in (STDOUT, STDERR):
                path = self.path(log_key, extension)
                self._check(path)
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    descriptors.append(os.open(path, os.O_RDONLY | _FLAGS))
            yield bool(descriptors) and all(claim(descriptor) for descriptor in descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    @contextlib.contextmanager
    def kept(self, log_key: Sequence[str], extension: str) -> Iterator[str]:
        """Give the path of a file of a log that has no more than is kept: if need be, of a copy."""
        end = self._end_of_kept(log_key, extension) if extension in (STDOUT, STDERR) else None
        if end is None:
            yield self.path(log_key, extension)
            return
        part = f"{extension}.partial"
        self.write(log_key, part, self.read(self.path(log_key, extension), 0, end) or b"")
        try:
            yield self.path(log_key, part)
        finally:
            self._remove(self.path(log_key, part))

    def keys(self, prefix: Sequence[str], extension: str | None = None) -> list[list[str]]:
        """Return the keys that start with a prefix and have a file (of a kind).

        Args:
            prefix: The first parts.
            extension: The kind of file. Default: any.
        """
        wanted = (f".{extension}",) if extension else _ENDINGS
        paths = {path[: path.rindex(".")] for path in self._files(directory_of_prefix(prefix), wanted)}
        if prefix and any(self.has(prefix, ending[1:]) for ending in wanted):
            paths.add(path_of_key(prefix))
        keys = (self._key(path) for path in paths)
        return [key for key in keys if key is not None and starts_with(key, prefix)]

    def _files(self, directory: str, endings: tuple[str, ...]) -> Iterator[str]:
        """Yield the paths of files below a directory, relative to the base. Links are not followed."""
        top = self._below(directory) if directory else self.base_dir
        below = os.path.relpath(os.path.realpath(top), os.path.realpath(self.base_dir))
        if directory and below != os.path.join(*directory.split("/")):
            return  # a link stands in the way
        for folder, _, names in os.walk(top):
            relative = os.path.relpath(folder, self.base_dir).replace(os.sep, "/")
            for name in names:
                if name.endswith(endings):
                    yield name if relative == "." else f"{relative}/{name}"

    def _key(self, path: str) -> list[str] | None:
        if is_told_by_path(path):
            return key_of_path(path)
        text = self.read(self._below(f"{path}.{KEY}"))
        return key_of_text(text) if text is not None else None

    # Deleting

    def delete(self, log_key: Sequence[str]) -> None:
        """Delete the files of a log, and directories that are empty then."""
        for extension in EXTENSIONS:
            self._remove(self.path(log_key, extension))
        self._remove_if_empty(os.path.dirname(self.path(log_key, STDOUT)))

    def delete_directory(self, directory: str) -> None:
        """Delete the logs in a directory and below, and directories that are empty then.

        Args:
            directory: As :func:`directory_of_prefix` gives it. Other files in it stay, and links are not
                followed.
        """
        top = self._below(directory)
        if not self._is_plainly_below(top):
            return  # a link stands in the way
        for folder, _, names in os.walk(top, topdown=False):
            for name in names:
                if name.endswith(_ENDINGS):
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(os.path.join(folder, name))
            if folder != top:
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
        self._remove_if_empty(top)

    def _remove_if_empty(self, folder: str) -> None:
        while folder != self.base_dir:
            try:
                os.rmdir(folder)
            except OSError:
                # Not empty, or not there.
                return
            folder = os.path.dirname(folder)

    def _remove(self, path: str) -> None:
        # The directory is looked at, not the file: what goes is a link, not what it leads to.
        if not self._is_plainly_below(path):
            _check_target(
                self.base_dir, path, os.path.join(os.path.realpath(os.path.dirname(path)), "file")
            )
        try:
            os.unlink(path)
        except (FileNotFoundError, NotADirectoryError):
            return


def _check_target(base_dir: str, path: str, leads_to: str) -> None:
    base = os.path.realpath(base_dir)
    if not leads_to.startswith(base.rstrip(os.sep) + os.sep):
        raise DagsterInvariantViolationError(
            f"expected a log below {base_dir}, got: {path}, which leads to {leads_to}. Logs are not "
            "read or written outside of their directory. Remove the symbolic link."
        )
