"""``@op``: a function becomes an op."""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

import dagster._check as check
from dagster._config.pythonic_annotation import plain_config_type
from dagster._core.definitions.inputs import In, InputDefinition
from dagster._core.definitions.naming import description_of, source_location
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.op.function import DecoratedOpFunction
from dagster._core.definitions.op.signature import Signature, read_signature
from dagster._core.definitions.outputs import DynamicOut, MultiOut, Out, OutputDefinition
from dagster._core.definitions.sentinel import NO_VALUE
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import DynamicOutput, Output
from dagster._text import did_you_mean, listed

# Annotations of generators and of coroutines say nothing about the type of the output.
_STREAM_ORIGINS = frozenset(
    getattr(typing.get_origin(t), "__name__", "")
    for t in (
        typing.Iterator[int],
        typing.Generator[int, None, None],
        typing.Iterable[int],
        typing.AsyncIterator[int],
        typing.AsyncGenerator[int, None],
        typing.AsyncIterable[int],
    )
)


@overload
def op(compute_fn: Callable[..., Any], /) -> OpDefinition: ...


@overload
def op(
    *,
    name: str | None = ...,
    description: str | None = ...,
    ins: Mapping[str, In] | None = ...,
    out: Out | Mapping[str, Out] | MultiOut | None = ...,
    config_schema: Any = ...,
    required_resource_keys: AbstractSet[str] | None = ...,
    tags: Mapping[str, Any] | None = ...,
    version: str | None = ...,
    retry_policy: RetryPolicy | None = ...,
    code_version: str | None = ...,
    pool: str | None = ...,
    input_defs: Sequence[InputDefinition] | None = ...,
    output_defs: Sequence[OutputDefinition] | None = ...,
) -> Callable[[Callable[..., Any]], OpDefinition]: ...


def op(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, In] | None = None,
    out: Out | Mapping[str, Out] | MultiOut | None = None,
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    pool: str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
) -> OpDefinition | Callable[[Callable[..., Any]], OpDefinition]:
    """Make an op of a function.

    The function may take the context as its first parameter (``context``, ``_context``, ``context_`` or
    ``_``), config as ``config`` annotated with a Config class or a plain type like ``dict``, resources as
    parameters annotated with their class, and its inputs. It may be plain, a generator, a coroutine or an async generator.

    Args:
        compute_fn: The function.
        name: Default: the function's name.
        description: Default: the docstring.
        ins: What to say of inputs beyond the signature; inputs of type Nothing are named only here.
        out: The output, or several by name.
        config_schema: The schema of the op's config. Default: anything.
        required_resource_keys: The resources that the function uses through ``context.resources``.
        tags: Metadata for the executor and for people.
        version: The older name of ``code_version``.
        retry_policy: When to run it again after a failure.
        code_version: The version of the code.
        pool: The concurrency pool.
        input_defs: The older form of ``ins``.
        output_defs: The older form of ``out``.

    Raises:
        DagsterInvalidDefinitionError: If signature and arguments contradict each other.
    """

    def decorate(fn: Callable[..., Any]) -> OpDefinition:
        inputs: Mapping[str, In | InputDefinition] = (
            check.mapping_param(ins, "ins", str, In)
            if ins is not None
            else {d.name: d for d in input_defs or ()}
        )
        signature = read_signature(
            check.callable_param(fn, "compute_fn"), decorator="@op", input_names=inputs
        )
        return build_op(
            fn,
            signature,
            decorator="@op",
            name=name,
            description=description,
            ins=inputs,
            out=list(output_defs) if output_defs is not None else out,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            tags=tags,
            version=code_version or version,
            retry_policy=retry_policy,
            pool=pool,
        )

    return decorate if compute_fn is None else decorate(compute_fn)


