"""Statements that are done for every event or run, spelled out once for each kind of database.

SQLAlchemy takes longer over a small statement than SQLite does to carry it out. What is prepared goes to
SQLite's driver as it is; the way to a server takes longer than both, and what goes there goes as ever.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
import sqlalchemy.exc
from sqlalchemy.engine import Connection, Dialect

Row = dict[str, Any]
_Parameters = Callable[[Mapping[str, Any]], tuple[Any, ...]]
_Processor = Callable[[Any], Any] | None


class Prepared:
    """A statement with a fixed number of values, which are given when it is carried out.

    Args:
        statement: An insert, update or select in terms of SQLAlchemy. A select has columns of tables only.
        names: The columns that an insert of rows has values for; None for a statement that names its
            values by ``bindparam``.
    """

    __slots__ = ("_names", "_parameters", "_results", "_statement", "_text")

    def __init__(self, statement: Any, names: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._names = names
        self._text: str | None = None
        self._parameters: _Parameters = tuple
        self._results: list[tuple[str, _Processor]] = []

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Carry it out with some values.

        Args:
            connection: A connection in a transaction.
            values: The values by name.
        """
        driver = self._driver_of(connection)
        if driver is None:
            connection.execute(self._statement, values)
        else:
            self._run(driver.execute, self._parameters(values))

    def execute_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Carry it out with each of some rows of values."""
        driver = self._driver_of(connection)
        if driver is None:
            connection.execute(self._statement, rows)
        else:
            self._run(driver.executemany, [self._parameters(values) for values in rows])

    def insert(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Insert one row into a table that counts its rows, and return the row's number."""
        driver = self._driver_of(connection)
        if driver is None:
            return connection.execute(self._statement, values).inserted_primary_key[0]  # pyright: ignore[reportOptionalSubscript]
        return self._run(driver.execute, self._parameters(values)).lastrowid

    def fetch(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Return the rows that a select finds, by the names of their columns."""
        driver = self._driver_of(connection)
        if driver is None:
            return [dict(row) for row in connection.execute(self._statement, values).mappings()]
        found = self._run(driver.execute, self._parameters(values)).fetchall()
        return [
            {
                name: value if processor is None or value is None else processor(value)
                for (name, processor), value in zip(self._results, row, strict=True)
            }
            for row in found
        ]

    def _driver_of(self, connection: Connection) -> sqlite3.Connection | None:
        """Return SQLite's own connection, with the statement spelled out; None on a server."""
        if connection.dialect.name != "sqlite":
            return None
        if self._text is None:
            self._prepare(connection.dialect)
        return driver_of(connection)

    def _run(self, call: Callable[[str, Any], Any], parameters: Any) -> Any:
        text = self._text
        assert text is not None  # _driver_of spelled it out
        return run_on_driver(call, text, parameters)

    def _prepare(self, dialect: Dialect) -> None:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._names)
        bound = [compiled.binds[name] for name in compiled.positiontup or ()]
        self._parameters = _parameters_of(
            [_Field(each.key, _bind_processor(each.type, dialect)) for each in bound]
        )
        if isinstance(self._statement, sa.Select):
            self._results = [
                (str(column.key), _result_processor(column.type, dialect))
                for column in self._statement.selected_columns
            ]
        self._text = str(compiled)  # last: another thread takes it for a sign that all is there


class _Field(NamedTuple):
    """A place in a statement: the value that stands there, and how it is put for the driver."""

    name: str
    processor: _Processor


def _parameters_of(fields: Sequence[_Field]) -> _Parameters:
    """Return what picks the parameters of a statement out of the values that are given."""
    if len(fields) > 1 and all(field.processor is None for field in fields):
        return itemgetter(*(field.name for field in fields))

    def parameters(values: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(
            [
                values[name] if processor is None else processor(values[name])
                for name, processor in fields
            ]
        )

    return parameters


def run_on_driver(call: Callable[..., Any], text: str, *parameters: Any) -> Any:
    """Return what a method of SQLite's driver gives.

    Args:
        call: The method.
        text: The statement.
        parameters: Its parameters, if it has any.

    Raises:
        DBAPIError: What the driver raises, as SQLAlchemy would have: a passing error is told by that.
    """
    try:
        return call(text, *parameters)
    except sqlite3.Error as exc:
        kind = getattr(sqlalchemy.exc, type(exc).__name__, sqlalchemy.exc.DBAPIError)
        raise kind(text, parameters, exc) from exc


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return SQLite's own connection."""
    return connection.connection.dbapi_connection  # pyright: ignore[reportReturnType]


def _bind_processor(kind: Any, dialect: Dialect) -> _Processor:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _result_processor(kind: Any, dialect: Dialect) -> _Processor:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
