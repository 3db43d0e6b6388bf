from __future__ import annotations

import enum
import time
from types import MappingProxyType

import pytest

from dagster._config.config_type import Any as AnyConfig
from dagster._config.config_type import Array, ConfigSchema, Enum, EnumValue, Map, Noneable, ScalarUnion
from dagster._config.errors import DagsterEvaluationErrorReason as Reason
from dagster._config.evaluate import (
    EvaluateValueResult,
    apply_defaults,
    process_config,
    resolve_defaults,
    validate_config,
)
from dagster._config.field import Field
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._config.source import StringSource
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError


def value_of(schema, value):
    result = process_config(schema, value)
    assert result.success, result
    return result.value


def error_of(schema, value):
    result = process_config(schema, value)
    assert not result.success
    assert result.value is None
    (error,) = result.errors
    return error


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (int, 1, 1),
        (str, "", ""),
        (bool, False, False),
        (float, 1.5, 1.5),
        (float, 2, 2.0),
        (AnyConfig, None, None),
        (AnyConfig, {"a": object}, {"a": object}),
        ([int], [1, 2], [1, 2]),
        ([int], (1, 2), [1, 2]),
        (list, [1, "a", None], [1, "a", None]),
        (Noneable(int), None, None),
        (Noneable(int), 3, 3),
        (Map(str, int), {"a": 1}, {"a": 1}),
        ({str: int}, {"a": 1}, {"a": 1}),
        (Map(int, str), {1: "a"}, {1: "a"}),
        (ScalarUnion(int, {"a": int}), 1, 1),
        (ScalarUnion(int, {"a": int}), {"a": 1}, {"a": 1}),
        (ScalarUnion(int, [str]), ["x"], ["x"]),
        (Permissive({"a": int}), {"a": 1, "z": {"y": 1}}, {"a": 1, "z": {"y": 1}}),
        (Selector({"a": int, "b": str}), {"b": "x"}, {"b": "x"}),
        (Enum.from_python_enum(Color), "RED", Color.RED),
        (Enum.from_python_enum_direct_values(Color), "r", "r"),
        (Enum("E", [EnumValue("A", 1), EnumValue("B")]), "A", 1),
        (Enum("E", [EnumValue("A", 1), EnumValue("B")]), "B", "B"),
        (Field(int), 1, 1),
        ({"a": int}, MappingProxyType({"a": 1}), {"a": 1}),
    ],
)
def test_good_values(schema, value, expected):
    result = value_of(schema, value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (int, "a", "Invalid scalar at the root: expected Int, got: 'a' (str)."),
        (int, True, "Invalid scalar at the root: expected Int, got: True (bool)."),
        (int, 1.0, "Invalid scalar at the root: expected Int, got: 1.0 (float)."),
        (float, True, "Invalid scalar at the root: expected Float, got: True (bool)."),
        (str, None, "Value at the root must not be None. Expected: String, got: None."),
        ([int], None, "Value at the root must not be None. Expected: [Int], got: None."),
        ({"a": int}, None, "Value at the root must not be None. Expected: { a: Int }, got: None."),
        (
            Map(str, int),
            None,
            "Value at the root must not be None. Expected: { [String]: Int }, got: None.",
        ),
        ([int], 3, "Value at the root must be a list. Expected: [Int], got: 3 (int)."),
        ([int], [1, "b"], "Invalid scalar at path [1]: expected Int, got: 'b' (str)."),
        ({"a": int}, 3, "Value at the root must be a mapping. Expected: { a: Int }, got: 3 (int)."),
        (Permissive(), [], "Value at the root must be a mapping. Expected: { … }, got: [] (list)."),
        (
            Map(str, int),
            [],
            "Value at the root must be a mapping. Expected: { [String]: Int }, got: [] (list).",
        ),
        (Map(str, int), {"a": "b"}, "Invalid scalar at path a: expected Int, got: 'b' (str)."),
        (
            Map(str, int, key_label_name="city"),
            {3: 1},
            "Invalid key 3 of the map at the root: expected String, got: 3 (int).",
        ),
        (
            ScalarUnion(int, {"a": int}),
            "x",
            "Invalid value at the root: expected (Int | { a: Int }), got: 'x' (str).",
        ),
        (
            ScalarUnion(int, {"a": int}),
            [1],
            "Invalid value at the root: expected (Int | { a: Int }), got: [1] (list).",
        ),
        (
            ScalarUnion(int, {"a": int}),
            {"a": "x"},
            "Invalid scalar at path a: expected Int, got: 'x' (str).",
        ),
        (
            Enum.from_python_enum(Color),
            "RD",
            (
                'Value at the root is not in enum type Color: expected one of "RED", "BLUE", '
                "got: 'RD' (str). Did you mean \"RED\"?"
            ),
        ),
        (
            Enum.from_python_enum(Color),
            3,
            (
                'Value at the root for enum type Color must be a string: expected one of "RED", "BLUE", '
                "got: 3 (int)."
            ),
        ),
        (
            Enum.from_python_enum(Color),
            Color.RED,
            (
                "Value at the root for enum type Color must be a string, got the member of a Python enum: "
                "<Color.RED: 'r'> (Color). Write its name: \"RED\"."
            ),
        ),
    ],
)
def test_bad_values(schema, value, message):
    error = error_of(schema, value)
    assert error.message == message
    assert error.reason is Reason.RUNTIME_TYPE_MISMATCH


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"a": 1, "b": "x"},
            (
                'You can only specify a single field at path s: expected exactly one of "a", "b", '
                'got: "a", "b".'
            ),
        ),
        ({}, 'Must specify a field at path s: expected exactly one of "a", "b", got none.'),
    ],
)
def test_a_selector_takes_exactly_one(value, message):
    error = error_of({"s": Selector({"a": int, "b": str})}, {"s": value})
    assert error.message == message
    assert error.reason is Reason.SELECTOR_FIELD_ERROR
    assert error.stack == ["s"]


