"""Small projects on disk, whose code is read as a process that starts anew would read it."""

from __future__ import annotations

import importlib
import shutil
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagster._core.definitions.code.fingerprint import CodeFingerprint, CodeReader
from dagster._core.definitions.code.ownership import Ownership, _known


def load(folder: Path, files: Mapping[str, str], module: str = "work") -> Any:
    """Write files, import a module of them as for the first time, and return it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    forget(folder)
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(module)
    finally:
        sys.path.remove(str(folder))


def forget(folder: Path) -> None:
    """Drop what was imported from a folder."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
        if file.startswith(str(folder)):
            del sys.modules[name]


def read(folder: Path, files: Mapping[str, str] | str, root: str = "work:train") -> CodeFingerprint:
    """Return the fingerprint of a function of a project."""
    files = {"work.py": files} if isinstance(files, str) else files
    module, _, name = root.partition(":")
    sys.path.insert(0, str(folder))
    try:
        function = getattr(load(folder, files, module), name)
        reader = CodeReader(Ownership(Ownership.package_of(function)))
        return reader.fingerprint([("", function)])
    finally:
        sys.path.remove(str(folder))
        forget(folder)
        _known.clear()
