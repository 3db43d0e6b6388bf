"""Events of assets for tests, and a log that stores them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.events.entry_codec import encode_entry
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import (
    AssetFailedToMaterializeData,
    AssetMaterializationPlannedData,
    AssetObservationData,
    EventSpecificData,
    StepMaterializationData,
)
from dagster._core.records.asset_failure import (
    AssetMaterializationFailure,
    AssetMaterializationFailureReason,
    AssetMaterializationFailureType,
)
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.user_events import AssetMaterialization, AssetObservation
from dagster._core.storage.event_log import assets
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import event_logs

KEY = AssetKey(["a", "b"])
NOW = 1_000.0

#: Texts that break what is quoted, cut, folded or matched by pattern.
NASTY = (
    "plain",
    'it\'s "quoted"',
    "100%",
    "a_b",
    "aXb",
    "../../etc/passwd",
    "new\nline",
    "ends with space ",
    "ends with space",
    "UPPER",
    "upper",
    "é",
    "e\u0301",
    "🎉",
    "nul\x00byte",
    "x" * 10_000,
    "x" * 9_999 + "y",
    "'; DROP TABLE assets; --",
    "[a, b]",
    "",
)


def _entry(
    event_type: DagsterEventType, data: EventSpecificData, run_id: str, timestamp: float
) -> EventLogEntry:
    event = DagsterEvent(event_type.value, "job", event_specific_data=data)
    return EventLogEntry(None, 20, "", run_id, timestamp, job_name="job", dagster_event=event)


def materialized(
    partition: str | None = None,
    run_id: str = "r",
    key: AssetKey = KEY,
    tags: dict[str, str] | None = None,
    timestamp: float = 1.0,
    version: str | None = None,
) -> EventLogEntry:
    if version is not None:
        tags = {**(tags or {}), "dagster/data_version": version}
    subject = AssetMaterialization(key, partition=partition, tags=tags)
    data = StepMaterializationData(subject)
    return _entry(DagsterEventType.ASSET_MATERIALIZATION, data, run_id, timestamp)


def observed(
    partition: str | None = None,
    run_id: str = "r",
    key: AssetKey = KEY,
    tags: dict[str, str] | None = None,
    timestamp: float = 1.0,
) -> EventLogEntry:
    data = AssetObservationData(AssetObservation(key, partition=partition, tags=tags))
    return _entry(DagsterEventType.ASSET_OBSERVATION, data, run_id, timestamp)


def planned(
    partition: str | None = None, run_id: str = "r", key: AssetKey = KEY, timestamp: float = 1.0
) -> EventLogEntry:
    data = AssetMaterializationPlannedData(key, partition)
    return _entry(DagsterEventType.ASSET_MATERIALIZATION_PLANNED, data, run_id, timestamp)


def failed(
    partition: str | None = None,
    run_id: str = "r",
    key: AssetKey = KEY,
    skipped: bool = False,
    timestamp: float = 1.0,
) -> EventLogEntry:
    kind = AssetMaterializationFailureType
    failure = AssetMaterializationFailure(
        key,
        kind.SKIPPED if skipped else kind.FAILED,
        AssetMaterializationFailureReason.FAILED_TO_MATERIALIZE,
        partition=partition,
    )
    data = AssetFailedToMaterializeData(failure)
    return _entry(DagsterEventType.ASSET_FAILED_TO_MATERIALIZE, data, run_id, timestamp)


def _insert(connection: Connection, entry: EventLogEntry) -> int:
    event = entry.get_dagster_event()
    key, partition = event.asset_key, event.partition
    values = {
        "run_key": key_of(entry.run_id),
        "event_type": event.event_type_value,
        "timestamp": entry.timestamp,
        "asset_key": None if key is None else key_of(key.to_string()),
        "partition_key": None if partition is None else key_of(partition),
        "body": encode_entry(entry),
    }
    done = connection.execute(sa.insert(event_logs).values(values))
    assert done.inserted_primary_key is not None
    return done.inserted_primary_key[0]


def store(database: Database, *entries: EventLogEntry, now: float = NOW) -> list[int]:
    """Store events and bring the summaries up to date, in one transaction. Return their ids."""

    def write(connection: Connection) -> list[int]:
        ids = [_insert(connection, entry) for entry in entries]
        rows = list(zip(ids, entries, strict=True))
        assets.apply_events(connection, database, rows, now)
        return ids

    return database.write(write)


def insert_only(database: Database, entries: Iterable[EventLogEntry]) -> list[int]:
    """Store events without touching the summaries."""
    return database.write(lambda connection: [_insert(connection, entry) for entry in entries])


def apply(database: Database, rows: Sequence[tuple[int, EventLogEntry]]) -> None:
    """Bring the summaries up to date with events that are stored."""
    database.write(lambda connection: assets.apply_events(connection, database, rows, NOW))


def prune(database: Database) -> None:
    """Delete all events, as retention does."""
    database.write(lambda connection: connection.execute(event_logs.delete()))