def test_selectors():
    two = Selector({"a": {"x": Field(int, default_value=2)}, "b": int})
    assert value_of(two, {"a": None}) == {"a": {"x": 2}}
    assert error_of(two, {"b": None}).stack == ["b"]
    assert error_of(two, 3).message.startswith("Value at the root must be a mapping. Expected: one of {")
    unknown = error_of(two, {"bb": 1})
    assert unknown.reason is Reason.UNDEFINED_FIELD
    assert 'Received unexpected config entry "bb" at the root. Did you mean "b"?' in unknown.message
    assert value_of(Selector({"a": Field(int, default_value=3)}), {}) == {"a": 3}
    assert value_of(Selector({"a": {"x": Field(int, default_value=2)}}), {}) == {"a": {"x": 2}}
    optional = Selector({"a": Field(int, is_required=False)})
    assert value_of(optional, {}) == {"a": None}
    assert value_of(optional, {"a": None}) == {"a": None}
    optional_shape = Selector({"a": Field({"x": int}, is_required=False)})
    assert value_of(optional_shape, {}) == value_of(optional_shape, {"a": None}) == {"a": None}
    assert not process_config(Selector({"a": Field(int, default_value=3)}), {"a": None}).success
    required = error_of(Selector({"a": int}), {})
    assert required.message == 'Must specify the required field at the root: "a" is missing.'


def test_all_problems_at_once_each_with_its_path():
    schema = {
        "solids": {
            "greet": {"config": {"times": int, "name": str, "lang": Field(str, default_value="en")}},
            "load": {"config": {"files": [str], "mode": Selector({"a": int, "b": int})}},
        }
    }
    result = process_config(
        schema,
        {
            "solids": {
                "greet": {"config": {"times": "three", "nme": "x"}},
                "load": {"config": {"files": ["a", 2, 3], "mode": {}}, "more": 1},
            }
        },
    )
    found = {(error.path, error.reason): error.message for error in result.errors}
    assert len(found) == len(result.errors) == 7
    greet = "solids → greet → config"
    assert "expected Int, got: 'three' (str)" in found[f"{greet} → times", Reason.RUNTIME_TYPE_MISMATCH]
    unknown = found[greet, Reason.UNDEFINED_FIELD]
    assert f'Received unexpected config entry "nme" at path {greet}. Did you mean "name"?' in unknown
    assert "Expected: { times: Int, name: String, lang?: String }." in unknown
    missing = found[greet, Reason.MISSING_REQUIRED_FIELD]
    assert missing == (
        f'Missing required config entry "name" at path {greet}. '
        "Sample config for missing entry: {'name': '...'}"
    )
    load = "solids → load"
    assert (f"{load} → config → files[1]", Reason.RUNTIME_TYPE_MISMATCH) in found
    assert (f"{load} → config → files[2]", Reason.RUNTIME_TYPE_MISMATCH) in found
    assert (f"{load} → config → mode", Reason.SELECTOR_FIELD_ERROR) in found
    assert (load, Reason.UNDEFINED_FIELD) in found


