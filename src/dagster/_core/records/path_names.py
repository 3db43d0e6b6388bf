"""Names of files: any identifier becomes path parts that stay below their directory.

The encoding is injective, so that two identifiers never share a file, and leaves ordinary names as
they are. ``tests/unit/core/records/test_path_names.py`` pins both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Longest encoded part in bytes. File systems take 255; the rest is for extensions.
MAX_PART_BYTES = 200
_KEPT_BYTES = 140
#: Separators, drive letters, wildcards, control characters, the escape character itself, and lone
#: surrogates, which no file name can hold.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|%\u2028\u2029\ud800-\udfff]')
_EMPTY = "%_"
_LONG = "%~"


def _escape(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def safe_part(part: str) -> str:
    """Return a part of an identifier as one name of a file or directory.

    Args:
        part: Any text: the name of a step, an output, a partition.

    Returns:
        The text itself if it is an ordinary name; else unsafe characters are escaped as ``%XX``
        (``..``, ``a/b`` and ``c:`` become ``.%2E``, ``a%2Fb`` and ``c%3A``), and what is longer than
        200 bytes ends in a hash of the whole.
    """
    if not part:
        return _EMPTY
    name = _UNSAFE.sub(lambda match: _escape(match.group()), part)
    # Names of only dots lead elsewhere; a dot or space at the end is dropped by some file systems.
    if name[-1] in ". ":
        name = name[:-1] + _escape(name[-1])
    if len(name) <= MAX_PART_BYTES // 4:
        return name
    encoded = name.encode()
    if len(encoded) <= MAX_PART_BYTES:
        return name
    import hashlib

    digest = hashlib.sha256(encoded).hexdigest()[:40]
    return encoded[:_KEPT_BYTES].decode("utf-8", "ignore") + _LONG + digest


def safe_parts(parts: Iterable[str]) -> list[str]:
    """Return each part as :func:`safe_part` does."""
    return [safe_part(str(part)) for part in parts]
