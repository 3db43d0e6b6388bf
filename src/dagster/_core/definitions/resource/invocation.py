"""Calling a resource definition outside a run: ``my_resource(build_init_resource_context())``."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping, Sequence
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from dagster._config.configurable import ANY_CONFIG_SCHEMA
from dagster._core.definitions.resource.config import resolve_definition_config
from dagster._core.definitions.resource.context import InitResourceContext
from dagster._core.definitions.resource.requirement import (
    ResourceRequirement,
    ensure_requirements_satisfied,
)
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._text import expected

if TYPE_CHECKING:
    from dagster._core.definitions.resource.definition import ResourceDefinition

_BUILD = "Use the `build_init_resource_context` function to construct a context"


def invoke_resource(
    definition: ResourceDefinition, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Make the resource of a definition with the context that a caller gave.

    A function that yields its resource gives a context manager, so that the caller tears it down.
    """
    if definition.context_parameter is None:
        if args or kwargs:
            raise DagsterInvalidInvocationError(
                "Attempted to invoke resource with argument, but underlying function has no context "
                "argument. Either specify a context argument on the resource function, or remove the "
                "passed-in argument."
            )
        result = definition.resource_fn()
    else:
        context = _context_argument(definition, args, kwargs)
        result = definition.resource_fn(_bound_context(definition, context))
    return _opened(result) if isinstance(result, GeneratorType) else result


@contextlib.contextmanager
def _opened(generator: Generator[Any, None, None]) -> Generator[Any, None, None]:
    yield from generator


def _context_argument(
    definition: ResourceDefinition, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> InitResourceContext | None:
    parameter = definition.context_parameter
    assert parameter is not None
    if len(args) + len(kwargs) > 1:
        raise DagsterInvalidInvocationError(
            "Initialization of resource received multiple arguments. Only a first positional context "
            "parameter should be provided when invoking."
        )
    if args:
        context = args[0]
    elif kwargs:
        if parameter.name not in kwargs:
            raise DagsterInvalidInvocationError(
                f"Resource initialization expected argument '{parameter.name}', "
                f"got: '{next(iter(kwargs))}'."
            )
        context = kwargs[parameter.name]
    elif parameter.default is not parameter.empty:
        context = parameter.default
    else:
        raise DagsterInvalidInvocationError(
            "Resource initialization function has context argument, but no context was provided when "
            f"invoking. {_BUILD}, or pass None."
        )
    if context is not None and not isinstance(context, InitResourceContext):
        raise DagsterInvalidInvocationError(
            expected(parameter.name, "a context made by build_init_resource_context, or None", context)
        )
    return context


def _bound_context(
    definition: ResourceDefinition, context: InitResourceContext | None
) -> InitResourceContext | None:
    if context is None:
        if definition.required_resource_keys:
            raise DagsterInvalidInvocationError(
                "Resource has required resources, but no context was provided. "
                f"{_BUILD} with the required resources."
            )
        if definition.config_schema is ANY_CONFIG_SCHEMA:
            return None
        if definition.get_config_field().is_required:
            raise DagsterInvalidInvocationError(
                "Resource has required config schema, but no context was provided. "
                f"{_BUILD} with config."
            )
        # The function reads its defaults, or what it was configured with, from a context.
        context = InitResourceContext(None)
    ensure_requirements_satisfied(
        context.resources.original_resource_dict if definition.required_resource_keys else {},
        (
            ResourceRequirement(key, "the resource that is called")
            for key in sorted(definition.required_resource_keys)
        ),
    )
    config = resolve_definition_config(
        definition, context.resource_config, "Error in config for resource"
    )
    return context.with_changes(
        resource_config=config, resource_def=definition, resources=context.resources
    )
