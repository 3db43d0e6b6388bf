from __future__ import annotations

import typing

import pytest

from dagster._config import config_type as ct
from dagster._config.config_type import Array, ConfigTypeKind, Map, Noneable, ScalarUnion
from dagster._config.evaluate import process_config
from dagster._config.field import Field
from dagster._config.resolve import as_field, resolve_to_config_type
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._core.errors import DagsterInvalidConfigDefinitionError, DagsterInvalidDefinitionError


@pytest.mark.parametrize(
    ("schema", "expected"),
    [(int, ct.Int), (float, ct.Float), (bool, ct.Bool), (str, ct.String), (typing.Any, ct.Any)],
)
def test_python_scalars(schema, expected):
    assert resolve_to_config_type(schema) is expected


def test_python_containers():
    assert resolve_to_config_type(dict).kind is ConfigTypeKind.PERMISSIVE_SHAPE
    listed = resolve_to_config_type(list)
    assert isinstance(listed, Array)
    assert listed.inner_type is ct.Any
    inner = resolve_to_config_type([int])
    assert isinstance(inner, Array)
    assert inner.inner_type is ct.Int
    shape = resolve_to_config_type({"a": int, "b": {"c": [str]}})
    assert isinstance(shape, Shape)
    assert shape.text() == "{ a: Int, b: { c: [String] } }"
    mapping = resolve_to_config_type({str: int})
    assert isinstance(mapping, Map)
    assert (mapping.key_type, mapping.inner_type) == (ct.String, ct.Int)


def test_marked_values():
    class Marked:
        __dagster_config_type__ = ct.Int

    class Callable:
        @staticmethod
        def __dagster_config_type__():
            return {"a": int}

    assert resolve_to_config_type(Marked) is ct.Int
    assert resolve_to_config_type(Marked()) is ct.Int
    assert resolve_to_config_type(Callable).kind is ConfigTypeKind.STRICT_SHAPE


def test_as_field():
    field = Field(int)
    assert as_field(field) is field
    assert as_field(str).config_type is ct.String


class DagsterTypeLike:
    loader = None

    def type_check(self, context, value): ...


@pytest.mark.parametrize(
    ("schema", "stack", "said"),
    [
        ({int}, [], "Config knows no sets"),
        (set, [], "Config knows no sets"),
        ((int,), [], "A tuple is no type; write [inner]"),
        (None, [], "None is no type"),
        ([], [], "exactly one type"),
        ([int, str], [], "got 2 entries"),
        ({"a": {"b": set}}, ["a", "b"], "Config knows no sets"),
        ({"a": [{"b": set}]}, ["a", "[]", "b"], "Config knows no sets"),
        ({"a": 1}, ["a"], "It is a value; write its type"),
        ({1: int}, [], "A key is a string"),
        ({"a": int, 1: int}, [], "The name of a field is a string"),
        ({"a": int, "b": {int: set}}, ["b", "int"], "Config knows no sets"),
        (list[int], [], "Generics of typing"),
        (typing.Optional[int], [], "Noneable(inner)"),  # noqa: UP045 - the older spelling
        ([Field(int)], ["[]"], "write its type alone"),
        (Selector, [], "It is the class; write Selector(...)"),
        (DagsterTypeLike(), [], "It is a Dagster type for inputs and outputs"),
        (object(), [], "Expected a Field, a config type"),
    ],
)
def test_what_is_no_schema(schema, stack, said):
    with pytest.raises(DagsterInvalidConfigDefinitionError) as raised:
        resolve_to_config_type(schema)
    assert raised.value.stack == stack
    assert said in str(raised.value)
    for part in stack:
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("make", "stack"),
    [
        (lambda: Noneable(set), ["Noneable"]),
        (lambda: Array({"a": set}), ["Array", "a"]),
        (lambda: Map(str, set), ["inner_type"]),
        (lambda: Map({"a": int}, int), ["key_type"]),
        (lambda: ScalarUnion({"a": int}, {"a": int}), ["scalar_type"]),
        (lambda: ScalarUnion(int, str), ["non_scalar_schema"]),
        (lambda: Shape({"a": set}), ["a"]),
        (lambda: Field({"a": set}), ["a"]),
        (lambda: Field(Field(int)), []),
        (lambda: Selector({}), []),
        (lambda: Shape([int]), []),  # pyright: ignore[reportArgumentType]
    ],
)
def test_parts_that_are_no_schema(make, stack):
    with pytest.raises(DagsterInvalidConfigDefinitionError) as raised:
        make()
    assert raised.value.stack == stack


def test_a_schema_that_contains_itself_is_refused():
    schema: dict[str, object] = {"a": int}
    schema["b"] = [schema]
    with pytest.raises(DagsterInvalidConfigDefinitionError, match="contains itself"):
        resolve_to_config_type(schema)


def test_a_part_may_be_used_twice():
    part = {"x": int}
    assert process_config({"a": part, "b": [part]}, {"a": {"x": 1}, "b": [{"x": 2}]}).success
    items = [int]
    names = {str: int}
    schema = resolve_to_config_type({"a": items, "b": items, "c": names, "d": names})
    assert schema.text() == "{ a: [Int], b: [Int], c: { [String]: Int }, d: { [String]: Int } }"


def test_aliases_are_checked():
    with pytest.raises(DagsterInvalidDefinitionError, match='names "b", which is no field'):
        Shape({"a": int}, field_aliases={"b": "c"})
    with pytest.raises(DagsterInvalidDefinitionError, match='The alias "b" of field "a" is taken'):
        Shape({"a": int, "b": int}, field_aliases={"a": "b"})


def test_permissive_and_plain_dict_are_one():
    assert resolve_to_config_type(dict).key == Permissive().key
