"""Rows of events: writing, reading by run, by type and by id, deleting."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from dagster._core.events.entry_codec import decode_entry, encode_entry
from dagster._core.events.event_type import RUN_EVENTS, DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.event_records import (
    EventLogConnection,
    EventLogRecord,
    EventRecordsFilter,
    EventRecordsResult,
    RunShardedEventsCursor,
    RunStatusChangeRecordsFilter,
    build_cursor,
    cursor_bounds,
)
from dagster._core.storage.event_log import assets, type_groups, write_order
from dagster._core.storage.runs import run_rows
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import is_text_itself, key_of
from dagster._core.storage.sql.prepared import Prepared
from dagster._core.storage.sql.tables import asset_event_tags, event_logs, run_cursors

#: The run of events that belong to none.
NO_RUN: Final = ""
#: How many values one statement compares with at most.
CHUNK: Final = 5_000
#: How many runs are deleted in one transaction.
RUNS_PER_DELETE: Final = 500

ASSET_EVENT_TYPES: Final = frozenset(
    {
        DagsterEventType.ASSET_MATERIALIZATION,
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        DagsterEventType.ASSET_FAILED_TO_MATERIALIZE,
        DagsterEventType.ASSET_OBSERVATION,
    }
)
#: The types that are found over all runs, on every kind of storage.
INDEXED_TYPES: Final = ASSET_EVENT_TYPES | RUN_EVENTS | {DagsterEventType.ASSET_WIPED}
INDEXED_VALUES: Final = frozenset(event_type.value for event_type in INDEXED_TYPES)
#: Those that are found by their asset.
_ASSET_VALUES: Final = INDEXED_VALUES - frozenset(event_type.value for event_type in RUN_EVENTS)
_RUN_VALUES: Final = frozenset(event_type.value for event_type in RUN_EVENTS)

OfType = DagsterEventType | Collection[DagsterEventType] | None
Row = dict[str, Any]
#: Above every id: where a page down begins.
_NEVER: Final = 2**62
_EVENT = Prepared(
    sa.insert(event_logs), [column.name for column in event_logs.columns if column.name != "id"]
)
_RECORD = (event_logs.c.id, event_logs.c.body)


def chunks(items: Iterable[Any], size: int = CHUNK) -> Iterable[list[Any]]:
    """Return items in lists, none of them longer than a size."""
    given = list(items)
    return (given[start : start + size] for start in range(0, len(given), size))


def type_values(of_type: OfType) -> list[str] | None:
    """Return the types that a question is about as they are stored, or None for all."""
    if of_type is None:
        return None
    if isinstance(of_type, str):
        return [DagsterEventType(of_type).value]
    return sorted(DagsterEventType(event_type).value for event_type in of_type)


def group_by_run(entries: Sequence[EventLogEntry]) -> Mapping[str, Sequence[EventLogEntry]]:
    """Return entries by the run that they belong to, each run's in their order."""
    if len(entries) == 1:
        return {entries[0].run_id: entries}
    grouped: dict[str, list[EventLogEntry]] = {}
    for entry in entries:
        grouped.setdefault(entry.run_id, []).append(entry)
    return grouped


# Writing


def row_of(entry: EventLogEntry, run_key: str, run_event_id: int | None) -> Row:
    """Return the row of an entry."""
    event = entry.dagster_event
    event_type = asset_key = partition_key = job_key = None
    if event is not None:
        event_type = event.event_type_value[:64]
        if event_type in _ASSET_VALUES:
            asset = event.asset_key
            asset_key = None if asset is None else key_of(asset.to_string())
            partition = event.partition
            partition_key = None if partition is None else key_of(partition)
        elif event_type in _RUN_VALUES:
            job_key = key_of(event.job_name)
    step_key = entry.step_key
    return {
        "run_key": run_key,
        "run_event_id": run_event_id,
        "event_type": event_type,
        "timestamp": entry.timestamp,
        "step_key": None if step_key is None else key_of(step_key),
        "asset_key": asset_key,
        "partition_key": partition_key,
        "job_key": job_key,
        "body": encode_entry(entry),
    }


