"""Run the hooks of a step. An error in one becomes an event; it never fails the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagster._core.definitions.hook import HookDefinition
from dagster._core.errors import HookExecutionError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import HookErroredData
from dagster._core.execution.plan_context import ERROR
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.user_events import HookExecutionResult
from dagster._text import expected

_COMPLETED = DagsterEventType.HOOK_COMPLETED.value
_SKIPPED = DagsterEventType.HOOK_SKIPPED.value
_ERRORED = DagsterEventType.HOOK_ERRORED.value


def run_hooks(context: StepExecutionContext, events: Sequence[DagsterEvent]) -> Iterator[DagsterEvent]:
    """Run all hooks of a step that ended, by name, and yield an event for each.

    Args:
        context: The step.
        events: All events of the attempt.
    """
    for hook_def in sorted(context.step.hook_defs, key=lambda hook: hook.name):
        yield _run_hook(context, hook_def, events)


def _run_hook(
    context: StepExecutionContext, hook_def: HookDefinition, events: Sequence[DagsterEvent]
) -> DagsterEvent:
    name, key = hook_def.name, context.step.key
    try:
        result = hook_def.hook_fn(context.for_hook(hook_def), list(events))
        if not isinstance(result, HookExecutionResult):
            raise HookExecutionError(
                f'Error occurred during the execution of hook_fn triggered for op "{key}": '
                + expected(f'what hook "{name}" returns', "a HookExecutionResult", result)
            )
    except Exception as exc:  # noqa: BLE001 - a hook never fails a run
        error = error_info_from_exception(exc)
        return context.emit(
            _ERRORED,
            f'Error occurred during the execution of hook "{name}" triggered for "{key}".',
            HookErroredData(error),
            level=ERROR,
            error=error,
        )
    if result.is_skipped:
        return context.emit(
            _SKIPPED,
            f'Skipped the execution of hook "{name}". It did not meet its triggering condition during the '
            f'execution of "{key}".',
        )
    return context.emit(_COMPLETED, f'Finished the execution of hook "{name}" triggered for "{key}".')
