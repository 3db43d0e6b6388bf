"""Events on MySQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from dagster._core.storage.event_log.sql import SqlEventLogStorage
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from dagster_mysql.urls import mysql_config, open_mysql, url_from_config


class MySQLEventLogStorage(SqlEventLogStorage, ConfigurableClass):
    """Events on MySQL.

    From the "Internals" document. Where all three storages are on MySQL, choose
    ``storage: mysql: …`` instead. By itself it is chosen with::

        event_log_storage:
          module: dagster_mysql
          class: MySQLEventLogStorage
          config:
            mysql_url: mysql://user:password@host:3306/database

    Args:
        mysql_url: The URL of the database.
        inst_data: Where the object comes from.
    """

    def __init__(self, mysql_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        database = open_mysql(mysql_url, ("events",))
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
