"""``execute_solid`` and its like: run solids apart from the pipeline around them."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import dagster._check as check
from dagster._core.definitions.graph.definition import GraphDefinition, subset_of_graph
from dagster._core.definitions.graph.dependency import DependencyDefinition, IDependencyDefinition, Node
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.outputs import OutputDefinition
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.user_events import Output
from dagster._legacy.execution import PipelineRequest
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.pipeline import PipelineDefinition
from dagster._legacy.results import CompositeSolidExecutionResult, SolidExecutionResult
from dagster._legacy.solid import SolidDefinition
from dagster._text import expected, unknown

AnySolidResult = SolidExecutionResult | CompositeSolidExecutionResult


def execute_solid(
    solid_def: NodeDefinition,
    mode_def: ModeDefinition | None = None,
    input_values: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    run_config: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
) -> AnySolidResult:
    """Execute a single solid in an ephemeral pipeline. From the "Execution" document.

    Intended to support unit tests. Inputs can be given directly; no pipeline need be constructed.

    Args:
        solid_def: The solid, or a composite.
        mode_def: The mode to run in: resources, loggers. Default: one without resources.
        input_values: Values of inputs by name.
        tags: Tags of the run.
        run_config: The run config.
        raise_on_error: Whether an error is raised or told by the result. Default: True.

    Returns:
        A SolidExecutionResult, or a CompositeSolidExecutionResult for a composite.

    Raises:
        DagsterInvariantViolationError: If a value is given for an input that the solid does not have.
    """
    if not isinstance(solid_def, NodeDefinition):
        raise check.ParameterCheckError(expected("solid_def", "a solid or a composite solid", solid_def))
    check.opt_inst_param(mode_def, "mode_def", ModeDefinition)
    values = check.opt_mapping_param(input_values, "input_values", key_type=str)
    name = solid_def.name
    alone = GraphDefinition(f"ephemeral_{name}_solid_pipeline", node_defs=[solid_def])
    pipeline_def = _with_stubs(alone, {name: values}, [mode_def] if mode_def is not None else None)
    request = PipelineRequest(pipeline_def, run_config, tags=tags)
    return request.execute(None, raise_on_error).result_for_solid(name)


def execute_solids_within_pipeline(
    pipeline_def: PipelineDefinition,
    solid_names: AbstractSet[str],
    inputs: Mapping[str, Mapping[str, Any]] | None = None,
    run_config: Mapping[str, Any] | None = None,
    mode: str | None = None,
    preset: str | None = None,
    tags: Mapping[str, Any] | None = None,
    instance: DagsterInstance | None = None,
) -> dict[str, AnySolidResult]:
    """Execute a set of solids within an existing pipeline. From the "Execution" document.

    Intended to support tests. What the solids pass to each other stays connected; input values may be
    given directly. Errors are raised.

    Args:
        pipeline_def: The pipeline.
        solid_names: The names of the solids in it.
        inputs: Values of inputs, by name, for each solid.
        run_config: The run config.
        mode: The mode. Not together with ``preset``.
        preset: The preset, which gives run config, mode and tags.
        tags: Tags of the run.
        instance: The instance to run on. Default: an ephemeral one.

    Returns:
        The results by the names of the solids.

    Raises:
        DagsterInvariantViolationError: If a solid or an input is not there.
    """
    check.inst_param(pipeline_def, "pipeline_def", PipelineDefinition)
    check.set_param(solid_names, "solid_names", str)
    check.opt_mapping_param(inputs, "inputs", str, Mapping)
    for name in [*solid_names, *(inputs or {})]:
        if not pipeline_def.has_solid_named(name):
            raise DagsterInvariantViolationError(
                f'Pipeline "{pipeline_def.name}": {unknown("solid", name, pipeline_def.node_dict)}'
            )
        if name not in solid_names:
            raise DagsterInvariantViolationError(
                f'Input values were given for solid "{name}", which is not among the solids to execute: '
                f"{sorted(solid_names)}."
            )
    check.opt_inst_param(instance, "instance", DagsterInstance)
    part = subset_of_graph(pipeline_def, [[name] for name in solid_names])
    isolated = _with_stubs(part, inputs or {}, None, pipeline_def)
    result = PipelineRequest(isolated, run_config, mode, preset, tags).execute(instance, True)
    return {name: result.result_for_solid(name) for name in part.node_dict}


def execute_solid_within_pipeline(
    pipeline_def: PipelineDefinition,
    solid_name: str,
    inputs: Mapping[str, Any] | None = None,
    run_config: Mapping[str, Any] | None = None,
    mode: str | None = None,
    preset: str | None = None,
    tags: Mapping[str, Any] | None = None,
    instance: DagsterInstance | None = None,
) -> AnySolidResult:
    """Execute a single solid within an existing pipeline. From the "Execution" document.

    Intended to support tests. Errors are raised.

    Args:
        pipeline_def: The pipeline.
        solid_name: The name of the solid in it.
        inputs: Values of its inputs by name.
        run_config: The run config.
        mode: The mode. Not together with ``preset``.
        preset: The preset, which gives run config, mode and tags.
        tags: Tags of the run.
        instance: The instance to run on. Default: an ephemeral one.

    Returns:
        A SolidExecutionResult, or a CompositeSolidExecutionResult for a composite.

    Raises:
        DagsterInvariantViolationError: If the solid or an input is not there.
    """
    check.str_param(solid_name, "solid_name")
    values = check.opt_mapping_param(inputs, "inputs", key_type=str)
    return execute_solids_within_pipeline(
        pipeline_def,
        {solid_name},
        {solid_name: values} if values else None,
        run_config,
        mode,
        preset,
        tags,
        instance,
    )[solid_name]


def _with_stubs(
    part: GraphDefinition,
    values: Mapping[str, Mapping[str, Any]],
    mode_defs: list[ModeDefinition] | None,
    pipeline_def: PipelineDefinition | None = None,
) -> PipelineDefinition:
    """Return a pipeline of a graph in which stub solids give the input values.

    Args:
        part: The graph.
        values: The values by solid and input.
        mode_defs: The modes.
        pipeline_def: The pipeline that the graph is a part of, whose modes, presets, tags and hooks count.
    """
    nodes: dict[str, Node] = {}
    dependencies: dict[str, dict[str, IDependencyDefinition]] = {
        name: dict(part.dependencies.get(name, {})) for name in part.node_dict
    }
    stubbed: set[tuple[str, str]] = set()
    for solid_name, by_input in values.items():
        definition = part.node_dict[solid_name].definition
        for input_name, value in by_input.items():
            if not definition.has_input(input_name):
                raise DagsterInvariantViolationError(
                    f"A value was given for an input that {definition.describe_node()} does not have: "
                    f"{unknown('input', input_name, definition.input_dict)}"
                )
            stub_name = _free_name(f"{solid_name}_{input_name}_value", {**part.node_dict, **nodes})
            nodes[stub_name] = Node(stub_name, _stub(stub_name, value))
            dependencies[stub_name] = {}
            dependencies[solid_name][input_name] = DependencyDefinition(stub_name)
            stubbed.add((solid_name, input_name))
    # The stubs depend on nothing, so in front of the others they keep the order topological.
    # Hooks of the pipeline are for its own solids, not for the stubs.
    hooks = pipeline_def.hook_defs if pipeline_def is not None else frozenset()
    for node in part.nodes_in_topological_order:
        nodes[node.name] = Node(
            node.name, node.definition, node.tags, node.hook_defs | hooks, node.retry_policy
        )
    mappings = [
        m for m in part.input_mappings if (m.mapped_node_name, m.mapped_node_input_name) not in stubbed
    ]
    return PipelineDefinition(
        name=part.name,
        mode_defs=pipeline_def.mode_definitions if pipeline_def is not None else mode_defs,
        preset_defs=_presets_without_selection(pipeline_def) if pipeline_def is not None else None,
        tags=pipeline_def.tags if pipeline_def is not None else None,
        input_mappings=mappings,
        solid_retry_policy=pipeline_def.solid_retry_policy if pipeline_def is not None else None,
        _composed=(nodes, dependencies),
        _parent_graph_def=pipeline_def,
    )


def _presets_without_selection(pipeline_def: PipelineDefinition) -> list[Any]:
    return [preset.without_selection() for preset in pipeline_def.preset_defs]


def _free_name(name: str, taken: Mapping[str, Any]) -> str:
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        candidate = f"{name}_{count}"
    return candidate


def _stub(name: str, value: Any) -> SolidDefinition:
    def give(_context: Any, _inputs: Mapping[str, Any]) -> Any:
        yield Output(value)

    return SolidDefinition(name, [], give, [OutputDefinition()])
