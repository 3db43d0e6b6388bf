"""Resources outside a run: in tests, scripts and contexts that are built by hand."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import dagster._check as check
from dagster._core.definitions.console_loggers import build_console_log_manager
from dagster._core.definitions.resource.config import resolve_resource_configs
from dagster._core.definitions.resource.context import InitResourceContext, InstanceOnDemand
from dagster._core.definitions.resource.lifecycle import ResourceManager
from dagster._core.definitions.resource.scoped import NO_RESOURCES, Resources
from dagster._core.definitions.resource.wrap import wrap_resources_for_execution
from dagster._core.errors import DagsterInvariantViolationError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.definitions.resource.definition import ResourceDefinition
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


class UnboundInitResourceContext(InitResourceContext):
    """A context for calling a resource definition by hand, made by :func:`build_init_resource_context`.

    It is a context manager; it must be used as one when a resource in it has to be torn down.
    """

    __slots__ = ("_log", "_manager", "_opened")

    def __init__(
        self,
        resource_config: Any,
        resources: Mapping[str, Any] | Resources | None,
        instance: Any,
    ) -> None:
        if instance is None:
            instance = InstanceOnDemand()
        super().__init__(resource_config=resource_config, instance=instance)
        self._log: DagsterLogManager | None = None
        self._manager: ResourceManager | None = None
        self._opened: contextlib.AbstractContextManager[Resources] | None = None
        if resources:
            if isinstance(resources, Resources):
                resources = resources.original_resource_dict
            self._manager = manager_for(resources, instance=instance)
            self._all_resource_defs = self._manager.resource_defs

    def __enter__(self) -> Self:
        if self._manager is not None and self._opened is None:
            opened = open_resources(self._manager)
            self._resources = opened.__enter__()
            self._opened = opened
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            self._resources = NO_RESOURCES
            opened.__exit__(exc_type, exc, tb)
        if type(self._instance) is InstanceOnDemand:
            self._instance.close()

    @property
    def resources(self) -> Any:
        """The resources of this context, as attributes.

        Raises:
            DagsterInvariantViolationError: One of them has to be torn down, and this is outside
                ``with``.
        """
        manager = self._manager
        if manager is None or self._opened is not None:
            return self._resources
        if self._resources is NO_RESOURCES:
            try:
                manager.initialize()
                needs_teardown = manager.has_teardown
            finally:
                manager.teardown()
            if needs_teardown:
                manager.forget()
                raise DagsterInvariantViolationError(
                    "At least one provided resource is a generator, but attempting to access resources "
                    "outside of context manager scope. You can use the following syntax to open a "
                    "context manager: `with build_init_resource_context(...) as context:`"
                )
            self._resources = manager.scoped(frozenset(manager.init_order))
        return self._resources

    @property
    def log_manager(self) -> DagsterLogManager:
        """A log manager that logs to the console."""
        if self._log is None:
            self._log = build_console_log_manager()
        return self._log

    @property
    def resource_def(self) -> ResourceDefinition | None:
        """Not known before a definition is called with this context.

        Raises:
            DagsterInvariantViolationError: Always.
        """
        raise DagsterInvariantViolationError(
            "UnboundInitResourceContext has not been bound to resource definition."
        )


def build_init_resource_context(
    config: Any = None,
    resources: Mapping[str, Any] | None = None,
    instance: Any = None,
) -> UnboundInitResourceContext:
    """Make a context for calling a resource definition by hand, as in a test.

    From the "Resources" part of the API documents.

    Args:
        config: The config of the resource.
        resources: The resources that it needs: definitions, ConfigurableResources or plain objects.
        instance: The instance that it sees. Default: an ephemeral one.

    Returns:
        The context; use it in a ``with`` when one of the resources has to be torn down.

    Examples:
        >>> with build_init_resource_context(config={"host": "db"}) as context:
        ...     my_resource(context)
    """
    check.opt_mapping_param(resources, "resources", str)
    return UnboundInitResourceContext(config, resources, instance)
