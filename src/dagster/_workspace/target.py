"""CodeTarget: where the user's definitions are, as a command line or a settings file says it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dagster._core.errors import DagsterInvariantViolationError
from dagster._text import expected, unknown
from dagster._wire.record import Record

#: The keys of ``[tool.dagster]`` that say where definitions are.
_KINDS = ("module_name", "python_file", "package_name")
_KEYS = (*_KINDS, "attribute", "working_directory", "code_location_name", "modules")


class CodeTarget(Record, frozen=True):
    """Where definitions are: exactly one of a file, a module or a package.

    Args:
        python_file: A path.
        module_name: A dotted name.
        package_name: A dotted name.
        attribute: The name of what to use in it; by default everything that it defines.
        working_directory: What to put on ``sys.path``. Default: the file's directory and the current
            one for a file, the current one for a module.
        extends_path: Whether to put anything on ``sys.path`` at all.
    """

    python_file: str | None = None
    module_name: str | None = None
    package_name: str | None = None
    attribute: str | None = None
    working_directory: str | None = None
    extends_path: bool = True

    @property
    def imported_name(self) -> str | None:
        """The dotted name of the module or package; None for a file."""
        return self.module_name or self.package_name

    def describe(self) -> str:
        """Return ``file "x.py"`` or ``module "a.b"``, with the attribute, for messages."""
        if self.python_file is not None:
            text = f'file "{self.python_file}"'
        elif self.module_name is not None:
            text = f'module "{self.module_name}"'
        else:
            text = f'package "{self.package_name}"'
        return text if self.attribute is None else f'attribute "{self.attribute}" of {text}'


def load_pyproject_targets(directory: str) -> list[CodeTarget]:
    """Return the targets that ``[tool.dagster]`` of a ``pyproject.toml`` names; none without the table.

    Args:
        directory: Where the file is looked for.

    Raises:
        DagsterInvariantViolationError: If the file is no TOML, or the table names no target.
    """
    import tomllib  # only commands without a target pay for it

    path = os.path.join(directory, "pyproject.toml")
    try:
        with open(path, "rb") as stream:
            content = tomllib.load(stream)
    except FileNotFoundError:
        return []
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise DagsterInvariantViolationError(f"Cannot read {path}: {exc}.") from exc
    table = content.get("tool", {}).get("dagster")
    return [] if table is None else _targets_of_table(table, path)


def _targets_of_table(table: Any, path: str) -> list[CodeTarget]:
    if not isinstance(table, Mapping):
        raise DagsterInvariantViolationError(f"{expected('tool.dagster', 'a table', table)} in {path}.")
    for key in table:
        if key not in _KEYS:
            raise DagsterInvariantViolationError(
                f"[tool.dagster] in {path}: {unknown('key', key, _KEYS)}"
            )
    shared: dict[str, Any] = {
        key: _text_of(table[key], key, path)
        for key in ("attribute", "working_directory")
        if key in table
    }
    given: dict[str, Any] = {key: _text_of(table[key], key, path) for key in _KINDS if key in table}
    directory = os.path.dirname(path)
    shared["working_directory"] = os.path.join(directory, shared.get("working_directory", ""))
    if "python_file" in given:
        given["python_file"] = os.path.join(directory, given["python_file"])
    targets = [CodeTarget(**shared, **{kind: value}) for kind, value in given.items()]
    for entry in table.get("modules", ()):
        name = entry.get("name") if isinstance(entry, Mapping) else entry
        targets.append(CodeTarget(module_name=_text_of(name, "modules.name", path), **shared))
    if not targets:
        raise DagsterInvariantViolationError(
            f"[tool.dagster] in {path} does not say where definitions are. Give it a module_name, for "
            'instance: module_name = "my_project.definitions".'
        )
    return targets


def _text_of(value: object, key: str, path: str) -> str:
    if not isinstance(value, str) or not value:
        raise DagsterInvariantViolationError(
            f"[tool.dagster] in {path}: {expected(key, 'a name', value)}."
        )
    return value
