"""Composite solids: solids made of solids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import dagster._check as check
from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.graph.decorator import build_graph
from dagster._core.definitions.graph.dependency import IDependencyDefinition
from dagster._core.definitions.inputs import InputDefinition, InputMapping
from dagster._core.definitions.naming import source_location
from dagster._core.definitions.node import NodeDefinition
from dagster._core.definitions.outputs import OutputDefinition, OutputMapping
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterInvariantViolationError
from dagster._legacy.solid_container import SolidContainer


class CompositeSolidDefinition(SolidContainer):
    """A solid made of solids.

    Most are made with :func:`composite_solid`.

    Args:
        name: Letters, digits and underscores.
        solid_defs: The definitions of the solids in it.
        input_mappings: Its inputs: ``InputDefinition(...).mapping_to("solid", "input")``.
        output_mappings: Its outputs: ``OutputDefinition(...).mapping_from("solid")``.
        config_mapping: A mapping from its own config to that of the solids in it.
        dependencies: For each solid (its name, or a :class:`SolidInvocation`), where each of its inputs
            comes from.
        description: For people.
        tags: Metadata for people.
        positional_inputs: The order of inputs given by position.
        node_defs: The newer name of ``solid_defs``.
        config: The newer name of ``config_mapping``.
        composition_fn: The function that it was made from.

    Raises:
        DagsterInvalidDefinitionError: If names do not fit together, or there is a circle.
    """

    node_kind = "composite solid"

    def __init__(
        self,
        name: str,
        solid_defs: Sequence[NodeDefinition] | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
        config_mapping: ConfigMapping | None = None,
        dependencies: Mapping[Any, Mapping[str, IDependencyDefinition]] | None = None,
        description: str | None = None,
        tags: Mapping[str, Any] | None = None,
        positional_inputs: Sequence[str] | None = None,
        *,
        node_defs: Sequence[NodeDefinition] | None = None,
        config: ConfigMapping | None = None,
        composition_fn: Callable[..., Any] | None = None,
        _composed: Any = None,
        _positional_inputs: Sequence[str] | None = None,
    ) -> None:
        super().__init__(
            name,
            description=description,
            node_defs=solid_defs if solid_defs is not None else node_defs,
            dependencies=dependencies,
            input_mappings=input_mappings,
            output_mappings=output_mappings,
            config=config_mapping or config,
            tags=tags,
            composition_fn=composition_fn,
            _composed=_composed,
            _positional_inputs=positional_inputs
            if positional_inputs is not None
            else _positional_inputs,
        )

    def call_outside_composition(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], invocation: Any = None
    ) -> Any:
        raise DagsterInvariantViolationError(
            f"Attempted to call {self.describe_node()} outside of a composition function. Call it in the "
            "function of a @pipeline or @composite_solid, or run it alone with "
            f"execute_solid({self.name})."
        )


def config_mapping_of(
    what: str, fn: Callable[..., Any], config_schema: Any, config_fn: Callable[..., Any] | None
) -> ConfigMapping | None:
    """Return the config mapping that the arguments of a decorator mean.

    Raises:
        DagsterInvalidDefinitionError: If one of the two is given without the other.
    """
    if config_schema is None and config_fn is None:
        return None
    if config_fn is None:
        raise DagsterInvalidDefinitionError(
            f"{what} has a config_schema but no config_fn{source_location(fn)}: nothing says what its config "
            "means for the solids in it. Give a function that takes the config and returns theirs."
        )
    if config_schema is None:
        raise DagsterInvalidDefinitionError(
            f"{what} has a config_fn but no config_schema{source_location(fn)}. If it takes no config, say "
            "so with config_schema={}."
        )
    return ConfigMapping(config_fn=config_fn, config_schema=config_schema)


@overload
def composite_solid(name: Callable[..., Any], /) -> CompositeSolidDefinition: ...


@overload
def composite_solid(
    name: str | None = ...,
    input_defs: Sequence[InputDefinition] | None = ...,
    output_defs: Sequence[OutputDefinition] | None = ...,
    description: str | None = ...,
    config_schema: Any = ...,
    config_fn: Callable[[Any], Any] | None = ...,
) -> Callable[[Callable[..., Any]], CompositeSolidDefinition]: ...


def composite_solid(
    name: Callable[..., Any] | str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    config_fn: Callable[[Any], Any] | None = None,
) -> CompositeSolidDefinition | Callable[[Callable[..., Any]], CompositeSolidDefinition]:
    """Make a composite solid of a function that calls solids.

    The function runs once, now: the calls in it only say what is connected to what.

    Args:
        name: The function, or the name. Default: the function's name.
        input_defs: What to say of inputs beyond the signature.
        output_defs: The outputs. Default: one, ``"result"``, if the function returns one.
        description: Default: the docstring.
        config_schema: The schema of its own config, with ``config_fn``.
        config_fn: Makes of its own config that of the solids in it, by name.

    Raises:
        DagsterInvalidDefinitionError: If inputs, outputs or config do not fit what is declared.
    """

    def decorate(fn: Callable[..., Any], given_name: str | None = None) -> CompositeSolidDefinition:
        what = f"@composite_solid '{given_name or getattr(fn, '__name__', fn)}'"
        built = build_graph(
            fn,
            decorator="@composite_solid",
            name=given_name,
            description=description,
            input_defs=input_defs,
            output_defs=output_defs,
            config=config_mapping_of(what, fn, config_schema, config_fn),
            graph_class=CompositeSolidDefinition,
        )
        assert isinstance(built, CompositeSolidDefinition)
        return built

    if callable(name):
        return decorate(name)
    given = check.opt_str_param(name, "name")
    return lambda fn: decorate(check.callable_param(fn, "composition_fn"), given)
