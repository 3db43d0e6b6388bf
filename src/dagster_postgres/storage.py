"""Runs, events and schedules in one PostgreSQL database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._core.storage.sql.schema import GROUPS
from dagster._core.storage.unified import UnifiedSqlStorage
from dagster._serdes.config_class import ConfigurableClassData
from dagster_postgres.configurable import ConfigurablePostgresStorage
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.run_storage import PostgresRunStorage
from dagster_postgres.schedule_storage import PostgresScheduleStorage
from dagster_postgres.urls import open_postgres


class DagsterPostgresStorage(UnifiedSqlStorage, ConfigurablePostgresStorage):
    """Runs, events and schedules in one PostgreSQL database, with two connections per process at most.

    It is chosen in ``dagster.yaml`` with::

        storage:
          postgres:
            postgres_db:
              username: …
              password: {env: PASSWORD}
              hostname: …
              db_name: …

    Args:
        postgres_url: The URL of the database.
        should_autocreate_tables: Whether tables that are not there are made.
        inst_data: Where the object comes from.
        auth_provider: Who gives short-lived tokens as passwords, as ``dagster.yaml`` says it:
            ``{"aws_wif": {"region": …}}``, ``{"azure_wif": {}}`` or ``{"gcp_wif": {}}``. Without it, the password is
            the URL's.
    """

    run_storage_class = PostgresRunStorage
    event_log_storage_class = PostgresEventLogStorage
    schedule_storage_class = PostgresScheduleStorage

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        auth_provider: Mapping[str, Any] | None = None,
    ) -> None:
        database = open_postgres(postgres_url, GROUPS, should_autocreate_tables, auth_provider)
        super().__init__(database, inst_data, should_autocreate_tables)
