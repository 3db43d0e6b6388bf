"""Results: what a run came to, as folds over its events."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Self

import dagster._check as check
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import StepFailureData
from dagster._core.records.handles import NodeHandle
from dagster._core.records.run import DagsterRun
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    ExpectationResult,
)
from dagster._text import listed, unknown

#: The name of a value: step key, output, mapping key.
OutputKey = tuple[str, str, str | None]

_OUTPUT = DagsterEventType.STEP_OUTPUT.value
#: What an attempt gave counts no more when the next one is due, or begins after its process died.
_ANEW = frozenset(
    kind.value
    for kind in (
        DagsterEventType.STEP_UP_FOR_RETRY,
        DagsterEventType.STEP_START,
        DagsterEventType.STEP_RESTARTED,
    )
)


class FinishedRun:
    """What is known of a run at its end: its job, its record and its events.

    Args:
        job_def: The job.
        dagster_run: The run at its end.
        event_list: The events.
    """

    def __init__(
        self, job_def: JobDefinition, dagster_run: DagsterRun, event_list: Iterable[DagsterEvent]
    ) -> None:
        self._job_def = job_def
        self._dagster_run = dagster_run
        self._event_list = list(event_list)

    @property
    def job_def(self) -> JobDefinition:
        """The job that was executed."""
        return self._job_def

    @property
    def dagster_run(self) -> DagsterRun:
        """The run, as it was stored at its end."""
        return self._dagster_run

    @property
    def all_events(self) -> Sequence[DagsterEvent]:
        """All events of the run, in order."""
        return self._event_list

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.job_def.name!r}, {self.dagster_run.status.value})"

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self.dagster_run.run_id

    @property
    def success(self) -> bool:
        """Whether the run succeeded."""
        return self.dagster_run.is_success


class ExecutionResult(FinishedRun, ABC):
    """What a run came to. The members common to all ways of running."""

    @abstractmethod
    def _value(self, handle: NodeHandle, output_name: str) -> Any:
        """Return the value of an op's output; a dict by mapping key if there are several."""

    @property
    def all_node_events(self) -> Sequence[DagsterEvent]:
        """All events that are about a step."""
        return [event for event in self.all_events if event.is_step_event]

    # Values

    def output_value(self, output_name: str = "result") -> Any:
        """Return the value of an output of the job's graph.

        Args:
            output_name: The output. Default: ``"result"``.

        Raises:
            DagsterInvariantViolationError: If the graph has no such output, or it was not given.
        """
        graph = self.job_def.graph
        if not graph.has_output(output_name):
            known = f" {unknown('output', output_name, graph.output_dict)}" if graph.output_dict else ""
            raise DagsterInvariantViolationError(
                f"Attempted to retrieve top-level outputs for '{graph.name}', which has no outputs."
                if not graph.output_dict
                else f"Could not find top-level output '{output_name}' in '{graph.name}'.{known}"
            )
        _, handle = graph.resolve_output_to_origin(output_name, None)
        assert handle is not None
        mapping = _innermost_output(graph, output_name)
        return self._value(handle, mapping)

    def output_for_node(self, node_str: str, output_name: str = "result") -> Any:
        """Return the value of an op's or graph's output.

        Args:
            node_str: The node by name; a dotted path for one inside of a graph.
            output_name: The output. Default: ``"result"``.

        Returns:
            The value; a dict by mapping key if the output is dynamic or the op ran once per key.

        Raises:
            DagsterInvariantViolationError: If there is no such node or output, or it was not given.
        """
        handle = NodeHandle.from_string(check.str_param(node_str, "node_str"))
        node = self._node(handle)
        definition = node.definition
        if not definition.has_output(output_name):
            raise DagsterInvariantViolationError(
                f"{definition.describe_node()} ('{node_str}'): "
                f"{unknown('output', output_name, definition.output_dict)}"
            )
        if isinstance(definition, GraphDefinition):
            _, inner = definition.resolve_output_to_origin(output_name, handle)
            assert inner is not None
            return self._value(inner, _innermost_output(definition, output_name))
        return self._value(handle, output_name)

    def _node(self, handle: NodeHandle) -> Any:
        graph: Any = self.job_def.graph
        node = None
        for name in handle.path:
            if not isinstance(graph, GraphDefinition) or not graph.has_node_named(name):
                known = graph.node_dict if isinstance(graph, GraphDefinition) else ()
                raise DagsterInvariantViolationError(
                    f"{self.job_def.describe_target()} has no {self.job_def.node_word} named "
                    f"'{handle}': {unknown('node', name, known)}"
                )
            node = graph.node_dict[name]
            graph = node.definition
        return node

    # Events

    def filter_events(self, event_filter: Callable[[DagsterEvent], bool]) -> Sequence[DagsterEvent]:
        """Return the events for which a function is true."""
        return [event for event in self.all_events if event_filter(event)]

    def _of_type(self, *types: DagsterEventType) -> list[DagsterEvent]:
        values = {event_type.value for event_type in types}
        return [event for event in self.all_events if event.event_type_value in values]

    def events_for_node(self, node_name: str) -> Sequence[DagsterEvent]:
        """Return the step events of a node, or of all ops inside if it is a graph.

        Args:
            node_name: The node by name, or a dotted path.
        """
        handle = NodeHandle.from_string(check.str_param(node_name, "node_name"))
        self._node(handle)
        return [
            event
            for event in self.all_events
            if event.node_handle is not None
            and event.is_step_event
            and event.node_handle.is_or_descends_from(handle)
        ]

    def compute_events_for_handle(self, handle: NodeHandle) -> Sequence[DagsterEvent]:
        """Return the events of the steps of an op."""
        return [event for event in self.all_events if event.node_handle == handle]

    def is_node_success(self, node_str: str) -> bool:
        """Whether a node ran and did not fail."""
        events = self.events_for_node(node_str)
        return any(e.is_step_success for e in events) and not any(e.is_step_failure for e in events)

    def is_node_failed(self, node_str: str) -> bool:
        """Whether a node failed."""
        return any(e.is_step_failure for e in self.events_for_node(node_str))

    def is_node_skipped(self, node_str: str) -> bool:
        """Whether a node was skipped."""
        return any(e.is_step_skipped for e in self.events_for_node(node_str))

    def is_node_untouched(self, node_str: str) -> bool:
        """Whether a node never came to run."""
        return not self.events_for_node(node_str)

    def get_run_failure_event(self) -> DagsterEvent:
        """Return the event of the run's failure.

        Raises:
            DagsterInvariantViolationError: If it did not fail.
        """
        return self._single(DagsterEventType.RUN_FAILURE, "failure")

    def get_run_success_event(self) -> DagsterEvent:
        """Return the event of the run's success.

        Raises:
            DagsterInvariantViolationError: If it did not succeed.
        """
        return self._single(DagsterEventType.RUN_SUCCESS, "success")

    get_job_failure_event = get_run_failure_event
    get_job_success_event = get_run_success_event

    def _single(self, event_type: DagsterEventType, what: str) -> DagsterEvent:
        events = self._of_type(event_type)
        if not events:
            raise DagsterInvariantViolationError(
                f"No event of {what} found: the run of '{self.job_def.name}' has the status "
                f"{self.dagster_run.status.value}."
            )
        return events[0]

    def get_step_success_events(self) -> Sequence[DagsterEvent]:
        """Return the STEP_SUCCESS events."""
        return self._of_type(DagsterEventType.STEP_SUCCESS)

    def get_step_skipped_events(self) -> Sequence[DagsterEvent]:
        """Return the STEP_SKIPPED events."""
        return self._of_type(DagsterEventType.STEP_SKIPPED)

    def get_step_failure_events(self) -> Sequence[DagsterEvent]:
        """Return the STEP_FAILURE events."""
        return self._of_type(DagsterEventType.STEP_FAILURE)

    def get_failed_step_keys(self) -> AbstractSet[str]:
        """Return the keys of the steps that failed."""
        return {event.step_key for event in self.get_step_failure_events() if event.step_key}

    def get_asset_materialization_events(self) -> Sequence[DagsterEvent]:
        """Return the ASSET_MATERIALIZATION events."""
        return self._of_type(DagsterEventType.ASSET_MATERIALIZATION)

    def get_asset_observation_events(self) -> Sequence[DagsterEvent]:
        """Return the ASSET_OBSERVATION events."""
        return self._of_type(DagsterEventType.ASSET_OBSERVATION)

    def asset_materializations_for_node(self, node_name: str) -> Sequence[AssetMaterialization]:
        """Return the materializations that a node told of."""
        return [e.materialization for e in self.events_for_node(node_name) if e.is_step_materialization]

    def asset_observations_for_node(self, node_name: str) -> Sequence[AssetObservation]:
        """Return the observations that a node told of."""
        return [
            e.asset_observation_data.asset_observation
            for e in self.events_for_node(node_name)
            if e.is_asset_observation
        ]

    def expectation_results_for_node(self, node_str: str) -> Sequence[ExpectationResult]:
        """Return the expectation results that a node told of."""
        return [
            e.step_expectation_result_data.expectation_result
            for e in self.events_for_node(node_str)
            if e.is_expectation_result
        ]

    def retry_attempts_for_node(self, node_str: str) -> int:
        """Return how often a node was tried again."""
        return sum(1 for e in self.events_for_node(node_str) if e.is_step_restarted)

    def failure_data_for_node(self, node_str: str) -> StepFailureData | None:
        """Return what is known of a node's failure; None if it did not fail."""
        for event in self.events_for_node(node_str):
            if event.is_step_failure:
                return event.step_failure_data
        return None


