"""Run config after validation: what each op, resource, logger and the executor gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._config.configurable import ConfigurableDefinition, ConfiguredDefinitionConfigSchema
from dagster._config.evaluate import process_config
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.config_schema import NodeSchemas
from dagster._core.definitions.node import NodeDefinition
from dagster._core.errors import DagsterInvalidConfigError


class OpConfig:
    """What run config says of one op.

    Args:
        config: The op's config, after ``configured`` functions.
        inputs: Config of inputs, by name.
        outputs: Config of outputs: a dict by name for I/O managers, a list for materializers.
    """

    __slots__ = ("config", "inputs", "outputs")

    def __init__(
        self, config: Any = None, inputs: Mapping[str, Any] | None = None, outputs: Any = None
    ) -> None:
        self.config = config
        self.inputs = inputs or {}
        self.outputs = outputs or {}


NO_OP_CONFIG = OpConfig()


class ResolvedRunConfig:
    """Validated run config, with defaults, by what it is for.

    Args:
        ops: What config says of ops, by dotted handle. Ops of which it says nothing are left out.
        resources: Config of resources by key.
        loggers: Config of loggers by name; only those that are asked for.
        executor: Config of the executor.
        inputs: Config of the job's own inputs by name.
        original: The run config as the user gave it.
    """

    __slots__ = ("executor", "inputs", "loggers", "ops", "original", "resources")

    def __init__(
        self,
        ops: Mapping[str, OpConfig] | None = None,
        resources: Mapping[str, Any] | None = None,
        loggers: Mapping[str, Any] | None = None,
        executor: Any = None,
        inputs: Mapping[str, Any] | None = None,
        original: Mapping[str, Any] | None = None,
    ) -> None:
        self.ops = ops or {}
        self.resources = resources or {}
        self.loggers = loggers or {}
        self.executor = executor or {}
        self.inputs = inputs or {}
        self.original = original or {}

    def for_op(self, handle: str) -> OpConfig:
        """Return what config says of an op."""
        return self.ops.get(handle, NO_OP_CONFIG)


def resolve_top(
    graph: GraphDefinition,
    config: Mapping[str, Any],
    raw: Mapping[str, Any],
    schemas: NodeSchemas,
    children_key: str = "ops",
) -> dict[str, OpConfig]:
    """Return what config says of each op of a job, whose graph may map a config of its own to its nodes.

    Args:
        graph: The job's graph.
        config: The processed config of the graph, as :meth:`NodeSchemas.top` describes it.
        raw: The same as the user wrote it.
        schemas: Makes the schemas of what config mappings return.
        children_key: ``ops`` or ``solids``.

    Raises:
        DagsterInvalidConfigError: If a config mapping or ``configured`` function makes invalid config.
    """
    if graph.has_config_mapping:
        raw = _map_config(graph, graph.name, config.get("config"), raw.get("config"))
        config = _checked(schemas, graph, graph.name, raw)
    return resolve_ops(graph, config, raw, schemas, children_key)


def resolve_ops(
    graph: GraphDefinition,
    config: Mapping[str, Any],
    raw: Mapping[str, Any],
    schemas: NodeSchemas,
    children_key: str = "ops",
    prefix: str = "",
) -> dict[str, OpConfig]:
    """Return what config says of each op of a graph at any depth.

    Args:
        graph: The graph.
        config: The processed config of its nodes, by name.
        raw: The same as the user wrote it, for config mappings that want it so.
        schemas: Makes the schemas of what config mappings return.
        children_key: ``ops`` or ``solids``.
        prefix: The dotted path of the graph with a dot at its end; empty at the top.

    Raises:
        DagsterInvalidConfigError: If a config mapping or ``configured`` function makes invalid config.
    """
    resolved: dict[str, OpConfig] = {}
    for name, entry in config.items():
        node = graph.node_dict.get(name)
        if node is None or not (entry or _makes_config(node.definition)):
            continue
        handle = f"{prefix}{name}"
        raw_entry = raw.get(name)
        raw_entry = raw_entry if isinstance(raw_entry, Mapping) else {}
        definition = node.definition
        own = entry.get("config")
        if isinstance(definition, GraphDefinition):
            if entry.get("inputs") or entry.get("outputs"):
                resolved[handle] = OpConfig(None, entry.get("inputs"), entry.get("outputs"))
            if definition.has_config_mapping:
                inner = _map_config(definition, handle, own, raw_entry.get("config"))
                inner_raw = inner
                inner = _checked(schemas, definition, handle, inner)
            else:
                inner = entry.get(children_key) or {}
                inner_raw = raw_entry.get(children_key)
            resolved.update(
                resolve_ops(
                    definition,
                    inner,
                    inner_raw if isinstance(inner_raw, Mapping) else {},
                    schemas,
                    children_key,
                    f"{handle}.",
                )
            )
        else:
            resolved[handle] = OpConfig(
                mapped_config(definition, own, f'"{handle}"'), entry.get("inputs"), entry.get("outputs")
            )
    return resolved


def _makes_config(definition: NodeDefinition) -> bool:
    # What `configured` or a config mapping says holds without a word in the run config.
    if isinstance(definition, GraphDefinition) and definition.has_config_mapping:
        return True
    return isinstance(definition.config_schema, ConfiguredDefinitionConfigSchema)


def mapped_config(definition: ConfigurableDefinition, config: Any, what: str) -> Any:
    """Return the config that the function of a definition gets, after ``configured``.

    Raises:
        DagsterInvalidConfigError: If what a ``configured`` function made is invalid.
    """
    result = definition.apply_config_mapping(config)
    return result.value_or_raise(f"Error in config for {what}", config)


def _map_config(graph: GraphDefinition, handle: str, config: Any, raw: Any) -> Mapping[str, Any]:
    mapping = graph.config_mapping
    assert mapping is not None
    if not mapping.receive_processed_config_values and raw is not None:
        return mapping.resolve_from_unvalidated_config(raw)
    return mapping.resolve_from_validated_config(mapped_config(graph, config, f'graph "{handle}"'))


def _checked(
    schemas: NodeSchemas, graph: NodeDefinition, handle: str, inner: Mapping[str, Any]
) -> Mapping[str, Any]:
    assert isinstance(graph, GraphDefinition)
    result = process_config(schemas.children(graph), inner)
    if not result.success:
        raise DagsterInvalidConfigError(
            f'Error in config mapping of graph "{handle}": what it returns does not fit the ops inside. '
            f"It returned {dict(inner)!r}.",
            result.errors,
            inner,
        )
    return result.value
