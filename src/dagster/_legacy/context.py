"""SolidExecutionContext: the ``context`` of solids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.execution.direct_op_context import DirectOpExecutionContext
from dagster._core.execution.op_context import OpExecutionContext
from dagster._core.execution.step_view import file_manager_of
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.file_manager import LocalFileManager
from dagster._legacy.system_context import SystemComputeExecutionContext, mode_of, pipeline_of

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
        return file_manager_of(self.get_step_execution_context())

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
        return SystemComputeExecutionContext(self.get_step_execution_context())


class UnboundSolidExecutionContext(SolidExecutionContext, DirectOpExecutionContext):
    """The ``context`` of a solid that is called directly. Made by :func:`build_solid_context`.

    What belongs to a run (the pipeline, the mode, the step) is not there, and says so.
    """

    @property
    def file_manager(self) -> Any:
        """The resource ``file_manager``, or local files of the instance."""
        known = self.resources.original_resource_dict
        return known.get("file_manager") or LocalFileManager.for_instance(self.instance, self.run_id)


def build_solid_context(
    resources: Mapping[str, Any] | None = None,
    config: Any = None,
    instance: DagsterInstance | None = None,
) -> UnboundSolidExecutionContext:
    """Make the context for calling a solid directly, as in a test: ``my_solid(build_solid_context(), 5)``.

    Args:
        resources: Resource definitions or plain objects, by key.
        config: The solid's config.
        instance: The instance. Default: an ephemeral one.

    Returns:
        The context; use it in a ``with`` when one of the resources has to be torn down.
    """
    return UnboundSolidExecutionContext(
        op_config=config,
        resources=check.opt_mapping_param(resources, "resources", key_type=str),
        instance=check.opt_inst_param(instance, "instance", DagsterInstance),
    )
