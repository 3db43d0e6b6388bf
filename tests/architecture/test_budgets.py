"""Budgets of size, as a ratchet: see budgets.toml."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

from tests.architecture.sources import decorator_names, functions, modules, text_of, tree_of

MODULE_LINES = 800
FUNCTION_LINES = 80
CLASS_METHODS = 25

LISTED = tomllib.loads(Path(__file__).with_name("budgets.toml").read_text(encoding="utf-8"))

#: The lazily resolved root is the one package whose `__init__` does something.
LOGIC_IN_INIT = {Path("dagster/__init__.py")}


def against(budget: int, sizes: dict[str, int], listed: dict[str, int]) -> list[str]:
    """What is wrong: over budget and not listed, grown beyond the list, or listed too generously."""
    wrong = []
    for name, size in sorted(sizes.items()):
        allowed = listed.get(name, budget)
        if size > allowed:
            wrong.append(f"{name}: {size} > {allowed}")
        elif name in listed and size < allowed:
            wrong.append(f"{name}: shrunk to {size}, tighten budgets.toml (it says {allowed})")
    wrong += [
        f"{name}: listed in budgets.toml and no longer there" for name in listed if name not in sizes
    ]
    return wrong


def test_modules_are_short() -> None:
    sizes = {str(module): text_of(module).count("\n") for module in modules()}
    assert against(MODULE_LINES, sizes, LISTED["modules"]) == []


def test_functions_are_short() -> None:
    """A docstring is not counted: the longer it is, the better."""
    sizes: dict[str, int] = {}
    for module in modules():
        for function in functions(tree_of(module)):
            first = function.body[0]
            has_docstring = ast.get_docstring(function, clean=False) is not None
            documentation = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
            name = f"{module}:{function.name}"
            lines = (function.end_lineno or 0) - function.lineno + 1 - documentation
            sizes[name] = max(lines, sizes.get(name, 0))
    assert against(FUNCTION_LINES, sizes, LISTED["functions"]) == []


def test_classes_are_narrow() -> None:
    """Counted: what a class defines, but magic methods, setters and overload signatures."""
    sizes: dict[str, int] = {}
    for module in modules():
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.ClassDef):
                methods = {
                    child.name
                    for child in node.body
                    if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
                    and not (child.name.startswith("__") and child.name.endswith("__"))
                    and not decorator_names(child) & {"overload", "setter"}
                }
                sizes[f"{module}:{node.name}"] = len(methods)
    assert against(CLASS_METHODS, sizes, LISTED["facades"]) == []


def test_init_modules_hold_no_logic() -> None:
    allowed = (ast.Import, ast.ImportFrom)
    wrong = []
    for module in modules():
        if module.name != "__init__.py" or module in LOGIC_IN_INIT:
            continue
        for node in tree_of(module).body:
            is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            is_all = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            if not (isinstance(node, allowed) or is_docstring or is_all):
                wrong.append(f"{module}:{node.lineno}")
    assert wrong == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    buckets = {"utils", "util", "common", "helpers", "helper", "impl", "misc", "base_utils"}
    assert [str(m) for m in modules() if m.stem.lstrip("_") in buckets or m.parent.name in buckets] == []


def test_every_module_postpones_its_annotations() -> None:
    wanted = "from __future__ import annotations"
    wrong = [
        str(module)
        for module in modules()
        if any(not isinstance(node, ast.Expr) for node in tree_of(module).body)
        and wanted not in text_of(module)
        and module.name != "__init__.py"
    ]
    assert wrong == []
