"""The run config of the older interface: its schema, and how each part of it is read.

From the "Execution" document, "Run Config Schema".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from dagster._config.field import Field
from dagster._config.shapes import Selector, Shape
from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.config_problems import ConfigProblems
from dagster._core.definitions.job.config_schema import NodeSchemas, configurables_field
from dagster._core.definitions.job.resolved_config import OpConfig, resolve_top
from dagster._core.records.handles import NodeHandle

if TYPE_CHECKING:
    from dagster._core.definitions.logger import LoggerDefinition
    from dagster._core.definitions.resource.definition import ResourceDefinition
    from dagster._legacy.mode import ModeDefinition
    from dagster._legacy.storage_definition import StorageDefinition

DEFAULT_EXECUTOR_NAME = "in_process"


def node_schemas(resource_defs: Mapping[str, ResourceDefinition]) -> NodeSchemas:
    """Return the maker of the fields of solids."""
    return NodeSchemas(resource_defs, children_key="solids", with_materializers=True)


def build_pipeline_schema(
    *,
    graph: GraphDefinition,
    mode: ModeDefinition,
    resource_defs: Mapping[str, ResourceDefinition],
    logger_defs: Mapping[str, LoggerDefinition],
    executor_defs: Sequence[ExecutorDefinition],
    open_inputs: frozenset[str],
    needed_resources: AbstractSet[str],
) -> Shape:
    """Return the schema of the run config of a pipeline in one of its modes.

    Args:
        graph: The pipeline, or the selected part of it.
        mode: The mode.
        resource_defs: Its resources.
        logger_defs: Its loggers.
        executor_defs: The executors to choose from.
        open_inputs: The inputs of the pipeline.
        needed_resources: The keys of the resources that something uses.
    """
    schemas = node_schemas(resource_defs)
    fields: dict[str, Any] = {
        "execution": _execution_field(executor_defs),
        "intermediate_storage": _storage_field(mode.intermediate_storage_defs),
        "loggers": configurables_field(logger_defs, always_optional=True),
        "resources": configurables_field(resource_defs, needed=needed_resources),
        "solids": _solids_field(graph, schemas),
        "storage": _storage_field(mode.system_storage_defs),
    }
    inputs = schemas.inputs(graph, open_inputs)
    if inputs:
        fields["inputs"] = Shape(inputs)
    return Shape(fields)


def _execution_field(executor_defs: Sequence[ExecutorDefinition]) -> Field:
    fields = {
        d.name: Field(Shape({"config": d.get_config_field()} if d.has_config_field else {}))
        for d in executor_defs
    }
    name = default_name([d.name for d in executor_defs])
    description = "How the steps are run: the name of one executor, with its config."
    if name is not None and not fields[name].is_required:
        return Field(Selector(fields), default_value={name: {}}, description=description)
    return Field(Selector(fields), description=description)


def default_name(names: Sequence[str]) -> str | None:
    """Return the executor that is used when run config names none, or None if it must name one."""
    if DEFAULT_EXECUTOR_NAME in names:
        return DEFAULT_EXECUTOR_NAME
    return names[0] if len(names) == 1 else None


def _storage_field(storage_defs: Sequence[StorageDefinition]) -> Field:
    fields = {
        d.name: Field(Shape({"config": d.get_config_field()} if d.has_config_field else {}))
        for d in storage_defs
    }
    required = len(fields) == 1 and all(field.is_required for field in fields.values())
    return Field(
        Selector(fields),
        is_required=required,
        description="Where values between solids are kept: the name of one storage, with its config.",
    )


def _solids_field(graph: GraphDefinition, schemas: NodeSchemas) -> Field:
    if graph.has_config_mapping:
        return Field(Shape({"config": graph.get_config_field()}))
    return Field(schemas.children(graph))


def with_solids_key(config: Mapping[str, Any], graph: GraphDefinition) -> Mapping[str, Any]:
    """Return run config in which ``ops``, the newer name of ``solids``, is read as that, at every level."""
    if "ops" in config and "solids" not in config:
        config = {("solids" if key == "ops" else key): value for key, value in config.items()}
    solids = config.get("solids")
    if not isinstance(solids, Mapping):
        return config
    changed: dict[str, Any] = {}
    for name, entry in solids.items():
        node = graph.node_dict.get(name)
        if (
            node is not None
            and isinstance(node.definition, GraphDefinition)
            and isinstance(entry, Mapping)
        ):
            inner = with_solids_key(entry, node.definition)
            if inner is not entry:
                changed[name] = inner
    return {**config, "solids": {**solids, **changed}} if changed else config


def resolve_solids(
    graph: GraphDefinition,
    config: Mapping[str, Any],
    raw: Mapping[str, Any],
    schemas: NodeSchemas,
    problems: ConfigProblems,
) -> dict[str, OpConfig]:
    """Return what the ``solids`` of run config say of each solid at any depth.

    Args:
        graph: The pipeline.
        config: The processed config.
        raw: The same as the user wrote it.
        schemas: Makes the schemas of what config mappings return.
        problems: Takes what is wrong with config that mappings and ``configured`` functions make.
    """
    resolved = resolve_top(graph, config, raw, schemas, problems, children_key="solids")
    _push_down_outputs(graph, resolved)
    return resolved


def _push_down_outputs(graph: GraphDefinition, resolved: dict[str, OpConfig]) -> None:
    """Have the outputs of composites materialized by the solids that make them."""
    for text, own in list(resolved.items()):
        if not isinstance(own.outputs, list) or not own.outputs:
            continue
        handle = NodeHandle.from_string(text)
        definition = graph.get_node(handle).definition
        if not isinstance(definition, GraphDefinition):
            continue
        for item in own.outputs:
            for output_name, written in item.items():
                output_def, inner = definition.resolve_output_to_origin(output_name, handle)
                assert inner is not None
                known = resolved.get(inner.to_string())
                outputs = [
                    *(known.outputs if known and known.outputs else []),
                    {output_def.name: written},
                ]
                resolved[inner.to_string()] = OpConfig(
                    known.config if known else None, known.inputs if known else None, outputs
                )