class Batch(NamedTuple):
    """Entries of runs that are written together, and their rows, in the same order.

    Args:
        entries: The entries.
        rows: Their rows, numbered by ``run_event_id`` from ``first`` on.
        first: Chosen at random, so that no two batches of a run, of whatever processes, have a number
            in common.
    """

    entries: Sequence[EventLogEntry]
    rows: Sequence[Row]
    first: int

    @property
    def run_keys(self) -> list[str]:
        return sorted({row["run_key"] for row in self.rows})

    @property
    def has_indexed(self) -> bool:
        """Whether some of the events are found over all runs."""
        return any(row["event_type"] in INDEXED_VALUES for row in self.rows)


def build_batch(entries: Sequence[EventLogEntry]) -> Batch:
    """Return the batch of some entries."""
    first = int.from_bytes(os.urandom(8)) >> 2
    keys: dict[str, str] = {}
    rows: list[Row] = []
    for number, entry in enumerate(entries, first):
        run_id = entry.run_id
        run_key = keys.get(run_id)
        if run_key is None:
            run_key = keys[run_id] = key_of(run_id)
        rows.append(row_of(entry, run_key, number))
    return Batch(entries, rows, first)


def store(
    database: Database, entries: Sequence[EventLogEntry], now: float, *, with_run_rows: bool
) -> None:
    """Store entries, and what they say about assets and runs, in one transaction.

    It is done once, also when the connection breaks and nobody knows whether the commit came through.

    Args:
        database: The database.
        entries: The entries.
        now: The time, in seconds since the epoch.
        with_run_rows: Whether the rows of the runs lie in the same database.
    """
    if not entries:
        return
    batch = build_batch(entries)

    def write(connection: Connection) -> None:
        insert(connection, database, batch, now)
        if with_run_rows:
            for entry in entries:
                event = entry.dagster_event
                if event is not None and event.event_type_value in _RUN_VALUES:
                    run_rows.fold_event(
                        connection, entry.run_id, event.event_type_value, entry.timestamp
                    )

    write_once(database, batch, write)


def write_once(database: Database, batch: Batch, write: Callable[[Connection], None]) -> None:
    """Do what inserts a batch, and what belongs to it, in one transaction, which happens once.

    Args:
        database: The database.
        batch: The batch.
        write: Inserts it, and does the rest.
    """
    attempts = 0

    def attempt(connection: Connection) -> None:
        nonlocal attempts
        attempts += 1
        if attempts > 1 and _is_stored(connection, batch):
            return
        write_order.keep(connection, database.dialect_name, batch.run_keys, batch.has_indexed)
        write(connection)

    try:
        database.write(attempt)
    except IntegrityError:
        # The server finished the first attempt's commit while the second one was under way.
        if attempts == 1 or not database.read(lambda connection: _is_stored(connection, batch)):
            raise


def _is_stored(connection: Connection, batch: Batch) -> bool:
    row = batch.rows[0]
    query = sa.select(event_logs.c.id).where(
        event_logs.c.run_key == row["run_key"], event_logs.c.run_event_id == row["run_event_id"]
    )
    return connection.execute(query).first() is not None


def insert(connection: Connection, database: Database, batch: Batch, now: float) -> None:
    """Insert rows, and take over what they say about assets."""
    if len(batch.rows) == 1:
        row = batch.rows[0]
        number = _EVENT.insert(connection, row)
        if row["asset_key"] is not None:
            numbered = [(number, batch.entries[0])]
            assets.apply_events(connection, database, numbered, now, {number: row["body"]})
        return
    _EVENT.execute_many(connection, batch.rows)
    about_assets = [
        (row, entry)
        for row, entry in zip(batch.rows, batch.entries, strict=True)
        if row["asset_key"] is not None
    ]
    if about_assets:
        ids = _ids_of(connection, [row for row, _entry in about_assets])
        found = [(ids[row["run_key"], row["run_event_id"]], row, entry) for row, entry in about_assets]
        numbered = [(number, entry) for number, _row, entry in found]
        bodies = {number: row["body"] for number, row, _entry in found}
        assets.apply_events(connection, database, numbered, now, bodies)


