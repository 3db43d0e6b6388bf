"""From what users write (classes, ``typing`` generics, ``X | None``, Dagster types) to a DagsterType."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from dagster._core.definitions.types.builtins import (
    ANY,
    NOTHING,
    PYTHON_DICT,
    PYTHON_SET,
    PYTHON_TUPLE,
    STRING,
)
from dagster._core.definitions.types.containers import (
    dict_of,
    list_of,
    literal_of,
    set_of,
    tuple_of,
    union_of,
    variadic_tuple_of,
)
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.python_object import AnnotatedClassDagsterType
from dagster._core.definitions.types.registry import BUILTIN_CLASSES, TYPES_OF_CLASSES
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.user_events import DynamicOutput, Output
from dagster._text import shown

_BARE: dict[type, DagsterType] = {
    dict: PYTHON_DICT,
    set: PYTHON_SET,
    tuple: PYTHON_TUPLE,
    list: list_of(ANY),
    Sequence: list_of(ANY, Sequence),
    # what an op gives wrapped is of the type that is wrapped
    Output: ANY,
    DynamicOutput: ANY,
}

#: Every annotation seen, so that the same one gives the same object at once.
_RESOLVED: dict[Any, DagsterType] = {}


class BareForm:
    """One of List, Dict, Set, Tuple and Optional, as written without brackets.

    Args:
        name: The name that users write.
        bare: The type it stands for without brackets, or None when it needs them.
    """

    def __init__(self, name: str, bare: DagsterType | None) -> None:
        self._name = name
        self._bare = bare

    @property
    def bare(self) -> DagsterType:
        """The type without brackets. Raises DagsterInvalidDefinitionError when there is none."""
        if self._bare is None:
            raise _invalid(self, f". {self._name} needs a type: write {self._name}[int].")
        return self._bare

    def __repr__(self) -> str:
        return f"dagster.{self._name}"


def resolve_dagster_type(dagster_type: object) -> DagsterType:
    """Return the Dagster type that something stands for.

    Args:
        dagster_type: A DagsterType; a Python class; ``List``, ``Dict``, ``Set``, ``Tuple`` or
            ``Optional`` of Dagster or of ``typing``, with or without parameters; ``list[int]``;
            ``X | Y``; a Literal, NewType, TypeVar or Annotated; ``typing.Any``; or None, for any type.

    Returns:
        The type; the same object each time.

    Raises:
        DagsterInvalidDefinitionError: It stands for no type.
    """
    if isinstance(dagster_type, DagsterType):
        return dagster_type
    if dagster_type is None:
        return ANY
    try:
        found = _RESOLVED.get(dagster_type)
    except TypeError:  # not hashable: Annotated and Literal may be, a dict or list cannot be a type
        if get_origin(dagster_type) is None:
            raise _invalid(
                dagster_type,
                ", which isn't hashable. Did you pass an instance of a type instead of the type?",
            ) from None
        return _resolve(dagster_type)
    if found is not None:
        return found
    return _RESOLVED.setdefault(dagster_type, _resolve(dagster_type))


def resolve_annotation(annotation: object) -> DagsterType:
    """Return the type of an annotation, where ``None`` means Nothing."""
    return NOTHING if annotation is None else resolve_dagster_type(annotation)


def _invalid(given: object, more: str = "") -> DagsterInvalidDefinitionError:
    return DagsterInvalidDefinitionError(
        "Invalid type: dagster_type must be an instance of DagsterType or a Python type: "
        f"got {given if isinstance(given, str) else shown(given)}{more or '.'}"
    )


def _resolve(given: Any) -> DagsterType:
    if isinstance(given, BareForm):
        return given.bare
    if given is Any:
        return ANY
    origin = get_origin(given)
    if origin is not None:
        return _resolve_generic(given, origin, get_args(given))
    if isinstance(given, type):
        return _resolve_class(given)
    return _resolve_special(given)


def _resolve_class(cls: type) -> DagsterType:
    known = BUILTIN_CLASSES.get(cls) or TYPES_OF_CLASSES.get(cls) or _BARE.get(cls)
    if known is not None:
        return known
    checked: type | None = cls
    if typing.is_typeddict(cls):
        checked = dict  # isinstance() does not take a TypedDict
    elif getattr(cls, "_is_protocol", False) and not getattr(cls, "_is_runtime_protocol", False):
        checked = None  # nor a Protocol that is not runtime_checkable
    return TYPES_OF_CLASSES.setdefault(cls, AnnotatedClassDagsterType(cls, checked))


def _resolve_special(given: Any) -> DagsterType:
    """Resolve what is neither a class nor has parameters: NewType, TypeVar, aliases, bare forms."""
    if isinstance(given, typing.TypeVar):
        if given.__constraints__:
            return union_of(resolve_annotation(c) for c in given.__constraints__)
        return resolve_dagster_type(given.__bound__)
    supertype = getattr(given, "__supertype__", None)
    if supertype is not None:
        return resolve_dagster_type(supertype)
    if type(given).__name__ == "TypeAliasType":  # `type X = …` of Python 3.12
        return resolve_annotation(given.__value__)
    if given is typing.LiteralString:
        return STRING
    if isinstance(given, str):
        raise _invalid(
            given,
            f'. "{given}" is text: give the type itself, or import the name it refers to where the '
            "function is defined.",
        )
    if isinstance(given, typing.ForwardRef):
        raise _invalid(given, ". Give the type itself in place of its name.")
    raise _invalid(given)


def _resolve_generic(given: Any, origin: Any, args: tuple[Any, ...]) -> DagsterType:
    if origin is Annotated:
        named = next((m for m in given.__metadata__ if isinstance(m, DagsterType)), None)
        return named if named is not None else resolve_annotation(given.__origin__)
    if origin is Union or origin is types.UnionType:
        return union_of(resolve_annotation(arg) for arg in args)
    if origin is Literal:
        return literal_of(args)
    if not isinstance(origin, type):  # Final, ClassVar, …; a generic alias of Python 3.12
        if type(origin).__name__ == "TypeAliasType":
            return resolve_annotation(origin.__value__)
        raise _invalid(given)
    if origin is tuple:
        return _resolve_tuple(given, args)
    if not args:  # typing.List, typing.Dict, … without brackets
        return _resolve_class(origin)
    if origin is list or origin is Sequence:
        return list_of(resolve_annotation(args[0]), origin)
    if origin is set or origin is frozenset or origin is AbstractSet:
        return set_of(resolve_annotation(args[0]), origin)
    if origin is dict or origin is Mapping:
        return dict_of(resolve_annotation(args[0]), resolve_annotation(args[1]), origin)
    if origin is Output or origin is DynamicOutput:
        return resolve_annotation(args[0])
    # iterators, arrays, the user's own generics: their parameters cannot be checked
    return _resolve_class(origin)


def _resolve_tuple(given: Any, args: tuple[Any, ...]) -> DagsterType:
    if given is typing.Tuple:  # noqa: UP006 - bare, unlike tuple[()]
        return PYTHON_TUPLE
    if len(args) == 2 and args[1] is Ellipsis:
        return variadic_tuple_of(resolve_annotation(args[0]))
    return tuple_of(tuple(resolve_annotation(arg) for arg in args))
