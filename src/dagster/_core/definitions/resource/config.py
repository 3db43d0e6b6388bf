"""The config of resources outside a run, where no run config schema has checked it before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._config.evaluate import process_config
from dagster._config.field import Field
from dagster._config.shapes import Shape
from dagster._core.errors import DagsterInvalidConfigError

if TYPE_CHECKING:
    from dagster._config.configurable import ConfigurableDefinition
    from dagster._core.definitions.resource.definition import ResourceDefinition


def apply_resource_config(definition: ConfigurableDefinition, config: Any, preamble: str) -> Any:
    """Return what the resource function receives for a config that has been checked.

    Args:
        definition: The resource.
        config: Its config, as its schema gave it.
        preamble: The first line of an error.

    Raises:
        DagsterInvalidConfigError: A ``configured`` function made config that does not fit.
    """
    mapped = definition.apply_config_mapping(config)
    if not mapped.success:
        raise DagsterInvalidConfigError(preamble, mapped.errors, config)
    return mapped.value


def resolve_definition_config(definition: ConfigurableDefinition, config: Any, preamble: str) -> Any:
    """Check config against the schema of a definition and return what its function receives.

    Args:
        definition: The resource, or anything else that takes config.
        config: Its config, as a user wrote it; None for none.
        preamble: The first line of an error.

    Raises:
        DagsterInvalidConfigError: The config does not fit.
    """
    field = definition.config_field
    if field is not None:
        outer = Shape({"config": field})
        processed = process_config(outer, {} if config is None else {"config": config})
        if not processed.success:
            raise DagsterInvalidConfigError(preamble, processed.errors, config)
        config = processed.value.get("config")
    return apply_resource_config(definition, config, preamble)


def resolve_resource_configs(
    resource_defs: Mapping[str, ResourceDefinition], resource_config: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Check the config of several resources, all problems at once.

    Args:
        resource_defs: The resources by key.
        resource_config: ``{key: {"config": …}}``, as in the ``resources`` part of a run config.

    Returns:
        The config of each resource by key, for :class:`ResourceManager`.

    Raises:
        DagsterInvalidConfigError: Config does not fit, or names a resource that is not there.
    """
    fields = {
        key: Field(Shape({"config": definition.config_field}))
        for key, definition in resource_defs.items()
        if definition.config_field is not None
    }
    given = dict(resource_config or {})
    processed = process_config(Shape(fields), given)
    if not processed.success:
        raise DagsterInvalidConfigError("Error in config for resources", processed.errors, given)
    return {key: (value or {}).get("config") for key, value in processed.value.items()}
