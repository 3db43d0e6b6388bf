"""RunLauncher: starts and stops the worker of a run."""

from __future__ import annotations

import enum
import weakref
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

from dagster._check import CheckError
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.run import DagsterRun

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance


class WorkerStatus(enum.Enum):
    """How the worker of a run is."""

    RUNNING = "RUNNING"
    NOT_FOUND = "NOT_FOUND"
    FAILED = "FAILED"
    SUCCESS = "SUCCESS"
    UNKNOWN = "UNKNOWN"


class CheckRunHealthResult(NamedTuple):
    """What a look at the worker of a run found.

    Args:
        status: How it is.
        msg: One sentence more.
        transient: Whether it may pass.
        run_worker_id: Which worker: a process id, a pod.
    """

    status: WorkerStatus
    msg: str | None = None
    transient: bool | None = None
    run_worker_id: str | None = None

    def __str__(self) -> str:
        return f"{self.status.value}: '{self.msg}'"


class LaunchRunContext(NamedTuple):
    """What a launcher gets: the run, and the workspace that its job is loaded from."""

    dagster_run: DagsterRun
    workspace: Any = None

    @property
    def job_code_origin(self) -> Any:
        """Where the run's worker finds the code."""
        return self.dagster_run.job_code_origin


class ResumeRunContext(NamedTuple):
    """What a launcher gets to resume a run whose worker is gone."""

    dagster_run: DagsterRun
    workspace: Any = None
    resume_attempt_number: int | None = None

    @property
    def job_code_origin(self) -> Any:
        """Where the run's worker finds the code."""
        return self.dagster_run.job_code_origin


class RunLauncher(ABC):
    """Starts and stops the workers of runs. From the "Internals" document.

    An implementer guarantees that :meth:`launch_run` returns once the worker is on its way, raises if it
    cannot be, and that :meth:`terminate` may be called more than once.
    """

    _instance_ref: weakref.ref[DagsterInstance] | None = None

    def register_instance(self, instance: DagsterInstance) -> None:
        """Tell it the instance that it works for. The instance does it."""
        self._instance_ref = weakref.ref(instance)

    @property
    def has_instance(self) -> bool:
        """Whether it works for an instance that is still there."""
        return self._instance_ref is not None and self._instance_ref() is not None

    @property
    def _instance(self) -> DagsterInstance:
        instance = self._instance_ref() if self._instance_ref is not None else None
        if instance is None:
            raise CheckError(
                f"expected {type(self).__name__} to belong to an instance, got: none, or one that is gone. "
                "Take it from instance.run_launcher."
            )
        return instance

    @abstractmethod
    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the worker of a run that is stored on the instance."""

    @abstractmethod
    def terminate(self, run_id: str) -> bool:
        """Have the worker of a run stop.

        Returns:
            Whether there was one to stop.
        """

    def dispose(self) -> None:  # noqa: B027 - most hold nothing
        """Free what it holds."""

    def join(self, timeout: int = 30) -> None:  # noqa: B027 - most have nothing to wait for
        """Wait for the workers that it has started, at most some seconds."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether :meth:`check_run_worker_health` can be called."""
        return False

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Look at the worker of a run."""
        raise self._cannot("look at the worker of a run")

    def get_run_worker_debug_info(
        self, run: DagsterRun, include_container_logs: bool | None = True
    ) -> str | None:
        """Return what is known of the worker of a run that failed, as text, or None."""
        return None

    @property
    def supports_resume_run(self) -> bool:
        """Whether :meth:`resume_run` can be called."""
        return False

    def resume_run(self, context: ResumeRunContext) -> None:
        """Start another worker for a run whose worker is gone."""
        raise self._cannot("resume a run")

    def _cannot(self, what: str) -> DagsterInvariantViolationError:
        return DagsterInvariantViolationError(f"{type(self).__name__} cannot {what}.")
