"""The system-level contexts of the older interface: views of what the engine knows of a run and a step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.execution.plan_context import OutputKey, PlanExecutionContext
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.execution.step_view import file_manager_of
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.handles import StepOutputHandle
from dagster._legacy.asset_store import AssetStore, AssetStoreContext, context_of_output

if TYPE_CHECKING:
    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
    from dagster._core.definitions.types.context import TypeCheckContext
    from dagster._core.definitions.types.dagster_type import DagsterType
    from dagster._core.execution.hook_context import HookContext
    from dagster._core.io.contexts import InputContext
    from dagster._core.io.output_context import OutputContext
    from dagster._core.plan.plan import ExecutionPlan
    from dagster._core.records.retry import RetryMode
    from dagster._core.records.run import DagsterRun
    from dagster._legacy.mode import ModeDefinition


def pipeline_of(job_def: Any) -> Any:
    """Return the pipeline that a job was made of, or the job itself if it was not made of one."""
    return getattr(job_def, "pipeline_def", None) or job_def


def mode_of(job_def: Any) -> ModeDefinition | None:
    """Return the mode that a job was made of, if it was made of a pipeline."""
    return getattr(job_def, "mode_definition", None)


class SystemExecutionContext:
    """What all steps of one run share, with the older names.

    Args:
        plan_context: The run.
    """

    def __init__(self, plan_context: PlanExecutionContext) -> None:
        self._plan_context = plan_context

    @property
    def pipeline_run(self) -> DagsterRun:
        return self._plan_context.run

    @property
    def scoped_resources_builder(self) -> Any:
        """What gives the resources under some keys."""
        return self._plan_context.resource_manager

    @property
    def run_id(self) -> str:
        return self._plan_context.run_id

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config as it was given."""
        return self._plan_context.run_config

    @property
    def environment_config(self) -> ResolvedRunConfig:
        """The validated run config."""
        return self._plan_context.run_config_resolved

    resolved_run_config = environment_config

    @property
    def pipeline(self) -> Any:
        """The pipeline, or the way to load it."""
        return self._plan_context.job

    @property
    def pipeline_def(self) -> Any:
        return pipeline_of(self._plan_context.job_def)

    @property
    def pipeline_name(self) -> str:
        return self._plan_context.job_name

    @property
    def mode_def(self) -> ModeDefinition | None:
        return mode_of(self._plan_context.job_def)

    @property
    def intermediate_storage_def(self) -> Any:
        """The storage that run config or mode chose, or None if values go through I/O managers."""
        return getattr(self._plan_context.job_def, "intermediate_storage_def", None)

    @property
    def system_storage_def(self) -> Any:
        """The older name of ``intermediate_storage_def``."""
        return self.intermediate_storage_def

    @property
    def instance(self) -> Any:
        return self._plan_context.instance

    @property
    def raise_on_error(self) -> bool:
        return self._plan_context.raise_on_error

    @property
    def retries(self) -> RetryMode:
        return self._plan_context.retry_mode

    @property
    def log(self) -> Any:
        return self._plan_context.log

    @property
    def logging_tags(self) -> Mapping[str, str]:
        return self._plan_context.logging_tags

    @property
    def execution_plan(self) -> ExecutionPlan:
        return self._plan_context.plan

    @property
    def output_capture(self) -> Mapping[OutputKey, Any] | None:
        """The values of outputs so far, by step key, output and mapping key."""
        return self._plan_context.output_capture

    def has_tag(self, key: str) -> bool:
        """Whether the run has a tag."""
        return self._plan_context.has_tag(key)

    def get_tag(self, key: str) -> str | None:
        """Return the value of a tag of the run, or None."""
        return self._plan_context.get_tag(key)

    def for_step(self, step: ExecutionStep) -> SystemStepExecutionContext:
        """Return the context of a step."""
        return SystemStepExecutionContext(StepExecutionContext(self._plan_context, step))


