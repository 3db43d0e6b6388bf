"""The schema of a database: making it, checking its version, bringing it up to date.

A database holds one or more *groups* of tables: ``runs``, ``events``, ``schedules``. Each group has its
own line of revisions (``runs_001``, ``runs_002``, …) in one alembic history for all databases. The table
``dagwerk_version`` has one row for each group that the database holds.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError, ProgrammingError

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.ddl import create_missing
from dagster._core.storage.sql.tables import EVENT_METADATA, RUN_METADATA, SCHEDULE_METADATA

Group = Literal["runs", "events", "schedules"]

GROUPS: Final[tuple[Group, ...]] = ("runs", "events", "schedules")
METADATA_OF_GROUP: Final[Mapping[Group, sa.MetaData]] = MappingProxyType(
    {"runs": RUN_METADATA, "events": EVENT_METADATA, "schedules": SCHEDULE_METADATA}
)
VERSION_TABLE: Final = "dagwerk_version"
VERSION_METADATA = sa.MetaData()
versions = sa.Table(
    VERSION_TABLE, VERSION_METADATA, sa.Column("version_num", sa.String(32), primary_key=True)
)

_REVISION = re.compile(r"([a-z]+)_(\d+)")


class History(NamedTuple):
    """A line of revisions for each group.

    Args:
        heads: The newest revision of each group, the one that the tables of the code are.
        location: The folder of the alembic scripts.
    """

    heads: Mapping[Group, str]
    location: str


#: The history of this version.
HISTORY: Final = History(
    MappingProxyType({"runs": "runs_001", "events": "events_001", "schedules": "schedules_001"}),
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "migrations"),
)


class SchemaVersionError(DagsterInvariantViolationError):
    """A database has no tables, or those of another version."""


#: Which groups of which open database have been found current by this process.
_CURRENT: WeakKeyDictionary[Database, set[Group]] = WeakKeyDictionary()
_MIGRATING: ContextVar[bool] = ContextVar("dagster_migrating", default=False)
#: alembic keeps the migration that runs in module globals.
_ALEMBIC_LOCK = threading.Lock()


def ensure_schema(
    database: Database,
    groups: Sequence[Group],
    autocreate: bool = True,
    history: History = HISTORY,
) -> None:
    """See to it that a database has the tables of these groups. Every storage calls this when it opens.

    It is one query where they are there, and none when this process has asked before. Any number of
    processes may open a new database at once.

    Args:
        database: The database.
        groups: The groups that the storage needs.
        autocreate: Whether tables that are not there are made.
        history: The revisions that the code knows.

    Raises:
        SchemaVersionError: If the tables are of an older version, of a newer one, not Dagwerk's, or not
            there and ``autocreate`` is False.
    """
    current = _CURRENT.setdefault(database, set())
    if current.issuperset(groups):
        return
    missing = check_version(database, groups, history)
    if missing and not autocreate and not _MIGRATING.get():
        raise SchemaVersionError(
            f"The database {database.description} has no tables for {' and '.join(missing)}, and "
            "`should_autocreate_tables` is false. Run `dagster instance migrate` to make them."
        )
    if missing:
        create(database, missing, history)
    if not _MIGRATING.get():
        current.update(groups)


@contextmanager
def migrating() -> Iterator[None]:
    """Within this, storages open databases of an older version too, so that they can be upgraded.

    Tables that are not there are made, whatever ``autocreate`` says.
    """
    token = _MIGRATING.set(True)
    try:
        yield
    finally:
        _MIGRATING.reset(token)


# Versions


def read_versions(database: Database) -> dict[str, str]:
    """Return the revision of each group that a database holds, of groups that are not known too."""
    return database.read(lambda connection: _read(connection, database))


def alembic_version(
    database: Database, groups: Sequence[Group], history: History = HISTORY
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the revisions that a database has, and those that the code is made for."""
    found = read_versions(database)
    return (
        tuple(found[group] for group in groups if group in found),
        tuple(history.heads[group] for group in groups),
    )


def check_version(
    database: Database, groups: Sequence[Group], history: History = HISTORY
) -> tuple[Group, ...]:
    """Refuse a database whose tables are not of the version of the code.

    Returns:
        The groups that the database does not hold.

    Raises:
        SchemaVersionError: If a group is older or newer than the code.
    """
    found = read_versions(database)
    _refuse_others(database, {group: found[group] for group in groups if group in found}, history)
    return tuple(group for group in groups if group not in found)


def is_outdated(database: Database, groups: Sequence[Group], history: History = HISTORY) -> bool:
    """Return whether ``upgrade`` has something to do."""
    found = read_versions(database)
    return any(found.get(group) != history.heads[group] for group in groups)


def _read(connection: Connection, database: Database) -> dict[str, str]:
    try:
        rows = _rows(connection)
    except (OperationalError, ProgrammingError) as exc:
        if exc.connection_invalidated:
            raise
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return {}
        rows = _rows(connection)  # another process has just made it
    return dict(_split(text, database) for text in rows)


