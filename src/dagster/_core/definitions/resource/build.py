"""The context for calling a resource definition by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.definitions.console_loggers import build_console_log_manager
from dagster._core.definitions.resource.context import InitResourceContext, InstanceOnDemand
from dagster._core.definitions.resource.context_resources import ContextResources, HandMadeContext
from dagster._core.definitions.resource.scoped import Resources
from dagster._core.errors import DagsterInvariantViolationError

if TYPE_CHECKING:
    from dagster._core.definitions.resource.definition import ResourceDefinition
    from dagster._core.events.log_manager import DagsterLogManager


class UnboundInitResourceContext(HandMadeContext, InitResourceContext):
    """A context for calling a resource definition by hand, made by :func:`build_init_resource_context`.

    It is a context manager; it must be used as one when a resource in it has to be torn down.
    """

    __slots__ = ("_context_resources", "_log")

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
        self._context_resources = None
        if resources:
            if isinstance(resources, Resources):
                resources = resources.original_resource_dict
            self._context_resources = ContextResources(
                resources, "build_init_resource_context", instance=instance
            )
            self._all_resource_defs = self._context_resources.resource_defs

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
