"""Rows of runs: how a run becomes one, is changed, and goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

import dagster._core.records.origin  # noqa: F401 - stored runs hold records of it, and somebody may only read them
from dagster._core.errors import DagsterRunAlreadyExists, DagsterRunNotFoundError
from dagster._core.events.run_status import STATUS_OF_EVENT, STATUSES_BEFORE
from dagster._core.records.run import FINISHED_STATUSES, DagsterRun, DagsterRunStatus
from dagster._core.records.tags import BACKFILL_ID_TAG, PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import exact_unless_key, key_of
from dagster._core.storage.sql.prepared import Prepared
from dagster._core.storage.sql.tables import run_tags, runs
from dagster._wire.codec import deserialize_value, serialize_value

#: How many rows one statement names at most. SQLite takes 32,766 values in one.
CHUNK = 5_000

_INSERT_RUN = sa.insert(runs)
_INSERT_TAG = sa.insert(run_tags)
_ONE_RUN = Prepared(
    _INSERT_RUN,
    (
        "run_key",
        "job_key",
        "status",
        "root_run_key",
        "parent_run_key",
        "snapshot_key",
        "is_subrun",
        "body",
        "create_timestamp",
        "update_timestamp",
    ),
)
_TAGS = Prepared(_INSERT_TAG, ("run_row", "tag_key", "value_key", "tag", "value"))

Row = dict[str, Any]


def chunks(items: Sequence[Any], size: int = CHUNK) -> Iterable[Sequence[Any]]:
    """Return a sequence in parts, none of them longer than a size."""
    return (items[start : start + size] for start in range(0, len(items), size))


# Times


def timestamp_of(time: datetime) -> float:
    """Return a time in seconds since the epoch; one without a zone is in UTC."""
    return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()


def stored_timestamp(timestamp: float) -> float:
    """Return a time as it is stored: in whole microseconds.

    A datetime holds no more, and a record's own times must find it again
    (``test_times_are_exact`` of the contract).
    """
    return round(timestamp, 6)


def time_of(timestamp: float) -> datetime:
    """Return a stored time."""
    return datetime.fromtimestamp(timestamp, UTC)


# Writing


def run_row(run: DagsterRun, create_timestamp: float) -> Row:
    """Return the row of a new run."""
    tags = run.tags
    root = run.root_run_id or tags.get(ROOT_RUN_ID_TAG)
    parent = run.parent_run_id or tags.get(PARENT_RUN_ID_TAG)
    return {
        "run_key": key_of(run.run_id),
        "job_key": key_of(run.job_name),
        "status": run.status.value,
        "root_run_key": None if root is None else key_of(root),
        "parent_run_key": None if parent is None else key_of(parent),
        "snapshot_key": None if run.job_snapshot_id is None else key_of(run.job_snapshot_id),
        "is_subrun": int(BACKFILL_ID_TAG in tags),
        "body": serialize_value(run).encode(),
        "create_timestamp": create_timestamp,
        "update_timestamp": create_timestamp,
    }


def tag_rows(run_row_id: int, tags: Mapping[str, str]) -> list[Row]:
    """Return the rows of a run's tags."""
    return [
        {
            "run_row": run_row_id,
            "tag_key": (tag_key := key_of(tag)),
            "value_key": (value_key := key_of(value)),
            "tag": exact_unless_key(tag, tag_key),
            "value": exact_unless_key(value, value_key),
        }
        for tag, value in tags.items()
    ]


def add_runs(database: Database, added: Sequence[DagsterRun], timestamp: float) -> None:
    """Store new runs with their tags, all or none. What is there already, just so, stays.

    Raises:
        DagsterRunAlreadyExists: If another run has the id of one of them.
    """
    created = stored_timestamp(timestamp)
    rows = [(run_row(run, created), run.tags_for_storage()) for run in added]
    try:
        if len(rows) == 1:
            database.write(lambda connection: insert_run(connection, *rows[0]))
        else:
            database.write(lambda connection: insert_runs(connection, rows))
    except IntegrityError:
        only_rows = [row for row, _ in rows]
        same, others = database.read(lambda connection: present_runs(connection, only_rows))
        if not others and len(same) == len({row["run_key"] for row in only_rows}) == len(rows):
            return
        taken = {row["run_key"] for row in others or only_rows}
        run_id = next(run.run_id for run in added if key_of(run.run_id) in taken)
        raise DagsterRunAlreadyExists(run_id) from None


def insert_run(connection: Connection, row: Row, tags: Mapping[str, str]) -> None:
    """Insert a run and its tags."""
    number = _ONE_RUN.insert(connection, row)
    if tags:
        _TAGS.execute_many(connection, tag_rows(number, tags))


def insert_runs(connection: Connection, rows: Sequence[tuple[Row, Mapping[str, str]]]) -> None:
    """Insert runs and their tags, in order."""
    for chunk in chunks(rows):
        connection.execute(_INSERT_RUN, [row for row, _ in chunk])
        keys = [row["run_key"] for row, _ in chunk]
        query = sa.select(runs.c.run_key, runs.c.id).where(runs.c.run_key.in_(keys))
        numbers: dict[str, int] = {row.run_key: row.id for row in connection.execute(query)}
        tags = [tag for row, tags in chunk if tags for tag in tag_rows(numbers[row["run_key"]], tags)]
        if tags:
            connection.execute(_INSERT_TAG, tags)


