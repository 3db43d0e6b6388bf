"""Starting and stopping sensors. The state of a sensor is a row of the schedule storage.

A sensor, as these functions take it, has ``get_remote_origin()``, ``get_remote_origin_id()``,
``selector_id``, ``min_interval_seconds`` and ``sensor_type``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.instigator import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
)

if TYPE_CHECKING:
    from dagster._core.storage.schedules.base import ScheduleStorage


def start(schedule_storage: ScheduleStorage, sensor: Any) -> InstigatorState:
    """Start a sensor. See :meth:`DagsterInstance.start_sensor`."""
    stored = _stored(schedule_storage, sensor)
    if stored is not None and stored.status is InstigatorStatus.RUNNING:
        return stored
    data = _data(sensor, stored).with_sensor_start_timestamp(_time.now())
    return _put(schedule_storage, sensor, stored, InstigatorStatus.RUNNING, data)


def stop(
    schedule_storage: ScheduleStorage, origin_id: str, selector_id: str, sensor: Any | None
) -> InstigatorState:
    """Stop a sensor. See :meth:`DagsterInstance.stop_sensor`."""
    stored = schedule_storage.get_instigator_state(origin_id, selector_id)
    if stored is not None:
        return schedule_storage.update_instigator_state(stored.with_status(InstigatorStatus.STOPPED))
    if sensor is None:
        raise DagsterInvariantViolationError(
            f"expected the sensor with selector id {selector_id} to be stored or in the code, got: neither. "
            "It was never started."
        )
    return _put(schedule_storage, sensor, None, InstigatorStatus.STOPPED, _data(sensor, None))


def reset(schedule_storage: ScheduleStorage, sensor: Any) -> InstigatorState:
    """Have a sensor stand again as its code says. See :meth:`DagsterInstance.reset_sensor`."""
    stored = _stored(schedule_storage, sensor)
    data = _data(sensor, stored)
    return _put(schedule_storage, sensor, stored, InstigatorStatus.DECLARED_IN_CODE, data)


def _stored(schedule_storage: ScheduleStorage, sensor: Any) -> InstigatorState | None:
    return schedule_storage.get_instigator_state(sensor.get_remote_origin_id(), sensor.selector_id)


def _data(sensor: Any, stored: InstigatorState | None) -> SensorInstigatorData:
    """Return where a sensor stands: its cursor and last run key stay, the rest is as the code says."""
    known = stored.sensor_instigator_data if stored is not None else None
    return (known or SensorInstigatorData())._replace(
        min_interval=sensor.min_interval_seconds, sensor_type=sensor.sensor_type
    )


def _put(
    schedule_storage: ScheduleStorage,
    sensor: Any,
    stored: InstigatorState | None,
    status: InstigatorStatus,
    data: SensorInstigatorData,
) -> InstigatorState:
    if stored is not None:
        return schedule_storage.update_instigator_state(stored.with_status(status).with_data(data))
    return schedule_storage.add_instigator_state(
        InstigatorState(sensor.get_remote_origin(), InstigatorType.SENSOR, status, data)
    )
