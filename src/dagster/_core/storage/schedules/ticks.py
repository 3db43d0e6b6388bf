"""Questions about ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.instigator import InstigatorType
from dagster._core.records.tick import InstigatorTick, InstigatorTickSummary, TickData, TickStatus
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import ticks
from dagster._wire.codec import deserialize_value, serialize_value

#: How many selects make one question. SQLite takes 500.
_BATCH = 100


class TicksFilter(NamedTuple):
    """Which ticks of a schedule or sensor: due before or after a time, in one of some statuses."""

    before: float | None = None
    after: float | None = None
    statuses: Sequence[TickStatus] | None = None


def get_tick(connection: Connection, tick_id: int) -> InstigatorTick:
    """Return a tick by its number."""
    body = connection.execute(sa.select(ticks.c.body).where(ticks.c.id == tick_id)).scalar()
    if body is None:
        raise DagsterInvariantViolationError(f"There is no tick with id {tick_id}.")
    return InstigatorTick(tick_id, _data_of(body))


def fetch_ticks_by_ids(connection: Connection, tick_ids: Sequence[int]) -> Sequence[InstigatorTick]:
    """Return ticks by their numbers, in the same order."""
    found: dict[int, InstigatorTick] = {}
    for start in range(0, len(tick_ids), _BATCH):
        part = tick_ids[start : start + _BATCH]
        query = sa.select(ticks.c.id, ticks.c.body).where(ticks.c.id.in_(part))
        for tick_id, body in connection.execute(query):
            found[tick_id] = InstigatorTick(tick_id, _data_of(body))
    return [found[tick_id] for tick_id in tick_ids if tick_id in found]


def fetch_ticks(
    connection: Connection, selector_id: str, chosen: TicksFilter, limit: int | None
) -> Sequence[InstigatorTick]:
    """Return the ticks of a schedule or sensor, newest first."""
    query = ticks_query([ticks.c.id, ticks.c.body], selector_id, chosen, limit)
    rows: Any = connection.execute(query)
    return [InstigatorTick(id_, _data_of(body)) for id_, body in rows]


def fetch_summaries(
    connection: Connection, selector_id: str, chosen: TicksFilter, limit: int | None
) -> Sequence[InstigatorTickSummary]:
    """Return the ticks of a schedule or sensor in a few words each, newest first."""
    columns = [ticks.c.id, ticks.c.origin_id, ticks.c.instigator_type, ticks.c.status, ticks.c.timestamp]
    rows: Any = connection.execute(ticks_query(columns, selector_id, chosen, limit))
    return [
        InstigatorTickSummary(id_, origin_id, InstigatorType(type_), TickStatus(status), timestamp)
        for id_, origin_id, type_, status, timestamp in rows
    ]


def fetch_batch(
    connection: Connection,
    selector_ids: Sequence[str],
    limit: int | None,
    statuses: Sequence[TickStatus] | None,
) -> Mapping[str, Sequence[InstigatorTick]]:
    """Return the ticks of several schedules and sensors, newest first, at most ``limit`` of each."""
    found: dict[str, list[InstigatorTick]] = {}
    unique = list(dict.fromkeys(selector_ids))
    chosen = TicksFilter(statuses=statuses)
    for start in range(0, len(unique), _BATCH):
        # One select for each, so that the index gives the newest few of each and reads no others.
        selects = []
        for number, id_ in enumerate(unique[start : start + _BATCH], start):
            columns = [sa.literal(number).label("number"), ticks.c.id, ticks.c.timestamp, ticks.c.body]
            selects.append(sa.select(ticks_query(columns, id_, chosen, limit).subquery()))
        rows: Any = connection.execute(sa.union_all(*selects)).all()
        for number, id_, _, body in sorted(rows, key=lambda row: (row[2], row[1]), reverse=True):
            found.setdefault(unique[number], []).append(InstigatorTick(id_, _data_of(body)))
    return found


def ticks_query(columns: Sequence[Any], selector_id: str, chosen: TicksFilter, limit: int | None) -> Any:
    """Return the question for columns of the ticks of one schedule or sensor, newest first."""
    query: Any = sa.select(*columns).where(_condition(selector_id, chosen))
    query = query.order_by(ticks.c.timestamp.desc(), ticks.c.id.desc())
    return query if limit is None else query.limit(limit)


def create_tick(
    connection: Connection, database: Database, data: TickData, token: str, now: float
) -> InstigatorTick:
    """Store a new tick.

    Args:
        connection: The connection.
        database: The database.
        data: What is known of it.
        token: Unique to this call, and the same when a broken connection makes it run twice.
        now: The time, in seconds since the epoch.
    """
    row = {
        "token": token,
        "selector_key": key_of(data.selector_id or data.instigator_origin_id),
        "origin_id": data.instigator_origin_id,
        "instigator_type": data.instigator_type.value,
        **_row_of(data),
        "create_timestamp": now,
        "update_timestamp": now,
    }
    connection.execute(database.upsert(ticks, row, ["token"], None))
    tick_id = connection.execute(sa.select(ticks.c.id).where(ticks.c.token == token)).scalar_one()
    return InstigatorTick(tick_id, data)


def update_tick(connection: Connection, tick: InstigatorTick, now: float) -> InstigatorTick:
    """Replace what is known of a tick."""
    condition = ticks.c.id == tick.tick_id
    values = {**_row_of(tick.tick_data), "update_timestamp": now}
    connection.execute(sa.update(ticks).where(condition).values(**values))
    if connection.execute(sa.select(ticks.c.id).where(condition)).scalar() is None:
        raise DagsterInvariantViolationError(f"There is no tick with id {tick.tick_id} to be updated.")
    return tick


def purge_ticks(connection: Connection, selector_id: str, chosen: TicksFilter) -> None:
    """Delete ticks of a schedule or sensor."""
    connection.execute(sa.delete(ticks).where(_condition(selector_id, chosen)))


def _condition(selector_id: str, chosen: TicksFilter) -> Any:
    parts: list[Any] = [ticks.c.selector_key == key_of(selector_id)]
    if chosen.before is not None:
        parts.append(ticks.c.timestamp < chosen.before)
    if chosen.after is not None:
        parts.append(ticks.c.timestamp > chosen.after)
    if chosen.statuses is not None:
        values = [status.value for status in chosen.statuses]
        parts.append(ticks.c.status == values[0] if len(values) == 1 else ticks.c.status.in_(values))
    return sa.and_(*parts)


def _row_of(data: TickData) -> dict[str, Any]:
    return {
        "status": data.status.value,
        "timestamp": data.timestamp,
        "body": serialize_value(data).encode(),
    }


def _data_of(body: bytes) -> TickData:
    return deserialize_value(body.decode(), TickData)