_IDS_OF_RUN = sa.select(event_logs.c.run_event_id, event_logs.c.id).where(
    event_logs.c.run_key == sa.bindparam("run"),
    event_logs.c.run_event_id.in_(sa.bindparam("numbers", expanding=True)),
)


def _ids_of(connection: Connection, rows: Sequence[Row]) -> dict[tuple[str, int], int]:
    """Return the ids of rows that were just inserted, by run and number."""
    by_run: dict[str, list[int]] = {}
    for row in rows:
        by_run.setdefault(row["run_key"], []).append(row["run_event_id"])
    ids: dict[tuple[str, int], int] = {}
    for run_key, numbers in by_run.items():
        for chunk in chunks(numbers):
            found = connection.execute(_IDS_OF_RUN, {"run": run_key, "numbers": chunk})
            for number, row_id in found:
                ids[run_key, number] = row_id
    return ids


def replace_body(connection: Connection, record_id: int, entry: EventLogEntry) -> None:
    """Store another form of an entry under its id."""
    row = row_of(entry, key_of(entry.run_id), None)
    del row["run_event_id"]
    connection.execute(sa.update(event_logs).where(event_logs.c.id == record_id).values(row))


# Reading


def records_for_run(
    database: Database,
    run_id: str,
    cursor: str | None,
    of_type: OfType,
    limit: int | None,
    ascending: bool,
    is_shared: bool,
) -> EventLogConnection:
    """Return a page of a run's log.

    Args:
        database: The database that holds it.
        run_id: The run.
        cursor: As of ``get_records_for_run``.
        of_type: As there.
        limit: As there.
        ascending: As there.
        is_shared: Whether the database holds the logs of other runs too.
    """
    before, after = cursor_bounds(cursor, ascending)
    table = event_logs.c
    query = sa.select(*_RECORD).where(table.run_key == key_of(run_id))
    values = type_values(of_type)
    if values is not None:
        of_types = (
            [of_one_run(table.event_type).in_(values)] if is_shared else type_groups.of_types(values)
        )
        query = query.where(*of_types)
    if before is not None:
        query = query.where(table.id < before)
    if after is not None:
        query = query.where(table.id > after)
    query = query.order_by(table.id if ascending else table.id.desc())
    if limit is not None:
        query = query.limit(limit + 1)
    records = database.read(_records_of(query))
    return EventLogConnection(*_page(records, limit, cursor, ascending))


def of_one_run(column: Any) -> Any:
    """Return a column in a form that no index has, for questions about one run.

    Without statistics SQLite may otherwise go through all events of a type, of all runs.
    """
    return sa.func.coalesce(column, "")


def empty_page(cursor: str | None, ascending: bool) -> EventLogConnection:
    """Return the page of a log that is not there."""
    return EventLogConnection([], cursor or _first_cursor(ascending), False)


def _first_cursor(ascending: bool) -> str:
    return build_cursor(0 if ascending else _NEVER)


def _page(
    records: list[EventLogRecord], limit: int | None, cursor: str | None, ascending: bool
) -> tuple[list[EventLogRecord], str, bool]:
    has_more = limit is not None and len(records) > limit
    if has_more:
        records = records[:limit]
    after = build_cursor(records[-1].storage_id) if records else cursor or _first_cursor(ascending)
    return records, after, has_more


def cursor_id(cursor: int | RunShardedEventsCursor | None) -> int | None:
    """Return the id of either kind of cursor."""
    return cursor.id if isinstance(cursor, RunShardedEventsCursor) else cursor


def filter_conditions(wanted: EventRecordsFilter, *, in_own_database: bool = False) -> list[Any]:
    """Return the conditions of a filter, but for its lists of partitions and ids.

    Args:
        wanted: The filter.
        in_own_database: Whether it is asked of the database of one run.
    """
    table = event_logs.c
    conditions: list[Any] = []
    if in_own_database:
        conditions += type_groups.of_types([DagsterEventType(wanted.event_type).value])
    else:
        conditions.append(table.event_type == DagsterEventType(wanted.event_type).value)
    if wanted.asset_key is not None:
        conditions.append(table.asset_key == key_of(wanted.asset_key.to_string()))
    after, before = cursor_id(wanted.after_cursor), cursor_id(wanted.before_cursor)
    if after is not None:
        conditions.append(table.id > after)
    if before is not None:
        conditions.append(table.id < before)
    if wanted.after_timestamp is not None:
        conditions.append(table.timestamp > wanted.after_timestamp)
    if wanted.before_timestamp is not None:
        conditions.append(table.timestamp < wanted.before_timestamp)
    return conditions


