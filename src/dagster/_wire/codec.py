"""Records, enums and plain values as JSON text, and back.

::

    a record      {"__class__": "AssetKey", "path": ["a", "b"]}
    an enum       {"__enum__": "DagsterRunStatus.SUCCESS"}
    a set         {"__set__": [1, 2]}                    (a frozenset: "__frozenset__")
    a datetime    {"__datetime__": "2013-01-01T05:15:00+00:00"}
    nan, inf      {"__float__": "nan"}
    a mapping that has one of these words as a key    {"__mapping__": [["__set__", 1]]}

Everything else is the JSON it looks like. Tuples come back as lists, except in the fields of records
that are annotated as tuples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import Enum
from typing import Any, NoReturn, TypeVar, cast, overload

import msgspec

from dagster._text import expected, shown, unknown
from dagster._wire.aliases import CLASS_ALIASES, FIELD_ALIASES
from dagster._wire.record import RECORD_CLASSES, Record, SlotRecord

T = TypeVar("T")

_CLASS = "__class__"
#: Words with a meaning as a key.
RESERVED_KEYS = _RESERVED = frozenset(
    {_CLASS, "__enum__", "__set__", "__frozenset__", "__datetime__", "__float__", "__mapping__"}
)


class SerializationError(ValueError):
    """A value cannot be written as JSON text.

    Args:
        problem: What is wrong.
        where: The keys from the whole value to the part that is wrong, innermost first.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        self.where: list[str] = []
        super().__init__(problem)

    def __str__(self) -> str:
        path = "".join(reversed(self.where))
        return (
            f"cannot serialize value{path}: {self.problem}"
            if path
            else f"cannot serialize: {self.problem}"
        )


class DeserializationError(ValueError):
    """A text cannot be read back into a value."""


# Enums

_ENUMS: dict[str, type[Enum]] = {}
_E = TypeVar("_E", bound=type[Enum])


def register_enum(cls: _E) -> _E:
    """Let values of an enum class outside Dagwerk's own packages be stored. Used as a decorator."""
    known = _ENUMS.get(cls.__name__)
    if known is not None and (known.__module__, known.__qualname__) != (
        cls.__module__,
        cls.__qualname__,
    ):
        raise TypeError(
            f'expected the name of each stored enum to be unique, got: "{cls.__name__}" in '
            f"{known.__module__} and in {cls.__module__}. Give one of them another name."
        )
    _ENUMS[cls.__name__] = cls
    return cls


def _own(cls: type) -> bool:
    package = cls.__module__.partition(".")[0]
    return package == "dagster" or package.startswith("dagster_")


def _enum_class(name: str) -> type[Enum] | None:
    """Return the enum class of a name. Our own need no entry: they are found among all enums once."""
    found = _ENUMS.get(name)
    if found is None:
        pending: list[type[Enum]] = [Enum]
        while pending:
            cls = pending.pop()
            pending.extend(cls.__subclasses__())
            if cls.__name__ == name and _own(cls):
                found = register_enum(cls)
    return found


# Writing

_PLAIN = frozenset({str, int, bool, type(None)})


def _refuse(problem: str) -> NoReturn:
    raise SerializationError(problem)


def _pack(value: object) -> Any:
    """Return the value in terms of JSON."""
    cls = type(value)
    if cls in _PLAIN:
        return value
    return (_PACKERS.get(cls) or _packer_of(cls))(value)


def _pack_float(value: float) -> Any:
    return value if math.isfinite(value) else {"__float__": repr(value)}


def _pack_list(value: Any) -> list[Any]:
    result: list[Any] = []
    try:
        for item in value:  # not a comprehension: a refusal tells how far it came
            result.append(item if type(item) in _PLAIN else _pack(item))  # noqa: PERF401
    except SerializationError as error:
        error.where.append(f"[{len(result)}]")
        raise
    return result


def _pack_mapping(value: Mapping[Any, Any]) -> Any:
    result: dict[str, Any] = {}
    key: Any = None
    reserved = False
    try:
        for key, item in value.items():
            if type(key) is not str:
                key = _text_key(key)
            reserved = reserved or key in _RESERVED
            result[key] = item if type(item) in _PLAIN else _pack(item)
    except SerializationError as error:
        error.where.append(f"[{shown(key)}]")
        raise
    return {"__mapping__": [[key, item] for key, item in result.items()]} if reserved else result


def _text_key(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key) if not isinstance(key, Enum) else key.value
    _refuse(expected("each key of a mapping", "a str", key))


def _pack_set(value: AbstractSet[Any]) -> dict[str, Any]:
    return {"__set__": _in_order(value)}


def _pack_frozenset(value: AbstractSet[Any]) -> dict[str, Any]:
    return {"__frozenset__": _in_order(value)}


def _in_order(value: AbstractSet[Any]) -> list[Any]:
    """Return the packed items of a set in an order that does not depend on hashes."""
    return sorted(_pack_list(value), key=_encode)


