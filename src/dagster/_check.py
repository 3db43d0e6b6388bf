"""Argument checks for public edges. Inner code trusts its callers and does not call these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NoReturn, TypeVar

from dagster._text import expected

T = TypeVar("T")
Types = type | tuple[type, ...]


class CheckError(Exception):
    """A rule about the arguments of a call is broken."""


class ParameterCheckError(CheckError):
    """A parameter has a value that it may not have."""


class NotImplementedCheckError(CheckError):
    """A member that this object does not offer was called."""


def _what(types: Types) -> str:
    names = [t.__name__ for t in types] if isinstance(types, tuple) else [types.__name__]
    article = "an" if names[0][:1].lower() in "aeiou" else "a"
    return f"{article} {' or '.join(names)}"


def inst_param(value: Any, name: str, types: Any) -> Any:
    """Return the value if it is an instance of the types; raise ParameterCheckError if not."""
    if not isinstance(value, types):
        raise ParameterCheckError(expected(name, _what(types), value))
    return value


def opt_inst_param(value: Any, name: str, types: Any, default: Any = None) -> Any:
    """Like :func:`inst_param`; None gives the default."""
    return default if value is None else inst_param(value, name, types)


def inst(value: Any, types: Any) -> Any:
    """Return the value if it is an instance of the types; raise CheckError if not."""
    if not isinstance(value, types):
        raise CheckError(expected("value", _what(types), value))
    return value


def str_param(value: Any, name: str) -> str:
    return inst_param(value, name, str)


def opt_str_param(value: Any, name: str, default: str | None = None) -> str | None:
    return opt_inst_param(value, name, str, default)


def bool_param(value: Any, name: str) -> bool:
    return inst_param(value, name, bool)


def int_param(value: Any, name: str) -> int:
    if isinstance(value, bool):
        raise ParameterCheckError(expected(name, "an int", value))
    return inst_param(value, name, int)


def opt_int_param(value: Any, name: str, default: int | None = None) -> int | None:
    return default if value is None else int_param(value, name)


def numeric_param(value: Any, name: str) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ParameterCheckError(expected(name, "a number", value))
    return value


def opt_numeric_param(value: Any, name: str) -> int | float | None:
    return None if value is None else numeric_param(value, name)


def callable_param(value: Any, name: str) -> Callable[..., Any]:
    if not callable(value):
        raise ParameterCheckError(expected(name, "callable", value))
    return value


def opt_callable_param(value: Any, name: str) -> Callable[..., Any] | None:
    return None if value is None else callable_param(value, name)


def _check_items(items: Any, name: str, of_type: Any) -> None:
    if of_type is None:
        return
    for item in items:
        if not isinstance(item, of_type):
            raise ParameterCheckError(expected(f"each item of {name}", _what(of_type), item))


def sequence_param(value: Any, name: str, of_type: Any = None) -> Sequence[Any]:
    """Return the value if it is a sequence (not a string) of the type."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise ParameterCheckError(expected(name, "a sequence", value))
    _check_items(value, name, of_type)
    return value


def opt_sequence_param(value: Any, name: str, of_type: Any = None) -> Sequence[Any]:
    return [] if value is None else sequence_param(value, name, of_type)


def set_param(value: Any, name: str, of_type: Any = None) -> AbstractSet[Any]:
    if not isinstance(value, AbstractSet):
        raise ParameterCheckError(expected(name, "a set", value))
    _check_items(value, name, of_type)
    return value


def opt_set_param(value: Any, name: str, of_type: Any = None) -> AbstractSet[Any]:
    return frozenset() if value is None else set_param(value, name, of_type)


def mapping_param(
    value: Any, name: str, key_type: Any = None, value_type: Any = None
) -> Mapping[Any, Any]:
    """Return the value if it is a mapping with keys and values of the types."""
    if not isinstance(value, Mapping):
        raise ParameterCheckError(expected(name, "a mapping", value))
    for key, item in value.items():
        if key_type is not None and not isinstance(key, key_type):
            raise ParameterCheckError(expected(f"each key of {name}", _what(key_type), key))
        if value_type is not None and not isinstance(item, value_type):
            raise ParameterCheckError(expected(f"{name}[{key!r}]", _what(value_type), item))
    return value


def opt_mapping_param(
    value: Any, name: str, key_type: Any = None, value_type: Any = None
) -> Mapping[Any, Any]:
    return {} if value is None else mapping_param(value, name, key_type, value_type)


def not_none(value: T | None, message: str | None = None) -> T:
    """Return the value; raise CheckError if it is None."""
    if value is None:
        raise CheckError(message or "expected a value, got: None")
    return value


def invariant(condition: object, message: str | None = None) -> None:
    """Raise CheckError with the message if the condition is false."""
    if not condition:
        raise CheckError(message or "a rule of this call is broken")


def failed(message: str) -> NoReturn:
    raise CheckError(message)
