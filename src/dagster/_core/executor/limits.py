"""The gate: which of the steps that are ready may start. Every executor puts it between
:class:`~dagster._core.plan.progress.Progress` and starting a step.

Here is the gate without limits. The other is in ``limited_gate``, loaded where there are any.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster._config.config_type import Array, Bool, Int, ScalarUnion, String
from dagster._config.field import Field
from dagster._config.shapes import Shape
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.tags import GLOBAL_CONCURRENCY_TAG
from dagster._process.late_module import LateModule

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.execution.plan_context import PlanOrchestrationContext
    from dagster._core.executor import limited_gate
    from dagster._core.plan.plan import ExecutionPlan
    from dagster._core.plan.progress import Progress
else:
    # Few runs need it.
    limited_gate = LateModule("dagster._core.executor.limited_gate")

PRIORITY_STRIDE = 1 << 40

TAG_LIMITS_FIELD = Field(
    Array(
        Shape(
            {
                "key": Field(String, description="The tag of ops."),
                "value": Field(
                    ScalarUnion(
                        scalar_type=str, non_scalar_schema=Shape({"applyLimitPerUniqueValue": Bool})
                    ),
                    is_required=False,
                    description="Only steps with this value; or {applyLimitPerUniqueValue: true}: the limit "
                    "holds for each value by itself. Default: all steps with the tag together.",
                ),
                "limit": Field(
                    Int, description="How many such steps of the run are in progress at most."
                ),
            }
        )
    ),
    is_required=False,
    description="Limits for the steps of a run with certain tags.",
)


class StepGate:
    """The open gate: every step that is offered may start, by priority, then in the order of the plan."""

    __slots__ = ("_ready",)

    #: Whether nothing is ever held back.
    is_open = True

    def __init__(self) -> None:
        self._ready: list[tuple[int, Any]] = []

    @staticmethod
    def for_run(
        plan_context: PlanOrchestrationContext,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
    ) -> StepGate:
        """Return the gate of a run: one that holds nothing back if there are neither limits nor pools.

        Args:
            plan_context: The run.
            tag_concurrency_limits: The executor's limits by tag: mappings of ``key``, ``limit`` and
                optionally ``value``.

        Raises:
            DagsterInvalidInvocationError: If a limit is not of that form.
        """
        if not tag_concurrency_limits and not _has_pools(plan_context.plan):
            return StepGate()
        return limited_gate.limited_gate(plan_context, tag_concurrency_limits) or StepGate()

    def offer(self, step: ExecutionStep) -> None:
        """Take in a step that is ready."""
        heapq.heappush(self._ready, (step.index - step.priority * PRIORITY_STRIDE, step))

    def adopt(self, step: ExecutionStep) -> None:
        """Count a step in that runs already, as after a restart of the run's own process."""

    def take(self, now: float) -> ExecutionStep | None:
        """Return the next step that may start, with its places claimed; None if none may.

        Args:
            now: The time, on the clock that :meth:`next_poll` is asked with.
        """
        return heapq.heappop(self._ready)[1] if self._ready else None

    def release(self, step: ExecutionStep) -> None:
        """Take note that a step ended, in whatever way. A step that holds nothing is let be."""

    def take_events(self) -> Sequence[DagsterEvent]:
        """Write what is to be told since the last call to the log of the run, and return it.

        To be called by the run's main thread.
        """
        return ()

    def next_poll(self, now: float) -> float | None:
        """Return after how many seconds it is worth asking again; None if only a release can help."""
        return None

    def close(self) -> None:
        """Give everything back. It raises nothing."""


def take_next(gate: StepGate, progress: Progress, now: float) -> ExecutionStep | None:
    """Bring what is ready to the gate, and return the next step that may start; None if none may.

    Args:
        gate: The gate.
        progress: The progress of the run.
        now: The time, on the clock of retries.
    """
    while (step := progress.take_ready(now)) is not None:
        gate.offer(step)
    return gate.take(now)


def _has_pools(plan: ExecutionPlan) -> bool:
    return any(
        step.op_def.pool or (step.node.tags and GLOBAL_CONCURRENCY_TAG in step.node.tags)
        for step in plan.steps
    )
