"""Whatever is given as a resource, as a resource definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster._check as check
from dagster._core.definitions.resource.annotation import ResourceSource
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.resource.scoped import Resources
from dagster._core.errors import DagsterInvalidDefinitionError


def wrap_resource(value: Any) -> ResourceDefinition:
    """Return the definition of one resource by itself.

    Args:
        value: A definition, which is returned; a ConfigurableResource, or the bare class, all of whose
            config then comes at launch; or any other object, which then is the resource.
    """
    return _wrap(value, {})


def wrap_resources_for_execution(
    resources: Mapping[str, Any] | Resources | None,
) -> dict[str, ResourceDefinition]:
    """Return the definitions of resources that are given together.

    A resource nested in another one that is configured at launch is found by being given here too.

    Args:
        resources: Anything that :func:`wrap_resource` takes, by key.

    Raises:
        DagsterInvalidDefinitionError: A nested resource that is configured at launch is not given.
    """
    if resources is None:
        return {}
    if isinstance(resources, Resources):
        resources = resources.original_resource_dict
    check.mapping_param(resources, "resources", str)
    values = {key: _source_or_value(value) for key, value in resources.items()}
    keys_by_id: dict[int, str] = {}
    for key, value in resources.items():
        keys_by_id.setdefault(id(value), key)
    definitions: dict[str, ResourceDefinition] = {}
    for key, value in values.items():
        try:
            definitions[key] = _wrap(value, keys_by_id)
        except DagsterInvalidDefinitionError as error:
            raise DagsterInvalidDefinitionError(f'resource with key "{key}": {error}') from error
    return definitions


def _source_or_value(value: Any) -> Any:
    # A class keeps its own source alive, as identity is what nested resources are found by.
    if isinstance(value, type) and issubclass(value, ResourceSource):
        return value.default_source()
    return value


def _wrap(value: Any, keys_by_id: Mapping[int, str]) -> ResourceDefinition:
    if isinstance(value, ResourceDefinition):
        return value
    value = _source_or_value(value)
    if isinstance(value, ResourceSource):
        return value.bind_resource_definition(keys_by_id)
    return ResourceDefinition.hardcoded_resource(value)
