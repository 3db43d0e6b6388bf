"""Questions about the states of schedules and sensors."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.instigator import InstigatorState, InstigatorStatus, InstigatorType
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import instigators
from dagster._wire.codec import deserialize_value, serialize_value


def fetch_states(
    connection: Connection,
    repository_origin_id: str | None,
    repository_selector_id: str | None,
    instigator_type: InstigatorType | None,
    statuses: AbstractSet[InstigatorStatus] | None,
) -> Sequence[InstigatorState]:
    """Return the states that fit, oldest first."""
    query = sa.select(instigators.c.body).order_by(instigators.c.id)
    if repository_selector_id is not None:
        query = query.where(instigators.c.repository_selector_key == key_of(repository_selector_id))
    elif repository_origin_id is not None:
        query = query.where(instigators.c.repository_origin_key == key_of(repository_origin_id))
    if instigator_type is not None:
        query = query.where(instigators.c.instigator_type == instigator_type.value)
    if statuses is not None:
        query = query.where(instigators.c.status.in_([status.value for status in statuses]))
    return [_state_of(body) for body in connection.execute(query).scalars()]


def get_state(connection: Connection, selector_id: str) -> InstigatorState | None:
    """Return the state of a schedule or sensor, or None."""
    query = sa.select(instigators.c.body).where(instigators.c.selector_key == key_of(selector_id))
    body = connection.execute(query).scalar()
    return None if body is None else _state_of(body)


def add_state(
    connection: Connection, database: Database, state: InstigatorState, now: float
) -> InstigatorState:
    """Add the state of a schedule or sensor that has none.

    Args:
        connection: The connection.
        database: The database.
        state: The state.
        now: The time, in seconds since the epoch: the same when a broken connection makes this run twice.
    """
    key = key_of(state.selector_id)
    row = {**_row_of(state), "selector_key": key, "create_timestamp": now, "update_timestamp": now}
    connection.execute(database.upsert(instigators, row, ["selector_key"], None))
    query = sa.select(instigators.c.body, instigators.c.create_timestamp)
    body, created = connection.execute(query.where(instigators.c.selector_key == key)).one()
    if (body, created) != (row["body"], now):
        raise DagsterInvariantViolationError(
            f"expected {_named(state)} to have no state yet, got: {_state_of(body).status.value}. "
            "Use update_instigator_state to change it."
        )
    return state


def update_state(connection: Connection, state: InstigatorState, now: float) -> InstigatorState:
    """Replace the state of a schedule or sensor."""
    condition = instigators.c.selector_key == key_of(state.selector_id)
    connection.execute(
        sa.update(instigators).where(condition).values(**_row_of(state), update_timestamp=now)
    )
    # Not the count of rows: MySQL counts only those that it had to change.
    if connection.execute(sa.select(instigators.c.id).where(condition)).scalar() is None:
        raise DagsterInvariantViolationError(
            f"expected {_named(state)} to have a state, got: none. Use add_instigator_state to give it one."
        )
    return state


def delete_state(connection: Connection, selector_id: str) -> None:
    """Delete the state of a schedule or sensor."""
    connection.execute(sa.delete(instigators).where(instigators.c.selector_key == key_of(selector_id)))


def _row_of(state: InstigatorState) -> dict[str, object]:
    return {
        "origin_key": key_of(state.instigator_origin_id),
        "repository_origin_key": key_of(state.repository_origin_id),
        "repository_selector_key": key_of(state.repository_selector_id),
        "instigator_type": state.instigator_type.value,
        "status": state.status.value,
        "body": serialize_value(state).encode(),
    }


def _state_of(body: bytes) -> InstigatorState:
    return deserialize_value(body.decode(), InstigatorState)


def _named(state: InstigatorState) -> str:
    return f'{state.instigator_type.value.lower()} "{state.instigator_name}"'
