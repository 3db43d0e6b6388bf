"""Code pointers: how to find an object of the user's code again, also in another process."""

from __future__ import annotations

import os
import sys
from abc import abstractmethod
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from dagster._core.errors import (
    DagsterImportError,
    DagsterInvariantViolationError,
    DagsterUserCodeLoadError,
    raise_from_user_code,
)
from dagster._text import expected, shown, unknown
from dagster._wire.record import Record

#: Modules that were loaded from files, by path and the file's time and size.
_FILE_MODULES: dict[tuple[str, int, int], ModuleType] = {}


class CodePointer(Record, frozen=True):
    """How to find an object of the user's code. Crosses processes as JSON."""

    @abstractmethod
    def load_target(self) -> Any:
        """Return the object, loading its module if that has not been done.

        Raises:
            DagsterImportError: If the module cannot be found or imports what cannot be found.
            DagsterUserCodeLoadError: If the module raises while it is loaded.
            DagsterInvariantViolationError: If the module has no such attribute.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return where the object is, for messages."""

    @staticmethod
    def from_module(
        module_name: str, definition: str, working_directory: str | None = None
    ) -> ModuleCodePointer:
        return ModuleCodePointer(module_name, definition, working_directory)

    @staticmethod
    def from_python_package(
        package_name: str, attribute: str, working_directory: str | None = None
    ) -> PackageCodePointer:
        return PackageCodePointer(package_name, attribute, working_directory)

    @staticmethod
    def from_python_file(
        python_file: str, definition: str, working_directory: str | None = None
    ) -> FileCodePointer:
        return FileCodePointer(python_file, definition, working_directory)


class FileCodePointer(CodePointer, frozen=True):
    """An attribute of a Python file.

    Args:
        python_file: The path of the file; relative ones from the working directory.
        fn_name: The attribute.
        working_directory: Where imports of the file are looked for. Default: the file's directory.
    """

    python_file: str
    fn_name: str
    working_directory: str | None = None

    def load_target(self) -> Any:
        module = load_python_file(self.python_file, self.working_directory)
        return _attribute(module, self.fn_name, f"file {self.python_file}")

    def describe(self) -> str:
        return f"{self.python_file}::{self.fn_name}"


class ModuleCodePointer(CodePointer, frozen=True):
    """An attribute of a module.

    Args:
        module: The module's dotted name.
        fn_name: The attribute.
        working_directory: A directory in which modules are looked for, besides ``sys.path``.
    """

    module: str
    fn_name: str
    working_directory: str | None = None

    def load_target(self) -> Any:
        module = load_python_module(self.module, self.working_directory)
        return _attribute(module, self.fn_name, f"module {self.module}")

    def describe(self) -> str:
        return f"{self.module}:{self.fn_name}"


class PackageCodePointer(CodePointer, frozen=True):
    """An attribute of an installed package.

    Args:
        module: The package's dotted name.
        attribute: The attribute.
        working_directory: A directory in which modules are looked for, besides ``sys.path``.
    """

    module: str
    attribute: str
    working_directory: str | None = None

    def load_target(self) -> Any:
        module = load_python_module(self.module, self.working_directory)
        return _attribute(module, self.attribute, f"package {self.module}")

    def describe(self) -> str:
        return f"{self.module}:{self.attribute}"


class CustomPointer(CodePointer, frozen=True):
    """What a function of the user's makes of arguments.

    Args:
        reconstructor_pointer: The function.
        reconstructable_args: Its positional arguments, each one that JSON can hold.
        reconstructable_kwargs: Its arguments by name, as pairs.
    """

    reconstructor_pointer: ModuleCodePointer
    reconstructable_args: list[Any] = []
    reconstructable_kwargs: list[list[Any]] = []

    def load_target(self) -> Any:
        function = self.reconstructor_pointer.load_target()
        if not callable(function):
            raise DagsterInvariantViolationError(
                expected(
                    f"the reconstructor {self.reconstructor_pointer.describe()}", "callable", function
                )
            )
        return call_user_function(
            function,
            self.describe(),
            self.reconstructable_args,
            dict(self.reconstructable_kwargs),
        )

    def describe(self) -> str:
        shown_args = [shown(arg) for arg in self.reconstructable_args]
        shown_args += [f"{name}={shown(value)}" for name, value in self.reconstructable_kwargs]
        return f"{self.reconstructor_pointer.describe()}({', '.join(shown_args)})"


