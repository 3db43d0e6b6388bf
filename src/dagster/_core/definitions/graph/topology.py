"""The order of nodes in a graph, and what dynamic outputs allow in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    IDependencyDefinition,
    Node,
)
from dagster._core.errors import DagsterInvalidDefinitionError

if TYPE_CHECKING:
    from dagster._core.definitions.graph.definition import GraphDefinition

Dependencies = Mapping[str, Mapping[str, IDependencyDefinition]]

#: The dynamic output under which something runs once per key: its node's path and its name.
Scope = tuple[str, str] | None


def topological_names(names: list[str], dependencies: Dependencies, graph_name: str) -> list[str]:
    """Return node names so that each comes after what it depends on. Linear; stable in the given order.

    Raises:
        DagsterInvalidDefinitionError: If there is a cycle, which the message shows.
    """
    upstream = {
        name: {
            edge.node
            for dependency in dependencies.get(name, {}).values()
            for edge in dependency.get_node_dependencies()
        }
        for name in names
    }
    downstream: dict[str, list[str]] = {name: [] for name in names}
    for name in names:
        for source in upstream[name]:
            downstream[source].append(name)
    missing = {name: len(sources) for name, sources in upstream.items()}
    ready = [name for name in names if missing[name] == 0]
    order: list[str] = []
    for name in ready:  # grows while it is read
        order.append(name)
        for after in downstream[name]:
            missing[after] -= 1
            if missing[after] == 0:
                ready.append(after)
    if len(order) < len(names):
        cycle = _find_cycle([n for n in names if missing[n] > 0], upstream)
        raise DagsterInvalidDefinitionError(
            f'Graph "{graph_name}" has a circular dependency: {" → ".join(cycle)}. '
            "No node of the circle could ever start."
        )
    return order


def _find_cycle(stuck: list[str], upstream: Mapping[str, set[str]]) -> list[str]:
    candidates = set(stuck)
    path, seen = [stuck[0]], {stuck[0]: 0}
    while True:
        following = next(name for name in sorted(upstream[path[-1]]) if name in candidates)
        if following in seen:
            return [*reversed(path[seen[following] :]), path[-1]]
        seen[following] = len(path)
        path.append(following)


def check_dynamic_outputs(graph: GraphDefinition) -> None:
    """Refuse dynamic outputs where they cannot work.

    A node may run once per key of one dynamic output only, and what runs once per key cannot give a
    dynamic output of its own: keys do not nest.

    Raises:
        DagsterInvalidDefinitionError: With the two nodes and what to do.
    """
    if graph.has_dynamic_outputs_inside:
        _scopes_of_outputs(graph, "", {})


def _scopes_of_outputs(
    graph: GraphDefinition, path: str, inputs: Mapping[str, Scope]
) -> dict[str, tuple[Scope, bool]]:
    """Return the scope of each output of a graph, given those of its inputs.

    The flag says that the output is dynamic itself, so that what takes it directly enters its scope.
    """
    outputs: dict[tuple[str, str], tuple[Scope, bool]] = {}
    mapped_inputs: dict[tuple[str, str], list[Scope]] = {}
    for mapping in graph.input_mappings:
        key = (mapping.mapped_node_name, mapping.mapped_node_input_name)
        mapped_inputs.setdefault(key, []).append(inputs.get(mapping.graph_input_name))
    for node in graph.nodes_in_topological_order:
        node_path = f"{path}{node.name}"
        scopes: dict[str, Scope] = {}
        collects = False
        for input_name in node.definition.input_dict:
            found = set(mapped_inputs.get((node.name, input_name), ()))
            dependency = graph.dependencies.get(node.name, {}).get(input_name)
            if dependency is not None:
                found |= _scopes_of_edges(dependency, outputs, path, node)
            found.discard(None)
            if isinstance(dependency, DynamicCollectDependencyDefinition):
                collects = True
            if len(found) > 1:
                raise _two_sources(node_path, sorted(s for s in found if s is not None))
            scopes[input_name] = next(iter(found), None)
        own = {scope for scope in scopes.values() if scope is not None}
        if collects and own and not node.definition.is_graph:
            raise collects_and_maps(node_path)
        for name, scope in _scopes_of_node(node, node_path, scopes, own).items():
            outputs[node.name, name] = scope
    return {
        m.graph_output_name: outputs.get((m.mapped_node_name, m.mapped_node_output_name), (None, False))
        for m in graph.output_mappings
    }


def _scopes_of_node(
    node: Node, node_path: str, scopes: Mapping[str, Scope], own: set[tuple[str, str]]
) -> dict[str, tuple[Scope, bool]]:
    definition = node.definition
    if definition.is_graph:
        return _scopes_of_outputs(definition, f"{node_path}.", scopes)  # type: ignore[arg-type]
    if len(own) > 1:
        raise _two_sources(node_path, sorted(own))
    scope = next(iter(own), None)
    result: dict[str, tuple[Scope, bool]] = {}
    for output_def in definition.output_defs:
        if not output_def.is_dynamic:
            result[output_def.name] = (scope, False)
        elif scope is not None:
            raise DagsterInvalidDefinitionError(
                f'op "{node_path}" cannot be downstream of dynamic output "{scope[0]}:{scope[1]}" since it '
                f'has the dynamic output "{output_def.name}" itself: mapping keys do not nest. Collect '
                "first, or return a list in place of dynamic outputs."
            )
        else:
            result[output_def.name] = ((node_path, output_def.name), True)
    return result


def _scopes_of_edges(
    dependency: IDependencyDefinition,
    outputs: Mapping[tuple[str, str], tuple[Scope, bool]],
    path: str,
    node: Node,
) -> set[Scope]:
    if isinstance(dependency, DynamicCollectDependencyDefinition):
        scope, _ = outputs[dependency.node_name, dependency.output_name]
        if scope is None:
            raise DagsterInvalidDefinitionError(
                f'{node.describe_node()} in "{path or "the graph"}" collects output '
                f'"{dependency.output_name}" of "{dependency.node_name}", which is not dynamic and does '
                "not come from a dynamic output. Depend on it directly."
            )
        return set()
    found: set[Scope] = set()
    for edge in dependency.get_node_dependencies():
        scope, is_dynamic = outputs[edge.node, edge.output]
        if is_dynamic and not isinstance(dependency, DependencyDefinition):
            raise DagsterInvalidDefinitionError(
                f'{node.describe_node()} takes the dynamic output "{edge.node}:{edge.output}" in a list of '
                "dependencies. Collect it on its own."
            )
        found.add(scope)
    return found


def collects_and_maps(node_path: str) -> DagsterInvalidDefinitionError:
    """Return the refusal of an op that takes both a collected list and one value of a dynamic output."""
    return DagsterInvalidDefinitionError(
        f'op "{node_path}" cannot both collect a dynamic output and be downstream of one itself. Collect in '
        "an op of its own first."
    )


def _two_sources(node_path: str, scopes: list[tuple[str, str]]) -> DagsterInvalidDefinitionError:
    names = " and ".join(f'"{node}:{output}"' for node, output in scopes)
    return DagsterInvalidDefinitionError(
        f'"{node_path}" cannot be downstream of more than one dynamic output. It is downstream of both '
        f"{names}. Collect one of them first."
    )