def _innermost_output(graph: GraphDefinition, output_name: str) -> str:
    """Return the name of the op's output behind an output of a graph."""
    mapping = graph.get_output_mapping(output_name)
    inner = graph.node_named(mapping.mapped_node_name).definition
    if isinstance(inner, GraphDefinition):
        return _innermost_output(inner, mapping.mapped_node_output_name)
    return mapping.mapped_node_output_name


def given_outputs(events: Iterable[DagsterEvent]) -> list[OutputKey]:
    """Return the names of the values that the last attempt of each step gave, in order.

    Args:
        events: The events of the run, in order.
    """
    by_step: dict[str, dict[OutputKey, None]] = {}
    for event in events:
        kind = event.event_type_value
        if kind == _OUTPUT:
            data = event.step_output_data
            if data.type_check_data is None or data.type_check_data.success:
                handle = data.step_output_handle
                name = (handle.step_key, handle.output_name, handle.mapping_key)
                by_step.setdefault(handle.step_key, {})[name] = None
        elif kind in _ANEW and event.step_key is not None:
            by_step.pop(event.step_key, None)
    return [name for names in by_step.values() for name in names]


def value_of(
    captured: Mapping[OutputKey, Any], keys: Iterable[OutputKey], handle: NodeHandle, output_name: str
) -> Any:
    """Return a value among captured ones.

    Args:
        captured: The values by name.
        keys: The names to look among.
        handle: The op.
        output_name: Its output.

    Returns:
        The value; a dict by mapping key if the output is dynamic or the op ran once per key.

    Raises:
        DagsterInvariantViolationError: If there is none.
    """
    step_key = handle.to_string()
    plain: OutputKey = (step_key, output_name, None)
    if plain in captured:
        return captured[plain]
    by_key: dict[str, Any] = {}
    prefix = f"{step_key}["
    for key in keys:
        name, output, mapping_key = key
        if output != output_name:
            continue
        if name == step_key and mapping_key is not None:
            by_key[mapping_key] = captured[key]
        elif name.startswith(prefix) and name.endswith("]"):
            by_key[name[len(prefix) : -1]] = captured[key]
    if by_key:
        return by_key
    given = sorted({f"{name}.{output}" for name, output, _ in keys})
    raise DagsterInvariantViolationError(
        f"Did not find result {output_name} in op {step_key} execution result: it failed, was skipped, or "
        f"did not give it. Outputs that were given: {listed(given)}."
    )


