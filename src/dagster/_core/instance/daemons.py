"""The parts of the daemon that an instance needs, and how they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dagster._config.yaml_files import dump_yaml
from dagster._core.records.daemon import DaemonHeartbeat, DaemonStatus
from dagster._core.records.instigator import InstigatorType
from dagster._core.run_coordinator.queued import QueuedRunCoordinator
from dagster._core.scheduler.scheduler import DagsterDaemonScheduler, SchedulerDebugInfo

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.tick import InstigatorTick
    from dagster._core.storage.schedules.base import ScheduleStorage

#: A part of the daemon that was silent for longer is not healthy, in seconds.
HEARTBEAT_TOLERANCE_SECONDS = 1800


def required_daemon_types(instance: DagsterInstance) -> Sequence[str]:
    """Return the parts of the daemon without which something that is configured does not work."""
    wanted = {
        "SENSOR": True,
        "BACKFILL": True,
        "SCHEDULER": isinstance(instance.scheduler, DagsterDaemonScheduler),
        "QUEUED_RUN_COORDINATOR": isinstance(instance.run_coordinator, QueuedRunCoordinator),
        "MONITORING": instance.run_monitoring_enabled,
        "EVENT_LOG_CONSUMER": instance.run_retries_enabled,
        "ASSET": instance.auto_materialize_enabled,
        "FRESHNESS_DAEMON": instance.freshness_enabled,
    }
    return [name for name, is_wanted in wanted.items() if is_wanted]


def daemon_statuses(
    heartbeats: Mapping[str, DaemonHeartbeat],
    required: Sequence[str],
    daemon_types: Sequence[str] | None,
    now: float,
) -> Mapping[str, DaemonStatus]:
    """Return how parts of the daemon are.

    Args:
        heartbeats: The latest sign of life of each.
        required: Those that the instance needs.
        daemon_types: Which. Default: those that the instance needs.
        now: The time, in seconds since the epoch.
    """
    statuses: dict[str, DaemonStatus] = {}
    for name in required if daemon_types is None else daemon_types:
        heartbeat = heartbeats.get(name)
        is_required = name in required
        healthy = (
            heartbeat is not None
            and heartbeat.timestamp + HEARTBEAT_TOLERANCE_SECONDS >= now
            and not heartbeat.errors
        )
        statuses[name] = DaemonStatus(name, is_required, healthy if is_required else None, heartbeat)
    return statuses


def tick_at(
    schedule_storage: ScheduleStorage, origin_id: str, selector_id: str, timestamp: float
) -> InstigatorTick | None:
    """Return the tick of a schedule or sensor at a time, or None."""
    # The bounds are not part of what is looked for.
    found = schedule_storage.get_ticks(
        origin_id, selector_id, before=timestamp + 1, after=timestamp - 1, limit=None
    )
    return next((tick for tick in found if tick.timestamp == timestamp), None)


def scheduler_debug_info(instance: DagsterInstance) -> SchedulerDebugInfo:
    """Return what is known of the scheduler, as texts."""
    scheduler = instance.scheduler
    states = (
        []
        if scheduler is None
        else instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
    )
    config = getattr(scheduler, "inst_data", None)
    return SchedulerDebugInfo(
        errors=[] if scheduler is not None else ["This instance has no scheduler."],
        scheduler_config_info=dump_yaml(dict(config.info_dict())) if config is not None else "",
        scheduler_info=scheduler.debug_info() if scheduler is not None else "",
        schedule_storage=[
            dump_yaml(
                {state.name: {"status": state.status.value, "origin_id": state.instigator_origin_id}}
            )
            for state in states
        ],
    )
