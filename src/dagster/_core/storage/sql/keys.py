"""Keys: any text as something that every database can index and compare exactly."""

from __future__ import annotations

import hashlib

#: The bytes that an indexed column holds at most. InnoDB allows 3,072 in an index of several columns.
KEY_BYTES = 255
_PREFIX_BYTES = KEY_BYTES - 32 - 1


def key_of(text: str) -> str:
    """Return a text in the form in which it is indexed.

    A short text stands for itself. A long one, or one with a NUL, which PostgreSQL refuses, is cut and
    ends in a hash of the whole. Only such a key has the full length, so that no short text can be taken
    for a long one's key.
    """
    if text.isascii() and len(text) < KEY_BYTES and "\x00" not in text:  # nearly all are
        return text
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) < KEY_BYTES and b"\x00" not in raw and _is_text(raw):
        return text
    digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
    head = raw[:_PREFIX_BYTES].decode("utf-8", "ignore").replace("\x00", " ")
    padding = "~" * (_PREFIX_BYTES - len(head.encode("utf-8", "ignore")))
    return f"{head}{padding}#{digest}"


def is_text_itself(key: str) -> bool:
    """Whether a key is the text that it stands for, and not a shortened form of it."""
    return len(key.encode("utf-8")) < KEY_BYTES


def exact_unless_key(text: str, key: str) -> str | None:
    """Return a text if its key does not tell it: what the column beside the key holds."""
    return None if is_text_itself(key) else text


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:  # a lone surrogate
        return False
    return True
