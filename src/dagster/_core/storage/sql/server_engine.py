"""The engine of a database on a server: how many connections it has, how old they get, what a statement may take,
and how they get in."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

import dagster._check as check
from dagster._check import ParameterCheckError
from dagster._text import expected

#: How many connections a process keeps.
POOL_SIZE = 2
#: The codes with which MariaDB and MySQL say that a statement took too long.
_MYSQL_TIMEOUTS = ((1969,), (3024,))
#: How PostgreSQL and its client library say that somebody is not let in; the last is Azure's, of a token.
_LOGIN_REFUSALS = (
    "authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "is not permitted to log in",
    "The access token ",
)
#: How it says that what somebody wants is not there.
_NOT_THERE = '" does not exist'


class PasswordSource(Protocol):
    """What gives each new connection its password, where that is not always the same."""

    @property
    def name(self) -> str:
        """Tells it from others: two of one name give the same passwords. It is no secret."""
        ...

    @property
    def advice(self) -> str:
        """What to check where a server does not let its passwords in: a sentence."""
        ...

    def current(self) -> str:
        """Return the password of a new connection."""
        ...

    def renewed(self, refused: str) -> str:
        """Return another password than one that a server did not let in, or that one if there is no other."""
        ...


class ConnectionLimits(NamedTuple):
    """What the connections to a server may be and do.

    Args:
        statement_timeout: How long a statement may take, in milliseconds; 0 is as long as it likes, None as
            long as the server has it.
        pool_recycle: After how many seconds a connection is replaced; -1 is never.
        max_overflow: How many connections there may be beside those that are kept; -1 is any number.
    """

    statement_timeout: int | None = None
    pool_recycle: int = 1800
    max_overflow: int = 0  # one over the pool's size is opened and closed again and again

    @staticmethod
    def checked(statement_timeout: int, pool_recycle: int, max_overflow: int) -> ConnectionLimits:
        """Return limits that somebody gave.

        Raises:
            ParameterCheckError: If one of them is no number that makes sense.
        """
        _at_least(statement_timeout, "statement_timeout", 0)
        _at_least(pool_recycle, "pool_recycle", -1)
        _at_least(max_overflow, "max_overflow", -1)
        return ConnectionLimits(statement_timeout, pool_recycle, max_overflow)


def _at_least(value: int, name: str, least: int) -> None:
    if check.int_param(value, name) < least:
        raise ParameterCheckError(expected(name, f"{least} or more", value))


def server_engine(
    url: sa.URL, limits: ConnectionLimits, password: PasswordSource | None = None
) -> Engine:
    """Return a new engine. It connects when it is first used.

    Args:
        url: ``postgresql+psycopg://…`` or ``mysql+pymysql://…``.
        limits: What its connections may be and do.
        password: What gives each of them its password; without it, that is the URL's.
    """
    arguments: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        arguments = {"connect_timeout": 10}
    elif url.get_backend_name() == "mysql":
        arguments = {"connect_timeout": 10, "charset": "utf8mb4"}
    engine = sa.create_engine(
        url,
        connect_args=arguments,
        poolclass=QueuePool,
        pool_size=POOL_SIZE,
        max_overflow=limits.max_overflow,
        pool_timeout=600,
        pool_recycle=limits.pool_recycle,
        isolation_level="READ COMMITTED",
    )
    if password is not None:
        _ask_for_passwords(engine, password)
    milliseconds = limits.statement_timeout
    if milliseconds is not None:
        is_postgresql = url.get_backend_name() == "postgresql"

        # Said by the connection itself: the URL's options may hold others, and some proxies take none.
        @event.listens_for(engine, "connect")
        def on_connect(connection: Any, _record: Any) -> None:
            server = "PostgreSQL" if is_postgresql else connection.get_server_info()
            cursor = connection.cursor()
            cursor.execute(limiting_statement(server, milliseconds))
            cursor.close()
            connection.commit()

    return engine


def _ask_for_passwords(engine: Engine, password: PasswordSource) -> None:
    @event.listens_for(engine, "do_connect")
    def on_do_connect(dialect: Any, _record: Any, positional: Any, named: Any) -> Any:
        # Into a copy: before SQLAlchemy 2.1 the mapping is that of all connections to come.
        given = password.current()
        try:
            return dialect.connect(*positional, **{**named, "password": given})
        except dialect.loaded_dbapi.OperationalError as exc:
            # What was valid for an hour may be so no longer: keys are exchanged, sessions ended.
            other = password.renewed(given) if is_login_refused(exc) else given
            if other == given:
                raise
        return dialect.connect(*positional, **{**named, "password": other})


def is_login_refused(error: BaseException) -> bool:
    """Whether an error of PostgreSQL's driver tells that the server does not let somebody in."""
    # At this time the driver gives no code.
    text = str(error)
    return getattr(error, "sqlstate", None) is None and any(part in text for part in _LOGIN_REFUSALS)


def is_refused(exc: DBAPIError) -> bool:
    """Whether PostgreSQL answers, but will never open this connection."""
    if exc.orig is None or getattr(exc.orig, "sqlstate", None) is not None:
        return False
    return is_login_refused(exc.orig) or _NOT_THERE in str(exc.orig)


def close_when_free(engine: Engine) -> None:
    """Close the connections of an engine that nobody asks for new ones: those in use when they are given back."""

    @event.listens_for(engine, "checkin")
    def on_checkin(connection: Any, record: Any) -> None:
        if connection is not None:  # else it broke, and is closed
            record.invalidate()

    engine.dispose()


def limiting_statement(server: str, milliseconds: int) -> str:
    """Return what limits the statements of a connection.

    Args:
        server: ``PostgreSQL``, or the version that a MySQL or MariaDB server tells.
        milliseconds: How long a statement may take; 0 is as long as it likes.
    """
    if server == "PostgreSQL":
        return f"SET statement_timeout = {milliseconds}"
    if "mariadb" in server.lower():
        return f"SET SESSION max_statement_time = {milliseconds / 1000:.3f}"
    # MySQL has a limit for what only reads.
    return f"SET SESSION max_execution_time = {milliseconds}"


def is_statement_timeout(exc: DBAPIError) -> bool:
    """Whether a server ended a statement because it took too long."""
    if exc.orig is None:
        return False
    # PostgreSQL has one code for this and for somebody who asked for it; its words are in any language.
    return exc.orig.args[:1] in _MYSQL_TIMEOUTS or getattr(exc.orig, "sqlstate", None) == "57014"