def test_several_missing_and_unknown_fields():
    result = process_config({"times": int, "name": {"first": str}}, {"tims": 1, "nme": 2, "q": 3})
    unknown, missing = result.errors
    assert unknown.reason is Reason.UNDEFINED_FIELDS
    assert unknown.field_names == ["tims", "nme", "q"]
    assert 'unexpected config entries "tims", "nme", "q" at the root.' in unknown.message
    assert 'Did you mean "times" instead of "tims", "name" instead of "nme"?' in unknown.message
    assert missing.reason is Reason.MISSING_REQUIRED_FIELDS
    assert missing.field_names == ["times", "name"]
    assert missing.message == (
        'Missing required config entries "times", "name" at the root. '
        "Sample config for missing entries: {'times': 0, 'name': {'first': '...'}}"
    )


def test_keys_that_are_no_strings_are_unknown():
    assert 'unexpected config entry "3"' in error_of(Shape({}), {3: 1}).message


def test_aliases():
    schema = Shape({"ops": int}, field_aliases={"ops": "solids"})
    assert value_of(schema, {"solids": 3}) == {"ops": 3}
    assert value_of(schema, {"ops": 3}) == {"ops": 3}
    error = error_of(schema, {"ops": 3, "solids": 4})
    assert error.reason is Reason.FIELD_ALIAS_COLLISION
    assert error.message == (
        'Received both "ops" and "solids" at the root, two names of one entry. Give one of them.'
    )
    assert error_of(schema, {"solids": "x"}).stack == ["ops"]


def test_secret_values_are_not_shown():
    schema = {
        "password": Field(int, is_secret=True),
        "inner": Field({"token": [int]}, is_secret=True),
        "mode": Field(Enum.from_python_enum(Color), is_secret=True),
        "after": int,
    }
    result = process_config(
        schema,
        {"password": "hunter2", "inner": {"token": ["hunter3"]}, "mode": "RDD", "after": "visible"},
    )
    text = "\n".join(error.message for error in result.errors)
    assert len(result.errors) == 4
    assert "hunter" not in text
    assert "RDD" not in text
    assert "a hidden value (str)" in text
    assert "'visible'" in text


def test_modes_of_evaluation(monkeypatch):
    monkeypatch.setenv("DAGWERK_TEST_S", "from env")
    schema = {
        "s": StringSource,
        "c": Field(Enum.from_python_enum(Color), default_value="RED"),
        "n": {"k": Field(int, default_value=1)},
    }
    given = {"s": {"env": "DAGWERK_TEST_S"}}
    assert validate_config(schema, given).value is given
    assert apply_defaults(schema, given).value == {**given, "c": "RED", "n": {"k": 1}}
    assert process_config(schema, given).value == {"s": "from env", "c": Color.RED, "n": {"k": 1}}
    monkeypatch.delenv("DAGWERK_TEST_S")
    assert validate_config(schema, given).success
    assert apply_defaults(schema, given).success
    assert not process_config(schema, given).success
    assert not validate_config(schema, {}).success
    assert resolve_defaults is apply_defaults


def test_the_result_is_new():
    schema = {"a": [Map(str, int)]}
    given = {"a": [{"x": 1}]}
    value = process_config(schema, given).value
    assert value == given
    assert value is not given
    assert value["a"] is not given["a"]
    assert value["a"][0] is not given["a"][0]


def test_order_is_given_then_defaults():
    schema = Shape({"a": Field(int, default_value=1), "b": int, "c": int})
    assert list(value_of(schema, {"c": 1, "b": 2})) == ["c", "b", "a"]


def test_result_type():
    good = EvaluateValueResult.for_value(3)
    assert (good.success, good.value, good.errors) == (True, 3, [])
    assert good.value_or_raise("unused") == 3
    error = error_of(int, "x")
    for bad in (EvaluateValueResult.for_error(error), EvaluateValueResult.for_errors([error])):
        assert (bad.success, bad.value, bad.errors) == (False, None, [error])
        with pytest.raises(DagsterInvalidConfigError, match="Error in config of x") as raised:
            bad.value_or_raise("Error in config of x", "x")
        assert raised.value.errors == [error]
        assert raised.value.config_value == "x"
    assert "Invalid scalar" in repr(bad)
    assert "value=3" in repr(good)


