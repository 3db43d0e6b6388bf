"""Statements that change tables, each of which looks first at what is there.

A migration or creation that was killed is run again from its start, and MySQL keeps what the first try
had done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from dagster._core.errors import DagsterInvariantViolationError


class ForeignTableError(DagsterInvariantViolationError):
    """A table has one of our names and is not ours."""


def create_missing(connection: Connection, metadata: sa.MetaData, description: str) -> None:
    """Make the tables and indexes of a metadata that are not there.

    Args:
        connection: A connection in a write transaction.
        metadata: The tables.
        description: What the database is, for messages.

    Raises:
        ForeignTableError: If there is a table of one of the names with other columns.
    """
    existing = set(sa.inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.name in existing:
            _refuse_foreign(connection, table, description)
            create_indexes(connection, table)
    for name, statements in _statements(metadata, connection.dialect):
        if name not in existing:
            for statement in statements:
                connection.exec_driver_sql(statement)


def create_indexes(connection: Connection, table: sa.Table, names: Iterable[str] | None = None) -> None:
    """Make the indexes of a table that are not there.

    Args:
        connection: A connection in a write transaction.
        table: The table with its indexes.
        names: Only these. Default: all.
    """
    wanted = None if names is None else set(names)
    existing = {index["name"] for index in sa.inspect(connection).get_indexes(table.name)}
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        if index.name not in existing and (wanted is None or index.name in wanted):
            connection.execute(CreateIndex(index))


def drop_index(connection: Connection, table: sa.Table, name: str) -> None:
    """Drop an index, if it is there."""
    for index in sa.inspect(connection).get_indexes(table.name):
        if index["name"] == name:
            sa.Index(name, table.c[str(index["column_names"][0])], _table=table).drop(connection)


def add_column(connection: Connection, table: sa.Table, name: str) -> None:
    """Add a column of a table, if it is not there."""
    existing = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    if name in existing:
        return
    dialect = connection.dialect
    quoted = dialect.identifier_preparer.format_table(table)
    column = CreateColumn(table.c[name]).compile(dialect=dialect)
    connection.exec_driver_sql(f"ALTER TABLE {quoted} ADD COLUMN {column}")


def drop_column(connection: Connection, table_name: str, name: str) -> None:
    """Drop a column, if it is there."""
    existing = {column["name"] for column in sa.inspect(connection).get_columns(table_name)}
    if name in existing:
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql(f"ALTER TABLE {quote(table_name)} DROP COLUMN {quote(name)}")


#: The statements that make each table of a metadata. Compiled once: with databases per run they are many.
_COMPILED: dict[tuple[sa.MetaData, str], list[tuple[str, list[str]]]] = {}


def _statements(metadata: sa.MetaData, dialect: sa.Dialect) -> list[tuple[str, list[str]]]:
    found = _COMPILED.get((metadata, dialect.name))
    if found is None:
        found = [(table.name, _statements_of(table, dialect)) for table in metadata.sorted_tables]
        _COMPILED[metadata, dialect.name] = found
    return found


def _statements_of(table: sa.Table, dialect: sa.Dialect) -> list[str]:
    if dialect.name in ("mysql", "mariadb"):
        # Whatever the default of the database: texts of any language, and transactions.
        table.dialect_kwargs.update({"mysql_charset": "utf8mb4", "mysql_engine": "InnoDB"})
    parts: list[Any] = [CreateTable(table)]
    parts += [CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name))]
    return [str(part.compile(dialect=dialect)) for part in parts]


def _refuse_foreign(connection: Connection, table: sa.Table, description: str) -> None:
    found = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    lacking = [column.name for column in table.columns if column.name not in found]
    if lacking:
        raise ForeignTableError(
            f'The database {description} has a table "{table.name}" that Dagwerk did not make (it has no '
            f'column "{lacking[0]}"): perhaps it belongs to another program, or to Dagster itself, whose '
            "tables have the same names. Give Dagwerk a database, schema or directory of its own."
        )
