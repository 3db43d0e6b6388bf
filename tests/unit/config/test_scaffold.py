from __future__ import annotations

import pytest

from dagster._config import config_type as ct
from dagster._config.config_type import Enum, EnumValue, Map, Noneable, ScalarUnion
from dagster._config.evaluate import validate_config
from dagster._config.field import Field
from dagster._config.resolve import as_field, resolve_to_config_type
from dagster._config.scaffold import scaffold_config
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._config.source import IntSource, StringSource


@pytest.mark.parametrize(
    ("schema", "minimal", "full"),
    [
        (int, 0, 0),
        (float, 0.0, 0.0),
        (bool, True, True),
        (str, "...", "..."),
        (ct.Any, {}, {}),
        ([int], [], [0]),
        (Noneable(int), 0, 0),
        (Map(str, int), {}, {"...": 0}),
        (StringSource, "...", "..."),
        (IntSource, 0, 0),
        (ScalarUnion(int, {"a": int}), 0, 0),
        (Enum("E", [EnumValue("A"), EnumValue("B")]), "A", "A"),
        (Permissive(), {}, {}),
        ({"a": int, "b": Field(str, default_value="x")}, {"a": 0}, {"a": 0, "b": "x"}),
        ({"a": int, "b": Field(str, is_required=False)}, {"a": 0}, {"a": 0, "b": "..."}),
        (
            {"a": Field({"x": Field(int, default_value=4), "y": Field([int], is_required=False)})},
            {},
            {"a": {"x": 4, "y": [0]}},
        ),
        (Selector({"a": int, "b": str}), {"a": 0}, {"a": 0}),
        (Selector({"a": Field(int, default_value=3)}), {}, {"a": 3}),
        (
            {"r": Field(Selector({"on": {}, "off": {"n": Field(int, is_required=False)}}), {"off": {}})},
            {},
            {"r": {"off": {"n": 0}}},
        ),
    ],
)
def test_samples(schema, minimal, full):
    config_type = resolve_to_config_type(schema)
    assert scaffold_config(config_type) == minimal
    assert scaffold_config(config_type, skip_non_required=False) == full
    assert validate_config(config_type, minimal).success
    assert validate_config(config_type, full).success


def test_samples_of_fields():
    assert scaffold_config(Field(int, default_value=3)) == 3
    assert scaffold_config(as_field({"a": {"b": str}})) == {"a": {"b": "..."}}


def test_samples_are_not_shared_with_the_schema():
    shape = Shape({"a": Field(list, default_value=[1])})
    scaffold_config(shape, skip_non_required=False)["a"].append(2)
    assert shape.default_config() == {"a": [1]}
