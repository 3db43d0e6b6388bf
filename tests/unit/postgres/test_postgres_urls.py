"""How a PostgreSQL database is written in ``dagster.yaml``."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from dagster._config.evaluate import process_config
from dagster._core.errors import DagsterInvariantViolationError
from dagster_postgres.urls import open_postgres, postgres_config, url_from_config


def url_of(config: object) -> sa.URL:
    return sa.make_url(url_from_config(process_config(postgres_config(), config).value))


def test_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    assert url_of({"postgres_url": "postgresql://u:p@h/d"}) == sa.make_url("postgresql://u:p@h/d")
    monkeypatch.setenv("THE_URL", "postgresql://u:p@h:1/d?sslmode=require")
    url = url_of({"postgres_url": {"env": "THE_URL"}})
    assert (url.port, url.query["sslmode"]) == (1, "require")


def test_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_PASSWORD", "p@s/s:w%rd")
    url = url_of(
        {
            "postgres_db": {
                "username": "u@x",
                "password": {"env": "THE_PASSWORD"},
                "hostname": "h",
                "db_name": "d/e",
                "params": {"sslmode": "require", "connect_timeout": 5},
            }
        }
    )
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "u@x",
        "p@s/s:w%rd",
        "h",
        5432,
        "d/e",
    )
    assert dict(url.query) == {"sslmode": "require", "connect_timeout": "5"}


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({}, "neither"),
        (
            {"postgres_url": "x", "postgres_db": {"username": "u", "hostname": "h", "db_name": "d"}},
            "both",
        ),
    ],
)
def test_one_of_the_two(config: dict[str, object], word: str) -> None:
    with pytest.raises(
        DagsterInvariantViolationError,
        match=f"exactly one of postgres_url and postgres_db, got: {word}.",
    ):
        url_of(config)


def test_a_url_of_another_database_is_refused() -> None:
    with pytest.raises(
        DagsterInvariantViolationError, match='begin with "postgresql://", got: "mysql://"'
    ):
        open_postgres("mysql://u:p@h/d", ("runs",), autocreate=True)


def test_autocreation_is_the_default() -> None:
    config = process_config(postgres_config(), {"postgres_url": "x"}).value
    assert config == {"postgres_url": "x", "should_autocreate_tables": True}
