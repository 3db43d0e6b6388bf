"""Ids that are made of the content of a record."""

from __future__ import annotations

from dagster._wire.codec import serialize_twice


def content_id(value: object) -> str:
    """Return the id of a value: the same for equal values in every process, whatever the order of keys.

    Args:
        value: What :func:`serialize_value` takes.

    Returns:
        40 hexadecimal digits.
    """
    return content_id_and_text(value)[0]


def content_id_and_text(value: object) -> tuple[str, str]:
    """Return the id of a value, and the text that :func:`serialize_value` makes of it."""
    import hashlib

    text, by_key = serialize_twice(value)
    return hashlib.sha1(by_key.encode(), usedforsecurity=False).hexdigest(), text
