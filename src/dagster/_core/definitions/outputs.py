"""Outputs: what ops and graphs give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster._check as check
from dagster._core.definitions.naming import check_valid_name
from dagster._core.definitions.sentinel import NO_VALUE, NoValueSentinel
from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.resolve import resolve_dagster_type
from dagster._core.records.metadata import MetadataValue, normalize_metadata

DEFAULT_OUTPUT = "result"
DEFAULT_IO_MANAGER_KEY = "io_manager"


class Out:
    """An output of an op, in ``@op(out=Out(...))`` or keyed by its name in ``@op(out={...})``.

    Args:
        dagster_type: The type; by default the annotation of the return value.
        description: For people.
        is_required: Whether every run of the op must give it. Default: True. What depends on an
            output that was not given is skipped.
        io_manager_key: The resource that stores it. Default: ``"io_manager"``.
        metadata: Metadata that the I/O manager can read.
        code_version: The version of the code that makes it.
        name: The older generation's way to name a single output.
        asset_key: The asset that the output is, or a function of the :class:`OutputContext`.
        asset_partitions: The partitions of the asset, or a function of the context.
    """

    __slots__ = (
        "asset_key",
        "asset_partitions",
        "code_version",
        "dagster_type",
        "description",
        "io_manager_key",
        "is_required",
        "metadata",
        "name",
    )
    is_dynamic = False

    def __init__(
        self,
        dagster_type: Any = NoValueSentinel,
        description: str | None = None,
        is_required: bool | None = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        code_version: str | None = None,
        *,
        name: str | None = None,
        asset_key: Any = None,
        asset_partitions: Any = None,
    ) -> None:
        self.dagster_type = (
            dagster_type if dagster_type is NO_VALUE else resolve_dagster_type(dagster_type)
        )
        self.description = check.opt_str_param(description, "description")
        self.is_required = True if is_required is None else check.bool_param(is_required, "is_required")
        self.io_manager_key = check.opt_str_param(io_manager_key, "io_manager_key")
        self.metadata = check.opt_mapping_param(metadata, "metadata", key_type=str)
        self.code_version = check.opt_str_param(code_version, "code_version")
        self.name = name
        self.asset_key = asset_key
        self.asset_partitions = asset_partitions

    def to_definition(
        self,
        name: str | None = None,
        annotation: Any = NoValueSentinel,
        code_version: str | None = None,
        description: str | None = None,
    ) -> OutputDefinition:
        """Return the named output, with what the function's annotation adds where nothing is said."""
        dagster_type = self.dagster_type if self.dagster_type is not NO_VALUE else annotation
        cls = DynamicOutputDefinition if self.is_dynamic else OutputDefinition
        return cls(
            None if dagster_type is NO_VALUE else dagster_type,
            name or self.name,
            description=self.description or description,
            is_required=self.is_required,
            io_manager_key=self.io_manager_key,
            metadata=self.metadata,
            asset_key=self.asset_key,
            asset_partitions=self.asset_partitions,
            code_version=self.code_version or code_version,
        )


class DynamicOut(Out):
    """An output that gives any number of values, each with a mapping key.

    What takes it runs once per key (``.map``), and ``.collect()`` gathers the results in a list.
    """

    __slots__ = ()
    is_dynamic = True


class MultiOut:
    """Several outputs by name, as one value. An older way to write ``out={...}``.

    Args:
        outs: The outputs by name.
    """

    __slots__ = ("outs",)

    def __init__(self, outs: Mapping[str, Out]) -> None:
        self.outs = check.mapping_param(outs, "outs", str, Out)


class OutputDefinition:
    """A named output. The older generation makes these; :class:`Out` is their newer form.

    Args:
        dagster_type: The type; any type by default.
        name: Default: ``"result"``.
        description: For people.
        is_required: Whether every run must give it. Default: True.
        io_manager_key: The resource that stores it. Default: ``"io_manager"``.
        metadata: Metadata that the I/O manager can read.
        asset_key: The asset that the output is, or a function of the :class:`OutputContext`.
        asset_partitions: The partitions of the asset, or a function of the context.
        code_version: The version of the code that makes it.
    """

    __slots__ = (
        "asset_key",
        "asset_partitions",
        "code_version",
        "dagster_type",
        "description",
        "io_manager_key",
        "is_required",
        "is_type_given",
        "metadata",
        "name",
    )
    is_dynamic = False

    def __init__(
        self,
        dagster_type: Any = None,
        name: str | None = None,
        description: str | None = None,
        is_required: bool | None = None,
        io_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        asset_key: Any = None,
        asset_partitions: Any = None,
        *,
        code_version: str | None = None,
    ) -> None:
        self.is_type_given = dagster_type is not None
        self.dagster_type: DagsterType = resolve_dagster_type(dagster_type)
        self.name = DEFAULT_OUTPUT if name is None else check_valid_name(name, "output name")
        self.description = description
        self.is_required = True if is_required is None else check.bool_param(is_required, "is_required")
        self.io_manager_key = io_manager_key or DEFAULT_IO_MANAGER_KEY
        self.metadata: Mapping[str, Any] = metadata or {}
        self.asset_key = asset_key
        self.asset_partitions = asset_partitions
        self.code_version = code_version

    @property
    def optional(self) -> bool:
        """Whether a run may leave it out."""
        return not self.is_required

    @property
    def normalized_metadata(self) -> dict[str, MetadataValue]:
        """The metadata as values that can be stored."""
        return normalize_metadata(self.metadata)

    def mapping_from(
        self, node_name: str, output_name: str | None = None, from_dynamic_mapping: bool = False
    ) -> OutputMapping:
        """Return the mapping of a node's output inside a graph to this output of the graph.

        Args:
            node_name: The node, by its name or alias in the graph.
            output_name: The node's output. Default: ``"result"``.
            from_dynamic_mapping: Whether the node runs once per mapping key.
        """
        return OutputMapping(
            self.name,
            node_name,
            output_name or DEFAULT_OUTPUT,
            graph_output_description=self.description,
            from_dynamic_mapping=from_dynamic_mapping,
            definition=self,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dagster_type.display_name}, {self.name!r})"


