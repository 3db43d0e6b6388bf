"""Random schemas and values against an oracle that knows nothing of paths, caches and messages."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster._config import config_type as ct
from dagster._config.config_type import Array, ConfigType, Enum, EnumValue, Map, Noneable, ScalarUnion
from dagster._config.evaluate import apply_defaults, process_config, validate_config
from dagster._config.field import Field
from dagster._config.scaffold import scaffold_config
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._config.snapshot import ConfigSchemaSnapshot, build_config_schema_snapshot

NAMES = ("a", "b", "c", "dd")
COLORS = Enum("Color", [EnumValue("RED", 1), EnumValue("BLUE", 2)])


class Bad(Exception):
    """The oracle refuses."""


def oracle(config_type: ConfigType, value: Any) -> Any:
    """What a config becomes, enums and variables left alone; Bad when it is not valid."""
    match config_type:
        case ct.ScalarType():
            return oracle_scalar(config_type, value)
        case ct.AnyType():
            return value
        case Enum():
            if value not in ("RED", "BLUE"):
                raise Bad
            return value
        case Noneable():
            return None if value is None else oracle(config_type.inner_type, value)
        case Array():
            if not isinstance(value, list):
                raise Bad
            return [oracle(config_type.inner_type, item) for item in value]
        case Map():
            if not isinstance(value, dict):
                raise Bad
            return {
                oracle(config_type.key_type, key): oracle(config_type.inner_type, item)
                for key, item in value.items()
            }
        case ScalarUnion():
            part = (
                config_type.non_scalar_type
                if isinstance(value, (dict, list))
                else config_type.scalar_type
            )
            return oracle(part, value)
        case Selector():
            return oracle_selector(config_type, value)
        case Shape():
            return oracle_shape(config_type, value)
    raise AssertionError(config_type)


def oracle_scalar(config_type: ct.ScalarType, value: Any) -> Any:
    if config_type is ct.Float and type(value) is int:
        return float(value)
    if type(value) is not {ct.Int: int, ct.Float: float, ct.Bool: bool, ct.String: str}[config_type]:
        raise Bad
    return value


def oracle_default(field: Field) -> Any:
    return oracle(field.config_type, msgspec.json.decode(field.default_value_as_json_str))


def oracle_selector(config_type: Selector, value: Any) -> Any:
    if not isinstance(value, dict) or len(value) > 1:
        raise Bad
    if not value:
        if len(config_type.fields) > 1:
            raise Bad
        ((name, field),) = config_type.fields.items()
        if field.is_required:
            raise Bad
        return {name: oracle_default(field) if field.default_provided else None}
    ((name, item),) = value.items()
    if name not in config_type.fields:
        raise Bad
    field = config_type.fields[name]
    if item is None:
        if len(config_type.fields) == 1 and not field.is_required and not field.default_provided:
            return {name: None}
        if field.config_type.has_fields:
            item = {}
    return {name: oracle(field.config_type, item)}


def oracle_shape(config_type: Shape, value: Any) -> Any:
    if not isinstance(value, dict):
        raise Bad
    result = {}
    for name, field in config_type.fields.items():
        if name in value:
            result[name] = oracle(field.config_type, value[name])
        elif field.is_required:
            raise Bad
        elif field.default_provided:
            result[name] = oracle_default(field)
    extra = {name: item for name, item in value.items() if name not in config_type.fields}
    if extra and not isinstance(config_type, Permissive):
        raise Bad
    return {**result, **extra}


def fields(types: st.SearchStrategy[ConfigType]) -> st.SearchStrategy[Field]:
    @st.composite
    def build(draw: st.DrawFn) -> Field:
        config_type = draw(types)
        kind = draw(st.sampled_from(["plain", "plain", "default", "optional", "required"]))
        if kind == "default":
            return Field(config_type, default_value=scaffold_config(config_type, draw(st.booleans())))
        if kind == "plain":
            return Field(config_type)
        return Field(config_type, is_required=kind == "required")

    return build()


def extend(types: st.SearchStrategy[ConfigType]) -> st.SearchStrategy[ConfigType]:
    named = st.dictionaries(st.sampled_from(NAMES), fields(types), max_size=4)
    shapes = named.map(Shape)
    return st.one_of(
        shapes,
        shapes,
        named.map(Permissive),
        named.filter(bool).map(Selector),
        types.map(Array),
        types.map(Noneable),
        types.map(lambda inner: Map(str, inner)),
        shapes.map(lambda inner: ScalarUnion(int, inner)),
    )


SCALARS = st.sampled_from([ct.Int, ct.Float, ct.Bool, ct.String, ct.Any, COLORS])
TYPES: st.SearchStrategy[ConfigType] = st.recursive(SCALARS, extend, max_leaves=12)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(-9, 9)
    | st.sampled_from(["RED", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=10,
)


@st.composite
def values_near(draw: st.DrawFn, config_type: ConfigType) -> Any:
    """A value that mostly fits, sometimes does not."""
    if draw(st.integers(0, 19)) == 0:
        return draw(JSON)
    match config_type:
        case ct.ScalarType():
            return draw(
                {
                    ct.Int: st.integers(-9, 9),
                    ct.Float: st.floats(-9, 9) | st.integers(-9, 9),
                    ct.Bool: st.booleans(),
                    ct.String: st.text(max_size=3),
                }[config_type]
            )
        case ct.AnyType():
            return draw(JSON)
        case Enum():
            return draw(st.sampled_from(["RED", "BLUE"]))
        case Noneable():
            return draw(st.none() | values_near(config_type.inner_type))
        case Array():
            return draw(st.lists(values_near(config_type.inner_type), max_size=3))
        case Map():
            return draw(
                st.dictionaries(st.text(max_size=2), values_near(config_type.inner_type), max_size=3)
            )
        case ScalarUnion():
            return draw(st.integers(-9, 9) | values_near(config_type.non_scalar_type))
        case Selector():
            if draw(st.integers(0, 5)) == 0:
                return {}
            name = draw(st.sampled_from(sorted(config_type.fields)))
            return {name: draw(values_near(config_type.fields[name].config_type))}
    result = {
        name: draw(values_near(field.config_type))
        for name, field in config_type.fields.items()
        if draw(st.integers(0, 9)) > (0 if field.is_required else 4)
    }
    if draw(st.integers(0, 9)) == 0:
        result["extra"] = draw(JSON)
    return result


@st.composite
def cases(draw: st.DrawFn) -> tuple[ConfigType, Any]:
    config_type = draw(TYPES)
    return config_type, draw(values_near(config_type))


@settings(max_examples=400)
@given(cases())
def test_evaluation_agrees_with_the_oracle(case: tuple[ConfigType, Any]) -> None:
    config_type, value = case
    try:
        expected = oracle(config_type, value)
    except Bad:
        for evaluate in (validate_config, apply_defaults, process_config):
            result = evaluate(config_type, value)
            assert not result.success
            assert result.errors
            assert all(error.message for error in result.errors)
        return
    assert validate_config(config_type, value).value is value
    applied = apply_defaults(config_type, value)
    assert applied.success, applied
    assert applied.value == expected
    # The second time, defaults come from the cache; the third, from the result itself.
    assert apply_defaults(config_type, value).value == expected
    assert apply_defaults(config_type, applied.value).value == expected
    assert process_config(config_type, value).success


def with_python_values(config_type: ConfigType, value: Any) -> Any:
    """The oracle's second half: enum names become Python values."""
    match config_type:
        case Enum():
            return {"RED": 1, "BLUE": 2}[value]
        case Noneable():
            return None if value is None else with_python_values(config_type.inner_type, value)
        case Array():
            return [with_python_values(config_type.inner_type, item) for item in value]
        case Map():
            return {k: with_python_values(config_type.inner_type, item) for k, item in value.items()}
        case ScalarUnion():
            return (
                with_python_values(config_type.non_scalar_type, value)
                if isinstance(value, dict)
                else value
            )
    if not config_type.has_fields:
        return value
    found = config_type.fields
    single = isinstance(config_type, Selector) and config_type.has_implicit_default
    return {
        name: item
        if name not in found or (single and item is None)
        else with_python_values(found[name].config_type, item)
        for name, item in value.items()
    }


