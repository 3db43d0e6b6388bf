"""How a PostgreSQL database is written in ``dagster.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from dagster._config.config_type import Bool
from dagster._config.field import Field
from dagster._config.shapes import Permissive, Shape
from dagster._config.source import IntSource, StringSource
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.schema import Group, ensure_schema
from dagster._core.storage.sql.servers import server_database

_DRIVER: Final = "postgresql+psycopg"
#: Other ways to write the scheme, for which the one driver stands.
_SCHEMES: Final = frozenset({"postgres", "postgresql", "postgresql+psycopg2", _DRIVER})


def postgres_config() -> dict[str, Any]:
    """Return the config of every PostgreSQL storage: one of ``postgres_url`` and ``postgres_db``."""
    database = Shape(
        {
            "username": StringSource,
            "password": Field(StringSource, is_required=False, default_value=""),
            "hostname": StringSource,
            "db_name": StringSource,
            "port": Field(IntSource, is_required=False, default_value=5432),
            "params": Field(Permissive(), is_required=False, default_value={}),
            "scheme": Field(StringSource, is_required=False, default_value="postgresql"),
        }
    )
    return {
        "postgres_url": Field(StringSource, is_required=False),
        "postgres_db": Field(database, is_required=False),
        "should_autocreate_tables": Field(Bool, is_required=False, default_value=True),
    }


def url_from_config(config: Mapping[str, Any]) -> str:
    """Return the URL that a config gives.

    Args:
        config: The config, checked against :func:`postgres_config`.

    Raises:
        DagsterInvariantViolationError: If it gives none, or two.
    """
    given = [name for name in ("postgres_url", "postgres_db") if config.get(name)]
    if len(given) != 1:
        raise DagsterInvariantViolationError(
            "expected the config of a PostgreSQL storage to have exactly one of postgres_url and "
            f"postgres_db, got: {'both' if given else 'neither'}."
        )
    if given == ["postgres_url"]:
        return config["postgres_url"]
    parts = config["postgres_db"]
    url = sa.URL.create(
        parts["scheme"],
        username=parts["username"],
        password=parts["password"] or None,
        host=parts["hostname"],
        port=parts["port"],
        database=parts["db_name"],
        query={name: str(value) for name, value in parts["params"].items()},
    )
    return url.render_as_string(hide_password=False)


def open_postgres(postgres_url: str, groups: tuple[Group, ...], autocreate: bool) -> Database:
    """Return the database of a URL, with the tables of these groups.

    Args:
        postgres_url: The URL.
        groups: The groups of tables.
        autocreate: Whether tables that are not there are made.
    """
    url = sa.make_url(postgres_url)
    if url.drivername in _SCHEMES:
        url = url.set(drivername=_DRIVER)
    if url.get_backend_name() != "postgresql":
        raise DagsterInvariantViolationError(
            f'expected the URL of a PostgreSQL storage to begin with "postgresql://", got: "{url.drivername}://".'
        )
    database = server_database(url)
    ensure_schema(database, groups, autocreate)
    return database