def _any_of(column: Any, values: Iterable[Any] | None) -> list[list[Any]]:
    """Return conditions on a column, one list for each chunk of values: what holds for any is wanted."""
    if values is None:
        return [[]]
    return [[column.in_(chunk)] for chunk in chunks(sorted(set(values)))]


def fetch_records(
    database: Database,
    conditions: Sequence[Any],
    any_of: Iterable[Sequence[Any]],
    limit: int | None,
    ascending: bool,
) -> list[EventLogRecord]:
    """Return the records for which all conditions hold, and one of the groups of conditions.

    Args:
        database: The database.
        conditions: Conditions that all must hold.
        any_of: Groups of conditions, no two of which hold for one row.
        limit: How many at most. Default: all.
        ascending: Whether the oldest comes first.
    """
    found: list[EventLogRecord] = []
    groups = 0
    for group in any_of:
        groups += 1
        query = sa.select(*_RECORD).where(*conditions, *group)
        query = query.order_by(event_logs.c.id if ascending else event_logs.c.id.desc())
        if limit is not None:
            query = query.limit(limit)
        found += database.read(_records_of(query))
    if groups > 1:
        found.sort(key=lambda record: record.storage_id, reverse=not ascending)
    return found if limit is None else found[:limit]


def _records_of(query: Any) -> Callable[[Connection], list[EventLogRecord]]:
    def read(connection: Connection) -> list[EventLogRecord]:
        rows: Iterable[Any] = connection.execute(query)
        # Row by row: a list of all rows beside the records would keep the garbage collector busy.
        return [EventLogRecord(row_id, decode_entry(body)) for row_id, body in rows]

    return read


def _all_of(query: Any) -> Callable[[Connection], Sequence[Any]]:
    return lambda connection: connection.execute(query).all()


def event_records(
    database: Database, wanted: EventRecordsFilter, limit: int | None, ascending: bool
) -> list[EventLogRecord]:
    """Return records of events of one type."""
    partitions = wanted.asset_partitions
    keys = None if partitions is None else [key_of(partition) for partition in partitions]
    any_of = [
        [*by_id, *by_partition]
        for by_id in _any_of(event_logs.c.id, wanted.storage_ids)
        for by_partition in _any_of(event_logs.c.partition_key, keys)
    ]
    return fetch_records(database, filter_conditions(wanted), any_of, limit, ascending)


def run_status_changes(
    database: Database,
    wanted: DagsterEventType | RunStatusChangeRecordsFilter,
    limit: int,
    cursor: str | None,
    ascending: bool,
) -> EventRecordsResult:
    """Return a page of changes of the status of runs."""
    if not isinstance(wanted, RunStatusChangeRecordsFilter):
        wanted = RunStatusChangeRecordsFilter(wanted)
    without_jobs = wanted.to_event_records_filter_without_job_names(cursor, ascending)
    jobs = None if wanted.job_names is None else [key_of(name) for name in wanted.job_names]
    any_of = [
        [*by_id, *by_job]
        for by_id in _any_of(event_logs.c.id, wanted.storage_ids)
        for by_job in _any_of(event_logs.c.job_key, jobs)
    ]
    records = fetch_records(database, filter_conditions(without_jobs), any_of, limit + 1, ascending)
    return EventRecordsResult(*_page(records, limit, cursor, ascending))


def logs_by_id(
    database: Database, after: int, of_type: OfType, limit: int | None
) -> Mapping[int, EventLogEntry]:
    """Return entries of any run by their id."""
    conditions: list[Any] = [event_logs.c.id > after]
    values = type_values(of_type)
    if values is not None:
        conditions.append(event_logs.c.event_type.in_(values))
    records = fetch_records(database, conditions, [[]], limit, ascending=True)
    return {record.storage_id: record.event_log_entry for record in records}


