"""Events of assets: pages of records, what a run planned and made, tags, and versions of data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import product
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.events.entry_codec import decode_entry
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import AssetEventSummaryRecord
from dagster._core.records.event_records import (
    AssetRecordsFilter,
    EventLogRecord,
    EventRecordsResult,
    build_cursor,
    cursor_bounds,
)
from dagster._core.storage.event_log.asset_summaries import (
    ASSET_EVENT_TYPES,
    asset_column,
    chunks,
)
from dagster._core.storage.event_log.assets import get_asset_records
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import is_text_itself, key_of
from dagster._core.storage.sql.tables import event_logs

_EventTypes = DagsterEventType | AbstractSet[DagsterEventType] | None


# Pages of records


def fetch_asset_events(
    database: Database,
    event_type: DagsterEventType,
    records_filter: AssetKey | AssetRecordsFilter,
    limit: int,
    cursor: str | None = None,
    ascending: bool = False,
) -> EventRecordsResult:
    """Return a page of the events of a type about an asset.

    From the "Internals" document.

    Args:
        database: The database.
        event_type: One of the types of asset events.
        records_filter: The asset, or a filter.
        limit: The length of the page.
        cursor: The cursor of the page before.
        ascending: Whether the oldest come first. Default: the newest.

    Raises:
        ParameterCheckError: If the cursor is not one.
    """
    if isinstance(records_filter, AssetKey):
        records_filter = AssetRecordsFilter(records_filter)
    before, after = cursor_bounds(cursor, ascending)
    conditions = _conditions(records_filter, event_type, before, after)
    selection = sa.select(event_logs.c.id, event_logs.c.body)
    rows = database.read(
        lambda connection: _rows(
            connection,
            selection.where(*conditions),
            records_filter.storage_ids,
            records_filter.asset_partitions,
            limit + 1,
            ascending,
        )
    )
    page = rows[:limit]
    records = [EventLogRecord(row.id, decode_entry(row.body)) for row in page]
    if page:
        end = build_cursor(page[-1].id)
    else:
        end = cursor if cursor is not None else build_cursor(0 if ascending else _NEVER)
    return EventRecordsResult(records, end, len(rows) > limit)


#: Above every id: where a page down begins.
_NEVER = 2**62


def _conditions(
    wanted: AssetRecordsFilter,
    event_type: DagsterEventType,
    before: int | None,
    after: int | None,
) -> list[Any]:
    columns = event_logs.c
    below = ((columns.id, before), (columns.id, wanted.before_storage_id))
    above = ((columns.id, after), (columns.id, wanted.after_storage_id))
    return [
        columns.asset_key == asset_column(wanted.asset_key),
        columns.event_type == event_type.value,
        *(
            column < bound
            for column, bound in (*below, (columns.timestamp, wanted.before_timestamp))
            if bound is not None
        ),
        *(
            column > bound
            for column, bound in (*above, (columns.timestamp, wanted.after_timestamp))
            if bound is not None
        ),
    ]


def _rows(
    connection: Connection,
    statement: Any,
    storage_ids: Sequence[int] | None,
    partitions: Iterable[str] | None,
    limit: int | None,
    ascending: bool,
) -> list[Any]:
    """Return the first rows, in the order of ids, with one of some ids and one of some partitions."""
    ids = [None] if storage_ids is None else list(chunks(sorted(set(storage_ids))))
    keys = [None] if partitions is None else list(chunks(sorted({key_of(p) for p in partitions})))
    column = event_logs.c.id
    found: list[Any] = []
    for some_ids, some_keys in product(ids, keys):
        chosen = statement.order_by(column.asc() if ascending else column.desc()).limit(limit)
        if some_ids is not None:
            chosen = chosen.where(column.in_(some_ids))
        if some_keys is not None:
            chosen = chosen.where(event_logs.c.partition_key.in_(some_keys))
        found += connection.execute(chosen).all()
    if len(ids) * len(keys) > 1:
        found.sort(key=lambda row: row.id, reverse=not ascending)
    return found if limit is None else found[:limit]


# Summaries


def get_asset_event_summary_records(
    database: Database,
    event_type: DagsterEventType,
    asset_key: AssetKey | None = None,
    run_id: str | None = None,
    storage_ids: Sequence[int] | None = None,
    after_storage_id: int | None = None,
    before_storage_id: int | None = None,
    limit: int | None = None,
    ascending: bool = False,
) -> Sequence[AssetEventSummaryRecord]:
    """Return events of a type without what they carry. Every condition that is given must hold.

    Args:
        database: The database.
        event_type: One of the types of asset events.
        asset_key: Of this asset. Default: of any.
        run_id: Of this run.
        storage_ids: With one of these ids.
        after_storage_id: With an id above this one.
        before_storage_id: With an id below this one.
        limit: How many. Default: all.
        ascending: Whether the oldest come first. Default: the newest.
    """
    columns = event_logs.c
    statement = sa.select(
        columns.id, columns.run_key, columns.asset_key, columns.partition_key, columns.timestamp
    ).where(columns.event_type == event_type.value)
    if asset_key is None:
        statement = statement.where(columns.asset_key.is_not(None))
    else:
        statement = statement.where(columns.asset_key == asset_column(asset_key))
    if run_id is not None:
        statement = statement.where(columns.run_key == key_of(run_id))
    if after_storage_id is not None:
        statement = statement.where(columns.id > after_storage_id)
    if before_storage_id is not None:
        statement = statement.where(columns.id < before_storage_id)

    def read(connection: Connection) -> list[AssetEventSummaryRecord]:
        rows = _rows(connection, statement, storage_ids, None, limit, ascending)
        exact = _entries_of_cut(connection, rows)
        return [
            exact.get(row.id)
            or AssetEventSummaryRecord(
                row.id, row.run_key, _key(row.asset_key), row.partition_key, row.timestamp
            )
            for row in rows
        ]

    return database.read(read)


def _key(text: str) -> AssetKey:
    found = AssetKey.from_db_string(text)
    assert found is not None  # only rows with a key are asked for
    return found


def _is_whole(row: Any) -> bool:
    texts = (row.run_key, row.asset_key, row.partition_key)
    return all(text is None or is_text_itself(text) for text in texts)


def _entries_of_cut(connection: Connection, rows: Iterable[Any]) -> dict[int, AssetEventSummaryRecord]:
    """Return the summaries of rows of which a text is too long to be indexed, from their bodies."""
    found: dict[int, AssetEventSummaryRecord] = {}
    for chunk in chunks(row.id for row in rows if not _is_whole(row)):
        statement = sa.select(event_logs.c.id, event_logs.c.body).where(event_logs.c.id.in_(chunk))
        for row in connection.execute(statement):
            entry = decode_entry(row.body)
            event = entry.get_dagster_event()
            assert event.asset_key is not None
            found[row.id] = AssetEventSummaryRecord(
                row.id, entry.run_id, event.asset_key, event.partition, entry.timestamp
            )
    return found


# Runs


def get_asset_keys_for_run(
    database: Database, run_id: str, of_type: _EventTypes = None
) -> AbstractSet[AssetKey]:
    """Return the assets that the events of a run are about.

    Args:
        database: The database.
        run_id: The run.
        of_type: Only events of this type, or of these.
    """
    return get_asset_partitions_for_run(database, run_id, of_type).keys()


def get_asset_partitions_for_run(
    database: Database, run_id: str, of_type: _EventTypes = None
) -> Mapping[AssetKey, AbstractSet[str | None]]:
    """Return the assets that the events of a run are about, each with its partitions.

    None among the partitions stands for an event about the asset as a whole.

    Args:
        database: The database.
        run_id: The run.
        of_type: Only events of this type, or of these.
    """
    columns = event_logs.c
    types = ASSET_EVENT_TYPES if of_type is None else _values(of_type)
    # One event of each, so that texts too long to be indexed can be read from it.
    statement = (
        sa.select(
            sa.func.min(columns.id).label("id"),
            columns.run_key,
            columns.asset_key,
            columns.partition_key,
        )
        .where(
            columns.run_key == key_of(run_id),
            columns.asset_key.is_not(None),
            columns.event_type.in_(sorted(types)),
        )
        .group_by(columns.run_key, columns.asset_key, columns.partition_key)
    )

    def read(connection: Connection) -> dict[AssetKey, set[str | None]]:
        rows = connection.execute(statement).all()
        exact = _entries_of_cut(connection, rows)
        found: dict[AssetKey, set[str | None]] = {}
        for row in rows:
            cut = exact.get(row.id)
            key, partition = (
                (_key(row.asset_key), row.partition_key)
                if cut is None
                else (cut.asset_key, cut.partition)
            )
            found.setdefault(key, set()).add(partition)
        return found

    return database.read(read)


def _values(of_type: DagsterEventType | AbstractSet[DagsterEventType]) -> AbstractSet[str]:
    types = {of_type} if isinstance(of_type, DagsterEventType) else of_type
    return {event_type.value for event_type in types}


# Versions of data


def get_latest_data_version_record(
    database: Database,
    key: AssetKey,
    is_source: bool | None = None,
    partition_key: str | None = None,
    before_cursor: int | None = None,
    after_cursor: int | None = None,
) -> EventLogRecord | None:
    """Return the newest event that tells the version of the data of an asset.

    Args:
        database: The database.
        key: The asset.
        is_source: True for an asset that is only observed, False for one that is only materialized.
            None to look for a materialization first and then for an observation.
        partition_key: The partition. Default: any.
        before_cursor: With an id below this one.
        after_cursor: With an id above this one.
    """
    types: list[DagsterEventType] = []
    if not is_source:
        types.append(DagsterEventType.ASSET_MATERIALIZATION)
    if is_source is not False:
        types.append(DagsterEventType.ASSET_OBSERVATION)
    if partition_key is None and before_cursor is None:
        # The summary has it, also when the event itself was deleted with others of its age.
        return _newest_known(database, key, types, after_cursor)
    wanted = AssetRecordsFilter(
        key,
        None if partition_key is None else [partition_key],
        before_storage_id=before_cursor,
        after_storage_id=after_cursor,
    )
    for event_type in types:
        records = fetch_asset_events(database, event_type, wanted, 1).records
        if records:
            return records[0]
    return None


def _newest_known(
    database: Database,
    key: AssetKey,
    types: Sequence[DagsterEventType],
    after: int | None,
) -> EventLogRecord | None:
    found = get_asset_records(database, [key])
    if not found:
        return None
    entry = found[0].asset_entry
    for event_type in types:
        materialized = event_type is DagsterEventType.ASSET_MATERIALIZATION
        record = entry.last_materialization_record if materialized else entry.last_observation_record
        if record is not None and record.storage_id > (after or 0):
            return record
    return None