def test_definitions_of_enums_are_checked():
    with pytest.raises(DagsterInvalidDefinitionError, match="has no values"):
        Enum("E", [])
    with pytest.raises(DagsterInvalidDefinitionError, match='several values named "A"'):
        Enum("E", [EnumValue("A"), EnumValue("A")])


def test_config_schema_is_only_a_name():
    with pytest.raises(DagsterInvalidDefinitionError, match="cannot be instantiated"):
        ConfigSchema()


def test_deep_configs():
    schema: object = Field(int, default_value=7)
    value: object = 3
    for _ in range(3_000):
        schema = {"a": schema}
        value = {"a": value}
    shape = Shape(schema)  # pyright: ignore[reportArgumentType]
    result = process_config(shape, value)
    assert result.success
    assert process_config(Field(shape), {}).success
    inner = result.value
    for _ in range(3_000):
        inner = inner["a"]
    assert inner == 3
    bad: object = "x"
    for _ in range(3_000):
        bad = {"a": bad}
    assert len(error_of(shape, bad).stack) == 3_000


def test_values_that_contain_themselves_end():
    value: dict[str, object] = {}
    value["a"] = value
    assert process_config(Permissive(), value).success
    assert not process_config({"a": {"a": {"a": int}}}, value).success


def seconds(function, *args) -> float:
    """The time of the processor, which other processes of a busy machine do not stretch."""
    best = float("inf")
    for _ in range(8):
        start = time.thread_time()
        function(*args)
        best = min(best, time.thread_time() - start)
    return best


@pytest.mark.parametrize("kind", ["defaults", "given", "unknown", "missing"])
def test_cost_is_linear_in_the_fields(kind):
    def run(size: int) -> float:
        field = Field(int) if kind == "missing" else Field({"n": Field(int, default_value=1)})
        shape = Shape({f"op_{index}": field for index in range(size)})
        value = {
            "defaults": {},
            "given": {f"op_{index}": {"n": index} for index in range(size)},
            "unknown": {f"xop_{index}": {} for index in range(size)},
            "missing": {},
        }[kind]
        return seconds(process_config, shape, value)

    # Ten times the fields: a quadratic walk would take a hundred times as long.
    assert run(10_000) < 40 * max(run(1_000), 0.0005)


def test_cost_of_nested_defaults_is_linear_in_the_depth():
    def run(depth: int) -> float:
        best = float("inf")
        for _ in range(8):
            field = Field(int, default_value=1)
            for _ in range(depth):
                field = Field(Shape({"a": field}))
            start = time.thread_time()
            assert process_config(field, {}).success
            best = min(best, time.thread_time() - start)
        return best

    # Eight times the depth: were each level cached and copied, it would take 64 times as long.
    assert run(1_600) < 30 * run(200)


def test_array_of_arrays_text():
    assert Array([Noneable(int)]).text() == "[[Int?]]"
    assert repr(Array(int)) == "<Array [Int]>"
    wide = Shape({f"f{i}": int for i in range(20)})
    assert "and 12 more" in wide.text()
    assert repr(Field(int)) == "<Field Int required>"
    assert repr(EnumValue("A")) == "EnumValue('A')"


@pytest.mark.parametrize(("known", "other"), [("ops", "solids"), ("solids", "ops")])
def test_the_word_of_the_other_vocabulary_is_understood(known: str, other: str) -> None:
    errors = process_config({known: {"a": int}}, {other: {"a": 1}}).errors
    assert f'unexpected config entry "{other}" at the root. Did you mean "{known}"?' in errors[0].message


def test_a_problem_of_a_part_is_moved_below_the_path_of_the_part() -> None:
    (error,) = process_config({"a": [int]}, {"a": [1, "x"]}).errors
    moved = error.below(["ops", "load", "config"], "Made by f: ")
    assert moved.path == "ops → load → config → a[1]"
    assert moved.message.startswith(
        "Made by f: Invalid scalar at path ops → load → config → a[1]: expected"
    )
    (root,) = process_config(int, "x").errors
    assert "at path ops → load → config:" in root.below(["ops", "load", "config"]).message
