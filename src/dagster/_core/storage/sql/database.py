"""One database: its connections, transactions, and the few things in which databases differ.

Functions that query take a connection; nothing else knows how one comes about.
"""

from __future__ import annotations

import logging
import os
import random
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import QueuePool, StaticPool

import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.storage.sql.prepared import Prepared, driver_of, run_on_driver
from dagster._core.storage.sql.server_engine import (
    ConnectionLimits,
    PasswordSource,
    close_when_free,
    is_login_refused,
    is_refused,
    is_statement_timeout,
    server_engine,
)
from dagster._core.storage.sql.types import ExactText
from dagster._process.forks import forget_in_forks

T = TypeVar("T")

_logger = logging.getLogger(__name__)

#: How long a statement waits for another writer of the same SQLite file, in seconds.
SQLITE_BUSY_SECONDS = 120.0
#: A row of many indexes changes a page of each, and whole pages are written and synced: small ones cost
#: less, yet not so small that a body fills many.
_PAGE_BYTES = 2048
#: How many pages are written before they are put into place, which must wait for the disk.
_WAL_PAGES = 4000
#: How long a database that does not answer is waited for before its error reaches the caller, in seconds.
RECONNECT_SECONDS = 120.0
#: After how long somebody who waits is told why, in seconds.
PATIENCE_SECONDS = 2.0


class DatabaseUnavailableError(DagsterInvariantViolationError):
    """The database cannot be reached or written, and waiting did not help."""


class DatabaseFullError(DagsterInvariantViolationError):
    """There is no space left where the database is kept."""


class DatabaseTimeoutError(DagsterInvariantViolationError):
    """A statement took longer than it may."""


class _NoLock:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_exc: object) -> None:
        return None


_NO_LOCK = _NoLock()


