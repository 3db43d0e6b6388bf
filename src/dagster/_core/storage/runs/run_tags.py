"""The tags that runs have, without looking at the runs: each distinct one is a jump in the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.storage.sql.keys import is_text_itself, key_of
from dagster._core.storage.sql.tables import run_tags

_PAGE = 500
#: As much of a prefix as every key has that stands for a text with this prefix, in bytes.
_COMMON_BYTES = 200


def fetch_tag_keys(connection: Connection) -> list[str]:
    """Return the tags that runs have, in order."""
    column = run_tags.c.tag_key
    return sorted(_text_of_tag(connection, key) for key in _distinct(connection, column, (), "", None))


def fetch_tags(
    connection: Connection, tag_keys: Sequence[str], value_prefix: str | None, limit: int | None
) -> list[tuple[str, set[str]]]:
    """Return values of tags; see ``RunStorage.get_run_tags``."""
    found: list[tuple[str, set[str]]] = []
    left = limit
    for tag in dict.fromkeys(tag_keys):
        if left is not None and left <= 0:
            break
        values = _values(connection, key_of(tag), value_prefix or "", left)
        if values:
            found.append((tag, values))
        if left is not None:
            left -= len(values)
    return found


def _values(connection: Connection, tag_key: str, prefix: str, limit: int | None) -> set[str]:
    start = _common_part(prefix)
    found: set[str] = set()
    of_tag = (run_tags.c.tag_key == tag_key,)
    for key in _distinct(connection, run_tags.c.value_key, of_tag, start, limit):
        if not key.startswith(start):
            break
        value = key if is_text_itself(key) else _text_of_value(connection, tag_key, key)
        if value.startswith(prefix):
            found.add(value)
            if len(found) == limit:
                break
    return found


def _common_part(prefix: str) -> str:
    """Return the part of a prefix that the keys of all texts with it start with; see ``key_of``."""
    raw = prefix.encode("utf-8", "surrogatepass")[:_COMMON_BYTES]
    head = raw.partition(b"\x00")[0]
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as exc:  # half a surrogate pair, or a character that was cut
        return head[: exc.start].decode("utf-8")


def _text_of_tag(connection: Connection, key: str) -> str:
    if is_text_itself(key):
        return key
    query = sa.select(run_tags.c.tag).where(run_tags.c.tag_key == key).limit(1)
    return connection.execute(query).scalar() or key


def _text_of_value(connection: Connection, tag_key: str, value_key: str) -> str:
    query = sa.select(run_tags.c.value).where(
        run_tags.c.tag_key == tag_key, run_tags.c.value_key == value_key
    )
    return connection.execute(query.limit(1)).scalar() or value_key


def _distinct(
    connection: Connection, column: Any, where: Sequence[Any], start: str, limit: int | None
) -> Iterator[str]:
    """Yield the distinct keys of a column from a first one on, in order, page by page."""
    size = _PAGE if limit is None else min(limit, _PAGE)
    from_here = column >= start
    while True:
        page = connection.execute(_page(connection, column, where, from_here, size)).scalars().all()
        yield from page
        if len(page) < size:
            return
        from_here = column > page[-1]


def _page(
    connection: Connection, column: Any, where: Sequence[Any], from_here: Any, size: int
) -> sa.Select[Any]:
    if connection.dialect.name in ("mysql", "mariadb"):
        # Reads the first row of each group by itself, and lets no recursion go on for long.
        query = sa.select(column).distinct().where(*where, from_here)
        return query.order_by(column).limit(size)
    first = sa.select(sa.func.min(column).label("item")).where(*where, from_here)
    walk = first.cte("walk", recursive=True)
    following = sa.select(sa.func.min(column)).where(*where, column > walk.c.item).scalar_subquery()
    walk = walk.union_all(sa.select(following).where(walk.c.item.is_not(None)))
    return sa.select(walk.c.item).where(walk.c.item.is_not(None)).limit(size)
