"""Scheduler: starts and stops schedules. The state of a schedule is a row of the schedule storage."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import dagster._check as check
import dagster._time as _time
from dagster._config.config_type import Int
from dagster._config.field import Field
from dagster._core.errors import DagsterError
from dagster._core.records.instigator import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)
from dagster._core.records.path_names import safe_part
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance


class DagsterSchedulerError(DagsterError):
    """A schedule cannot be started or stopped."""


class DagsterScheduleDoesNotExist(DagsterSchedulerError):
    """A schedule was asked for that is not stored."""


class SchedulerDebugInfo(NamedTuple):
    """What is known of the scheduler, as texts.

    Args:
        errors: What is wrong.
        scheduler_config_info: How it is configured.
        scheduler_info: What it is.
        schedule_storage: The stored state of each schedule.
    """

    errors: Sequence[str]
    scheduler_config_info: str
    scheduler_info: str
    schedule_storage: Sequence[str]


class Scheduler(ABC):
    """Starts and stops schedules. From the "Internals" document.

    A schedule, as these methods take it, has ``get_remote_origin()``, ``get_remote_origin_id()``,
    ``selector_id``, ``name`` and ``cron_schedule``.
    """

    def start_schedule(self, instance: DagsterInstance, remote_schedule: Any) -> InstigatorState:
        """Start a schedule.

        Returns:
            Its state.

        Raises:
            DagsterSchedulerError: If it is running.
        """
        stored = _stored(instance, remote_schedule)
        if stored is not None and stored.status is InstigatorStatus.RUNNING:
            raise DagsterSchedulerError(
                f'You have attempted to start schedule "{remote_schedule.name}", but it is already running.'
            )
        data = ScheduleInstigatorData(remote_schedule.cron_schedule, _time.now())
        return _put(instance, remote_schedule, stored, InstigatorStatus.RUNNING, data)

    def stop_schedule(
        self,
        instance: DagsterInstance,
        schedule_origin_id: str,
        schedule_selector_id: str,
        remote_schedule: Any | None,
    ) -> InstigatorState:
        """Stop a schedule. One that is stopped stays so.

        Args:
            instance: The instance.
            schedule_origin_id: Where the schedule comes from, as an id.
            schedule_selector_id: The schedule, as an id.
            remote_schedule: The schedule; None if it is no longer in the code.

        Raises:
            DagsterScheduleDoesNotExist: If it is not stored and not in the code.
        """
        stored = instance.get_instigator_state(schedule_origin_id, schedule_selector_id)
        if remote_schedule is not None:
            data = ScheduleInstigatorData(remote_schedule.cron_schedule)
            return _put(instance, remote_schedule, stored, InstigatorStatus.STOPPED, data)
        if stored is None:
            raise DagsterScheduleDoesNotExist(
                f"expected the schedule with selector id {schedule_selector_id} to be stored or in the "
                "code, got: neither. It was never started."
            )
        return instance.update_instigator_state(stored.with_status(InstigatorStatus.STOPPED))

    def reset_schedule(self, instance: DagsterInstance, remote_schedule: Any) -> InstigatorState:
        """Have a schedule stand again as its code says."""
        stored = _stored(instance, remote_schedule)
        data = ScheduleInstigatorData(remote_schedule.cron_schedule)
        return _put(instance, remote_schedule, stored, InstigatorStatus.DECLARED_IN_CODE, data)

    @abstractmethod
    def debug_info(self) -> str:
        """Return what the scheduler is, as text."""

    @abstractmethod
    def get_logs_path(self, instance: DagsterInstance, schedule_origin_id: str) -> str:
        """Return the path of the logs of a schedule."""


def _stored(instance: DagsterInstance, schedule: Any) -> InstigatorState | None:
    return instance.get_instigator_state(schedule.get_remote_origin_id(), schedule.selector_id)


def _put(
    instance: DagsterInstance,
    schedule: Any,
    stored: InstigatorState | None,
    status: InstigatorStatus,
    data: ScheduleInstigatorData,
) -> InstigatorState:
    if stored is not None:
        return instance.update_instigator_state(stored.with_status(status).with_data(data))
    return instance.add_instigator_state(
        InstigatorState(schedule.get_remote_origin(), InstigatorType.SCHEDULE, status, data)
    )


class DagsterDaemonScheduler(Scheduler, ConfigurableClass):
    """The scheduler whose schedules the daemon watches: it only keeps their state.

    Args:
        max_catchup_runs: How many missed ticks of a schedule are made up for at most. Default: 5.
        max_tick_retries: How often a tick that failed is tried again. Default: 0.
        inst_data: Where the object comes from.
    """

    def __init__(
        self,
        max_catchup_runs: int = 5,
        max_tick_retries: int = 0,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self.max_catchup_runs = check.int_param(max_catchup_runs, "max_catchup_runs")
        self.max_tick_retries = check.int_param(max_tick_retries, "max_tick_retries")
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {
            "max_catchup_runs": Field(
                Int,
                is_required=False,
                default_value=5,
                description="How many missed ticks of a schedule are made up for at most.",
            ),
            "max_tick_retries": Field(
                Int,
                is_required=False,
                default_value=0,
                description="How often a tick that failed is tried again.",
            ),
        }

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def debug_info(self) -> str:
        return ""

    def get_logs_path(self, instance: DagsterInstance, schedule_origin_id: str) -> str:
        """Return the path of the logs of a schedule: below the instance's directory of schedules."""
        return os.path.join(
            instance.schedules_directory(), "logs", safe_part(schedule_origin_id), "scheduler.log"
        )
