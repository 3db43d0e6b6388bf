"""RunCoordinator: takes the runs that are submitted to an instance."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

from dagster._check import CheckError
from dagster._core.records.run import DagsterRun

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance


class SubmitRunContext(NamedTuple):
    """What a coordinator gets: the run, and the workspace that its job is loaded from."""

    dagster_run: DagsterRun
    workspace: Any = None

    def get_request_header(self, key: str) -> str | None:
        """Return a header of the web request that submitted the run, or None."""
        header = getattr(self.workspace, "get_request_header", None)
        return header(key) if header is not None else None


class RunCoordinator(ABC):
    """Decides when a submitted run is launched. From the "Internals" document.

    An implementer guarantees that a run which :meth:`submit_run` has taken is launched once, or canceled.
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
                "Take it from instance.run_coordinator."
            )
        return instance

    @abstractmethod
    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Take a run that is stored on the instance.

        Args:
            context: The run and its workspace.

        Returns:
            The run as it stands then: queued, or starting.
        """

    @abstractmethod
    def cancel_run(self, run_id: str) -> bool:
        """Cancel a run that is queued, or have it stopped.

        Returns:
            Whether there was something to cancel.
        """

    def dispose(self) -> None:  # noqa: B027 - most hold nothing
        """Free what it holds."""
