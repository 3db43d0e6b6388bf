"""The slots of the instance's pools that one run holds: claimed, kept by renewing leases, given back."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster._core.records.concurrency import ClaimedSlotInfo, ConcurrencyKeyInfo
    from dagster._core.storage.event_log.base import EventLogStorage

#: After how many seconds a step asks again where the storage does not say.
_ASK_AGAIN_SECONDS = 1.0
#: How many holders a message names.
_SHOWN = 5


class PoolSlots:
    """The slots that one run holds.

    A thread renews the leases while there are any. A slot that was lost all the same, since this process
    stood still for longer than a lease, is told by :meth:`take_lost`; giving it back then does nothing to
    whoever has it now. What an earlier process of the same run left behind is given back.

    Args:
        storage: Where the pools are.
        run_id: The run.
        renew_seconds: Between two renewals. Default: a third of a lease. 0 starts no thread.
    """

    __slots__ = (
        "_claimed",
        "_held",
        "_known_pools",
        "_leases",
        "_lock",
        "_lost",
        "_owner",
        "_renew_seconds",
        "_run_id",
        "_stop",
        "_storage",
        "_thread",
    )

    def __init__(
        self, storage: EventLogStorage, run_id: str, renew_seconds: float | None = None
    ) -> None:
        # Leases are no part of what other people's storages must have.
        self._storage: Any = storage
        self._run_id = run_id
        self._owner = f"process {os.getpid()} on {socket.gethostname()}"
        self._leases = storage.pool_lease_seconds > 0
        self._renew_seconds = storage.pool_lease_seconds / 3 if renew_seconds is None else renew_seconds
        self._known_pools: set[str] = set()
        self._held: dict[tuple[str, str], int | None] = {}
        self._lost: list[tuple[str, str]] = []
        self._claimed = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def claim(self, pool: str, step_key: str, priority: int) -> float | None:
        """Ask for a slot.

        Args:
            pool: The pool.
            step_key: The step.
            priority: Of the step, against the steps of all runs.

        Returns:
            None if the step has it; else after how many seconds it is worth asking again.
        """
        with self._lock:
            if pool not in self._known_pools:
                self._known_pools.add(pool)
                self._storage.initialize_concurrency_limit_to_default(pool)
            self._claimed = True
            owner = {"owner": self._owner} if self._leases else {}
            status = self._storage.claim_concurrency_slot(
                pool, self._run_id, step_key, priority, **owner
            )
            if not status.is_claimed:
                return status.sleep_interval or _ASK_AGAIN_SECONDS
            self._held[pool, step_key] = status.token
        if self._thread is None and self._leases and self._renew_seconds:
            self._thread = threading.Thread(
                target=self._keep_renewing, name="dagster-pool-leases", daemon=True
            )
            self._thread.start()
        return None

    def withdraw(self, step_key: str) -> None:
        """Give up the places of a step that waits."""
        self._storage.free_concurrency_slot_for_step(self._run_id, step_key)

    def release(self, pool: str, step_key: str) -> bool:
        """Give a slot back.

        Returns:
            False if it was lost before; another step may have had it since.
        """
        with self._lock:
            if (pool, step_key) not in self._held:
                return False
            token = self._held.pop((pool, step_key))
            if not self._leases or token is None:
                self._storage.free_concurrency_slot_for_step(self._run_id, step_key)
                return True
            return self._storage.release_concurrency_slot(pool, self._run_id, step_key, token)

    def renew(self) -> None:
        """Renew the leases, note what was lost, and give back what an earlier process left behind."""
        with self._lock:
            if not self._held:
                return
            tokens = self._storage.renew_concurrency_leases_for_run(self._run_id)
            for place, token in list(self._held.items()):
                if tokens.get(place) != token:
                    del self._held[place]
                    self._lost.append(place)
            for (pool, step_key), token in tokens.items():
                if (pool, step_key) not in self._held:
                    self._storage.release_concurrency_slot(pool, self._run_id, step_key, token)

    def _keep_renewing(self) -> None:
        while not self._stop.wait(self._renew_seconds):
            try:
                self.renew()
            except Exception:  # noqa: BLE001 - the storage may be back before the lease ends
                continue

    def take_lost(self) -> Sequence[tuple[str, str]]:
        """Return the slots that were lost since the last call: pool and step."""
        if not self._lost:
            return ()
        with self._lock:
            lost, self._lost = self._lost, []
        return lost

    def info(self, pool: str) -> ConcurrencyKeyInfo:
        """Return the limit of a pool, who holds its slots and who waits."""
        return self._storage.get_concurrency_info(pool)

    def close(self) -> None:
        """Give everything back, and stop renewing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        with self._lock:
            self._held.clear()
            if self._claimed:
                self._storage.free_concurrency_slots_for_run(self._run_id)


def describe_holders(info: ConcurrencyKeyInfo, run_id: str) -> str:
    """Return in words why a pool has no slot to give.

    Args:
        info: The pool.
        run_id: The run that asks.
    """
    if info.limit == 0:
        return "it has no slots: its limit is 0"
    holders = info.claimed_slots
    shown = "; ".join(_holder(slot, run_id) for slot in holders[:_SHOWN])
    more = f"; and {len(holders) - _SHOWN} more" if len(holders) > _SHOWN else ""
    if info.limit is not None and len(holders) < info.limit:
        waiting = info.pending_step_count - 1
        others = "another step comes" if waiting == 1 else f"{waiting} other steps come"
        held = f" and {len(holders)} of {info.limit} are held by {shown}{more}" if holders else ""
        return f"{others} first{held}" if waiting > 0 else "it was just given to another"
    return f"{len(holders)} of {info.limit} are held by {shown}{more}"


def _holder(slot: ClaimedSlotInfo, run_id: str) -> str:
    since = slot.assigned_timestamp
    when = f" since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if since is not None else ""
    whose = "this run" if slot.run_id == run_id else f"run {slot.run_id}"
    return f'step "{slot.step_key}" of {whose}{when}'
