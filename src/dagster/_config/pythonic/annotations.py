"""Reading the annotations of pydantic fields: what is optional, what is a union, what tells its members apart."""

# pyright: standard

from __future__ import annotations

import enum
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


class Unwrapped:
    """An annotation without what surrounds the type: ``Annotated``, ``None``, aliases.

    Args:
        core: The type, or the union that is left.
        is_optional: Whether None is a value too.
        discriminator: The field that tells the members of a union apart.
    """

    __slots__ = ("core", "discriminator", "is_optional")

    def __init__(self, core: Any, is_optional: bool, discriminator: str | None) -> None:
        self.core = core
        self.is_optional = is_optional
        self.discriminator = discriminator


def unwrap(annotation: Any, discriminator: Any = None) -> Unwrapped:
    """Return the type that an annotation stands for.

    Args:
        annotation: The annotation.
        discriminator: The discriminator that the field gives beside it.
    """
    is_optional = False
    found = discriminator if isinstance(discriminator, str) else None
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            for item in annotation.__metadata__:
                if isinstance(item, FieldInfo) and isinstance(item.discriminator, str):
                    found = item.discriminator
            annotation = annotation.__origin__
        elif origin is Union or origin is types.UnionType:
            members = get_args(annotation)
            rest: list[Any] = [member for member in members if member is not type(None)]
            is_optional = is_optional or len(rest) < len(members)
            if len(rest) > 1:
                return Unwrapped(Union[tuple(rest)], is_optional, found)  # noqa: UP007 - built from a tuple
            annotation = rest[0]
        elif origin is Literal and None in get_args(annotation):
            values = tuple(value for value in get_args(annotation) if value is not None)
            is_optional = True
            if not values:
                return Unwrapped(type(None), True, found)
            annotation = Literal[values]
        elif type(annotation).__name__ == "TypeAliasType":
            annotation = annotation.__value__
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return Unwrapped(annotation, is_optional, found)


def is_model(annotation: Any) -> bool:
    """Return whether a type is a pydantic model."""
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def is_enum(annotation: Any) -> bool:
    """Return whether a type is an enum."""
    return isinstance(annotation, type) and issubclass(annotation, enum.Enum)


def config_name(name: str, field: FieldInfo) -> str:
    """Return the name that a field has in config: its alias, if it has one."""
    alias = field.validation_alias if isinstance(field.validation_alias, str) else field.alias
    return alias or name


def accepts_none_without_default(field: FieldInfo) -> bool:
    """Return whether a field without default is None when it is not given: ``x: Optional[int]``."""
    return field.is_required() and unwrap(field.annotation, field.discriminator).is_optional


def union_members(union: Any, discriminator: str) -> Mapping[str, type[BaseModel]]:
    """Return the classes of a union by the values of the field that tells them apart.

    Raises:
        TypeError: A member is not a model, or its field has no literal values.
    """
    members: dict[str, type[BaseModel]] = {}
    for member in get_args(union):
        model = unwrap(member).core
        if not is_model(model):
            raise TypeError(f"{model!r} is not a Config class")
        field = model.model_fields.get(discriminator)
        tags = _literal_values(field.annotation) if field is not None else ()
        if not tags:
            raise TypeError(f'"{discriminator}" of {model.__name__} is not a Literal')
        for tag in tags:
            members[str(tag.value if isinstance(tag, enum.Enum) else tag)] = model
    return members


def _literal_values(annotation: Any) -> tuple[Any, ...]:
    core = unwrap(annotation).core
    return get_args(core) if get_origin(core) is Literal else ()
