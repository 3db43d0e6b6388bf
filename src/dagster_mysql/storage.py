"""Runs, events and schedules in one MySQL database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from dagster._core.storage.sql.schema import GROUPS
from dagster._core.storage.unified import UnifiedSqlStorage
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from dagster_mysql.event_log import MySQLEventLogStorage
from dagster_mysql.run_storage import MySQLRunStorage
from dagster_mysql.schedule_storage import MySQLScheduleStorage
from dagster_mysql.urls import mysql_config, open_mysql, url_from_config


class DagsterMySQLStorage(UnifiedSqlStorage, ConfigurableClass):
    """Runs, events and schedules in one MySQL database, with two connections per process at most.

    It is chosen in ``dagster.yaml`` with::

        storage:
          mysql:
            mysql_db:
              username: …
              password: {env: PASSWORD}
              hostname: …
              db_name: …

    Args:
        mysql_url: The URL of the database.
        inst_data: Where the object comes from.
    """

    run_storage_class = MySQLRunStorage
    event_log_storage_class = MySQLEventLogStorage
    schedule_storage_class = MySQLScheduleStorage

    def __init__(self, mysql_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        database = open_mysql(mysql_url, GROUPS)
        super().__init__(database, inst_data)

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where the object comes from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config."""
        return mysql_config()

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage of a config."""
        return cls(url_from_config(config_value), inst_data)
