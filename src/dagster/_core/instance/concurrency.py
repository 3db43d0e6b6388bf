"""What is said of pools and of the run queue, wherever it is said."""

from __future__ import annotations

from dagster._core.instance.settings import InstanceSettings
from dagster._core.records.concurrency import PoolConfig, PoolGranularity
from dagster._core.run_coordinator.queued import QueuedRunCoordinator, RunQueueConfig
from dagster._wire.record import Record


class ConcurrencyConfig(Record, frozen=True):
    """What is said of pools and of the run queue, wherever it is said.

    Args:
        pool_config: Pools.
        run_queue_config: The queue; None if the instance has none.
    """

    pool_config: PoolConfig
    run_queue_config: RunQueueConfig | None


def pool_config(settings: InstanceSettings) -> PoolConfig:
    """Return what is said of all pools."""
    granularity = settings.lookup(["concurrency", "pools", "granularity"], None)
    older_limit = settings.lookup(["concurrency", "default_op_concurrency_limit"], None)
    return PoolConfig(
        pool_granularity=PoolGranularity(granularity) if granularity is not None else None,
        default_pool_limit=settings.lookup(["concurrency", "pools", "default_limit"], older_limit),
        op_granularity_run_buffer=settings.lookup(
            ["concurrency", "pools", "op_granularity_run_buffer"], None
        ),
    )


def concurrency_config(settings: InstanceSettings, coordinator: object) -> ConcurrencyConfig:
    """Return what is said of pools and of the queue.

    Args:
        settings: The settings; ``concurrency.runs`` goes before the coordinator's own config.
        coordinator: The run coordinator.
    """
    queue = None
    if isinstance(coordinator, QueuedRunCoordinator):
        queue = coordinator.get_run_queue_config()
        runs = settings.lookup(["concurrency", "runs"], {})
        for name in ("max_concurrent_runs", "tag_concurrency_limits"):
            if runs.get(name) is not None:
                queue = queue._replace(**{name: runs[name]})
    return ConcurrencyConfig(pool_config(settings), queue)
