"""The gate where something limits: limits by tag count the steps of this run, pools those of all runs.

Steps that wait cost nothing while they wait. Each stands in one heap: of the limit that it found full, or of
its pool. A place that becomes free wakes the best of that heap and no other. Of the steps that wait for one
pool, only the best asks the storage.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData
from dagster._core.executor.limits import PRIORITY_STRIDE, StepGate
from dagster._core.executor.pool_slots import PoolSlots, describe_holders
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.concurrency import PoolGranularity
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.tags import GLOBAL_CONCURRENCY_TAG
from dagster._text import expected, unknown

if TYPE_CHECKING:
    from dagster._core.execution.plan_context import PlanOrchestrationContext

_DEBUG, _WARNING = 10, 30
#: After how many seconds a refused step asks its pool again; twice as long each time, up to what the storage
#: says. Slots that are held for moments only change hands quickly so.
_FIRST_WAIT = 0.05
#: How many steps a message names.
_SHOWN = 5


class TagLimit:
    """How many steps of a run with a tag may be in progress at the same time.

    Args:
        key: The tag.
        limit: How many.
        value: Only steps with this value.
        per_value: Whether the limit holds for each value by itself.
    """

    __slots__ = ("key", "limit", "per_value", "value")

    def __init__(self, key: str, limit: int, value: str | None = None, per_value: bool = False) -> None:
        self.key = key
        self.limit = limit
        self.value = value
        self.per_value = per_value


def tag_limits_of_config(config: Sequence[Mapping[str, Any]] | None) -> list[TagLimit]:
    """Return the limits that ``tag_concurrency_limits`` means.

    Args:
        config: Mappings of ``key``, ``limit`` and optionally ``value``.

    Raises:
        DagsterInvalidInvocationError: If an entry is not of that form, or its limit is below 1: its steps
            would wait for ever.
    """
    limits: list[TagLimit] = []
    for number, given in enumerate(config or ()):
        place = f"tag_concurrency_limits[{number}]"
        strange = next((name for name in given if name not in ("key", "value", "limit")), None)
        if strange is not None:
            raise DagsterInvalidInvocationError(
                f"{place}: {unknown('field', strange, ('key', 'value', 'limit'))}"
            )
        key, limit, value = given.get("key"), given.get("limit"), given.get("value")
        if not isinstance(key, str) or not key:
            raise DagsterInvalidInvocationError(expected(f"{place}.key", "the name of a tag", key))
        if type(limit) is not int or limit < 1:
            why = f"1 or more; steps with the tag '{key}' would never run"
            raise DagsterInvalidInvocationError(expected(f"{place}.limit", why, limit))
        if isinstance(value, Mapping):
            limits.append(TagLimit(key, limit, per_value=bool(value.get("applyLimitPerUniqueValue"))))
        elif value is None or isinstance(value, str):
            limits.append(TagLimit(key, limit, value))
        else:
            wanted = "a string or {applyLimitPerUniqueValue: true}"
            raise DagsterInvalidInvocationError(expected(f"{place}.value", wanted, value))
    return limits


def pool_of(step: ExecutionStep) -> str | None:
    """Return the pool of a step: its op's, or what the tag ``dagster/concurrency_key`` names."""
    return step.op_def.pool or step.tags.get(GLOBAL_CONCURRENCY_TAG) or None


class _Offered:
    """A step at the gate."""

    __slots__ = ("counters", "enqueued", "pool", "step", "told")

    def __init__(self, step: ExecutionStep, counters: Sequence[_Counter], pool: _Pool | None) -> None:
        self.step = step
        self.counters = counters
        self.pool = pool
        #: Whether it has a place in its pool's queue.
        self.enqueued = False
        #: The reason for waiting that was told last.
        self.told: Hashable = None


#: By rank, which is a step's own.
_Heap = list[tuple[int, _Offered]]


class _Counter:
    """The steps in progress that one limit counts, and those that found it full."""

    __slots__ = ("limit", "name", "running", "waiting")

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.running: dict[str, None] = {}
        self.waiting: _Heap = []

    @property
    def is_full(self) -> bool:
        return len(self.running) >= self.limit


