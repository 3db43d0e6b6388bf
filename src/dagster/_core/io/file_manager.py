"""File managers: abstract access to a file system, as a resource."""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import IO, Any

import dagster._check as check
from dagster._config.field import Field
from dagster._config.source import StringSource
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.file_handle import FileHandle, LocalFileHandle
from dagster._text import expected

_CHUNK = 1 << 20
_EXTENSION = re.compile(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_MAX_EXTENSION = 100


class FileManager(ABC):
    """Base class for all file managers. From the "Internals" document.

    An interface that resources implement to give abstract access to a file system such as a local
    disk, S3 or other cloud storage.
    """

    @abstractmethod
    def copy_handle_to_local_temp(self, file_handle: FileHandle) -> str:
        """Copy a file to a temporary local file.

        The copy is not guaranteed to be there for other steps; use ``read``, ``read_data``, ``write``
        and ``write_data`` for files that others need.

        Args:
            file_handle: The file to copy.

        Returns:
            The path of the temporary file.
        """

    @abstractmethod
    def delete_local_temp(self) -> None:
        """Delete all files that :meth:`copy_handle_to_local_temp` made."""

    @abstractmethod
    def read(self, file_handle: FileHandle, mode: str = "rb") -> IO[Any]:
        """Open a file for reading.

        Args:
            file_handle: The file.
            mode: ``"rb"`` for bytes, ``"r"`` for text.

        Returns:
            An open file, to be closed by the caller; it is a context manager too.
        """

    @abstractmethod
    def read_data(self, file_handle: FileHandle) -> bytes:
        """Return all bytes of a file.

        Args:
            file_handle: The file.
        """

    @abstractmethod
    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> FileHandle:
        """Copy what a file object holds, from where it stands, into a new file.

        Args:
            file_obj: An open file or a stream.
            mode: ``"wb"`` if it gives bytes, ``"w"`` if it gives text.
            ext: The extension of the new file, if it should have one.

        Returns:
            The handle of the new file.
        """

    @abstractmethod
    def write_data(self, data: bytes, ext: str | None = None) -> FileHandle:
        """Write bytes to a new file.

        Args:
            data: The bytes.
            ext: The extension of the new file, if it should have one.

        Returns:
            The handle of the new file.
        """


class LocalFileManager(FileManager):
    """The file manager of a local directory.

    Args:
        base_dir: The directory in which new files are made. It is made when it is first needed.
    """

    def __init__(self, base_dir: str) -> None:
        self.base_dir = os.path.abspath(check.str_param(base_dir, "base_dir"))
        self._temporary: list[str] = []

    @staticmethod
    def for_instance(instance: Any, run_id: str) -> LocalFileManager:
        """Return the file manager of a run: the directory that the instance has for its files."""
        return LocalFileManager(instance.file_manager_directory(check.str_param(run_id, "run_id")))

    def ensure_base_dir_exists(self) -> None:
        """Make the directory if it is not there."""
        os.makedirs(self.base_dir, exist_ok=True)

    def copy_handle_to_local_temp(self, file_handle: FileHandle) -> str:
        """Copy a file to a temporary file, with the same extension. Returns its path."""
        import tempfile

        source = _path_of(file_handle)
        with open(source, "rb") as stream:
            descriptor, path = tempfile.mkstemp(suffix=os.path.splitext(source)[1])
            self._temporary.append(path)
            with os.fdopen(descriptor, "wb") as copy:
                _copy(_chunks(stream, bytes, "rb"), copy)
        return path

    def delete_local_temp(self) -> None:
        """Delete all temporary copies that this manager made and that are still there."""
        while self._temporary:
            path = self._temporary.pop()
            if os.path.exists(path):
                os.remove(path)

    def read(self, file_handle: FileHandle, mode: str = "rb") -> IO[Any]:
        """Open a file for reading. Text is UTF-8."""
        if mode not in ("r", "rt", "rb"):
            raise DagsterInvariantViolationError(expected("mode", '"r" or "rb"', mode))
        # The caller closes it, by close() or a with block.
        return open(_path_of(file_handle), mode, encoding=None if "b" in mode else "utf-8")

    def read_data(self, file_handle: FileHandle) -> bytes:
        """Return all bytes of a file."""
        with open(_path_of(file_handle), "rb") as stream:
            return stream.read()

    def write_data(self, data: bytes, ext: str | None = None) -> LocalFileHandle:
        """Write bytes to a new file and return its handle."""
        check.inst_param(data, "data", (bytes, bytearray, memoryview))
        return self._store(iter((data,)), "wb", ext)

    def write(self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None) -> LocalFileHandle:
        """Copy what a file object holds into a new file and return its handle. Text is UTF-8."""
        if mode not in ("w", "wt", "wb"):
            raise DagsterInvariantViolationError(expected("mode", '"w" or "wb"', mode))
        if not hasattr(file_obj, "read"):
            raise check.ParameterCheckError(
                expected("file_obj", "an open file (use write_data for bytes)", file_obj)
            )
        kind = bytes if mode == "wb" else str
        return self._store(_chunks(file_obj, kind, mode), mode, ext)

    def _store(self, chunks: Iterator[Any], mode: str, ext: str | None) -> LocalFileHandle:
        import uuid

        name = uuid.uuid4().hex + _extension(ext)
        self.ensure_base_dir_exists()
        path = os.path.join(self.base_dir, name)
        text = mode != "wb"
        try:
            with open(
                path,
                "x" if text else "xb",
                encoding="utf-8" if text else None,
                newline="" if text else None,
            ) as target:
                _copy(chunks, target)
        except BaseException:
            # Half a file is none.
            if os.path.exists(path):
                os.remove(path)
            raise
        return LocalFileHandle(path)


def _extension(ext: str | None) -> str:
    """Return an extension with its dot, after making sure that it is nothing but one."""
    if ext is None or ext == "":
        return ""
    check.str_param(ext, "ext")
    if len(ext) > _MAX_EXTENSION or not _EXTENSION.fullmatch(ext):
        refused = expected("ext", 'an extension such as ".txt" or "tar.gz"', ext)
        raise DagsterInvariantViolationError(
            f"{refused}. Letters, digits, _, - and single dots are allowed, at most {_MAX_EXTENSION} "
            "characters."
        )
    return ext if ext.startswith(".") else f".{ext}"


def _path_of(file_handle: object) -> str:
    if not isinstance(file_handle, LocalFileHandle):
        raise check.ParameterCheckError(
            f"{expected('file_handle', 'a LocalFileHandle', file_handle)}. The local file manager reads "
            "files that a local file manager wrote."
        )
    return file_handle.path


def _chunks(stream: IO[Any], kind: type, mode: str) -> Iterator[Any]:
    while chunk := stream.read(_CHUNK):
        if not isinstance(chunk, kind):
            right = "w" if kind is bytes else "wb"
            raise DagsterInvariantViolationError(
                f'expected file_obj to give {kind.__name__} with mode="{mode}", got: '
                f'{type(chunk).__name__}. Use mode="{right}".'
            )
        yield chunk


def _copy(chunks: Iterator[Any], target: IO[Any]) -> None:
    for chunk in chunks:
        target.write(chunk)


@resource(
    config_schema={
        "base_dir": Field(
            StringSource,
            is_required=False,
            description="The directory in which files are made. Default: storage/file_manager in "
            "the local artifact storage of the instance.",
        )
    },
    description="Gives access to files in a local directory.",
)
def local_file_manager(init_context: Any) -> LocalFileManager:
    """A file manager for a local directory. From the "Internals" document.

    By default files are kept in ``storage/file_manager`` of the local artifact storage of the instance.
    """
    base_dir = init_context.resource_config.get("base_dir")
    if base_dir:
        return LocalFileManager(base_dir)
    if init_context.instance is None:
        raise DagsterInvariantViolationError(
            "local_file_manager has no base_dir and there is no instance to give one. Configure it: "
            'local_file_manager.configured({"base_dir": "/some/dir"}), or give an instance to '
            "build_init_resource_context."
        )
    return LocalFileManager(os.path.join(init_context.instance.storage_directory(), "file_manager"))
