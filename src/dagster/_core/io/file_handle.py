"""References to files that a file manager keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod

import dagster._check as check


class FileHandle(ABC):
    """A reference to a file as manipulated by a FileManager.

    From the "Internals" document. The file may be on the local file system, in an object store or
    anywhere else where a file can be stored, so that the same op works in all of these places.
    """

    @property
    @abstractmethod
    def path_desc(self) -> str:
        """A representation of the file path, for display only."""


class LocalFileHandle(FileHandle):
    """A reference to a file on a local file system. From the "Internals" document.

    Args:
        path: The path of the file.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = check.str_param(path, "path")

    @property
    def path(self) -> str:
        """The file's path."""
        return self._path

    @property
    def path_desc(self) -> str:
        """A representation of the file path, for display only."""
        return self._path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalFileHandle) and other._path == self._path

    def __hash__(self) -> int:
        return hash(self._path)

    def __repr__(self) -> str:
        return f"LocalFileHandle({self._path!r})"
