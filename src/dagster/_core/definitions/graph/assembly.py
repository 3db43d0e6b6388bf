"""From node definitions and a dependency dictionary to the nodes and edges of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    IDependencyDefinition,
    MappedInputPlaceholder,
    MultiDependencyDefinition,
    Node,
    NodeInvocation,
)
from dagster._core.definitions.inputs import InputDefinition, InputMapping
from dagster._core.definitions.outputs import OutputDefinition, OutputMapping
from dagster._core.definitions.types.containers import may_be_list
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import did_you_mean, expected, listed, unknown

if TYPE_CHECKING:
    from dagster._core.definitions.node import NodeDefinition

#: Edges that bring a list.
_LIST_EDGES = (MultiDependencyDefinition, DynamicCollectDependencyDefinition)

Edges = dict[str, dict[str, IDependencyDefinition]]


def assemble(
    graph: str,
    node_defs: Sequence[NodeDefinition],
    dependencies: Mapping[Any, Mapping[str, IDependencyDefinition]],
) -> tuple[dict[str, Node], Edges]:
    """Return the nodes and edges that node definitions and a dependency dictionary describe.

    Definitions that the dictionary does not name stand in the graph once, under their own name.

    Raises:
        DagsterInvalidDefinitionError: If the dictionary names what is not there.
    """
    by_name: dict[str, NodeDefinition] = {}
    for definition in node_defs:
        known = by_name.setdefault(definition.name, definition)
        if known is not definition:
            raise DagsterInvalidDefinitionError(
                f'In {graph} there are two different definitions with the name "{definition.name}": '
                f"{known!r} and {definition!r}. Names of definitions in a graph must differ."
            )
    nodes: dict[str, Node] = {}
    edges: Edges = {}
    used: set[str] = set()
    for key, node_edges in dependencies.items():
        invocation = NodeInvocation(key) if isinstance(key, str) else key
        if not isinstance(invocation, NodeInvocation):
            raise DagsterInvalidDefinitionError(
                expected("each key of dependencies", "a string or a NodeInvocation", key)
            )
        definition = by_name.get(invocation.name)
        if definition is None:
            raise DagsterInvalidDefinitionError(
                f"Invalid dependencies: in {graph}, {unknown('node', invocation.name, by_name)}"
            )
        name = invocation.node_name
        if name in nodes:
            raise DagsterInvalidDefinitionError(
                f'Invalid dependencies: in {graph}, the name "{name}" is used twice. Give an alias.'
            )
        if not isinstance(node_edges, Mapping):
            raise DagsterInvalidDefinitionError(
                f"Invalid dependencies: in {graph}, "
                + expected(
                    f'the value under the key "{name}"', "a dict of inputs to dependencies", node_edges
                )
            )
        used.add(invocation.name)
        nodes[name] = Node(
            name, definition, invocation.tags, invocation.hook_defs, invocation.retry_policy
        )
        edges[name] = {k: _checked_edge(graph, k, v) for k, v in node_edges.items()}
    for name, definition in by_name.items():
        if name not in used:
            nodes[name] = Node(name, definition)
            edges[name] = {}
    _check_edges(graph, nodes, edges)
    place = {name: position for position, name in enumerate(by_name)}
    nodes = dict(sorted(nodes.items(), key=lambda item: place[item[1].definition.name]))
    return nodes, edges


def _checked_edge(graph: str, input_name: str, edge: Any) -> IDependencyDefinition:
    if isinstance(edge, list):
        return MultiDependencyDefinition(edge)
    if not isinstance(edge, IDependencyDefinition):
        raise DagsterInvalidDefinitionError(
            f"Invalid dependencies: in {graph}, "
            + expected(f'the dependency of input "{input_name}"', "a DependencyDefinition", edge)
        )
    return edge


def _check_edges(graph: str, nodes: Mapping[str, Node], edges: Edges) -> None:
    for node_name, node_edges in edges.items():
        node = nodes[node_name]
        for input_name, edge in node_edges.items():
            if not node.definition.has_input(input_name):
                raise DagsterInvalidDefinitionError(
                    f'Invalid dependencies: in {graph}, node "{node_name}" does not have input '
                    f'"{input_name}".{did_you_mean(input_name, node.input_dict)} '
                    f"Its inputs: {listed(node.input_dict)}."
                )
            for source in edge.get_node_dependencies():
                _check_source(graph, nodes, node_name, input_name, source)


def _check_source(
    graph: str,
    nodes: Mapping[str, Node],
    node_name: str,
    input_name: str,
    source: DependencyDefinition,
) -> None:
    upstream = nodes.get(source.node)
    if upstream is None:
        raise DagsterInvalidDefinitionError(
            f'Invalid dependencies: in {graph}, input "{input_name}" of "{node_name}" depends on '
            f"{unknown('node', source.node, nodes)}"
        )
    if not upstream.definition.has_output(source.output):
        raise DagsterInvalidDefinitionError(
            f'Invalid dependencies: in {graph}, input "{input_name}" of "{node_name}" depends on output '
            f'"{source.output}" of "{source.node}", which does not have it.'
            f"{did_you_mean(source.output, upstream.output_dict)} "
            f"Its outputs: {listed(upstream.output_dict)}."
        )


def check_definition_names(where: str, definitions: Iterable[NodeDefinition]) -> None:
    """Refuse two definitions of one name: snapshots and tools know definitions by their names.

    Args:
        where: What they are in, for messages.
        definitions: All definitions, at any depth. One may come several times.

    Raises:
        DagsterInvalidDefinitionError: With the name.
    """
    by_name: dict[str, NodeDefinition] = {}
    for definition in definitions:
        if by_name.setdefault(definition.name, definition) is not definition:
            raise DagsterInvalidDefinitionError(
                f"In {where}: detected conflicting node definitions with the same name "
                f'"{definition.name}". Give one of them another name; to use one definition twice, call it '
                "twice or give it an alias."
            )


def check_types(graph: str, nodes: Mapping[str, Node], edges: Edges) -> None:
    """Refuse edges between Nothing and data, and lists for what is no list: they can never be satisfied.

    Raises:
        DagsterInvalidDefinitionError: If an input of a type that carries data depends on an output of
            type Nothing, or several outputs fan in to an input whose type has no lists.
    """
    for node_name, node_edges in edges.items():
        inputs = nodes[node_name].definition.input_dict
        for input_name, edge in node_edges.items():
            input_type = inputs[input_name].dagster_type
            if input_type.is_nothing:
                continue
            if isinstance(edge, _LIST_EDGES) and not may_be_list(input_type):
                raise DagsterInvalidDefinitionError(
                    f'Invalid dependencies: in {graph}, input "{input_name}" of '
                    f"{nodes[node_name].describe_node()} is of type {input_type.display_name}, which does "
                    "not support fanning in: several outputs, and collected ones, arrive as a list. Use "
                    f"List[{input_type.display_name}]."
                )
            if isinstance(edge, DynamicCollectDependencyDefinition):
                continue
            for source in edge.get_node_dependencies():
                output_type = nodes[source.node].definition.output_dict[source.output].dagster_type
                if output_type.is_nothing:
                    raise DagsterInvalidDefinitionError(
                        f'Input "{input_name}" of {nodes[node_name].describe_node()} in {graph} expects a '
                        f'value of type {input_type.display_name} but depends on output "{source.output}" '
                        f'of "{source.node}", which is of type Nothing and passes no value. Declare the '
                        "input as Nothing to use it for ordering."
                    )


def build_inputs(
    graph: str, nodes: Mapping[str, Node], edges: Edges, mappings: Sequence[InputMapping]
) -> list[InputDefinition]:
    """Return the inputs of a graph from its input mappings.

    Raises:
        DagsterInvalidDefinitionError: If a mapping leads to what is not there, or two mappings or an
            edge fill the same input.
    """
    definitions: dict[str, InputDefinition] = {}
    taken: set[tuple[str, str, int | None]] = set()
    for mapping in mappings:
        node = nodes.get(mapping.mapped_node_name)
        where = f'In {graph}, the mapping of graph input "{mapping.graph_input_name}" names'
        if node is None:
            raise DagsterInvalidDefinitionError(
                f"{where} {unknown('node', mapping.mapped_node_name, nodes)}"
            )
        inner = node.input_dict.get(mapping.mapped_node_input_name)
        if inner is None:
            raise DagsterInvalidDefinitionError(
                f"{where} {unknown('input', mapping.mapped_node_input_name, node.input_dict)}"
            )
        edge = edges[node.name].get(inner.name)
        _check_place(graph, mapping, edge)
        place = (node.name, inner.name, mapping.fan_in_index)
        if place in taken:
            raise DagsterInvalidDefinitionError(
                f'In {graph}, two input mappings fill input "{inner.name}" of node "{node.name}".'
            )
        taken.add(place)
        if mapping.graph_input_name not in definitions:
            definitions[mapping.graph_input_name] = mapping.get_definition(inner)
    return list(definitions.values())


def _check_place(graph: str, mapping: InputMapping, edge: IDependencyDefinition | None) -> None:
    where = f'input "{mapping.mapped_node_input_name}" of node "{mapping.mapped_node_name}"'
    if mapping.fan_in_index is None:
        if edge is not None:
            raise DagsterInvalidDefinitionError(
                f"In {graph}, {where} is filled both by a dependency and by the mapping of graph input "
                f'"{mapping.graph_input_name}".'
            )
        return
    places = edge.dependencies if isinstance(edge, MultiDependencyDefinition) else []
    if not (
        0 <= mapping.fan_in_index < len(places)
        and places[mapping.fan_in_index] is MappedInputPlaceholder
    ):
        raise DagsterInvalidDefinitionError(
            f'In {graph}, the mapping of graph input "{mapping.graph_input_name}" fills place '
            f"{mapping.fan_in_index} of the dependencies of {where}, which is not a MappedInputPlaceholder."
        )


def build_outputs(
    graph: str, nodes: Mapping[str, Node], mappings: Sequence[OutputMapping]
) -> list[OutputDefinition]:
    """Return the outputs of a graph from its output mappings.

    Raises:
        DagsterInvalidDefinitionError: If a mapping comes from what is not there.
    """
    definitions: list[OutputDefinition] = []
    for mapping in mappings:
        node = nodes.get(mapping.mapped_node_name)
        where = f'In {graph}, the mapping of graph output "{mapping.graph_output_name}" names'
        if node is None:
            raise DagsterInvalidDefinitionError(
                f"{where} {unknown('node', mapping.mapped_node_name, nodes)}"
            )
        inner = node.output_dict.get(mapping.mapped_node_output_name)
        if inner is None:
            raise DagsterInvalidDefinitionError(
                f"{where} {unknown('output', mapping.mapped_node_output_name, node.output_dict)}"
            )
        definitions.append(mapping.get_definition(inner))
    return definitions
