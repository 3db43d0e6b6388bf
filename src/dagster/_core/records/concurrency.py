"""Concurrency limits: who holds a slot of a pool, who waits for one, and what an attempt came to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum

from dagster._wire.record import Record


class ConcurrencySlotStatus(Enum):
    """What an attempt to take a slot came to."""

    BLOCKED = "BLOCKED"
    CLAIMED = "CLAIMED"


class ConcurrencyClaimStatus(Record, frozen=True):
    """How the claim of a step on a slot stands.

    Args:
        concurrency_key: The pool.
        slot_status: Whether the step holds a slot.
        priority: The priority of the step; higher ones come first.
        assigned_timestamp: Since when it holds the slot.
        enqueued_timestamp: Since when it waits or waited; None if it is not in the queue.
        sleep_interval: After how many seconds it is worth asking again.
        token: The number of the slot's holder. A later holder of any slot of the pool has a higher one.
        expires_timestamp: When the slot, or the place in the queue, is lost unless it is renewed.
    """

    concurrency_key: str
    slot_status: ConcurrencySlotStatus
    priority: int | None = None
    assigned_timestamp: datetime | None = None
    enqueued_timestamp: datetime | None = None
    sleep_interval: float | None = None
    token: int | None = None
    expires_timestamp: datetime | None = None

    @property
    def is_claimed(self) -> bool:
        """Whether the step holds a slot."""
        return self.slot_status is ConcurrencySlotStatus.CLAIMED

    @property
    def is_assigned(self) -> bool:
        """Whether a slot is kept for the step."""
        return self.assigned_timestamp is not None

    def with_slot_status(self, slot_status: ConcurrencySlotStatus) -> ConcurrencyClaimStatus:
        """Return a copy with another status."""
        return self._replace(slot_status=slot_status)

    def with_sleep_interval(self, interval: float) -> ConcurrencyClaimStatus:
        """Return a copy that says to ask again after some seconds."""
        return self._replace(sleep_interval=interval)


class ClaimedSlotInfo(Record, frozen=True):
    """A slot that is held.

    Args:
        run_id: The run that holds it.
        step_key: The step that holds it.
        owner: The process that holds it, in words.
        token: The number of the holder.
        assigned_timestamp: Since when it is held.
        expires_timestamp: When it is lost unless it is renewed.
    """

    run_id: str
    step_key: str
    owner: str | None = None
    token: int | None = None
    assigned_timestamp: datetime | None = None
    expires_timestamp: datetime | None = None


class PendingStepInfo(Record, frozen=True):
    """A step that wants a slot or has got one.

    Args:
        run_id: Its run.
        step_key: The step.
        enqueued_timestamp: Since when it wants one.
        assigned_timestamp: Since when it has one; None while it waits.
        priority: Higher ones come first.
    """

    run_id: str
    step_key: str
    enqueued_timestamp: datetime
    assigned_timestamp: datetime | None
    priority: int | None


class ConcurrencyKeyInfo(Record, frozen=True):
    """A pool: its limit, who holds its slots, and who waits.

    Args:
        concurrency_key: The pool.
        slot_count: How many slots it has; 0 without a limit.
        claimed_slots: The slots that are held, oldest first.
        pending_steps: All steps that hold or want a slot, in the order in which they get one.
        limit: The limit; None if there is none.
        using_default_limit: Whether it is the instance's default.
    """

    concurrency_key: str
    slot_count: int
    claimed_slots: Sequence[ClaimedSlotInfo]
    pending_steps: Sequence[PendingStepInfo]
    limit: int | None
    using_default_limit: bool

    @property
    def active_slot_count(self) -> int:
        """How many slots are held."""
        return len(self.claimed_slots)

    @property
    def active_run_ids(self) -> set[str]:
        """The runs that hold slots."""
        return {slot.run_id for slot in self.claimed_slots}

    @property
    def pending_step_count(self) -> int:
        """How many steps wait."""
        return sum(1 for step in self.pending_steps if step.assigned_timestamp is None)

    @property
    def pending_run_ids(self) -> set[str]:
        """The runs of which steps wait."""
        return {step.run_id for step in self.pending_steps if step.assigned_timestamp is None}

    @property
    def assigned_step_count(self) -> int:
        """How many steps have got a slot."""
        return sum(1 for step in self.pending_steps if step.assigned_timestamp is not None)

    @property
    def assigned_run_ids(self) -> set[str]:
        """The runs of which steps have got a slot."""
        return {step.run_id for step in self.pending_steps if step.assigned_timestamp is not None}


class PoolLimit(Record, frozen=True):
    """The limit of a pool.

    Args:
        name: The pool.
        limit: How many steps it lets run at the same time.
        from_default: Whether it is the instance's default.
    """

    name: str
    limit: int
    from_default: bool


class PoolGranularity(Enum):
    """What takes a slot of a pool: each op, or the whole run."""

    OP = "op"
    RUN = "run"


class PoolConfig(Record, frozen=True):
    """What holds for all pools.

    Args:
        pool_granularity: What takes a slot.
        default_pool_limit: How many slots a pool has that nobody gave a limit.
        op_granularity_run_buffer: How many runs beyond the free slots may start all the same.
    """

    pool_granularity: PoolGranularity | None = None
    default_pool_limit: int | None = None
    op_granularity_run_buffer: int | None = None
