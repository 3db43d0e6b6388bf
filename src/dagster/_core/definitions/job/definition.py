"""JobDefinition: a graph with resources, config and an executor, ready to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Self

import dagster._check as check
from dagster._config.evaluate import process_config
from dagster._config.shapes import Shape
from dagster._config.snapshot import ConfigSchemaSnapshot
from dagster._core import _upcalls
from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.graph.assembly import check_definition_names
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import Node
from dagster._core.definitions.hook import HookDefinition
from dagster._core.definitions.job.config_problems import ConfigProblems
from dagster._core.definitions.job.config_schema import NodeSchemas, build_run_config_schema
from dagster._core.definitions.job.default_config import check_default_config, merge_default_config
from dagster._core.definitions.job.resolved_config import (
    ResolvedRunConfig,
    check_made_config,
    resolve_top,
)
from dagster._core.definitions.job.snapshot import (
    build_job_config_schema_snapshot,
    build_job_snapshot,
    build_parent_job_snapshot,
    job_snapshot_id,
)
from dagster._core.definitions.job.subset import select_from_graph
from dagster._core.definitions.logger import LoggerDefinition
from dagster._core.definitions.naming import check_valid_name
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.resource.requirement import (
    ResourceRequirement,
    ensure_requirements_satisfied,
    needed_resource_keys,
    refuse_cycle,
    resource_requirements,
)
from dagster._core.definitions.resource.wrap import wrap_resources_for_execution
from dagster._core.definitions.run_config import RunConfig, convert_config_input
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.errors import (
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
)
from dagster._core.records.handles import NodeHandle
from dagster._core.records.job_snapshot import JobSnap
from dagster._core.records.metadata import normalize_metadata
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.tags import normalize_tags
from dagster._text import expected, unknown

if TYPE_CHECKING:
    from dagster._core.runner.results import ExecuteInProcessResult


class JobDefinition:
    """A graph with resources, config, loggers, hooks and an executor, ready to run.

    Most are made with :func:`job` or :meth:`GraphDefinition.to_job`.

    Args:
        graph_def: The graph.
        resource_defs: Resources by key: definitions, ConfigurableResources, or plain objects.
        executor_def: How to run the steps. Default: in this process.
        logger_defs: Loggers by name. Default: the console.
        name: Default: the graph's name.
        config: Run config that every run has (a dict or :class:`RunConfig`; what a run gives itself
            wins), or a :class:`ConfigMapping` from a config of the job's own to the run config.
        description: For people.
        tags: Tags of the job, and of its runs if ``run_tags`` is not given.
        run_tags: Tags of the runs.
        metadata: Metadata of the job.
        hook_defs: Hooks on every op.
        op_retry_policy: For ops that have none of their own.
        input_values: Values of the graph's inputs.
        owners: Who cares for it.

    Raises:
        DagsterInvalidDefinitionError: If something it needs is missing or contradicts.
    """

    #: The word for its parts in messages; the older vocabulary has its own.
    node_word = "op"
    target_word = "job"

    def __init__(
        self,
        *,
        graph_def: GraphDefinition,
        resource_defs: Mapping[str, object] | None = None,
        executor_def: ExecutorDefinition | None = None,
        logger_defs: Mapping[str, LoggerDefinition] | None = None,
        name: str | None = None,
        config: Any = None,
        description: str | None = None,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        hook_defs: AbstractSet[HookDefinition] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        input_values: Mapping[str, object] | None = None,
        owners: Sequence[str] | None = None,
        _selection: tuple[Sequence[str], frozenset[str]] | None = None,
    ) -> None:
        self.graph: GraphDefinition = check.inst_param(graph_def, "graph_def", GraphDefinition)
        self.name = check_valid_name(name if name is not None else graph_def.name, "job name")
        self.description = description or graph_def.description
        self.given_resource_defs = wrap_resources_for_execution(
            check.opt_mapping_param(resource_defs, "resource_defs", key_type=str)
        )
        self.resource_defs: Mapping[str, ResourceDefinition] = {
            **_upcalls.default_resource_defs(),
            **self.given_resource_defs,
        }
        self._executor_def = check.opt_inst_param(executor_def, "executor_def", ExecutorDefinition)
        self._logger_defs = check.opt_inst_param(logger_defs, "logger_defs", Mapping)
        #: The id of the job's record, once a run of it was stored. It is long work to make it.
        self.snapshot_id: str | None = None
        self.tags = normalize_tags(tags) if tags else {}
        self._run_tags = normalize_tags(run_tags) if run_tags is not None else None
        self.metadata = normalize_metadata(metadata)
        self.hook_defs: frozenset[HookDefinition] = frozenset(
            check.opt_set_param(hook_defs, "hooks", HookDefinition)
        )
        self.op_retry_policy = check.opt_inst_param(op_retry_policy, "op_retry_policy", RetryPolicy)
        self.owners = list(owners) if owners is not None else None
        self.input_values = dict(check.opt_mapping_param(input_values, "input_values", key_type=str))
        for input_name in self.input_values:
            if not graph_def.has_input(input_name):
                raise DagsterInvalidDefinitionError(
                    f"Error when constructing {self.describe_target()}: Input value provided for "
                    f"{unknown('input', input_name, graph_def.input_dict)}"
                )
        self.config = config
        self.config_mapping: ConfigMapping | None = config if isinstance(config, ConfigMapping) else None
        self.run_config: Mapping[str, Any] | None = self._read_config(config)
        self.op_selection: Sequence[str] | None = _selection[0] if _selection else None
        self.resolved_op_selection: frozenset[str] | None = _selection[1] if _selection else None
        self._schema: Shape | None = None
        self._plan_cache: Any = None
        self._in_process: Any = None
        if _selection is None:
            definitions = (found for found in graph_def.iterate_node_defs() if found is not graph_def)
            check_definition_names(self.describe_target(), definitions)
        # Open inputs that nothing can fill are an error of the definition, not of a run.
        self._check_inputs()
        if self.run_config:
            check_default_config(self)

    def _read_config(self, config: Any) -> Mapping[str, Any] | None:
        if config is None or isinstance(config, ConfigMapping):
            return None
        if isinstance(config, (RunConfig, Mapping)):
            return convert_config_input(config)
        raise DagsterInvalidDefinitionError(
            expected("config", "a dict, a RunConfig or a ConfigMapping", config)
        )

    def _check_inputs(self) -> None:
        self.node_schemas().inputs(self.graph, self.open_inputs)
        if any(
            len(self.graph.dependencies.get(n, ())) < len(node.input_dict)
            for n, node in self.graph.node_dict.items()
        ):
            self.node_schemas().children(self.graph)

    # What it is made of

    def describe_target(self) -> str:
        """Return ``job 'name'`` for messages."""
        return f"{self.target_word} '{self.name}'"

    @property
    def executor_def(self) -> ExecutorDefinition:
        """How the steps are run."""
        return self._executor_def or _upcalls.default_executor_def()

    @property
    def has_specified_executor(self) -> bool:
        """Whether the job names an executor itself."""
        return self._executor_def is not None

    @property
    def loggers(self) -> Mapping[str, LoggerDefinition]:
        """The loggers by name."""
        return self._logger_defs if self._logger_defs is not None else _upcalls.default_logger_defs()

    @property
    def has_specified_loggers(self) -> bool:
        """Whether the job names loggers itself."""
        return self._logger_defs is not None

    @property
    def run_tags(self) -> Mapping[str, str]:
        """The tags of its runs."""
        return self.tags if self._run_tags is None else self._run_tags

    @property
    def has_separately_defined_run_tags(self) -> bool:
        return self._run_tags is not None

    @property
    def dependencies(self) -> Mapping[str, Any]:
        """For each top-level node, where its inputs come from."""
        return self.graph.dependencies

    @property
    def nodes(self) -> Sequence[Node]:
        return self.graph.nodes

    @property
    def nodes_in_topological_order(self) -> Sequence[Node]:
        return self.graph.nodes_in_topological_order

    @property
    def top_level_node_defs(self) -> Sequence[NodeDefinition]:
        return self.graph.node_defs

    @property
    def all_node_defs(self) -> Sequence[NodeDefinition]:
        """All definitions inside, at any depth."""
        return list({d.name: d for d in self.graph.iterate_node_defs() if d is not self.graph}.values())

    @property
    def is_subset(self) -> bool:
        """Whether this is a selected part of another job."""
        return self.op_selection is not None

    @property
    def open_inputs(self) -> frozenset[str]:
        """The graph's inputs that have no direct value."""
        return frozenset(n for n in self.graph.input_dict if n not in self.input_values)

    def has_direct_input_value(self, input_name: str) -> bool:
        return input_name in self.input_values

    def get_direct_input_value(self, input_name: str) -> object:
        """Return the value given for an input of the graph."""
        if input_name not in self.input_values:
            raise DagsterInvalidInvocationError(
                f"On {self.describe_target()}, no direct value was given for "
                f"{unknown('input', input_name, self.input_values)}"
            )
        return self.input_values[input_name]

    def has_node(self, name: str) -> bool:
        return self.graph.has_node_named(name)

    has_node_named = has_node

    def get_node_named(self, name: str) -> Node:
        return self.graph.node_named(name)

    def get_node(self, handle: NodeHandle) -> Node:
        return self.graph.get_node(handle)

    get_op = get_node

    def node_def_named(self, name: str) -> NodeDefinition:
        """Return a definition inside by its name, at any depth."""
        for definition in self.graph.iterate_node_defs():
            if definition.name == name:
                return definition
        names = [d.name for d in self.graph.iterate_node_defs()]
        raise DagsterInvalidDefinitionError(f"{self.describe_target()}: {unknown('node', name, names)}")

    def all_dagster_types(self) -> Iterator[DagsterType]:
        return self.graph.all_dagster_types()

    def has_dagster_type(self, name: str) -> bool:
        return self.graph.has_dagster_type(name)

    def dagster_type_named(self, name: str) -> DagsterType:
        return self.graph.dagster_type_named(name)

    def get_all_hooks_for_handle(self, handle: NodeHandle) -> frozenset[HookDefinition]:
        """Return the hooks of an op: its own, those of the graphs around it, and the job's."""
        hooks = set(self.hook_defs)
        graph: NodeDefinition = self.graph
        for name in handle.path:
            assert isinstance(graph, GraphDefinition)
            node = graph.node_named(name)
            hooks |= node.hook_defs
            graph = node.definition
        return frozenset(hooks)

    def get_retry_policy_for_handle(self, handle: NodeHandle) -> RetryPolicy | None:
        """Return the retry policy of an op: of its use, its definition, or the job."""
        node = self.graph.get_node(handle)
        return (
            node.retry_policy or getattr(node.definition, "retry_policy", None) or self.op_retry_policy
        )

    # Resources

    def resource_requirements(self) -> Iterator[ResourceRequirement]:
        """Yield every need for a resource: of ops, types, inputs and outputs, and hooks."""
        seen: set[int] = set()
        for op_def in self.graph.iterate_op_defs():
            if id(op_def) not in seen:
                seen.add(id(op_def))
                yield from op_def.resource_requirements()
        for hook_def, where in self._all_hooks():
            for key in sorted(hook_def.required_resource_keys):
                yield ResourceRequirement(key, f"hook '{hook_def.name}' on {where}")

    def _all_hooks(self) -> Iterator[tuple[HookDefinition, str]]:
        for hook_def in self.hook_defs:
            yield hook_def, self.describe_target()
        for handle in self.graph.iterate_node_handles():
            node = self.graph.get_node(handle)
            for hook_def in node.hook_defs:
                yield hook_def, node.describe_node()

    @property
    def required_resource_keys(self) -> AbstractSet[str]:
        """The keys of all resources that something in the job needs."""
        return {requirement.key for requirement in self.resource_requirements()}

    def get_required_resource_defs(self) -> Mapping[str, ResourceDefinition]:
        keys = self.required_resource_keys
        return {key: definition for key, definition in self.resource_defs.items() if key in keys}

    def validate_resource_requirements_satisfied(self) -> None:
        """Refuse a job that lacks a resource, or whose resources need each other in a circle.

        Raises:
            DagsterInvalidDefinitionError: With every missing key and who needs it, or the circle.
        """
        ensure_requirements_satisfied(
            self.resource_defs,
            [*self.resource_requirements(), *resource_requirements(self.resource_defs)],
        )
        refuse_cycle({key: found.required_resource_keys for key, found in self.resource_defs.items()})

    def is_missing_required_resources(self) -> bool:
        """Whether a needed resource is not there."""
        return bool(self.required_resource_keys - set(self.resource_defs))

    # Config

    def node_schemas(self) -> NodeSchemas:
        """Return the maker of the fields of nodes."""
        return NodeSchemas(self.resource_defs)

    @property
    def run_config_schema(self) -> Shape:
        """The schema of the run config."""
        if self._schema is None:
            self._schema = build_run_config_schema(
                graph=self.graph,
                resource_defs=self.resource_defs,
                logger_defs=self.loggers,
                executor_def=self.executor_def,
                open_inputs=self.open_inputs,
                needed_resources=needed_resource_keys(self.resource_defs, self.required_resource_keys),
            )
        return self._schema

    def resolve_run_config(
        self, run_config: Mapping[str, Any] | RunConfig | None = None
    ) -> ResolvedRunConfig:
        """Validate run config and return what each op, resource, logger and the executor gets.

        Raises:
            DagsterInvalidConfigError: With every problem and its path.
        """
        given = convert_config_input(run_config) or {}
        preamble = f"Error in config for {self.describe_target()}"
        if self.config_mapping is not None:
            config = self.config_mapping.resolve_from_unvalidated_config(given, self.describe_target())
            shown_preamble = f"{preamble}: what its config mapping returned does not fit."
        else:
            config = merge_default_config(self.run_config, given, self.graph)
            shown_preamble = preamble
        values = process_config(self.run_config_schema, config).value_or_raise(shown_preamble, config)
        problems = ConfigProblems()
        ops = resolve_top(
            self.graph,
            values.get("ops") or {},
            config.get("ops") or {},
            self.node_schemas(),
            problems,
        )
        loggers = {name: values["loggers"][name].get("config") for name in config.get("loggers") or {}}
        executor = (values.get("execution") or {}).get("config")
        resolved = ResolvedRunConfig(
            ops=ops,
            resources={
                key: entry.get("config") for key, entry in (values.get("resources") or {}).items()
            },
            loggers=loggers,
            executor=problems.mapped(self.executor_def, executor, ("execution", "config")),
            inputs=values.get("inputs"),
            original=given,
        )
        check_made_config(self, resolved, problems)
        problems.raise_any(preamble, config)
        return resolved

    def for_run(self, run_config: Mapping[str, Any] | RunConfig | None = None) -> Self:
        """Return the job as a run with this config has it.

        The job itself: its executor and resources are known beforehand. The older vocabulary lets run
        config choose among several.
        """
        return self

    # Snapshots

    def get_config_schema_snapshot(self) -> ConfigSchemaSnapshot:
        """Return all config types of the job as records."""
        return build_job_config_schema_snapshot(self)

    def get_job_snapshot(self) -> JobSnap:
        """Return the job as a record, which other processes can read without the user's code."""
        return build_job_snapshot(self)

    def get_job_snapshot_id(self) -> str:
        """Return the id of the job's record: a hash of its content."""
        return job_snapshot_id(self.get_job_snapshot())

    def get_parent_job_snapshot(self) -> JobSnap | None:
        """Return the record of the job that this is a selected part of; None if it is a whole."""
        return build_parent_job_snapshot(self)

    def get_parent_job(self) -> Self | None:
        """Return the job that this is a selected part of; None if it is a whole."""
        parent = self.graph.parent_graph_def
        return None if parent is None else self._copy(graph_def=parent, _selection=None)

    # Changed copies

    def _copy(self, **changes: Any) -> Self:
        arguments: dict[str, Any] = {
            "graph_def": self.graph,
            "resource_defs": self.given_resource_defs,
            "executor_def": self._executor_def,
            "logger_defs": self._logger_defs,
            "name": self.name,
            "config": self.config,
            "description": self.description,
            "tags": self.tags,
            "run_tags": self._run_tags,
            "metadata": self.metadata,
            "hook_defs": self.hook_defs,
            "op_retry_policy": self.op_retry_policy,
            "input_values": self.input_values,
            "owners": self.owners,
            "_selection": (self.op_selection, self.resolved_op_selection) if self.op_selection else None,
        }
        return type(self)(**{**arguments, **changes})

    def with_hooks(self, hook_defs: AbstractSet[HookDefinition]) -> Self:
        """Return the job with more hooks on every op."""
        return self._copy(hook_defs=self.hook_defs | frozenset(hook_defs))

    def with_top_level_resources(self, resource_defs: Mapping[str, object]) -> Self:
        """Return the job with resources for keys that it does not give itself."""
        return self._copy(resource_defs={**resource_defs, **self.given_resource_defs})

    def with_executor_def(self, executor_def: ExecutorDefinition) -> Self:
        return self._copy(executor_def=executor_def)

    def with_logger_defs(self, logger_defs: Mapping[str, LoggerDefinition]) -> Self:
        return self._copy(logger_defs=logger_defs)

    def with_metadata(self, metadata: Mapping[str, Any]) -> Self:
        return self._copy(metadata=metadata)

    def get_subset(self, *, op_selection: Iterable[str] | None = None) -> Self:
        """Return the job with a part of its ops.

        Args:
            op_selection: Clauses: ``name``, ``name+``, ``+name``, ``*name``, ``name*``, dotted paths into
                nested graphs. What they mean is united.

        Raises:
            DagsterInvalidSubsetError: If a clause cannot be read or matches nothing.
        """
        if op_selection is None:
            return self
        if isinstance(op_selection, str):
            raise check.ParameterCheckError(
                expected(f"{self.node_word}_selection", "a list of clauses", op_selection)
                + f". Write [{op_selection!r}]."
            )
        clauses = list(check.sequence_param(list(op_selection), "op_selection", of_type=str))
        graph, handles = select_from_graph(
            self.graph, clauses, what=self.node_word, where=self.describe_target()
        )
        return self._copy(
            graph_def=graph,
            input_values={k: v for k, v in self.input_values.items() if graph.has_input(k)},
            _selection=(clauses, handles),
        )

    def as_ephemeral_job(
        self,
        resource_defs: Mapping[str, object],
        input_values: Mapping[str, object],
        op_selection: Sequence[str] | None = None,
    ) -> Self:
        """Return the job as :meth:`execute_in_process` runs it.

        Args:
            resource_defs: Resources on top of the job's.
            input_values: Values of the graph's inputs.
            op_selection: A part of the ops.
        """
        return self.in_process_form(resource_defs, input_values).get_subset(op_selection=op_selection)

    def in_process_form(
        self,
        resource_defs: Mapping[str, object] | None = None,
        input_values: Mapping[str, object] | None = None,
        *,
        in_memory: bool = True,
    ) -> Self:
        """Return the job as it runs in this process: values stay in memory unless the job says otherwise.

        The form without any changes is kept, and with it its plan.

        Args:
            resource_defs: Resources on top of the job's.
            input_values: Values of the graph's inputs.
            in_memory: Whether values stay in memory. If not, the job has the I/O manager that it has
                elsewhere.
        """
        if resource_defs or input_values or not in_memory:
            return self._in_process_form(resource_defs or {}, input_values or {}, in_memory)
        if self._in_process is None:
            self._in_process = self._in_process_form({}, {})
        return self._in_process

    def _in_process_form(
        self,
        resource_defs: Mapping[str, object],
        input_values: Mapping[str, object],
        in_memory: bool = True,
    ) -> Self:
        given = wrap_resources_for_execution(resource_defs)
        memory = {"io_manager": _upcalls.mem_io_manager_def()} if in_memory else {}
        return self._copy(
            resource_defs={**memory, **self.given_resource_defs, **given},
            executor_def=_upcalls.execute_in_process_executor_def() if self._executor_def else None,
            input_values={**self.input_values, **input_values},
        )

    # Running

    def execute_in_process(
        self,
        run_config: Mapping[str, Any] | RunConfig | None = None,
        instance: Any = None,
        partition_key: str | None = None,
        raise_on_error: bool = True,
        op_selection: Sequence[str] | None = None,
        asset_selection: Sequence[Any] | None = None,
        run_id: str | None = None,
        input_values: Mapping[str, object] | None = None,
        tags: Mapping[str, str] | None = None,
        resources: Mapping[str, object] | None = None,
        *,
        reexecution_options: Any = None,
    ) -> ExecuteInProcessResult:
        """Run the job in this process and return the result, with all values in memory.

        Args:
            run_config: Run config.
            instance: Default: an ephemeral one.
            partition_key: The partition to run; for partitioned jobs.
            raise_on_error: Whether an error is raised or told by the result. Default: True.
            op_selection: A part of the ops to run.
            asset_selection: A part of the assets to run; for asset jobs.
            run_id: Default: a new one.
            input_values: Values of the graph's inputs.
            tags: Tags of the run, on top of the job's.
            resources: Resources by key, on top of the job's.
            reexecution_options: A :class:`ReexecutionOptions`: an earlier run on ``instance`` that is
                executed again, and which of its steps. Values are then stored with the job's own I/O
                manager, not in memory, and what earlier runs gave is loaded with it.
        """
        if partition_key is not None:
            raise DagsterInvalidInvocationError(
                f"A partition key was given for {self.describe_target()}, which has no partitions."
            )
        if asset_selection is not None:
            raise DagsterInvalidInvocationError(
                f"An asset selection was given for {self.describe_target()}, which has no assets."
            )
        return _upcalls.execute_in_process(
            self,
            run_config=run_config,
            instance=instance,
            raise_on_error=raise_on_error,
            op_selection=op_selection,
            run_id=run_id,
            input_values=input_values,
            tags=tags,
            resources=resources,
            reexecution_options=reexecution_options,
        )

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        raise DagsterInvariantViolationError(
            f"Attempted to call {self.describe_target()} directly. Jobs should be invoked by using an "
            f"execution API function (e.g. {self.name}.execute_in_process())."
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"
