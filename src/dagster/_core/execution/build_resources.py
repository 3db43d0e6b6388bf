"""``build_resources``: resources outside a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.definitions.resource.context import InstanceOnDemand
from dagster._core.definitions.resource.opening import manager_for, open_resources
from dagster._core.definitions.resource.scoped import Resources

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.events.log_manager import DagsterLogManager
    from dagster._core.records.run import DagsterRun


@contextlib.contextmanager
def build_resources(
    resources: Mapping[str, Any],
    instance: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    dagster_run: DagsterRun | None = None,
    log_manager: DagsterLogManager | None = None,
    event_loop: AbstractEventLoop | None = None,
) -> Iterator[Resources]:
    """Set resources up outside a run, give them, and tear them down at the end.

    From the "Resources" part of the API documents.

    Args:
        resources: Resource definitions, ConfigurableResources or plain objects, by key.
        instance: The instance that the resource functions see. Default: an ephemeral one.
        resource_config: ``{key: {"config": …}}``, as in the ``resources`` part of a run config.
        dagster_run: The run that they see.
        log_manager: The log manager that they see. Default: one that logs to the console.
        event_loop: The event loop that they see.

    Returns:
        The resources, as attributes.

    Raises:
        DagsterInvalidConfigError: Config does not fit.
        DagsterInvalidDefinitionError: A resource needs one that is not given.
        DagsterResourceFunctionError: A resource could not be set up or torn down.

    Examples:
        >>> with build_resources({"db": database}, resource_config={"db": {"config": {...}}}) as resources:
        ...     resources.db.query("select 1")
    """
    check.mapping_param(resources, "resources", str)
    check.opt_mapping_param(resource_config, "resource_config", str)
    on_demand = InstanceOnDemand()
    manager = manager_for(
        resources,
        resource_config,
        instance=on_demand if instance is None else instance,
        dagster_run=dagster_run,
        log_manager=log_manager,
        event_loop=event_loop,
    )
    try:
        with open_resources(manager) as opened:
            yield opened
    finally:
        on_demand.close()
