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
from dagster_postgres.auth import auth_provider_config, token_password

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
        "auth_provider": Field(auth_provider_config(), is_required=False),
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


def open_postgres(
    postgres_url: str,
    groups: tuple[Group, ...],
    autocreate: bool,
    auth_provider: Mapping[str, Any] | None = None,
) -> Database:
    """Return the database of a URL, with the tables of these groups.

    Args:
        postgres_url: The URL.
        groups: The groups of tables.
        autocreate: Whether tables that are not there are made.
        auth_provider: Who gives short-lived tokens as passwords, as ``dagster.yaml`` says it. A password in the
            URL is then not used.

    Raises:
        DagsterInvalidConfigError: If ``auth_provider`` is not what ``dagster.yaml`` takes.
        DagsterInvariantViolationError: If the URL is not one of PostgreSQL, or the provider's library is not there.
        DatabaseUnavailableError: If the database cannot be opened, or the provider gives no token.
    """
    url = sa.make_url(postgres_url)
    if url.drivername in _SCHEMES:
        url = url.set(drivername=_DRIVER)
    if url.get_backend_name() != "postgresql":
        raise DagsterInvariantViolationError(
            f'expected the URL of a PostgreSQL storage to begin with "postgresql://", got: "{url.drivername}://".'
        )
    password = None
    if auth_provider is not None:
        url = sa.URL.create(
            url.drivername, url.username, None, url.host, url.port, url.database, url.query
        )
        password = token_password(auth_provider, url)
    database = server_database(url, password)
    ensure_schema(database, groups, autocreate)
    return database
