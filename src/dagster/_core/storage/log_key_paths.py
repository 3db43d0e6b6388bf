"""Where the log of a key is kept: relative paths that no key leads out of, and back to keys."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence

from dagster._core.records.path_names import safe_part

#: What a log consists of: its streams, the mark of its end, and its key where the path does not tell it.
STDOUT, STDERR, COMPLETE, KEY = "out", "err", "complete", "key"
EXTENSIONS = (STDOUT, STDERR, COMPLETE, KEY)

#: Longest path in bytes. Object stores take 1,024, of which a prefix needs some.
_MAX_PATH_BYTES = 700
#: Of a longer one this much stays; the rest becomes a hash.
_KEPT_BYTES = 400
_HASHED = "%~"
_EXTENSION = re.compile(rf"\.({'|'.join(EXTENSIONS)})$")


def path_of_key(log_key: Sequence[str]) -> str:
    """Return the path of a key's files without their extension, its parts joined with slashes."""
    parts = _encoded(log_key)
    if sum(len(part.encode()) + 1 for part in parts) <= _MAX_PATH_BYTES:
        return "/".join(parts)
    kept = _kept(parts[:-1])
    digest = hashlib.sha256(json.dumps(list(log_key)).encode()).hexdigest()
    return "/".join([*kept, _HASHED + digest])


def directory_of_prefix(prefix: Sequence[str]) -> str:
    """Return the deepest directory that has all keys with a prefix: ``""`` is where all logs are.

    It may have others too. With one or two parts it is theirs alone: a part takes 200 bytes at most.
    """
    return "/".join(_kept(_as_directories(safe_part(part) for part in prefix)))


def is_told_by_path(path: str) -> bool:
    """Return whether a path tells its key. If not, the key is written beside it, see :func:`key_text`."""
    return _HASHED not in path


def key_of_path(path: str) -> list[str]:
    """Return the key of a path that tells it."""
    parts = path.split("/")
    return ["" if part == "%_" else _decoded(part) for part in parts]


def key_text(log_key: Sequence[str]) -> bytes:
    """Return what is written beside a log whose path does not tell its key."""
    return json.dumps(list(log_key)).encode()


def key_of_text(text: bytes) -> list[str] | None:
    """Return the key that :func:`key_text` wrote, or None if it is none."""
    try:
        key = json.loads(text)
    except ValueError:
        return None
    return [str(part) for part in key] if isinstance(key, list) else None


def starts_with(log_key: Sequence[str], prefix: Sequence[str]) -> bool:
    """Return whether a key has the parts of a prefix first."""
    return list(log_key[: len(prefix)]) == list(prefix)


def _encoded(log_key: Sequence[str]) -> list[str]:
    parts = [safe_part(part) for part in log_key]
    return [*_as_directories(parts[:-1]), parts[-1]]


def _as_directories(parts: Iterable[str]) -> list[str]:
    # A directory "a.out" would stand where the file of key "a" is.
    return [_EXTENSION.sub(r"%2E\1", part) for part in parts]


def _kept(parts: Sequence[str]) -> list[str]:
    kept: list[str] = []
    size = 0
    for part in parts:
        size += len(part.encode()) + 1
        if size > _KEPT_BYTES:
            break
        kept.append(part)
    return kept


def _decoded(part: str) -> str:
    data = re.sub(rb"%([0-9A-F]{2})", lambda found: bytes([int(found.group(1), 16)]), part.encode())
    return data.decode("utf-8", "surrogatepass")
