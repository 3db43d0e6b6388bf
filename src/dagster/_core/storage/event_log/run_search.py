"""Looking through the databases of many runs."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from dagster._core.events.entry_codec import decode_entry
from dagster._core.records.event_records import (
    EventLogRecord,
    EventRecordsFilter,
    RunShardedEventsCursor,
)
from dagster._core.storage.event_log import events
from dagster._core.storage.event_log.run_logs import RunLog, RunLogs
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.tables import event_logs, run_cursors


def event_records(
    logs: RunLogs, wanted: EventRecordsFilter, limit: int | None, ascending: bool
) -> list[EventLogRecord]:
    """Return records of events of one type by their time. No more than the limit are in memory.

    Args:
        logs: The logs.
        wanted: What to look for. A cursor with a time leaves out runs that did not change after it.
        limit: How many at most. Default: all.
        ascending: Whether the oldest comes first.
    """
    since = None
    after = wanted.after_cursor
    if isinstance(after, RunShardedEventsCursor):
        since, wanted = after.run_updated_after.timestamp(), wanted._replace(after_cursor=None)
    if isinstance(wanted.before_cursor, RunShardedEventsCursor):
        wanted = wanted._replace(before_cursor=None)
    found = _found(logs, wanted, since, limit, ascending)
    if limit is None:
        ordered = sorted(found, reverse=not ascending)
    else:
        ordered = heapq.nsmallest(limit, found) if ascending else heapq.nlargest(limit, found)
    return [EventLogRecord(row_id, decode_entry(body)) for _time, _run, row_id, body in ordered]


def _found(
    logs: RunLogs,
    wanted: EventRecordsFilter,
    since: float | None,
    limit: int | None,
    ascending: bool,
) -> Iterator[tuple[float, str, int, bytes]]:
    conditions = events.filter_conditions(wanted, in_own_database=True)
    if wanted.storage_ids is not None:
        conditions.append(event_logs.c.id.in_(list(wanted.storage_ids)))
    query = sa.select(event_logs.c.timestamp, event_logs.c.id, event_logs.c.body).where(*conditions)
    order = (event_logs.c.timestamp, event_logs.c.id)
    query = query.order_by(*(order if ascending else (column.desc() for column in order)))
    if limit is not None:
        query = query.limit(limit)
    for path, changed in logs.files():
        if since is not None and changed <= since:
            continue
        log = _log_of_file(logs, path)
        if log is not None:
            for row in log.database.read(lambda connection: connection.execute(query).all()):
                yield row.timestamp, log.run_key, row.id, row.body


def _log_of_file(logs: RunLogs, path: str) -> RunLog | None:
    run_id = logs.run_id_of(path)
    return None if run_id is None else logs.existing_log_of(run_id)


def old_runs(
    index: Database, logs: RunLogs, before: float, keep_run_ids: Collection[str]
) -> Iterable[list[str]]:
    """Return, in lists, the runs whose last event is older than a time.

    The index tells which runs may be; the few that it has never heard of are told by the age of their
    files.
    """
    kept = set(keep_run_ids)
    for run_keys in events.old_run_keys(index, before, keep_run_ids):
        yield [run_id for run_id in _run_ids(index, run_keys) if _is_old(logs, run_id, before)]
    for path, changed in list(logs.files()):
        run_id = logs.run_id_of(path) if changed < before else None
        if run_id is not None and run_id not in kept and _is_old(logs, run_id, before):
            yield [run_id]


def _run_ids(index: Database, run_keys: list[str]) -> list[str]:
    query = sa.select(run_cursors.c.run_id).where(run_cursors.c.run_key.in_(run_keys))
    found: Any = index.read(lambda connection: connection.execute(query).scalars().all())
    return list(found)


def _is_old(logs: RunLogs, run_id: str, before: float) -> bool:
    """Whether the last event of a run is older than a time. A log that is gone left its index only."""
    newest = logs.newest_timestamp(run_id)
    return newest is None or newest < before
