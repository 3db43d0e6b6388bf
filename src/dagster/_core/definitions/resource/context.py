"""What a resource function is told while it sets a resource up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core import _upcalls
from dagster._core.definitions.resource.scoped import NO_RESOURCES, Resources

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.definitions.resource.definition import ResourceDefinition
    from dagster._core.events.log_manager import DagsterLogManager
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.run import DagsterRun


class InstanceOnDemand:
    """An ephemeral instance for contexts that were given none, made when it is first asked for."""

    __slots__ = ("_instance",)

    def __init__(self) -> None:
        self._instance: DagsterInstance | None = None

    def get(self) -> DagsterInstance:
        """Return the instance, the same each time."""
        if self._instance is None:
            self._instance = _upcalls.ephemeral_instance()
        return self._instance

    def close(self) -> None:
        """Free what the instance holds, if it was made."""
        made, self._instance = self._instance, None
        if made is not None:
            made.dispose()


class InitResourceContext:
    """The context of a resource function.

    Args:
        resource_config: The config of the resource, validated, with defaults.
        resources: The resources that this one needs.
        resource_def: The definition that is being initialised.
        all_resource_defs: All resource definitions of the run, by key.
        instance: The instance of the run.
        dagster_run: The run, None outside a run.
        log_manager: The run's log manager.
        event_loop: The event loop of the step, when there is one.
        pipeline_run: The older name of ``dagster_run``.
    """

    __slots__ = (
        "_all_resource_defs",
        "_dagster_run",
        "_event_loop",
        "_instance",
        "_log_manager",
        "_resource_config",
        "_resource_def",
        "_resources",
    )

    def __init__(
        self,
        resource_config: Any,
        resources: Resources | None = None,
        resource_def: ResourceDefinition | None = None,
        all_resource_defs: Mapping[str, ResourceDefinition] | None = None,
        instance: Any = None,
        dagster_run: DagsterRun | None = None,
        log_manager: DagsterLogManager | None = None,
        event_loop: AbstractEventLoop | None = None,
        *,
        pipeline_run: DagsterRun | None = None,
    ) -> None:
        self._resource_config = resource_config
        self._resources = NO_RESOURCES if resources is None else resources
        self._resource_def = resource_def
        self._all_resource_defs = all_resource_defs or {}
        self._instance = instance
        self._dagster_run = dagster_run if dagster_run is not None else pipeline_run
        self._log_manager = log_manager
        self._event_loop = event_loop

    @property
    def resource_config(self) -> Any:
        """The config of the resource, validated, with defaults and environment variables filled in."""
        return self._resource_config

    @property
    def resources(self) -> Any:
        """The resources that this one needs, as attributes."""
        return self._resources

    @property
    def resource_def(self) -> ResourceDefinition | None:
        """The definition that is being initialised."""
        return self._resource_def

    @property
    def all_resource_defs(self) -> Mapping[str, ResourceDefinition]:
        """All resource definitions of the run, by key."""
        return self._all_resource_defs

    @property
    def instance(self) -> Any:
        """The instance of the run; outside a run an ephemeral one, unless one was given."""
        held = self._instance
        return held.get() if type(held) is InstanceOnDemand else held

    @property
    def dagster_run(self) -> DagsterRun | None:
        """The run, None outside a run."""
        return self._dagster_run

    @property
    def run(self) -> DagsterRun | None:
        """The run, None outside a run."""
        return self._dagster_run

    @property
    def pipeline_run(self) -> DagsterRun | None:
        """The run under its older name."""
        return self._dagster_run

    @property
    def run_id(self) -> str | None:
        """The id of the run, None outside a run."""
        return self._dagster_run.run_id if self._dagster_run is not None else None

    @property
    def log_manager(self) -> DagsterLogManager | None:
        """The run's log manager."""
        return self._log_manager

    @property
    def log(self) -> Any:
        """The run's log manager."""
        return self.log_manager

    @property
    def event_loop(self) -> AbstractEventLoop | None:
        """The event loop of the step, when there is one."""
        return self._event_loop

    def replace_config(self, config: Any) -> InitResourceContext:
        """Return a copy of this context with another config."""
        return self.with_changes(resource_config=config)

    def with_changes(self, **changes: Any) -> InitResourceContext:
        """Return a copy with some of the constructor's arguments changed."""
        arguments: dict[str, Any] = {
            "resource_config": self._resource_config,
            "resources": self._resources,
            "resource_def": self._resource_def,
            "all_resource_defs": self._all_resource_defs,
            "instance": self._instance,
            "dagster_run": self._dagster_run,
            "log_manager": self.log_manager,
            "event_loop": self._event_loop,
        }
        return InitResourceContext(**(arguments | changes))
