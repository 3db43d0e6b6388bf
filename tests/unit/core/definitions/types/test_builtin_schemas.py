from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster._config.evaluate import process_config
from dagster._core.definitions.types.builtin_schemas import (
    FILE_MATERIALIZER,
    read_json,
    read_pickle,
    write_json,
    write_pickle,
)
from dagster._core.definitions.types.builtins import Any as AnyType
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.generics import Dict, List, Optional, Set, Tuple
from dagster._core.definitions.types.loader import dagster_type_loader
from dagster._core.definitions.types.materializer import materialize_value
from dagster._core.definitions.types.resolve import resolve_dagster_type
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.records.user_events import AssetMaterialization


def load(given_type: Any, config: Any) -> Any:
    loader = resolve_dagster_type(given_type).loader
    assert loader is not None
    value = process_config(loader.schema_type, config).value_or_raise("Error in config", config)
    return loader.construct_from_config_value(None, value)


def refused(given_type: Any, config: Any) -> str:
    with pytest.raises(DagsterInvalidConfigError) as caught:
        load(given_type, config)
    return str(caught.value)


@pytest.fixture
def seven(tmp_path: Path) -> dict[str, Any]:
    write_json(str(tmp_path / "7.json"), 7)
    write_pickle(str(tmp_path / "7.pickle"), 7)
    return {
        "json": {"json": {"path": str(tmp_path / "7.json")}},
        "pickle": {"pickle": {"path": str(tmp_path / "7.pickle")}},
    }


@pytest.mark.parametrize("form", ["json", "pickle"])
def test_scalars_come_from_files(seven: dict[str, Any], form: str) -> None:
    assert load(int, seven[form]) == 7
    assert load(AnyType, seven[form]) == 7
    assert load(List[int], [1, {"value": 2}, seven[form]]) == [1, 2, 7]


def test_values() -> None:
    assert load(int, 8) == 8
    assert load(int, {"value": 8}) == 8
    assert load(str, "a") == "a"
    assert load(bool, True) is True
    assert load(AnyType, {"value": {"x": [1]}}) == {"x": [1]}


def test_an_int_in_config_is_a_float_where_one_is_needed() -> None:
    for config in (1, {"value": 1}):
        value = load(float, config)
        assert isinstance(value, float)
        assert resolve_dagster_type(float).type_check(None, value).success


def test_containers() -> None:
    assert load(list, [{"value": 1}]) == [1]
    assert load(Optional[int], None) is None
    assert load(Optional[int], 3) == 3
    assert load(Tuple[int, str], [1, {"value": "a"}]) == (1, "a")
    assert load(tuple[int, ...], [1, 2]) == (1, 2)
    assert load(Set[int], [1, 1]) == {1}
    assert load(frozenset[int], [1]) == frozenset({1})
    assert load(Dict[str, int], {"a": {"value": 1}}) == {"a": 1}
    assert load(Dict[int, str], {1: "a"}) == {1: "a"}
    assert load(dict, {"a": {"b": None}}) == {"a": {"b": None}}
    assert load(int | str, {"value": "a"}) == "a"


def test_wrong_config_is_told_with_its_place() -> None:
    assert "Int" in refused(int, "a")
    assert refused(AnyType, 3)
    assert "bool" in refused(int, True).lower() or "True" in refused(int, True)
    message = refused(Tuple[int, str], [1, 2])
    assert "Error in config for item 1 of a tuple" in message
    assert "String" in message


def test_a_tuple_of_the_wrong_length_fails_the_type_check() -> None:
    value = load(Tuple[int, str], [1, "a", 5])
    assert value == (1, "a", 5)
    assert not resolve_dagster_type(Tuple[int, str]).type_check(None, value).success


def test_inner_loaders_get_the_context_and_tell_their_resources() -> None:
    seen: list[Any] = []

    @dagster_type_loader(int, required_resource_keys={"db"})
    def double(context: Any, config: Any) -> Any:
        seen.append(context)
        return config * 2

    doubled = DagsterType(lambda _c, v: v % 2 == 0, name="Doubled", loader=double)
    loader = resolve_dagster_type(Dict[str, List[doubled]]).loader
    assert loader is not None
    assert loader.required_resource_keys() == {"db"}
    assert loader.construct_from_config_value("ctx", {"a": [1, 2]}) == {"a": [2, 4]}
    assert seen == ["ctx", "ctx"]


def test_json_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"value": 1, "other": 2}')
    assert read_json(str(path)) == 1
    path.write_text('{"other": 2}')
    assert read_json(str(path)) == {"other": 2}
    path.write_text("[1]")
    assert read_json(str(path)) == [1]
    path.write_text("{")
    with pytest.raises(ValueError, match="Expecting") as caught:
        read_json(str(path))
    assert caught.value.__notes__ == [f'while the JSON file "{path}" was read']


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=50
)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=5,
    )
)
def test_what_is_written_is_read(tmp_path: Path, value: Any) -> None:
    for form, read in (("json", read_json), ("pickle", read_pickle)):
        path = str(tmp_path / form)
        materialize_value(FILE_MATERIALIZER, None, {form: {"path": path}}, value)
        assert read(path) == value


def test_the_file_materializer_tells_the_path(tmp_path: Path) -> None:
    path = str(tmp_path / "out.json")
    (event,) = materialize_value(FILE_MATERIALIZER, None, {"json": {"path": path}}, [1])
    assert isinstance(event, AssetMaterialization)
    assert event.metadata["path"].value == path
    assert json.loads(Path(path).read_text()) == {"value": [1]}
    pickled = str(tmp_path / "out.pickle")
    materialize_value(FILE_MATERIALIZER, None, {"pickle": {"path": pickled}}, [1])
    assert pickle.loads(Path(pickled).read_bytes()) == [1]


def test_the_file_materializer_takes_one_format() -> None:
    schema = FILE_MATERIALIZER.schema_type
    assert process_config(schema, {"json": {"path": "a"}}).success
    assert not process_config(schema, {}).success
    assert not process_config(schema, {"csv": {"path": "a"}}).success
    assert not process_config(schema, {"json": {"path": "a"}, "pickle": {"path": "a"}}).success


@pytest.mark.parametrize("form", ["json", "pickle"])
def test_a_value_that_cannot_be_written_leaves_the_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "kept"
    path.write_text("before")
    with pytest.raises(Exception, match=r"lambda|function|pickle"):
        FILE_MATERIALIZER.materialize_runtime_values(None, {form: {"path": str(path)}}, lambda: 1)
    assert path.read_text() == "before"
