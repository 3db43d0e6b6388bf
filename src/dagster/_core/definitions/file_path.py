"""Paths of files that lie beside the user's code."""

from __future__ import annotations

import os


def file_relative_path(dunderfile: str, relative_path: str) -> str:
    """Return a path that is relative to a Python file as one that holds from anywhere.

    From the "definitions and repositories" part of the API documents.

    Args:
        dunderfile: ``__file__`` of the calling module.
        relative_path: The path, from the directory of that file.
    """
    return os.path.join(os.path.dirname(dunderfile), relative_path)
