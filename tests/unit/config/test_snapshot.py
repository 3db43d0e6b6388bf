from __future__ import annotations

import enum

import msgspec
import pytest

from dagster._config import config_type as ct
from dagster._config.config_type import (
    Array,
    ConfigScalarKind,
    ConfigType,
    ConfigTypeKind,
    Enum,
    Map,
    Noneable,
    ScalarUnion,
)
from dagster._config.field import Field
from dagster._config.resolve import resolve_to_config_type
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._config.snapshot import (
    ConfigSchemaSnapshot,
    build_config_schema_snapshot,
    build_field_snap,
    build_type_snap,
    iterate_config_types,
    merge_config_schema_snapshots,
)
from dagster._config.source import StringSource


class Color(enum.Enum):
    RED = "r"
    BLUE = "b"


def everything() -> Shape:
    return Shape(
        {
            "a": Field(int, default_value=3, description="an int"),
            "b": Array(Noneable(str)),
            "c": Enum.from_python_enum(Color),
            "d": Map(str, {"x": float}, key_label_name="city"),
            "e": Selector({"one": bool, "two": StringSource}),
            "f": ScalarUnion(int, [int]),
            "g": Permissive({"z": ct.Any}),
        },
        description="all kinds",
        field_aliases={"a": "alpha"},
    )


def test_snapshot_of_everything():
    schema = everything()
    snapshot = build_config_schema_snapshot(Field(schema))
    root = snapshot.get_config_snap(schema.key)
    assert root.kind is ConfigTypeKind.STRICT_SHAPE
    assert root.description == "all kinds"
    assert root.field_names == ["a", "b", "c", "d", "e", "f", "g"]
    assert root.field_aliases == {"a": "alpha"}
    first = root.get_field("a")
    assert first is not None
    assert (first.type_key, first.is_required, first.default_provided) == ("Int", False, True)
    assert (first.default_value_as_json_str, first.description) == ("3", "an int")
    assert root.get_field("nope") is None

    def of(name: str):
        field = root.get_field(name)
        assert field is not None
        return snapshot.get_config_snap(field.type_key)

    assert of("a").scalar_kind is ConfigScalarKind.INT
    assert of("b").kind is ConfigTypeKind.ARRAY
    assert snapshot.get_config_snap(of("b").inner_type_key).kind is ConfigTypeKind.NONEABLE
    assert [item.value for item in of("c").enum_values or ()] == ["RED", "BLUE"]
    assert of("c").given_name == "Color"
    assert of("d").given_name == "city"
    assert len(of("d").type_param_keys or ()) == 2
    assert of("e").kind is ConfigTypeKind.SELECTOR
    assert of("f").child_type_keys == ["Int", "Array.Int"]
    assert of("g").kind is ConfigTypeKind.PERMISSIVE_SHAPE


def test_everything_that_is_referred_to_is_there():
    snapshot = build_config_schema_snapshot(everything())
    for snap in snapshot.all_config_snaps_by_key.values():
        assert all(snapshot.has_config_snap(key) for key in snap.child_type_keys)
    assert snapshot.all_config_keys == sorted(snapshot.all_config_snaps_by_key)


def test_json_round_trip():
    snapshot = build_config_schema_snapshot(everything())
    raw = msgspec.json.encode(snapshot)
    assert msgspec.json.decode(raw, type=ConfigSchemaSnapshot) == snapshot


def test_unknown_key():
    with pytest.raises(KeyError, match='unknown config type "Itn"'):
        build_config_schema_snapshot(ct.Int).get_config_snap("Itn")


def test_merged_snapshots():
    merged = merge_config_schema_snapshots(
        {"a": build_config_schema_snapshot(ct.Int), "b": build_config_schema_snapshot(ct.String)}
    )
    assert merged.all_config_keys == ["Int", "String"]


def test_keys_come_from_the_content():
    assert everything().key == everything().key
    keys = {
        resolve_to_config_type(schema).key
        for schema in (
            int,
            str,
            float,
            bool,
            ct.Any,
            [int],
            [str],
            Noneable(int),
            Map(str, int),
            Map(str, int, key_label_name="x"),
            Map(int, int),
            {},
            {"a": int},
            {"a": Field(int, description="d")},
            {"a": Field(int, is_required=False)},
            {"a": Field(int, default_value=1)},
            {"a": Field(int, default_value=2)},
            {"a": Field(int, is_secret=True)},
            Shape({"a": int}, description="d"),
            Shape({"a": int}, field_aliases={"a": "b"}),
            Permissive({"a": int}),
            Selector({"a": int}),
            Enum("E", [ct.EnumValue("A")]),
            Enum("E", [ct.EnumValue("B")]),
            Enum("F", [ct.EnumValue("A")]),
            StringSource,
            ScalarUnion(int, {"a": int}),
        )
    }
    assert len(keys) == 27
    assert {"Int", "String", "Float", "Bool", "Any", "StringSource", "Array.Int", "Noneable.Int"} <= keys


def test_the_order_of_fields_does_not_change_the_key():
    assert Shape({"a": int, "b": str}).key == Shape({"b": str, "a": int}).key


def test_long_keys_are_shortened():
    nested: ConfigType = ct.Int
    for _ in range(500):
        nested = Array(nested)
    assert len(nested.key) < 130
    assert len(build_config_schema_snapshot(nested).all_config_snaps_by_key) == 501


def test_each_type_is_visited_once():
    shared = Shape({"x": int})
    assert len(iterate_config_types(Shape({"a": shared, "b": [shared], "c": shared}))) == 4


def test_single_records():
    assert build_field_snap(Field(int), "n").name == "n"
    assert build_field_snap(Field(int)).default_value_as_json_str is None
    assert build_type_snap(ct.Int).fields is None
    assert build_type_snap(Shape({})).fields == []
    assert ConfigTypeKind.has_fields(ConfigTypeKind.SELECTOR)
    assert not ConfigTypeKind.has_fields(ConfigTypeKind.MAP)
    assert ConfigTypeKind.is_closed_generic(ConfigTypeKind.ARRAY)
