"""StepHandler: starts steps somewhere, looks after them and ends them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.step_delegating.execute_step_args import ExecuteStepArgs
from dagster._wire.record import Record

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.execution.plan_context import PlanOrchestrationContext
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.plan.step import ExecutionStep
    from dagster._core.records.run import DagsterRun


class CheckStepHealthResult(Record, frozen=True):
    """What a look at a step came to.

    Args:
        is_healthy: Whether the step may still end by itself. A step that has just ended is healthy.
        unhealthy_reason: Why it cannot.
    """

    is_healthy: bool
    unhealthy_reason: str | None = None

    @staticmethod
    def healthy() -> CheckStepHealthResult:
        """Return that all is well."""
        return CheckStepHealthResult(is_healthy=True)

    @staticmethod
    def unhealthy(reason: str) -> CheckStepHealthResult:
        """Return that the step will not end by itself any more.

        Args:
            reason: Why: one sentence.
        """
        return CheckStepHealthResult(is_healthy=False, unhealthy_reason=reason)


class StepHandlerContext:
    """What a :class:`StepHandler` is told of a step.

    Args:
        instance: The instance.
        plan_context: The run.
        steps: The step, as a list of one.
        execute_step_args: What its process needs; see :meth:`ExecuteStepArgs.get_command_args`.
    """

    __slots__ = ("_execute_step_args", "_instance", "_plan_context", "_steps")

    def __init__(
        self,
        instance: DagsterInstance,
        plan_context: PlanOrchestrationContext,
        steps: Sequence[ExecutionStep],
        execute_step_args: ExecuteStepArgs,
    ) -> None:
        self._instance = instance
        self._plan_context = plan_context
        self._steps = {step.key: step for step in steps}
        self._execute_step_args = execute_step_args

    @property
    def instance(self) -> DagsterInstance:
        """The instance."""
        return self._instance

    @property
    def plan_context(self) -> PlanOrchestrationContext:
        """The run as its own process has it."""
        return self._plan_context

    @property
    def execute_step_args(self) -> ExecuteStepArgs:
        """What the step's process needs."""
        return self._execute_step_args

    @property
    def dagster_run(self) -> DagsterRun:
        """The run."""
        return self._plan_context.run

    @property
    def step_tags(self) -> Mapping[str, Mapping[str, str]]:
        """The tags of the op, by the key of the step."""
        return {key: step.tags for key, step in self._steps.items()}

    def get_step_context(self, step_key: str) -> StepExecutionContext:
        """Return the context of the step, without resources: for its tags, its config and its events."""
        attempt = self._execute_step_args.attempts.get(step_key, 0)
        return StepExecutionContext(self._plan_context, self._steps[step_key], attempt)


class StepHandler(ABC):
    """Starts steps somewhere, looks after them and ends them. For :class:`StepDelegatingExecutor`.

    An implementer guarantees: a step that was started writes to the instance's log by itself, which
    ``dagster api execute_step`` does; a handler keeps nothing that it needs in memory, since the run's
    process may be another one when the step is looked after. What it needs it can find by run and step.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name, for messages."""

    @abstractmethod
    def launch_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """Start a step and do not wait for it.

        Args:
            step_handler_context: The step.

        Returns:
            Events that tell of it, if there is something to tell.

        Raises:
            Exception: If it cannot be started. The attempt has failed then.
        """

    @abstractmethod
    def check_step_health(self, step_handler_context: StepHandlerContext) -> CheckStepHealthResult:
        """Return whether a step may still end by itself.

        Args:
            step_handler_context: The step.

        Raises:
            Exception: If that cannot be found out. After three times in a row the step counts as lost.
        """

    @abstractmethod
    def terminate_step(self, step_handler_context: StepHandlerContext) -> Iterator[DagsterEvent]:
        """Ask a step to end, and do not wait for it.

        Args:
            step_handler_context: The step.

        Returns:
            Events that tell of it, if there is something to tell.
        """
