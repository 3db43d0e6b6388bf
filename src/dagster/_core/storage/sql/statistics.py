"""The statistics by which a database chooses its indexes."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.storage.sql.database import Database


def analyze(
    database: Database, metadata: sa.MetaData, print_fn: Callable[[str], None] | None = None
) -> None:
    """Let a database count anew what is in its tables, so that it chooses the right index.

    Args:
        database: The database.
        metadata: The tables.
        print_fn: Is told of each table.
    """
    word = "ANALYZE TABLE" if database.dialect_name == "mysql" else "ANALYZE"
    for table in metadata.sorted_tables:
        if print_fn is not None:
            print_fn(f"Counting anew what is in {table.name} of {database.description}")

        def count(connection: Connection, name: str = table.name) -> None:
            connection.exec_driver_sql(f"{word} {name}")

        database.write(count)
