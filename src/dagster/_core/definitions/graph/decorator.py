"""``@graph``: a function that calls ops becomes a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, overload

import dagster._check as check
from dagster._core.definitions.config_mapping import ConfigMapping
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.invocation import (
    Composition,
    InputMappingNode,
    InvokedNodeDynamicFanIn,
    InvokedNodeDynamicOutputWrapper,
    InvokedNodeOutputHandle,
    compose,
)
from dagster._core.definitions.inputs import GraphIn, InputDefinition, InputMapping
from dagster._core.definitions.naming import description_of, source_location
from dagster._core.definitions.op.signature import Parameter, read_signature
from dagster._core.definitions.outputs import GraphOut, OutputDefinition, OutputMapping
from dagster._core.definitions.sentinel import NO_VALUE
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import did_you_mean, listed, shown


@overload
def graph(compose_fn: Callable[..., Any], /) -> GraphDefinition: ...


@overload
def graph(
    *,
    name: str | None = ...,
    description: str | None = ...,
    input_defs: Sequence[InputDefinition] | None = ...,
    output_defs: Sequence[OutputDefinition] | None = ...,
    ins: Mapping[str, GraphIn] | None = ...,
    out: GraphOut | Mapping[str, GraphOut] | None = ...,
    tags: Mapping[str, Any] | None = ...,
    config: ConfigMapping | Mapping[str, Any] | None = ...,
) -> Callable[[Callable[..., Any]], GraphDefinition]: ...


def graph(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: ConfigMapping | Mapping[str, Any] | None = None,
) -> GraphDefinition | Callable[[Callable[..., Any]], GraphDefinition]:
    """Make a graph of a function that calls ops and other graphs.

    The function runs once, now: the calls in it only say what is connected to what. Its parameters are
    the graph's inputs; what it returns, its outputs: one output, a tuple, or a dict by name.

    Args:
        compose_fn: The function.
        name: Default: the function's name.
        description: Default: the docstring.
        input_defs: The older form of ``ins``.
        output_defs: The older form of ``out``.
        ins: What to say of inputs.
        out: The output, or several by name.
        tags: Metadata for people.
        config: A config mapping, or config that the nodes in it always have.

    Raises:
        DagsterInvalidDefinitionError: If the function does something with outputs other than passing
            them on, or inputs and outputs do not fit what is declared.
    """

    def decorate(fn: Callable[..., Any]) -> GraphDefinition:
        return build_graph(
            fn,
            decorator="@graph",
            name=name,
            description=description,
            ins=ins,
            out=out,
            input_defs=input_defs,
            output_defs=output_defs,
            tags=tags,
            config=config_mapping_of(config),
        )

    return decorate if compose_fn is None else decorate(check.callable_param(compose_fn, "compose_fn"))


def config_mapping_of(config: ConfigMapping | Mapping[str, Any] | None) -> ConfigMapping | None:
    """Return the config mapping that a graph's ``config`` argument means."""
    if config is None or isinstance(config, ConfigMapping):
        return config
    fixed = dict(check.mapping_param(config, "config", key_type=str))
    return ConfigMapping(config_fn=lambda _: fixed, config_schema={})


def build_graph(
    fn: Callable[..., Any],
    *,
    decorator: str,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: ConfigMapping | None = None,
    graph_class: type[GraphDefinition] = GraphDefinition,
    ignore_result: bool = False,
) -> GraphDefinition:
    """Return the graph that a function composes. Shared by all decorators of graphs.

    With ``ignore_result`` what the function returns makes no outputs.
    """
    graph_name = name or getattr(fn, "__name__", "graph")
    what = f"{decorator} '{graph_name}'"
    signature = read_signature(fn, decorator=decorator, has_context=False)
    signature.refuse_varargs(what, fn)
    inputs = _graph_inputs(what, fn, signature.inputs, ins, input_defs)
    composition = Composition(graph_name, decorator)
    result = compose(composition, fn, {name: InputMappingNode(name) for name in inputs})
    input_mappings = [
        InputMapping(
            m.graph_input_name,
            m.mapped_node_name,
            m.mapped_node_input_name,
            m.fan_in_index,
            definition=inputs[m.graph_input_name],
        )
        for m in composition.input_mappings
    ]
    order = {input_name: position for position, input_name in enumerate(inputs)}
    input_mappings.sort(key=lambda m: order[m.graph_input_name])
    mapped = {m.graph_input_name for m in input_mappings}
    unused = [input_name for input_name in inputs if input_name not in mapped]
    if unused:
        returned = result if isinstance(result, tuple) else (result,)
        if any(isinstance(r, InputMappingNode) and r.input_name == unused[0] for r in returned):
            _output_mapping(what, fn, "result", InputMappingNode(unused[0]), None)
        raise DagsterInvalidDefinitionError(
            f"{what} decorated function has unmapped input '{unused[0]}'{source_location(fn)}. Pass it to "
            "an op or graph in the function, or remove the parameter."
        )
    return graph_class(
        graph_name,
        description=description or description_of(fn),
        input_mappings=input_mappings,
        output_mappings=(
            []
            if ignore_result
            else _output_mappings(what, fn, result, out, output_defs, signature.returns)
        ),
        config=config,
        tags=tags,
        composition_fn=fn,
        _composed=(composition.nodes, composition.dependencies),
        _positional_inputs=list(inputs),
    )


