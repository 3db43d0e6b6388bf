"""A job as text: its nodes, and where each input comes from. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping

from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    MappedInputPlaceholder,
    MultiDependencyDefinition,
    Node,
)
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.outputs import DEFAULT_OUTPUT, OutputDefinition
from dagster._text import shown

_INDENT = "  "


def job_lines(job_def: JobDefinition, *, verbose: bool = False, word: str = "Job") -> Iterator[str]:
    """Yield a job as lines.

    Args:
        job_def: The job.
        verbose: Whether descriptions, types, config, resources and what is inside of graphs are shown.
        word: What it is called.
    """
    yield f"{word}: {job_def.name}"
    yield from description_lines(job_def.description)
    resources = sorted(key for key in job_def.required_resource_keys if key in job_def.resource_defs)
    if resources and verbose:
        yield f"{_INDENT}resources: {', '.join(resources)}"
    inputs = dict.fromkeys(sorted(job_def.open_inputs), "run config")
    inputs.update(dict.fromkeys(job_def.input_values, "a value of the job"))
    for name, source in inputs.items():
        input_def = job_def.graph.input_dict[name]
        yield f"{_INDENT}{_typed(name, input_def)} ← {source}"
    yield ""
    yield from _graph_lines(job_def.graph, "", verbose, job_def.node_word)


def description_lines(description: str | None, indent: str = _INDENT) -> Iterator[str]:
    """Yield a description, indented."""
    for line in inspect.cleandoc(description or "").split("\n"):
        if line.strip():
            yield f"{indent}{line.rstrip()}"


def _graph_lines(graph: GraphDefinition, indent: str, verbose: bool, word: str) -> Iterator[str]:
    for node in graph.nodes_in_topological_order:
        yield from _node_lines(graph, node, indent, verbose, word)


def _node_lines(
    graph: GraphDefinition, node: Node, indent: str, verbose: bool, word: str
) -> Iterator[str]:
    definition = node.definition
    kind = "graph" if node.is_graph else word
    of = "" if node.name == definition.name else f" ({kind} {definition.name})"
    if node.is_graph and not of:
        of = " (graph)"
    yield f"{indent}{node.name}{of}"
    inner = indent + _INDENT
    if verbose:
        yield from description_lines(definition.description, inner)
        config_field = definition.config_field if definition.has_config_field else None
        if config_field is not None and config_field.config_type.text() != "Any":
            optional = "" if config_field.is_required else " (optional)"
            yield f"{inner}config: {config_field.config_type.text()}{optional}"
        keys = sorted(getattr(definition, "required_resource_keys", ()))
        if keys:
            yield f"{inner}resources: {', '.join(keys)}"
    for name, input_def in node.input_dict.items():
        yield f"{inner}{_typed(name, input_def)} ← {source_of(graph, node, input_def)}"
    outputs = ", ".join(_typed(name, output_def) for name, output_def in node.output_dict.items())
    if outputs:
        yield f"{inner}→ {outputs}"
    if verbose and isinstance(definition, GraphDefinition):
        yield f"{inner}inside:"
        yield from _graph_lines(definition, inner + _INDENT, verbose, word)


def _typed(name: str, definition: InputDefinition | OutputDefinition) -> str:
    type_ = definition.dagster_type
    text = name if type_.is_any else f"{name}: {type_.display_name}"
    if isinstance(definition, OutputDefinition):
        if definition.is_dynamic:
            text += " (dynamic)"
        elif not definition.is_required:
            text += " (optional)"
    return text


def source_of(graph: GraphDefinition, node: Node, input_def: InputDefinition) -> str:
    """Return where the value of a node's input comes from, in words."""
    edge = graph.dependencies.get(node.name, {}).get(input_def.name)
    mapped = [
        mapping
        for mapping in graph.input_mappings
        if (mapping.mapped_node_name, mapping.mapped_node_input_name) == (node.name, input_def.name)
    ]
    if isinstance(edge, MultiDependencyDefinition):
        by_place: Mapping[int | None, str] = {m.fan_in_index: m.graph_input_name for m in mapped}
        parts = [
            f"input {by_place.get(place)}" if item is MappedInputPlaceholder else _output(item)
            for place, item in enumerate(edge.get_dependencies_and_mappings())
        ]
        return f"[{', '.join(parts)}]"
    if isinstance(edge, DynamicCollectDependencyDefinition):
        return f"all of {_output(edge.get_node_dependencies()[0])}"
    if isinstance(edge, DependencyDefinition):
        upstream = graph.node_named(edge.node).output_dict[edge.output]
        each = "each of " if upstream.is_dynamic else ""
        return f"{each}{_output(edge)}"
    if mapped:
        return f"input {mapped[0].graph_input_name}"
    if input_def.input_manager_key is not None:
        return f"input manager {input_def.input_manager_key}"
    if input_def.has_default_value:
        return f"default {shown(input_def.default_value)}"
    if input_def.dagster_type.is_nothing:
        return "nothing"
    return "run config"


def _output(edge: DependencyDefinition) -> str:
    return edge.node if edge.output == DEFAULT_OUTPUT else f"{edge.node}.{edge.output}"
