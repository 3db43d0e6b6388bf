"""The repository around the code: what a newcomer's first commands rely on."""

from __future__ import annotations

import re
import subprocess
import tomllib
from importlib.metadata import version

import dagster
from tests.architecture.sources import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def tracked_texts() -> dict[str, str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    texts = {}
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if (
            path.suffix in {".py", ".pyi", ".md", ".toml", ".yml", ".yaml", ".json", ".cfg", ""}
            and path.is_file()
        ):
            texts[name] = path.read_text(encoding="utf-8", errors="replace")
    return texts


def test_every_target_has_its_line_of_help() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert phony is not None
    helped = re.findall(r"^([a-z-]+):.*## .+$", MAKEFILE, re.MULTILINE)
    assert sorted(helped) == sorted(phony[1].split())


def test_make_alone_lists_the_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "test", "check", "bench", "docs"):
        assert re.search(rf"^ +make {target} +\S", done.stdout, re.MULTILINE)


def test_continuous_integration_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert "make test" in script.read_text(encoding="utf-8")
    assert script.stat().st_mode & 0o111
    assert re.search(r"^test: .*\bcheck\b", MAKEFILE, re.MULTILINE), "`make test` includes `make check`"


def test_version_is_one() -> None:
    assert version("dagwerk") == dagster.__version__


def test_extras_name_no_package_without_a_bound() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + [
        item for extra in project["optional-dependencies"].values() for item in extra
    ]
    assert [
        item for item in wanted if not re.search(r"[<>=~]=?", item) and not item.startswith("dagwerk[")
    ] == []


def test_no_file_names_a_machine() -> None:
    machine = re.compile(
        r"/(?:root/\.\w+|home/(?!you/)\w+|work|Users/\w+|opt/pypi)/|\b(?:10|192\.168)\.\d+\.\d+\.\d+\b"
    )
    own = "tests/architecture/test_repository.py"
    found = {
        f"{name}: {match[0]}"
        for name, text in tracked_texts().items()
        if name != own and (match := machine.search(text))
    }
    assert found == set()


def test_no_tool_needs_more_than_python() -> None:
    """``make test`` must do on a machine without Node, which pyright runs on."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    assert [name for name in extras["dev"] if name.startswith("pyright")] == ["pyright[nodejs]==1.1.414"]
