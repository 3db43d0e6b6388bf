"""Setting resources up outside a run, and tearing them down."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.definitions.console_loggers import build_console_log_manager
from dagster._core.definitions.resource.config import resolve_resource_configs
from dagster._core.definitions.resource.lifecycle import ResourceManager
from dagster._core.definitions.resource.scoped import Resources
from dagster._core.definitions.resource.wrap import wrap_resources_for_execution

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.events.log_manager import DagsterLogManager
    from dagster._core.records.run import DagsterRun


def manager_for(
    resources: Mapping[str, Any],
    resource_config: Mapping[str, Any] | None = None,
    *,
    instance: Any = None,
    dagster_run: DagsterRun | None = None,
    log_manager: DagsterLogManager | None = None,
    event_loop: AbstractEventLoop | None = None,
) -> ResourceManager:
    """Return a manager of resources that are given together, their config checked, none set up yet.

    Args:
        resources: Resource definitions, ConfigurableResources or plain objects, by key.
        resource_config: ``{key: {"config": …}}``.
        instance: The instance that the resource functions see, or an InstanceOnDemand.
        dagster_run: The run that they see.
        log_manager: The log manager that they see. Default: one that logs to the console.
        event_loop: The event loop that they see.
    """
    definitions = wrap_resources_for_execution(resources)
    return ResourceManager(
        definitions,
        resolve_resource_configs(definitions, resource_config),
        definitions.keys(),
        instance=instance,
        dagster_run=dagster_run,
        log_manager=build_console_log_manager() if log_manager is None else log_manager,
        event_loop=event_loop,
    )


@contextlib.contextmanager
def open_resources(manager: ResourceManager) -> Iterator[Resources]:
    """Set up the resources of a manager, give them, and tear them down at the end.

    Raises:
        DagsterResourceFunctionError: A resource could not be set up, or, when nothing else went wrong,
            could not be torn down.
    """
    try:
        manager.initialize()
        yield manager.scoped(frozenset(manager.init_order))
    except BaseException as error:
        for key, failure in manager.teardown():
            error.add_note(f'The teardown of resource "{key}" failed too: {failure.__cause__!r}')
        raise
    failures = manager.teardown()
    for _, failure in failures:
        if not isinstance(failure.__cause__, Exception) and failure.__cause__ is not None:
            raise failure.__cause__  # an interrupt stays one
    if failures:
        raise failures[0][1]
