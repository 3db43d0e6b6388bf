"""Files on other machines that nobody sees half written."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from upath import UPath

#: In these a file appears when it is complete, and a new name is a copy of all of it.
_OBJECT_STORES = frozenset(
    {"abfs", "abfss", "adl", "az", "gcs", "gs", "oci", "oss", "r2", "s3", "s3a", "wasb", "wasbs"}
)


def write_whole(path: UPath, data: bytes) -> None:
    """Write a file that appears under its name only when it is complete; one that was there is replaced.

    Object stores do that by themselves. Where a file is seen while it is written, as over SFTP, SMB, FTP and
    HDFS, it is written under another name and renamed.

    Args:
        path: The file. Its directory must exist.
        data: What is to be in it.
    """
    fs = path.fs
    if path.protocol in _OBJECT_STORES or not _renames(fs):
        path.write_bytes(data)
        return
    temporary = path.parent / f".{uuid.uuid4().hex}.tmp"
    try:
        temporary.write_bytes(data)
        _rename(fs, temporary.path, path.path)
    except BaseException:
        # Also an interrupt leaves nothing behind, if that can be.
        with contextlib.suppress(Exception):
            fs.rm_file(temporary.path)
        raise


def _renames(fs: Any) -> bool:
    """Return whether a file system has a way of its own to rename; fsspec's copies and deletes."""
    from fsspec.spec import AbstractFileSystem

    return type(fs).mv is not AbstractFileSystem.mv


def _rename(fs: Any, source: str, target: str) -> None:
    try:
        fs.mv(source, target)
    except Exception:
        # Some refuse to replace a file (SMB, HDFS).
        if not fs.exists(target) or not fs.exists(source):
            raise
        fs.rm_file(target)
        fs.mv(source, target)
