"""How a MySQL or MariaDB database is written in ``dagster.yaml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from dagster._config.field import Field
from dagster._config.shapes import Selector, Shape
from dagster._config.source import IntSource, StringSource
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.schema import Group, ensure_schema
from dagster._core.storage.sql.servers import server_database

_DRIVER: Final = "mysql+pymysql"
#: Other ways to write the scheme, for which the one driver stands.
_SCHEMES: Final = frozenset(
    {"mysql", "mariadb", "mysql+mysqlconnector", "mysql+mysqldb", "mariadb+pymysql", _DRIVER}
)


def mysql_config() -> Selector:
    """Return the config of every MySQL storage: ``mysql_url`` or ``mysql_db``."""
    database = Shape(
        {
            "username": StringSource,
            "password": StringSource,
            "hostname": StringSource,
            "db_name": StringSource,
            "port": Field(IntSource, is_required=False, default_value=3306),
        }
    )
    return Selector({"mysql_url": StringSource, "mysql_db": database})


def url_from_config(config: Mapping[str, Any]) -> str:
    """Return the URL that a config gives.

    Args:
        config: The config, checked against :func:`mysql_config`.
    """
    if "mysql_url" in config:
        return config["mysql_url"]
    parts = config["mysql_db"]
    url = sa.URL.create(
        _DRIVER,
        username=parts["username"],
        password=parts["password"],
        host=parts["hostname"],
        port=parts["port"],
        database=parts["db_name"],
    )
    return url.render_as_string(hide_password=False)


def open_mysql(mysql_url: str, groups: tuple[Group, ...]) -> Database:
    """Return the database of a URL, with the tables of these groups, which are made if they are not there."""
    url = sa.make_url(mysql_url)
    if url.drivername in _SCHEMES:
        url = url.set(drivername=_DRIVER)
    if url.get_backend_name() != "mysql":
        raise DagsterInvariantViolationError(
            f'expected the URL of a MySQL storage to begin with "mysql://", got: "{url.drivername}://".'
        )
    database = server_database(url)
    ensure_schema(database, groups)
    return database
