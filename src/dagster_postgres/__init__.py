"""Runs, events and schedules on PostgreSQL."""

from dagster_postgres.event_log import PostgresEventLogStorage as PostgresEventLogStorage
from dagster_postgres.run_storage import PostgresRunStorage as PostgresRunStorage
from dagster_postgres.schedule_storage import PostgresScheduleStorage as PostgresScheduleStorage
from dagster_postgres.storage import DagsterPostgresStorage as DagsterPostgresStorage
