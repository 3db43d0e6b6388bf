"""The key of an asset: a path of names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

import dagster._check as check
from dagster._text import expected
from dagster._wire.record import SlotRecord

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_]")
_BETWEEN_NAMES = re.compile(r"[^A-Za-z0-9_]+")
_ESCAPED = re.compile(r"[\\/]")
_PART = re.compile(r"(?:\\[\\/]|[^/])*")
_UNESCAPED = re.compile(r"\\([\\/])")


def split_asset_name(name: str) -> list[str]:
    """Return the parts of a name at everything that is not a letter, digit or underscore."""
    return [part for part in _BETWEEN_NAMES.split(name) if part]


def _parts(path: Any) -> tuple[str, ...]:
    if isinstance(path, str):
        return (path,)
    if not isinstance(path, Sequence):
        raise check.ParameterCheckError(expected("path", "a str or a sequence of str", path))
    parts = cast(Sequence[Any], path)
    for part in parts:
        if not isinstance(part, str):
            raise check.ParameterCheckError(expected("each part of path", "a str", part))
    return tuple(parts)


class AssetKey(SlotRecord):
    """The structured name of an asset, such as ``AssetKey(["snowflake", "orders"])``.

    Args:
        path: The parts, outermost first, or one str for a key of one part.
    """

    __slots__ = ("parts",)
    wire_fields = ("path",)

    #: The parts as a tuple.
    parts: tuple[str, ...]

    def __init__(self, path: str | Sequence[str]) -> None:
        object.__setattr__(self, "parts", _parts(path))

    @property
    def path(self) -> list[str]:
        """The parts, outermost first."""
        return list(self.parts)

    def __eq__(self, other: object) -> bool:
        return self.parts == other.parts if isinstance(other, AssetKey) else NotImplemented

    def __lt__(self, other: AssetKey) -> bool:
        return self.parts < other.parts

    def __le__(self, other: AssetKey) -> bool:
        return self.parts <= other.parts

    def __gt__(self, other: AssetKey) -> bool:
        return self.parts > other.parts

    def __ge__(self, other: AssetKey) -> bool:
        return self.parts >= other.parts

    def __hash__(self) -> int:
        return hash(self.parts)

    def __repr__(self) -> str:
        return f"AssetKey({list(self.parts)!r})"

    def to_string(self) -> str:
        """Return the form that is stored: a JSON list, ``["a", "b"]``."""
        return f"[{', '.join(msgspec.json.encode(part).decode() for part in self.parts)}]"

    @staticmethod
    def from_db_string(text: str | None) -> AssetKey | None:
        """Return the key of a stored form, or None for none.

        A text that is not a JSON list is split at everything but letters, digits and underscores, as
        the oldest stored keys are.
        """
        if not text:
            return None
        if text[0] == "[":
            try:
                return AssetKey(msgspec.json.decode(text, type=list[str]))
            except msgspec.DecodeError:
                pass  # an old name that happens to begin with a bracket
        return AssetKey(split_asset_name(text))

    def to_user_string(self) -> str:
        """Return the form that people read and write: ``a/b``. A slash inside a part is written ``\\/``."""
        return "/".join(_ESCAPED.sub(r"\\\g<0>", part) for part in self.parts)

    @staticmethod
    def from_user_string(text: str) -> AssetKey:
        """Return the key that :meth:`to_user_string` wrote."""
        check.str_param(text, "asset key")
        parts: list[str] = []
        position = 0
        while True:
            match = _PART.match(text, position)
            assert match is not None  # the pattern matches the empty string
            parts.append(_UNESCAPED.sub(r"\1", match.group()))
            position = match.end() + 1
            if position > len(text):
                return AssetKey(parts)

    @staticmethod
    def from_coercible(value: AssetKey | str | Sequence[str]) -> AssetKey:
        """Return the key for a key, a str (one part) or a sequence of str.

        Raises:
            ParameterCheckError: If it is none of these.
        """
        if isinstance(value, AssetKey):
            return value
        if isinstance(value, (str, Sequence)):  # pyright: ignore[reportUnnecessaryIsInstance]
            return AssetKey(value)
        raise check.ParameterCheckError(
            expected("asset key", "an AssetKey, a str or a sequence of str", value)
        )

    def has_prefix(self, prefix: Sequence[str]) -> bool:
        """Return whether the key begins with these parts."""
        wanted = _parts(prefix)
        return self.parts[: len(wanted)] == wanted

    def with_prefix(self, prefix: str | Sequence[str]) -> AssetKey:
        """Return a key with these parts before its own."""
        return AssetKey((*_parts(prefix), *self.parts))

    def to_python_identifier(self, suffix: str | None = None) -> str:
        """Return a name made of the parts: ``a__b_c`` for ``["a", "b-c"]``."""
        parts = self.parts if suffix is None else (*self.parts, suffix)
        return "__".join(_NOT_IN_A_NAME.sub("_", part) for part in parts)