def _rows(connection: Connection) -> Sequence[str]:
    # PostgreSQL ends a transaction in which a statement failed, but for one in a savepoint.
    on_postgresql = connection.dialect.name == "postgresql"
    with connection.begin_nested() if on_postgresql else nullcontext():
        return connection.execute(sa.select(versions.c.version_num)).scalars().all()


def _split(revision: str, database: Database) -> tuple[str, str]:
    match = _REVISION.fullmatch(revision)
    if match is None:
        raise SchemaVersionError(
            f"The table {VERSION_TABLE} of {database.description} names a version that is not one of "
            f'Dagwerk: "{revision}". Give Dagwerk a database of its own.'
        )
    return match[1], revision


def _number(revision: str) -> int:
    return int(revision.rpartition("_")[2])


def _refuse_others(database: Database, found: Mapping[Group, str], history: History) -> None:
    newer: list[Group] = [
        group for group in found if _number(found[group]) > _number(history.heads[group])
    ]
    if newer:
        raise SchemaVersionError(
            f"The database {database.description} was brought to schema {_named(found, newer)} by a newer "
            f"version of dagwerk; this version knows {_named(history.heads, newer)} at most. Upgrade "
            "dagwerk, or give this version another database."
        )
    older: list[Group] = [group for group in found if found[group] != history.heads[group]]
    if older and not _MIGRATING.get():
        raise SchemaVersionError(
            f"The database {database.description} has schema {_named(found, older)}, made by an older "
            f"version of dagwerk; this version needs {_named(history.heads, older)}. Stop what uses it "
            "and run `dagster instance migrate`."
        )


def _named(revisions: Mapping[Group, str], groups: Sequence[Group]) -> str:
    return ", ".join(revisions[group] for group in groups)


# Making and upgrading


def create(database: Database, groups: Sequence[Group], history: History = HISTORY) -> None:
    """Make the tables of groups that a database does not hold, and note their version.

    What another process makes meanwhile is left as it is. Killed half-way, it can be called again.
    """

    def make(connection: Connection) -> None:
        create_missing(connection, VERSION_METADATA, database.description)
        found = _read(connection, database)
        for group in groups:
            if group not in found:
                create_missing(connection, METADATA_OF_GROUP[group], database.description)
                stamp(connection, history.heads[group])

    database.write(lambda connection: _locked(connection, database, make))


def stamp(connection: Connection, revision: str) -> None:
    """Note that a group is at a revision."""
    connection.execute(sa.insert(versions).values(version_num=revision))


def upgrade(
    database: Database,
    groups: Sequence[Group],
    history: History = HISTORY,
    print_fn: Callable[[str], None] | None = None,
) -> None:
    """Bring the tables of these groups to the version of the code; make those that are not there.

    Killed half-way, it can be run again: every step looks first at what is there.

    Raises:
        SchemaVersionError: If the database is newer than the code.
    """
    with migrating():
        missing = check_version(database, groups, history)
    if missing:
        create(database, missing, history)
    found = read_versions(database)
    older: list[Group] = [group for group in groups if found[group] != history.heads[group]]
    if not older:
        return
    if print_fn is not None:
        targets = ", ".join(f"{found[group]} → {history.heads[group]}" for group in older)
        print_fn(f"Migrating {database.description}: {targets}")
    with _ALEMBIC_LOCK:
        database.write(
            lambda connection: _locked(
                connection,
                database,
                lambda connection: _run_revisions(connection, older, history),
            )
        )


def _run_revisions(connection: Connection, groups: Sequence[Group], history: History) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", history.location.replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    for group in groups:
        command.upgrade(config, f"{group}@{history.heads[group]}")


def _locked(connection: Connection, database: Database, fn: Callable[[Connection], None]) -> None:
    """Call a function while no other process makes or upgrades tables in the same database."""
    if database.dialect_name == "postgresql":
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(5309, hashtext(coalesce(current_schema(), '')))")
        )
        fn(connection)
    elif database.dialect_name == "mysql":
        _under_named_lock(connection, database, fn)
    else:
        fn(connection)  # a write transaction of SQLite is alone by itself


def _under_named_lock(
    connection: Connection, database: Database, fn: Callable[[Connection], None]
) -> None:
    # MySQL ends a transaction at every CREATE and ALTER, so the lock is the session's.
    name: Any = sa.text("concat('dagwerk.', sha1(database()))")
    if connection.execute(sa.select(sa.func.get_lock(name, 600))).scalar() != 1:
        raise SchemaVersionError(
            f"Another process has been making or migrating the tables of {database.description} for ten "
            "minutes. Wait until it is done; nothing was changed."
        )
    try:
        fn(connection)
    except BaseException:
        connection.invalidate()  # gives the lock back whatever state the session is in
        raise
    connection.exec_driver_sql("COMMIT")  # the next one shall see what was done
    connection.execute(sa.select(sa.func.release_lock(name)))
