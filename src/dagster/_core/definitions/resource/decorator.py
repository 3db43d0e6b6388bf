"""``@resource`` and resources made from a schema alone."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, overload

import dagster._check as check
from dagster._config.field import Field
from dagster._core.definitions.resource.definition import ResourceDefinition, ResourceFunction


@overload
def resource(config_schema: ResourceFunction) -> ResourceDefinition: ...


@overload
def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> Callable[[ResourceFunction], ResourceDefinition]: ...


def resource(
    config_schema: Any = None,
    description: str | None = None,
    required_resource_keys: AbstractSet[str] | None = None,
    version: str | None = None,
) -> ResourceDefinition | Callable[[ResourceFunction], ResourceDefinition]:
    """Make a resource of a function.

    The function takes an :class:`InitResourceContext` or nothing. It returns the resource, or yields it
    once and tears it down after the yield; it may also be a ``@contextmanager``.

    From the "Resources" part of the API documents.

    Args:
        config_schema: The schema of the config. Without one, any config is taken. When the decorator is
            used bare, the function itself.
        description: For people. By default the docstring of the function.
        required_resource_keys: Keys of the resources that this one needs.
        version: A version of the code of the function.

    Returns:
        The definition.

    Raises:
        DagsterInvalidDefinitionError: The function needs more than a context.
    """
    # A scalar type such as str is callable too; used as the first argument, it is a schema.
    if (
        callable(config_schema)
        and not isinstance(config_schema, type | Field)
        and not _is_schema(config_schema)
    ):
        return _define(config_schema, None, description, required_resource_keys, version)

    def decorate(resource_fn: ResourceFunction) -> ResourceDefinition:
        return _define(resource_fn, config_schema, description, required_resource_keys, version)

    return decorate


def _is_schema(value: object) -> bool:
    return hasattr(value, "kind") or hasattr(value, "as_field")


def _define(
    resource_fn: ResourceFunction,
    config_schema: Any,
    description: str | None,
    required_resource_keys: AbstractSet[str] | None,
    version: str | None,
) -> ResourceDefinition:
    check.callable_param(resource_fn, "resource_fn")
    definition = ResourceDefinition(
        resource_fn=resource_fn,
        config_schema=config_schema,
        description=description or getattr(resource_fn, "__doc__", None),
        required_resource_keys=required_resource_keys,
        version=version,
    )
    for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
        if hasattr(resource_fn, attribute):
            setattr(definition, attribute, getattr(resource_fn, attribute))
    return definition


def make_values_resource(**kwargs: Any) -> ResourceDefinition:
    """Make a resource that is its own config: values that several ops read.

    Args:
        **kwargs: The schema of each value by name. Without any, every config is taken.

    Returns:
        A resource whose value is a dict of the config.
    """
    return ResourceDefinition(
        resource_fn=lambda context: context.resource_config,
        config_schema=kwargs or Any,
        description="Values that are given as config.",
    )
