"""The gate: limits by tag and pools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.executor.limited_gate import LimitedGate, pool_of, tag_limits_of_config
from dagster._core.executor.limits import StepGate
from dagster._core.executor.pool_slots import PoolSlots
from dagster._core.instance.for_test import instance_for_test
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.concurrency import (
    ClaimedSlotInfo,
    ConcurrencyClaimStatus,
    ConcurrencyKeyInfo,
    ConcurrencySlotStatus,
)


class Pools:
    """The least that the gate needs of a storage: slots without a queue."""

    pool_lease_seconds = 60.0

    def __init__(self, limits: Mapping[str, int]) -> None:
        self.limits = limits
        self.held: dict[tuple[str, str, str], int] = {}
        self.claims = 0
        self.last = 0

    def used(self, pool: str) -> int:
        return sum(1 for name, _run, _step in self.held if name == pool)

    def initialize_concurrency_limit_to_default(self, pool: str) -> bool:
        return False

    def claim_concurrency_slot(
        self, pool: str, run_id: str, step: str, priority: int, owner: str = ""
    ) -> ConcurrencyClaimStatus:
        self.claims += 1
        place = (pool, run_id, step)
        if place not in self.held:
            if self.used(pool) >= self.limits[pool]:
                return ConcurrencyClaimStatus(pool, ConcurrencySlotStatus.BLOCKED, sleep_interval=1.0)
            self.last += 1
            self.held[place] = self.last
        return ConcurrencyClaimStatus(pool, ConcurrencySlotStatus.CLAIMED, token=self.held[place])

    def get_concurrency_info(self, pool: str) -> ConcurrencyKeyInfo:
        slots = [
            ClaimedSlotInfo(run, step, token=token)
            for (name, run, step), token in self.held.items()
            if name == pool
        ]
        limit = self.limits[pool]
        return ConcurrencyKeyInfo(pool, limit, slots, [], limit, False)

    def release_concurrency_slot(self, pool: str, run_id: str, step: str, token: int) -> bool:
        if self.held.get((pool, run_id, step)) != token:
            return False
        del self.held[pool, run_id, step]
        return True

    def renew_concurrency_leases_for_run(self, run_id: str) -> dict[tuple[str, str], int]:
        return {(p, s): token for (p, run, s), token in self.held.items() if run == run_id}

    def free_concurrency_slot_for_step(self, run_id: str, step: str) -> None:
        self.held = {k: v for k, v in self.held.items() if k[1:] != (run_id, step)}

    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        self.held = {k: v for k, v in self.held.items() if k[1] != run_id}


class Told:
    """A run that keeps what is written to its log."""

    run_id = "r"
    job_name = "j"
    pid = 1

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def emit(self, event: Any, level: int = 10, error: Any = None) -> Any:
        self.told.append((event.message, level))
        return event

    def emit_run_event(
        self, kind: Any, message: str, data: Any = None, level: int = 10, error: Any = None
    ):
        self.told.append((message, level))


def step_of(
    index: int, tags: Mapping[str, str] | None = None, pool: str | None = None, priority: int = 0
) -> Any:
    return SimpleNamespace(
        index=index,
        key=f"s{index}",
        tags=tags or {},
        op_def=SimpleNamespace(pool=pool),
        priority=priority,
        handle=None,
        node_handle=None,
    )


def gate_of(limits: list[dict[str, Any]], pools: Pools | None = None) -> tuple[LimitedGate, Told]:
    told = Told()
    slots = PoolSlots(pools, "r", renew_seconds=0) if pools is not None else None  # type: ignore[arg-type]
    return LimitedGate(tag_limits_of_config(limits), slots, told), told  # type: ignore[arg-type]


def taken(gate: StepGate, now: float = 0.0) -> list[str]:
    found: list[str] = []
    while (step := gate.take(now)) is not None:
        found.append(step.key)
    return found


def messages(gate: StepGate, told: Told) -> list[str]:
    told.told.clear()
    gate.take_events()
    return [message for message, _level in told.told]


# Limits by tag


def test_a_tag_is_limited_as_a_whole_by_value_or_for_each_value() -> None:
    steps = [step_of(n, {"db": "a" if n % 2 else "b"}) for n in range(6)] + [step_of(6)]
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"key": "db", "limit": 2}, ["s0", "s1", "s6"]),
        ({"key": "db", "value": "a", "limit": 1}, ["s0", "s1", "s2", "s4", "s6"]),
        (
            {"key": "db", "value": {"applyLimitPerUniqueValue": True}, "limit": 2},
            ["s0", "s1", "s2", "s3", "s6"],
        ),
        ({"key": "db", "value": {"applyLimitPerUniqueValue": False}, "limit": 1}, ["s0", "s6"]),
    ]
    for limit, expected in cases:
        gate, _told = gate_of([limit])
        for step in steps:
            gate.offer(step)
        assert taken(gate) == expected


def test_priority_goes_before_order() -> None:
    for gate in (StepGate(), gate_of([{"key": "x", "limit": 1}])[0]):
        for step in (
            step_of(0),
            step_of(1, priority=-1),
            step_of(2, priority=5),
            step_of(3, priority=5),
        ):
            gate.offer(step)
        assert taken(gate) == ["s2", "s3", "s0", "s1"]


def test_what_waits_is_told_once_with_who_is_in_the_way() -> None:
    gate, told = gate_of([{"key": "db", "limit": 2}])
    steps = [step_of(n, {"db": "x"}) for n in range(4)]
    for step in steps:
        gate.offer(step)
    assert taken(gate) == ["s0", "s1"]
    assert messages(gate, told) == [
        f"Step \"s{n}\" waits: 2 of 2 steps with the tag 'db' are in progress (s0, s1)." for n in (2, 3)
    ]
    assert gate.next_poll(0.0) is None
    gate.release(steps[0])
    assert gate.next_poll(0.0) == 0.0
    assert taken(gate) == ["s2"]
    assert messages(gate, told) == []


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (
            {"key": "a", "limit": 0},
            r"tag_concurrency_limits\[0\].limit to be 1 or more; .* would never run",
        ),
        ({"key": "a"}, r"limit to be 1 or more.*got: None"),
        ({"limit": 1}, r"tag_concurrency_limits\[0\].key to be the name of a tag"),
        ({"key": "a", "limit": 1, "value": 3}, "value to be a string or"),
        ({"key": "a", "limti": 1}, "Did you mean"),
    ],
)
def test_limits_that_make_no_sense_are_refused(limit: dict[str, Any], message: str) -> None:
    with pytest.raises(DagsterInvalidInvocationError, match=message):
        tag_limits_of_config([limit])


# Pools


def test_only_the_best_of_a_pool_asks_the_storage() -> None:
    pools = Pools({"p": 2})
    pools.claim_concurrency_slot("p", "other", "a", 0)
    gate, told = gate_of([], pools)
    steps = [step_of(n, pool="p") for n in range(1000)]
    for step in steps:
        gate.offer(step)
    assert taken(gate, 0.0) == ["s0"]
    # The other run's claim, s0's, and s1's, which was refused.
    assert pools.claims == 3
    waiting = messages(gate, told)
    assert len(waiting) == 999
    assert waiting[0] == (
        'Step "s1" waits for a slot of pool \'p\': 2 of 2 are held by step "a" of run other; step "s0" of '
        "this run."
    )
    # It asks again after a moment, then ever less often.
    now, polls = 0.0, []
    for _ in range(8):
        wait = gate.next_poll(now)
        assert wait is not None
        polls.append(round(wait, 3))
        claims = pools.claims
        assert gate.take(now + wait / 2) is None
        assert pools.claims == claims
        now += wait
        assert gate.take(now) is None
        assert pools.claims == claims + 1
    assert polls == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0]
    assert messages(gate, told) == []  # nothing has changed
    gate.release(steps[0])
    assert taken(gate, now) == ["s1"]
    assert len(messages(gate, told)) == 1  # s2 is the best now, and the holders are others
    pools.free_concurrency_slots_for_run("other")
    assert taken(gate, now) == []
    assert taken(gate, now + 2.0) == ["s2"]
    gate.close()
    assert pools.held == {}


def test_a_step_of_higher_priority_asks_at_once() -> None:
    pools = Pools({"p": 1})
    pools.claim_concurrency_slot("p", "other", "a", 0)
    gate, _told = gate_of([], pools)
    gate.offer(step_of(0, pool="p"))
    assert taken(gate, 0.0) == []
    pools.free_concurrency_slots_for_run("other")
    gate.offer(step_of(1, pool="p"))
    assert taken(gate, 0.01) == []
    gate.offer(step_of(2, pool="p", priority=1))
    assert taken(gate, 0.02) == ["s2"]


def test_a_late_release_is_told_and_takes_nothing_from_the_next_holder() -> None:
    pools = Pools({"p": 1})
    gate, told = gate_of([], pools)
    step = step_of(0, pool="p")
    gate.offer(step)
    assert taken(gate) == ["s0"]
    pools.held = {("p", "r", "s0"): 77}  # another attempt of the step, by a later process
    gate.release(step)
    assert messages(gate, told) == [
        (
            "Step \"s0\" ended after it had lost its slot of pool 'p'; nothing was given back, and who holds the "
            "slot now keeps it."
        )
    ]
    assert pools.held == {("p", "r", "s0"): 77}


def test_a_lease_that_was_lost_is_told() -> None:
    pools = Pools({"p": 1})
    told = Told()
    slots = PoolSlots(pools, "r", renew_seconds=0)  # type: ignore[arg-type]
    gate = LimitedGate([], slots, told)  # type: ignore[arg-type]
    step = step_of(0, pool="p")
    gate.offer(step)
    assert taken(gate) == ["s0"]
    slots.renew()
    assert messages(gate, told) == []
    pools.held.clear()
    slots.renew()
    slots.renew()
    (message,) = messages(gate, told)
    assert message.startswith("Step \"s0\" has lost its slot of pool 'p'")
    gate.release(step)
    assert "ended after it had lost" in messages(gate, told)[0]


def test_slots_that_an_earlier_process_of_the_run_left_are_given_back() -> None:
    pools = Pools({"p": 2})
    pools.claim_concurrency_slot("p", "r", "left", 0)
    pools.claim_concurrency_slot("p", "r", "goes_on", 0)
    slots = PoolSlots(pools, "r", renew_seconds=0)  # type: ignore[arg-type]
    assert slots.claim("p", "goes_on", 0) is None
    slots.renew()
    assert set(pools.held) == {("p", "r", "goes_on")}


def test_the_storage_may_fail_while_a_slot_is_given_back() -> None:
    pools = Pools({"p": 1})
    gate, told = gate_of([], pools)
    step = step_of(0, pool="p")
    gate.offer(step)
    assert taken(gate) == ["s0"]

    def fail(*_args: Any) -> bool:
        raise OSError("no route to host")

    pools.release_concurrency_slot = fail  # type: ignore[method-assign]
    pools.free_concurrency_slots_for_run = fail  # type: ignore[method-assign]
    gate.release(step)
    assert "no route to host. It is free again when its lease ends." in messages(gate, told)[0]
    gate.close()
    assert "could not be given back" in told.told[-1][0]


def test_a_step_that_runs_already_is_counted_in() -> None:
    pools = Pools({"p": 1})
    gate, told = gate_of([{"key": "t", "limit": 1}], pools)
    gate.adopt(step_of(0, {"t": ""}, "p"))
    gate.adopt(step_of(1, {}, "p"))
    assert [("without a slot" in message) for message in messages(gate, told)] == [True]
    gate.offer(step_of(2, {"t": ""}))
    assert taken(gate) == []
    gate.release(step_of(0, {"t": ""}, "p"))
    assert pools.held == {}
    assert taken(gate) == ["s2"]


# Against an oracle

TAGS = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]), max_size=2)


class GateMachine(RuleBasedStateMachine):
    """Whatever is offered, released and taken by others: the best of what may start starts, and no other."""

    LIMITS = (
        {"key": "a", "limit": 2},
        {"key": "a", "value": "x", "limit": 1},
        {"key": "b", "value": {"applyLimitPerUniqueValue": True}, "limit": 1},
    )

    def __init__(self) -> None:
        super().__init__()
        self.pools = Pools({"p": 1, "q": 2})
        self.gate, _told = gate_of(list(self.LIMITS), self.pools)
        self.now = 0.0
        self.waiting: list[Any] = []
        self.running: list[Any] = []
        self.count = 0

    def counts(self, step: Any) -> Iterator[tuple[str, int]]:
        tags = step.tags
        if "a" in tags:
            yield "a", 2
            if tags["a"] == "x":
                yield "a=x", 1
        if "b" in tags:
            yield f"b={tags['b']}", 1

    def used(self, name: str) -> int:
        return sum(1 for step in self.running for other, _ in self.counts(step) if other == name)

    def may_start(self, step: Any) -> bool:
        pool = step.op_def.pool
        return all(self.used(name) < limit for name, limit in self.counts(step)) and (
            pool is None or self.pools.used(pool) < self.pools.limits[pool]
        )

    @rule(tags=TAGS, pool=st.sampled_from([None, None, "p", "q"]), priority=st.integers(-1, 1))
    def offer(self, tags: dict[str, str], pool: str | None, priority: int) -> None:
        step = step_of(self.count, tags, pool, priority)
        self.count += 1
        self.waiting.append(step)
        self.gate.offer(step)

    @rule()
    def take(self) -> None:
        self.now += 10  # every poll is due
        startable = [step for step in self.waiting if self.may_start(step)]
        step = self.gate.take(self.now)
        if step is None:
            assert startable == []
            assert self.gate.next_poll(self.now) != 0.0
            return
        assert step is min(startable, key=lambda s: (-s.priority, s.index))
        self.waiting.remove(step)
        self.running.append(step)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from(self.running))
        self.running.remove(step)
        self.gate.release(step)

    @rule(pool=st.sampled_from(["p", "q"]))
    def another_run_asks(self, pool: str) -> None:
        self.pools.claim_concurrency_slot(pool, "other", "x", 0)

    @rule()
    def another_run_ends(self) -> None:
        self.pools.free_concurrency_slots_for_run("other")

    @rule()
    def tell(self) -> None:
        self.gate.take_events()

    @invariant()
    def limits_hold(self) -> None:
        for step in self.running:
            for name, limit in self.counts(step):
                assert self.used(name) <= limit
        for pool, limit in self.pools.limits.items():
            assert self.pools.used(pool) <= limit

    def teardown(self) -> None:
        # Nothing starves: everything that was offered runs in the end.
        self.another_run_ends()
        while self.waiting or self.running:
            before = len(self.waiting)
            self.take()
            if len(self.waiting) == before:
                step = self.running.pop(0)
                self.gate.release(step)
        self.gate.close()
        assert self.pools.held == {}


TestGate = GateMachine.TestCase
TestGate.settings = settings(max_examples=150, stateful_step_count=40)


# In a run


@op(pool="db")
def uses_pool() -> int:
    return 1


@op(tags={"dagster/concurrency_key": "api"})
def uses_key() -> int:
    return 2


@op
def free() -> int:
    return 3


@job
def pooled() -> None:
    uses_pool()
    uses_key()
    free()


@job
def unpooled() -> None:
    free()


def test_pools_of_steps() -> None:
    from dagster._core.runner.execute_job import create_execution_plan

    plan = create_execution_plan(pooled)
    assert [pool_of(step) for step in plan.steps] == ["db", "api", None]


def test_without_limits_and_pools_the_gate_is_open() -> None:
    from dagster._core.runner.execute_job import create_execution_plan

    context = SimpleNamespace(plan=create_execution_plan(unpooled), instance=None, run_id="r")
    gate = StepGate.for_run(context)  # type: ignore[arg-type]
    assert gate.is_open
    step = step_of(0)
    gate.offer(step)
    assert gate.take(0.0) is step
    gate.release(step)
    assert (gate.take(0.0), gate.take_events(), gate.next_poll(0.0)) == (None, (), None)
    gate.close()


@pytest.mark.parametrize("make", [DagsterInstance.ephemeral, instance_for_test])
def test_one_process_respects_pools(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with make() as instance:
        storage = instance.event_log_storage
        storage.set_concurrency_slots("db", 1)
        storage.claim_concurrency_slot("db", "another-run", "its_step", 0)
        waits: list[float] = []

        def give_back(seconds: float) -> None:
            waits.append(seconds)
            storage.free_concurrency_slots_for_run("another-run")

        # The only step of the run that cannot start waits; then the other run ends.
        monkeypatch.setattr("dagster._time.sleep", give_back)
        now = iter(range(1000))
        monkeypatch.setattr("dagster._time.monotonic", lambda: float(next(now)))
        result = pooled.execute_in_process(instance=instance)
        assert result.success
        assert len(waits) == 1
        told = [e.message for e in result.all_events if e.message and "waits for a slot" in e.message]
        assert len(told) == 1
        assert '1 of 1 are held by step "its_step" of run another-run since' in told[0]
        # The others did not wait for it.
        ended = [e.step_key for e in result.all_events if e.is_step_success]
        assert ended == ["uses_key", "free", "uses_pool"]
        assert storage.get_concurrency_run_ids() == set()


def test_slots_return_when_a_step_raises() -> None:
    @op(pool="db")
    def broken() -> None:
        raise ValueError("no")

    @job
    def breaking() -> None:
        broken()

    with DagsterInstance.ephemeral() as instance:
        instance.event_log_storage.set_concurrency_slots("db", 1)
        for _ in range(2):
            with pytest.raises(ValueError, match="no"):
                breaking.execute_in_process(instance=instance)
            assert instance.event_log_storage.get_concurrency_run_ids() == set()


def test_where_pools_count_runs_steps_do_not_wait() -> None:
    overrides = {"concurrency": {"pools": {"granularity": "run"}}}
    with instance_for_test(overrides=overrides) as instance:
        instance.event_log_storage.set_concurrency_slots("db", 0)
        assert pooled.execute_in_process(instance=instance).success
