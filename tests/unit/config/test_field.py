from __future__ import annotations

import enum

import pytest

from dagster._check import CheckError
from dagster._config import config_type as ct
from dagster._config.config_type import Enum, EnumValue, Map, Noneable
from dagster._config.evaluate import process_config
from dagster._config.field import FIELD_NO_DEFAULT, Field
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._config.source import StringSource
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError

ONE_OPTIONAL = Selector({"a": Field(int, is_required=False)})


@pytest.mark.parametrize(
    ("schema", "required", "default"),
    [
        (int, True, None),
        (bool, True, None),
        (ct.Any, True, None),
        ([int], True, None),
        (Map(str, int), True, None),
        (StringSource, True, None),
        (Enum("E", [EnumValue("A")]), True, None),
        (Noneable(int), False, None),
        (Noneable({"a": Field(int, default_value=1)}), False, None),
        ({}, False, {}),
        (Permissive(), False, {}),
        (Permissive({"a": Field(int, is_required=False)}), False, {}),
        ({"a": int}, True, None),
        ({"a": Field(int, is_required=False)}, False, {}),
        (
            {"a": Field(int, default_value=1), "b": {"c": Noneable(str)}},
            False,
            {"a": 1, "b": {"c": None}},
        ),
        (ONE_OPTIONAL, False, {"a": None}),
        (Selector({"a": Field(int, default_value=3)}), False, {"a": 3}),
        (Selector({"a": {}}), False, {"a": {}}),
        (Selector({"a": int}), True, None),
        (Selector({"a": Field(int, default_value=3), "b": {}}), True, None),
    ],
)
def test_whether_a_field_is_required_by_itself(schema, required, default):
    field = Field(schema)
    assert field.is_required is required
    assert field.default_provided is not required
    if not required:
        assert field.default_value == default


def test_explicit_attributes():
    field = Field(int, default_value=3, description="how many", is_secret=True)
    assert field.config_type is ct.Int
    assert field.default_value == 3
    assert field.default_provided
    assert not field.is_required
    assert field.description == "how many"
    assert field.is_secret
    assert FIELD_NO_DEFAULT is not None


def test_optional_without_default():
    field = Field({"a": Field(int, default_value=1)}, is_required=False)
    assert not field.is_required
    assert not field.default_provided
    assert process_config({"x": field}, {}).value == {}


def test_required_in_spite_of_an_implicit_default():
    field = Field({"a": Field(int, default_value=1)}, is_required=True)
    assert field.is_required
    assert not field.default_provided


def test_none_is_a_default():
    field = Field(Noneable(int), default_value=None)
    assert field.default_provided
    assert field.default_value is None


def test_no_default_to_ask_for():
    with pytest.raises(CheckError, match="look at default_provided"):
        Field(int).default_value


def test_a_required_field_has_no_default():
    with pytest.raises(
        DagsterInvalidDefinitionError, match="required field cannot have a default value"
    ):
        Field(int, default_value=1, is_required=True)


def test_the_default_is_checked():
    with pytest.raises(DagsterInvalidConfigError) as raised:
        Field({"a": int, "b": str}, default_value={"a": "x", "b": 1})
    message = str(raised.value)
    assert message.startswith("Invalid default_value for Field.")
    assert "Error 1: Invalid scalar at path a: expected Int, got: 'x' (str)." in message
    assert "Error 2: Invalid scalar at path b: expected String, got: 1 (int)." in message


class Color(enum.Enum):
    RED = "r"


def test_the_default_of_an_enum_is_its_name():
    color = Enum.from_python_enum(Color)
    with pytest.raises(DagsterInvalidDefinitionError, match='Write default_value="RED"'):
        Field(color, default_value=Color.RED)
    field = Field(color, default_value="RED")
    assert field.default_value == "RED"
    assert process_config({"c": field}, {}).value == {"c": Color.RED}


@pytest.mark.parametrize(
    ("schema", "default", "text"),
    [
        (int, 1, "1"),
        (str, "a", '"a"'),
        (dict, {"a": [1, None]}, '{"a": [1, null]}'),
        (ct.Any, {1, 2}, None),
        (ct.Any, Color, None),
    ],
)
def test_default_as_json(schema, default, text):
    result = Field(schema, default_value=default).default_value_as_json_str
    assert result == text if text is not None else result


def test_a_partial_default_is_completed():
    field = Field({"a": int, "b": Field(int, default_value=2)}, default_value={"a": 1})
    assert field.default_value == {"a": 1}
    assert process_config({"f": field}, {}).value == {"f": {"a": 1, "b": 2}}


def test_defaults_are_not_shared_between_evaluations():
    schema = Shape({"f": Field({"a": Field(list, default_value=[1, {"x": 2}])})})
    for _ in range(3):
        value = process_config(schema, {}).value
        assert value == {"f": {"a": [1, {"x": 2}]}}
        value["f"]["a"][1]["x"] = 99
        value["f"]["a"].append(3)
    default = schema.default_config()
    default["f"]["a"].clear()
    assert schema.default_config() == {"f": {"a": [1, {"x": 2}]}}


def test_default_config_needs_all_required_fields():
    with pytest.raises(DagsterInvalidConfigError, match='Missing required config entry "a"'):
        Shape({"a": int}).default_config()


def test_default_config_reads_the_environment_each_time(monkeypatch):
    schema = Shape({"f": {"s": Field(StringSource, default_value={"env": "DAGWERK_TEST_S"})}})
    monkeypatch.setenv("DAGWERK_TEST_S", "one")
    assert schema.default_config() == {"f": {"s": "one"}}
    monkeypatch.setenv("DAGWERK_TEST_S", "two")
    assert schema.default_config() == {"f": {"s": "two"}}
    assert process_config(schema, {}).value == {"f": {"s": "two"}}
    monkeypatch.delenv("DAGWERK_TEST_S")
    (error,) = process_config(schema, {}).errors
    assert error.stack == ["f", "s"]
    assert '"DAGWERK_TEST_S" at path f → s' in error.message
