"""stdout and stderr of a process that runs steps, kept by the instance's compute log manager."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import EngineEventData
from dagster._core.execution.plan_context import ERROR, PlanOrchestrationContext
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.run import make_new_run_id

if TYPE_CHECKING:
    from dagster._core.storage.compute_log_manager import ComputeLogManager


class LogCapture:
    """What a process that runs steps of a run writes, from :meth:`open` to :meth:`close`.

    Logs are beside the point of a run: that they cannot be kept is told by an event, and fails nothing.

    Args:
        context: The context of the plan.
        manager: What keeps the log.
    """

    __slots__ = ("_capture", "_context", "_log_context", "_log_key", "_manager")

    def __init__(self, context: PlanOrchestrationContext, manager: ComputeLogManager) -> None:
        self._context = context
        self._manager = manager
        self._capture: Any = None
        self._log_key: list[str] = []
        self._log_context: Any = None

    def open(self, step_keys: Sequence[str]) -> DagsterEvent:
        """Start to capture, and return the event that tells where to.

        Args:
            step_keys: The steps that are run.
        """
        manager = self._manager
        context = self._context
        # A key of its own for each process that works on the run, also for a second one.
        log_key = manager.build_log_key_for_run(context.run_id, make_new_run_id()[:8])
        capture = manager.capture_logs(log_key)
        try:
            self._log_context = capture.__enter__()
        except Exception as exc:  # noqa: BLE001 - whatever a storage raises, the run goes on
            return self._tell("stdout and stderr of this run cannot be captured.", exc)
        self._capture = capture
        self._log_key = list(log_key)
        return self._captured(step_keys)

    def tell(self, step_key: str) -> DagsterEvent:
        """Return the event that tells where the output of one more step goes. The first one opens."""
        if self._capture is None:
            return self.open([step_key])
        return self._captured([step_key])

    def _captured(self, step_keys: Sequence[str]) -> DagsterEvent:
        return DagsterEvent.capture_logs(
            self._context, list(step_keys), self._log_key, self._log_context
        )

    def close(self) -> None:
        """End. It raises nothing."""
        capture, self._capture = self._capture, None
        if capture is None:
            return
        try:
            capture.__exit__(None, None, None)
        except Exception as exc:  # noqa: BLE001 - whatever a storage raises, the run goes on
            self._tell("stdout and stderr of this run could not be kept.", exc)

    def _tell(self, message: str, exc: Exception) -> DagsterEvent:
        error = error_info_from_exception(exc)
        return self._context.emit_run_event(
            DagsterEventType.ENGINE_EVENT, message, EngineEventData(error=error), ERROR, error
        )
