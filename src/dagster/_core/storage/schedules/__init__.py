"""Where schedules and sensors stand, and their ticks. From the "Internals" document."""

from dagster._core.storage.schedules.base import ScheduleStorage as ScheduleStorage
from dagster._core.storage.schedules.memory import InMemoryScheduleStorage as InMemoryScheduleStorage
from dagster._core.storage.schedules.sql import SqlScheduleStorage as SqlScheduleStorage
from dagster._core.storage.schedules.sqlite import SqliteScheduleStorage as SqliteScheduleStorage
