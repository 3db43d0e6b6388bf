"""The storages of an ephemeral instance: a database in memory behind a buffer.

Loaded when somebody reads for the first time; see :mod:`dagster._core.storage.ephemeral`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.engine import Connection

from dagster._core.storage.sql.database import Database, open_memory
from dagster._core.storage.unified import UnifiedSqlStorage

T = TypeVar("T")


class BufferedDatabase(Database):
    """A database in memory that is brought up to date whenever it is used.

    Args:
        drain: Brings what is buffered into the database, through the storages that use it.
    """

    def __init__(self, drain: Callable[[], None]) -> None:
        super().__init__(open_memory().engine, "in memory")
        self._drain = drain

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Return what a function of a connection gives, after everything that was buffered."""
        self._drain()
        return super().read(fn)

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Do what a function of a connection does, after everything that was buffered."""
        self._drain()
        return super().write(fn)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A write transaction, after everything that was buffered."""
        self._drain()
        with super().transaction() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the connection, once nobody uses it."""
        with self._write_lock:
            super().dispose()


class MemoryStorages(UnifiedSqlStorage):
    """The three storages of an ephemeral instance, on one database.

    Args:
        drain: Brings what is buffered into the database.
    """

    def __init__(self, drain: Callable[[], None]) -> None:
        super().__init__(BufferedDatabase(drain))
