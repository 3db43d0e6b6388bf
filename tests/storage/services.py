"""The database servers that storage tests need, and a schema of a test session's own on each.

A server that does not answer skips its tests with the reason; where ``CI=true`` it fails them.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

POSTGRESQL = "postgresql"
MYSQL = "mysql"

_DEFAULTS = {
    POSTGRESQL: ("DAGSTER_TEST_POSTGRESQL_URL", "postgresql+psycopg://root@127.0.0.1:5432/test"),
    MYSQL: ("DAGSTER_TEST_MYSQL_URL", "mysql+pymysql://root@127.0.0.1:3306/test"),
}


def server_url(kind: str) -> sa.URL:
    """Return the URL of a server's database for tests."""
    variable, default = _DEFAULTS[kind]
    return sa.make_url(os.environ.get(variable, default))


def unavailable(reason: str) -> None:
    """Skip the test for want of a service, or fail it under CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} Under CI every service must be there.", pytrace=False)
    pytest.skip(reason)


@contextmanager
def own_schema(kind: str) -> Iterator[sa.URL]:
    """Give the URL of a new schema (PostgreSQL) or database (MySQL), which is dropped at the end."""
    url = server_url(kind)
    name = f"test_{uuid.uuid4().hex}"
    quoted = f'"{name}"' if kind == POSTGRESQL else f"`{name}`"
    word = "SCHEMA" if kind == POSTGRESQL else "DATABASE"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE {word} {quoted}")
    except sa.exc.OperationalError as exc:
        unavailable(f"No {kind} answers at {url.render_as_string()}: {str(exc.orig).splitlines()[0]}")
    try:
        if kind == POSTGRESQL:
            yield url.update_query_dict({"options": f"-csearch_path={name}"})
        else:
            yield url.set(database=name)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(
                f"DROP {word} {quoted}" + (" CASCADE" if kind == POSTGRESQL else "")
            )
        engine.dispose()
