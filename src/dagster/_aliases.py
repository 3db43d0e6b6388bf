"""Older import paths: ``dagster.core.…`` is ``dagster._core.…``, the very same module objects.

The documents write both spellings, also in ``dagster.yaml``. A module such as ``dagster/core.py`` calls
`alias_package`; after that, the name stands for the real package, and a finder at the front of
``sys.meta_path`` answers for everything below it. Nothing of this is loaded until an older path is
imported. Pinned by tests/architecture/test_import_paths.py.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


class _AliasLoader(Loader):
    """Puts the real module under the older name; the module object made for that name is dropped."""

    def __init__(self, real_name: str) -> None:
        self._real_name = real_name

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        # The real module must not be returned here: the import system would give it the alias's spec.
        return None

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(self._real_name)


class _AliasFinder(MetaPathFinder):
    """Answers for every module below an aliased package."""

    def __init__(self) -> None:
        self.real_by_alias: dict[str, str] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        for alias, real in self.real_by_alias.items():
            if fullname.startswith(f"{alias}."):
                real_name = real + fullname[len(alias) :]
                if find_spec(real_name) is None:
                    return None
                return ModuleSpec(fullname, _AliasLoader(real_name))
        return None


_finder = _AliasFinder()


def alias_package(alias: str, real: str) -> None:
    """Make ``alias`` and every module below it the modules of the package ``real``.

    Args:
        alias: The older dotted name, that of the module which calls this.
        real: The dotted name of the package that it stands for.
    """
    _finder.real_by_alias[alias] = real
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    sys.modules[alias] = import_module(real)
