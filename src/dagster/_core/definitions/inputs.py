"""Inputs: what ops and graphs take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import dagster._check as check
from dagster._core.definitions.naming import check_valid_name
from dagster._core.definitions.sentinel import NO_VALUE, NoValueSentinel
from dagster._core.definitions.types.dagster_type import DagsterType, DagsterTypeKind
from dagster._core.definitions.types.resolve import resolve_dagster_type
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.metadata import MetadataValue, normalize_metadata
from dagster._text import shown

AssetKeySource = AssetKey | Callable[..., AssetKey] | None


class In:
    """An input of an op, keyed by its name in ``@op(ins={...})``.

    Args:
        dagster_type: The type; by default the annotation of the argument.
        description: For people.
        default_value: The value when nothing is connected; by default the default of the argument.
        metadata: Metadata that an input manager can read.
        asset_key: The asset that the input is, or a function of the :class:`InputContext` giving it.
        asset_partitions: The partitions of the asset, or a function of the context giving them.
        input_manager_key: The resource that loads the input in place of the I/O manager.
        root_manager_key: The older generation's: it loads the input only if no output feeds it.
    """

    __slots__ = (
        "asset_key",
        "asset_partitions",
        "connected_manager_key",
        "dagster_type",
        "default_value",
        "description",
        "input_manager_key",
        "metadata",
    )

    def __init__(
        self,
        dagster_type: Any = NoValueSentinel,
        description: str | None = None,
        default_value: Any = NoValueSentinel,
        metadata: Mapping[str, Any] | None = None,
        asset_key: AssetKeySource = None,
        asset_partitions: Any = None,
        input_manager_key: str | None = None,
        *,
        root_manager_key: str | None = None,
    ) -> None:
        self.dagster_type = (
            dagster_type if dagster_type is NO_VALUE else resolve_dagster_type(dagster_type)
        )
        self.description = check.opt_str_param(description, "description")
        self.default_value = default_value
        self.metadata = check.opt_mapping_param(metadata, "metadata", key_type=str)
        self.asset_key = asset_key
        self.asset_partitions = asset_partitions
        self.input_manager_key = check.opt_str_param(
            input_manager_key or root_manager_key, "input_manager_key"
        )
        self.connected_manager_key = input_manager_key

    def to_definition(
        self, name: str, annotation: Any = NoValueSentinel, default_value: Any = NoValueSentinel
    ) -> InputDefinition:
        """Return the named input, with what the function's signature adds where nothing is said."""
        dagster_type = self.dagster_type if self.dagster_type is not NO_VALUE else annotation
        return InputDefinition(
            name,
            None if dagster_type is NO_VALUE else dagster_type,
            description=self.description,
            default_value=self.default_value if self.default_value is not NO_VALUE else default_value,
            metadata=self.metadata,
            asset_key=self.asset_key,
            asset_partitions=self.asset_partitions,
            root_manager_key=self.input_manager_key,
            input_manager_key=self.connected_manager_key,
        )


class InputDefinition:
    """A named input. The older generation makes these; :class:`In` is their newer form.

    Args:
        name: The argument's name.
        dagster_type: The type; any type by default.
        description: For people.
        default_value: The value when nothing is connected.
        root_manager_key: The resource that loads the input if no output feeds it.
        metadata: Metadata that an input manager can read.
        asset_key: The asset that the input is, or a function giving it.
        asset_partitions: The partitions of the asset, or a function giving them.
        input_manager_key: The resource that loads the input in place of the I/O manager.
    """

    __slots__ = (
        "_default_value",
        "_type_not_set",
        "asset_key",
        "asset_partitions",
        "connected_manager_key",
        "dagster_type",
        "description",
        "input_manager_key",
        "metadata",
        "name",
        "passed_event",
    )

    def __init__(
        self,
        name: str,
        dagster_type: Any = None,
        description: str | None = None,
        default_value: Any = NoValueSentinel,
        root_manager_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        asset_key: AssetKeySource = None,
        asset_partitions: Any = None,
        *,
        input_manager_key: str | None = None,
    ) -> None:
        self.name = check_valid_name(name, "input name")
        #: What the step pipeline says of every value that passes its check; made with the first one.
        self.passed_event: Any = None
        self._type_not_set = dagster_type is None
        self.dagster_type: DagsterType = resolve_dagster_type(dagster_type)
        self.description = description
        self._default_value = default_value
        #: The resource that loads the input where nothing is connected.
        self.input_manager_key = input_manager_key or root_manager_key
        #: The resource that loads the input in place of the I/O manager of the output that feeds it.
        self.connected_manager_key = input_manager_key
        self.metadata: dict[str, MetadataValue] | Mapping[str, Any] = metadata or {}
        self.asset_key = asset_key
        self.asset_partitions = asset_partitions
        if default_value is not NO_VALUE:
            self._check_default(default_value)

    def _check_default(self, value: Any) -> None:
        dagster_type = self.dagster_type
        if dagster_type.is_nothing:
            if value is not None:
                raise DagsterInvalidDefinitionError(
                    f'Input "{self.name}" is of type Nothing, which orders without data and so cannot have a '
                    "default value."
                )
        # Checks of scalars need no context. Others run when the value is used.
        elif dagster_type.kind is DagsterTypeKind.SCALAR and dagster_type.is_builtin:
            result = dagster_type.type_check(None, value)
            if not result.success:
                optional = f" Use Optional[{dagster_type.display_name}]." if value is None else ""
                raise DagsterInvalidDefinitionError(
                    f"Type check failed for the default_value of input {self.name} of type "
                    f"{dagster_type.display_name}. Received value {shown(value)} of type "
                    f"{type(value).__name__}.{optional}"
                )

    @property
    def root_manager_key(self) -> str | None:
        """The resource that loads the input where nothing is connected."""
        return self.input_manager_key

    @property
    def normalized_metadata(self) -> dict[str, MetadataValue]:
        """The metadata as values that can be stored."""
        return normalize_metadata(self.metadata)

    @property
    def has_default_value(self) -> bool:
        """Whether there is a value for when nothing is connected."""
        return self._default_value is not NO_VALUE

    @property
    def default_value(self) -> Any:
        """The value for when nothing is connected."""
        check.invariant(self.has_default_value, f'Input "{self.name}" has no default value.')
        return self._default_value

    @property
    def is_type_given(self) -> bool:
        """Whether the user said a type."""
        return not self._type_not_set

    def mapping_to(
        self, node_name: str, input_name: str, fan_in_index: int | None = None
    ) -> InputMapping:
        """Return the mapping of this graph input to the input of a node inside the graph.

        Args:
            node_name: The node, by its name or alias in the graph.
            input_name: The node's input.
            fan_in_index: The place in the node's list of dependencies that this fills.
        """
        return InputMapping(
            self.name,
            node_name,
            input_name,
            fan_in_index,
            graph_input_description=self.description,
            dagster_type=self.dagster_type if self.is_type_given else None,
            definition=self,
        )

    def __repr__(self) -> str:
        return f"InputDefinition({self.name!r}, {self.dagster_type.display_name})"