def present_runs(connection: Connection, rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return those of some rows that are there already, and those whose id belongs to another run.

    A run that is there with the same body and the same time of creation, in microseconds, was written by
    an attempt whose answer was lost.
    """
    same: list[Row] = []
    others: list[Row] = []
    for chunk in chunks(rows):
        keys = [row["run_key"] for row in chunk]
        query = sa.select(runs.c.run_key, runs.c.body, runs.c.create_timestamp)
        found = {
            row.run_key: (row.body, row.create_timestamp)
            for row in connection.execute(query.where(runs.c.run_key.in_(keys)))
        }
        for row in chunk:
            if row["run_key"] in found:
                own = found[row["run_key"]] == (row["body"], row["create_timestamp"])
                (same if own else others).append(row)
    return same, others


def locked_run(connection: Connection, run_id: str) -> tuple[int, DagsterRun]:
    """Return the number of a run and the run, which nobody else changes until the transaction ends.

    Raises:
        DagsterRunNotFoundError: If there is none.
    """
    query = sa.select(runs.c.id, runs.c.body, runs.c.status).where(runs.c.run_key == key_of(run_id))
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise DagsterRunNotFoundError(f'There is no run with id "{run_id}".', run_id)
    return row.id, read_run(row.body, row.status)


def add_tags(connection: Connection, run_id: str, new_tags: Mapping[str, str], timestamp: float) -> None:
    """Merge tags into those of a run.

    Raises:
        DagsterRunNotFoundError: If there is none.
    """
    number, run = locked_run(connection, run_id)
    changed = {key: value for key, value in new_tags.items() if run.tags.get(key) != value}
    if not changed:
        return
    _replace_tags(connection, number, run.tags_for_storage(), changed)
    row = run_row(run.with_tags({**run.tags, **changed}), 0.0)
    kept = ("body", "is_subrun", "root_run_key", "parent_run_key")
    _update(connection, number, {name: row[name] for name in kept}, timestamp)


def replace_origin(connection: Connection, run_id: str, origin: Any, timestamp: float) -> None:
    """Store another origin of a run.

    Raises:
        DagsterRunNotFoundError: If there is none.
    """
    number, run = locked_run(connection, run_id)
    moved = run.with_job_origin(origin)
    _replace_tags(connection, number, run.tags_for_storage(), moved.tags_for_storage())
    _update(connection, number, {"body": serialize_value(moved).encode()}, timestamp)


def _replace_tags(
    connection: Connection, number: int, before: Mapping[str, str], after: Mapping[str, str]
) -> None:
    """Store tags of a run in place of those of the same keys; the others stay."""
    changed = {key: value for key, value in after.items() if before.get(key) != value}
    for chunk in chunks([key_of(key) for key in changed if key in before]):
        connection.execute(
            sa.delete(run_tags).where(run_tags.c.run_row == number, run_tags.c.tag_key.in_(chunk))
        )
    if changed:
        connection.execute(_INSERT_TAG, tag_rows(number, changed))


def _update(connection: Connection, number: int, values: Row, timestamp: float) -> None:
    connection.execute(
        sa.update(runs)
        .where(runs.c.id == number)
        .values(update_timestamp=_later(runs.c.update_timestamp, timestamp), **values)
    )


def _later(column: Any, timestamp: Any) -> Any:
    return sa.case((column < timestamp, timestamp), else_=column)


def _folding(status: DagsterRunStatus) -> sa.Update:
    before = [earlier.value for earlier in STATUSES_BEFORE[status]]
    goes_on = runs.c.status.in_(before)
    at = sa.bindparam("at", type_=runs.c.update_timestamp.type)
    # MySQL computes each value from those before it: the status comes last.
    values: list[tuple[Any, Any]] = [(runs.c.update_timestamp, _later(runs.c.update_timestamp, at))]
    if status is DagsterRunStatus.STARTED:
        values.append((runs.c.start_timestamp, sa.func.coalesce(runs.c.start_timestamp, at)))
    if status in FINISHED_STATUSES:
        values.append((runs.c.end_timestamp, sa.case((goes_on, at), else_=runs.c.end_timestamp)))
    values.append((runs.c.status, sa.case((goes_on, status.value), else_=runs.c.status)))
    return sa.update(runs).where(runs.c.run_key == sa.bindparam("run")).ordered_values(*values)


_FOLDING = {status: _folding(status) for status in set(STATUS_OF_EVENT.values())}


def fold_event(connection: Connection, run_id: str, event_type_value: str, timestamp: float) -> None:
    """Take over what an event says of how its run stands. Most events say nothing, and cost nothing.

    Args:
        connection: A connection in a write transaction.
        run_id: The run; one that is not there is left so.
        event_type_value: The type of the event.
        timestamp: When it happened, in seconds since the epoch.
    """
    status = STATUS_OF_EVENT.get(event_type_value)
    if status is not None:
        values = {"run": key_of(run_id), "at": stored_timestamp(timestamp)}
        connection.execute(_FOLDING[status], values)


def delete_runs(connection: Connection, run_ids: Sequence[str]) -> None:
    """Delete runs and their tags."""
    for chunk in chunks(run_ids):
        wanted = runs.c.run_key.in_([key_of(run_id) for run_id in chunk])
        numbers = sa.select(runs.c.id).where(wanted)
        connection.execute(sa.delete(run_tags).where(run_tags.c.run_row.in_(numbers)))
        connection.execute(sa.delete(runs).where(wanted))


# Reading


def read_run(body: bytes, status: str) -> DagsterRun:
    """Return the run of a row. Its status stands in its column, not in its body."""
    run = deserialize_value(body.decode(), DagsterRun)
    return run if run.status.value == status else run.with_status(DagsterRunStatus(status))
