"""GraphDefinition: a node made of nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Self

import dagster._check as check
from dagster._config.configurable import convert_user_config_schema
from dagster._core import _upcalls
from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.graph.assembly import (
    assemble,
    build_inputs,
    build_outputs,
    check_types,
)
from dagster._core.definitions.graph.dependency import IDependencyDefinition, Node
from dagster._core.definitions.graph.topology import check_dynamic_outputs, topological_names
from dagster._core.definitions.inputs import InputMapping
from dagster._core.definitions.naming import check_valid_name
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.outputs import OutputDefinition, OutputMapping
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._core.records.handles import NodeHandle
from dagster._core.records.retry import RetryPolicy
from dagster._text import unknown

if TYPE_CHECKING:
    from dagster._core.definitions.graph.invocation import PendingNodeInvocation
    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.runner.results import ExecuteInProcessResult


class GraphDefinition(NodeDefinition):
    """A node made of nodes. It becomes runnable as a job (:meth:`to_job`) or is part of other graphs.

    Most are made with :func:`graph`.

    Args:
        name: Letters, digits and underscores.
        description: For people.
        node_defs: The definitions of the nodes.
        dependencies: For each node (its name, or a :class:`NodeInvocation`), where each of its inputs
            comes from.
        input_mappings: The graph's inputs.
        output_mappings: The graph's outputs.
        config: A mapping from the graph's own config to that of its nodes.
        tags: Metadata for people.
        composition_fn: The function that the graph was made from.

    Raises:
        DagsterInvalidDefinitionError: If names do not fit together, there is a circle, or dynamic
            outputs stand where they cannot work.
    """

    node_kind = "graph"
    is_graph = True
    is_graph_job_op_node = True

    #: The nodes by name.
    node_dict: dict[str, Node]
    #: For each node, where each of its inputs comes from.
    dependencies: dict[str, dict[str, IDependencyDefinition]]

    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        node_defs: Sequence[NodeDefinition] | None = None,
        dependencies: Mapping[Any, Mapping[str, IDependencyDefinition]] | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config: ConfigMapping | None = None,
        tags: Mapping[str, Any] | None = None,
        composition_fn: Callable[..., Any] | None = None,
        _composed: tuple[dict[str, Node], dict[str, dict[str, IDependencyDefinition]]] | None = None,
        _positional_inputs: Sequence[str] | None = None,
        _parent_graph_def: GraphDefinition | None = None,
    ) -> None:
        described = f'{self.node_kind} "{name}"'
        if _composed is not None:
            # Composition only makes edges to nodes that are already there, so names are right and the
            # order of the nodes is a topological one.
            self.node_dict, self.dependencies = _composed
            self._ordered_names = list(self.node_dict)
        else:
            self.node_dict, self.dependencies = assemble(
                described, list(node_defs or ()), dependencies or {}
            )
            self._ordered_names = topological_names(list(self.node_dict), self.dependencies, name)
        check_types(described, self.node_dict, self.dependencies)
        self.input_mappings = list(input_mappings or ())
        self.output_mappings = list(output_mappings or ())
        super().__init__(
            check_valid_name(name, f"{self.node_kind} name"),
            build_inputs(described, self.node_dict, self.dependencies, self.input_mappings),
            build_outputs(described, self.node_dict, self.output_mappings),
            description,
            tags,
            _positional_inputs,
        )
        self.config_mapping: ConfigMapping | None = check.opt_inst_param(config, "config", ConfigMapping)
        self._config_schema = (
            None
            if self.config_mapping is None
            else convert_user_config_schema(self.config_mapping.config_schema)
        )
        self.composition_fn = composition_fn
        #: The graph that this one is a selected part of.
        self.parent_graph_def: GraphDefinition | None = _parent_graph_def
        self._has_dynamic = any(
            node.definition.has_dynamic_outputs_inside for node in self.node_dict.values()
        )
        check_dynamic_outputs(self)

    @property
    def is_subselected(self) -> bool:
        """Whether this is a selected part of another graph."""
        return self.parent_graph_def is not None

    # What is inside

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes, in the order in which they were placed."""
        return list(self.node_dict.values())

    @property
    def nodes_in_topological_order(self) -> Sequence[Node]:
        """The nodes, each after what it depends on."""
        return [self.node_dict[name] for name in self._ordered_names]

    @property
    def node_defs(self) -> Sequence[NodeDefinition]:
        """The different definitions of the nodes."""
        return list({id(n.definition): n.definition for n in self.node_dict.values()}.values())

    @property
    def has_dynamic_outputs_inside(self) -> bool:
        return self._has_dynamic

    def node_names(self) -> Sequence[str]:
        return list(self.node_dict)

    def has_node_named(self, name: str) -> bool:
        return name in self.node_dict

    def node_named(self, name: str) -> Node:
        """Return a top-level node by name.

        Raises:
            DagsterInvalidDefinitionError: If there is none.
        """
        node = self.node_dict.get(name)
        if node is None:
            raise DagsterInvalidDefinitionError(
                f"{self.describe_node()}: {unknown('node', name, self.node_dict)}"
            )
        return node

    def get_node(self, handle: NodeHandle) -> Node:
        """Return the node with a handle, at any depth."""
        graph: NodeDefinition = self
        node: Node | None = None
        for name in handle.path:
            if not isinstance(graph, GraphDefinition):
                raise DagsterInvalidDefinitionError(
                    f'"{handle}" leads into {graph.describe_node()}, which is not a graph.'
                )
            node = graph.node_named(name)
            graph = node.definition
        assert node is not None
        return node

    def iterate_node_defs(self) -> Iterator[NodeDefinition]:
        yield self
        for definition in self.node_defs:
            yield from definition.iterate_node_defs()

    def iterate_op_defs(self) -> Iterator[OpDefinition]:
        for definition in self.node_defs:
            yield from definition.iterate_op_defs()

    def iterate_node_handles(self, parent_node_handle: NodeHandle | None = None) -> Iterator[NodeHandle]:
        """Yield the handles of all nodes at every depth."""
        for node in self.node_dict.values():
            handle = NodeHandle(node.name, parent_node_handle)
            yield handle
            if isinstance(node.definition, GraphDefinition):
                yield from node.definition.iterate_node_handles(handle)

    def all_dagster_types(self) -> Iterator[DagsterType]:
        yield from self.all_input_output_types()
        for definition in self.node_defs:
            yield from definition.all_dagster_types()

    def has_dagster_type(self, name: str) -> bool:
        """Return whether a type of this name is used."""
        return any(t.unique_name == name for t in self.all_dagster_types() if t.has_unique_name)

    def dagster_type_named(self, name: str) -> DagsterType:
        """Return a used type by name.

        Raises:
            DagsterInvalidDefinitionError: If there is none.
        """
        by_name = {t.unique_name: t for t in self.all_dagster_types() if t.has_unique_name}
        if name not in by_name:
            raise DagsterInvalidDefinitionError(
                f"{self.describe_node()}: {unknown('type', name, (n for n in by_name if n))}"
            )
        return by_name[name]

    # Inputs and outputs

    def get_input_mapping(self, input_name: str) -> InputMapping:
        """Return the first mapping of an input.

        Raises:
            DagsterInvalidDefinitionError: If there is no such input.
        """
        self.input_def_named(input_name)
        return next(m for m in self.input_mappings if m.graph_input_name == input_name)

    def get_output_mapping(self, output_name: str) -> OutputMapping:
        """Return the mapping of an output.

        Raises:
            DagsterInvalidDefinitionError: If there is no such output.
        """
        self.output_def_named(output_name)
        return next(m for m in self.output_mappings if m.graph_output_name == output_name)

    def resolve_output_to_origin(
        self, output_name: str, handle: NodeHandle | None
    ) -> tuple[OutputDefinition, NodeHandle | None]:
        """Return the op's output behind an output of the graph, and the op's handle."""
        mapping = self.get_output_mapping(output_name)
        node = self.node_named(mapping.mapped_node_name)
        inner_handle = NodeHandle(node.name, handle)
        if isinstance(node.definition, GraphDefinition):
            return node.definition.resolve_output_to_origin(
                mapping.mapped_node_output_name, inner_handle
            )
        return node.definition.output_def_named(mapping.mapped_node_output_name), inner_handle

    def resolve_output_to_origin_op_def(self, output_name: str) -> OpDefinition:
        """Return the op that gives an output of the graph."""
        mapping = self.get_output_mapping(output_name)
        definition: Any = self.node_named(mapping.mapped_node_name).definition
        return definition.resolve_output_to_origin_op_def(mapping.mapped_node_output_name)

    # Config

    @property
    def has_config_mapping(self) -> bool:
        return self.config_mapping is not None

    def copy(
        self,
        name: str | None = None,
        description: str | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config: ConfigMapping | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Self:
        """Return a copy with some parts replaced."""
        return type(self)(
            name or self.name,
            description=description or self.description,
            input_mappings=input_mappings if input_mappings is not None else self.input_mappings,
            output_mappings=output_mappings if output_mappings is not None else self.output_mappings,
            config=config or self.config_mapping,
            tags=tags if tags is not None else self.tags,
            composition_fn=self.composition_fn,
            _composed=(
                {n: self.node_dict[n] for n in self._ordered_names},
                dict(self.dependencies),
            ),
            _positional_inputs=self.positional_inputs,
        )

    def copy_for_configured(self, name: str, description: str | None, config_schema: Any) -> Self:
        if not self.has_config_mapping:
            raise DagsterInvalidDefinitionError(
                f'Only graphs utilizing config mapping can be pre-configured. The graph "{self.name}" '
                "does not have a config mapping, and thus has nothing to be configured."
            )
        copied = self.copy(name=name, description=description)
        copied._config_schema = convert_user_config_schema(config_schema)  # noqa: SLF001 - a copy
        return copied

    # Running

    def call_outside_composition(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        invocation: PendingNodeInvocation | None = None,
    ) -> Any:
        raise DagsterInvariantViolationError(
            f"Attempted to call {self.describe_node()} outside of a composition function. Invoking graphs "
            "is only valid in the function of a graph or job. To run it, use "
            f"{self.name}.execute_in_process()."
        )

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, object] | None = None,
        config: Any = None,
        tags: Mapping[str, object] | None = None,
        metadata: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: Any = None,
        hooks: AbstractSet[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        op_selection: Sequence[str] | None = None,
        input_values: Mapping[str, object] | None = None,
        run_tags: Mapping[str, object] | None = None,
        owners: Sequence[str] | None = None,
    ) -> JobDefinition:
        """Return a job: this graph with resources, config and an executor.

        Args:
            name: Default: the graph's name.
            description: Default: the graph's.
            resource_defs: Resources by key.
            config: Run config (a dict or RunConfig) that every run has, or a ConfigMapping.
            tags: Tags of the job, and of its runs if ``run_tags`` is not given.
            metadata: Metadata of the job.
            logger_defs: Loggers by name.
            executor_def: How to run the steps. Default: in this process.
            hooks: Hooks on every op.
            op_retry_policy: For ops that have none of their own.
            op_selection: A part of the graph to run.
            input_values: Values of the graph's inputs.
            run_tags: Tags of the runs.
            owners: Who cares for it.
        """
        job = _upcalls.build_job(
            graph_def=self,
            name=name,
            description=description,
            resource_defs=resource_defs,
            config=config,
            tags=tags,
            metadata=metadata,
            logger_defs=logger_defs,
            executor_def=executor_def,
            hook_defs=hooks,
            op_retry_policy=op_retry_policy,
            input_values=input_values,
            run_tags=run_tags,
            owners=owners,
        )
        return job.get_subset(op_selection=op_selection) if op_selection else job

    def coerce_to_job(self) -> JobDefinition:
        """Return a job of the graph without anything added."""
        return self.to_job()

    def execute_in_process(
        self,
        run_config: Any = None,
        instance: Any = None,
        resources: Mapping[str, object] | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, object] | None = None,
    ) -> ExecuteInProcessResult:
        """Run the graph in this process and return the result, with all values in memory.

        Args:
            run_config: Run config.
            instance: Default: an ephemeral one.
            resources: Resources by key.
            raise_on_error: Whether an error is raised or told by the result. Default: True.
            op_selection: A part of the graph to run.
            run_id: Default: a new one.
            input_values: Values of the graph's inputs.
        """
        return _upcalls.execute_in_process(
            self.to_job(resource_defs=resources),
            run_config=run_config,
            instance=instance,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            run_id=run_id,
            input_values=input_values,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def subset_of_graph(graph: GraphDefinition, paths: Iterable[Sequence[str]]) -> GraphDefinition:
    """Return a graph with only the nodes at the given paths (and the graphs around them).

    Edges to nodes that are gone leave their inputs open. Graph inputs and outputs that lead nowhere
    any more are dropped.
    """
    inner: dict[str, list[list[str]]] = {}
    for path in paths:
        inner.setdefault(path[0], []).append(list(path[1:]))
    nodes: dict[str, Node] = {}
    for name in graph._ordered_names:  # noqa: SLF001 - the same module
        if name not in inner:
            continue
        node = graph.node_dict[name]
        rests = [rest for rest in inner[name] if rest]
        definition = node.definition
        if isinstance(definition, GraphDefinition) and len(rests) == len(inner[name]):
            definition = subset_of_graph(definition, rests)
        nodes[name] = Node(
            name,
            definition,
            {k: v for k, v in node.tags.items() if node.definition.tags.get(k) != v},
            node.hook_defs,
            node.retry_policy,
        )
    dependencies = {
        name: {
            input_name: kept
            for input_name, edge in graph.dependencies.get(name, {}).items()
            if node.definition.has_input(input_name) and (kept := _kept_edge(edge, nodes)) is not None
        }
        for name, node in nodes.items()
    }
    input_mappings = [
        m
        for m in graph.input_mappings
        if m.mapped_node_name in nodes
        and nodes[m.mapped_node_name].definition.has_input(m.mapped_node_input_name)
        and (
            not m.maps_to_fan_in
            or dependencies[m.mapped_node_name].get(m.mapped_node_input_name)
            is graph.dependencies[m.mapped_node_name].get(m.mapped_node_input_name)
        )
    ]
    output_mappings = [
        m
        for m in graph.output_mappings
        if m.mapped_node_name in nodes
        and nodes[m.mapped_node_name].definition.has_output(m.mapped_node_output_name)
    ]
    used = {m.graph_input_name for m in input_mappings}
    return GraphDefinition(
        graph.name,
        description=graph.description,
        input_mappings=input_mappings,
        output_mappings=output_mappings,
        config=graph.config_mapping,
        tags=graph.tags,
        composition_fn=graph.composition_fn,
        _composed=(nodes, dependencies),
        _positional_inputs=[n for n in graph.positional_inputs if n in used],
        _parent_graph_def=graph,
    )


def _kept_edge(edge: IDependencyDefinition, nodes: Mapping[str, Node]) -> IDependencyDefinition | None:
    """Return an edge without its gone sources, or None if nothing of it is left."""
    sources = edge.get_node_dependencies()
    here = [s for s in sources if s.node in nodes and nodes[s.node].definition.has_output(s.output)]
    if len(here) == len(sources):
        return edge
    if not here:
        return None
    return type(edge)(here)  # type: ignore[call-arg] - only a fan-in can lose some of its sources
