"""Jobs as plain records: what hosts and tools see of a job without loading the user's code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagster._config.snapshot import ConfigFieldSnap, ConfigSchemaSnapshot
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.retry import RetryPolicy
from dagster._text import unknown
from dagster._wire.record import Record


class DagsterTypeSnap(Record, frozen=True):
    """A type of inputs and outputs.

    Args:
        kind: Its kind: ``ANY``, ``SCALAR``, ``LIST``, ``NOTHING``, ``NULLABLE``, ``REGULAR``.
        key: Identifies it.
        name: Its name, if it has one of its own.
        display_name: What people read.
        description: What it is for.
        is_builtin: Whether it belongs to Dagwerk itself.
        type_param_keys: The keys of its direct parameters.
        loader_schema_key: The key of the config type by which run config gives it.
        materializer_schema_key: The key of the config type by which run config has it written.
        metadata: Its metadata.
    """

    kind: str
    key: str
    name: str | None
    display_name: str
    description: str | None = None
    is_builtin: bool = False
    type_param_keys: Sequence[str] = []
    loader_schema_key: str | None = None
    materializer_schema_key: str | None = None
    metadata: Mapping[str, MetadataValue] = {}


class InputDefSnap(Record, frozen=True):
    """An input of an op or graph.

    Args:
        name: Its name.
        dagster_type_key: The key of its type.
        description: What it is for.
        has_default: Whether it has a value when nothing is connected.
        metadata: Its metadata.
    """

    name: str
    dagster_type_key: str
    description: str | None = None
    has_default: bool = False
    metadata: Mapping[str, MetadataValue] = {}


class OutputDefSnap(Record, frozen=True):
    """An output of an op or graph.

    Args:
        name: Its name.
        dagster_type_key: The key of its type.
        description: What it is for.
        is_required: Whether it is always given.
        is_dynamic: Whether it has several values, each under a key.
        metadata: Its metadata.
    """

    name: str
    dagster_type_key: str
    description: str | None = None
    is_required: bool = True
    is_dynamic: bool = False
    metadata: Mapping[str, MetadataValue] = {}


class InputMappingSnap(Record, frozen=True):
    """An input of a graph, and the input of a node that it is.

    Args:
        external_input_name: The input of the graph.
        mapped_node_name: The node.
        mapped_input_name: Its input.
        fan_in_index: The place in the list, if the node's input is one.
    """

    external_input_name: str
    mapped_node_name: str
    mapped_input_name: str
    fan_in_index: int | None = None


class OutputMappingSnap(Record, frozen=True):
    """An output of a graph, and the output of a node that it is.

    Args:
        external_output_name: The output of the graph.
        mapped_node_name: The node.
        mapped_output_name: Its output.
    """

    external_output_name: str
    mapped_node_name: str
    mapped_output_name: str


class OutputHandleSnap(Record, frozen=True):
    """An output of a node of a graph, where an edge starts."""

    node_name: str
    output_name: str


class InputDependencySnap(Record, frozen=True):
    """What an input of a node is connected to.

    Args:
        input_name: The input.
        upstream_output_snaps: The outputs.
        is_fan_in: Whether it gets a list of their values.
        is_dynamic_collect: Whether it gets a list of all values of a dynamic output.
    """

    input_name: str
    upstream_output_snaps: Sequence[OutputHandleSnap]
    is_fan_in: bool = False
    is_dynamic_collect: bool = False


class NodeInvocationSnap(Record, frozen=True):
    """A node of a graph.

    Args:
        node_name: Its name in the graph.
        node_def_name: The name of its definition.
        tags: Tags of the definition and of this use.
        input_dep_snaps: What its inputs are connected to.
        is_dynamic_mapped: Whether it runs once for each value of a dynamic output.
        hook_names: The hooks of this use.
        retry_policy: The retry policy of this use.
    """

    node_name: str
    node_def_name: str
    tags: Mapping[str, str] = {}
    input_dep_snaps: Sequence[InputDependencySnap] = []
    is_dynamic_mapped: bool = False
    hook_names: Sequence[str] = []
    retry_policy: RetryPolicy | None = None


class DependencyStructureSnapshot(Record, frozen=True):
    """The nodes of a graph and their edges.

    Args:
        node_invocation_snaps: The nodes.
    """

    node_invocation_snaps: Sequence[NodeInvocationSnap] = []

    @property
    def node_names(self) -> list[str]:
        """The names of the nodes."""
        return [node.node_name for node in self.node_invocation_snaps]

    def get_invocation(self, node_name: str) -> NodeInvocationSnap:
        """Return a node by name.

        Raises:
            KeyError: If there is none.
        """
        for node in self.node_invocation_snaps:
            if node.node_name == node_name:
                return node
        raise KeyError(unknown("node", node_name, self.node_names))


class OpDefSnap(Record, frozen=True):
    """The definition of an op.

    Args:
        name: Its name.
        input_def_snaps: Its inputs.
        output_def_snaps: Its outputs.
        description: What it does.
        tags: Its tags.
        required_resource_keys: The resources that it asks for.
        config_field_snap: Its config.
        pool: Its concurrency pool.
        retry_policy: Its retry policy.
    """

    name: str
    input_def_snaps: Sequence[InputDefSnap] = []
    output_def_snaps: Sequence[OutputDefSnap] = []
    description: str | None = None
    tags: Mapping[str, str] = {}
    required_resource_keys: Sequence[str] = []
    config_field_snap: ConfigFieldSnap | None = None
    pool: str | None = None
    retry_policy: RetryPolicy | None = None


class GraphDefSnap(Record, frozen=True):
    """The definition of a graph.

    Args:
        name: Its name.
        input_def_snaps: Its inputs.
        output_def_snaps: Its outputs.
        description: What it does.
        tags: Its tags.
        config_field_snap: Its config, if it has a config mapping.
        dep_structure_snapshot: Its nodes.
        input_mapping_snaps: Which inputs of nodes its inputs are.
        output_mapping_snaps: Which outputs of nodes its outputs are.
    """

    name: str
    input_def_snaps: Sequence[InputDefSnap] = []
    output_def_snaps: Sequence[OutputDefSnap] = []
    description: str | None = None
    tags: Mapping[str, str] = {}
    config_field_snap: ConfigFieldSnap | None = None
    dep_structure_snapshot: DependencyStructureSnapshot = DependencyStructureSnapshot()
    input_mapping_snaps: Sequence[InputMappingSnap] = []
    output_mapping_snaps: Sequence[OutputMappingSnap] = []


class ResourceDefSnap(Record, frozen=True):
    """A resource of a job.

    Args:
        name: Its key.
        description: What it is.
        config_field_snap: Its config.
    """

    name: str
    description: str | None = None
    config_field_snap: ConfigFieldSnap | None = None


class LoggerDefSnap(Record, frozen=True):
    """A logger of a job.

    Args:
        name: Its name.
        description: What it is.
        config_field_snap: Its config.
    """

    name: str
    description: str | None = None
    config_field_snap: ConfigFieldSnap | None = None


class JobLineageSnap(Record, frozen=True):
    """The job that a job is a selected part of.

    Args:
        parent_snapshot_id: The id of its snapshot.
        op_selection: The clauses that selected the part.
        resolved_op_selection: The handles that they mean.
    """

    parent_snapshot_id: str
    op_selection: Sequence[str] | None = None
    resolved_op_selection: Sequence[str] | None = None


class JobSnap(Record, frozen=True):
    """A job.

    Args:
        name: Its name.
        description: What it does.
        tags: Its tags.
        run_tags: The tags of its runs, if they are others.
        metadata: Its metadata.
        owners: Who cares for it.
        config_schema_snapshot: All config types of its run config and its types.
        root_config_key: The key of the type of its run config.
        dagster_type_snaps: The types of its inputs and outputs, by key.
        op_def_snaps: The definitions of its ops, by name.
        graph_def_snaps: The definitions of the graphs inside, by name.
        graph_def_name: The name of its graph.
        dep_structure_snapshot: Its nodes.
        resource_def_snaps: Its resources.
        logger_def_snaps: Its loggers.
        executor_def_name: Its executor.
        hook_names: Its hooks.
        retry_policy: The retry policy of ops that have none of their own.
        lineage_snapshot: The job that it is a part of.
    """

    name: str
    config_schema_snapshot: ConfigSchemaSnapshot
    root_config_key: str
    graph_def_name: str
    description: str | None = None
    tags: Mapping[str, str] = {}
    run_tags: Mapping[str, str] | None = None
    metadata: Mapping[str, MetadataValue] = {}
    owners: Sequence[str] | None = None
    dagster_type_snaps: Mapping[str, DagsterTypeSnap] = {}
    op_def_snaps: Mapping[str, OpDefSnap] = {}
    graph_def_snaps: Mapping[str, GraphDefSnap] = {}
    dep_structure_snapshot: DependencyStructureSnapshot = DependencyStructureSnapshot()
    resource_def_snaps: Sequence[ResourceDefSnap] = []
    logger_def_snaps: Sequence[LoggerDefSnap] = []
    executor_def_name: str | None = None
    hook_names: Sequence[str] = []
    retry_policy: RetryPolicy | None = None
    lineage_snapshot: JobLineageSnap | None = None

    @property
    def node_names(self) -> list[str]:
        """The names of its nodes."""
        return self.dep_structure_snapshot.node_names

    def get_node_def_snap(self, node_def_name: str) -> OpDefSnap | GraphDefSnap:
        """Return the definition of an op or graph inside, by name.

        Raises:
            KeyError: If there is none.
        """
        found = self.op_def_snaps.get(node_def_name) or self.graph_def_snaps.get(node_def_name)
        if found is None:
            raise KeyError(
                unknown("node definition", node_def_name, [*self.op_def_snaps, *self.graph_def_snaps])
            )
        return found
