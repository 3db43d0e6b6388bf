"""Events on MySQL."""

from __future__ import annotations

from dagster._core.storage.event_log.sql import SqlEventLogStorage
from dagster._serdes.config_class import ConfigurableClassData
from dagster_mysql.configurable import ConfigurableMySQLStorage
from dagster_mysql.urls import open_mysql


class MySQLEventLogStorage(SqlEventLogStorage, ConfigurableMySQLStorage):
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
