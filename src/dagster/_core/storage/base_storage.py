"""The three storages of an instance as one."""

from __future__ import annotations

from abc import ABC, abstractmethod

from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.storage.runs.base import RunStorage
from dagster._core.storage.schedules.base import ScheduleStorage


class DagsterStorage(ABC):
    """Where an instance keeps runs, events and schedules: all three, from one configuration.

    Where one database holds all three, an event and what follows from it, the status of its run and the
    records of its assets, are stored in one transaction.
    """

    @property
    @abstractmethod
    def event_log_storage(self) -> EventLogStorage:
        """Where events are kept."""

    @property
    @abstractmethod
    def run_storage(self) -> RunStorage:
        """Where runs are kept."""

    @property
    @abstractmethod
    def schedule_storage(self) -> ScheduleStorage:
        """Where schedules and sensors stand, and their ticks."""

    def dispose(self) -> None:
        """Close what is open."""
        self.event_log_storage.dispose()
        self.run_storage.dispose()
        self.schedule_storage.dispose()