class Database:
    """A database and its small pool of connections.

    Args:
        engine: The engine.
        description: What it is, for messages: a path, or a URL without its password.
        reconnect_seconds: How long it is waited for when it does not answer.
        server_url: Its URL, if it is on a server.
        password: What gives each connection its password, if that is not the URL's.
    """

    def __init__(
        self,
        engine: Engine,
        description: str,
        reconnect_seconds: float = RECONNECT_SECONDS,
        server_url: sa.URL | None = None,
        password: PasswordSource | None = None,
    ) -> None:
        self.engine = engine
        self._server_url = server_url
        self._password = password
        self._limits = ConnectionLimits()
        self.description = description
        self._reconnect_seconds = reconnect_seconds
        #: On SQLite: the connection of all write transactions, which follow each other.
        self._writer: Connection | None = None
        self._upserts: dict[str, Prepared] = {}
        self._make_locks()
        forget_in_forks(self)

    def _make_locks(self) -> None:
        # One writer per file and process: waiting here is fair and cheap, SQLite's own waiting is neither.
        is_sqlite = self.engine.dialect.name == "sqlite"
        self._write_lock: Any = threading.RLock() if is_sqlite else _NO_LOCK
        # In memory there is one connection for all threads, which has one transaction at a time.
        self._read_lock: Any = self._write_lock if self.is_in_memory else _NO_LOCK

    @property
    def dialect_name(self) -> str:
        """``sqlite``, ``postgresql`` or ``mysql``."""
        name = self.engine.dialect.name
        return "mysql" if name == "mariadb" else name

    @property
    def is_in_memory(self) -> bool:
        """Whether what it holds goes with the process."""
        return isinstance(self.engine.pool, StaticPool)

    def dispose(self) -> None:
        """Close all connections."""
        with self._write_lock:
            self._close_writer()
        self.engine.dispose()

    def forget_parent(self) -> None:
        """Leave the connections to the parent: called in a forked process, which must open its own."""
        self._make_locks()
        if not self.is_in_memory:  # such a database was copied as a whole
            self.engine.dispose(close=False)
            if self._writer is not None:
                _inherited.append(self._writer)
                self._writer = None

    def limit_connections(self, statement_timeout: int, pool_recycle: int, max_overflow: int) -> None:
        """Say what the connections to a server may be and do. SQLite has nothing of the kind.

        It holds for all storages of this process that are on the database, from their next transaction on;
        those that go on are not touched.

        Args:
            statement_timeout: How long a statement may take, in milliseconds; 0 is as long as it likes.
            pool_recycle: After how many seconds a connection is replaced; -1 is never.
            max_overflow: How many connections there may be beside the two that are kept; -1 is any number.

        Raises:
            ParameterCheckError: If one of them is no number that makes sense.
        """
        limits = ConnectionLimits.checked(statement_timeout, pool_recycle, max_overflow)
        # Three storages on one database ask for the same.
        if self._server_url is None or limits == self._limits:
            return
        before, self.engine = self.engine, server_engine(self._server_url, limits, self._password)
        self._limits = limits
        close_when_free(before)

    # Transactions

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Return what a function of a connection gives, in one read transaction.

        It is called again when the connection breaks.
        """
        return self._retrying(lambda: self._in_connection(fn, write=False))

    def write(self, fn: Callable[[Connection], T]) -> T:
        """Return what a function of a connection gives, in one write transaction.

        It is called again when the connection breaks, also when it is not known whether the commit came
        through: what it does must come to the same when it is done twice.
        """
        return self._retrying(lambda: self._in_connection(fn, write=True))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A write transaction without retries, for code that needs a ``with`` block."""
        with (
            self._telling_timeouts(),
            self._write_lock,
            self.engine.connect() as connection,
        ):
            connection = connection.execution_options(dagster_write=True)
            with connection.begin():
                yield connection

    def _in_connection(self, fn: Callable[[Connection], T], *, write: bool) -> T:
        if not write:
            with self._read_lock, self.engine.connect() as connection, connection.begin():
                return fn(connection)
        if self._write_lock is _NO_LOCK:
            with self.engine.connect() as connection, connection.begin():
                return fn(connection)
        with self._write_lock:
            # Kept from one transaction to the next: to take it out of the pool costs as much as a commit.
            connection = self._writer
            if connection is None:
                connection = self._writer = self.engine.connect().execution_options(dagster_write=True)
            try:
                with connection.begin():
                    return fn(connection)
            except BaseException:
                self._close_writer()
                raise

    def _close_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def _retrying(self, attempt: Callable[[], T]) -> T:
        started: float | None = None
        told = False
        delay = 0.01
        while True:
            try:
                return attempt()
            except DBAPIError as exc:
                if self._is_full(exc):
                    raise DatabaseFullError(
                        f"There is no space left where the database {self.description} is kept "
                        f"({_first_line(exc)}). What was stored before is intact, the last change was not "
                        "stored. Make space and try again."
                    ) from exc
                if is_statement_timeout(exc):
                    raise self._timeout_error(exc) from exc
                if self._is_refused(exc):
                    raise DatabaseUnavailableError(
                        f"The database {self.description} cannot be opened: {self._refusal(exc)}"
                    ) from exc
                if not self._is_passing(exc):
                    raise
                now = _time.monotonic()
                started = now if started is None else started
                if now >= started + self._reconnect_seconds:
                    raise DatabaseUnavailableError(
                        f"The database {self.description} did not answer for "
                        f"{_time.format_duration(self._reconnect_seconds)}: {_first_line(exc)}"
                    ) from exc
                if not told and now >= started + PATIENCE_SECONDS:
                    told = True
                    _logger.warning(
                        "The database %s does not answer (%s). It is tried again for up to %s.",
                        self.description,
                        _first_line(exc),
                        _time.format_duration(self._reconnect_seconds),
                    )
                _time.sleep(delay * (0.5 + random.random()))
                delay = min(delay * 2, 1.0)

    @contextmanager
    def _telling_timeouts(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as exc:
            if is_statement_timeout(exc):
                raise self._timeout_error(exc) from exc
            raise

    def _timeout_error(self, exc: DBAPIError) -> DatabaseTimeoutError:
        limit = self._limits.statement_timeout
        whose = (
            f"A statement of this process may take {_time.format_duration(limit / 1000)} (statement_timeout)"
            if limit
            else "The limit is not this process's own"
        )
        return DatabaseTimeoutError(
            f"The database {self.description} ended a statement that was not done yet ({_first_line(exc)}). "
            f"{whose}: ask for less at a time, or raise the limit. Nothing was changed."
        )

    def _is_full(self, exc: DBAPIError) -> bool:
        if self.dialect_name == "sqlite":
            return is_sqlite_full(str(exc.orig), self.description)
        if self.dialect_name == "mysql":
            return exc.orig is not None and exc.orig.args[:1] in ((1021,), (1114,))
        return getattr(exc.orig, "sqlstate", None) == "53100"

    def _is_refused(self, exc: DBAPIError) -> bool:
        """Whether the server answers, but will never let this connection in."""
        if not isinstance(exc, OperationalError) or self.dialect_name == "sqlite":
            return False
        if self.dialect_name == "mysql":
            return exc.orig is not None and exc.orig.args[:1] in ((1044,), (1045,), (1049,))
        return is_refused(exc)

    def _refusal(self, exc: DBAPIError) -> str:
        reason = _first_line(exc)
        if self._password is None or exc.orig is None or not is_login_refused(exc.orig):
            return reason
        return f"{reason.rstrip('.')}. {self._password.advice}"

    def _is_passing(self, exc: DBAPIError) -> bool:
        """Whether the same statement may succeed if it is tried again."""
        text = str(exc.orig).lower()
        if self.dialect_name == "sqlite":
            return isinstance(exc, OperationalError) and ("locked" in text or "busy" in text)
        if exc.connection_invalidated or isinstance(exc, InterfaceError):
            return True
        if isinstance(exc, OperationalError):
            if self.dialect_name == "mysql":
                code = exc.orig.args[0] if exc.orig is not None and exc.orig.args else None
                # Lost, gone, refused, cannot connect; lock wait and deadlock ask for another try as well.
                return code in {1040, 1053, 1205, 1213, 2002, 2003, 2006, 2013, 2055}
            state = getattr(exc.orig, "sqlstate", None)
            # Without a state the connection itself failed; 08 is connection, 57P is shutdown, 53 is too
            # many, 40 asks for another try.
            return state is None or state[:2] in {"08", "40", "53"} or state.startswith("57P")
        return False

    # Differences

    def upsert(
        self,
        table: sa.Table,
        values: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        keys: Sequence[str],
        changes: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] | None,
    ) -> sa.Insert:
        """Return an insert that changes the row that is there.

        Args:
            table: The table.
            values: The row, or several.
            keys: The columns of the unique index.
            changes: New values by column, or a function of the row that would be inserted giving them;
                None leaves the row as it is.
        """
        if self.dialect_name == "mysql":
            statement = mysql.insert(table).values(values)
            if changes is None:
                first = keys[0]
                return statement.on_duplicate_key_update({first: table.c[first]})
            given = changes(statement.inserted) if callable(changes) else changes
            return statement.on_duplicate_key_update(dict(given))
        module = sqlite if self.dialect_name == "sqlite" else postgresql
        statement = module.insert(table).values(values)
        if changes is None:
            return statement.on_conflict_do_nothing(index_elements=list(keys))
        given = changes(statement.excluded) if callable(changes) else changes
        return statement.on_conflict_do_update(index_elements=list(keys), set_=dict(given))

    def prepared_upsert(
        self, table: sa.Table, names: Sequence[str], keys: Sequence[str], changes: Sequence[str]
    ) -> Prepared:
        """Return the insert of rows of which some columns change the row that is there. It is made once.

        Args:
            table: The table. For each there is one such insert.
            names: The columns that rows have values for.
            keys: The columns of the unique index.
            changes: The columns that are changed in the row that is there; none leaves it as it is.
        """
        known = self._upserts.get(table.name)
        if known is None:
            values = {name: sa.bindparam(name) for name in names}
            new = (lambda row: {name: row[name] for name in changes}) if changes else None
            known = self._upserts[table.name] = Prepared(self.upsert(table, values, keys, new))
        return known

    def starts_with(self, column: Any, prefix: str) -> Any:
        """Return a condition that a text column starts with a prefix, taken literally."""
        if isinstance(column.type, ExactText):
            size = len(prefix.encode("utf-8", "surrogatepass"))
            return sa.func.substr(column, 1, size, type_=ExactText()) == prefix
        return sa.func.substr(column, 1, len(prefix)) == prefix


