"""What pipelines and composite solids have in common: the older names of a graph's members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import Node
from dagster._core.definitions.node import NodeDefinition


class SolidContainer(GraphDefinition):
    """A graph whose nodes are called solids."""

    @property
    def solids(self) -> Sequence[Node]:
        """The solids at the top level."""
        return self.nodes

    @property
    def solid_defs(self) -> Sequence[NodeDefinition]:
        """The different definitions of the solids at the top level."""
        return self.node_defs

    @property
    def top_level_solid_defs(self) -> Sequence[NodeDefinition]:
        """The different definitions of the solids at the top level."""
        return self.node_defs

    @property
    def all_solid_defs(self) -> Sequence[NodeDefinition]:
        """All definitions inside, at any depth."""
        return list({d.name: d for d in self.iterate_node_defs() if d is not self}.values())

    @property
    def solids_in_topological_order(self) -> Sequence[Node]:
        """The solids, each after what it depends on."""
        return self.nodes_in_topological_order

    @property
    def dependency_structure(self) -> Mapping[str, Any]:
        """For each solid, where its inputs come from."""
        return self.dependencies

    def has_solid_named(self, name: str) -> bool:
        """Whether there is a top-level solid of this name."""
        return self.has_node_named(name)

    def solid_named(self, name: str) -> Node:
        """Return a top-level solid by name.

        Raises:
            DagsterInvalidDefinitionError: If there is none.
        """
        return self.node_named(name)

    def get_solid(self, handle: Any) -> Node:
        """Return the solid with a handle, at any depth."""
        return self.get_node(handle)
