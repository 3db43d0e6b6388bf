"""Concurrency limits: pools of slots, held as leases.

Who gives or takes a slot of a pool locks the pool's row first, so there are never more holders than
slots. A holder renews its lease; one that does not (its process died) loses the slot at the next attempt
of anybody. Each holder has a token, higher than all before in its pool: with it a late holder is told
from the one that came after. A step that waits keeps its place in the queue by asking again; while it
does not ask, it does not hold up those behind it.

A pool without a limit lets everybody in, and still knows who is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import dagster._check as check
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.records.concurrency import (
    ClaimedSlotInfo,
    ConcurrencyClaimStatus,
    ConcurrencyKeyInfo,
    ConcurrencySlotStatus,
    PendingStepInfo,
    PoolLimit,
)
from dagster._core.storage.event_log.asset_summaries import chunks
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import concurrency_limits, concurrency_slots
from dagster._text import expected

#: How long a slot is kept for a holder that gives no sign of life, in seconds.
LEASE_SECONDS: Final = 60.0
#: How long a step that does not ask again keeps others waiting behind it, in seconds.
WAIT_SECONDS: Final = 15.0
#: After how many seconds a step that waits should ask again.
POLL_SECONDS: Final = 1.0
#: How long the place of a step that does not ask is remembered, in seconds.
_FORGET_SECONDS: Final = 86_400.0
#: The highest limit of a pool.
MAX_SLOTS: Final = 1000

_L = concurrency_limits.c
_S = concurrency_slots.c


def wait_seconds(lease_seconds: float) -> float:
    """Return how long a step that waits keeps its place without asking: never longer than a lease."""
    return min(WAIT_SECONDS, lease_seconds)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _this_step(concurrency_key: str, run_id: str, step_key: str) -> Any:
    return sa.and_(
        _S.concurrency_key == key_of(concurrency_key),
        _S.run_key == key_of(run_id),
        _S.step_key == key_of(step_key),
    )


# Limits


def set_concurrency_slots(database: Database, concurrency_key: str, num: int) -> None:
    """Set the limit of a pool. Steps that hold slots above it keep them.

    Args:
        database: The database.
        concurrency_key: The pool.
        num: How many steps may run at the same time.

    Raises:
        DagsterInvalidInvocationError: If the name is empty, or the number is not 0 to 1,000.
    """
    if not check.str_param(concurrency_key, "concurrency_key"):
        raise DagsterInvalidInvocationError(
            expected("concurrency_key", "a name that is not empty", concurrency_key)
        )
    check.int_param(num, "num")
    if num < 0:
        raise DagsterInvalidInvocationError(
            f"Cannot have a negative number of slots. {expected('num', '0 or more', num)}"
        )
    if num > MAX_SLOTS:
        raise DagsterInvalidInvocationError(
            f"Cannot have more than {MAX_SLOTS} slots per concurrency key. "
            f"{expected('num', f'{MAX_SLOTS} or less', num)}"
        )
    values = {"slot_limit": num, "from_default": 0}
    database.write(lambda connection: _set_limit(connection, database, concurrency_key, values))


def _set_limit(
    connection: Connection, database: Database, concurrency_key: str, values: Mapping[str, Any]
) -> None:
    _locked_pool(connection, database, concurrency_key)
    connection.execute(
        concurrency_limits.update().where(_L.concurrency_key == key_of(concurrency_key)).values(**values)
    )


def initialize_concurrency_limit_to_default(
    database: Database, concurrency_key: str, default_limit: int | None
) -> bool:
    """Give a pool the instance's default limit, unless it has one of its own.

    Args:
        database: The database.
        concurrency_key: The pool.
        default_limit: The default; None takes away a limit that came from an earlier default.

    Returns:
        Whether the pool has the default limit now.
    """

    def initialize(connection: Connection) -> bool:
        pool = _locked_pool(connection, database, concurrency_key)
        if pool.slot_limit is not None and not pool.from_default:
            return False
        if pool.slot_limit != default_limit:
            values = {"slot_limit": default_limit, "from_default": int(default_limit is not None)}
            _set_limit(connection, database, concurrency_key, values)
        return default_limit is not None

    return database.write(initialize)


def delete_concurrency_limit(database: Database, concurrency_key: str) -> None:
    """Take the limit of a pool away. Steps that hold slots keep them, and those that wait get in."""
    statement = concurrency_limits.update().where(_L.concurrency_key == key_of(concurrency_key))
    # The row stays: tokens go on from where they were.
    database.write(
        lambda connection: connection.execute(statement.values(slot_limit=None, from_default=0))
    )


def get_concurrency_keys(database: Database) -> set[str]:
    """Return the pools that have a limit."""
    return {pool.name for pool in get_pool_limits(database)}


def get_pool_limits(database: Database) -> Sequence[PoolLimit]:
    """Return the limits of all pools that have one, in the order of their names."""
    statement = (
        sa.select(_L.name, _L.slot_limit, _L.from_default)
        .where(_L.slot_limit.is_not(None))
        .order_by(_L.concurrency_key)
    )
    rows = database.read(lambda connection: connection.execute(statement).all())
    return [PoolLimit(row.name, row.slot_limit, bool(row.from_default)) for row in rows]


def _locked_pool(connection: Connection, database: Database, concurrency_key: str) -> Any:
    """Return the row of a pool, made if need be, locked until the transaction ends."""
    key = key_of(concurrency_key)
    statement = sa.select(concurrency_limits).where(_L.concurrency_key == key).with_for_update()
    row = connection.execute(statement).first()
    if row is None:
        connection.execute(
            database.upsert(
                concurrency_limits,
                {"concurrency_key": key, "name": concurrency_key},
                ["concurrency_key"],
                None,
            )
        )
        row = connection.execute(statement).one()
    return row


# Taking a slot


def claim_concurrency_slot(
    database: Database,
    concurrency_key: str,
    run_id: str,
    step_key: str,
    priority: int | None = None,
    *,
    now: float,
    owner: str | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> ConcurrencyClaimStatus:
    """Take a slot for a step, or a place in the queue for one.

    Those of higher priority come first, then those that have waited longer. Asking again keeps what the
    step has: its slot for another lease, or its place.

    Args:
        database: The database.
        concurrency_key: The pool.
        run_id: The run.
        step_key: The step.
        priority: Of the step. Default: 0, or what it was when it asked before.
        now: The time, in seconds since the epoch.
        owner: The process that asks, in words, for people to see.
        lease_seconds: How long the slot is kept without a sign of life.
    """

    def claim(connection: Connection) -> ConcurrencyClaimStatus:
        pool = _locked_pool(connection, database, concurrency_key)
        _return_expired(connection, concurrency_key, now)
        values = {
            "concurrency_key": key_of(concurrency_key),
            "run_key": key_of(run_id),
            "run_id": run_id,
            "step_key": key_of(step_key),
            "step": step_key,
            "priority": priority or 0,
            "enqueued_timestamp": now,
            "expires_timestamp": now + wait_seconds(lease_seconds),
        }
        unique = ["concurrency_key", "run_key", "step_key"]
        changes = {} if priority is None else {"priority": priority}
        connection.execute(database.upsert(concurrency_slots, values, unique, changes or None))
        step = (concurrency_key, run_id, step_key)
        return _ask(connection, pool, step, now, owner, lease_seconds)

    return database.write(claim)


def check_concurrency_claim(
    database: Database,
    concurrency_key: str,
    run_id: str,
    step_key: str,
    *,
    now: float,
    owner: str | None = None,
    lease_seconds: float = LEASE_SECONDS,
) -> ConcurrencyClaimStatus:
    """Return how the claim of a step stands. If it is its turn, it has the slot.

    A step that never asked for a slot, or lost the one it had, is not in the queue:
    ``enqueued_timestamp`` is None, and it has to claim one (again).

    Args:
        database: The database.
        concurrency_key: The pool.
        run_id: The run.
        step_key: The step.
        now: The time, in seconds since the epoch.
        owner: The process that asks, in words, for people to see.
        lease_seconds: How long the slot is kept without a sign of life.
    """

    def ask(connection: Connection) -> ConcurrencyClaimStatus:
        pool = _locked_pool(connection, database, concurrency_key)
        _return_expired(connection, concurrency_key, now)
        step = (concurrency_key, run_id, step_key)
        return _ask(connection, pool, step, now, owner, lease_seconds)

    return database.write(ask)


def _return_expired(connection: Connection, concurrency_key: str, now: float) -> None:
    in_pool = _S.concurrency_key == key_of(concurrency_key)
    connection.execute(
        concurrency_slots.delete().where(
            in_pool,
            sa.or_(
                sa.and_(_S.assigned_timestamp.is_not(None), _S.expires_timestamp <= now),
                _S.expires_timestamp <= now - _FORGET_SECONDS,
            ),
        )
    )


def _ask(
    connection: Connection,
    pool: Any,
    step: tuple[str, str, str],
    now: float,
    owner: str | None,
    lease_seconds: float,
) -> ConcurrencyClaimStatus:
    """Renew what a step of a locked pool has, and give it a slot if it is its turn."""
    row = connection.execute(sa.select(concurrency_slots).where(_this_step(*step))).first()
    if row is None:
        return ConcurrencyClaimStatus(step[0], ConcurrencySlotStatus.BLOCKED)
    values: dict[str, Any] = {"expires_timestamp": now + wait_seconds(lease_seconds)}
    if row.assigned_timestamp is not None:
        values = {"expires_timestamp": now + lease_seconds}
    elif pool.slot_limit is None or _is_its_turn(connection, pool, row, now):
        values = {
            "assigned_timestamp": now,
            "expires_timestamp": now + lease_seconds,
            "token": pool.last_token + 1,
            "owner": owner,
        }
        connection.execute(
            concurrency_limits.update()
            .where(_L.concurrency_key == pool.concurrency_key)
            .values(last_token=pool.last_token + 1)
        )
    connection.execute(concurrency_slots.update().where(_S.id == row.id).values(**values))
    assigned = values.get("assigned_timestamp", row.assigned_timestamp)
    claimed = assigned is not None
    return ConcurrencyClaimStatus(
        step[0],
        ConcurrencySlotStatus.CLAIMED if claimed else ConcurrencySlotStatus.BLOCKED,
        row.priority,
        _time(assigned),
        _time(row.enqueued_timestamp),
        None if claimed else POLL_SECONDS,
        values.get("token", row.token) if claimed else None,
        _time(values["expires_timestamp"]),
    )


def _is_its_turn(connection: Connection, pool: Any, row: Any, now: float) -> bool:
    """Whether there are more slots than holders and living steps before this one in the queue."""
    ahead = sa.and_(
        _S.assigned_timestamp.is_(None),
        _S.expires_timestamp > now,
        sa.or_(
            _S.priority > row.priority,
            sa.and_(_S.priority == row.priority, _S.id < row.id),
        ),
    )
    statement = sa.select(sa.func.count()).where(
        _S.concurrency_key == pool.concurrency_key,
        _S.id != row.id,
        sa.or_(_S.assigned_timestamp.is_not(None), ahead),
    )
    return connection.execute(statement).scalar_one() < pool.slot_limit


# Keeping and releasing it


def renew_lease(
    database: Database,
    concurrency_key: str,
    run_id: str,
    step_key: str,
    token: int,
    *,
    now: float,
    lease_seconds: float = LEASE_SECONDS,
) -> bool:
    """Keep a slot for another lease.

    Args:
        database: The database.
        concurrency_key: The pool.
        run_id: The run.
        step_key: The step.
        token: The token that the claim gave.
        now: The time, in seconds since the epoch.
        lease_seconds: How long.

    Returns:
        False if the slot was lost in the meantime; another step may have it.
    """
    statement = concurrency_slots.update().where(
        _this_step(concurrency_key, run_id, step_key),
        _S.token == token,
        _S.assigned_timestamp.is_not(None),
    )
    changed = statement.values(expires_timestamp=now + lease_seconds)
    # Not by the number of rows that changed: MySQL counts a row that stays the same as none.
    held = sa.select(_S.id).where(
        _this_step(concurrency_key, run_id, step_key),
        _S.token == token,
        _S.assigned_timestamp.is_not(None),
    )

    def renew(connection: Connection) -> bool:
        connection.execute(changed)
        return connection.execute(held).first() is not None

    return database.write(renew)


def renew_leases_for_run(
    database: Database, run_id: str, *, now: float, lease_seconds: float = LEASE_SECONDS
) -> Mapping[tuple[str, str], int]:
    """Keep all slots of a run, and its places in queues, for another lease.

    Args:
        database: The database.
        run_id: The run.
        now: The time, in seconds since the epoch.
        lease_seconds: How long slots are kept.

    Returns:
        The token of each slot that the run holds, by pool and step.
    """
    mine = _S.run_key == key_of(run_id)
    held = mine & _S.assigned_timestamp.is_not(None)
    waiting = mine & _S.assigned_timestamp.is_(None)
    names = (
        sa.select(_L.name, _S.step, _S.token)
        .join(concurrency_limits, _L.concurrency_key == _S.concurrency_key)
        .where(held)
    )

    def renew(connection: Connection) -> dict[tuple[str, str], int]:
        for condition, seconds in ((held, lease_seconds), (waiting, wait_seconds(lease_seconds))):
            statement = concurrency_slots.update().where(condition)
            connection.execute(statement.values(expires_timestamp=now + seconds))
        return {(row.name, row.step): row.token for row in connection.execute(names)}

    return database.write(renew)


def release_concurrency_slot(
    database: Database, concurrency_key: str, run_id: str, step_key: str, token: int
) -> bool:
    """Give a slot back.

    Args:
        database: The database.
        concurrency_key: The pool.
        run_id: The run.
        step_key: The step.
        token: The token that the claim gave.

    Returns:
        False, and nothing happens, if the slot was lost in the meantime: the step came too late, and
        who holds a slot now, be it another attempt of this step, keeps it.
    """
    statement = concurrency_slots.delete().where(
        _this_step(concurrency_key, run_id, step_key),
        _S.token == token,
        _S.assigned_timestamp.is_not(None),
    )
    return database.write(lambda connection: connection.execute(statement).rowcount > 0)


def free_concurrency_slot_for_step(database: Database, run_id: str, step_key: str) -> None:
    """Give back all slots of a step, and its places in queues, whoever claimed them for it."""
    statement = concurrency_slots.delete().where(
        _S.run_key == key_of(run_id), _S.step_key == key_of(step_key)
    )
    database.write(lambda connection: connection.execute(statement))


def free_concurrency_slots_for_run(database: Database, run_id: str) -> None:
    """Give back all slots of a run, and its places in queues."""
    statement = concurrency_slots.delete().where(_S.run_key == key_of(run_id))
    database.write(lambda connection: connection.execute(statement))


# Who holds, who waits


def get_concurrency_run_ids(database: Database) -> set[str]:
    """Return the runs that hold slots or wait for them."""
    statement = sa.select(_S.run_id).distinct()
    return set(database.read(lambda connection: connection.execute(statement).scalars().all()))


def get_concurrency_info(database: Database, concurrency_key: str, *, now: float) -> ConcurrencyKeyInfo:
    """Return the limit of a pool, who holds its slots and who waits.

    Args:
        database: The database.
        concurrency_key: The pool.
        now: The time, in seconds since the epoch: leases that have ended by then are left out.
    """
    return get_concurrency_infos(database, [concurrency_key], now=now)[concurrency_key]


def get_concurrency_infos(
    database: Database, concurrency_keys: Sequence[str], *, now: float
) -> Mapping[str, ConcurrencyKeyInfo]:
    """Return :func:`get_concurrency_info` of several pools."""
    wanted = {key_of(name): name for name in concurrency_keys}

    def read(connection: Connection) -> tuple[dict[str, Any], dict[str, list[Any]]]:
        limits: dict[str, Any] = {}
        steps: dict[str, list[Any]] = {}
        for chunk in chunks(sorted(wanted)):
            chosen = sa.select(concurrency_limits).where(_L.concurrency_key.in_(chunk))
            limits |= {row.concurrency_key: row for row in connection.execute(chosen)}
            chosen = (
                sa.select(concurrency_slots)
                .where(
                    _S.concurrency_key.in_(chunk),
                    sa.or_(_S.assigned_timestamp.is_(None), _S.expires_timestamp > now),
                )
                .order_by(_S.priority.desc(), _S.id)
            )
            for row in connection.execute(chosen):
                steps.setdefault(row.concurrency_key, []).append(row)
        return limits, steps

    limits, steps = database.read(read)
    return {name: _info(name, limits.get(key), steps.get(key, [])) for key, name in wanted.items()}


def _info(name: str, pool: Any, steps: Sequence[Any]) -> ConcurrencyKeyInfo:
    limit = None if pool is None else pool.slot_limit
    held = [row for row in steps if row.assigned_timestamp is not None]
    pending: list[PendingStepInfo] = []
    for row in steps:
        enqueued = _time(row.enqueued_timestamp)
        assert enqueued is not None  # the column is never null
        assigned = _time(row.assigned_timestamp)
        pending.append(PendingStepInfo(row.run_id, row.step, enqueued, assigned, row.priority))
    return ConcurrencyKeyInfo(
        name,
        limit or 0,
        [
            ClaimedSlotInfo(
                row.run_id,
                row.step,
                row.owner,
                row.token,
                _time(row.assigned_timestamp),
                _time(row.expires_timestamp),
            )
            for row in sorted(held, key=lambda row: (row.assigned_timestamp, row.token))
        ],
        pending,
        limit,
        pool is None or limit is None or bool(pool.from_default),
    )