def maximum_id(database: Database) -> int | None:
    """Return the id of the newest event, or None."""
    query = sa.select(sa.func.max(event_logs.c.id))
    return database.read(lambda connection: connection.execute(query).scalar())


# Deleting


def delete_runs(database: Database, run_ids: Iterable[str]) -> None:
    """Delete the logs of runs. What is known of assets stays."""
    delete_run_keys(database, [key_of(run_id) for run_id in run_ids])


def delete_run_keys(database: Database, run_keys: Iterable[str]) -> None:
    """Delete the logs of runs, by their keys."""
    for chunk in chunks(run_keys, RUNS_PER_DELETE):
        database.write(lambda connection, chunk=chunk: delete_in(connection, chunk))


def delete_in(connection: Connection, run_keys: Sequence[str]) -> None:
    """Delete the logs of a few runs."""
    of_runs = event_logs.c.run_key.in_(run_keys)
    _delete_tags(connection, of_runs)
    connection.execute(sa.delete(event_logs).where(of_runs))
    connection.execute(sa.delete(run_cursors).where(run_cursors.c.run_key.in_(run_keys)))


def _delete_tags(connection: Connection, condition: Any) -> None:
    about_assets = sa.select(event_logs.c.id).where(condition, event_logs.c.asset_key.is_not(None))
    # Not a subquery: MariaDB would run it once for every tag there is.
    for ids in chunks(connection.execute(about_assets).scalars()):
        of_ids = asset_event_tags.c.event_id.in_(ids)
        connection.execute(sa.delete(asset_event_tags).where(of_ids))


def delete_without_run(database: Database, before: float) -> None:
    """Delete the events that belong to no run and are older than a time."""
    old = sa.and_(event_logs.c.run_key == NO_RUN, event_logs.c.timestamp < before)

    def delete(connection: Connection) -> None:
        _delete_tags(connection, old)
        connection.execute(sa.delete(event_logs).where(old))

    database.write(delete)


def first_id_since(connection: Connection, timestamp: float) -> int:
    """Return about the first id of the events since a time, without looking at all of them.

    Ids follow time but for the clocks of the machines: what is told is right within an hour of time.
    """
    low, high = connection.execute(
        sa.select(sa.func.min(event_logs.c.id), sa.func.max(event_logs.c.id))
    ).one()
    if low is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        query = (
            sa.select(event_logs.c.id, event_logs.c.timestamp)
            .where(event_logs.c.id >= middle)
            .order_by(event_logs.c.id)
            .limit(1)
        )
        row = connection.execute(query).first()
        if row is None or row.timestamp >= timestamp + 3600.0:
            high = middle
        else:
            low = row.id + 1
    return low


def run_id_of_key(database: Database, run_key: str) -> str:
    """Return the run whose events have a key. A shortened key is told by one of them."""
    if is_text_itself(run_key):
        return run_key
    query = sa.select(event_logs.c.body).where(event_logs.c.run_key == run_key).limit(1)
    return decode_entry(database.read(_all_of(query))[0].body).run_id


def old_run_keys(
    database: Database, before: float, keep_run_ids: Collection[str]
) -> Iterable[list[str]]:
    """Return, in lists, the keys of runs whose last event is older than a time."""
    kept = {key_of(run_id) for run_id in keep_run_ids} | {NO_RUN}
    bound = database.read(lambda connection: first_id_since(connection, before))
    last = -1
    while True:
        page = (
            sa.select(event_logs.c.id, event_logs.c.run_key)
            .where(event_logs.c.id > last, event_logs.c.id < bound)
            .order_by(event_logs.c.id)
            .limit(CHUNK)
        )
        rows = database.read(_all_of(page))
        if not rows:
            return
        last = rows[-1].id
        candidates = sorted({row.run_key for row in rows} - kept)
        kept.update(candidates)
        for chunk in chunks(candidates, RUNS_PER_DELETE):
            newest = (
                sa.select(event_logs.c.run_key, sa.func.max(event_logs.c.timestamp).label("newest"))
                .where(event_logs.c.run_key.in_(chunk))
                .group_by(event_logs.c.run_key)
            )
            yield [row.run_key for row in database.read(_all_of(newest)) if row.newest < before]
