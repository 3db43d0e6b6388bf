"""Solids: ops whose function always takes the context first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, overload

import dagster._check as check
from dagster._core.definitions.inputs import In, InputDefinition
from dagster._core.definitions.op.decorator import build_op
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.op.function import OpFunction
from dagster._core.definitions.op.signature import read_signature
from dagster._core.definitions.outputs import Out, OutputDefinition
from dagster._core.records.retry import RetryPolicy
from dagster._legacy.context import SolidExecutionContext


class SolidDefinition(OpDefinition):
    """A unit of computation of the older interface.

    Most are made with :func:`solid`. It is an op: it may stand in graphs and jobs too.

    Args:
        name: Unique in a pipeline unless aliased. Letters, digits and underscores.
        input_defs: The inputs.
        compute_fn: A function ``fn(context, inputs: dict)`` that yields :class:`Output` objects.
        output_defs: The outputs. Default: one, ``"result"``.
        config_schema: The schema of the config that the solid takes. Default: anything.
        description: For people.
        tags: Metadata for the executor and for people. Values that are not strings must be JSON.
        required_resource_keys: The resources that it uses.
        positional_inputs: The order of inputs given by position. Default: that of ``input_defs``.
        version: The version of the code.
        retry_policy: When to run it again after a failure.
        ins: The inputs as ops have them, in place of ``input_defs``.
        outs: The outputs as ops have them, in place of ``output_defs``.
        code_version: The newer name of ``version``.
        pool: The concurrency pool that limits how many of these run at once.

    Raises:
        DagsterInvalidDefinitionError: If names are invalid or not unique.
    """

    node_kind = "solid"
    #: The class of the context that its function gets.
    context_class = SolidExecutionContext

    def __init__(
        self,
        name: str,
        input_defs: Sequence[InputDefinition] | None = None,
        compute_fn: Callable[..., Any] | OpFunction | None = None,
        output_defs: Sequence[OutputDefinition] | None = None,
        config_schema: Any = None,
        description: str | None = None,
        tags: Mapping[str, Any] | None = None,
        required_resource_keys: AbstractSet[str] | None = None,
        positional_inputs: Sequence[str] | None = None,
        version: str | None = None,
        retry_policy: RetryPolicy | None = None,
        *,
        ins: Mapping[str, In] | Sequence[InputDefinition] | None = None,
        outs: Mapping[str, Out] | Sequence[OutputDefinition] | None = None,
        code_version: str | None = None,
        pool: str | None = None,
    ) -> None:
        given_inputs: Any = ins
        if given_inputs is None:
            given_inputs = list(check.opt_sequence_param(input_defs, "input_defs", InputDefinition))
        given_outputs: Any = outs
        if given_outputs is None and output_defs is not None:
            given_outputs = list(check.sequence_param(output_defs, "output_defs", OutputDefinition))
        super().__init__(
            check.not_none(compute_fn, f'solid "{name}" needs a compute_fn(context, inputs).'),
            name,
            given_inputs,
            given_outputs,
            description=description,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            tags=tags,
            version=version,
            retry_policy=retry_policy,
            code_version=code_version,
            pool=pool,
            positional_inputs=list(positional_inputs) if positional_inputs is not None else None,
        )


@overload
def solid(name: Callable[..., Any], /) -> SolidDefinition: ...


@overload
def solid(
    name: str | None = ...,
    description: str | None = ...,
    input_defs: Sequence[InputDefinition] | None = ...,
    output_defs: Sequence[OutputDefinition] | None = ...,
    config_schema: Any = ...,
    required_resource_keys: AbstractSet[str] | None = ...,
    tags: Mapping[str, Any] | None = ...,
    version: str | None = ...,
    retry_policy: RetryPolicy | None = ...,
) -> Callable[[Callable[..., Any]], SolidDefinition]: ...


def solid(
    name: Callable[..., Any] | str | None = None,
    description: str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_defs: Sequence[OutputDefinition] | None = None,
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
) -> SolidDefinition | Callable[[Callable[..., Any]], SolidDefinition]:
    """Make a solid of a function that takes the context first, if it needs it, then its inputs.

    Args:
        name: The function, or the solid's name. Default: the function's name.
        description: Default: the docstring.
        input_defs: What to say of inputs beyond the signature; inputs of type Nothing are named only here.
        output_defs: The outputs. Default: one, ``"result"``, with the annotated type.
        config_schema: The schema of the solid's config. Default: anything.
        required_resource_keys: The resources that the function uses through ``context.resources``.
        tags: Metadata for the executor and for people.
        version: The version of the code.
        retry_policy: When to run it again after a failure.

    Raises:
        DagsterInvalidDefinitionError: If there is a config_schema and the first parameter is not the
            context (``context``, or a name that starts with an underscore), or signature and arguments
            contradict each other.
    """

    def decorate(fn: Callable[..., Any], given_name: str | None = None) -> SolidDefinition:
        return _build_solid(
            fn,
            "@solid",
            has_context=True,
            name=given_name,
            description=description,
            input_defs=input_defs,
            output_defs=output_defs,
            config_schema=config_schema,
            required_resource_keys=required_resource_keys,
            tags=tags,
            version=version,
            retry_policy=retry_policy,
        )

    if callable(name):
        return decorate(name)
    given = check.opt_str_param(name, "name")
    return lambda fn: decorate(check.callable_param(fn, "compute_fn"), given)


@overload
def lambda_solid(name: Callable[..., Any], /) -> SolidDefinition: ...


@overload
def lambda_solid(
    name: str | None = ...,
    description: str | None = ...,
    input_defs: Sequence[InputDefinition] | None = ...,
    output_def: OutputDefinition | None = ...,
) -> Callable[[Callable[..., Any]], SolidDefinition]: ...


def lambda_solid(
    name: Callable[..., Any] | str | None = None,
    description: str | None = None,
    input_defs: Sequence[InputDefinition] | None = None,
    output_def: OutputDefinition | None = None,
) -> SolidDefinition | Callable[[Callable[..., Any]], SolidDefinition]:
    """Make a solid of a function of its inputs alone, without the context.

    Args:
        name: The function, or the solid's name. Default: the function's name.
        description: Default: the docstring.
        input_defs: What to say of inputs beyond the signature.
        output_def: The output. Default: ``"result"``, with the annotated type.

    Raises:
        DagsterInvalidDefinitionError: If signature and arguments contradict each other.
    """

    def decorate(fn: Callable[..., Any], given_name: str | None = None) -> SolidDefinition:
        return _build_solid(
            fn,
            "@lambda_solid",
            has_context=False,
            name=given_name,
            description=description,
            input_defs=input_defs,
            output_defs=[output_def] if output_def is not None else None,
        )

    if callable(name):
        return decorate(name)
    given = check.opt_str_param(name, "name")
    return lambda fn: decorate(check.callable_param(fn, "compute_fn"), given)


def _build_solid(
    fn: Callable[..., Any],
    decorator: str,
    *,
    has_context: bool,
    name: str | None,
    description: str | None,
    input_defs: Sequence[InputDefinition] | None,
    output_defs: Sequence[OutputDefinition] | None,
    config_schema: Any = None,
    required_resource_keys: AbstractSet[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    version: str | None = None,
    retry_policy: RetryPolicy | None = None,
) -> SolidDefinition:
    inputs = check.opt_sequence_param(input_defs, "input_defs", InputDefinition)
    signature = read_signature(
        fn,
        decorator=decorator,
        has_context=has_context,
        is_solid=True,
        context_required=has_context and config_schema is not None,
        input_names={d.name for d in inputs},
    )
    built = build_op(
        fn,
        signature,
        decorator=decorator,
        name=name,
        description=description,
        ins={d.name: d for d in inputs},
        out=None
        if output_defs is None
        else list(check.sequence_param(output_defs, "output_defs", OutputDefinition)),
        config_schema=config_schema,
        required_resource_keys=required_resource_keys,
        tags=tags,
        version=version,
        retry_policy=retry_policy,
        op_class=SolidDefinition,
    )
    assert isinstance(built, SolidDefinition)
    return built
