"""What plain Python stands for as a config schema."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from typing import Any, cast

from dagster._config.config_type import (
    Any as AnyConfig,
)
from dagster._config.config_type import (
    Array,
    Bool,
    ConfigType,
    Conversions,
    Float,
    Int,
    Map,
    Noneable,
    ScalarUnion,
    String,
)
from dagster._config.depth import call_deep
from dagster._config.field import Field
from dagster._config.shapes import Permissive, Selector, Shape
from dagster._core.errors import DagsterInvalidConfigDefinitionError

_SCALARS: dict[type, ConfigType] = {int: Int, float: Float, bool: Bool, str: String}
_TYPE_CLASSES = (Array, Map, Noneable, Permissive, ScalarUnion, Selector, Shape)


class _Walk:
    """The way through one schema: its root, and the containers that are being resolved."""

    __slots__ = ("active", "root", "stack")

    def __init__(self, root: Any) -> None:
        self.root = root
        self.stack: list[str] = []
        self.active: set[int] = set()

    def refuse(self, value: Any, reason: str | None) -> typing.NoReturn:
        raise DagsterInvalidConfigDefinitionError(self.root, value, self.stack, reason)

    def enter(self, value: Any) -> None:
        if id(value) in self.active:
            self.root = "a schema"  # its repr is as endless as the schema
            self.refuse(type(value), "The schema contains itself.")
        self.active.add(id(value))

    def type_of(self, value: Any) -> ConfigType:
        """Return the config type that a value stands for."""
        if isinstance(value, ConfigType):
            return value
        if isinstance(value, type):
            scalar = _SCALARS.get(cast("type[Any]", value))
            if scalar is not None:
                return scalar
            if value is dict:
                return Permissive()
            if value is list:
                return Array(AnyConfig)
        if value is Any:
            return AnyConfig
        if isinstance(value, dict):
            return self.type_of_mapping(cast("dict[Any, Any]", value))
        if isinstance(value, list):
            return self.type_of_list(cast("list[Any]", value))
        marked = getattr(value, "__dagster_config_type__", None)
        if marked is not None:
            return marked if isinstance(marked, ConfigType) else self.type_of(marked())
        if isinstance(value, Mapping):
            return self.type_of_mapping(cast("Mapping[Any, Any]", value))
        return self.refuse(value, _reason(value))

    def type_of_mapping(self, value: Mapping[Any, Any]) -> ConfigType:
        if len(value) == 1:
            key = next(iter(value))
            if not isinstance(key, str):
                return self.type_of_map(value, key)
        return Shape(self.fields_of(value))

    def type_of_map(self, value: Mapping[Any, Any], key: Any) -> Map:
        self.enter(value)
        if key not in _SCALARS and not isinstance(key, ConfigType):
            self.refuse(
                key, "A key is a string (the name of a field) or a scalar type (then it is a Map)."
            )
        self.stack.append(getattr(key, "__name__", str(key)))
        inner = self.type_of(value[key])
        self.stack.pop()
        self.active.discard(id(value))
        return Map(key if isinstance(key, ConfigType) else _SCALARS[key], inner)

    def type_of_list(self, value: list[Any]) -> Array:
        if len(value) != 1:
            self.refuse(
                value,
                "A list stands for an Array and holds exactly one type, that of the items"
                f", got {len(value)} entries.",
            )
        self.enter(value)
        self.stack.append("[]")
        inner = self.type_of(value[0])
        self.stack.pop()
        self.active.discard(id(value))
        return Array(inner)

    def fields_of(self, value: Mapping[Any, Any]) -> dict[str, Field]:
        """Return the fields that a mapping of names stands for."""
        self.enter(value)
        fields: dict[str, Field] = {}
        for name, item in value.items():
            if not isinstance(name, str):
                self.refuse(name, "The name of a field is a string.")
            self.stack.append(name)
            fields[name] = self.field_of(item)
            self.stack.pop()
        self.active.discard(id(value))
        return fields

    def field_of(self, value: Any) -> Field:
        """Return the field that a value stands for."""
        return value if isinstance(value, Field) else Field(self.type_of(value))


def _reason(value: Any) -> str | None:
    """Return why something that looks like a schema is none, if there is something to say."""
    if isinstance(value, Field):
        return "A Field stands at the root or in a dict; here, write its type alone."
    if value is None:
        return 'None is no type; write Noneable(...) for "or None", or leave config_schema out.'
    if isinstance(value, tuple):
        return "A tuple is no type; write [inner] or Array(inner) for a list."
    if value in (set, frozenset, tuple) or isinstance(value, (set, frozenset)):
        return "Config knows no sets and tuples; write [inner] or Array(inner) for a list."
    if isinstance(value, type):
        if issubclass(value, _TYPE_CLASSES):
            return f"It is the class; write {value.__name__}(...)."
        return None
    if typing.get_origin(value) is not None:
        return (
            "Generics of typing are no config types; write [inner] for a list, Map(str, inner) for a "
            "mapping, Noneable(inner) for an optional value."
        )
    if hasattr(value, "type_check") or hasattr(value, "loader"):
        return "It is a Dagster type for inputs and outputs, not one for config."
    if isinstance(value, (str, int, float)):
        return "It is a value; write its type, or Field(type, default_value=value) for a default."
    return None


def resolve_to_config_type(value: Any) -> ConfigType:
    """Return the config type that a value stands for.

    Args:
        value: A config type, ``int``, ``float``, ``bool``, ``str``, ``list``, ``dict``, ``typing.Any``, a
            list of one of these, a dict of names to these or to fields, ``{str: inner}`` for a map, or
            anything whose ``__dagster_config_type__`` is a config type (or returns a schema).

    Raises:
        DagsterInvalidConfigDefinitionError: When it stands for none; its ``stack`` leads to the part.
    """
    return value if isinstance(value, ConfigType) else call_deep(_resolve_type, value)


def _resolve_type(value: Any) -> ConfigType:
    return _Walk(value).type_of(value)


def as_field(value: Any) -> Field:
    """Return the field that a value stands for: a Field itself, or a field of its type.

    Raises:
        DagsterInvalidConfigDefinitionError: When it stands for none.
    """
    return value if isinstance(value, Field) else Field(resolve_to_config_type(value))


def resolve_fields(value: Mapping[Any, Any]) -> dict[str, Field]:
    """Return the fields that a dict of names stands for.

    Raises:
        DagsterInvalidConfigDefinitionError: When a name is no string or a value stands for no field.
    """
    return call_deep(_resolve_fields, value)


def _resolve_fields(value: Mapping[Any, Any]) -> dict[str, Field]:
    return _Walk(value).fields_of(value)


Conversions.to_type = resolve_to_config_type
Conversions.to_fields = resolve_fields
