"""Schemas as plain records: what tools and other processes see of a config type.

A snapshot holds every type that can be reached, each once, under its key; types refer to each other by
key. It serializes to JSON and is enough to offer completion or to print a scaffold.
"""

from __future__ import annotations

from collections.abc import Mapping

from dagster._config.config_type import (
    ConfigScalarKind,
    ConfigType,
    ConfigTypeKind,
    Enum,
    ScalarType,
)
from dagster._config.field import Field
from dagster._config.shapes import Shape
from dagster._text import unknown
from dagster._wire.record import Record


class ConfigEnumValueSnap(Record, frozen=True):
    """A value of an enum.

    Args:
        value: What is written in the config.
        description: What it means.
    """

    value: str
    description: str | None = None


class ConfigFieldSnap(Record, frozen=True):
    """A field.

    Args:
        name: Its name; None for one that stands alone.
        type_key: The key of its type.
        is_required: Whether it must be given.
        default_provided: Whether it has a default.
        default_value_as_json_str: The default as JSON.
        description: What it is for.
    """

    name: str | None
    type_key: str
    is_required: bool
    default_provided: bool
    default_value_as_json_str: str | None = None
    description: str | None = None


class ConfigTypeSnap(Record, frozen=True):
    """A config type.

    Args:
        kind: Its kind.
        key: Its key.
        given_name: Its name, if it has one of its own.
        description: What it is for.
        type_param_keys: The keys of the unnamed types that it is made of.
        enum_values: The values of an enum.
        fields: The fields of a shape or selector, in the order of their definition.
        scalar_kind: Which scalar it is.
        field_aliases: Names of fields to their second names.
    """

    kind: ConfigTypeKind
    key: str
    given_name: str | None = None
    description: str | None = None
    type_param_keys: list[str] | None = None
    enum_values: list[ConfigEnumValueSnap] | None = None
    fields: list[ConfigFieldSnap] | None = None
    scalar_kind: ConfigScalarKind | None = None
    field_aliases: dict[str, str] | None = None

    @property
    def field_names(self) -> list[str]:
        """The names of the fields."""
        return [field.name for field in self.fields or () if field.name is not None]

    def get_field(self, name: str) -> ConfigFieldSnap | None:
        """Return a field by name, or None."""
        return next((field for field in self.fields or () if field.name == name), None)

    @property
    def inner_type_key(self) -> str:
        """The key of the type of the items of an array or map, or of a value that is not None."""
        keys = self.type_param_keys or []
        return keys[-1]

    @property
    def child_type_keys(self) -> list[str]:
        """The keys of all types that this one is directly made of."""
        return [*(self.type_param_keys or ()), *(field.type_key for field in self.fields or ())]


class ConfigSchemaSnapshot(Record, frozen=True):
    """All types of a schema.

    Args:
        all_config_snaps_by_key: The types by key.
    """

    all_config_snaps_by_key: dict[str, ConfigTypeSnap]

    @property
    def all_config_keys(self) -> list[str]:
        """The keys of all types, sorted."""
        return sorted(self.all_config_snaps_by_key)

    def has_config_snap(self, key: str) -> bool:
        """Whether there is a type with the key."""
        return key in self.all_config_snaps_by_key

    def get_config_snap(self, key: str) -> ConfigTypeSnap:
        """Return the type with the key.

        Raises:
            KeyError: When there is none.
        """
        found = self.all_config_snaps_by_key.get(key)
        if found is None:
            raise KeyError(unknown("config type", key, self.all_config_snaps_by_key))
        return found


def build_field_snap(field: Field, name: str | None = None) -> ConfigFieldSnap:
    """Return the record of a field.

    Args:
        field: The field.
        name: Its name.
    """
    return ConfigFieldSnap(
        name=name,
        type_key=field.config_type.key,
        is_required=field.is_required,
        default_provided=field.default_provided,
        default_value_as_json_str=field.default_value_as_json_str if field.default_provided else None,
        description=field.description,
    )


def build_type_snap(config_type: ConfigType) -> ConfigTypeSnap:
    """Return the record of one type, without the types that it is made of."""
    params = config_type.type_params
    return ConfigTypeSnap(
        kind=config_type.kind,
        key=config_type.key,
        given_name=config_type.given_name,
        description=config_type.description,
        type_param_keys=[param.key for param in params] if params else None,
        enum_values=(
            [
                ConfigEnumValueSnap(item.config_value, item.description)
                for item in config_type.enum_values
            ]
            if isinstance(config_type, Enum)
            else None
        ),
        fields=(
            [build_field_snap(field, name) for name, field in config_type.fields.items()]
            if config_type.has_fields
            else None
        ),
        scalar_kind=config_type.scalar_kind if isinstance(config_type, ScalarType) else None,
        field_aliases=(config_type.field_aliases or None) if isinstance(config_type, Shape) else None,
    )


def iterate_config_types(config_type: ConfigType) -> list[ConfigType]:
    """Return a type and all types that can be reached from it, each object once."""
    found: dict[int, ConfigType] = {}
    waiting = [config_type]
    while waiting:
        current = waiting.pop()
        if id(current) in found:
            continue
        found[id(current)] = current
        waiting.extend(current.type_params)
        waiting.extend(field.config_type for field in current.fields.values())
    return list(found.values())


def build_config_schema_snapshot(type_or_field: ConfigType | Field) -> ConfigSchemaSnapshot:
    """Return the snapshot of a schema: the type and all that can be reached from it.

    Args:
        type_or_field: The schema.
    """
    root = type_or_field.config_type if isinstance(type_or_field, Field) else type_or_field
    snaps: dict[str, ConfigTypeSnap] = {}
    for config_type in reversed(iterate_config_types(root)):
        if config_type.key not in snaps:
            snaps[config_type.key] = build_type_snap(config_type)
    return ConfigSchemaSnapshot(snaps)


def merge_config_schema_snapshots(
    snapshots: Mapping[str, ConfigSchemaSnapshot],
) -> ConfigSchemaSnapshot:
    """Return one snapshot with the types of several; equal keys mean equal types."""
    merged: dict[str, ConfigTypeSnap] = {}
    for snapshot in snapshots.values():
        merged.update(snapshot.all_config_snaps_by_key)
    return ConfigSchemaSnapshot(merged)
