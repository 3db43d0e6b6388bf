"""Snapshots of jobs: the records of everything that a host can show of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dagster._config.configurable import ConfigurableDefinition
from dagster._config.snapshot import (
    ConfigFieldSnap,
    ConfigSchemaSnapshot,
    build_config_schema_snapshot,
    build_field_snap,
    merge_config_schema_snapshots,
)
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import DynamicCollectDependencyDefinition, Node
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.records.content_id import content_id
from dagster._core.records.job_snapshot import (
    DagsterTypeSnap,
    DependencyStructureSnapshot,
    GraphDefSnap,
    InputDefSnap,
    InputDependencySnap,
    InputMappingSnap,
    JobLineageSnap,
    JobSnap,
    LoggerDefSnap,
    NodeInvocationSnap,
    OpDefSnap,
    OutputDefSnap,
    OutputHandleSnap,
    OutputMappingSnap,
    ResourceDefSnap,
)

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition


def build_job_config_schema_snapshot(job_def: JobDefinition) -> ConfigSchemaSnapshot:
    """Return all config types of a job: of its run config, its ops, and the loaders of its types."""
    snapshots = {"run_config": build_config_schema_snapshot(job_def.run_config_schema)}
    definitions: list[Any] = [*job_def.graph.iterate_node_defs(), *job_def.resource_defs.values()]
    definitions += [*job_def.loggers.values(), job_def.executor_def]
    for index, definition in enumerate(definitions):
        field = definition.config_field
        if field is not None:
            snapshots[f"definition {index}"] = build_config_schema_snapshot(field)
    for dagster_type in _all_types(job_def.graph).values():
        for what in ("loader", "materializer"):
            schema = getattr(getattr(dagster_type, what), "schema_type", None)
            if schema is not None:
                name = f"{what} {dagster_type.key}"
                snapshots[name] = build_config_schema_snapshot(schema)
    merged = merge_config_schema_snapshots(snapshots).all_config_snaps_by_key
    return ConfigSchemaSnapshot({key: merged[key] for key in sorted(merged)})


def build_job_snapshot(job_def: JobDefinition) -> JobSnap:
    """Return the record of a job."""
    ops: dict[str, OpDefSnap] = {}
    graphs: dict[str, GraphDefSnap] = {}
    for definition in job_def.graph.iterate_node_defs():
        if isinstance(definition, GraphDefinition):
            if definition is not job_def.graph:
                graphs[definition.name] = _graph_snap(definition)
        else:
            ops[definition.name] = _op_snap(definition)
    return JobSnap(
        name=job_def.name,
        description=job_def.description,
        tags=dict(job_def.tags),
        run_tags=dict(job_def.run_tags) if job_def.has_separately_defined_run_tags else None,
        metadata=dict(job_def.metadata),
        owners=job_def.owners,
        config_schema_snapshot=build_job_config_schema_snapshot(job_def),
        root_config_key=job_def.run_config_schema.key,
        dagster_type_snaps={
            key: _type_snap(found) for key, found in sorted(_all_types(job_def.graph).items())
        },
        op_def_snaps=ops,
        graph_def_snaps=graphs,
        graph_def_name=job_def.graph.name,
        dep_structure_snapshot=_structure(job_def.graph),
        resource_def_snaps=[
            ResourceDefSnap(key, definition.description, _config_field(definition))
            for key, definition in sorted(job_def.resource_defs.items())
        ],
        logger_def_snaps=[
            LoggerDefSnap(name, definition.description, _config_field(definition))
            for name, definition in sorted(job_def.loggers.items())
        ],
        executor_def_name=job_def.executor_def.name,
        hook_names=sorted(hook_def.name for hook_def in job_def.hook_defs),
        retry_policy=job_def.op_retry_policy,
        lineage_snapshot=_lineage(job_def),
    )


def job_snapshot_id(snapshot: JobSnap) -> str:
    """Return the id of a job's record: a hash of its content."""
    return content_id(snapshot)


def build_parent_job_snapshot(job_def: JobDefinition) -> JobSnap | None:
    """Return the record of the job that a job is a selected part of; None if it is a whole."""
    parent = job_def.get_parent_job()
    return None if parent is None else build_job_snapshot(parent)


def _lineage(job_def: JobDefinition) -> JobLineageSnap | None:
    parent = build_parent_job_snapshot(job_def)
    if parent is None:
        return None
    resolved = job_def.resolved_op_selection
    return JobLineageSnap(
        parent_snapshot_id=job_snapshot_id(parent),
        op_selection=list(job_def.op_selection or ()),
        resolved_op_selection=None if resolved is None else sorted(resolved),
    )


def _all_types(graph: GraphDefinition) -> dict[str, DagsterType]:
    found: dict[str, DagsterType] = {}
    for dagster_type in graph.all_dagster_types():
        for one in (dagster_type, *dagster_type.inner_types):
            found.setdefault(one.key, one)
    return found