def _pack_datetime(value: datetime) -> dict[str, Any]:
    return {"__datetime__": value.isoformat()}


def _enum_packer(cls: type[Enum]) -> Callable[[Enum], Any]:
    name = cls.__name__
    if _enum_class(name) is not cls:
        _refuse(
            f"the enum {cls.__qualname__} is not known under its name. Decorate it with "
            "dagster._wire.codec.register_enum, or store a plain value."
        )
    return lambda value: {"__enum__": f"{name}.{value.name}"}


def _record_packer(cls: type, fields: tuple[str, ...]) -> Callable[[Any], Any]:
    name = cls.__name__

    def pack_record(value: Any) -> dict[str, Any]:
        result: dict[str, Any] = {_CLASS: name}
        field = ""
        try:
            for field in fields:
                item = getattr(value, field)
                result[field] = item if type(item) in _PLAIN else _pack(item)
        except SerializationError as error:
            error.where.append(f".{field}")
            raise
        return result

    return pack_record


def _packer_of(cls: type) -> Callable[[Any], Any]:
    """Find how a class that is met for the first time is packed, and remember it."""
    packer: Callable[[Any], Any]
    if RECORD_CLASSES.get(cls.__name__) is cls:
        packer = _record_packer(cls, _field_names(cls))
    elif issubclass(cls, Enum):
        packer = _enum_packer(cls)
    else:
        found = next((packer for base, packer in _BY_BASE if issubclass(cls, base)), None)
        if found is None:
            return _refuse_value
        packer = found
    _PACKERS[cls] = packer
    return packer


def _refuse_value(value: Any) -> NoReturn:
    _refuse(
        expected(
            "it",
            "a record, an enum, a str, number, bool, None, list, tuple, set, mapping or datetime",
            value,
        )
    )


_PACKERS: dict[type, Callable[[Any], Any]] = {
    float: _pack_float,
    list: _pack_list,
    tuple: _pack_list,
    dict: _pack_mapping,
    set: _pack_set,
    frozenset: _pack_frozenset,
    datetime: _pack_datetime,
}
_BY_BASE: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, lambda value: _pack_float(float(value))),
    (Mapping, _pack_mapping),
    (list, _pack_list),
    (tuple, _pack_list),
    (frozenset, _pack_frozenset),
    (AbstractSet, _pack_set),
    (datetime, _pack_datetime),
)


def _encode(tree: Any, *, by_key: bool = False) -> str:
    try:
        return msgspec.json.encode(tree, order="sorted" if by_key else None).decode()
    except UnicodeEncodeError:
        # Half a surrogate pair, as file names that are not UTF-8 have: JSON can escape it.
        import json

        return json.dumps(tree, separators=(",", ":"), sort_keys=by_key)


def serialize_value(val: Any) -> str:
    """Return a value as JSON text.

    From the "warnings and serialization" section of the interface.

    Args:
        val: A record, an enum, a str, number, bool, None or datetime, or a list, tuple, set or
            mapping of these.

    Returns:
        The text. The same value gives the same text, whatever the order of its sets.

    Raises:
        SerializationError: If a part of it is none of these; says which and where.
    """
    try:
        return _encode(_pack(val))
    except RecursionError:
        raise SerializationError("it contains itself, or is nested too deeply") from None


def serialize_twice(val: Any) -> tuple[str, str]:
    """Return the text of a value, and the text with the keys of its mappings in order.

    Two equal values have the same second text, also if their mappings were filled in another order.

    Raises:
        SerializationError: As :func:`serialize_value` does.
    """
    try:
        tree = _pack(val)
        return _encode(tree), _encode(tree, by_key=True)
    except RecursionError:
        raise SerializationError("it contains itself, or is nested too deeply") from None


def pack_value(val: Any) -> Any:
    """Return a value in terms of JSON: the tree whose text :func:`serialize_value` gives.

    Raises:
        SerializationError: As there.
    """
    return _pack(val)


# Reading


def unpack_value(tree: Any) -> Any:
    """Return the value of a tree that :func:`pack_value` gave.

    Raises:
        DeserializationError: As :func:`deserialize_value` does.
    """
    return _unpack(tree)


def _unpack(tree: Any) -> Any:
    cls = tree.__class__
    if cls is dict:
        return _unpack_object(tree)
    if cls is list:
        return [item if type(item) in _PLAIN else _unpack(item) for item in tree]
    return tree


def _unpack_object(tree: dict[str, Any]) -> Any:
    if _CLASS in tree:
        return _unpack_record(tree)
    if len(tree) == 1:
        key = next(iter(tree))
        if key in _RESERVED:
            return _SPECIAL[key](tree[key])
    return {key: item if type(item) in _PLAIN else _unpack(item) for key, item in tree.items()}


