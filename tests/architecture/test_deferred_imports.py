"""Imports inside functions: only where they keep `import dagster` light, never to hide a cycle."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.architecture.sources import functions, modules, tree_of

#: Modules that may import late whatever they need.
FREE = {Path("dagster/__init__.py"), Path("dagster/_core/_upcalls.py")}
FREE_FOLDERS = {Path("dagster/_cli")}

#: Top-level names that are heavy or optional, and therefore imported by the function that needs them.
HEAVY = {
    # third party
    "alembic", "click", "fsspec", "pydantic", "pydantic_core", "pytest", "rich", "upath", "yaml",
    # standard library
    "asyncio", "concurrent", "contextvars", "dataclasses", "difflib", "doctest", "hashlib", "importlib", "inspect", "json", "logging",
    "multiprocessing", "pathlib", "pdb", "pickle", "pprint", "secrets", "shutil", "signal", "socket", "string", "subprocess",
    "tempfile", "textwrap", "threading", "tomllib", "traceback", "unittest", "urllib", "uuid",
}  # fmt: skip

#: Modules of ours that load a heavy library at their top, and are therefore themselves imported late.
HEAVY_OF_OURS = ("dagster._config.pythonic",)


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or "."]


def is_allowed(name: str) -> bool:
    return name.partition(".")[0] in HEAVY or any(
        name == module or name.startswith(f"{module}.") for module in HEAVY_OF_OURS
    )


def test_imports_stand_at_the_top() -> None:
    wrong = set()
    for module in modules():
        if module in FREE or FREE_FOLDERS & set(module.parents):
            continue
        for function in functions(tree_of(module)):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    wrong |= {f"{module}:{node.lineno} {n}" for n in imported(node) if not is_allowed(n)}
    assert sorted(wrong) == []


def test_nothing_inside_imports_the_root() -> None:
    wrong = []
    for module in modules():
        for node in ast.walk(tree_of(module)):
            is_root = isinstance(node, ast.ImportFrom) and node.module == "dagster"
            bare = isinstance(node, ast.Import) and any(alias.name == "dagster" for alias in node.names)
            if is_root or bare:
                wrong.append(f"{module}:{node.lineno}")
    assert wrong == []
