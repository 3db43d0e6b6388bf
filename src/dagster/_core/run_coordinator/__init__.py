"""What becomes of a run that is submitted."""

from dagster._core.run_coordinator.base import RunCoordinator as RunCoordinator
from dagster._core.run_coordinator.base import SubmitRunContext as SubmitRunContext
from dagster._core.run_coordinator.default import DefaultRunCoordinator as DefaultRunCoordinator
from dagster._core.run_coordinator.queued import QueuedRunCoordinator as QueuedRunCoordinator
from dagster._core.run_coordinator.queued import RunQueueConfig as RunQueueConfig
