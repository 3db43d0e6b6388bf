"""``with_resources``: definitions with resources bound to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import dagster._check as check
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.definitions.resource.wrap import wrap_resources_for_execution
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._text import shown, unknown

T = TypeVar("T")


def with_resources(
    definitions: Iterable[T],
    resource_defs: Mapping[str, object],
    resource_config_by_key: Mapping[str, Any] | None = None,
) -> Sequence[T]:
    """Return copies of definitions with resources bound to them.

    From the "definitions and repositories" part of the API documents.

    Args:
        definitions: Jobs. What needs no resources is returned as it is.
        resource_defs: Resources by key. A key that a definition gives itself stays its own.
        resource_config_by_key: For some keys ``{"config": …}``, the config of the resource.

    Raises:
        DagsterInvalidDefinitionError: If a definition still lacks a resource.
        DagsterInvalidInvocationError: If config is given for a key without a resource, or not in the
            form ``{"config": …}``.
        DagsterInvalidConfigError: If config does not fit the resource's schema.
    """
    check.mapping_param(resource_defs, "resource_defs", key_type=str)
    configs = check.opt_mapping_param(resource_config_by_key, "resource_config_by_key", key_type=str)
    bound: dict[str, Any] = dict(wrap_resources_for_execution(resource_defs))
    for key, entry in configs.items():
        if key not in bound:
            raise DagsterInvalidInvocationError(
                f"Config was given for a resource that is not: {unknown('resource key', key, bound)}"
            )
        if not isinstance(entry, Mapping) or set(entry) != {"config"}:
            raise DagsterInvalidInvocationError(
                f"Error with config for resource key '{key}': Expected a dictionary of the form "
                f"{{'config': ...}}, but received {shown(entry)}"
            )
        bound[key] = _configured(bound[key], entry["config"])
    return [_with(item, bound) for item in definitions]


def _configured(definition: ResourceDefinition, config: Any) -> ResourceDefinition:
    made = definition.configured(config)
    # What does not fit is told here and not when a run starts.
    made.apply_config_mapping({}).value_or_raise("Error in config for resource", config)
    return made


def _with(item: Any, resource_defs: Mapping[str, ResourceDefinition]) -> Any:
    bind = getattr(item, "with_top_level_resources", None)
    if bind is None:
        return item
    made = bind(resource_defs)
    made.validate_resource_requirements_satisfied()
    return made
