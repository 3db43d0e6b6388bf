"""Schedules, sensors and their ticks on MySQL."""

from __future__ import annotations

from dagster._core.storage.schedules.sql import SqlScheduleStorage
from dagster._serdes.config_class import ConfigurableClassData
from dagster_mysql.configurable import ConfigurableMySQLStorage
from dagster_mysql.urls import open_mysql


class MySQLScheduleStorage(SqlScheduleStorage, ConfigurableMySQLStorage):
    """Schedules, sensors and their ticks on MySQL.

    From the "Internals" document. Where all three storages are on MySQL, choose
    ``storage: mysql: …`` instead. By itself it is chosen with::

        schedule_storage:
          module: dagster_mysql
          class: MySQLScheduleStorage
          config:
            mysql_url: mysql://user:password@host:3306/database

    Args:
        mysql_url: The URL of the database.
        inst_data: Where the object comes from.
    """

    def __init__(self, mysql_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        database = open_mysql(mysql_url, ("schedules",))
        super().__init__(database, inst_data)