@settings(max_examples=200)
@given(cases())
def test_processing_is_defaults_and_then_python_values(case: tuple[ConfigType, Any]) -> None:
    config_type, value = case
    applied = apply_defaults(config_type, value)
    processed = process_config(config_type, value)
    assert processed.success == applied.success
    if processed.success:
        assert processed.value == with_python_values(config_type, applied.value)


@settings(max_examples=150)
@given(TYPES)
def test_samples_are_valid(config_type: ConfigType) -> None:
    for minimal in (True, False):
        sample = scaffold_config(config_type, minimal)
        assert validate_config(config_type, sample).success, sample


@settings(max_examples=150)
@given(TYPES)
def test_snapshots_are_complete_and_come_back(config_type: ConfigType) -> None:
    snapshot = build_config_schema_snapshot(config_type)
    known = snapshot.all_config_snaps_by_key
    assert config_type.key in known
    assert all(key in known for snap in known.values() for key in snap.child_type_keys)
    assert msgspec.json.decode(msgspec.json.encode(snapshot), type=ConfigSchemaSnapshot) == snapshot


@settings(max_examples=150)
@given(TYPES)
def test_a_field_is_optional_exactly_when_its_default_is_valid(config_type: ConfigType) -> None:
    field = Field(config_type)
    assert field.is_required is not field.default_provided
    if field.default_provided:
        assert validate_config(config_type, field.default_value).success
        assert process_config(Shape({"f": field}), {}).success
    else:
        assert not validate_config(Shape({"f": field}), {}).success


@settings(max_examples=200)
@given(TYPES, JSON)
def test_any_value_is_evaluated_or_refused(config_type: ConfigType, value: Any) -> None:
    result = process_config(config_type, value)
    assert result.success is not bool(result.errors)
