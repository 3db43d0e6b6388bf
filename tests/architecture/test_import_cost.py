"""What importing costs: counted in modules, which does not depend on the machine. Times are printed only."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

#: Nothing of these is loaded by `import dagster`, nor by the names that every program imports.
BANNED = {
    "asyncio", "click", "concurrent.futures", "fsspec", "http", "importlib.metadata", "multiprocessing",
    "pydantic", "pydantic_core", "rich", "socket", "sqlalchemy", "ssl", "subprocess", "tempfile", "unittest",
    "upath", "urllib.request", "xml", "yaml",
}  # fmt: skip

# A ratchet: lower these when the numbers fall.
ROOT_MODULES = 4
ENGINE_MODULES = 260


def loaded_by(program: str) -> set[str]:
    """The modules that a program loads beyond what the interpreter has loaded by itself."""
    lines = (
        "import sys, json; before = set(sys.modules)\n"
        f"{program}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    # Isolated, so that neither the directory nor start-up files of the environment are counted.
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    print(f"{program}: {(time.perf_counter() - start) * 1000:.0f} ms with the interpreter's start")
    return set(json.loads(done.stdout))


def test_import_dagster_loads_only_its_own_table() -> None:
    loaded = loaded_by("import dagster")
    assert len(loaded) <= ROOT_MODULES, sorted(loaded)


@pytest.mark.parametrize(
    "program",
    ["from dagster import job, op", "from dagster import pipeline, solid, execute_pipeline"],
)
def test_common_names_load_nothing_heavy(program: str) -> None:
    loaded = loaded_by(program)
    heavy = {name for name in loaded if any(name == b or name.startswith(f"{b}.") for b in BANNED)}
    assert heavy == set()
    assert len(loaded) <= ENGINE_MODULES, sorted(loaded)
