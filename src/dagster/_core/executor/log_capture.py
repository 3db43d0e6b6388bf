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

    __slots__ = ("_capture", "_context", "_manager")

    def __init__(self, context: PlanOrchestrationContext, manager: ComputeLogManager) -> None:
        self._context = context
        self._manager = manager
        self._capture: Any = None

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
            log_context = capture.__enter__()
        except Exception as exc:  # noqa: BLE001 - whatever a storage raises, the run goes on
            return self._tell("stdout and stderr of this run cannot be captured.", exc)
        self._capture = capture
        return DagsterEvent.capture_logs(context, list(step_keys), list(log_key), log_context)

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
