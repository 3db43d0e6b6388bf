"""Compile a job and its config into an execution plan. Linear in nodes and edges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    IDependencyDefinition,
    MappedInputPlaceholder,
    MultiDependencyDefinition,
    Node,
)
from dagster._core.definitions.graph.topology import collects_and_maps
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.sources import (
    FromConfig,
    FromDefaultValue,
    FromDirectInputValue,
    FromDynamicCollect,
    FromInputManager,
    FromMappedOutput,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
)
from dagster._core.plan.step import ExecutionStep, StepInput, StepKind, StepOutput
from dagster._core.records.handles import NodeHandle

if TYPE_CHECKING:
    from dagster._core.definitions.graph.definition import GraphDefinition
    from dagster._core.definitions.hook import HookDefinition
    from dagster._core.definitions.inputs import InputDefinition
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.records.retry import RetryPolicy

#: An output of a node: the step's number and key, the output's name, and the dynamic output that the
#: step runs under (its step's number and name), if there is one. The flag says that it is that one.
OutputRef = tuple[int, str, str, "tuple[int, str] | None", bool]

NO_HOOKS: frozenset[Any] = frozenset()


class _OpShape:
    """What all steps of one op definition share."""

    __slots__ = ("is_simple", "outputs", "tracks_outputs")

    def __init__(self, op_def: OpDefinition) -> None:
        self.outputs = {d.name: StepOutput(d) for d in op_def.output_defs}
        self.tracks_outputs = any(o.is_dynamic or not o.is_required for o in self.outputs.values())


class _Compiler:
    def __init__(self, job_def: JobDefinition, config: ResolvedRunConfig) -> None:
        self.job_def = job_def
        self.config = config
        self.steps: list[ExecutionStep] = []
        self._shapes: dict[int, _OpShape] = {}

    def compile(self) -> None:
        graph = self.job_def.graph
        inputs: dict[str, InputSource | None] = {}
        for name, input_def in graph.input_dict.items():
            inputs[name] = self._top_level_source(name, input_def)
        self._graph(graph, None, "", inputs, self.job_def.hook_defs, None)

    def _top_level_source(self, name: str, input_def: InputDefinition) -> InputSource | None:
        if name in self.job_def.input_values:
            return FromDirectInputValue(name, self.job_def.input_values[name])
        return self._open_source("", name, input_def, self.config.inputs)

    def _open_source(
        self, handle: str, name: str, input_def: InputDefinition, config: Mapping[str, Any]
    ) -> InputSource | None:
        """Return the source of an input that nothing is connected to; None leaves it to what is inside."""
        if input_def.input_manager_key is not None:
            return None if handle == "" else FromInputManager(handle, name)
        if name in config:
            return FromConfig(handle, name)
        if input_def.has_default_value:
            return FromDefaultValue(input_def.default_value)
        return None

    def _graph(
        self,
        graph: GraphDefinition,
        parent: NodeHandle | None,
        prefix: str,
        inputs: Mapping[str, InputSource | None],
        hooks: frozenset[HookDefinition],
        retry_policy: RetryPolicy | None,
    ) -> dict[str, OutputRef]:
        """Add the steps of a graph; return what its outputs are."""
        outputs: dict[tuple[str, str], OutputRef] = {}
        mapped: dict[str, dict[tuple[str, int | None], InputSource | None]] = {}
        for m in graph.input_mappings:
            place = (m.mapped_node_input_name, m.fan_in_index)
            mapped.setdefault(m.mapped_node_name, {})[place] = inputs.get(m.graph_input_name)
        dependencies = graph.dependencies
        no_edges: dict[str, IDependencyDefinition] = {}
        no_mapped: dict[tuple[str, int | None], InputSource | None] = {}
        for node in graph.nodes_in_topological_order:
            name = node.name
            definition = node.definition
            edges = dependencies.get(name) or no_edges
            from_graph = mapped.get(name, no_mapped) if mapped else no_mapped
            node_hooks = hooks | node.hook_defs if node.hook_defs else hooks
            key = prefix + name
            policy = node.retry_policy or retry_policy
            if not definition.is_graph:
                self._op(node, definition, parent, key, edges, from_graph, outputs, node_hooks, policy)  # type: ignore[arg-type]
            else:
                inner: dict[str, InputSource | None] = {
                    input_name: self._node_source(input_def, key, edges, from_graph, outputs)
                    for input_name, input_def in definition.input_dict.items()
                }
                results = self._graph(
                    definition,  # type: ignore[arg-type]
                    NodeHandle(name, parent),
                    f"{key}.",
                    inner,
                    node_hooks,
                    policy,
                )
                for output_name, ref in results.items():
                    outputs[name, output_name] = ref
        return {
            m.graph_output_name: outputs[m.mapped_node_name, m.mapped_node_output_name]
            for m in graph.output_mappings
        }

    def _op(
        self,
        node: Node,
        op_def: OpDefinition,
        parent: NodeHandle | None,
        key: str,
        edges: Mapping[str, IDependencyDefinition],
        from_graph: Mapping[tuple[str, int | None], InputSource | None],
        outputs: dict[tuple[str, str], OutputRef],
        hooks: frozenset[HookDefinition],
        retry_policy: RetryPolicy | None,
    ) -> None:
        shape = self._shapes.get(id(op_def))
        if shape is None:
            shape = self._shapes[id(op_def)] = _OpShape(op_def)
        index = len(self.steps)
        kind = StepKind.COMPUTE
        scope: tuple[int, str] | None = None
        step_inputs: tuple[StepInput, ...] = ()
        upstream: tuple[int, ...] = ()
        if op_def.input_defs:
            listed: list[StepInput] = []
            needs: dict[int, None] = {}
            for input_def in op_def.input_defs:
                source = self._node_source(input_def, key, edges, from_graph, outputs)
                if source is None:
                    continue  # an input of type Nothing that nothing is connected to
                listed.append(StepInput(input_def, source))
                for step in source.upstream_steps():
                    needs[step] = None
                source_kind, source_scope = self._kind_of(source)
                if source_scope is not None:
                    scope = source_scope
                if source_kind is not StepKind.COMPUTE and kind is not StepKind.UNRESOLVED_MAPPED:
                    kind = source_kind
            if kind is StepKind.UNRESOLVED_MAPPED and any(
                isinstance(i.source, FromDynamicCollect) for i in listed
            ):
                raise collects_and_maps(key)
            step_inputs = tuple(listed)
            upstream = tuple(needs)
        step_key = f"{key}[?]" if kind is StepKind.UNRESOLVED_MAPPED else key
        self.steps.append(
            ExecutionStep(
                index,
                step_key,
                NodeHandle(node.name, parent),
                node,
                op_def,
                step_inputs,
                shape.outputs,
                shape.tracks_outputs,
                kind,
                upstream,
                hooks,
                node.retry_policy or op_def.retry_policy or retry_policy or self.job_def.op_retry_policy,
                scope,
            )
        )
        for output_name, output in shape.outputs.items():
            if output.is_dynamic:
                outputs[node.name, output_name] = (
                    index,
                    step_key,
                    output_name,
                    (index, output_name),
                    True,
                )
            else:
                outputs[node.name, output_name] = (index, step_key, output_name, scope, False)

    def _kind_of(self, source: InputSource) -> tuple[StepKind, tuple[int, str] | None]:
        if isinstance(source, FromStepOutput):
            return StepKind.COMPUTE, None
        if isinstance(source, FromMappedOutput):
            if source.is_dynamic:
                return StepKind.UNRESOLVED_MAPPED, (source.step, source.output_name)
            return StepKind.UNRESOLVED_MAPPED, self.steps[source.step].scope
        if isinstance(source, FromDynamicCollect):
            return StepKind.UNRESOLVED_COLLECT, None
        if isinstance(source, FromMultipleSources):
            for inner in source.sources:
                found = self._kind_of(inner)
                if found[0] is not StepKind.COMPUTE:
                    return found
        return StepKind.COMPUTE, None

    def _node_source(
        self,
        input_def: InputDefinition,
        handle: str,
        edges: Mapping[str, IDependencyDefinition],
        from_graph: Mapping[tuple[str, int | None], InputSource | None],
        outputs: Mapping[tuple[str, str], OutputRef],
    ) -> InputSource | None:
        name = input_def.name
        edge = edges.get(name)
        if edge is not None:
            if type(edge) is DependencyDefinition:
                return _source_of(outputs[edge.node, edge.output])
            return self._edge_source(edge, name, from_graph, outputs)
        given = from_graph.get((name, None)) if from_graph else None
        if given is not None:
            return given
        return self._open_source(handle, name, input_def, self.config.for_op(handle).inputs)

    def _edge_source(
        self,
        edge: IDependencyDefinition,
        name: str,
        from_graph: Mapping[tuple[str, int | None], InputSource | None],
        outputs: Mapping[tuple[str, str], OutputRef],
    ) -> InputSource:
        if isinstance(edge, DynamicCollectDependencyDefinition):
            step, step_key, output_name, scope, is_dynamic = outputs[edge.node_name, edge.output_name]
            assert scope is not None  # checked when the graph was defined
            return FromDynamicCollect(
                FromMappedOutput(step, step_key, output_name, is_dynamic), scope[0]
            )
        assert isinstance(edge, MultiDependencyDefinition)
        sources: list[InputSource] = []
        for position, item in enumerate(edge.dependencies):
            if item is MappedInputPlaceholder:
                given = from_graph.get((name, position))
                if given is not None:
                    sources.append(given)
            else:
                assert isinstance(item, DependencyDefinition)
                sources.append(_source_of(outputs[item.node, item.output]))
        return FromMultipleSources(sources)


def _source_of(ref: OutputRef) -> InputSource:
    step, step_key, output_name, scope, is_dynamic = ref
    if scope is None:
        return FromStepOutput(step, step_key, output_name)
    return FromMappedOutput(step, step_key, output_name, is_dynamic)


def compile_plan(job_def: JobDefinition, config: ResolvedRunConfig) -> ExecutionPlan:
    """Return the plan of a job.

    Args:
        job_def: The job.
        config: Its validated run config: it decides which inputs come from config.
    """
    compiler = _Compiler(job_def, config)
    compiler.compile()
    return ExecutionPlan(compiler.steps)


def plan_of(job_def: JobDefinition, config: ResolvedRunConfig) -> ExecutionPlan:
    """Return the plan of a job. A plan that owes nothing to config is kept with the job."""
    if config.ops or config.inputs:
        return compile_plan(job_def, config)
    if job_def._plan_cache is None:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - it is there for this
        job_def._plan_cache = compile_plan(job_def, config)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return job_def._plan_cache  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