#: Connections of the parent of a forked process: SQLite forbids the child to close them.
_inherited: list[Connection] = []


def is_sqlite_full(text: str, path: str) -> bool:
    """Whether an error of SQLite tells that there is no space left for a file."""
    # Where a file beside the database cannot grow, it only speaks of an I/O error.
    return "database or disk is full" in text or (
        "disk I/O error" in text and _free_bytes(path) < 1_000_000
    )


def set_wal(connection: sqlite3.Connection) -> None:
    """Let the readers and the writer of a SQLite file not wait for each other.

    Where several processes do it at once, all but one are told that the file is locked, at once, whatever
    the time that they would wait for other statements.
    """
    deadline = _time.monotonic() + SQLITE_BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or _time.monotonic() > deadline:
                raise
            _time.sleep(0.002 + random.random() / 100)


def _free_bytes(path: str) -> int:
    try:
        return shutil.disk_usage(os.path.dirname(path) or ".").free
    except OSError:
        return sys.maxsize


def _first_line(exc: DBAPIError) -> str:
    return str(exc.orig).strip().splitlines()[0] if str(exc.orig).strip() else type(exc.orig).__name__


def open_sqlite(path: str) -> Database:
    """Open, and make if need be, the SQLite database at a path. Directories are made too."""
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=path),
        connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=2,
        max_overflow=8,
    )
    _prepare_sqlite(engine, wal=True)
    return Database(engine, path)