def build_op(
    fn: Callable[..., Any],
    signature: Signature,
    *,
    decorator: str,
    name: str | None,
    description: str | None,
    ins: Mapping[str, In | InputDefinition],
    out: Any,
    config_schema: Any,
    required_resource_keys: AbstractSet[str] | None,
    tags: Mapping[str, Any] | None,
    version: str | None,
    retry_policy: RetryPolicy | None,
    pool: str | None = None,
    op_class: type[OpDefinition] = OpDefinition,
) -> OpDefinition:
    """Return the op of a function whose signature has been read. Shared by all decorators of ops."""
    op_name = name or getattr(fn, "__name__", type(fn).__name__)
    signature.refuse_varargs(f"{decorator} '{op_name}'", fn)
    function = DecoratedOpFunction(fn, signature)
    if signature.config is not None:
        if config_schema is not None:
            raise DagsterInvalidDefinitionError(
                f"{decorator} '{op_name}' has both a config_schema and a parameter 'config' annotated "
                f"with {getattr(signature.config.annotation, '__name__', signature.config.annotation)}{source_location(fn)}. Use one of them."
            )
        config_schema = function.config_class or plain_config_type(signature.config.annotation)
    keys = set(check.opt_set_param(required_resource_keys, "required_resource_keys", str))
    twice = keys & {p.name for p in signature.resources}
    if twice:
        raise DagsterInvalidDefinitionError(
            f"{decorator} '{op_name}' names {listed(sorted(twice))} both in required_resource_keys and as "
            f"a parameter annotated with a resource class{source_location(fn)}. Use one of them."
        )
    return op_class(
        compute_fn=function,
        name=op_name,
        ins=_input_defs(ins, signature, f"{decorator} '{op_name}'", fn),
        outs=_output_defs(out, signature, version, f"{decorator} '{op_name}'", fn),
        description=description or description_of(fn),
        config_schema=config_schema,
        required_resource_keys=keys | {p.name for p in signature.resources},
        tags=tags,
        code_version=version,
        retry_policy=retry_policy,
        pool=pool,
        positional_inputs=[p.name for p in signature.inputs],
    )


def _input_defs(
    ins: Mapping[str, In | InputDefinition], signature: Signature, what: str, fn: Callable[..., Any]
) -> list[InputDefinition]:
    defs: list[InputDefinition] = []
    parameters = {p.name: p for p in signature.inputs}
    for parameter in signature.inputs:
        given = ins.get(parameter.name)
        if given is None:
            definition = InputDefinition(
                parameter.name,
                None if parameter.annotation is NO_VALUE else parameter.annotation,
                default_value=parameter.default,
            )
        elif isinstance(given, In):
            definition = given.to_definition(parameter.name, parameter.annotation, parameter.default)
        else:
            definition = _with_signature(given, parameter.annotation, parameter.default)
        if definition.dagster_type.is_nothing:
            raise DagsterInvalidDefinitionError(
                f"{what} decorated function has parameter '{parameter.name}', but that input is of type "
                f"Nothing, which carries no value{source_location(fn)}. Remove the parameter and name the "
                f"input in the decorator: ins={{'{parameter.name}': In(Nothing)}}."
            )
        defs.append(definition)
    for input_name, given in ins.items():
        if input_name in parameters:
            continue
        definition = given.to_definition(input_name) if isinstance(given, In) else given
        if not definition.dagster_type.is_nothing and not signature.takes_any_keyword:
            raise DagsterInvalidDefinitionError(
                f"{what} decorated function does not have the parameter '{input_name}' that its inputs "
                f"name{source_location(fn)}.{did_you_mean(input_name, parameters)} The function takes: "
                f"{listed(parameters)}."
            )
        defs.append(definition)
    return defs