class _Pool:
    """A pool as this run sees it: the steps that wait for it, and when the best of them asks again."""

    __slots__ = ("ask_at", "name", "patience", "reason", "waiting", "why")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: _Heap = []
        #: None while nobody has been refused since the last change.
        self.ask_at: float | None = None
        self.patience = _FIRST_WAIT
        #: What the storage last said of who holds it, to compare and for people.
        self.reason: Hashable = None
        self.why = ""


class LimitedGate(StepGate):
    """The gate where something can be held back.

    What is startable and best is taken first: a step that waits behind a full limit or pool does not keep
    back those that want neither.

    Args:
        limits: The limits by tag.
        slots: The run's slots of pools; None if pools do not count.
        plan_context: The run, for its events.
    """

    __slots__ = (
        "_counters",
        "_limits",
        "_messages",
        "_plan_context",
        "_polls",
        "_pools",
        "_running",
        "_slots",
    )

    is_open = False

    def __init__(
        self,
        limits: Sequence[TagLimit],
        slots: PoolSlots | None,
        plan_context: PlanOrchestrationContext,
    ) -> None:
        super().__init__()
        self._limits = limits
        self._slots = slots
        self._plan_context = plan_context
        self._counters: dict[tuple[int, str | None], _Counter] = {}
        self._pools: dict[str, _Pool] = {}
        #: When pools are asked again; what is out of date is passed over.
        self._polls: list[tuple[float, str]] = []
        self._running: dict[int, _Offered] = {}
        self._messages: list[tuple[ExecutionStep, str, int, str]] = []

    def offer(self, step: ExecutionStep) -> None:
        """Take in a step that is ready."""
        self._wake(step.index - step.priority * PRIORITY_STRIDE, self._offered(step))

    def _offered(self, step: ExecutionStep) -> _Offered:
        name = pool_of(step) if self._slots is not None else None
        pool = None
        if name is not None:
            pool = self._pools.get(name)
            if pool is None:
                pool = self._pools[name] = _Pool(name)
        return _Offered(step, self._counters_of(step.tags), pool)

    def _counters_of(self, tags: Mapping[str, str]) -> Sequence[_Counter]:
        if not tags:
            return ()
        found: list[_Counter] = []
        for number, limit in enumerate(self._limits):
            value = tags.get(limit.key)
            if value is None or (limit.value is not None and value != limit.value):
                continue
            counted = value if limit.per_value or limit.value is not None else None
            counter = self._counters.get((number, counted))
            if counter is None:
                shown = f"'{limit.key}'" if counted is None else f"'{limit.key}: {counted}'"
                counter = self._counters[number, counted] = _Counter(shown, limit.limit)
            found.append(counter)
        return found

    def adopt(self, step: ExecutionStep) -> None:
        """Count a step in that runs already, as after a restart of the run's own process."""
        offered = self._offered(step)
        if offered.pool is not None and self._slots is not None:
            pool = offered.pool.name
            if self._slots.claim(pool, step.key, step.priority) is not None:
                self._slots.withdraw(step.key)
                self._tell(
                    step,
                    f"Step \"{step.key}\" runs on without a slot of pool '{pool}': it was lost while nobody "
                    "looked after it.",
                    pool,
                    _WARNING,
                )
                offered.pool = None
        self._start(offered)

    def _start(self, offered: _Offered) -> None:
        key = offered.step.key
        for counter in offered.counters:
            counter.running[key] = None
        self._running[offered.step.index] = offered

    # Taking

    def take(self, now: float) -> ExecutionStep | None:
        """Return the next step that may start, with its places claimed; None if none may."""
        polls = self._polls
        while polls and polls[0][0] <= now:
            at, name = heapq.heappop(polls)
            if self._pools[name].ask_at == at:
                self._wake_pool(self._pools[name])
        ready = self._ready
        while ready:
            rank, offered = heapq.heappop(ready)
            full = next((counter for counter in offered.counters if counter.is_full), None)
            if full is not None:
                self._wait_for(full, rank, offered)
            elif offered.pool is None or self._enter(offered.pool, rank, offered, now):
                self._start(offered)
                return offered.step
        return None

    def _wake(self, rank: int, offered: _Offered) -> None:
        heapq.heappush(self._ready, (rank, offered))

    def _wake_pool(self, pool: _Pool) -> None:
        """Let the best of those that wait for a pool ask."""
        pool.ask_at = None
        if pool.waiting:
            self._wake(*heapq.heappop(pool.waiting))

    def _wait_for(self, full: _Counter, rank: int, offered: _Offered) -> None:
        heapq.heappush(full.waiting, (rank, offered))
        if offered.told != full.name:
            offered.told = full.name
            self._tell_full(full, offered.step)
        self._pass_on(offered)
        if offered.pool is not None:
            if offered.enqueued and self._slots is not None:
                # Its place would keep others waiting for as long as the run lives.
                self._slots.withdraw(offered.step.key)
                offered.enqueued = False
            if offered.pool.ask_at is None:
                self._wake_pool(offered.pool)

    def _pass_on(self, offered: _Offered) -> None:
        """Wake the next of those that wait for a place which a step was woken for, and cannot take."""
        for counter in offered.counters:
            if counter.waiting and not counter.is_full:
                self._wake(*heapq.heappop(counter.waiting))

    def _enter(self, pool: _Pool, rank: int, offered: _Offered, now: float) -> bool:
        """Claim a slot for a step, or let it wait."""
        step = offered.step
        slots = self._slots
        assert slots is not None  # steps have pools only where they count
        if pool.ask_at is not None and pool.waiting and pool.waiting[0][0] < rank:
            heapq.heappush(pool.waiting, (rank, offered))
            self._pass_on(offered)
            if offered.told is None:
                offered.told = pool.reason
                self._tell_pool(pool, step)
            return False
        seconds = slots.claim(pool.name, step.key, step.priority)
        if seconds is None:
            offered.enqueued = False
            pool.patience = _FIRST_WAIT
            if pool.ask_at is None:
                # There may be more than one.
                self._wake_pool(pool)
            return True
        offered.enqueued = True
        heapq.heappush(pool.waiting, (rank, offered))
        self._pass_on(offered)
        pool.ask_at = now + min(seconds, pool.patience)
        pool.patience *= 2
        heapq.heappush(self._polls, (pool.ask_at, pool.name))
        info = slots.info(pool.name)
        holders = tuple((slot.run_id, slot.step_key, slot.token) for slot in info.claimed_slots)
        pool.reason = (info.limit, holders)
        pool.why = describe_holders(info, self._plan_context.run_id)
        if offered.told != pool.reason:
            offered.told = pool.reason
            self._tell_pool(pool, step)
        return False

    def next_poll(self, now: float) -> float | None:
        """Return after how many seconds it is worth asking again; None if only a release can help."""
        if self._ready:
            return 0.0
        polls = self._polls
        while polls:
            at, name = polls[0]
            pool = self._pools[name]
            if pool.ask_at == at and pool.waiting:
                return max(0.0, at - now)
            heapq.heappop(polls)
        return None

    # Giving back

    def release(self, step: ExecutionStep) -> None:
        """Free the places of a step that ended, in whatever way. One that holds nothing is let be."""
        offered = self._running.pop(step.index, None)
        if offered is None:
            return
        for counter in offered.counters:
            counter.running.pop(step.key, None)
            if counter.waiting and not counter.is_full:
                self._wake(*heapq.heappop(counter.waiting))
        pool = offered.pool
        if pool is None or self._slots is None:
            return
        self._note_lost()
        try:
            in_time = self._slots.release(pool.name, step.key)
        except Exception as exc:  # noqa: BLE001 - the step has ended well or badly, whatever the storage says
            self._tell(
                step,
                f"The slot of pool '{pool.name}' that step \"{step.key}\" held could not be given back: "
                f"{exc}. It is free again when its lease ends.",
                pool.name,
                _WARNING,
            )
        else:
            if not in_time:
                self._tell(
                    step,
                    f"Step \"{step.key}\" ended after it had lost its slot of pool '{pool.name}'; nothing was "
                    "given back, and who holds the slot now keeps it.",
                    pool.name,
                    _WARNING,
                )
        self._wake_pool(pool)

    def close(self) -> None:
        """Give everything back. It raises nothing."""
        self._running.clear()
        if self._slots is None:
            return
        try:
            self._slots.close()
        except Exception as exc:  # noqa: BLE001 - the run's end is not the place to fail it
            error = error_info_from_exception(exc)
            self._plan_context.emit_run_event(
                DagsterEventType.ENGINE_EVENT,
                "The slots of pools that the run held could not be given back. They are free again when "
                "their leases end.",
                EngineEventData(error=error),
                _WARNING,
                error,
            )

    # Telling

    def take_events(self) -> Sequence[DagsterEvent]:
        """Write what is to be told since the last call to the log of the run, and return it."""
        if self._slots is not None:
            self._note_lost()
        if not self._messages:
            return ()
        messages, self._messages = self._messages, []
        return [self._event(*message) for message in messages]

    def _note_lost(self) -> None:
        assert self._slots is not None  # both callers looked
        for pool, step_key in self._slots.take_lost():
            for offered in self._running.values():
                if offered.step.key == step_key:
                    self._tell(
                        offered.step,
                        f"Step \"{step_key}\" has lost its slot of pool '{pool}': its lease was not renewed "
                        "in time. It runs on; another step may run beside it.",
                        pool,
                        _WARNING,
                    )

    def _tell(self, step: ExecutionStep, message: str, name: str, level: int = _DEBUG) -> None:
        self._messages.append((step, message, level, name))

    def _tell_full(self, full: _Counter, step: ExecutionStep) -> None:
        running = list(full.running)
        more = f" and {len(running) - _SHOWN} more" if len(running) > _SHOWN else ""
        self._tell(
            step,
            f'Step "{step.key}" waits: {len(running)} of {full.limit} steps with the tag {full.name} are in '
            f"progress ({', '.join(running[:_SHOWN])}{more}).",
            full.name,
        )

    def _tell_pool(self, pool: _Pool, step: ExecutionStep) -> None:
        message = f"Step \"{step.key}\" waits for a slot of pool '{pool.name}': {pool.why}."
        self._tell(step, message, pool.name)

    def _event(self, step: ExecutionStep, message: str, level: int, name: str) -> DagsterEvent:
        context = self._plan_context
        event = DagsterEvent(
            DagsterEventType.ENGINE_EVENT.value,
            context.job_name,
            step.handle,  # type: ignore[arg-type] - a step that is ready has no open handle
            step.node_handle,
            "COMPUTE",
            None,
            EngineEventData(metadata={"limit": MetadataValue.text(name)}),
            message,
            context.pid,
            step.key,
        )
        return context.emit(event, level)


def limited_gate(
    plan_context: PlanOrchestrationContext,
    tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
) -> LimitedGate | None:
    """Return the gate of a run; None if nothing counts, since its pools count runs or do not count.

    Args:
        plan_context: The run.
        tag_concurrency_limits: The executor's limits by tag.

    Raises:
        DagsterInvalidInvocationError: If a limit is not of the form that it should have.
    """
    limits = tag_limits_of_config(tag_concurrency_limits)
    slots = _slots_of(plan_context)
    return LimitedGate(limits, slots, plan_context) if limits or slots is not None else None


def _slots_of(plan_context: PlanOrchestrationContext) -> PoolSlots | None:
    """Return the run's slots, or None where pools do not count steps."""
    if all(pool_of(step) is None for step in plan_context.plan.steps):
        return None
    instance = plan_context.instance
    if instance.get_concurrency_config().pool_config.pool_granularity is PoolGranularity.RUN:
        return None
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return None
    return PoolSlots(storage, plan_context.run_id)