def _type_snap(dagster_type: DagsterType) -> DagsterTypeSnap:
    return DagsterTypeSnap(
        kind=dagster_type.kind.value,
        key=dagster_type.key,
        name=dagster_type.unique_name if dagster_type.has_unique_name else None,
        display_name=dagster_type.display_name,
        description=dagster_type.description,
        is_builtin=dagster_type.is_builtin,
        type_param_keys=list(dagster_type.type_param_keys),
        loader_schema_key=dagster_type.loader_schema_key,
        materializer_schema_key=dagster_type.materializer_schema_key,
        metadata=dict(dagster_type.metadata),
    )


def _config_field(definition: ConfigurableDefinition) -> ConfigFieldSnap | None:
    field = definition.config_field
    return None if field is None else build_field_snap(field, "config")


def _inputs(definition: NodeDefinition) -> list[InputDefSnap]:
    return [
        InputDefSnap(
            name=item.name,
            dagster_type_key=item.dagster_type.key,
            description=item.description,
            has_default=item.has_default_value,
            metadata=_metadata(item.metadata),
        )
        for item in definition.input_defs
    ]


def _outputs(definition: NodeDefinition) -> list[OutputDefSnap]:
    return [
        OutputDefSnap(
            name=item.name,
            dagster_type_key=item.dagster_type.key,
            description=item.description,
            is_required=item.is_required,
            is_dynamic=item.is_dynamic,
            metadata=_metadata(item.metadata),
        )
        for item in definition.output_defs
    ]


def _metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    return dict(metadata or {})


def _op_snap(definition: Any) -> OpDefSnap:
    return OpDefSnap(
        name=definition.name,
        input_def_snaps=_inputs(definition),
        output_def_snaps=_outputs(definition),
        description=definition.description,
        tags=dict(definition.tags),
        required_resource_keys=sorted(definition.required_resource_keys),
        config_field_snap=_config_field(definition),
        pool=definition.pool,
        retry_policy=definition.retry_policy,
    )


def _graph_snap(definition: GraphDefinition) -> GraphDefSnap:
    return GraphDefSnap(
        name=definition.name,
        input_def_snaps=_inputs(definition),
        output_def_snaps=_outputs(definition),
        description=definition.description,
        tags=dict(definition.tags),
        config_field_snap=_config_field(definition) if definition.has_config_mapping else None,
        dep_structure_snapshot=_structure(definition),
        input_mapping_snaps=[
            InputMappingSnap(
                m.graph_input_name, m.mapped_node_name, m.mapped_node_input_name, m.fan_in_index
            )
            for m in definition.input_mappings
        ],
        output_mapping_snaps=[
            OutputMappingSnap(m.graph_output_name, m.mapped_node_name, m.mapped_node_output_name)
            for m in definition.output_mappings
        ],
    )


def _structure(graph: GraphDefinition) -> DependencyStructureSnapshot:
    mapped = _mapped_nodes(graph)
    return DependencyStructureSnapshot(
        [_invocation(graph, node, node.name in mapped) for node in graph.nodes]
    )


def _mapped_nodes(graph: GraphDefinition) -> set[str]:
    """Return the nodes that run once for each value of a dynamic output."""
    mapped: set[str] = set()
    for node in graph.nodes_in_topological_order:
        for edge in (graph.dependencies.get(node.name) or {}).values():
            if isinstance(edge, DynamicCollectDependencyDefinition):
                continue
            for upstream in edge.get_node_dependencies():
                definition = graph.node_named(upstream.node).definition
                if upstream.node in mapped or definition.output_dict[upstream.output].is_dynamic:
                    mapped.add(node.name)
    return mapped


def _invocation(graph: GraphDefinition, node: Node, is_mapped: bool) -> NodeInvocationSnap:
    edges = graph.dependencies.get(node.name) or {}
    return NodeInvocationSnap(
        node_name=node.name,
        node_def_name=node.definition.name,
        tags=dict(node.tags),
        input_dep_snaps=[
            InputDependencySnap(
                input_name=name,
                upstream_output_snaps=_upstream(edge),
                is_fan_in=edge.is_fan_in,
                is_dynamic_collect=isinstance(edge, DynamicCollectDependencyDefinition),
            )
            for name, edge in sorted(edges.items())
        ],
        is_dynamic_mapped=is_mapped,
        hook_names=_names(node.hook_defs),
        retry_policy=node.retry_policy,
    )


def _upstream(edge: Any) -> list[OutputHandleSnap]:
    return [OutputHandleSnap(d.node, d.output) for d in edge.get_node_dependencies()]


def _names(items: Iterable[Any]) -> list[str]:
    return sorted(item.name for item in items)
