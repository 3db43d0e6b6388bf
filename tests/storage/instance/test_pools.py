"""What ``dagster.yaml`` says of pools reaches whoever claims a slot, on every kind of storage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster._core.instance.instance import DagsterInstance, InstanceType
from dagster._core.records.concurrency import PoolConfig, PoolGranularity, PoolLimit
from dagster._core.storage.in_memory import InMemoryStorage
from tests.storage.instance.conftest import KINDS, open_instance

SETTINGS = {"concurrency": {"pools": {"default_limit": 1, "granularity": "op"}}}


@pytest.fixture(params=KINDS)
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DagsterInstance]:
    with open_instance(request.param, tmp_path, request, SETTINGS) as opened:
        yield opened


def claim_twice(instance: DagsterInstance) -> list[bool]:
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default("pool")
    return [storage.claim_concurrency_slot("pool", "run", step).is_claimed for step in ("a", "b")]


def test_a_pool_without_a_limit_takes_the_default(limited: DagsterInstance) -> None:
    expected = PoolConfig(PoolGranularity.OP, 1, None)
    assert limited.event_log_storage.get_pool_config() == expected
    assert limited.get_concurrency_config().pool_config == expected
    assert claim_twice(limited) == [True, False]
    assert list(limited.event_log_storage.get_pool_limits()) == [PoolLimit("pool", 1, True)]


def test_without_a_default_everybody_gets_in(instance: DagsterInstance) -> None:
    assert instance.event_log_storage.get_pool_config() == PoolConfig()
    assert claim_twice(instance) == [True, True]
    assert list(instance.event_log_storage.get_pool_limits()) == []


def test_other_processes_know_the_default_too(limited: DagsterInstance) -> None:
    if limited.is_ephemeral:
        pytest.skip("it crosses no process")
    assert claim_twice(limited) == [True, False]
    with DagsterInstance.from_ref(limited.get_ref()) as other:
        assert other.event_log_storage.get_pool_config().default_pool_limit == 1
        assert not other.event_log_storage.claim_concurrency_slot("pool", "other", "a").is_claimed
        assert other.event_log_storage.claim_concurrency_slot("unlimited", "other", "a").is_claimed


def test_a_storage_that_the_instance_was_given_knows_it_as_well() -> None:
    storage = InMemoryStorage()
    with DagsterInstance(
        InstanceType.EPHEMERAL,
        run_storage=storage.run_storage,
        event_storage=storage.event_log_storage,
        settings={"concurrency": {"default_op_concurrency_limit": 3}},
    ):
        assert storage.event_log_storage.get_pool_config().default_pool_limit == 3
