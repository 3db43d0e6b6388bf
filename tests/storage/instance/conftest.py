"""Instances on every kind of storage: each test that takes ``instance`` runs on all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dagster._core.instance.instance import DagsterInstance
from tests.storage.services import MYSQL, POSTGRESQL, own_schema

KINDS = ("ephemeral", "sqlite", "consolidated", POSTGRESQL, MYSQL)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with own_schema(POSTGRESQL) as url:
        yield url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[str]:
    with own_schema(MYSQL) as url:
        yield url.render_as_string(hide_password=False)


def config_of(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what a ``dagster.yaml`` says to choose a kind of storage."""
    if kind == POSTGRESQL:
        return {"storage": {"postgres": {"postgres_url": request.getfixturevalue("postgresql_url")}}}
    if kind == MYSQL:
        return {"storage": {"mysql": {"mysql_url": request.getfixturevalue("mysql_url")}}}
    if kind == "consolidated":
        return {
            "event_log_storage": {
                "module": "dagster._core.storage.event_log",
                "class": "ConsolidatedSqliteEventLogStorage",
                "config": {"base_dir": str(tmp_path / "events")},
            }
        }
    return {}


def open_instance(
    kind: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    settings: Mapping[str, Any] | None = None,
) -> DagsterInstance:
    """Return an instance with nothing in it, whose ``dagster.yaml`` says something besides."""
    if kind == "ephemeral":
        return DagsterInstance.ephemeral(str(tmp_path), settings=settings)
    config = {**config_of(kind, tmp_path, request), **(settings or {})}
    instance = DagsterInstance.local_temp(str(tmp_path), config)
    if kind in (POSTGRESQL, MYSQL):
        instance.wipe()
        instance.wipe_daemon_heartbeats()
        instance.wipe_all_schedules()
    return instance


@pytest.fixture(params=KINDS)
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DagsterInstance]:
    with open_instance(request.param, tmp_path, request) as opened:
        yield opened


@pytest.fixture(params=[kind for kind in KINDS if kind != "ephemeral"])
def durable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DagsterInstance]:
    """An instance that other processes can open."""
    with open_instance(request.param, tmp_path, request) as opened:
        yield opened
