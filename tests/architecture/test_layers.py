"""The layers of the house, as pyproject.toml writes them down."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.architecture.sources import PACKAGE, ROOT


def test_import_contracts_are_kept() -> None:
    command = "import sys; from importlinter.cli import lint_imports_command as run; sys.exit(run())"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_has_its_layer() -> None:
    """A package that no layer names would be free to import anything, and nobody would see it."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = config["tool"]["importlinter"]["contracts"][0]
    layered = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    # What stands outside: the root's own files, the older paths, and the two documented faces.
    outside = {
        "dagster.__init__",
        "dagster.__main__",
        "dagster._aliases",
        "dagster._names",
        "dagster.config",
        "dagster.core",
        "dagster.serdes",
        "dagster.testing",
        "dagster.version",
        "dagster._core.__init__",
        "dagster._core._upcalls",
    }
    found = {
        f"{prefix}.{path.stem}"
        for folder, prefix in ((PACKAGE, "dagster"), (PACKAGE / "_core", "dagster._core"))
        for path in folder.iterdir()
        if path.suffix == ".py" or (path.is_dir() and any(path.rglob("*.py")))
    } - {"dagster._core"}
    assert found - layered - outside == set()
    assert layered - found == set(), "a layer that no longer exists"
