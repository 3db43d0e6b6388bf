"""Executor: the contract of what runs the steps of a plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.execution.failure import failure_after_loss, retry_after_loss
from dagster._core.executor.step_dependency import DEFAULT_STEP_DEPENDENCY, StepDependencyConfig
from dagster._core.plan.progress import Progress
from dagster._core.records.retry import RetryMode

if TYPE_CHECKING:
    from dagster._core.definitions.reconstructable import ReconstructableJob
    from dagster._core.events.event import DagsterEvent
    from dagster._core.execution.plan_context import PlanOrchestrationContext
    from dagster._core.execution.step_context import StepExecutionContext
    from dagster._core.plan.known_state import KnownExecutionState
    from dagster._core.plan.plan import ExecutionPlan
    from dagster._core.records.error_info import SerializableErrorInfo


class Executor(ABC):
    """Runs the steps of a plan. From the "Internals" document.

    An implementer guarantees, in this order: each step runs only when what it depends on has ended;
    every event of a step is yielded in its order, and handed to a
    :class:`~dagster._core.plan.progress.Progress` before the next decision; when ``execute`` ends, by
    itself or by an exception, no step runs any more and resources are torn down.
    """

    @abstractmethod
    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[DagsterEvent]:
        """Run the plan.

        For the given context and execution plan, orchestrate a series of sub plan executions in a way
        that satisfies the whole plan being executed.

        Args:
            plan_context: The plan's orchestration context.
            execution_plan: The plan to execute.

        Returns:
            A stream of dagster events.
        """

    @property
    @abstractmethod
    def retries(self) -> RetryMode:
        """Whether retries are enabled or disabled for this instance of the executor.

        Executors should allow this to be controlled via configuration if possible.
        """

    def get_step_event_or_retry_event(
        self,
        step_context: StepExecutionContext,
        err_info: SerializableErrorInfo,
        known_state: KnownExecutionState | None,
        original_event: DagsterEvent,
    ) -> DagsterEvent:
        """Return an event of a step that was lost, or a retry in its place.

        For executors that run steps elsewhere. The retry is in the log then.

        Args:
            step_context: The step.
            err_info: What became of it.
            known_state: What has been done; it says how often the step was tried before. None: the context
                says it.
            original_event: What to return if the step is not tried again.
        """
        attempt = step_context.attempt
        if known_state is not None:
            attempt = known_state.attempts.get(step_context.step.key, attempt)
        return retry_after_loss(step_context, err_info, self.retries, attempt) or original_event

    def log_failure_or_retry_event_after_error(
        self,
        step_context: StepExecutionContext,
        err_info: SerializableErrorInfo,
        known_state: KnownExecutionState | None,
    ) -> DagsterEvent:
        """Write that a step was lost, as a retry if it is tried again and else as a failure; return the event.

        For executors that run steps elsewhere.

        Args:
            step_context: The step.
            err_info: What became of it.
            known_state: As above.
        """
        attempt = step_context.attempt
        if known_state is not None:
            attempt = known_state.attempts.get(step_context.step.key, attempt)
        return retry_after_loss(step_context, err_info, self.retries, attempt) or failure_after_loss(
            step_context, err_info
        )

    @property
    def step_dependency_config(self) -> StepDependencyConfig:
        """What a step needs of the steps before it."""
        return DEFAULT_STEP_DEPENDENCY


class OwnExecutor(Executor):
    """What the executors that come with Dagwerk have in common.

    Args:
        retries: Whether failed steps are tried again.
        step_dependency_config: What a step needs of the steps before it.
    """

    def __init__(self, retries: RetryMode, step_dependency_config: StepDependencyConfig) -> None:
        self._retries = retries
        self._step_dependency_config = step_dependency_config

    @property
    def retries(self) -> RetryMode:
        return self._retries

    @property
    def step_dependency_config(self) -> StepDependencyConfig:
        return self._step_dependency_config

    def progress_of(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Progress:
        """Return the progress of a run, which begins with what earlier runs have produced."""
        return Progress(
            execution_plan,
            known_state=plan_context.known_state,
            require_upstream_step_success=self._step_dependency_config.require_upstream_step_success,
        )


def job_for_other_process(plan_context: PlanOrchestrationContext) -> ReconstructableJob:
    """Return the way in which other processes load the job of a run.

    Raises:
        DagsterInvariantViolationError: If there is none, with what to do.
    """
    job = plan_context.job.for_other_process()
    if job is None:
        raise DagsterInvariantViolationError(
            f"{plan_context.job_def.describe_target()} cannot be loaded by another process: pass "
            "reconstructable(the_function_that_defines_it)."
        )
    return job
