"""Runs, events and schedules in one MySQL database."""

from __future__ import annotations

from dagster._core.storage.sql.schema import GROUPS
from dagster._core.storage.unified import UnifiedSqlStorage
from dagster._serdes.config_class import ConfigurableClassData
from dagster_mysql.configurable import ConfigurableMySQLStorage
from dagster_mysql.event_log import MySQLEventLogStorage
from dagster_mysql.run_storage import MySQLRunStorage
from dagster_mysql.schedule_storage import MySQLScheduleStorage
from dagster_mysql.urls import open_mysql


class DagsterMySQLStorage(UnifiedSqlStorage, ConfigurableMySQLStorage):
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
