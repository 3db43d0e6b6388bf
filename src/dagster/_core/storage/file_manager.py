"""The documented import path of the file managers, which live in ``dagster._core.io``.

From the "Internals" document. Nothing of ours imports this module: it is one of the exceptions from
the layers that the design states.
"""

from __future__ import annotations

from dagster._core.io.file_handle import FileHandle, LocalFileHandle
from dagster._core.io.file_manager import FileManager, LocalFileManager, local_file_manager

__all__ = ["FileHandle", "FileManager", "LocalFileHandle", "LocalFileManager", "local_file_manager"]
