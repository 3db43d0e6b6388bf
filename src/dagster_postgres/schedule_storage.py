"""Schedules, sensors and their ticks on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._core.storage.schedules.sql import SqlScheduleStorage
from dagster._serdes.config_class import ConfigurableClassData
from dagster_postgres.configurable import ConfigurablePostgresStorage
from dagster_postgres.urls import open_postgres


class PostgresScheduleStorage(SqlScheduleStorage, ConfigurablePostgresStorage):
    """Schedules, sensors and their ticks on PostgreSQL.

    From the "Internals" document. Where all three storages are on PostgreSQL, choose
    ``storage: postgres: …`` instead. By itself it is chosen with::

        schedule_storage:
          module: dagster_postgres
          class: PostgresScheduleStorage
          config:
            postgres_url: postgresql://user:password@host:5432/database

    Args:
        postgres_url: The URL of the database.
        should_autocreate_tables: Whether tables that are not there are made.
        inst_data: Where the object comes from.
        auth_provider: Who gives short-lived tokens as passwords, as ``dagster.yaml`` says it:
            ``{"aws_wif": {"region": …}}``, ``{"azure_wif": {}}`` or ``{"gcp_wif": {}}``. Without it, the password is
            the URL's.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        auth_provider: Mapping[str, Any] | None = None,
    ) -> None:
        database = open_postgres(postgres_url, ("schedules",), should_autocreate_tables, auth_provider)
        super().__init__(database, inst_data)
