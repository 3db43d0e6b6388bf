"""The I/O contexts of a running step: the public classes, filled in when they are asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.io.contexts import InputContext
from dagster._core.io.output_context import OutputContext

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.execution.step_context import StepExecutionContext
    from dagster._core.plan.step import ExecutionStep, StepInput


def _resource_config(step_context: StepExecutionContext, key: str) -> Any:
    manager = step_context.plan_context.resource_manager
    return manager.configs.get(key) if manager is not None else None


def _resources(step_context: StepExecutionContext, key: str) -> Any:
    definition = step_context.plan_context.job_def.resource_defs.get(key)
    return step_context.scoped_resources(
        definition.required_resource_keys if definition is not None else frozenset()
    )


class StepOutputContext(OutputContext):
    """The context of an output of a step of the run.

    Args:
        step_context: The step that runs; it need not be the one whose output this is.
        step: The step whose output this is.
        output_name: The output.
        mapping_key: The key of the value, if the output is dynamic.
        output_metadata: Metadata that the op gave with the value.
        run_id: The run that made it. Default: the one that is known to have made it, or this one.
    """

    def __init__(
        self,
        step_context: StepExecutionContext,
        step: ExecutionStep,
        output_name: str,
        mapping_key: str | None,
        output_metadata: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> None:
        # The public constructor checks its arguments; these come from the plan.
        self._step_context = step_context
        self._step = step
        self._step_key = step.key
        self._name = output_name
        if run_id is None:
            known = step_context.known_state
            run_id = step_context.plan_context.run_id
            if known is not None:
                run_id = known.run_id_of(step.key, run_id)
        self._run_id = run_id
        self._mapping_key = mapping_key
        self._output_metadata = output_metadata

    @property
    def _output(self) -> Any:
        return self._step.outputs[self._name or ""]

    @property
    def _job_name(self) -> str:
        return self._step_context.plan_context.job_name

    @property
    def _op_def(self) -> Any:
        return self._step.op_def

    @property
    def _dagster_type(self) -> Any:
        return self._output.dagster_type

    @property
    def _definition_metadata(self) -> Mapping[str, Any]:
        return self._output.definition.metadata

    @property
    def _log_manager(self) -> Any:
        return self._step_context.log

    @property
    def _config(self) -> Any:
        plan_context = self._step_context.plan_context
        outputs = plan_context.run_config_resolved.for_op(self._step.node_handle.to_string()).outputs
        return outputs.get(self._name) if isinstance(outputs, Mapping) else None

    @property
    def _resource_config(self) -> Any:
        return _resource_config(self._step_context, self._output.io_manager_key)

    @property
    def _resources(self) -> Any:
        return _resources(self._step_context, self._output.io_manager_key)

    def _build_event(self, event: Any) -> DagsterEvent:
        return self._step_context.emit_user_event(event)

    def emit_event(self, event_type: str, message: str, data: Any) -> None:
        """Write an event of the step."""
        event = self._step_context.emit(event_type, message, data)
        self._events = [*(self._events or ()), event]


class StepInputContext(InputContext):
    """The context of an input of the step that runs.

    Args:
        step_context: The step.
        step_input: The input.
        upstream_output: The context of the output that made the value, if there is one.
        manager_key: The resource that loads it.
        config: The config of the input for its manager.
    """

    def __init__(
        self,
        step_context: StepExecutionContext,
        step_input: StepInput,
        upstream_output: OutputContext | None,
        manager_key: str | None,
        config: Any = None,
    ) -> None:
        self._step_context = step_context
        self._input = step_input
        self._name = step_input.name
        self._upstream_output = upstream_output
        self._manager_key = manager_key
        self._given_config = config

    @property
    def _instance(self) -> Any:
        return self._step_context.plan_context.instance

    @property
    def _job_name(self) -> str:
        return self._step_context.plan_context.job_name

    @property
    def _op_def(self) -> Any:
        return self._step_context.step.op_def

    @property
    def _dagster_type(self) -> Any:
        return self._input.dagster_type

    @property
    def _definition_metadata(self) -> Mapping[str, Any]:
        return self._input.definition.metadata

    @property
    def _log_manager(self) -> Any:
        return self._step_context.log

    @property
    def _config(self) -> Any:
        if self._given_config is not None:
            return self._given_config
        return self._step_context.config.inputs.get(self._input.name)

    @property
    def _resource_config(self) -> Any:
        return _resource_config(self._step_context, self._manager_key or "")

    @property
    def _resources(self) -> Any:
        return _resources(self._step_context, self._manager_key or "")

    @property
    def _asset_key(self) -> Any:
        key = self._input.definition.asset_key
        return key(self) if callable(key) else key

    def _build_event(self, event: Any) -> DagsterEvent:
        return self._step_context.emit_user_event(event)

    def emit_event(self, event_type: str, message: str, data: Any) -> None:
        """Write an event of the step."""
        event = self._step_context.emit(event_type, message, data)
        self._events = [*(self._events or ()), event]