def _graph_inputs(
    what: str,
    fn: Callable[..., Any],
    parameters: Sequence[Parameter],
    ins: Mapping[str, GraphIn] | None,
    input_defs: Sequence[InputDefinition] | None,
) -> dict[str, InputDefinition]:
    given: dict[str, Any] = {d.name: d for d in input_defs or ()}
    given.update(check.opt_mapping_param(ins, "ins", str, GraphIn))
    names = [p.name for p in parameters]
    for input_name in given:
        if input_name not in names:
            raise DagsterInvalidDefinitionError(
                f"{what} decorated function does not have parameter '{input_name}' that is in its inputs"
                f"{source_location(fn)}.{did_you_mean(input_name, names)} The function takes: {listed(names)}."
            )
    inputs: dict[str, InputDefinition] = {}
    for parameter in parameters:
        declared = given.get(parameter.name)
        if isinstance(declared, InputDefinition):
            inputs[parameter.name] = declared
            continue
        inputs[parameter.name] = InputDefinition(
            parameter.name,
            None if parameter.annotation is NO_VALUE else parameter.annotation,
            description=declared.description if declared is not None else None,
            default_value=parameter.default,
        )
    return inputs


def _output_mappings(
    what: str,
    fn: Callable[..., Any],
    result: Any,
    out: GraphOut | Mapping[str, GraphOut] | None,
    output_defs: Sequence[OutputDefinition] | None,
    _returns: Any,
) -> list[OutputMapping]:
    declared: list[OutputDefinition] | None = None
    if output_defs is not None:
        declared = list(output_defs)
    elif isinstance(out, GraphOut):
        declared = [out.to_definition(None)]
    elif out is not None:
        items = check.mapping_param(out, "out", str, GraphOut).items()
        declared = [item.to_definition(output_name) for output_name, item in items]

    if result is None:
        if declared:
            raise DagsterInvalidDefinitionError(
                f"{what} has unmapped output '{declared[0].name}': the function returns nothing"
                f"{source_location(fn)}. Return the output of an op."
            )
        return []
    by_name: dict[str, Any]
    if isinstance(result, dict):
        by_name = result
    elif isinstance(result, tuple) and hasattr(result, "_asdict") and declared is None:
        by_name = dict(zip(getattr(result, "_fields", ()), result, strict=True))
    elif isinstance(result, tuple):
        if declared is None:
            raise DagsterInvalidDefinitionError(
                f"{what} returned a tuple. Name the outputs with out={{...}} to use tuple "
                f"syntax{source_location(fn)}, or return a dict of names to outputs."
            )
        if len(result) != len(declared):
            raise DagsterInvalidDefinitionError(
                f"{what} returned a tuple of {len(result)} outputs but declares {len(declared)}"
                f"{source_location(fn)}."
            )
        by_name = {d.name: r for d, r in zip(declared, result, strict=True)}
    else:
        by_name = {declared[0].name if declared else "result": result}
    if declared is not None:
        _check_declared(what, fn, by_name, declared)
    definitions = {d.name: d for d in declared or ()}
    return [
        _output_mapping(what, fn, output_name, handle, definitions.get(output_name))
        for output_name, handle in by_name.items()
    ]


def _check_declared(
    what: str,
    fn: Callable[..., Any],
    by_name: Mapping[str, Any],
    declared: Sequence[OutputDefinition],
) -> None:
    names = [d.name for d in declared]
    for output_name in by_name:
        if output_name not in names:
            raise DagsterInvalidDefinitionError(
                f'{what} returned output "{output_name}", which it does not declare{source_location(fn)}.'
                f"{did_you_mean(output_name, names)} Declared: {listed(names)}."
            )
    for output_name in names:
        if output_name not in by_name:
            raise DagsterInvalidDefinitionError(
                f"{what} has unmapped output '{output_name}'{source_location(fn)}. Return the output of an "
                "op for it, or take it out of the declaration."
            )


def _output_mapping(
    what: str,
    fn: Callable[..., Any],
    output_name: str,
    handle: Any,
    definition: OutputDefinition | None,
) -> OutputMapping:
    if isinstance(handle, (InvokedNodeOutputHandle, InvokedNodeDynamicOutputWrapper)):
        return OutputMapping(
            output_name,
            handle.node_name,
            handle.output_name,
            from_dynamic_mapping=isinstance(handle, InvokedNodeDynamicOutputWrapper),
            definition=definition,
        )
    if isinstance(handle, InputMappingNode):
        reason = f'its input "{handle.input_name}". An input cannot be an output as it is: pass it through an op'
    elif isinstance(handle, InvokedNodeDynamicFanIn):
        reason = (
            "a collected list. A list is made when an op takes it: pass .collect() to an op and return its "
            "output"
        )
    else:
        reason = shown(handle)
    raise DagsterInvalidDefinitionError(
        f'{what} returned problematic value for output "{output_name}": {reason}{source_location(fn)}. '
        "Expected the output of an op or graph that the function calls."
    )
