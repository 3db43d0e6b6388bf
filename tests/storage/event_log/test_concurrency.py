"""Limits, slots and leases."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.records.concurrency import ConcurrencyClaimStatus, PoolLimit
from dagster._core.storage.event_log import concurrency
from dagster._core.storage.event_log.concurrency import LEASE_SECONDS, WAIT_SECONDS
from dagster._core.storage.sql.database import Database, open_memory
from tests.storage.conftest import create_tables
from tests.storage.event_log import slot_claimers
from tests.storage.event_log.asset_log import NASTY

POOL = "pool"
ROOT = Path(__file__).parents[3]


def claim(
    database: Database, step: str, now: float = 0.0, priority: int | None = None, pool: str = POOL
) -> ConcurrencyClaimStatus:
    return concurrency.claim_concurrency_slot(database, pool, "r", step, priority, now=now)


def check(database: Database, step: str, now: float = 0.0) -> ConcurrencyClaimStatus:
    return concurrency.check_concurrency_claim(database, POOL, "r", step, now=now)


def release(database: Database, step: str, token: int | None) -> bool:
    assert token is not None
    return concurrency.release_concurrency_slot(database, POOL, "r", step, token)


def limit(database: Database, number: int, pool: str = POOL) -> None:
    concurrency.set_concurrency_slots(database, pool, number)


# Limits


def test_limits(database: Database) -> None:
    assert concurrency.get_pool_limits(database) == []
    limit(database, 3)
    limit(database, 0, "b")
    limit(database, 2)
    assert concurrency.get_concurrency_keys(database) == {POOL, "b"}
    assert concurrency.get_pool_limits(database) == [
        PoolLimit("b", 0, False),
        PoolLimit(POOL, 2, False),
    ]
    concurrency.delete_concurrency_limit(database, POOL)
    concurrency.delete_concurrency_limit(database, "unknown")
    assert concurrency.get_concurrency_keys(database) == {"b"}


def test_default_limits(database: Database) -> None:
    initialize = concurrency.initialize_concurrency_limit_to_default
    limit(database, 7, "own")
    assert not initialize(database, "own", 2)
    assert not initialize(database, POOL, None)
    assert initialize(database, POOL, 2)
    assert initialize(database, POOL, 2)
    assert concurrency.get_pool_limits(database) == [
        PoolLimit("own", 7, False),
        PoolLimit(POOL, 2, True),
    ]
    assert concurrency.get_concurrency_info(database, POOL, now=0.0).using_default_limit
    assert initialize(database, POOL, 5)
    assert concurrency.get_pool_limits(database)[1] == PoolLimit(POOL, 5, True)
    limit(database, 6)
    assert concurrency.get_pool_limits(database)[1] == PoolLimit(POOL, 6, False)
    concurrency.delete_concurrency_limit(database, POOL)
    assert initialize(database, POOL, 4)
    assert not initialize(database, POOL, None)
    assert concurrency.get_concurrency_keys(database) == {"own"}


@pytest.mark.parametrize(
    ("name", "number", "message"),
    [
        ("p", -1, "Cannot have a negative number of slots. expected num to be 0 or more, got: -1"),
        ("p", 1001, "Cannot have more than 1000 slots per concurrency key. expected num to be 1000"),
        ("", 1, "expected concurrency_key to be a name that is not empty"),
    ],
)
def test_refused_limits(memory_database: Database, name: str, number: int, message: str) -> None:
    with pytest.raises(DagsterInvalidInvocationError, match=message):
        limit(memory_database, number, name)


# Taking slots


def test_no_more_holders_than_slots(database: Database) -> None:
    limit(database, 2)
    a, b, c = (claim(database, step, 5.0) for step in "abc")
    assert (a.is_claimed, b.is_claimed, c.is_claimed) == (True, True, False)
    assert a.assigned_timestamp == datetime.fromtimestamp(5, UTC) == c.enqueued_timestamp
    assert a.expires_timestamp == datetime.fromtimestamp(5 + LEASE_SECONDS, UTC)
    assert a.sleep_interval is None
    assert c.sleep_interval == concurrency.POLL_SECONDS
    assert (c.token, c.assigned_timestamp, c.is_assigned) == (None, None, False)
    assert not check(database, "c", 6.0).is_claimed
    assert release(database, "a", a.token)
    assert check(database, "c", 7.0).is_claimed
    assert check(database, "a", 7.0).enqueued_timestamp is None


def test_claiming_again_keeps_what_a_step_has(database: Database) -> None:
    limit(database, 1)
    first = claim(database, "a", 1.0, 5)
    again = claim(database, "a", 2.0)
    assert (again.token, again.assigned_timestamp) == (first.token, first.assigned_timestamp)
    assert again.priority == 5
    assert again.expires_timestamp == datetime.fromtimestamp(2 + LEASE_SECONDS, UTC)
    waiting = claim(database, "b", 3.0)
    assert claim(database, "b", 4.0, 9).priority == 9
    assert claim(database, "b", 5.0).enqueued_timestamp == waiting.enqueued_timestamp


def test_the_queue_goes_by_priority_and_then_by_age(database: Database) -> None:
    limit(database, 1)
    holder = claim(database, "holder")
    for step, priority in (("low", -1), ("first", 0), ("second", 0), ("high", 3)):
        assert not claim(database, step, 0.0, priority).is_claimed
    order = []
    for _ in range(4):
        assert release(database, "holder" if not order else order[-1], holder.token)
        for step in ("low", "second", "first", "high"):
            status = check(database, step)
            if status.is_claimed and step not in order:
                order.append(step)
                holder = status
                break
    assert order == ["high", "first", "second", "low"]


def test_who_comes_new_does_not_overtake_who_waits(database: Database) -> None:
    limit(database, 1)
    holder = claim(database, "holder")
    claim(database, "waits")
    assert release(database, "holder", holder.token)
    assert not claim(database, "new").is_claimed
    assert claim(database, "urgent", 0.0, 1).is_claimed


def test_pools_do_not_mix(database: Database) -> None:
    for pool in NASTY[:-1]:
        limit(database, 1, pool)
    for pool in NASTY[:-1]:
        assert claim(database, pool, pool=pool).is_claimed
        assert not claim(database, "other", pool=pool).is_claimed
    infos = concurrency.get_concurrency_infos(database, NASTY[:-1], now=0.0)
    for pool in NASTY[:-1]:
        assert [slot.step_key for slot in infos[pool].claimed_slots] == [pool]
    assert concurrency.get_concurrency_keys(database) == set(NASTY[:-1])


def test_without_a_limit_everybody_gets_in(database: Database) -> None:
    assert all(claim(database, str(number)).is_claimed for number in range(5))
    info = concurrency.get_concurrency_info(database, POOL, now=0.0)
    assert (info.limit, info.slot_count, info.active_slot_count) == (None, 0, 5)
    limit(database, 5)
    assert not claim(database, "new").is_claimed
    concurrency.delete_concurrency_limit(database, POOL)
    assert check(database, "new").is_claimed


def test_lowering_a_limit_takes_no_slot_away(database: Database) -> None:
    limit(database, 3)
    held = [claim(database, step) for step in "abc"]
    limit(database, 1)
    assert all(check(database, step).is_claimed for step in "abc")
    claim(database, "d")
    for step, status in zip("abc", held, strict=True):
        assert not check(database, "d").is_claimed
        assert release(database, step, status.token)
    assert check(database, "d").is_claimed


def test_a_limit_of_zero_lets_nobody_in(database: Database) -> None:
    limit(database, 0)
    assert not claim(database, "a").is_claimed


# Leases


def test_a_dead_holder_loses_its_slot_and_comes_too_late(database: Database) -> None:
    limit(database, 1)
    dead = claim(database, "dead", 0.0)
    assert not claim(database, "next", LEASE_SECONDS - 1).is_claimed
    taken = check(database, "next", LEASE_SECONDS)
    assert taken.is_claimed
    assert taken.token is not None
    assert dead.token is not None
    assert taken.token > dead.token
    assert not release(database, "dead", dead.token)
    assert not concurrency.renew_lease(database, POOL, "r", "dead", dead.token, now=LEASE_SECONDS)
    assert check(database, "next", LEASE_SECONDS).is_claimed


def test_a_late_release_does_not_take_the_slot_of_the_next_attempt(database: Database) -> None:
    limit(database, 1)
    first = claim(database, "step", 0.0)
    second = claim(database, "step", LEASE_SECONDS)
    assert second.is_claimed
    assert second.token != first.token
    assert not release(database, "step", first.token)
    assert check(database, "step", LEASE_SECONDS).token == second.token
    assert release(database, "step", second.token)
    assert not release(database, "step", second.token)


def test_a_renewed_lease_holds(database: Database) -> None:
    limit(database, 1)
    status = claim(database, "a", 0.0)
    assert status.token is not None
    claim(database, "b", 0.0)
    for turn in range(1, 4):
        now = turn * (LEASE_SECONDS - 1)
        assert concurrency.renew_lease(database, POOL, "r", "a", status.token, now=now)
        assert concurrency.renew_lease(database, POOL, "r", "a", status.token, now=now)
        assert not check(database, "b", now).is_claimed
    assert check(database, "b", 4 * LEASE_SECONDS).is_claimed


def test_a_run_renews_all_that_it_has(database: Database) -> None:
    limit(database, 1)
    limit(database, 1, "q")
    a = claim(database, "a")
    claim(database, "b")
    b = claim(database, "b", pool="q")
    concurrency.claim_concurrency_slot(database, POOL, "other", "x", now=0.0)
    late = LEASE_SECONDS - 1
    held = concurrency.renew_leases_for_run(database, "r", now=late)
    assert held == {(POOL, "a"): a.token, ("q", "b"): b.token}
    assert check(database, "a", 2 * late).is_claimed
    assert concurrency.renew_leases_for_run(database, "unknown", now=late) == {}


def test_a_dead_waiter_holds_nobody_up_and_keeps_its_place(database: Database) -> None:
    limit(database, 1)
    holder = claim(database, "holder", 0.0)
    claim(database, "dead", 0.0)
    claim(database, "alive", 1.0)
    assert release(database, "holder", holder.token)
    assert not check(database, "alive", WAIT_SECONDS - 1).is_claimed
    taken = check(database, "alive", WAIT_SECONDS)
    assert taken.is_claimed
    claim(database, "third", WAIT_SECONDS)
    assert not check(database, "dead", WAIT_SECONDS + 1).is_claimed
    assert release(database, "alive", taken.token)
    assert not check(database, "third", WAIT_SECONDS + 1).is_claimed
    assert check(database, "dead", WAIT_SECONDS + 2).is_claimed


def test_freeing_by_step_and_run(database: Database) -> None:
    limit(database, 2)
    claim(database, "a")
    claim(database, "b")
    claim(database, "c")
    concurrency.claim_concurrency_slot(database, POOL, "other", "a", now=0.0)
    assert concurrency.get_concurrency_run_ids(database) == {"r", "other"}
    concurrency.free_concurrency_slot_for_step(database, "r", "a")
    assert check(database, "c").is_claimed
    concurrency.free_concurrency_slots_for_run(database, "r")
    assert concurrency.get_concurrency_run_ids(database) == {"other"}
    status = concurrency.check_concurrency_claim(database, POOL, "other", "a", now=0.0)
    assert status.is_claimed


def test_who_holds_and_who_waits(database: Database) -> None:
    limit(database, 1)
    empty = concurrency.get_concurrency_info(database, POOL, now=0.0)
    assert (empty.slot_count, empty.claimed_slots, empty.pending_steps) == (1, [], [])
    concurrency.claim_concurrency_slot(database, POOL, "r", "a", now=1.0, owner="host 1")
    claim(database, "b", 2.0)
    concurrency.claim_concurrency_slot(database, POOL, "z", "c", 4, now=3.0)
    info = concurrency.get_concurrency_info(database, POOL, now=4.0)
    (slot,) = info.claimed_slots
    assert (slot.run_id, slot.step_key, slot.owner, slot.token) == ("r", "a", "host 1", 1)
    assert [step.step_key for step in info.pending_steps] == ["c", "a", "b"]
    assert (info.active_slot_count, info.active_run_ids) == (1, {"r"})
    assert (info.pending_step_count, info.pending_run_ids) == (2, {"r", "z"})
    assert (info.assigned_step_count, info.assigned_run_ids) == (1, {"r"})
    later = concurrency.get_concurrency_info(database, POOL, now=1 + LEASE_SECONDS)
    assert later.claimed_slots == []
    unknown = concurrency.get_concurrency_info(database, "unknown", now=0.0)
    assert (unknown.limit, unknown.slot_count, unknown.using_default_limit) == (None, 0, True)


# Many at once


@pytest.mark.parametrize("slots", [1, 3])
def test_processes_at_once_never_hold_more_than_there_are(
    database: Database, slots: int, tmp_path: Path
) -> None:
    if database.engine.url.database is None:
        pytest.skip("a database in memory has one process")
    limit(database, slots)
    url = database.engine.url.render_as_string(hide_password=False)
    files = [tmp_path / str(number) for number in range(4)]
    workers = [
        subprocess.Popen(
            [sys.executable, slot_claimers.__file__, url, POOL, file.name, "15", str(file)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=ROOT,
        )
        for file in files
    ]
    assert [worker.wait(120) for worker in workers] == [0] * len(workers)
    rows = [line.split() for file in files for line in file.read_text().splitlines()]
    assert len(rows) == 60
    # The database never said that there were more holders than slots, and no token was given twice.
    assert max(int(row[3]) for row in rows) <= slots
    assert sorted(int(row[0]) for row in rows) == list(range(1, 61))
    # Nor did the processes' own clocks: at the beginning of each stretch, count who is in one.
    spans = [(float(row[1]), float(row[2])) for row in rows]
    assert max(sum(b <= begin < e for b, e in spans) for begin, _ in spans) <= slots
    assert concurrency.get_concurrency_run_ids(database) == set()


STEPS = st.sampled_from("abcde")


class Pool(RuleBasedStateMachine):
    """A pool against a model of it: who was told that it holds a slot, until when."""

    def __init__(self) -> None:
        super().__init__()
        self.database = open_memory()
        create_tables(self.database)
        self.now = 0.0
        self.slots = 1
        limit(self.database, 1)
        self.held: dict[str, tuple[int, float]] = {}
        self.tokens = [0]

    def teardown(self) -> None:
        self.database.dispose()

    @rule(number=st.integers(0, 3))
    def set_limit(self, number: int) -> None:
        limit(self.database, number)
        self.slots = number

    @rule(seconds=st.sampled_from([1.0, WAIT_SECONDS, LEASE_SECONDS / 2, LEASE_SECONDS]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def _living(self) -> set[str]:
        return {step for step, (_, until) in self.held.items() if until > self.now}

    def _take(self, step: str, status: ConcurrencyClaimStatus) -> None:
        living = self._living()
        if step in living:
            assert status.is_claimed
            assert status.token == self.held[step][0]
        elif status.is_claimed:
            assert status.token is not None
            assert status.token > self.tokens[-1]
            assert len(living) < self.slots
            self.tokens.append(status.token)
        else:
            return
        assert status.token is not None
        self.held[step] = (status.token, self.now + LEASE_SECONDS)

    @rule(step=STEPS, priority=st.sampled_from([None, 0, 1]))
    def claim(self, step: str, priority: int | None) -> None:
        self._take(step, claim(self.database, step, self.now, priority))

    @rule(step=STEPS)
    def check(self, step: str) -> None:
        self._take(step, check(self.database, step, self.now))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        step = data.draw(st.sampled_from(sorted(self.held)))
        token, until = self.held.pop(step)
        released = release(self.database, step, token)
        assert released or until <= self.now

    @precondition(lambda self: self.tokens[-1] > 0)
    @rule(step=STEPS)
    def release_with_an_old_token(self, step: str) -> None:
        current = self.held.get(step, (0, 0.0))[0]
        for token in self.tokens:
            if token != current:
                assert not release(self.database, step, token)

    @invariant()
    def who_holds_is_known(self) -> None:
        info = concurrency.get_concurrency_info(self.database, POOL, now=self.now)
        assert {slot.step_key for slot in info.claimed_slots} == self._living()


TestPool = Pool.TestCase
TestPool.settings = settings(
    max_examples=40, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)
