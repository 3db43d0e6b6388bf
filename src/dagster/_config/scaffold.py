"""Samples of config: the least that must be written, or everything that can be."""

from __future__ import annotations

from typing import Any, cast

from dagster._config.config_type import (
    Array,
    ConfigScalarKind,
    ConfigType,
    Conversions,
    Enum,
    Map,
    Noneable,
    ScalarType,
    ScalarUnion,
)
from dagster._config.depth import call_deep
from dagster._config.field import Field, copy_plain
from dagster._config.shapes import FieldsType, Selector

_SAMPLES: dict[ConfigScalarKind, Any] = {
    ConfigScalarKind.INT: 0,
    ConfigScalarKind.FLOAT: 0.0,
    ConfigScalarKind.BOOL: True,
    ConfigScalarKind.STRING: "...",
}


def scaffold_config(type_or_field: ConfigType | Field, skip_non_required: bool = True) -> Any:
    """Return a sample config that is valid for the type.

    Args:
        type_or_field: What to make a sample for.
        skip_non_required: Whether to leave out what need not be given (the minimal sample). Otherwise
            every field is shown, with its default where it has one.

    Returns:
        Plain dicts, lists and scalars. Strings are ``...``; of a selector the first field is shown.
    """
    if isinstance(type_or_field, Field):
        return call_deep(_sample_field, type_or_field, skip_non_required)
    return call_deep(_sample, type_or_field, skip_non_required)


def _sample_field(field: Field, minimal: bool) -> Any:
    if not field.default_provided:
        return _sample(field.config_type, minimal)
    default = copy_plain(field.default_value)
    if minimal or not isinstance(field.config_type, FieldsType):
        return default
    if default and isinstance(field.config_type, Selector):
        name = next(iter(default))
        chosen = field.config_type.fields[name]
        return {name: _merged(_sample(chosen.config_type, minimal), default[name])}
    return _merged(_sample(field.config_type, minimal), default)


def _merged(sample: Any, default: Any) -> Any:
    """Return the sample with the parts that the default knows better."""
    if not (isinstance(sample, dict) and isinstance(default, dict)):
        return default
    return {**cast("dict[str, Any]", sample), **cast("dict[str, Any]", default)}


def _sample(config_type: ConfigType, minimal: bool) -> Any:
    if isinstance(config_type, ScalarType):
        return _SAMPLES[config_type.scalar_kind]
    if isinstance(config_type, Enum):
        return config_type.config_values[0]
    if isinstance(config_type, Array):
        return [] if minimal else [_sample(config_type.inner_type, minimal)]
    if isinstance(config_type, Noneable):
        return _sample(config_type.inner_type, minimal)
    if isinstance(config_type, ScalarUnion):
        return _sample(config_type.scalar_type, minimal)
    if isinstance(config_type, Map):
        if minimal:
            return {}
        return {_sample(config_type.key_type, minimal): _sample(config_type.inner_type, minimal)}
    if isinstance(config_type, Selector):
        if config_type.has_implicit_default and minimal:
            return {}
        name, field = next(iter(config_type.fields.items()))
        return {name: _sample_field(field, minimal)}
    return {
        name: _sample_field(field, minimal)
        for name, field in config_type.fields.items()
        if field.is_required or not minimal
    }


def _minimal(config_type: ConfigType) -> Any:
    return _sample(config_type, True)


Conversions.to_sample = _minimal
