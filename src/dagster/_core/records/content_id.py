"""Ids that are made of the content of a record."""

from __future__ import annotations

import msgspec

from dagster._wire.codec import serialize_value


def content_id(value: object) -> str:
    """Return the id of a value: the same for equal values in every process, whatever the order of keys.

    Args:
        value: What :func:`serialize_value` takes.

    Returns:
        40 hexadecimal digits.
    """
    import hashlib

    tree = msgspec.json.decode(serialize_value(value))
    text = msgspec.json.encode(tree, order="sorted")
    return hashlib.sha1(text, usedforsecurity=False).hexdigest()
