"""The one idiom for records: frozen values that know their own name on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, Self

import msgspec

#: Every record class by its name on the wire. Filled when a class is made, read by the codec.
RECORD_CLASSES: dict[str, type] = {}


def register_record(cls: type) -> None:
    """Enter a record class under its name; two of one name would not be told apart in stored data.

    Subclasses of Record and SlotRecord enter themselves. Another class does it with this function; it
    names its fields in ``wire_fields`` and takes each as a keyword.
    """
    known = RECORD_CLASSES.get(cls.__name__)
    if known is not None and (known.__module__, known.__qualname__) != (
        cls.__module__,
        cls.__qualname__,
    ):
        raise TypeError(
            f'expected the name of each record class to be unique, got: "{cls.__name__}" in '
            f"{known.__module__} and in {cls.__module__}. Give one of them another name."
        )
    RECORD_CLASSES[cls.__name__] = cls


class Record(msgspec.Struct, frozen=True, tag_field="__class__", tag=True):
    """Base of every stored or sent value.

    Fields are positional or by keyword, as in a named tuple. Unknown fields are ignored and missing
    ones take their defaults when an older or newer record is read. A field that shall be a tuple again
    after it was stored says so in its annotation (``tuple[str, ...]``).
    """

    def __init_subclass__(cls, **config: Any) -> None:
        super().__init_subclass__(**config)
        register_record(cls)

    def _replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def _asdict(self) -> dict[str, Any]:
        """Return the fields as a dict, not recursing into values."""
        return msgspec.structs.asdict(self)


class SlotRecord:
    """Base of stored values whose constructor takes more than their fields, or turns one form into another.

    A subclass names its fields in ``__slots__``, takes each as a keyword in its own ``__init__``, and
    sets them with ``object.__setattr__``. It is frozen, compared by its fields, and read back through
    its constructor.
    """

    __slots__ = ()

    #: The names of the fields, in the order of the constructor.
    wire_fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "wire_fields" not in cls.__dict__:
            cls.wire_fields = (*cls.wire_fields, *cls.__dict__.get("__slots__", ()))
        register_record(cls)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"expected {type(self).__name__} to be left as it is, got: a new value for "
            f'"{name}". Make a changed copy with _replace({name}=…).'
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f'expected {type(self).__name__} to be left as it is, got: del "{name}"')

    def _replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return type(self)(**{**self._asdict(), **changes})

    def _asdict(self) -> dict[str, Any]:
        """Return the fields as a dict, not recursing into values."""
        return {name: getattr(self, name) for name in self.wire_fields}

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.wire_fields)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self.wire_fields)))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.wire_fields)
        return f"{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _rebuild, (type(self), self._asdict())


def _rebuild(cls: type, fields: dict[str, Any]) -> Any:
    """Make a slot record again from its pickled fields."""
    return cls(**fields)
