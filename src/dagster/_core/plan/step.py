"""Steps: what a plan is made of."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.plan.sources import (
    FromMappedOutput,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
)
from dagster._core.records.handles import (
    NodeHandle,
    ResolvedFromDynamicStepHandle,
    StepHandle,
    UnresolvedStepHandle,
)
from dagster._core.records.tags import PRIORITY_TAG

if TYPE_CHECKING:
    from dagster._core.definitions.graph.dependency import Node
    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.definitions.inputs import InputDefinition
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.definitions.outputs import OutputDefinition
    from dagster._core.definitions.types.dagster_type import DagsterType
    from dagster._core.records.retry import RetryPolicy


class StepKind(enum.Enum):
    """How a step comes to run."""

    COMPUTE = "COMPUTE"
    #: Runs once per key of a dynamic output.
    UNRESOLVED_MAPPED = "UNRESOLVED_MAPPED"
    #: Waits for everything that runs per key.
    UNRESOLVED_COLLECT = "UNRESOLVED_COLLECT"


class StepInput:
    """An input of a step and where its value comes from.

    Args:
        definition: The op's input.
        source: Where the value comes from; None for an input of type Nothing that is not connected.
    """

    __slots__ = ("dagster_type", "definition", "is_nothing", "name", "source")

    def __init__(self, definition: InputDefinition, source: InputSource) -> None:
        self.name: str = definition.name
        self.definition = definition
        self.dagster_type: DagsterType = definition.dagster_type
        self.is_nothing: bool = definition.dagster_type.is_nothing
        self.source = source


class StepOutput:
    """An output of a step."""

    __slots__ = (
        "dagster_type",
        "definition",
        "handled_data",
        "io_manager_key",
        "is_dynamic",
        "is_nothing",
        "is_required",
        "name",
        "passed_event",
    )

    def __init__(self, definition: OutputDefinition) -> None:
        self.name: str = definition.name
        self.definition = definition
        self.dagster_type: DagsterType = definition.dagster_type
        self.is_dynamic: bool = definition.is_dynamic
        self.is_required: bool = definition.is_required
        self.is_nothing: bool = definition.dagster_type.is_nothing
        self.io_manager_key: str = definition.io_manager_key
        #: What the step pipeline says of every value that passes its check; made with the first one.
        self.passed_event: Any = None
        self.handled_data: Any = None


class ExecutionStep:
    """One op of a job, placed in a plan.

    Args:
        index: The number of the step in the plan.
        key: The dotted handle; with the mapping key in brackets if there is one.
        node_handle: The path of the node.
        node: The node.
        inputs: The inputs.
        outputs: The outputs by name. Shared by all steps of one definition.
        kind: How it comes to run.
        upstream: The numbers of the steps that must end first.
        scope: The number and output of the dynamic step under which this runs once per key.
        mapping_key: The key that it was made for.
        template: The step that it was made from.
    """

    __slots__ = (
        "hook_defs",
        "index",
        "inputs",
        "key",
        "kind",
        "mapping_key",
        "node",
        "node_handle",
        "op_def",
        "outputs",
        "priority",
        "retry_policy",
        "scope",
        "template",
        "tracks_outputs",
        "upstream",
    )

    def __init__(
        self,
        index: int,
        key: str,
        node_handle: NodeHandle,
        node: Node,
        op_def: OpDefinition,
        inputs: tuple[StepInput, ...],
        outputs: Mapping[str, StepOutput],
        tracks_outputs: bool,
        kind: StepKind,
        upstream: tuple[int, ...],
        hook_defs: frozenset[HookDefinition],
        retry_policy: RetryPolicy | None,
        scope: tuple[int, str] | None = None,
        mapping_key: str | None = None,
        template: ExecutionStep | None = None,
    ) -> None:
        self.index = index
        self.key = key
        self.node_handle = node_handle
        self.node = node
        self.op_def = op_def
        self.inputs = inputs
        self.outputs = outputs
        #: Whether a run may end without some output, or with several values of one.
        self.tracks_outputs = tracks_outputs
        self.kind = kind
        self.upstream = upstream
        self.hook_defs = hook_defs
        self.retry_policy = retry_policy
        self.scope = scope
        self.mapping_key = mapping_key
        self.template = template
        self.priority = _priority(node.tags) if node.tags else 0

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of the op and of its use."""
        return self.node.tags

    @property
    def op_name(self) -> str:
        """The name of the node, without its path."""
        return self.node.name

    @property
    def op(self) -> Node:
        return self.node

    @property
    def step_inputs(self) -> tuple[StepInput, ...]:
        return self.inputs

    @property
    def step_outputs(self) -> tuple[StepOutput, ...]:
        return tuple(self.outputs.values())

    @property
    def handle(self) -> StepHandle | ResolvedFromDynamicStepHandle | UnresolvedStepHandle:
        """The name of the step as a record."""
        if self.mapping_key is not None:
            return ResolvedFromDynamicStepHandle(self.node_handle, self.mapping_key, self.key)
        if self.kind is StepKind.UNRESOLVED_MAPPED:
            return UnresolvedStepHandle(self.node_handle)
        return StepHandle(self.node_handle, self.key)

    def key_for(self, mapping_key: str) -> str:
        """Return the key of the step that this one becomes for a mapping key."""
        return f"{self.key.removesuffix('[?]')}[{mapping_key}]"

    def step_input_named(self, name: str) -> StepInput:
        return next(i for i in self.inputs if i.name == name)

    def step_output_named(self, name: str) -> StepOutput:
        return self.outputs[name]

    def has_step_input(self, name: str) -> bool:
        return any(i.name == name for i in self.inputs)

    def has_step_output(self, name: str) -> bool:
        return name in self.outputs

    def resolve(
        self, index: int, mapping_key: str, steps_by_template: Mapping[int, int]
    ) -> ExecutionStep:
        """Return the step that this one becomes for one key.

        Args:
            index: Its number.
            mapping_key: The key.
            steps_by_template: For each step that runs per key, the number of its step for this key.
        """
        inputs = tuple(
            StepInput(i.definition, _resolve_source(i.source, mapping_key, steps_by_template))
            for i in self.inputs
        )
        return self.ready(
            index,
            f"{self.node_handle}[{mapping_key}]",
            inputs,
            mapping_key,
            tuple(dict.fromkeys(steps_by_template.get(u, u) for u in self.upstream)),
        )

    def with_sources(self, sources: Mapping[str, InputSource]) -> ExecutionStep:
        """Return the step with other sources for some inputs."""
        inputs = tuple(
            StepInput(i.definition, sources[i.name]) if i.name in sources else i for i in self.inputs
        )
        return self.ready(self.index, self.key, inputs, self.mapping_key)

    def ready(
        self,
        index: int,
        key: str,
        inputs: tuple[StepInput, ...],
        mapping_key: str | None,
        upstream: tuple[int, ...] | None = None,
    ) -> ExecutionStep:
        """Return the step that this becomes once it is known where its inputs come from.

        Args:
            index: Its number.
            key: Its key.
            inputs: Its inputs.
            mapping_key: The key of a dynamic output that it is made for.
            upstream: The steps that must end first. Default: the same.
        """
        is_made_for_key = mapping_key is not None and self.mapping_key is None
        return ExecutionStep(
            index,
            key,
            self.node_handle,
            self.node,
            self.op_def,
            inputs,
            self.outputs,
            self.tracks_outputs,
            StepKind.COMPUTE,
            self.upstream if upstream is None else upstream,
            self.hook_defs,
            self.retry_policy,
            None if is_made_for_key else self.scope,
            mapping_key,
            self if is_made_for_key else self.template,
        )

    def __repr__(self) -> str:
        return f"ExecutionStep({self.key!r})"


def _resolve_source(
    source: InputSource, mapping_key: str, steps_by_template: Mapping[int, int]
) -> InputSource:
    if isinstance(source, FromMappedOutput):
        if source.is_dynamic:
            return FromStepOutput(source.step, source.step_key, source.output_name, mapping_key)
        return FromStepOutput(
            steps_by_template[source.step],
            f"{source.step_key.removesuffix('[?]')}[{mapping_key}]",
            source.output_name,
        )
    if isinstance(source, FromMultipleSources):
        return FromMultipleSources(
            [_resolve_source(s, mapping_key, steps_by_template) for s in source.sources]
        )
    return source


def _priority(tags: Mapping[str, Any]) -> int:
    value = tags.get(PRIORITY_TAG)
    if value is None:
        return 0
    try:
        return int(value)
    except ValueError:
        return 0
