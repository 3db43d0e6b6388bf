"""StepView: what the system-level contexts of the older interface tell of a run, for hooks and type checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.definitions.types.context import TypeCheckContext
from dagster._core.io.file_manager import LocalFileManager

if TYPE_CHECKING:
    from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
    from dagster._core.definitions.types.dagster_type import DagsterType
    from dagster._core.execution.plan_context import OutputKey
    from dagster._core.execution.step_context import StepExecutionContext
    from dagster._core.plan.plan import ExecutionPlan
    from dagster._core.plan.step import ExecutionStep
    from dagster._core.records.retry import RetryMode
    from dagster._core.records.run import DagsterRun


def file_manager_of(step_context: StepExecutionContext) -> Any:
    """Return the file manager of a run.

    It is the resource ``file_manager`` where there is one, that of a chosen system storage, or one that
    keeps local files in the directory of the instance.
    """
    plan_context = step_context.plan_context
    resources = plan_context.resources_by_key
    manager = resources.get("file_manager")
    if manager is None:
        manager = getattr(resources.get("io_manager"), "file_manager", None)
    return manager or LocalFileManager.for_instance(plan_context.instance, plan_context.run_id)


class StepView:
    """A context that is about one step, and tells what is around it under the older names.

    Args:
        step_context: The step.
    """

    # Without a slot of its own, so that it goes together with classes that have slots.
    __slots__ = ()

    _step_context: StepExecutionContext

    def __init__(self, step_context: StepExecutionContext) -> None:
        self._step_context = step_context

    @property
    def pipeline_run(self) -> DagsterRun:
        """The run."""
        return self._step_context.dagster_run

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config as it was given."""
        return self._step_context.run_config

    @property
    def environment_config(self) -> ResolvedRunConfig:
        """The validated run config."""
        return self._step_context.resolved_run_config

    @property
    def pipeline(self) -> Any:
        """The pipeline or job, or the way to load it."""
        return self._step_context.job

    @property
    def pipeline_name(self) -> str:
        """The name of the pipeline or job."""
        return self._step_context.job_name

    @property
    def mode_def(self) -> Any:
        """The mode; None if a job without modes runs."""
        return self._step_context.mode_def

    @property
    def instance(self) -> Any:
        """The instance."""
        return self._step_context.instance

    @property
    def scoped_resources_builder(self) -> Any:
        """What gives the resources under some keys: ``.build(keys)``."""
        return self._step_context.scoped_resources_builder

    @property
    def intermediate_storage_def(self) -> Any:
        """The storage that run config or mode chose, or None if values go through I/O managers."""
        return self._step_context.intermediate_storage_def

    @property
    def intermediate_storage(self) -> Any:
        """The chosen storage, or None if values go through I/O managers."""
        return self._step_context.intermediate_storage

    @property
    def file_manager(self) -> Any:
        """The file manager of the run."""
        return file_manager_of(self._step_context)

    @property
    def raise_on_error(self) -> bool:
        """Whether an error of the run is raised once its events are out."""
        return self._step_context.raise_on_error

    @property
    def retries(self) -> RetryMode:
        """What the executor does with retries."""
        return self._step_context.retry_mode

    @property
    def logging_tags(self) -> Mapping[str, str]:
        """What log lines of the step are tagged with."""
        return self._step_context.logging_tags

    @property
    def execution_plan(self) -> ExecutionPlan:
        """The plan."""
        return self._step_context.execution_plan

    @property
    def output_capture(self) -> Mapping[OutputKey, Any] | None:
        """The values that were given so far, if they are kept."""
        return self._step_context.output_capture

    def has_tag(self, key: str) -> bool:
        """Whether the run has a tag."""
        return self._step_context.has_tag(key)

    def get_tag(self, key: str) -> str | None:
        """Return the value of a tag of the run, or None."""
        return self._step_context.get_tag(key)

    def for_step(self, step: ExecutionStep) -> StepExecutionContext:
        """Return the context of another step of the run."""
        return self._step_context.for_step(step)

    def for_type(self, dagster_type: DagsterType) -> TypeCheckContext:
        """Return the context of a type check."""
        return self._step_context.for_type(dagster_type)


class StepTypeCheckContext(StepView, TypeCheckContext):
    """The context of a type check while a step runs.

    Args:
        step_context: The step.
        dagster_type: The type that checks.
    """

    __slots__ = ("_step_context",)

    def __init__(self, step_context: StepExecutionContext, dagster_type: DagsterType) -> None:
        StepView.__init__(self, step_context)
        # The log is made when it is first asked for: most checks never do.
        TypeCheckContext.__init__(self, step_context.run_id, None, step_context, dagster_type)

    @property
    def log(self) -> Any:
        """The log manager of the step."""
        return self._step_context.log
