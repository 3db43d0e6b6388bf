"""Importing the user's code: a file as ``python file.py`` would, a module as ``python -m`` would.

Whatever goes wrong says whose it is: the user's own stack for what their code raised, one sentence for
what was asked for and is not there.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import os
import sys
from types import ModuleType

from dagster._core.errors import (
    DagsterError,
    DagsterImportError,
    DagsterUserCodeLoadError,
)
from dagster._text import did_you_mean
from dagster._workspace.target import CodeTarget


def load_module(target: CodeTarget) -> ModuleType:
    """Import what a target names.

    Its directories go to the front of ``sys.path`` and stay there: jobs import more while they run.

    Args:
        target: A file, module or package.

    Raises:
        DagsterImportError: If it is not there, or something that it imports is not.
        DagsterUserCodeLoadError: If its code raises.
    """
    if target.working_directory is not None and not os.path.isdir(target.working_directory):
        raise DagsterImportError(
            f'There is no working directory "{target.working_directory}" (from {os.getcwd()}).'
        )
    if target.python_file is not None:
        path = _checked_file(target.python_file)
        if target.extends_path:
            own = _package_root(path)[0] if _is_package_file(path) else os.path.dirname(path)
            _extend_path([target.working_directory] if target.working_directory else [own, os.getcwd()])
        return load_file(path)
    name = target.imported_name
    assert name is not None
    if target.extends_path:
        _extend_path([target.working_directory or os.getcwd()])
    return _load_named(name, target)


def _extend_path(directories: list[str]) -> None:
    wanted = list(dict.fromkeys(os.path.abspath(directory) for directory in directories))
    sys.path[:] = [*wanted, *(entry for entry in sys.path if entry not in wanted)]
    importlib.invalidate_caches()


# Files


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
        raise DagsterImportError(f'There is no file "{given}": the directory {folder} does not exist.')
    others = [other for other in os.listdir(folder) if other.endswith(".py")]
    raise DagsterImportError(f'There is no file "{given}" in {folder}.{did_you_mean(name, others)}')


def _is_package_file(path: str) -> bool:
    return os.path.basename(path) == "__init__.py"


def _package_root(path: str) -> tuple[str, str]:
    """Return the directory from which a file can be imported, and its dotted name there."""
    folder, name = os.path.split(path)
    parts = [] if name == "__init__.py" else [os.path.splitext(name)[0]]
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder, name = os.path.split(folder)
        parts.insert(0, name)
    return folder, ".".join(parts)


def load_file(path: str) -> ModuleType:
    """Run a Python file as a module and return it.

    The module has the file's name without ``.py``, so that what it defines can be pickled and loaded again
    from its directory; if another module has that name already, it gets one of its own.

    Args:
        path: The file's absolute path.

    Raises:
        DagsterImportError: If something that it imports is not there.
        DagsterUserCodeLoadError: If its code raises.
    """
    described = f'file "{path}"'
    is_package = _is_package_file(path)
    name = os.path.basename(os.path.dirname(path)) if is_package else os.path.splitext(os.path.basename(path))[0]
    present = sys.modules.get(name)
    if present is not None and _is_file_of(present, path):
        return present
    if present is not None or name in sys.stdlib_module_names:
        name = f"{name}_{hashlib.sha256(path.encode()).hexdigest()[:8]}"
        present = sys.modules.get(name)
        if present is not None:
            return present
    spec = importlib.util.spec_from_file_location(
        name,
        path,
        loader=importlib.machinery.SourceFileLoader(name, path),
        submodule_search_locations=[os.path.dirname(path)] if is_package else None,
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Before it runs: dataclasses, pydantic and pickle look a class's module up here.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as exc:
        sys.modules.pop(name, None)
        _raise_load_error(exc, described, path)
        raise
    return sys.modules.get(name, module)


def _is_file_of(module: ModuleType, path: str) -> bool:
    own = getattr(module, "__file__", None)
    return isinstance(own, str) and os.path.exists(own) and os.path.samefile(own, path)


# Modules and packages


def _load_named(name: str, target: CodeTarget) -> ModuleType:
    described = f'{"module" if target.module_name else "package"} "{name}"'
    if name.endswith(".py") or "/" in name or os.sep in name:
        raise DagsterImportError(
            f'"{name}" is not the name of a module. Name a file with -f, or a module with dots and '
            'without ".py".'
        )
    try:
        module = importlib.import_module(name)
    except BaseException as exc:
        if isinstance(exc, ModuleNotFoundError) and _is_itself_missing(exc, name):
            raise DagsterImportError(_missing_module(name, described, exc)) from None
        _raise_load_error(exc, described, None)
        raise
    if target.package_name is not None and not hasattr(module, "__path__"):
        raise DagsterImportError(f'"{name}" is a module, not a package. Name it with -m.')
    return module


def _is_itself_missing(exc: ModuleNotFoundError, name: str) -> bool:
    """Whether the named module is what is missing, and not something that its code imports."""
    if exc.name is None or not (name == exc.name or name.startswith(f"{exc.name}.")):
        return False
    frame = exc.__traceback__
    while frame is not None:
        filename = frame.tb_frame.f_code.co_filename
        if filename != __file__ and not filename.startswith("<frozen ") and filename != importlib.__file__:
            return False
        frame = frame.tb_next
    return True


def _missing_module(name: str, described: str, exc: ModuleNotFoundError) -> str:
    import pkgutil

    parent, _, last = str(exc.name).rpartition(".")
    package = sys.modules.get(parent) if parent else None
    if "is not a package" in str(exc):
        return f'There is no {described}: "{parent}" is a module, not a package.'
    places = list(getattr(package, "__path__", ())) if parent else [entry for entry in sys.path[:2]]
    known = [info.name for info in pkgutil.iter_modules(places)]
    where = f'in the package "{parent}"' if parent else f"in {sys.path[0]} or the Python environment"
    return (
        f'There is no {described}: no module "{last}" {where}.{did_you_mean(last, known)} '
        "-d says which directory to look in."
    )


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
    if isinstance(exc, ImportError):
        raise DagsterImportError(f"The {described} cannot be imported.{_import_hint(exc, path)}") from exc
    if isinstance(exc, SyntaxError):
        raise DagsterUserCodeLoadError(f"The {described} is not valid Python.", user_exception=exc) from exc
    what = "does not define valid jobs" if isinstance(exc, DagsterError) else "raised while it was imported"
    raise DagsterUserCodeLoadError(f"The {described} {what}.", user_exception=exc) from exc


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