def open_memory() -> Database:
    """Open a new SQLite database in memory, shared by the threads of this process."""
    engine = sa.create_engine(
        "sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool
    )
    _prepare_sqlite(engine, wal=False)
    return Database(engine, "in memory")


def open_server(
    url: str | sa.URL,
    reconnect_seconds: float = RECONNECT_SECONDS,
    password: PasswordSource | None = None,
) -> Database:
    """Open a database on a server: at most two connections per process, whatever the number of runs.

    Args:
        url: ``postgresql+psycopg://…`` or ``mysql+pymysql://…``.
        reconnect_seconds: How long it is waited for when it does not answer.
        password: What gives each connection its password; without it, that is the URL's.
    """
    parsed = sa.make_url(url)
    engine = server_engine(parsed, ConnectionLimits(), password)
    description = parsed.render_as_string(hide_password=True)
    return Database(engine, description, reconnect_seconds, parsed, password)


def _prepare_sqlite(engine: Engine, *, wal: bool) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # The driver's own transactions begin too late; ours begin where SQLAlchemy's do.
        connection.isolation_level = None
        cursor = connection.cursor()
        if wal:
            # Of effect before there is anything in the file.
            cursor.execute(f"PRAGMA page_size={_PAGE_BYTES}")
            set_wal(connection)
            cursor.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute(f"PRAGMA busy_timeout={int(SQLITE_BUSY_SECONDS * 1000)}")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A write transaction takes its lock at once: one that starts as a reader may never get it.
        write = connection.get_execution_options().get("dagster_write")
        run_on_driver(driver_of(connection).execute, "BEGIN IMMEDIATE" if write else "BEGIN")
