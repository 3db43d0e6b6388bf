"""How a MySQL database is written in ``dagster.yaml``."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from dagster._config.evaluate import process_config
from dagster._core.errors import DagsterInvariantViolationError
from dagster_mysql.urls import mysql_config, open_mysql, url_from_config


def url_of(config: object) -> sa.URL:
    return sa.make_url(url_from_config(process_config(mysql_config(), config).value))


def test_a_url() -> None:
    assert url_of({"mysql_url": "mysql://u:p@h/d"}) == sa.make_url("mysql://u:p@h/d")


def test_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_PORT", "33")
    url = url_of(
        {
            "mysql_db": {
                "username": "u",
                "password": "p@s/s:w%rd",
                "hostname": "h",
                "db_name": "d",
                "port": {"env": "THE_PORT"},
            }
        }
    )
    assert (url.drivername, url.password, url.port) == ("mysql+pymysql", "p@s/s:w%rd", 33)


def test_both_are_an_error() -> None:
    config = {"mysql_url": "x", "mysql_db": {}}
    assert not process_config(mysql_config(), config).success


def test_a_url_of_another_database_is_refused() -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match='begin with "mysql://", got: "postgresql://"'
    ):
        open_mysql("postgresql://u:p@h/d", ("runs",))
