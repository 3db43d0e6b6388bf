"""Runs, events and schedules on MySQL."""

from dagster_mysql.event_log import MySQLEventLogStorage as MySQLEventLogStorage
from dagster_mysql.run_storage import MySQLRunStorage as MySQLRunStorage
from dagster_mysql.schedule_storage import MySQLScheduleStorage as MySQLScheduleStorage
from dagster_mysql.storage import DagsterMySQLStorage as DagsterMySQLStorage
