from __future__ import annotations

import pytest
import yaml

from dagster._check import CheckError
from dagster._core.errors import DagsterInvariantViolationError
from dagster._legacy.preset import PresetDefinition

FIRST = "solids:\n  a:\n    config: 1\n"
SECOND = "solids:\n  a:\n    config: 2\n  b:\n    config: 3\n"
MERGED = {"solids": {"a": {"config": 2}, "b": {"config": 3}}}


def test_members():
    preset = PresetDefinition("p", {"solids": {}}, ["a+"], "prod", {"k": "v", "n": {"x": 1}})
    assert (preset.name, preset.run_config, preset.mode) == ("p", {"solids": {}}, "prod")
    assert preset.solid_selection == ["a+"]
    assert preset.tags == {"k": "v", "n": '{"x": 1}'}
    assert PresetDefinition("q").mode == "default"
    assert PresetDefinition("q").run_config is None


def test_from_files(tmp_path):
    (tmp_path / "a.yaml").write_text(FIRST)
    (tmp_path / "b.yaml").write_text(SECOND)
    preset = PresetDefinition.from_files("p", [str(tmp_path / "*.yaml")], ["a"], "m", {"t": "1"})
    assert preset.run_config == MERGED
    assert (preset.solid_selection, preset.mode, preset.tags) == (["a"], "m", {"t": "1"})
    with pytest.raises(DagsterInvariantViolationError, match="produced no results"):
        PresetDefinition.from_files("p", [str(tmp_path / "none.yaml")])
    assert PresetDefinition.from_files("p").run_config == {}


def test_from_yaml_strings():
    preset = PresetDefinition.from_yaml_strings("p", [FIRST, SECOND])
    assert preset.run_config == MERGED
    with pytest.raises(DagsterInvariantViolationError, match="yaml"):
        PresetDefinition.from_yaml_strings("p", ["a: [1"])


def test_from_pkg_resources(tmp_path, monkeypatch):
    package = tmp_path / "preset_environments"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.yaml").write_text(FIRST)
    (package / "two.yaml").write_text(SECOND)
    monkeypatch.syspath_prepend(str(tmp_path))
    pairs = [("preset_environments", "one.yaml"), ("preset_environments", "two.yaml")]
    assert PresetDefinition.from_pkg_resources("p", pairs).run_config == MERGED
    with pytest.raises(DagsterInvariantViolationError, match=r"none\.yaml"):
        PresetDefinition.from_pkg_resources("p", [("preset_environments", "none.yaml")])


def test_environment_yaml():
    preset = PresetDefinition("p", MERGED)
    assert yaml.safe_load(preset.get_environment_yaml()) == MERGED
    assert yaml.safe_load(PresetDefinition("p").get_environment_yaml()) == {}


def test_with_additional_config():
    preset = PresetDefinition("p", {"solids": {"a": {"config": 1}}}, ["a"], "m", {"t": "1"})
    more = preset.with_additional_config({"solids": {"a": {"config": 2}, "b": {"config": 3}}})
    assert more.run_config == MERGED
    assert (more.name, more.solid_selection, more.mode, more.tags) == ("p", ["a"], "m", {"t": "1"})
    assert preset.run_config == {"solids": {"a": {"config": 1}}}
    assert preset.with_additional_config(None) is preset


def test_arguments_are_checked():
    with pytest.raises(CheckError, match="solid_selection"):
        PresetDefinition("p", solid_selection="a")  # type: ignore[arg-type]
    with pytest.raises(CheckError, match="run_config"):
        PresetDefinition("p", run_config=[])  # type: ignore[arg-type]
