"""HookContext: what hooks get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.execution.step_view import StepView

if TYPE_CHECKING:
    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.execution.step_context import StepExecutionContext


class HookContext(StepView):
    """The context of a hook. From the "Execution" document.

    Args:
        step_execution_context: The step that ended.
        hook_def: The hook.
    """

    def __init__(self, step_execution_context: StepExecutionContext, hook_def: HookDefinition) -> None:
        super().__init__(step_execution_context)
        self._hook_def = hook_def

    @property
    def job_name(self) -> str:
        """The name of the job."""
        return self._step_context.job_name

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._step_context.run_id

    @property
    def hook_def(self) -> HookDefinition:
        """The hook."""
        return self._hook_def

    @property
    def op(self) -> Any:
        """The node of the op."""
        return self._step_context.op

    @property
    def step(self) -> Any:
        """The step."""
        return self._step_context.step

    @property
    def step_key(self) -> str:
        """The key of the step."""
        return self._step_context.step.key

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """The resources that the hook asks for."""
        return self._hook_def.required_resource_keys

    @property
    def resources(self) -> Any:
        """The resources that the hook asks for, as attributes."""
        return self._step_context.scoped_resources(self._hook_def.required_resource_keys)

    @property
    def op_config(self) -> Any:
        """The config of the op."""
        return self._step_context.op_config

    @property
    def log(self) -> Any:
        """The log manager of the step."""
        return self._step_context.log

    @property
    def op_exception(self) -> BaseException | None:
        """The exception that failed the op, as the user raised it; None if it did not fail."""
        exception = self._step_context.step_exception
        return getattr(exception, "user_exception", None) or exception

    @property
    def op_output_values(self) -> Mapping[str, Any]:
        """The values of the op's outputs by name; a dict by mapping key for dynamic ones."""
        return self._step_context.output_values or {}

    @property
    def op_output_metadata(self) -> Mapping[str, Any]:
        """The metadata added to outputs by name; a dict by mapping key for dynamic ones."""
        result: dict[str, Any] = {}
        for (name, mapping_key), metadata in (self._step_context.output_metadata or {}).items():
            if mapping_key is None:
                result[name] = metadata
            else:
                result.setdefault(name, {})[mapping_key] = metadata
        return result

    # The older vocabulary's names

    pipeline_def = property(lambda self: self._step_context.pipeline_def)
    solid = property(lambda self: self.op)
    solid_config = property(lambda self: self.op_config)
    solid_exception = property(lambda self: self.op_exception)
    solid_output_values = property(lambda self: self.op_output_values)