def call_user_function(
    function: Callable[..., Any],
    where: str,
    args: Sequence[Any] = (),
    kwargs: dict[str, Any] | None = None,
) -> Any:
    """Call a function of the user's that makes definitions.

    Raises:
        DagsterUserCodeLoadError: If it raises; errors of Dagwerk pass unchanged.
    """
    try:
        return function(*args, **(kwargs or {}))
    except Exception as exc:  # noqa: BLE001 - the boundary
        raise_from_user_code(
            DagsterUserCodeLoadError, exc, f"Error occurred while calling {where}: {exc}"
        )


def _attribute(module: ModuleType, name: str, where: str) -> Any:
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            known = [n for n in dir(found) if not n.startswith("_")]
            raise DagsterInvariantViolationError(
                f"{name} not found in {where}: {unknown('attribute', part, known)}"
            ) from None
    return found


def load_python_module(module_name: str, working_directory: str | None = None) -> ModuleType:
    """Return a module by its dotted name.

    Args:
        module_name: The name.
        working_directory: A directory in which modules are looked for. It stays on ``sys.path``, so
            that imports inside of ops find what the module found.

    Raises:
        DagsterImportError: If it, or something that it imports, cannot be found.
        DagsterUserCodeLoadError: If it raises while it is loaded.
    """
    main = sys.modules.get("__main__")
    if getattr(getattr(main, "__spec__", None), "name", None) == module_name and main is not None:
        return main  # started by `python -m`: a second copy would run it again
    loaded = sys.modules.get(module_name)
    if loaded is not None:
        return loaded
    from importlib import import_module

    _use_directory(working_directory)
    try:
        return import_module(module_name)
    except ImportError as exc:
        raise _import_error(exc, f"module {module_name}", working_directory) from exc
    except Exception as exc:  # noqa: BLE001 - the boundary
        raise_from_user_code(
            DagsterUserCodeLoadError, exc, f"Error occurred while loading module {module_name}: {exc}"
        )


def load_python_file(python_file: str, working_directory: str | None = None) -> ModuleType:
    """Return the module that a Python file is. A file that has not changed is loaded once.

    Args:
        python_file: The path; relative ones from the working directory.
        working_directory: Where imports of the file are looked for. Default: the file's directory.

    Raises:
        DagsterImportError: If there is no such file, or something that it imports cannot be found.
        DagsterUserCodeLoadError: If it raises while it is loaded.
    """
    path = os.path.realpath(os.path.join(working_directory or "", python_file))
    try:
        state = os.stat(path)
    except OSError as exc:
        raise DagsterImportError(
            f"The Python file {path} cannot be read ({exc.strerror}). Relative paths start at the working "
            f"directory {working_directory or os.getcwd()}."
        ) from exc
    main = sys.modules.get("__main__")
    main_file = getattr(main, "__file__", None)
    if main is not None and main_file and os.path.realpath(main_file) == path:
        return main  # the script that runs: loading it again would run it again
    key = (path, state.st_mtime_ns, state.st_size)
    if key not in _FILE_MODULES:
        _use_directory(working_directory or os.path.dirname(path))
        _FILE_MODULES[key] = _load_file(path, working_directory)
    return _FILE_MODULES[key]


def _load_file(path: str, working_directory: str | None) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    name = _module_name(path)
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DagsterImportError(f"{path} is not a Python file: its name should end in .py.")
    module = module_from_spec(spec)
    # Entered under its name, as pickles of its classes need it there.
    before = sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as exc:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        if isinstance(exc, ImportError):
            raise _import_error(exc, f"file {path}", working_directory) from exc
        if not isinstance(exc, Exception):
            raise
        raise_from_user_code(
            DagsterUserCodeLoadError, exc, f"Error occurred while loading file {path}: {exc}"
        )
    return module


def _module_name(path: str) -> str:
    """Return the file's name as a module, or with a mark if another module has that name."""
    name = os.path.splitext(os.path.basename(path))[0]
    taken = sys.modules.get(name)
    if name in sys.stdlib_module_names or (
        taken is not None and os.path.realpath(getattr(taken, "__file__", None) or "") != path
    ):
        import hashlib

        return f"{name}_{hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()[:8]}"
    return name


def _use_directory(directory: str | None) -> None:
    if directory is not None and directory not in sys.path:
        sys.path.insert(0, directory)


def _import_error(exc: ImportError, what: str, working_directory: str | None) -> DagsterImportError:
    looked = (
        f" Looked in the working directory {working_directory} and in sys.path."
        if working_directory
        else ""
    )
    return DagsterImportError(
        f"Encountered ImportError while loading {what}: {exc}.{looked} If it is a module of your own, give "
        "the directory that it lies in as working directory, or install the package that it belongs to."
    )
