"""Between Python values and config: members of enums and their names, models and dicts, unions and selectors."""

# pyright: standard

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from dagster._config.env_var import EnvVar, IntEnvVar, env_source
from dagster._config.pythonic.annotations import config_name, is_enum, is_model, union_members, unwrap


def to_config(value: Any, annotation: Any = Any, discriminator: Any = None) -> Any:
    """Return the config that stands for a Python value.

    Args:
        value: The value of a field.
        annotation: The annotation of the field.
        discriminator: The discriminator of the field, if it is a union.
    """
    if isinstance(value, (EnvVar, IntEnvVar)):
        return env_source(value)
    if isinstance(value, enum.Enum):
        return value.name
    shape = unwrap(annotation, discriminator)
    if isinstance(value, BaseModel):
        # Config classes know what they were given before validators changed it.
        convert = getattr(value, "_convert_to_config_dictionary", None)
        config = model_to_config(value) if convert is None else convert()
        if shape.discriminator is None:
            return config
        tag = getattr(value, shape.discriminator)
        config.pop(config_name(shape.discriminator, type(value).model_fields[shape.discriminator]))
        return {str(tag.value if isinstance(tag, enum.Enum) else tag): config}
    arguments = get_args(shape.core)
    if isinstance(value, Mapping):
        inner = arguments[1] if len(arguments) == 2 else Any
        return {to_config(key): to_config(item, inner) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        inner = arguments[0] if arguments else Any
        return [to_config(item, inner) for item in value]
    return value


def model_to_config(model: BaseModel, leave_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the config that stands for a config object, by the names that config uses.

    A field that is None by default and was left so is not in it.

    Args:
        model: The object.
        leave_out: Names of fields that are not config.
    """
    config: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        if name in leave_out:
            continue
        value = getattr(model, name)
        if value is None and not field.is_required() and field.default is None:
            continue
        config[config_name(name, field)] = to_config(value, field.annotation, field.discriminator)
    for name, value in (model.model_extra or {}).items():
        config[name] = to_config(value)
    return config


def holds_model(value: Any) -> bool:
    """Return whether a value is, or holds in lists and dicts, a pydantic object."""
    if isinstance(value, Mapping):
        return any(holds_model(item) for item in value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(holds_model(item) for item in value)
    return isinstance(value, BaseModel)


def from_config(value: Any, annotation: Any = Any, discriminator: Any = None) -> Any:
    """Return what pydantic takes for a config value: members of enums by name, unions by their tag.

    What is no config of that form is returned as it is; pydantic says what is wrong with it.

    Args:
        value: The config, or a value that pydantic takes as it is.
        annotation: The annotation of the field.
        discriminator: The discriminator of the field, if it is a union.
    """
    shape = unwrap(annotation, discriminator)
    core = shape.core
    if is_enum(core):
        return _member(value, core)
    if isinstance(value, Mapping):
        if shape.discriminator is not None:
            return _from_selector(value, core, shape.discriminator)
        if is_model(core):
            # A Config converts its own fields when it is made; another model does not.
            return value
        arguments = get_args(core)
        if len(arguments) == 2:
            return {key: from_config(item, arguments[1]) for key, item in value.items()}
        return value
    if isinstance(value, (list, tuple)) and get_origin(core) is not None:
        arguments = get_args(core)
        if arguments:
            return [from_config(item, arguments[0]) for item in value]
    return value


def _member(value: Any, enum_class: type[enum.Enum]) -> Any:
    if not isinstance(value, str) or isinstance(value, enum_class):
        return value
    try:
        return enum_class(value)
    except ValueError:
        return enum_class.__members__.get(value, value)


def _from_selector(value: Mapping[Any, Any], union: Any, discriminator: str) -> Any:
    if discriminator in value or len(value) != 1:
        return value
    tag, inner = next(iter(value.items()))
    try:
        model = union_members(union, discriminator).get(tag)
    except TypeError:
        return value
    if model is None or isinstance(inner, BaseModel):
        return inner if isinstance(inner, BaseModel) else value
    field = model.model_fields[discriminator]
    # The tag in its own type: a Literal of ints takes no string.
    tags = {str(item): item for item in get_args(unwrap(field.annotation).core)}
    return {**(inner or {}), config_name(discriminator, field): tags.get(tag, tag)}
