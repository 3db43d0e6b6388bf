"""Targets that a project names in its ``pyproject.toml``: the table ``[tool.dagster]``."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from typing import Any

from dagster._core.errors import DagsterInvariantViolationError
from dagster._text import expected, unknown
from dagster._workspace.target import CodeTarget

#: The keys of ``[tool.dagster]`` that say where definitions are.
_KINDS = ("module_name", "python_file", "package_name")
_KEYS = (*_KINDS, "attribute", "working_directory", "code_location_name", "modules")


def load_pyproject_targets(directory: str) -> list[CodeTarget]:
    """Return the targets that ``[tool.dagster]`` of a ``pyproject.toml`` names; none without the table.

    Args:
        directory: Where the file is looked for.

    Raises:
        DagsterInvariantViolationError: If the file is no TOML, or the table names no target.
    """
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
