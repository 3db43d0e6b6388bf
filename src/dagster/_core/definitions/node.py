"""NodeDefinition: what an op and a graph have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from dagster._config.configurable import NamedConfigurableDefinition
from dagster._core.definitions.graph.invocation import PendingNodeInvocation, active_composition
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.outputs import OutputDefinition
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.tags import normalize_tags
from dagster._text import unknown

if TYPE_CHECKING:
    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.records.retry import RetryPolicy


class NodeDefinition(NamedConfigurableDefinition):
    """What can stand in a graph: an op or a graph. Has a name, inputs, outputs, tags and config."""

    #: What it is called in messages: op, graph, solid, …
    node_kind = "node"
    #: Whether it is made of nodes.
    is_graph = False

    def __init__(
        self,
        name: str,
        input_defs: Sequence[InputDefinition],
        output_defs: Sequence[OutputDefinition],
        description: str | None,
        tags: Mapping[str, Any] | None,
        positional_inputs: Sequence[str] | None = None,
    ) -> None:
        self._name = name
        self._description = description
        self.tags: dict[str, str] = normalize_tags(tags) if tags else {}
        self.input_defs = list(input_defs)
        self.output_defs = list(output_defs)
        self.input_dict = {d.name: d for d in self.input_defs}
        self.output_dict = {d.name: d for d in self.output_defs}
        self.positional_inputs = (
            tuple(self.input_dict) if positional_inputs is None else tuple(positional_inputs)
        )
        for what, defs, by_name in (
            ("input", self.input_defs, self.input_dict),
            ("output", self.output_defs, self.output_dict),
        ):
            if len(defs) != len(by_name):
                names = [d.name for d in defs]
                twice = next(n for n in names if names.count(n) > 1)
                raise DagsterInvalidDefinitionError(
                    f'{self.node_kind} "{name}" has two {what}s with the name "{twice}". '
                    f"Names of {what}s must differ."
                )

    @property
    def name(self) -> str:
        """The name of the definition."""
        return self._name

    @property
    def description(self) -> str | None:
        """The description, by default the docstring."""
        return self._description

    def describe_node(self) -> str:
        """Return ``op 'name'`` or ``graph 'name'`` for messages."""
        return f"{self.node_kind} '{self.name}'"

    def has_input(self, name: str) -> bool:
        return name in self.input_dict

    def has_output(self, name: str) -> bool:
        return name in self.output_dict

    def input_def_named(self, name: str) -> InputDefinition:
        """Return an input by name; an unknown one raises DagsterInvalidDefinitionError."""
        found = self.input_dict.get(name)
        if found is None:
            raise DagsterInvalidDefinitionError(
                f"{self.describe_node()}: {unknown('input', name, self.input_dict)}"
            )
        return found

    def output_def_named(self, name: str) -> OutputDefinition:
        """Return an output by name; an unknown one raises DagsterInvalidDefinitionError."""
        found = self.output_dict.get(name)
        if found is None:
            raise DagsterInvalidDefinitionError(
                f"{self.describe_node()}: {unknown('output', name, self.output_dict)}"
            )
        return found

    def input_has_default(self, input_name: str) -> bool:
        """Whether an input has a value when nothing is connected."""
        return self.input_def_named(input_name).has_default_value

    def default_value_for_input(self, input_name: str) -> object:
        """Return the value of an input when nothing is connected."""
        return self.input_def_named(input_name).default_value

    @property
    def node_type_str(self) -> str:
        """What it is called: ``op``, ``graph``, ``solid``, …"""
        return self.node_kind

    @property
    def pools(self) -> AbstractSet[str]:
        """The concurrency pools of the ops in here."""
        return {op_def.pool for op_def in self.iterate_op_defs() if op_def.pool}

    def resolve_input_name_at_position(self, idx: int) -> str | None:
        """Return the name of the input that a positional argument fills, or None."""
        return self.positional_inputs[idx] if idx < len(self.positional_inputs) else None

    def all_input_output_types(self) -> Iterator[DagsterType]:
        """Yield the types of all inputs and outputs and their inner types."""
        for definition in (*self.input_defs, *self.output_defs):
            yield definition.dagster_type
            yield from definition.dagster_type.inner_types

    def all_dagster_types(self) -> Iterator[DagsterType]:
        """Yield all types that the node uses."""
        yield from self.all_input_output_types()

    @property
    @abstractmethod
    def has_dynamic_outputs_inside(self) -> bool:
        """Whether any op in here gives a dynamic output."""

    @abstractmethod
    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        """Yield this definition and all inside of it."""

    @abstractmethod
    def iterate_op_defs(self) -> Iterator[OpDefinition]:
        """Yield all ops in here."""

    @abstractmethod
    def call_outside_composition(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        invocation: PendingNodeInvocation | None = None,
    ) -> Any:
        """Answer a call that is not inside the function of a graph or job.

        Args:
            args: The arguments by position.
            kwargs: The arguments by name.
            invocation: What was called, if the definition got an alias, tags or hooks first.
        """

    def get_pending_invocation(
        self,
        given_alias: str | None = None,
        tags: Mapping[str, str] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> PendingNodeInvocation:
        """Return an invocation of this definition that is not placed in a graph yet."""
        return PendingNodeInvocation(self, given_alias, tags, hook_defs, retry_policy)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        composition = active_composition()
        if composition is None:
            return self.call_outside_composition(args, kwargs)
        return composition.invoke(self, None, None, None, None, args, kwargs)

    def alias(self, name: str) -> PendingNodeInvocation:
        """Return an invocation with another name, to use the definition twice in a graph."""
        return self.get_pending_invocation(given_alias=name)

    def tag(self, tags: Mapping[str, str] | None) -> PendingNodeInvocation:
        """Return an invocation with tags on top of the definition's own."""
        return self.get_pending_invocation(tags=tags)

    def with_hooks(self, hook_defs: AbstractSet[HookDefinition]) -> PendingNodeInvocation:
        """Return an invocation with hooks."""
        return self.get_pending_invocation(hook_defs=hook_defs)

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingNodeInvocation:
        """Return an invocation with a retry policy in place of the definition's own."""
        return self.get_pending_invocation(retry_policy=retry_policy)
