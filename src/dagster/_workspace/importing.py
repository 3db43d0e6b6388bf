"""Importing the user's code: a file as ``python file.py`` would, a module as ``python -m`` would.

Whatever goes wrong says whose it is: the user's own stack for what their code raised, one sentence for
what was asked for and is not there.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from types import ModuleType

from dagster._core.definitions.code_pointer import (
    CodePointer,
    FileCodePointer,
    ModuleCodePointer,
    load_python_file,
    load_python_module,
)
from dagster._core.errors import (
    DagsterError,
    DagsterImportError,
    DagsterUserCodeLoadError,
)
from dagster._text import did_you_mean
from dagster._workspace.target import CodeTarget


class ImportedModule:
    """The module of a target, and how its attributes are found again by another process.

    Args:
        module: The module.
        path: The file, for a file; None for a module by name.
        working_directory: The directory for imports.
    """

    __slots__ = ("_path", "_working_directory", "module")

    def __init__(self, module: ModuleType, path: str | None, working_directory: str | None) -> None:
        self.module = module
        self._path = path
        self._working_directory = working_directory

    def pointer(self, attribute: str) -> CodePointer:
        """Return how an attribute is found again."""
        if self._path is not None:
            return FileCodePointer(self._path, attribute, self._working_directory)
        return ModuleCodePointer(self.module.__name__, attribute, self._working_directory)


def import_target(target: CodeTarget) -> ImportedModule:
    """Import what a target names.

    Its directories go to the front of ``sys.path`` and stay there: jobs import more while they run.

    Args:
        target: A file, module or package.

    Raises:
        DagsterImportError: If it is not there, or something that it imports is not.
        DagsterUserCodeLoadError: If its code raises.
    """
    directory = target.working_directory
    if directory is not None:
        if not os.path.isdir(directory):
            raise DagsterImportError(
                f'There is no working directory "{directory}" (looked from {os.getcwd()}).'
            )
        directory = os.path.abspath(directory)
    elif target.extends_path:
        directory = os.getcwd()
    if target.python_file is not None:
        return _import_file(_checked_file(target.python_file), target, directory)
    if directory is not None:
        _extend_path([directory])
    return ImportedModule(_import_named(target), None, directory)


def _extend_path(directories: list[str]) -> None:
    wanted = list(dict.fromkeys(directories))
    sys.path[:] = [*wanted, *(entry for entry in sys.path if entry not in wanted)]
    importlib.invalidate_caches()


# Files


def _import_file(path: str, target: CodeTarget, directory: str | None) -> ImportedModule:
    folder, name = os.path.split(path)
    described = f'file "{path}"'
    if name == "__init__.py":
        # A package's own file: only as the package can it import what lies beside it.
        root, package = _package_root(path)
        _extend_path([root, *([directory] if directory else [])])
        try:
            return ImportedModule(load_python_module(package), None, root)
        except BaseException as exc:
            _raise_load_error(exc, described, path)
            raise
    if target.working_directory is None:
        _extend_path([folder, *([directory] if directory else [])])
    elif directory is not None:
        _extend_path([directory])
    try:
        return ImportedModule(load_python_file(path, directory or folder), path, directory or folder)
    except BaseException as exc:
        _raise_load_error(exc, described, path)
        raise


def _checked_file(given: str) -> str:
    path = os.path.abspath(os.path.expanduser(given))
    if os.path.isfile(path):
        return path
    if os.path.isdir(path):
        if os.path.isfile(os.path.join(path, "__init__.py")):
            raise DagsterImportError(
                f'"{given}" is a package, not a file. Name it with --package-name or -m instead.'
            )
        raise DagsterImportError(f'"{given}" is a directory. Name a Python file in it.')
    folder, name = os.path.split(path)
    if not os.path.isdir(folder):
        raise DagsterImportError(f'There is no file "{given}": there is no directory {folder}.')
    others = [other for other in os.listdir(folder) if other.endswith(".py")]
    raise DagsterImportError(f'There is no file "{given}" in {folder}.{did_you_mean(name, others)}')


def _package_root(path: str) -> tuple[str, str]:
    """Return the directory from which a file can be imported, and its dotted name there."""
    folder, name = os.path.split(path)
    parts = [] if name == "__init__.py" else [os.path.splitext(name)[0]]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        parts.insert(0, name)
    return folder, ".".join(parts)


# Modules and packages


def _import_named(target: CodeTarget) -> ModuleType:
    name = target.imported_name or ""
    described = f'{"module" if target.module_name else "package"} "{name}"'
    if name.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        raise DagsterImportError(
            f'"{name}" is not the name of a module. A module is named with dots and without ".py"; a file is '
            "named with -f."
        )
    try:
        module = load_python_module(name)
    except BaseException as exc:
        cause = exc.__cause__
        if isinstance(cause, ModuleNotFoundError) and _is_itself_missing(cause, name):
            raise DagsterImportError(_missing_module(described, cause)) from None
        _raise_load_error(exc, described, None)
        raise
    if target.package_name is not None and not hasattr(module, "__path__"):
        raise DagsterImportError(f'"{name}" is a module, not a package. Name it with -m.')
    return module


def _is_itself_missing(exc: ModuleNotFoundError, name: str) -> bool:
    """Whether the named module is what is missing, and not something that its code imports."""
    return f"{name}.".startswith(f"{exc.name}.") and not _user_frames(exc)


def _user_frames(exc: BaseException) -> bool:
    """Whether the user's code was reached before the exception came."""
    ours = (importlib.__file__ or "", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    frame = exc.__traceback__
    while frame is not None:
        filename = frame.tb_frame.f_code.co_filename
        if not filename.startswith(("<frozen ", *ours)):
            return True
        frame = frame.tb_next
    return False


def _missing_module(described: str, exc: ModuleNotFoundError) -> str:
    parent, _, last = str(exc.name).rpartition(".")
    if "is not a package" in str(exc):
        return f'There is no {described}: "{parent}" is a module, not a package.'
    places = list(getattr(sys.modules.get(parent), "__path__", ())) if parent else sys.path[:1]
    known = [info.name for info in pkgutil.iter_modules(places)]
    where = f'in the package "{parent}"' if parent else f"in {sys.path[0]} or the Python environment"
    return (
        f'There is no {described}: no module "{last}" {where}.{did_you_mean(last, known)} '
        "-d says in which directory to look."
    )


# What their code raised


def _raise_load_error(exc: BaseException, described: str, path: str | None) -> None:
    """Raise what an exception means that came while the user's code was loaded; let interrupts by."""
    if isinstance(exc, SystemExit):
        raise DagsterUserCodeLoadError(
            f"The {described} ended the program (sys.exit) while it was imported. Put what only a script "
            'should do under: if __name__ == "__main__":',
            user_exception=exc,
        ) from exc
    if not isinstance(exc, Exception):
        return
    # What the loader wrapped around the user's own error.
    is_wrapped = (
        isinstance(exc, (DagsterImportError, DagsterUserCodeLoadError)) and exc.__cause__ is not None
    )
    cause = exc.__cause__ if is_wrapped else exc
    if isinstance(cause, ImportError):
        raise DagsterImportError(
            f"The {described} cannot be imported.{_import_hint(cause, path)}"
        ) from cause
    if cause is exc and isinstance(exc, DagsterImportError):
        return
    if isinstance(cause, SyntaxError):
        what = "is not valid Python"
    elif isinstance(cause, DagsterError):
        what = "does not define valid jobs"
    else:
        what = "raised while it was imported"
    raise DagsterUserCodeLoadError(f"The {described} {what}.", user_exception=cause) from cause


def _import_hint(exc: ImportError, path: str | None) -> str:
    if path is not None and "relative import" in str(exc):
        root, name = _package_root(path)
        if "." not in name:
            return (
                " It uses a relative import (from . import …) but lies in no package: its directory has no "
                "__init__.py. Import by name instead: the file's directory is on sys.path."
            )
        return (
            " It uses a relative import (from . import …), for which it must be loaded as a part of its "
            f"package: use -m {name} -d {root} in place of -f."
        )
    if isinstance(exc, ModuleNotFoundError):
        return (
            f' No module "{exc.name}" was found in {", ".join(dict.fromkeys(sys.path[:2]))} or in the '
            f"Python environment {sys.prefix}."
        )
    return ""
