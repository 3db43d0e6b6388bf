"""Steps that run only if what they take has changed: comparing the values, and saying what was kept.

For executors: ask between two steps, before :meth:`Progress.take_ready`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagster._core.definitions.resource.lifecycle import ResourceManager
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import KEPT_FROM, EngineEventData
from dagster._core.execution.io_contexts import StepOutputContext
from dagster._core.execution.plan_context import PlanExecutionContext
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.plan.conditions import ComparedValue, Question
from dagster._core.plan.progress import Progress
from dagster._core.records.metadata import MetadataValue


def settle_conditions(plan_context: PlanExecutionContext, progress: Progress) -> Iterator[DagsterEvent]:
    """Answer what the progress of a run asks, and yield an event for each step that is kept by it.

    The values are compared by their versions, or by their I/O managers; these are set up if they are not
    yet, as in a process that leaves the steps to others.

    Args:
        plan_context: The run.
        progress: Its progress.
    """
    conditions = progress.conditions
    if conditions is None or not (conditions.questions or conditions.kept):
        return
    with _Comparison(plan_context) as comparison:
        while conditions.questions:
            for question in conditions.take_questions():
                progress.answer(question, is_same=comparison.is_same(question))
    for step, known in conditions.take_kept():
        yield plan_context.emit_run_event(
            DagsterEventType.ENGINE_EVENT,
            f'Step "{step.key}" is kept as run {known.run_id} made it: what it takes has not changed.',
            EngineEventData(
                metadata={
                    "step_key": MetadataValue.text(step.key),
                    KEPT_FROM: MetadataValue.dagster_run(known.run_id),
                }
            ),
        )


class _Comparison:
    """Compares stored values, with the I/O managers of the run or with its own."""

    def __init__(self, plan_context: PlanExecutionContext) -> None:
        self._plan_context = plan_context
        self._own: ResourceManager | None = None

    def __enter__(self) -> _Comparison:
        return self

    def __exit__(self, *_exc_info: object) -> None:
        if self._own is not None:
            self._plan_context.resource_manager = None
            self._own.teardown()

    def is_same(self, question: Question) -> bool:
        """Return whether a step can be kept: what it takes is the same, and what it gave is still there."""
        return all(map(self._same_value, question.values)) and self._holds_outputs(question)

    def _manager(self, key: str) -> Any:
        context = self._plan_context
        if context.resource_manager is None:
            # The steps run in other processes, and the resources are there.
            plan = context.plan
            keys = {o.io_manager_key for step in plan.steps for o in step.outputs.values()}
            self._own = context.resource_manager = ResourceManager(
                context.job_def.resource_defs,
                context.run_config_resolved.resources,
                keys & context.job_def.resource_defs.keys(),
                instance=context.instance,
                dagster_run=context.run,
                log_manager=context.log,
            )
            self._own.initialize()
        return context.resources_by_key.get(key)

    def _output_context(
        self, step_key: str, output_name: str, mapping_key: str | None, run_id: str | None
    ) -> StepOutputContext:
        context = self._plan_context
        step = context.step_by_key(step_key)
        return StepOutputContext(
            StepExecutionContext(context, step), step, output_name, mapping_key, run_id=run_id
        )

    def _same_value(self, value: ComparedValue) -> bool:
        handle = value.handle
        name = handle.step_key, handle.output_name, handle.mapping_key
        try:
            output = self._plan_context.step_by_key(handle.step_key).outputs[handle.output_name]
            manager = self._manager(output.io_manager_key)
            ask = getattr(manager, "same_value", None)
            if ask is None:
                return False
            run_id = value.run_id or self._plan_context.run_id
            new = self._output_context(*name, run_id)
            return ask(new, self._output_context(*name, value.former_run_id)) is True
        except Exception as error:  # noqa: BLE001 - what cannot be compared counts as changed
            self._plan_context.log.warning(
                "Cannot compare the output %r of step %r with that of run %s, so that it counts as changed: %r",
                handle.output_name,
                handle.step_key,
                value.former_run_id,
                error,
            )
            return False

    def _holds_outputs(self, question: Question) -> bool:
        """Whether the values of a step are where its I/O managers look for them, as far as they say."""
        step, known = question.step, question.known
        for output_name, keys in known.outputs.items():
            output = step.outputs.get(output_name)
            if output is None or output.is_nothing:
                continue
            try:
                ask = getattr(self._manager(output.io_manager_key), "has_output", None)
                for key in keys:
                    if (
                        ask is not None
                        and ask(self._output_context(step.key, output_name, key, known.run_id)) is False
                    ):
                        return False
            except Exception:  # noqa: BLE001 - loading the value will tell better what is wrong
                return False
        return True
