"""Every import path of the documents gives the right object, and an older path the same one."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

# (path in the documents, path of the definition). Paths that belong to persistent storage, schedules,
# run coordinators and the like join when those do.
DOCUMENTED = [
    ("dagster._core.errors.user_code_error_boundary", "dagster._core.errors.user_code_error_boundary"),
    ("dagster._core.storage.file_manager.FileManager", "dagster._core.io.file_manager.FileManager"),
]


def load(path: str) -> object:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(("documented", "defined"), DOCUMENTED)
def test_documented_path_gives_the_definition(documented: str, defined: str) -> None:
    assert load(documented) is load(defined)


@pytest.mark.parametrize(
    "documented", [path for path, _ in DOCUMENTED if path.startswith("dagster._core.")]
)
def test_older_spelling_gives_the_same_object(documented: str) -> None:
    assert load(documented.replace("dagster._core.", "dagster.core.")) is load(documented)


def test_older_package_is_the_real_package() -> None:
    assert importlib.import_module("dagster.core") is importlib.import_module("dagster._core")
    assert importlib.import_module("dagster.core.errors") is importlib.import_module(
        "dagster._core.errors"
    )
    assert importlib.import_module("dagster.serdes") is importlib.import_module("dagster._serdes")
    assert importlib.import_module("dagster.config") is importlib.import_module("dagster._config")


def test_real_module_keeps_its_own_name_and_spec() -> None:
    module = importlib.import_module("dagster.core.errors")
    assert module.__name__ == "dagster._core.errors"
    assert module.__spec__ is not None
    assert module.__spec__.name == "dagster._core.errors"


def test_unknown_older_path_is_refused_under_the_name_that_was_asked_for() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'dagster\.core\.nowhere'"):
        importlib.import_module("dagster.core.nowhere")


@pytest.mark.parametrize(
    "program",
    [
        "import dagster.core.errors as older, dagster._core.errors as newer",
        "import dagster._core.errors as newer, dagster.core.errors as older",
        "from dagster.core import errors as older; from dagster._core import errors as newer",
        "import dagster; older = dagster.core.errors; from dagster._core import errors as newer",
    ],
)
def test_either_order_in_a_fresh_process(program: str) -> None:
    check = "; assert older is newer, (older, newer)"
    if "older = dagster.core.errors" in program:
        program = program.replace("import dagster;", "import dagster, dagster._core.errors;")
    done = subprocess.run(
        [sys.executable, "-c", program + check], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_older_paths_cost_nothing_until_used() -> None:
    program = (
        "import sys, dagster; print('dagster._aliases' in sys.modules, 'dagster.core' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