class DynamicOutputDefinition(OutputDefinition):
    """A named output that gives any number of values, each with a mapping key."""

    __slots__ = ()
    is_dynamic = True


class GraphOut:
    """An output of a graph.

    Args:
        description: For people.
    """

    __slots__ = ("description",)

    def __init__(self, description: str | None = None) -> None:
        self.description = check.opt_str_param(description, "description")

    def to_definition(self, name: str | None) -> OutputDefinition:
        """Return the named output."""
        return OutputDefinition(name=name, description=self.description)


class OutputPointer:
    """An output of a node inside a graph."""

    __slots__ = ("node_name", "output_name")

    def __init__(self, node_name: str, output_name: str = DEFAULT_OUTPUT) -> None:
        self.node_name = node_name
        self.output_name = output_name

    @property
    def solid_name(self) -> str:
        """The older name of ``node_name``."""
        return self.node_name


class OutputMapping:
    """The output of a node inside a graph as the graph's output.

    Args:
        graph_output_name: The graph's output. The older form gives the OutputDefinition here, and an
            :class:`OutputPointer` as the second argument.
        mapped_node_name: The node, by its name or alias in the graph.
        mapped_node_output_name: The node's output.
        graph_output_description: For people.
        dagster_type: The type; by default the node output's.
        from_dynamic_mapping: Whether the node runs once per mapping key.
    """

    __slots__ = (
        "_definition",
        "dagster_type",
        "from_dynamic_mapping",
        "graph_output_description",
        "graph_output_name",
        "maps_from",
    )

    def __init__(
        self,
        graph_output_name: Any = None,
        mapped_node_name: Any = None,
        mapped_node_output_name: str = DEFAULT_OUTPUT,
        graph_output_description: str | None = None,
        dagster_type: Any = None,
        from_dynamic_mapping: bool = False,
        *,
        definition: OutputDefinition | None = None,
        maps_from: OutputPointer | None = None,
    ) -> None:
        if isinstance(graph_output_name, OutputDefinition):
            definition = graph_output_name
        if isinstance(mapped_node_name, OutputPointer):
            maps_from = mapped_node_name
        if maps_from is None:
            maps_from = OutputPointer(
                check.str_param(mapped_node_name, "mapped_node_name"),
                check.str_param(mapped_node_output_name, "mapped_node_output_name"),
            )
        self.graph_output_name: str = check.str_param(
            definition.name if definition is not None else graph_output_name, "graph_output_name"
        )
        self.maps_from = maps_from
        self.graph_output_description = graph_output_description
        self.dagster_type = None if dagster_type is None else resolve_dagster_type(dagster_type)
        self.from_dynamic_mapping = from_dynamic_mapping
        self._definition = definition

    @property
    def mapped_node_name(self) -> str:
        return self.maps_from.node_name

    @property
    def mapped_node_output_name(self) -> str:
        return self.maps_from.output_name

    @property
    def definition(self) -> OutputDefinition:
        """The graph's output as a definition."""
        return self._definition or self.get_definition(None)

    def get_definition(self, inner: OutputDefinition | None) -> OutputDefinition:
        """Return the graph's output, taking type and the rest from the inner output where not said."""
        given = self._definition
        if given is not None and given.is_type_given:
            return given
        dynamic = self.from_dynamic_mapping or (inner is not None and inner.is_dynamic)
        cls = DynamicOutputDefinition if dynamic else OutputDefinition
        return cls(
            self.dagster_type or (inner.dagster_type if inner else None),
            self.graph_output_name,
            description=self.graph_output_description
            or (given.description if given else None)
            or (inner.description if inner else None),
            is_required=inner.is_required if inner else True,
            io_manager_key=inner.io_manager_key if inner else None,
            metadata=inner.metadata if inner else None,
        )
