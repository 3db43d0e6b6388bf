"""SolidExecutionContext: the ``context`` of solids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagster._core.execution.op_context import OpExecutionContext
from dagster._legacy.system_context import (
    SystemComputeExecutionContext,
    file_manager_of,
    mode_of,
    pipeline_of,
)

if TYPE_CHECKING:
    from dagster._core.records.run import DagsterRun
    from dagster._legacy.mode import ModeDefinition


class SolidExecutionContext(OpExecutionContext):
    """The ``context`` object that a solid's function takes as its first argument.

    From the "Execution" document. It gives the resources, the config, the log and the run of the step.

    Args:
        step_execution_context: The step.
    """

    @property
    def solid_config(self) -> Any:
        """The parsed config specific to this solid."""
        return self.op_config

    @property
    def pipeline_run(self) -> DagsterRun:
        """The current pipeline run."""
        return self.run

    @property
    def file_manager(self) -> Any:
        """The file manager of the run: the resource ``file_manager``, or local files of the instance."""
        return file_manager_of(self._step_execution_context)

    @property
    def step_launcher(self) -> None:
        """What runs the step elsewhere: nothing, in this process."""
        return None

    @property
    def pipeline_def(self) -> Any:
        """The currently executing pipeline."""
        return pipeline_of(self.job_def)

    @property
    def pipeline_name(self) -> str:
        """The currently executing pipeline's name."""
        return self.job_name

    @property
    def mode_def(self) -> ModeDefinition | None:
        """The mode of the current execution; None if a job without modes runs."""
        return mode_of(self.job_def)

    @property
    def solid_handle(self) -> Any:
        """The current solid's handle."""
        return self.node_handle

    @property
    def solid(self) -> Any:
        """The current solid: its name, definition and tags in the pipeline."""
        return self.op

    @property
    def solid_def(self) -> Any:
        """The current solid definition."""
        return self.op_def

    def get_system_context(self) -> SystemComputeExecutionContext:
        """Return the system-level context of the step.

        Not meant for ordinary solids: what it offers may change.
        """
        return SystemComputeExecutionContext(self._step_execution_context)
