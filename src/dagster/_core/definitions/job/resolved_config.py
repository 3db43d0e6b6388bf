"""Run config after validation: what each op, resource, logger and the executor gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._config.configurable import ConfigurableDefinition
from dagster._config.evaluate import process_config
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.job.config_problems import ConfigProblems, is_configured
from dagster._core.definitions.job.config_schema import NodeSchemas
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.resource.requirement import needed_resource_keys
from dagster._core.errors import DagsterInvalidConfigError

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition


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
    problems: ConfigProblems,
    children_key: str = "ops",
) -> dict[str, OpConfig]:
    """Return what config says of each op of a job, whose graph may map a config of its own to its nodes.

    Args:
        graph: The job's graph.
        config: The processed config of the graph, as :meth:`NodeSchemas.top` describes it.
        raw: The same as the user wrote it.
        schemas: Makes the schemas of what config mappings return.
        problems: Takes what is wrong with config that mappings and ``configured`` functions make.
        children_key: ``ops`` or ``solids``.
    """
    if graph.has_config_mapping:
        mapped = _mapped_children(graph, "", config.get("config"), raw, schemas, problems, children_key)
        if mapped is None:
            return {}
        config, raw = mapped
    return resolve_ops(graph, config, raw, schemas, problems, children_key)


def resolve_ops(
    graph: GraphDefinition,
    config: Mapping[str, Any],
    raw: Mapping[str, Any],
    schemas: NodeSchemas,
    problems: ConfigProblems,
    children_key: str = "ops",
    prefix: str = "",
) -> dict[str, OpConfig]:
    """Return what config says of each op of a graph at any depth.

    Args:
        graph: The graph.
        config: The processed config of its nodes, by name.
        raw: The same as the user wrote it, for config mappings that want it so.
        schemas: Makes the schemas of what config mappings return.
        problems: Takes what is wrong with config that mappings and ``configured`` functions make.
        children_key: ``ops`` or ``solids``.
        prefix: The dotted path of the graph with a dot at its end; empty at the top.
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
                mapped = _mapped_children(
                    definition, handle, own, raw_entry, schemas, problems, children_key
                )
                if mapped is None:
                    continue
                inner, inner_raw = mapped
            else:
                inner = entry.get(children_key) or {}
                inner_raw = raw_entry.get(children_key)
            resolved.update(
                resolve_ops(
                    definition,
                    inner,
                    inner_raw if isinstance(inner_raw, Mapping) else {},
                    schemas,
                    problems,
                    children_key,
                    f"{handle}.",
                )
            )
        else:
            result = definition.apply_config_mapping(own)
            if not result.success:
                problems.add(result.errors, [*_stack(handle, children_key), "config"])
            resolved[handle] = OpConfig(result.value, entry.get("inputs"), entry.get("outputs"))
    return resolved


def check_made_config(
    job_def: JobDefinition, config: ResolvedRunConfig, problems: ConfigProblems
) -> None:
    """Record what is wrong with config that configured loggers and resources of a run make.

    Args:
        job_def: The job.
        config: The config of the run.
        problems: Takes what is wrong.
    """
    for name, own in config.loggers.items():
        problems.mapped(job_def.loggers[name], own, ("loggers", name, "config"))
    resource_defs = job_def.resource_defs
    if any(found.inner_definitions or is_configured(found) for found in resource_defs.values()):
        keys = needed_resource_keys(resource_defs, job_def.required_resource_keys)
        problems.check_resources(resource_defs, keys, config.resources)


def _stack(handle: str, children_key: str) -> list[str]:
    """Return the path of a node in run config: ``outer.inner`` is at ``ops → outer → ops → inner``."""
    stack: list[str] = []
    for name in handle.split(".") if handle else ():
        stack += [children_key, name]
    return stack or [children_key]


def _makes_config(definition: NodeDefinition) -> bool:
    # What `configured` or a config mapping says holds without a word in the run config.
    if isinstance(definition, GraphDefinition) and definition.has_config_mapping:
        return True
    return is_configured(definition)


def mapped_config(definition: ConfigurableDefinition, config: Any, what: str) -> Any:
    """Return the config that the function of a definition gets, after ``configured``.

    Raises:
        DagsterInvalidConfigError: If what a ``configured`` function made is invalid.
    """
    result = definition.apply_config_mapping(config)
    return result.value_or_raise(f"Error in config for {what}", config)


def _mapped_children(
    graph: GraphDefinition,
    handle: str,
    config: Any,
    raw: Mapping[str, Any],
    schemas: NodeSchemas,
    problems: ConfigProblems,
    children_key: str,
) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return the config that a graph's config mapping makes for its nodes, processed and as it was made.

    None, and the problems are recorded, if it does not fit.
    """
    mapping = graph.config_mapping
    assert mapping is not None
    stack = _stack(handle, children_key)
    what = f'the config mapping of {graph.node_kind} "{handle or graph.name}"'
    raw_config = raw.get("config")
    try:
        if not mapping.receive_processed_config_values and raw_config is not None:
            made = mapping.resolve_from_unvalidated_config(raw_config)
        else:
            result = graph.apply_config_mapping(config)
            if not result.success:
                problems.add(result.errors, [*stack, "config"])
                return None
            made = mapping.resolve_from_validated_config(result.value)
    except DagsterInvalidConfigError as error:
        problems.add(error.errors, [*stack, "config"], f"Error in {what}: ")
        return None
    checked = process_config(schemas.children(graph), made)
    if not checked.success:
        inner = [*stack, children_key] if handle else stack
        word = children_key.removesuffix("s")
        problems.add(
            checked.errors, inner, f"Error in {what}: what it returns does not fit the {word}s inside. "
        )
        return None
    return checked.value, made