class ExecuteInProcessResult(ExecutionResult):
    """Result object returned by in-process testing APIs.

    Users do not make it. It has the events and the values of all outputs.

    Args:
        event_list: The events.
        dagster_run: The run at its end.
        output_capture: The values of outputs by step key, output and mapping key.
        job_def: The job.
    """

    def __init__(
        self,
        event_list: Sequence[DagsterEvent],
        dagster_run: DagsterRun,
        output_capture: Mapping[OutputKey, Any] | None,
        job_def: JobDefinition,
    ) -> None:
        super().__init__(job_def, dagster_run, event_list)
        self._output_capture = output_capture or {}

    def _value(self, handle: NodeHandle, output_name: str) -> Any:
        return value_of(self._output_capture, self._output_capture, handle, output_name)


class JobExecutionResult(ExecutionResult):
    """Result object returned by :func:`execute_job`. Use it in a ``with`` statement.

    Values are loaded with the I/O managers that stored them, so they can be read while the ``with``
    statement lasts, which keeps the resources of the run at hand.

    Args:
        job_def: The job.
        reconstruct_context: A context manager that gives something with ``load_output(step_key,
            output_name, mapping_key)``.
        event_list: The events.
        dagster_run: The run at its end.
    """

    def __init__(
        self,
        job_def: JobDefinition,
        reconstruct_context: Any,
        event_list: Sequence[DagsterEvent],
        dagster_run: DagsterRun,
    ) -> None:
        super().__init__(job_def, dagster_run, event_list)
        self._reconstruct_context = reconstruct_context
        self._loader: Any = None

    def __enter__(self) -> Self:
        self._loader = self._reconstruct_context.__enter__()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._loader = None
        self._reconstruct_context.__exit__(*exc_info)

    def _value(self, handle: NodeHandle, output_name: str) -> Any:
        if self._loader is None:
            raise DagsterInvariantViolationError(
                "In order to access output objects, the result of `execute_job` must be opened as a context "
                "manager: 'with execute_job(...) as result:'"
            )
        names: dict[OutputKey, OutputKey] = {key: key for key in given_outputs(self._event_list)}
        # What an earlier run gave, of steps that did not run in this one.
        names.update((key, key) for key in getattr(self._loader, "known_outputs", ()))
        found = value_of(names, names, handle, output_name)
        if isinstance(found, dict):
            return {mapping_key: self._loader.load_output(*key) for mapping_key, key in found.items()}
        return self._loader.load_output(*found)
