"""The index beside databases per run: what is looked for over all runs, taken over from their logs.

A run's own log is written first. What the index takes over from it, it takes over in one transaction with
a cursor that says how far it has come: it can be done again at any time, by any process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.events.entry_codec import decode_entry
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.storage.event_log import events, type_groups
from dagster._core.storage.event_log.run_logs import RunLog
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.prepared import Prepared
from dagster._core.storage.sql.tables import event_logs, run_cursors

#: How many events are taken over in one transaction.
_PAGE: Final = 2_000
_IS_INDEXED: Final = type_groups.of_types(events.INDEXED_VALUES)

Numbered = Sequence[tuple[int, EventLogEntry]]


def written(
    index: Database, log: RunLog, first_id: int, entries: Sequence[EventLogEntry], now: float
) -> None:
    """Take over what was just appended to a log, and what was before it if that is not there.

    Args:
        index: The index.
        log: The log.
        first_id: The id of the first of the entries in the log.
        entries: What was appended.
        now: The time, in seconds since the epoch.
    """
    last_id = first_id + len(entries) - 1
    found = [
        (number, entry)
        for number, entry in enumerate(entries, first_id)
        if entry.dagster_event is not None
        and entry.dagster_event.event_type_value in events.INDEXED_VALUES
    ]
    is_known = log.indexed_to >= first_id - 1
    if is_known and not found:
        log.indexed_to = max(log.indexed_to, last_id)
    elif is_known:
        _take_over(index, log, found, last_id, now)
    elif found:
        catch_up(index, log, now)


def catch_up(index: Database, log: RunLog, now: float) -> None:
    """Take over what a log has and the index has not. Most often that is nothing, and costs little.

    Args:
        index: The index.
        log: The log.
        now: The time, in seconds since the epoch.
    """
    newest = log.newest_id()
    if newest <= log.indexed_to:
        return
    done = max(_cursor(index, log), log.indexed_to, 0)
    while True:
        rows = _rows(log, done)
        found = [(row.id, decode_entry(row.body)) for row in rows]
        is_all = len(rows) < _PAGE
        done = max(newest, found[-1][0] if found else 0) if is_all else found[-1][0]
        if found:
            _take_over(index, log, found, done, now)
        if is_all:
            log.indexed_to = max(log.indexed_to, done)
            return


def _cursor(index: Database, log: RunLog) -> int:
    return index.read(lambda connection: _last_id(connection, log.run_key)) or 0


_CURSOR: Final = Prepared(
    sa.select(run_cursors.c.last_event_id).where(run_cursors.c.run_key == sa.bindparam("run"))
)


def _last_id(connection: Connection, run_key: str) -> int | None:
    found = _CURSOR.fetch(connection, {"run": run_key})
    return found[0]["last_event_id"] if found else None


def _rows(log: RunLog, after: int) -> Sequence[Any]:
    query = (
        sa.select(event_logs.c.id, event_logs.c.body)
        .where(event_logs.c.id > after, *_IS_INDEXED)
        .order_by(event_logs.c.id)
        .limit(_PAGE)
    )
    return log.database.read(lambda connection: connection.execute(query).all())


def _take_over(index: Database, log: RunLog, found: Numbered, done: int, now: float) -> None:
    """Write events into the index that are not there, and how far it has come."""

    def write(connection: Connection) -> None:
        last = _last_id(connection, log.run_key) or 0
        new = [(number, entry) for number, entry in found if number > last]
        if new:
            rows = [events.row_of(entry, log.run_key, number) for number, entry in new]
            entries = [entry for _number, entry in new]
            events.insert(connection, index, events.Batch(entries, rows, new[0][0]), now)
        if done > last:
            values = {
                "run_key": log.run_key,
                "run_id": log.run_id,
                "last_event_id": done,
                "update_timestamp": now,
            }
            changes = ("last_event_id", "update_timestamp")
            set_cursor = index.prepared_upsert(run_cursors, tuple(values), ("run_key",), changes)
            set_cursor.execute(connection, values)

    index.write(write)
    log.indexed_to = max(log.indexed_to, done)
