"""Edges of a graph, and the nodes between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.definitions.outputs import DEFAULT_OUTPUT
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.tags import normalize_tags

if TYPE_CHECKING:
    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.definitions.node import NodeDefinition


class MappedInputPlaceholder:
    """Marks the place in a list of dependencies that an input of the graph around fills."""


class IDependencyDefinition:
    """Base of all edges. An edge says where the value of one input comes from."""

    __slots__ = ()

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        """Return the plain edges in this one."""
        raise TypeError(f"{type(self).__name__} does not say its edges")

    @property
    def is_fan_in(self) -> bool:
        """Whether the input gets a list of values."""
        return False


class DependencyDefinition(IDependencyDefinition):
    """An edge from one output of an upstream node.

    Args:
        node: The upstream node, by its name or alias in the graph.
        output: Its output. Default: ``"result"``.
        description: For people.
        solid: The older name of ``node``.
    """

    __slots__ = ("description", "node", "output")

    def __init__(
        self,
        node: str | None = None,
        output: str = DEFAULT_OUTPUT,
        description: str | None = None,
        *,
        solid: str | None = None,
    ) -> None:
        if type(node) is not str or type(output) is not str:
            node = check.str_param(node if node is not None else solid, "node")
            check.str_param(output, "output")
        self.node: str = node
        self.output = output
        self.description = description

    @property
    def solid(self) -> str:
        """The older name of ``node``."""
        return self.node

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        return [self]

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)
            and isinstance(other, DependencyDefinition)
            and (other.node, other.output) == (self.node, self.output)
        )

    def __hash__(self) -> int:
        return hash((type(self), self.node, self.output))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.node!r}, {self.output!r})"


class MultiDependencyDefinition(IDependencyDefinition):
    """A list of edges into one input, which gets the list of their values (fan-in).

    Args:
        dependencies: The edges; :class:`MappedInputPlaceholder` (the class) where an input of the graph
            around fills the place.
    """

    __slots__ = ("dependencies",)

    def __init__(
        self, dependencies: Sequence[DependencyDefinition | type[MappedInputPlaceholder]]
    ) -> None:
        self.dependencies = list(check.sequence_param(dependencies, "dependencies"))
        for dependency in self.dependencies:
            if dependency is not MappedInputPlaceholder:
                check.inst_param(dependency, "each item of dependencies", DependencyDefinition)

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        return [d for d in self.dependencies if isinstance(d, DependencyDefinition)]

    def get_dependencies_and_mappings(self) -> list[Any]:
        """Return the edges with the placeholders among them."""
        return list(self.dependencies)

    @property
    def is_fan_in(self) -> bool:
        return True


class DynamicCollectDependencyDefinition(IDependencyDefinition):
    """An edge that gathers what a node gave for every mapping key into one list.

    Args:
        node_name: The upstream node, by its name or alias in the graph.
        output_name: Its output.
    """

    __slots__ = ("node_name", "output_name")

    def __init__(
        self,
        node_name: str | None = None,
        output_name: str = DEFAULT_OUTPUT,
        *,
        solid_name: str | None = None,
    ) -> None:
        self.node_name = check.str_param(node_name if node_name is not None else solid_name, "node_name")
        self.output_name = check.str_param(output_name, "output_name")

    def get_node_dependencies(self) -> list[DependencyDefinition]:
        return [DependencyDefinition(self.node_name, self.output_name)]

    @property
    def is_fan_in(self) -> bool:
        return True


class NodeInvocation:
    """The key of a dependency dictionary where a node is aliased, tagged or hooked.

    Args:
        name: The name of the definition.
        alias: The name in this graph.
        tags: Tags on top of the definition's own.
        hook_defs: Hooks.
        retry_policy: In place of the definition's own.
    """

    __slots__ = ("alias", "hook_defs", "name", "retry_policy", "tags")

    def __init__(
        self,
        name: str,
        alias: str | None = None,
        tags: Mapping[str, Any] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.name = check.str_param(name, "name")
        self.alias = check.opt_str_param(alias, "alias")
        self.tags = normalize_tags(tags) if tags else {}
        self.hook_defs = frozenset(hook_defs or ())
        self.retry_policy = check.opt_inst_param(retry_policy, "retry_policy", RetryPolicy)

    @property
    def node_name(self) -> str:
        """The name in this graph."""
        return self.alias or self.name

    def _key(self) -> tuple[Any, ...]:
        return (self.name, self.alias, tuple(sorted(self.tags.items())), self.hook_defs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeInvocation) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


class Node:
    """A node of a graph: a definition under a name, with the tags, hooks and policy of this use.

    Args:
        name: The name in the graph.
        definition: What it is.
        tags: Tags of this use, without the definition's own.
        hook_defs: Hooks of this use.
        retry_policy: In place of the definition's own.
    """

    __slots__ = ("_invocation_tags", "definition", "hook_defs", "name", "retry_policy")

    def __init__(
        self,
        name: str,
        definition: NodeDefinition,
        tags: Mapping[str, str] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        self.name = name
        self.definition = definition
        self._invocation_tags = tags
        self.hook_defs = hook_defs or frozenset()
        self.retry_policy = retry_policy

    @property
    def tags(self) -> Mapping[str, str]:
        """The definition's tags and this use's."""
        if not self._invocation_tags:
            return self.definition.tags
        return {**self.definition.tags, **self._invocation_tags}

    @property
    def is_graph(self) -> bool:
        return self.definition.is_graph

    def describe_node(self) -> str:
        """Return what the node is, for messages."""
        if self.name == self.definition.name:
            return self.definition.describe_node()
        return f"{self.definition.describe_node()} aliased as '{self.name}'"

    @property
    def input_dict(self) -> Mapping[str, Any]:
        return self.definition.input_dict

    @property
    def output_dict(self) -> Mapping[str, Any]:
        return self.definition.output_dict

    def __repr__(self) -> str:
        return f"Node({self.name!r}, {self.definition!r})"
