"""Databases for storage tests: each test that takes ``database`` runs on all four kinds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from dagster._core.storage.sql.database import Database, open_memory, open_server, open_sqlite
from dagster._core.storage.sql.schema import GROUPS, ensure_schema
from dagster._core.storage.sql.tables import EVENT_METADATA, RUN_METADATA, SCHEDULE_METADATA
from tests.storage.services import MYSQL, POSTGRESQL, own_schema

pytest.register_assert_rewrite("dagster.testing.storage_contract")

DATABASE_KINDS = ("memory", "sqlite", POSTGRESQL, MYSQL)
_ALL = (RUN_METADATA, EVENT_METADATA, SCHEDULE_METADATA)


def create_tables(database: Database) -> None:
    """Create all tables that are not there."""
    ensure_schema(database, GROUPS)


def empty_tables(database: Database) -> None:
    """Delete every row."""

    def delete(connection: sa.Connection) -> None:
        for metadata in _ALL:
            for table in metadata.sorted_tables:
                connection.execute(table.delete())

    database.write(delete)


def _server(kind: str) -> Iterator[Database]:
    with own_schema(kind) as url:
        database = open_server(url)
        create_tables(database)
        yield database
        database.dispose()


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[Database]:
    yield from _server(POSTGRESQL)


@pytest.fixture(scope="session")
def mysql_database() -> Iterator[Database]:
    yield from _server(MYSQL)


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    database = open_sqlite(str(tmp_path / "dagster.db"))
    create_tables(database)
    yield database
    database.dispose()


@pytest.fixture
def memory_database() -> Iterator[Database]:
    database = open_memory()
    create_tables(database)
    yield database
    database.dispose()


@pytest.fixture(params=DATABASE_KINDS)
def database(request: pytest.FixtureRequest) -> Database:
    """A database with all tables, and nothing in them."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    if request.param in (POSTGRESQL, MYSQL):
        # As a test before may have left it.
        found.limit_connections(statement_timeout=0, pool_recycle=1_800, max_overflow=0)
        empty_tables(found)
    return found
