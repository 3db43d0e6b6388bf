"""What starts and stops schedules."""

from dagster._core.scheduler.scheduler import DagsterDaemonScheduler as DagsterDaemonScheduler
from dagster._core.scheduler.scheduler import DagsterScheduleDoesNotExist as DagsterScheduleDoesNotExist
from dagster._core.scheduler.scheduler import DagsterSchedulerError as DagsterSchedulerError
from dagster._core.scheduler.scheduler import Scheduler as Scheduler
from dagster._core.scheduler.scheduler import SchedulerDebugInfo as SchedulerDebugInfo