def _unpack_record(tree: dict[str, Any]) -> Any:
    name = tree[_CLASS]
    reader = _READERS.get(name) if isinstance(name, str) else None
    cls = RECORD_CLASSES.get(CLASS_ALIASES.get(name, name)) if isinstance(name, str) else None
    if cls is None:
        raise DeserializationError(
            f"{unknown('record class', str(name), RECORD_CLASSES)} "
            "Is the module that defines it imported, and is this version new enough?"
        )
    if reader is None or reader.cls is not cls:
        reader = _READERS[name] = _Reader(cls)
    return reader.read(tree)


class _Reader:
    """Reads the objects of one record class."""

    __slots__ = ("aliases", "cls", "fields", "tuples")

    def __init__(self, cls: type) -> None:
        self.cls = cls
        fields = _field_names(cls)
        self.fields = frozenset(fields)
        self.tuples = frozenset(name for name in fields if _is_tuple_field(cls, name))
        self.aliases = FIELD_ALIASES.get(cls.__name__, {})

    def read(self, tree: dict[str, Any]) -> Any:
        values: dict[str, Any] = {}
        for key, item in tree.items():
            if key not in self.fields:
                key = self.aliases.get(key)
                if key is None:
                    continue  # the tag, or a field that a newer version knows
            value = item if type(item) in _PLAIN else _unpack(item)
            values[key] = (
                tuple(cast(list[Any], value)) if key in self.tuples and value is not None else value
            )
        try:
            return self.cls(**values)
        except DeserializationError:
            raise
        except Exception as error:
            raise DeserializationError(
                f"cannot read a {self.cls.__name__} from {shown(tree)}: {error}"
            ) from error


_READERS: dict[str, _Reader] = {}


def _field_names(cls: type) -> tuple[str, ...]:
    if issubclass(cls, Record):
        return cls.__struct_fields__
    return cast(type[SlotRecord], cls).wire_fields


def _is_tuple_field(cls: type, name: str) -> bool:
    for base in cls.__mro__:
        annotation = getattr(base, "__annotations__", {}).get(name)
        if annotation is not None:
            return str(annotation).startswith(("tuple[", "Tuple["))
    return False


def _unpack_enum(text: Any) -> Enum:
    name, _, member = str(text).rpartition(".")
    cls = _enum_class(CLASS_ALIASES.get(name, name))
    if cls is None:
        raise DeserializationError(
            f'unknown enum "{name}" in {shown(text)}. Is the module that defines it imported, and is '
            "this version new enough?"
        )
    found = cls.__members__.get(member)
    if found is None:
        raise DeserializationError(unknown(f"member of {cls.__name__}", member, cls.__members__))
    return found


def _unpack_set(items: Any) -> set[Any]:
    return {_hashable(_unpack(item)) for item in items}


def _unpack_frozenset(items: Any) -> frozenset[Any]:
    return frozenset(_hashable(_unpack(item)) for item in items)


def _hashable(item: Any) -> Any:
    """Return what was in a set: a list there was a tuple."""
    return tuple(map(_hashable, cast(list[Any], item))) if isinstance(item, list) else item


def _unpack_mapping(items: Any) -> dict[str, Any]:
    return {key: _unpack(item) for key, item in items}


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "__enum__": _unpack_enum,
    "__set__": _unpack_set,
    "__frozenset__": _unpack_frozenset,
    "__datetime__": datetime.fromisoformat,
    "__float__": float,
    "__mapping__": _unpack_mapping,
}


def _decode(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        import json  # reads halves of surrogate pairs, which msgspec does not

        try:
            return json.loads(text)
        except ValueError:
            raise DeserializationError(f"expected JSON text, got: {shown(text)} ({error})") from None


@overload
def deserialize_value(val: str) -> Any: ...
@overload
def deserialize_value(val: str, as_type: type[T]) -> T: ...
@overload
def deserialize_value(val: str, as_type: tuple[type, ...] | None) -> Any: ...
def deserialize_value(val: str, as_type: type | tuple[type, ...] | None = None) -> Any:
    """Return the value of a text that :func:`serialize_value` wrote, in this version or an older one.

    From the "warnings and serialization" section of the interface. Fields that are unknown are
    ignored, and missing ones take their defaults.

    Args:
        val: The text.
        as_type: What the value must be an instance of.

    Raises:
        DeserializationError: If it is not such a text, names a class that is not known, or the value
            is not of the type.
    """
    try:
        value = _unpack(_decode(val))
    except RecursionError:
        raise DeserializationError("the text is nested too deeply") from None
    except (TypeError, ValueError) as error:
        if isinstance(error, DeserializationError):
            raise
        raise DeserializationError(f"cannot read {shown(val)}: {error}") from error
    if as_type is not None and not isinstance(value, as_type):
        names = [cls.__name__ for cls in (as_type if isinstance(as_type, tuple) else (as_type,))]
        raise DeserializationError(expected("the stored value", " or ".join(names), value))
    return value
