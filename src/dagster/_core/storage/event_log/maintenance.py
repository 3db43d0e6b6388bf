"""What is done to an event log now and then: pruning, wiping, building summaries again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import dagster._time as _time
from dagster._core.events.entry_codec import decode_entry
from dagster._core.storage.event_log import assets, events, write_order
from dagster._core.storage.event_log.base import PrintFn, RunsFn
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.tables import EVENT_METADATA, event_logs


def prune(
    database: Database,
    before: float,
    keep_run_ids: Collection[str],
    print_fn: PrintFn | None,
    about_to_delete: RunsFn | None,
) -> int:
    """Delete the logs whose last event is older than a time. What is known of assets stays.

    Args:
        database: The database.
        before: The time, in seconds since the epoch.
        keep_run_ids: Runs whose logs stay.
        print_fn: Is told how far it has come.
        about_to_delete: Is told which runs' logs go next.

    Returns:
        How many logs were deleted.
    """
    deleted = 0
    for run_keys in events.old_run_keys(database, before, keep_run_ids):
        if run_keys:
            if about_to_delete is not None:
                about_to_delete([events.run_id_of_key(database, run_key) for run_key in run_keys])
            events.delete_run_keys(database, run_keys)
            deleted += len(run_keys)
            if print_fn is not None:
                print_fn(f"Deleted the logs of {deleted} runs.")
    events.delete_without_run(database, before)
    return deleted


def wipe(database: Database) -> None:
    """Delete every row."""

    def delete(connection: Connection) -> None:
        for table in EVENT_METADATA.sorted_tables:
            connection.execute(sa.delete(table))

    database.write(delete)


def reindex_assets(database: Database, print_fn: PrintFn | None) -> None:
    """Take over again what events say about assets, page by page. What events no longer tell stays."""
    types = sorted(event_type.value for event_type in events.ASSET_EVENT_TYPES)
    query = (
        sa.select(event_logs.c.id, event_logs.c.body)
        .where(event_logs.c.asset_key.is_not(None), event_logs.c.event_type.in_(types))
        .order_by(event_logs.c.id)
        .limit(events.CHUNK)
    )
    last, count = -1, 0
    while True:
        page = query.where(event_logs.c.id > last)
        rows = database.read(lambda connection, page=page: connection.execute(page).all())
        if not rows:
            return
        last = rows[-1].id
        count += len(rows)
        database.write(lambda connection, rows=rows: _apply(connection, database, rows))
        if print_fn is not None:
            print_fn(f"Took over {count} events of assets.")


def _apply(connection: Connection, database: Database, rows: Sequence[Any]) -> None:
    write_order.keep(connection, database.dialect_name, (), for_all=True)
    numbered = [(row.id, decode_entry(row.body)) for row in rows]
    assets.apply_events(connection, database, numbered, _time.now())
