"""Executor: the contract of what runs the steps of a plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dagster._core.executor.step_dependency import DEFAULT_STEP_DEPENDENCY, StepDependencyConfig
from dagster._core.records.retry import RetryMode

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.execution.plan_context import PlanOrchestrationContext
    from dagster._core.plan.plan import ExecutionPlan


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

    @property
    def step_dependency_config(self) -> StepDependencyConfig:
        """What a step needs of the steps before it."""
        return DEFAULT_STEP_DEPENDENCY
