"""Event log storages, under their documented import path."""

from dagster._core.records.asset_records import AssetEntry, AssetRecord
from dagster._core.records.event_records import (
    EventLogConnection,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
    RunShardedEventsCursor,
)
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.event_log.consolidated import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.sql import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage

__all__ = [
    "AssetEntry",
    "AssetRecord",
    "ConsolidatedSqliteEventLogStorage",
    "EventLogConnection",
    "EventLogRecord",
    "EventLogStorage",
    "EventRecordsFilter",
    "EventRecordsResult",
    "RunShardedEventsCursor",
    "SqlEventLogStorage",
    "SqliteEventLogStorage",
]
