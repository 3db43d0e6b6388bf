from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import pytest

from dagster._config.source import StringSource
from dagster._core.errors import (
    DagsterImportError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
)
from dagster._core.storage.root import LocalArtifactStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData, deserialize_value, serialize_value


class SplendidRunStorage(ConfigurableClass):
    """The plug-in of the "Internals" document."""

    def __init__(self, magic_word: str, times: int, inst_data: ConfigurableClassData | None = None):
        self.magic_word = magic_word
        self.times = times
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {"magic_word": StringSource, "times": int}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data=inst_data, **config_value)


not_a_class = 3


class Plain:
    pass


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> str:
    import sys
    import types

    made = types.ModuleType("splendid_package")
    made.__dict__.update(SplendidRunStorage=SplendidRunStorage, Plain=Plain, not_a_class=not_a_class)
    monkeypatch.setitem(sys.modules, "splendid_package", made)
    return "splendid_package"


def data(module: str, name: str, config: dict[str, Any]) -> ConfigurableClassData:
    return ConfigurableClassData.of(module, name, config)


def test_a_class_is_found_and_made_from_config(module: str) -> None:
    given = data(module, "SplendidRunStorage", {"magic_word": "quux", "times": 2})
    made = given.rehydrate(SplendidRunStorage)
    assert (made.magic_word, made.times, made.inst_data) == ("quux", 2, given)


def test_environment_variables_are_read_when_it_is_made(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = data(module, "SplendidRunStorage", {"magic_word": {"env": "MAGIC"}, "times": 2})
    monkeypatch.setenv("MAGIC", "abracadabra")
    assert given.rehydrate().magic_word == "abracadabra"
    assert given.info_dict()["config"]["magic_word"] == {"env": "MAGIC"}


def test_it_survives_the_wire(module: str) -> None:
    given = data(module, "SplendidRunStorage", {"magic_word": "it's ü\n", "times": 2})
    assert deserialize_value(serialize_value(given)) == given
    assert given.config_dict == {"magic_word": "it's ü\n", "times": 2}


def test_no_config_is_an_empty_one() -> None:
    assert ConfigurableClassData("m", "C", "").config_dict == {}


def test_all_problems_of_the_config_are_told(module: str) -> None:
    given = data(module, "SplendidRunStorage", {"magic_wrd": "quux", "times": "often"})
    with pytest.raises(DagsterInvalidConfigError) as caught:
        given.rehydrate()
    text = str(caught.value)
    assert "splendid_package.SplendidRunStorage" in text
    assert 'Did you mean "magic_word"?' in text
    assert "times" in text


def test_a_mistyped_class_is_suggested(module: str) -> None:
    with pytest.raises(DagsterImportError, match=r'no class "SplendidStorage".*"SplendidRunStorage"'):
        data(module, "SplendidStorage", {}).rehydrate()


def test_a_missing_package_is_told() -> None:
    with pytest.raises(DagsterImportError, match="Install the package"):
        data("no_such_package.storage", "Storage", {}).rehydrate()


def test_a_module_that_fails_to_import_is_told_apart(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_plugin.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DagsterImportError, match="what it imports is not"):
        data("broken_plugin", "Storage", {}).rehydrate()


@pytest.mark.parametrize("name", ["Plain", "not_a_class"])
def test_other_things_are_refused(module: str, name: str) -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match="to be a ConfigurableClass"):
        data(module, name, {}).rehydrate()


def test_the_wrong_kind_is_refused(module: str) -> None:
    given = data(module, "SplendidRunStorage", {"magic_word": "quux", "times": 2})
    with pytest.raises(DagsterInvalidDefinitionError, match="to be a LocalArtifactStorage"):
        given.rehydrate(LocalArtifactStorage)


def test_older_paths_are_known() -> None:
    given = data("dagster.core.storage.root", "LocalArtifactStorage", {"base_dir": "/x"})
    assert given.rehydrate(LocalArtifactStorage).base_dir == "/x"


def test_documented_imports() -> None:
    import dagster.serdes

    assert dagster.serdes.ConfigurableClass is ConfigurableClass
    assert dagster.serdes.ConfigurableClassData is ConfigurableClassData
