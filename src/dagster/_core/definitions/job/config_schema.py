"""The schema of a job's run config, made from its graph, resources, loggers and executor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from dagster._config.config_type import Array
from dagster._config.configurable import ANY_CONFIG_SCHEMA, ConfigurableDefinition
from dagster._config.field import Field
from dagster._config.resolve import as_field
from dagster._config.shapes import Shape
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.types.builtin_schemas import FILE_MATERIALIZER
from dagster._core.errors import DagsterInvalidDefinitionError

if TYPE_CHECKING:
    from dagster._core.definitions.resource.definition import ResourceDefinition

#: Config for a node that a selection leaves out is allowed, so that one config serves all selections.
_IGNORED = Field(Any, is_required=False)
_NO_NAMES: frozenset[str] = frozenset()


class NodeSchemas:
    """Makes the fields of nodes. Nodes of one definition with the same open inputs share one field.

    Args:
        resource_defs: The job's resources: I/O managers may have config of inputs and outputs.
        children_key: The key under which a graph's nodes stand: ``ops``, or ``solids``.
        with_materializers: Whether outputs can be written by type materializers, as the older
            generation has it.
    """

    def __init__(
        self,
        resource_defs: Mapping[str, ResourceDefinition],
        children_key: str = "ops",
        with_materializers: bool = False,
    ) -> None:
        self._resource_defs = resource_defs
        self._children_key = children_key
        self._with_materializers = with_materializers
        self._known: dict[tuple[int, frozenset[str], frozenset[str]], Field] = {}

    def top(self, graph: GraphDefinition) -> Field:
        """Return the field of the whole graph of a job: of its own config, if it maps that to its nodes."""
        if graph.has_config_mapping:
            return Field(Shape({"config": graph.get_config_field()}))
        return Field(self.children(graph))

    def children(self, graph: GraphDefinition, ignored: Callable[[str], bool] | None = None) -> Shape:
        """Return the shape of the config of the nodes of a graph."""
        mapped: dict[str, set[str]] = {}
        for mapping in graph.input_mappings:
            mapped.setdefault(mapping.mapped_node_name, set()).add(mapping.mapped_node_input_name)
        fields: dict[str, Any] = {}
        for name, node in graph.node_dict.items():
            definition = node.definition
            edges = graph.dependencies.get(name) or {}
            taken = frozenset(mapped[name]) if name in mapped else _NO_NAMES
            if len(edges) == len(definition.input_dict):
                open_inputs = _NO_NAMES
            else:
                open_inputs = frozenset(
                    i for i in definition.input_dict if i not in edges and i not in taken
                )
            fields[name] = self.node(definition, open_inputs, taken)
        parent = graph.parent_graph_def
        if parent is not None:
            fields.update({n: _IGNORED for n in parent.node_dict if n not in fields})
        return Shape(fields)

    def node(
        self,
        definition: NodeDefinition,
        open_inputs: frozenset[str],
        mapped_inputs: frozenset[str] = _NO_NAMES,
    ) -> Field:
        """Return the field of one node.

        Args:
            definition: The op or graph.
            open_inputs: Its inputs that nothing feeds.
            mapped_inputs: Its inputs that are inputs of the graph around it.
        """
        key = (id(definition), open_inputs, mapped_inputs)
        field = self._known.get(key)
        if field is None:
            field = self._known[key] = self._make_field(definition, open_inputs, mapped_inputs)
        return field

    def _make_field(
        self, definition: NodeDefinition, open_inputs: frozenset[str], mapped_inputs: frozenset[str]
    ) -> Field:
        fields: dict[str, Any] = {}
        if definition.has_config_field:
            fields["config"] = definition.get_config_field()
        inputs = self.inputs(definition, open_inputs, mapped_inputs)
        if inputs:
            fields["inputs"] = Shape(inputs)
        outputs = self._outputs(definition)
        if outputs is not None:
            fields["outputs"] = outputs
        if isinstance(definition, GraphDefinition) and not definition.has_config_mapping:
            fields[self._children_key] = self.children(definition)
        return Field(Shape(fields))

    def inputs(
        self,
        definition: NodeDefinition,
        open_inputs: frozenset[str],
        mapped_inputs: frozenset[str] = _NO_NAMES,
    ) -> dict[str, Field]:
        """Return the fields of the inputs of a node that run config can give.

        Raises:
            DagsterInvalidDefinitionError: If an open input cannot be given in any way.
        """
        fields: dict[str, Field] = {}
        for name, input_def in definition.input_dict.items():
            is_open = name in open_inputs
            is_fed = not is_open and name not in mapped_inputs
            manager_key = input_def.connected_manager_key if is_fed else input_def.input_manager_key
            manager_schema = self._manager_schema(manager_key, "input_config_schema")
            if manager_schema is not None:
                fields[name] = manager_schema
            elif is_open and input_def.input_manager_key is None:
                field = loader_field(definition, input_def)
                if field is not None:
                    fields[name] = field
        return fields

    def _outputs(self, definition: NodeDefinition) -> Any:
        managed: dict[str, Any] = {}
        for name, output_def in definition.output_dict.items():
            schema = self._manager_schema(output_def.io_manager_key, "output_config_schema")
            if schema is not None:
                managed[name] = schema
        if managed:
            return Shape(managed)
        if not self._with_materializers:
            return None
        materialized: dict[str, Any] = {}
        for name, output_def in definition.output_dict.items():
            materializer = output_def.dagster_type.materializer or FILE_MATERIALIZER
            if not output_def.dagster_type.is_nothing:
                materialized[name] = Field(materializer.schema_type, is_required=False)
        if not materialized:
            return None
        return Field(Array(Shape(materialized)), is_required=False)

    def _manager_schema(self, resource_key: str | None, attribute: str) -> Field | None:
        if resource_key is None:
            return None
        schema = getattr(self._resource_defs.get(resource_key), attribute, None)
        if schema is None:
            return None
        return schema.as_field() if hasattr(schema, "as_field") else as_field(schema)


def loader_field(definition: NodeDefinition, input_def: InputDefinition) -> Field | None:
    """Return the field by which config gives an input that nothing is connected to.

    Raises:
        DagsterInvalidDefinitionError: If the type has no loader and the input has no default.
    """
    if input_def.dagster_type.is_nothing:
        return None
    loader = input_def.dagster_type.loader
    if loader is not None:
        required = False if input_def.has_default_value else None
        return Field(loader.schema_type, is_required=required)
    if not input_def.has_default_value and input_def.asset_key is None:
        raise DagsterInvalidDefinitionError(
            f"Input '{input_def.name}' in {definition.describe_node()} is not connected to the output of a "
            "previous node and can not be loaded from configuration, making it impossible to execute. "
            "Connect it, give it a default value or an input_manager_key, or give its type "
            f"'{input_def.dagster_type.display_name}' a loader."
        )
    return None


def configurables_field(
    definitions: Mapping[str, ConfigurableDefinition],
    *,
    always_optional: bool = False,
    needed: AbstractSet[str] | None = None,
) -> Field:
    """Return the field of named definitions, each with its ``config``: resources or loggers.

    Args:
        definitions: The definitions by name.
        always_optional: Whether all may be left out, whatever config they require.
        needed: The names of those that may not, if they require config. Default: all.
    """
    fields: dict[str, Field] = {}
    for name, definition in definitions.items():
        config = {"config": definition.get_config_field()} if definition.has_config_field else {}
        optional = always_optional or (needed is not None and name not in needed)
        fields[name] = Field(Shape(config), is_required=False if optional else None)
    return Field(Shape(fields))


def build_run_config_schema(
    *,
    graph: GraphDefinition,
    resource_defs: Mapping[str, ResourceDefinition],
    logger_defs: Mapping[str, Any],
    executor_def: Any,
    open_inputs: frozenset[str],
    needed_resources: AbstractSet[str],
) -> Shape:
    """Return the schema of a job's run config, as the newer generation has it.

    Args:
        graph: The job's graph.
        resource_defs: Its resources.
        logger_defs: Its loggers.
        executor_def: Its executor.
        open_inputs: The graph's inputs that have no direct value.
        needed_resources: The keys of the resources that something uses.
    """
    schemas = NodeSchemas(resource_defs)
    executor = {"config": executor_def.get_config_field()} if executor_def.has_config_field else {}
    fields: dict[str, Any] = {
        "execution": Field(Shape(executor)),
        "loggers": configurables_field(logger_defs, always_optional=True),
        "ops": schemas.top(graph),
        "resources": configurables_field(resource_defs, needed=needed_resources),
    }
    inputs = schemas.inputs(graph, open_inputs)
    if inputs:
        fields["inputs"] = Shape(inputs)
    return Shape(fields)


def needs_no_config(definition: NodeDefinition) -> bool:
    """Return whether an op takes any config or none, so that there is nothing to resolve for it."""
    return definition.config_schema is ANY_CONFIG_SCHEMA
