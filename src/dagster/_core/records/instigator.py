"""Schedules and sensors as the storage knows them: whether they are on, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import dagster._check as check
from dagster._core.records.origin import InstigatorSelector, RemoteInstigatorOrigin, RepositorySelector
from dagster._wire.record import Record


class InstigatorType(Enum):
    """What starts runs by itself."""

    SCHEDULE = "SCHEDULE"
    SENSOR = "SENSOR"
    AUTO_MATERIALIZE = "AUTO_MATERIALIZE"


class InstigatorStatus(Enum):
    """Whether a schedule or sensor is on."""

    #: A user turned it on.
    RUNNING = "RUNNING"
    #: A user turned it off.
    STOPPED = "STOPPED"
    #: No user turned it on or off: the code decides.
    DECLARED_IN_CODE = "DECLARED_IN_CODE"
    #: The older name of DECLARED_IN_CODE.
    AUTOMATICALLY_RUNNING = "AUTOMATICALLY_RUNNING"


class ScheduleInstigatorData(Record, frozen=True):
    """Where a schedule stands.

    Args:
        cron_schedule: When it ticks.
        start_timestamp: Since when it is on, in seconds since the epoch.
        last_iteration_timestamp: When the daemon last looked at it, in seconds since the epoch.
    """

    cron_schedule: str | Sequence[str]
    start_timestamp: float | None = None
    last_iteration_timestamp: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.cron_schedule, str):
            check.sequence_param(self.cron_schedule, "cron_schedule", of_type=str)
        check.opt_numeric_param(self.start_timestamp, "start_timestamp")
        check.opt_numeric_param(self.last_iteration_timestamp, "last_iteration_timestamp")


class SensorInstigatorData(Record, frozen=True):
    """Where a sensor stands.

    Args:
        last_tick_timestamp: When it was last evaluated to the end, in seconds since the epoch.
        last_run_key: The run key of the last run that it asked for.
        min_interval: The seconds between evaluations.
        cursor: What its code keeps from one evaluation to the next.
        last_tick_start_timestamp: When its last evaluation began.
        last_sensor_start_timestamp: When it was last turned on.
        sensor_type: What kind of sensor it is.
        last_tick_success_timestamp: When it was last evaluated without an error.
    """

    last_tick_timestamp: float | None = None
    last_run_key: str | None = None
    min_interval: int | None = None
    cursor: str | None = None
    last_tick_start_timestamp: float | None = None
    last_sensor_start_timestamp: float | None = None
    sensor_type: str | Enum | None = None
    last_tick_success_timestamp: float | None = None

    def __post_init__(self) -> None:
        check.opt_str_param(self.last_run_key, "last_run_key")
        check.opt_int_param(self.min_interval, "min_interval")
        check.opt_str_param(self.cursor, "cursor")

    def with_sensor_start_timestamp(self, start_timestamp: float) -> SensorInstigatorData:
        """Return a copy that was turned on at another time."""
        return self._replace(last_sensor_start_timestamp=start_timestamp)


InstigatorData = ScheduleInstigatorData | SensorInstigatorData


class InstigatorState(Record, frozen=True):
    """Whether a schedule or sensor is on, and where it stands.

    Args:
        origin: Where its definition is found.
        instigator_type: Whether it is a schedule or a sensor.
        status: Whether it is on.
        instigator_data: Where it stands.
    """

    origin: RemoteInstigatorOrigin
    instigator_type: InstigatorType
    status: InstigatorStatus
    instigator_data: InstigatorData | None = None

    def __post_init__(self) -> None:
        check.inst_param(self.origin, "origin", RemoteInstigatorOrigin)
        check.inst_param(self.instigator_type, "instigator_type", InstigatorType)
        check.inst_param(self.status, "status", InstigatorStatus)
        wanted = (
            ScheduleInstigatorData
            if self.instigator_type is InstigatorType.SCHEDULE
            else SensorInstigatorData
        )
        check.opt_inst_param(self.instigator_data, "instigator_data", wanted)

    @property
    def is_running(self) -> bool:
        """Whether a user turned it on, or the code does."""
        return self.status is not InstigatorStatus.STOPPED

    @property
    def name(self) -> str:
        """The schedule or sensor."""
        return self.origin.instigator_name

    @property
    def instigator_name(self) -> str:
        """The schedule or sensor."""
        return self.origin.instigator_name

    @property
    def instigator_origin_id(self) -> str:
        """The id of where its definition is found."""
        return self.origin.get_id()

    @property
    def repository_origin_id(self) -> str:
        """The id of where its repository is found."""
        return self.origin.repository_origin.get_id()

    @property
    def selector(self) -> InstigatorSelector:
        """Its name in the workspace."""
        return self.origin.get_selector()

    @property
    def selector_id(self) -> str:
        """The id of its name."""
        return self.selector.get_id()

    @property
    def repository_selector(self) -> RepositorySelector:
        """The name of its repository."""
        return self.origin.repository_origin.get_selector()

    @property
    def repository_selector_id(self) -> str:
        """The id of the name of its repository."""
        return self.repository_selector.selector_id

    @property
    def sensor_instigator_data(self) -> SensorInstigatorData | None:
        """Where it stands, if it is a sensor."""
        data = self.instigator_data
        return data if isinstance(data, SensorInstigatorData) else None

    def with_status(self, status: InstigatorStatus) -> InstigatorState:
        """Return a copy that is on or off."""
        return self._replace(status=status)

    def with_data(self, instigator_data: InstigatorData) -> InstigatorState:
        """Return a copy that stands elsewhere."""
        return self._replace(instigator_data=instigator_data)
