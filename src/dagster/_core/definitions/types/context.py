"""The context of type checks."""

from __future__ import annotations

from typing import Any

from dagster._core.definitions.types.dagster_type import DagsterType


class TypeCheckContext:
    """What a type check function gets as its first argument.

    From the "Execution" document.

    Args:
        run_id: The run.
        log_manager: What ``context.log`` gives.
        scoped_resources_builder: Builds an object with just the resources of some keys.
        dagster_type: The type that checks; its ``required_resource_keys`` are what ``resources`` has.
    """

    __slots__ = ("_dagster_type", "_log_manager", "_resources", "_run_id", "_scoped_resources_builder")

    def __init__(
        self,
        run_id: str,
        log_manager: Any,
        scoped_resources_builder: Any,
        dagster_type: DagsterType,
    ) -> None:
        self._run_id = run_id
        self._log_manager = log_manager
        self._scoped_resources_builder = scoped_resources_builder
        self._dagster_type = dagster_type
        self._resources: Any = None

    @property
    def resources(self) -> Any:
        """The resources that the type requires, as attributes."""
        if self._resources is None:
            # built when first asked for: most checks never do
            self._resources = self._scoped_resources_builder.build(
                self._dagster_type.required_resource_keys
            )
        return self._resources

    @property
    def run_id(self) -> str:
        """The id of the run."""
        return self._run_id

    @property
    def log(self) -> Any:
        """The log manager of the step."""
        return self._log_manager

    @property
    def dagster_type(self) -> DagsterType:
        """The type that checks."""
        return self._dagster_type
