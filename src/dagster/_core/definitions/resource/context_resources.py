"""The resources of a context that was made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import dagster._check as check
from dagster._core.definitions.resource.context import InstanceOnDemand
from dagster._core.definitions.resource.opening import manager_for, open_resources
from dagster._core.definitions.resource.scoped import NO_RESOURCES, Resources
from dagster._core.errors import DagsterInvariantViolationError
from dagster._text import expected

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.definitions.resource.definition import ResourceDefinition


class ContextResources:
    """Resources that a context sets up when they are first needed, and tears down at its end.

    Args:
        given: Names to resource definitions or values.
        builder: The function that makes the context, for messages.
        resource_config: ``{key: {"config": …}}``.
        instance: The instance that the resource functions see. Default: an ephemeral one.
        event_loop: The event loop that they see.
    """

    __slots__ = ("_builder", "_manager", "_on_demand", "_opened", "_resources")

    def __init__(
        self,
        given: Mapping[str, Any],
        builder: str,
        resource_config: Mapping[str, Any] | None = None,
        *,
        instance: Any = None,
        event_loop: AbstractEventLoop | None = None,
    ) -> None:
        self._builder = builder
        self._on_demand = InstanceOnDemand()
        self._manager = manager_for(
            given,
            resource_config,
            instance=self._on_demand if instance is None else instance,
            event_loop=event_loop,
        )
        self._opened: AbstractContextManager[Resources] | None = None
        self._resources: Resources | None = None

    @property
    def resource_defs(self) -> Mapping[str, ResourceDefinition]:
        """The definitions by key."""
        return self._manager.resource_defs

    def open(self) -> None:
        """Set the resources up, at the start of a ``with`` block."""
        if self._opened is None:
            opened = open_resources(self._manager)
            self._resources = opened.__enter__()
            self._opened = opened

    def close(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Tear the resources down, at the end of a ``with`` block."""
        opened, self._opened = self._opened, None
        if opened is not None:
            self._resources = None
            try:
                opened.__exit__(exc_type, exc, tb)
            finally:
                self._manager.forget()
                self._on_demand.close()

    def get(self) -> Resources:
        """Return the resources.

        Raises:
            DagsterInvariantViolationError: One of them has a teardown, and no ``with`` block is open in
                which to tear it down at the end.
        """
        if self._resources is not None:
            return self._resources
        manager = self._manager
        try:
            manager.initialize()
            needs_teardown = manager.has_teardown
        finally:
            manager.teardown()
        if needs_teardown:
            manager.forget()
            raise DagsterInvariantViolationError(
                "At least one provided resource is a generator, but attempting to access resources "
                "outside of context manager scope. You can use the following syntax to open a context "
                f"manager: `with {self._builder}(...) as context:`"
            )
        self._resources = manager.scoped(frozenset(manager.init_order))
        return self._resources


class HandMadeContext:
    """What contexts that are made by hand have in common: resources, and an instance if none was given.

    Both are torn down at the end of a ``with`` block. A class derives from this first, since it stands in
    for what the contexts of a run do with resources.
    """

    __slots__ = ()

    #: None if no resources were given.
    _context_resources: ContextResources | None
    _instance: Any

    def __enter__(self) -> Self:
        if self._context_resources is not None:
            self._context_resources.open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            if self._context_resources is not None:
                self._context_resources.close(exc_type, exc, tb)
        finally:
            if isinstance(self._instance, InstanceOnDemand):
                self._instance.close()

    @property
    def resources(self) -> Any:
        """The resources of this context, as attributes.

        Raises:
            DagsterInvariantViolationError: One of them has to be torn down, and this is outside
                ``with``.
        """
        return NO_RESOURCES if self._context_resources is None else self._context_resources.get()


def as_context_resources(resources: Any, builder: str) -> Any:
    """Return what a context keeps as its resources.

    Args:
        resources: None, resources that are set up already, or a mapping of names to definitions or
            values.
        builder: The function that makes the context, for messages.
    """
    if resources is None or isinstance(resources, Resources):
        return resources
    if not isinstance(resources, Mapping):
        raise check.ParameterCheckError(
            expected("resources", "a mapping of names to resources", resources)
        )
    return ContextResources(resources, builder) if resources else NO_RESOURCES