class SystemStepExecutionContext(SystemExecutionContext):
    """The context of one step, with the older names.

    Args:
        step_context: The step.
    """

    def __init__(self, step_context: StepExecutionContext) -> None:
        super().__init__(step_context.plan_context)
        self._step_context = step_context

    @property
    def step(self) -> ExecutionStep:
        return self._step_context.step

    @property
    def step_launcher(self) -> None:
        """What runs the step elsewhere: nothing, in this process."""
        return None

    @property
    def solid_handle(self) -> Any:
        return self._step_context.node_handle

    @property
    def solid_def(self) -> Any:
        return self._step_context.op_def

    @property
    def solid(self) -> Any:
        return self._step_context.op

    @property
    def resources(self) -> Any:
        """The resources that the solid asks for, as attributes."""
        return self._step_context.resources

    @property
    def required_resource_keys(self) -> frozenset[str]:
        return self._step_context.required_resource_keys

    @property
    def log(self) -> Any:
        return self._step_context.log

    @property
    def logging_tags(self) -> Mapping[str, str]:
        return self._step_context.logging_tags

    @property
    def file_manager(self) -> Any:
        """The file manager of the run."""
        return file_manager_of(self._step_context)

    @property
    def intermediate_storage(self) -> Any:
        """The chosen storage, or None if values go through I/O managers."""
        manager = self._plan_context.resources_by_key.get("io_manager")
        return getattr(manager, "intermediate_storage", None)

    def using_default_intermediate_storage(self) -> bool:
        """Whether neither run config nor mode chose a storage."""
        return self.intermediate_storage_def is None

    def for_compute(self) -> SystemComputeExecutionContext:
        """Return the context with the solid's config."""
        return SystemComputeExecutionContext(self._step_context)

    def for_hook(self, hook_def: HookDefinition) -> HookContext:
        """Return the context of a hook."""
        return self._step_context.for_hook(hook_def)

    def for_type(self, dagster_type: DagsterType) -> TypeCheckContext:
        """Return the context of a type check."""
        return self._step_context.for_type(dagster_type)

    def get_output_context(self, step_output_handle: StepOutputHandle) -> OutputContext:
        """Return the I/O context of an output of any step."""
        return self._step_context.get_output_context(step_output_handle)

    def for_input_manager(
        self,
        name: str,
        config: Any = None,
        metadata: Any = None,
        dagster_type: DagsterType | None = None,
        source_handle: StepOutputHandle | None = None,
        resource_config: Any = None,
        resources: Any = None,
    ) -> InputContext:
        """Return the I/O context of an input of this step."""
        return self._step_context.for_input_manager(
            name, config, metadata, dagster_type, source_handle, resource_config, resources
        )

    def get_io_manager(self, step_output_handle: StepOutputHandle) -> Any:
        """Return the I/O manager of an output of any step."""
        return self._step_context.get_io_manager(step_output_handle)

    # Asset stores, which are I/O managers

    def get_asset_store(self, asset_store_key: str) -> AssetStore:
        """Return the asset store under a resource key.

        Raises:
            CheckError: If the resource is no asset store.
        """
        store = self._step_context.io_manager(asset_store_key)
        return check.inst_param(store, f'resource with key "{asset_store_key}"', AssetStore)

    def using_asset_store(self, step_output_handle: StepOutputHandle) -> bool:
        """Whether an asset store keeps the values of an output."""
        return isinstance(self.get_io_manager(step_output_handle), AssetStore)

    def for_asset_store(
        self, step_output_handle: StepOutputHandle, asset_store_handle: Any = None
    ) -> AssetStoreContext:
        """Return the context of an asset store for an output of any step.

        Args:
            step_output_handle: The output.
            asset_store_handle: What says the metadata in its ``asset_metadata``. Default: that of the
                definition of the output.
        """
        context = context_of_output(self.get_output_context(step_output_handle))
        metadata = getattr(asset_store_handle, "asset_metadata", None)
        return context if metadata is None else context._replace(asset_metadata=metadata)


class SystemComputeExecutionContext(SystemStepExecutionContext):
    """The context of a step while its solid computes. From the "Execution" document.

    Args:
        step_context: The step.
    """

    @property
    def solid_config(self) -> Any:
        """The parsed config specific to this solid."""
        return self._step_context.op_config
