"""Schedules, sensors and their ticks on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from dagster._core.storage.schedules.sql import SqlScheduleStorage
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from dagster_postgres.urls import open_postgres, postgres_config, url_from_config


class PostgresScheduleStorage(SqlScheduleStorage, ConfigurableClass):
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
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        database = open_postgres(postgres_url, ("schedules",), should_autocreate_tables)
        super().__init__(database, inst_data)

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config."""
        return postgres_config()

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage of a config."""
        url = url_from_config(config_value)
        return cls(url, config_value["should_autocreate_tables"], inst_data)
