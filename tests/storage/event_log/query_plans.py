"""How SQLite answers questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from dagster._core.storage.sql.database import Database


def plans(database: Database, ask: Callable[[], object]) -> list[str]:
    """Return how SQLite answers the questions that a call asks."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)
    assert asked
    found: list[str] = []
    with database.engine.connect() as connection:
        for statement, parameters in asked:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found += [row[3] for row in rows]
    return found
