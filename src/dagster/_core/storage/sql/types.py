"""Column types that mean the same on SQLite, PostgreSQL and MySQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Dialect, Double, Integer, LargeBinary, String
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator

from dagster._core.storage.sql.keys import KEY_BYTES


class Key(TypeDecorator[str]):
    """A key (see :mod:`dagster._core.storage.sql.keys`), compared byte by byte.

    On MySQL it is binary: its text collations fold case or ignore trailing spaces. On PostgreSQL it has
    the collation that orders by bytes, whatever that of the database.
    """

    impl = String(KEY_BYTES)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.VARBINARY(KEY_BYTES))
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(String(KEY_BYTES, collation=collation))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        if value is not None and dialect.name in ("mysql", "mariadb"):
            return value.encode("utf-8")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return value.decode("utf-8") if isinstance(value, bytes) else value

    # SQLite takes and gives a text as it is: nothing is called for it.

    def bind_processor(self, dialect: Dialect) -> Any:
        return None if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return None if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


class Body(TypeDecorator[bytes]):
    """The JSON of a record, as bytes of any length."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.LONGBLOB())
        return dialect.type_descriptor(LargeBinary())

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        return bytes(value) if isinstance(value, memoryview) else value

    # SQLite takes and gives bytes as they are: nothing is called for them.

    def bind_processor(self, dialect: Dialect) -> Any:
        return None if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return None if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


class ExactText(TypeDecorator[str]):
    """A text of any length and content, also with NUL or half a surrogate pair, as UTF-8 bytes.

    Text columns hold neither on PostgreSQL, nor everything on MySQL.
    """

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.LONGBLOB())
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else value.encode("utf-8", "surrogatepass")

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else bytes(value).decode("utf-8", "surrogatepass")

    # SQLite takes and gives bytes as they are: nothing else is called for them.

    def bind_processor(self, dialect: Dialect) -> Any:
        return _encoded if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return _decoded if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _encoded(value: str | None) -> bytes | None:
    return None if value is None else value.encode("utf-8", "surrogatepass")


def _decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogatepass")


#: A row's own number. SQLite only counts up by itself for a plain INTEGER.
RowId = BigInteger().with_variant(Integer(), "sqlite")
#: Seconds since the epoch.
Timestamp = Double()