class GraphIn:
    """An input of a graph, keyed by its name in ``@graph(ins={...})``.

    Args:
        description: For people.
    """

    __slots__ = ("description",)

    def __init__(self, description: str | None = None) -> None:
        self.description = check.opt_str_param(description, "description")

    def to_definition(self, name: str, annotation: Any = NoValueSentinel) -> InputDefinition:
        """Return the named input."""
        return InputDefinition(
            name, None if annotation is NO_VALUE else annotation, description=self.description
        )


class InputPointer:
    """An input of a node inside a graph: the node's name, the input's, and the place in a fan-in."""

    __slots__ = ("fan_in_index", "input_name", "node_name")

    def __init__(self, node_name: str, input_name: str, fan_in_index: int | None = None) -> None:
        self.node_name = node_name
        self.input_name = input_name
        self.fan_in_index = fan_in_index

    @property
    def solid_name(self) -> str:
        """The older name of ``node_name``."""
        return self.node_name

    def _key(self) -> tuple[str, str, int | None]:
        return (self.node_name, self.input_name, self.fan_in_index)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InputPointer) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


class InputMapping:
    """A graph's input connected to the input of a node inside.

    Args:
        graph_input_name: The graph's input. The older form gives the InputDefinition here, and an
            :class:`InputPointer` as the second argument.
        mapped_node_name: The node, by its name or alias in the graph.
        mapped_node_input_name: The node's input.
        fan_in_index: The place in the node's list of dependencies that this fills.
        graph_input_description: For people.
        dagster_type: The type of the graph's input; by default the node input's.
    """

    __slots__ = ("_definition", "dagster_type", "graph_input_description", "graph_input_name", "maps_to")

    def __init__(
        self,
        graph_input_name: Any = None,
        mapped_node_name: Any = None,
        mapped_node_input_name: str | None = None,
        fan_in_index: int | None = None,
        graph_input_description: str | None = None,
        dagster_type: Any = None,
        *,
        definition: InputDefinition | None = None,
        maps_to: InputPointer | None = None,
    ) -> None:
        if isinstance(graph_input_name, InputDefinition):
            definition, graph_input_name = graph_input_name, graph_input_name.name
        if isinstance(mapped_node_name, InputPointer):
            maps_to = mapped_node_name
        if maps_to is None:
            maps_to = InputPointer(
                check.str_param(mapped_node_name, "mapped_node_name"),
                check.str_param(mapped_node_input_name, "mapped_node_input_name"),
                check.opt_int_param(fan_in_index, "fan_in_index"),
            )
        self.graph_input_name: str = definition.name if definition is not None else graph_input_name
        check.str_param(self.graph_input_name, "graph_input_name")
        self.maps_to = maps_to
        self.graph_input_description = graph_input_description
        self.dagster_type = None if dagster_type is None else resolve_dagster_type(dagster_type)
        self._definition = definition

    @property
    def mapped_node_name(self) -> str:
        return self.maps_to.node_name

    @property
    def mapped_node_input_name(self) -> str:
        return self.maps_to.input_name

    @property
    def fan_in_index(self) -> int | None:
        return self.maps_to.fan_in_index

    @property
    def maps_to_fan_in(self) -> bool:
        """Whether this fills a place in a list of dependencies."""
        return self.maps_to.fan_in_index is not None

    @property
    def definition(self) -> InputDefinition:
        """The graph's input as a definition."""
        return self._definition or self.get_definition()

    def get_definition(self, inner: InputDefinition | None = None) -> InputDefinition:
        """Return the graph's input, taking type and default from the inner input where not said."""
        if self._definition is not None and self._definition.is_type_given:
            return self._definition
        known = self.dagster_type
        inner_type = inner.dagster_type if inner is not None and not self.maps_to_fan_in else None
        default = NO_VALUE
        for source in (self._definition, inner if not self.maps_to_fan_in else None):
            if source is not None and source.has_default_value and default is NO_VALUE:
                default = source.default_value
        return InputDefinition(
            self.graph_input_name,
            known or inner_type,
            description=self.graph_input_description
            or (self._definition.description if self._definition else None)
            or (inner.description if inner else None),
            default_value=default,
            root_manager_key=inner.input_manager_key if inner else None,
            input_manager_key=inner.connected_manager_key if inner else None,
            metadata=(inner.metadata if inner else None)
            or (self._definition.metadata if self._definition else None),
        )