def _with_signature(given: InputDefinition, annotation: Any, default: Any) -> InputDefinition:
    """Return an older definition with the annotation and default of its parameter where it has none."""
    add_type = not given.is_type_given and annotation is not NO_VALUE
    add_default = not given.has_default_value and default is not NO_VALUE
    if not (add_type or add_default):
        return given
    return InputDefinition(
        given.name,
        annotation if add_type else given.dagster_type if given.is_type_given else None,
        given.description,
        default if add_default else given.default_value if given.has_default_value else NO_VALUE,
        given.input_manager_key,
        given.metadata,
        given.asset_key,
        given.asset_partitions,
        input_manager_key=given.connected_manager_key,
    )


def _output_defs(
    out: Any, signature: Signature, version: str | None, what: str, fn: Callable[..., Any]
) -> list[OutputDefinition]:
    if isinstance(out, MultiOut):
        out = out.outs
    if isinstance(out, list):
        return list(out)
    is_plain = out is None or (isinstance(out, Out) and not out.is_dynamic)
    if is_plain and _is_class(signature.returns, DynamicOutput):
        raise DagsterInvalidDefinitionError(
            f"{what} is annotated with return type DynamicOutput{source_location(fn)}. DynamicOutputs can "
            "only be returned in a List: annotate List[DynamicOutput[...]], or use Output for a single "
            "value."
        )
    if out is None:
        return _outputs_of_annotation(signature.returns, version)
    if isinstance(out, Out):
        annotation = _value_annotation(signature.returns)
        return [out.to_definition(None, annotation, version)]
    outs = check.mapping_param(out, "out", str, Out)
    annotations = _tuple_annotations(signature.returns, len(outs))
    if annotations is None:
        raise DagsterInvalidDefinitionError(
            f"{what} has {len(outs)} outputs ({listed(outs)}), but its return annotation is a tuple of "
            f"{len(typing.get_args(signature.returns))}{source_location(fn)}. Annotate one type for each "
            "output."
        )
    return [
        item.to_definition(name, annotation, version)
        for (name, item), annotation in zip(outs.items(), annotations, strict=True)
    ]


def _outputs_of_annotation(returns: Any, version: str | None) -> list[OutputDefinition]:
    annotation = _value_annotation(returns)
    if _is_dynamic(returns):
        return [DynamicOut(code_version=version).to_definition(None, annotation)]
    return [OutputDefinition(None if annotation is NO_VALUE else annotation, code_version=version)]


def _is_dynamic(returns: Any) -> bool:
    args = typing.get_args(returns)
    return bool(args) and any(_is_class(a, DynamicOutput) for a in args)


def _is_class(annotation: Any, cls: type) -> bool:
    return annotation is cls or typing.get_origin(annotation) is cls


def _value_annotation(returns: Any) -> Any:
    """Return the type of the value that a return annotation promises, NO_VALUE if it promises none.

    ``Output[int]`` promises an int; so do ``List[DynamicOutput[int]]`` and
    ``Iterator[DynamicOutput[int]]`` for each value. Other generators promise nothing that can be known.
    """
    if returns is NO_VALUE:
        return NO_VALUE
    if returns is None or returns is type(None):
        return type(None)
    for wrapper in (Output, DynamicOutput):
        if _is_class(returns, wrapper):
            args = typing.get_args(returns)
            return args[0] if args else NO_VALUE
    args = typing.get_args(returns)
    dynamic = next((a for a in args if _is_class(a, DynamicOutput)), None)
    if dynamic is not None:
        return _value_annotation(dynamic)
    origin = typing.get_origin(returns)
    if getattr(origin or returns, "__name__", "") in _STREAM_ORIGINS:
        return NO_VALUE
    return returns


def _tuple_annotations(returns: Any, count: int) -> list[Any] | None:
    """Return the type of each of several outputs; None if the annotation is a tuple of other length."""
    args = typing.get_args(returns)
    if count > 1 and typing.get_origin(returns) is tuple and args and Ellipsis not in args:
        return [_value_annotation(a) for a in args] if len(args) == count else None
    if count == 1:
        return [_value_annotation(returns)]
    return [NO_VALUE] * count
