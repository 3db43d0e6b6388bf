"""StepLauncher: a resource that has the steps of the ops which require it run somewhere else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dagster._core.errors import DagsterInvariantViolationError, DagsterLaunchedStepError

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.execution.step_context import StepExecutionContext


class StepLauncher(ABC):
    """A resource that runs steps somewhere else: those of ops that require it.

    From the API reference. The step is told to the other place as a :class:`StepRunRef`, made by
    :func:`step_context_to_step_run_ref`, and run there by :func:`run_step_from_ref`. Hooks run here.
    """

    @abstractmethod
    def launch_step(self, step_context: StepExecutionContext) -> Iterator[DagsterEvent]:
        """Run a step somewhere else, and yield its events as they come.

        Args:
            step_context: The step.

        Returns:
            The events, up to the step's success, failure or retry. What is yielded is to be in the run's
            log already: hand each entry that comes from there to
            ``step_context.instance.handle_new_event``.

        Raises:
            Exception: If the step cannot be run there. It has failed then.
        """


def find_launcher(context: StepExecutionContext) -> StepLauncher | None:
    """Return the launcher that the op of a step requires; None if it requires none.

    Raises:
        DagsterInvariantViolationError: If it requires several.
    """
    instances = context.plan_context.resources_by_key
    keys = sorted(context.step.op_def.required_resource_keys)
    launchers = {key: instances[key] for key in keys if isinstance(instances.get(key), StepLauncher)}
    if len(launchers) > 1:
        raise DagsterInvariantViolationError(
            f"Expected one step launcher at most for {context.describe_op()}, got the resources "
            f"{', '.join(launchers)}. A step runs in one place only."
        )
    return next(iter(launchers.values()), None)


def has_launcher(context: StepExecutionContext) -> bool:
    """Return whether the op of a step requires a launcher, or several."""
    instances = context.plan_context.resources_by_key
    return any(
        isinstance(instances.get(key), StepLauncher)
        for key in context.step.op_def.required_resource_keys
    )


def launched_step(context: StepExecutionContext) -> Iterator[DagsterEvent]:
    """Have the launcher run a step, and yield its events.

    Raises:
        DagsterInvariantViolationError: If there are several launchers, or the one ends before the step did.
        DagsterLaunchedStepError: If the step failed.
    """
    launcher = find_launcher(context)
    assert launcher is not None  # whoever calls has looked
    last = None
    for event in launcher.launch_step(context):
        yield event
        if event.is_step_success or event.is_step_failure or event.is_step_up_for_retry:
            last = event
    if last is None:
        raise DagsterInvariantViolationError(
            f"The step launcher {type(launcher).__name__} of {context.describe_op()} came to its end without "
            "an event that says how the step ended."
        )
    if last.is_step_failure:
        error = last.step_failure_data.error
        told = error.message.strip() if error is not None else "no reason was given"
        raise DagsterLaunchedStepError(
            f'Step "{context.step.key}" failed where it was launched: {told}',
            subprocess_error_infos=[error] if error is not None else [],
        )
