"""Whose code it is: the project's own, or a library's. Only the project's own is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
#: The directory that the packages of Dagwerk are in.
_OURS = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
)
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_known: dict[str, bool] = {}


def is_library_file(path: str) -> bool:
    """Return whether a file belongs to Python, to Dagwerk, or to something that was installed.

    Args:
        path: ``co_filename`` of a function, or ``__file__`` of a module. What has no file (typed in a
            notebook, made by ``exec``) belongs to no library.
    """
    found = _known.get(path)
    if found is None:
        found = _known[path] = _is_library_file(path)
    return found


def _is_library_file(path: str) -> bool:
    if path.startswith("<"):
        return path.startswith("<frozen ")
    path = os.path.abspath(path)
    if path.startswith(_STDLIB) or not _INSTALLED.isdisjoint(path.split(os.sep)):
        return True
    if not path.startswith(_OURS + os.sep):
        return False
    package = path[len(_OURS) + 1 :].split(os.sep, 1)[0]
    return package == "dagster" or package.startswith("dagster_")


def innermost(function: Any) -> Any:
    """Return the function that decorators were put around."""
    for _ in range(100):
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is None:
            break
        function = wrapped
    return function


class Ownership:
    """Decides what is the project's own code, seen from one function of it.

    A project that is itself installed stands in site-packages too: what is in the same package as the
    function is its own, wherever it stands.

    Args:
        package: The top-level package that counts as own; None if only files decide.
    """

    __slots__ = ("package",)

    def __init__(self, package: str | None) -> None:
        self.package = package

    @staticmethod
    def package_of(function: Any) -> str | None:
        """Return the package to count as own for the sake of a function, None if its file says enough."""
        function = innermost(function)
        if isinstance(function, FunctionType):
            if not is_library_file(function.__code__.co_filename):
                return None
            name = function.__globals__.get("__name__")
        else:
            name = getattr(function, "__module__", None)
            if not isinstance(name, str) or not _module_is_library(name):
                return None
        top = name.partition(".")[0] if isinstance(name, str) else None
        return None if top in (None, "dagster") or top in sys.stdlib_module_names else top

    def owns_function(self, function: FunctionType) -> bool:
        """Whether a function is the project's own."""
        return not is_library_file(function.__code__.co_filename) or self._owns_name(
            function.__globals__.get("__name__")
        )

    def owns_module_named(self, name: object) -> bool:
        """Whether a module, by name, is the project's own. Some compiled classes say no name."""
        return isinstance(name, str) and (not _module_is_library(name) or self._owns_name(name))

    def owns_module(self, module: ModuleType) -> bool:
        """Whether a module is the project's own."""
        return not _namespace_is_library(vars(module)) or self._owns_name(module.__name__)

    def _owns_name(self, name: object) -> bool:
        return (
            self.package is not None and isinstance(name, str) and name.partition(".")[0] == self.package
        )


def _module_is_library(name: str) -> bool:
    module = sys.modules.get(name)
    if module is not None:
        return _namespace_is_library(vars(module))
    # A module that was never entered was loaded from a file by its path: that is a project's way.
    return name.partition(".")[0] in sys.stdlib_module_names


def _namespace_is_library(namespace: Mapping[str, Any]) -> bool:
    file = namespace.get("__file__")
    if isinstance(file, str):
        return is_library_file(file)
    folders = list(namespace.get("__path__") or ())
    if folders:
        return all(is_library_file(os.path.join(str(folder), "")) for folder in folders)
    return namespace.get("__name__") in sys.builtin_module_names
