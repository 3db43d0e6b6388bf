"""The ops of a graph at any depth, and which depends on which."""

from __future__ import annotations

from collections.abc import Mapping

from dagster._core.definitions.graph.definition import GraphDefinition


def leaf_upstream(graph: GraphDefinition) -> dict[str, list[str]]:
    """Return for each op's dotted handle the handles of the ops that it depends on."""
    upstream: dict[str, list[str]] = {}
    _walk(graph, "", {}, upstream)
    return upstream


def _walk(
    graph: GraphDefinition,
    prefix: str,
    inputs: Mapping[str, list[str]],
    upstream: dict[str, list[str]],
) -> dict[str, list[str]]:
    """Add the ops of a graph; return the ops behind each of its outputs."""
    sources: dict[tuple[str, str], list[str]] = {}
    mapped: dict[tuple[str, str], list[str]] = {}
    for mapping in graph.input_mappings:
        place = (mapping.mapped_node_name, mapping.mapped_node_input_name)
        mapped.setdefault(place, []).extend(inputs.get(mapping.graph_input_name, ()))
    for node in graph.nodes_in_topological_order:
        handle = f"{prefix}{node.name}"
        node_inputs: dict[str, list[str]] = {}
        for input_name in node.input_dict:
            found = list(mapped.get((node.name, input_name), ()))
            edge = graph.dependencies.get(node.name, {}).get(input_name)
            if edge is not None:
                for source in edge.get_node_dependencies():
                    found.extend(sources.get((source.node, source.output), ()))
            node_inputs[input_name] = found
        if isinstance(node.definition, GraphDefinition):
            outputs = _walk(node.definition, f"{handle}.", node_inputs, upstream)
            for output_name, ops in outputs.items():
                sources[node.name, output_name] = ops
        else:
            upstream[handle] = [source for found in node_inputs.values() for source in found]
            for output_name in node.output_dict:
                sources[node.name, output_name] = [handle]
    return {
        m.graph_output_name: sources.get((m.mapped_node_name, m.mapped_node_output_name), [])
        for m in graph.output_mappings
    }
