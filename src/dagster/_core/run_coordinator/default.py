"""DefaultRunCoordinator: a submitted run is launched at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from dagster._core.errors import DagsterInvariantViolationError, DagsterRunNotFoundError
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.run_coordinator.base import RunCoordinator, SubmitRunContext
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData


class DefaultRunCoordinator(RunCoordinator, ConfigurableClass):
    """Immediately send runs to the run launcher. From the "Internals" document.

    Args:
        inst_data: Where the object comes from.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Launch the run. One that was submitted before is left as it is."""
        run = context.dagster_run
        if run.status is DagsterRunStatus.NOT_STARTED:
            self._instance.launch_run(run.run_id, context.workspace)
        elif run.status is not DagsterRunStatus.STARTING:
            raise DagsterInvariantViolationError(
                f"expected run {run.run_id} to be NOT_STARTED when it is submitted, got: "
                f"{run.status.value}."
            )
        found = self._instance.get_run_by_id(run.run_id)
        if found is None:
            raise DagsterRunNotFoundError(f"There is no run with id {run.run_id}.", run.run_id)
        return found

    def cancel_run(self, run_id: str) -> bool:
        return self._instance.run_launcher.terminate(run_id)
