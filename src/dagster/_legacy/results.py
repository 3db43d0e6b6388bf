"""Results of the older interface: what a run came to, as folds over its events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import Node
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import StepFailureData
from dagster._core.execution.plan_context import OutputKey
from dagster._core.plan.step import StepKind
from dagster._core.records.handles import NodeHandle
from dagster._core.records.user_events import (
    AssetMaterialization,
    ExpectationResult,
    Materialization,
)
from dagster._text import listed, unknown

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._legacy.pipeline import PipelineDefinition


class RunIndex:
    """The events and values of a run by solid, worked out once and shared by all results of the run.

    Args:
        event_list: All events of the run, in order.
        output_capture: The values of outputs by step key, output and mapping key.
    """

    __slots__ = ("_events", "_keys", "_values", "event_list", "output_capture")

    def __init__(
        self, event_list: Sequence[DagsterEvent], output_capture: Mapping[OutputKey, Any]
    ) -> None:
        self.event_list = event_list
        self.output_capture = output_capture
        self._events: dict[str, list[DagsterEvent]] | None = None
        self._keys: dict[str, list[OutputKey]] | None = None
        self._values: dict[str, dict[str, Any]] = {}

    def events_of(self, handle: NodeHandle) -> list[DagsterEvent]:
        """Return the step events of one solid."""
        if self._events is None:
            self._events = {}
            for event in self.event_list:
                if event.node_handle is not None and event.is_step_event:
                    self._events.setdefault(event.node_handle.to_string(), []).append(event)
        return self._events.get(handle.to_string(), [])

    def values_of(self, handle: NodeHandle) -> dict[str, Any]:
        """Return the values that one solid gave, by output.

        The value of a dynamic output, or of a solid that ran once per mapping key, is a dict by key.
        """
        solid = handle.to_string()
        if solid not in self._values:
            self._values[solid] = by_output = {}
            for name in self._keys_of(solid):
                step_key, output_name, mapping_key = name
                value = self.output_capture[name]
                _, bracket, rest = step_key.partition("[")
                key = mapping_key if mapping_key is not None else rest[:-1] if bracket else None
                if key is None:
                    by_output[output_name] = value
                else:
                    by_output.setdefault(output_name, {})[key] = value
        return self._values[solid]

    def _keys_of(self, solid: str) -> list[OutputKey]:
        """Return the names of the values of a solid. Values of earlier runs are loaded when asked for."""
        if self._keys is None:
            self._keys = {}
            for name in self.output_capture:
                self._keys.setdefault(name[0].partition("[")[0], []).append(name)
        return self._keys.get(solid, [])

    def is_kept(self, handle: NodeHandle) -> bool:
        """Return whether a solid did not run, and what it gave in an earlier run was taken."""
        return not self.events_of(handle) and bool(self._keys_of(handle.to_string()))


class GraphExecutionResult:
    """What a run came to, for a pipeline or a composite solid.

    Args:
        container: The graph.
        index: The events and values of the run.
        handle: The path of the graph; None for the pipeline.
    """

    def __init__(
        self, container: GraphDefinition, index: RunIndex, handle: NodeHandle | None = None
    ) -> None:
        self.container = container
        self.handle = handle
        self._index = index

    @property
    def event_list(self) -> Sequence[DagsterEvent]:
        """All events, in order; for a composite, those of the solids inside."""
        handle = self.handle
        if handle is None:
            return self._index.event_list
        return [
            event
            for event in self._index.event_list
            if event.node_handle is not None and event.node_handle.is_or_descends_from(handle)
        ]

    @property
    def success(self) -> bool:
        """Whether all execution was successful."""
        events = self.event_list
        return bool(events) and not any(event.is_failure for event in events)

    @property
    def step_event_list(self) -> Sequence[DagsterEvent]:
        """The events that are about a step."""
        return [event for event in self.event_list if event.is_step_event]

    @property
    def events_by_step_key(self) -> Mapping[str, Sequence[DagsterEvent]]:
        """The events that are about a step, by its key."""
        by_key: dict[str, list[DagsterEvent]] = {}
        for event in self.step_event_list:
            if event.step_key is not None:
                by_key.setdefault(event.step_key, []).append(event)
        return by_key

    @property
    def solid_result_list(self) -> Sequence[SolidExecutionResult | CompositeSolidExecutionResult]:
        """The results of the solids at the top level."""
        return [self._result_of(node) for node in self.container.nodes]

    def _described(self) -> str:
        return self.container.describe_node()

    def _result_of(self, node: Node) -> SolidExecutionResult | CompositeSolidExecutionResult:
        handle = NodeHandle(node.name, self.handle)
        if isinstance(node.definition, GraphDefinition):
            return CompositeSolidExecutionResult(node, self._index, handle)
        return SolidExecutionResult(node, self._index, handle)

    def result_for_solid(self, name: str) -> SolidExecutionResult | CompositeSolidExecutionResult:
        """Return the result of a solid at the top level.

        Args:
            name: The name of the solid, or its alias.

        Raises:
            DagsterInvariantViolationError: If there is no such solid.
        """
        node = self.container.node_dict.get(check.str_param(name, "name"))
        if node is None:
            raise DagsterInvariantViolationError(
                f"Tried to get the result of a solid of {self._described()}: "
                f"{unknown('solid', name, self.container.node_dict)}"
            )
        return self._result_of(node)

    def result_for_handle(
        self, handle: str | NodeHandle
    ) -> SolidExecutionResult | CompositeSolidExecutionResult:
        """Return the result of a solid at any depth.

        Args:
            handle: Its path: ``"outer.inner"``, or a handle.

        Raises:
            DagsterInvariantViolationError: If there is no such solid.
        """
        path = (
            handle.path
            if isinstance(handle, NodeHandle)
            else NodeHandle.from_string(check.str_param(handle, "handle")).path
        )
        result = self.result_for_solid(path[0])
        for name in path[1:]:
            if not isinstance(result, GraphExecutionResult):
                raise DagsterInvariantViolationError(
                    f'Tried to get the result of "{".".join(path)}" of {self._described()}: "{result.handle}" is '
                    "no composite solid, so there is nothing inside of it."
                )
            result = result.result_for_solid(name)
        return result

    def output_for_solid(self, handle_str: str, output_name: str = "result") -> Any:
        """Return the value of an output of a solid at any depth.

        Args:
            handle_str: The path of the solid: ``"outer.inner"``.
            output_name: The output. Default: ``"result"``.

        Returns:
            The value; None if the solid did not succeed; a dict by mapping key if the output is dynamic or
            the solid ran once per key.

        Raises:
            DagsterInvariantViolationError: If there is no such solid or output, or it was not given.
        """
        return self.result_for_handle(handle_str).output_value(output_name)


class PipelineExecutionResult(GraphExecutionResult):
    """The result of executing a pipeline. From the "Execution" document.

    Returned by :func:`execute_pipeline`. Users do not make it.

    Args:
        pipeline_def: The pipeline.
        run_id: The id of the run.
        event_list: All events of the run, in order.
        output_capture: The values of outputs by step key, output and mapping key.
        container: The part of the pipeline that ran. Default: all of it.
    """

    def __init__(
        self,
        pipeline_def: PipelineDefinition | JobDefinition,
        run_id: str,
        event_list: Sequence[DagsterEvent],
        output_capture: Mapping[OutputKey, Any],
        container: GraphDefinition | None = None,
    ) -> None:
        graph: Any = container if container is not None else getattr(pipeline_def, "graph", pipeline_def)
        super().__init__(graph, RunIndex(event_list, output_capture))
        self.pipeline_def = pipeline_def
        self.run_id = run_id

    def _described(self) -> str:
        return f"pipeline '{self.pipeline_def.name}'"

    def __repr__(self) -> str:
        outcome = "success" if self.success else "failure"
        return f"PipelineExecutionResult({self.pipeline_def.name!r}, {self.run_id!r}, {outcome})"


class CompositeSolidExecutionResult(GraphExecutionResult):
    """The result of executing a composite solid in a pipeline. From the "Execution" document.

    Users do not make it.

    Args:
        solid: The node of the composite.
        index: The events and values of the run.
        handle: Its path in the pipeline.
    """

    def __init__(self, solid: Node, index: RunIndex, handle: NodeHandle) -> None:
        definition = check.inst_param(solid.definition, "solid.definition", GraphDefinition)
        super().__init__(definition, index, handle)
        self.solid = solid

    def _described(self) -> str:
        return f"composite solid '{self.handle}'"

    @property
    def output_values(self) -> dict[str, Any] | None:
        """The values of its outputs by name; None if it did not succeed. Outputs not given are left out."""
        if not self.success and self.event_list:
            return None
        values: dict[str, Any] = {}
        for output_name in self.container.output_dict:
            inner, inner_name = self._inner_output(output_name)
            found = self._index.values_of(inner)
            if inner_name in found:
                values[output_name] = found[inner_name]
        # Without events it did not run: either it was kept, or there is nothing.
        return values if values or self.event_list else None

    def _inner_output(self, output_name: str) -> tuple[NodeHandle, str]:
        output_def, inner = self.container.resolve_output_to_origin(output_name, self.handle)
        assert inner is not None
        return inner, output_def.name

    def output_value(self, output_name: str = "result") -> Any:
        """Return the value of one of its outputs; None if it did not succeed.

        Args:
            output_name: The output. Default: ``"result"``.

        Raises:
            DagsterInvariantViolationError: If it has no such output, or the output was not given.
        """
        if output_name not in self.container.output_dict:
            raise DagsterInvariantViolationError(
                f"{self._described()}: {unknown('output', output_name, self.container.output_dict)}"
            )
        values = self.output_values
        if values is None:
            return None
        if output_name not in values:
            raise _not_given(output_name, self._described(), values)
        return values[output_name]

    def output_values_for_solid(self, name: str) -> dict[str, Any] | None:
        """Return the values of the outputs of a solid inside."""
        return self.result_for_solid(name).output_values

    def output_values_for_handle(self, handle_str: str) -> dict[str, Any] | None:
        """Return the values of the outputs of a solid at any depth inside."""
        return self.result_for_handle(handle_str).output_values

    def output_value_for_solid(self, name: str, output_name: str = "result") -> Any:
        """Return the value of an output of a solid inside."""
        return self.result_for_solid(name).output_value(output_name)

    def output_value_for_handle(self, handle_str: str, output_name: str = "result") -> Any:
        """Return the value of an output of a solid at any depth inside."""
        return self.result_for_handle(handle_str).output_value(output_name)

    def __repr__(self) -> str:
        return f"CompositeSolidExecutionResult({str(self.handle)!r})"


class SolidExecutionResult:
    """The result of executing one solid in a pipeline. From the "Execution" document.

    Users do not make it.

    Args:
        solid: The node of the solid.
        index: The events and values of the run.
        handle: Its path in the pipeline.
    """

    def __init__(self, solid: Node, index: RunIndex, handle: NodeHandle) -> None:
        self.solid = solid
        self.handle = handle
        self._index = index
        self._events: Sequence[DagsterEvent] = index.events_of(handle)

    # Events

    @property
    def compute_step_events(self) -> Sequence[DagsterEvent]:
        """All events of its steps."""
        return self._events

    @property
    def step_events(self) -> Sequence[DagsterEvent]:
        """All events of its steps."""
        return self._events

    @property
    def step_events_by_kind(self) -> Mapping[StepKind, Sequence[DagsterEvent]]:
        """All events of its steps, by the kind of the step."""
        return {StepKind.COMPUTE: self._events} if self._events else {}

    def _of_type(self, event_type: DagsterEventType) -> list[DagsterEvent]:
        value = event_type.value
        return [event for event in self._events if event.event_type_value == value]

    @property
    def input_events_during_compute(self) -> Sequence[DagsterEvent]:
        """The STEP_INPUT events."""
        return self._of_type(DagsterEventType.STEP_INPUT)

    @property
    def compute_input_event_dict(self) -> Mapping[str, DagsterEvent]:
        """The STEP_INPUT events by input."""
        return {e.step_input_data.input_name: e for e in self.input_events_during_compute}

    @property
    def output_events_during_compute(self) -> Sequence[DagsterEvent]:
        """The STEP_OUTPUT events."""
        return self._of_type(DagsterEventType.STEP_OUTPUT)

    @property
    def compute_output_events_dict(self) -> Mapping[str, Sequence[DagsterEvent]]:
        """The STEP_OUTPUT events by output; several for a dynamic output or a mapped solid."""
        by_output: dict[str, list[DagsterEvent]] = {}
        for event in self.output_events_during_compute:
            by_output.setdefault(event.step_output_data.output_name, []).append(event)
        return by_output

    @property
    def compute_output_event_dict(self) -> Mapping[str, DagsterEvent]:
        """The last STEP_OUTPUT event of each output."""
        return {name: events[-1] for name, events in self.compute_output_events_dict.items()}

    def get_output_events_for_compute(self, output_name: str = "result") -> Sequence[DagsterEvent]:
        """Return the STEP_OUTPUT events of an output.

        Raises:
            DagsterInvariantViolationError: If it was not given.
        """
        by_output = self.compute_output_events_dict
        if output_name not in by_output:
            raise _not_given(output_name, f"solid '{self.handle}'", by_output)
        return by_output[output_name]

    def get_output_event_for_compute(self, output_name: str = "result") -> DagsterEvent:
        """Return the one STEP_OUTPUT event of an output.

        Raises:
            DagsterInvariantViolationError: If it was not given.
            CheckError: If there are several.
        """
        events = self.get_output_events_for_compute(output_name)
        check.invariant(
            len(events) == 1,
            f"Output \"{output_name}\" of solid '{self.handle}' was given {len(events)} times, since it is "
            "dynamic or the solid ran once per mapping key: use get_output_events_for_compute.",
        )
        return events[0]

    @property
    def materialization_events_during_compute(self) -> Sequence[DagsterEvent]:
        """The ASSET_MATERIALIZATION events."""
        return self._of_type(DagsterEventType.ASSET_MATERIALIZATION)

    @property
    def materializations_during_compute(self) -> Sequence[AssetMaterialization | Materialization]:
        """The materializations that the solid told of."""
        return [event.materialization for event in self.materialization_events_during_compute]

    @property
    def expectation_events_during_compute(self) -> Sequence[DagsterEvent]:
        """The STEP_EXPECTATION_RESULT events."""
        return self._of_type(DagsterEventType.STEP_EXPECTATION_RESULT)

    @property
    def expectation_results_during_compute(self) -> Sequence[ExpectationResult]:
        """The expectation results that the solid told of."""
        return [
            event.step_expectation_result_data.expectation_result
            for event in self.expectation_events_during_compute
        ]

    def get_step_success_event(self) -> DagsterEvent:
        """Return the STEP_SUCCESS event.

        Raises:
            DagsterInvariantViolationError: If the solid did not succeed.
        """
        events = self._of_type(DagsterEventType.STEP_SUCCESS)
        if not events:
            raise DagsterInvariantViolationError(
                f"There is no STEP_SUCCESS event of solid '{self.handle}': it did not succeed."
            )
        return events[0]

    @property
    def compute_step_failure_event(self) -> DagsterEvent:
        """The STEP_FAILURE event.

        Raises:
            DagsterInvariantViolationError: If the solid did not fail.
        """
        events = self._of_type(DagsterEventType.STEP_FAILURE)
        if not events:
            raise DagsterInvariantViolationError(
                f"There is no STEP_FAILURE event of solid '{self.handle}': it did not fail."
            )
        return events[0]

    # Outcome

    @property
    def success(self) -> bool:
        """Whether the solid ran and all its steps were successful."""
        succeeded = False
        for event in self._events:
            if event.is_step_failure:
                return False
            succeeded = succeeded or event.is_step_success
        return succeeded

    @property
    def skipped(self) -> bool:
        """Whether no step of the solid ran."""
        return all(event.is_step_skipped for event in self._events)

    @property
    def failure_data(self) -> StepFailureData | None:
        """What is known of the failure; None if the solid did not fail."""
        events = self._of_type(DagsterEventType.STEP_FAILURE)
        return events[0].step_failure_data if events else None

    @property
    def retry_attempts(self) -> int:
        """How often the solid was tried again."""
        return len(self._of_type(DagsterEventType.STEP_RESTARTED))

    # Values

    @property
    def output_values(self) -> dict[str, Any] | None:
        """The values of its outputs by name; None if it did not succeed. Outputs not given are left out.

        The value of a dynamic output, or of a solid that ran once per mapping key, is a dict by key. Of a
        solid that a re-execution did not run they are those of the run that they were taken from.
        """
        if not self.success and not self._index.is_kept(self.handle):
            return None
        return dict(self._index.values_of(self.handle))

    def output_value(self, output_name: str = "result") -> Any:
        """Return the value of one of its outputs; None if it did not succeed.

        Args:
            output_name: The output. Default: ``"result"``.

        Raises:
            DagsterInvariantViolationError: If it has no such output, or the output was not given.
        """
        known = self.solid.definition.output_dict
        if output_name not in known:
            raise DagsterInvariantViolationError(
                f"{self.solid.describe_node()}: {unknown('output', output_name, known)}"
            )
        values = self.output_values
        if values is None:
            return None
        if output_name not in values:
            raise _not_given(output_name, f"solid '{self.handle}'", values)
        return values[output_name]

    def __repr__(self) -> str:
        outcome = "success" if self.success else "skipped" if self.skipped else "failure"
        return f"SolidExecutionResult({str(self.handle)!r}, {outcome})"


def _not_given(
    output_name: str, described: str, given: Mapping[str, Any]
) -> DagsterInvariantViolationError:
    return DagsterInvariantViolationError(
        f"Did not find result {output_name} in {described} execution result: it was not given. "
        f"Outputs that were given: {listed(given)}."
    )
