from __future__ import annotations

import pytest

from dagster._core.errors import DagsterInvariantViolationError
from dagster._workspace.pyproject import load_pyproject_targets


def targets(write, tmp_path, text):
    write("pyproject.toml", text)
    return load_pyproject_targets(str(tmp_path))


@pytest.mark.parametrize("text", ["", "[tool.ruff]\nline-length = 80\n"])
def test_none(write, tmp_path, text):
    assert targets(write, tmp_path, text) == []


def test_no_file(tmp_path):
    assert load_pyproject_targets(str(tmp_path)) == []


def test_module(write, tmp_path):
    text = '[tool.dagster]\nmodule_name = "shop.jobs"\nattribute = "defs"\ncode_location_name = "shop"\n'
    (target,) = targets(write, tmp_path, text)
    assert (target.module_name, target.attribute) == ("shop.jobs", "defs")
    assert target.working_directory == f"{tmp_path}/"


def test_file_and_directory_are_relative_to_the_project(write, tmp_path):
    (target,) = targets(
        write, tmp_path, '[tool.dagster]\npython_file = "a/b.py"\nworking_directory = "src"\n'
    )
    assert target.python_file == str(tmp_path / "a" / "b.py")
    assert target.working_directory == str(tmp_path / "src")


def test_modules(write, tmp_path):
    text = (
        '[tool.dagster]\nmodules = [{type = "module", name = "one"}, {type = "module", name = "two"}]\n'
    )
    assert [target.module_name for target in targets(write, tmp_path, text)] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.dagster\n", r"Cannot read .*pyproject.toml: Expected '\]' .*line 1"),
        ("[tool]\ndagster = 3\n", "expected tool.dagster to be a table, got: 3"),
        ("[tool.dagster]\n", "does not say where definitions are"),
        ('[tool.dagster]\nmodul_name = "x"\n', 'unknown key "modul_name". Did you mean "module_name"?'),
        ("[tool.dagster]\nmodule_name = 3\n", "expected module_name to be a name, got: 3"),
        ("[tool.dagster]\nmodules = [{}]\n", "expected modules.name to be a name"),
    ],
)
def test_refusals(write, tmp_path, text, message):
    with pytest.raises(DagsterInvariantViolationError, match=message):
        targets(write, tmp_path, text)
