"""What a step needs of the steps before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._config.config_type import Enum, EnumValue
from dagster._config.field import Field
from dagster._wire.record import Record

#: A step runs when the steps before it have succeeded.
AFTER_UPSTREAM_STEPS = "after_upstream_steps"
#: A step runs when the outputs that it takes are there.
AFTER_UPSTREAM_OUTPUTS = "after_upstream_outputs"


class StepDependencyConfig(Record, frozen=True):
    """What a step needs of the steps before it.

    Args:
        require_upstream_step_success: Whether they must have succeeded. If not, a step runs when the
            outputs that it takes are there, also of a step that failed after giving them.
    """

    require_upstream_step_success: bool = True

    @staticmethod
    def from_config(config: Mapping[str, Any] | None) -> StepDependencyConfig:
        """Return what the executor's ``step_dependency_config`` says."""
        return StepDependencyConfig(**config) if config else DEFAULT_STEP_DEPENDENCY

    @staticmethod
    def of_executor(config: Mapping[str, Any]) -> StepDependencyConfig:
        """Return what the config of an executor says: its ``step_execution_mode``, if it has one."""
        mode = config.get("step_execution_mode")
        if mode is not None:
            return StepDependencyConfig(mode == AFTER_UPSTREAM_STEPS)
        return StepDependencyConfig.from_config(config.get("step_dependency_config"))


DEFAULT_STEP_DEPENDENCY = StepDependencyConfig()

STEP_DEPENDENCY_FIELD = Field(
    {"require_upstream_step_success": Field(bool, is_required=False, default_value=True)},
    is_required=False,
    description="What a step needs of the steps before it: that they succeeded, or only their outputs.",
)

STEP_EXECUTION_MODE_FIELD = Field(
    Enum("StepExecutionMode", [EnumValue(AFTER_UPSTREAM_STEPS), EnumValue(AFTER_UPSTREAM_OUTPUTS)]),
    is_required=False,
    description="The same in one word: a step runs after_upstream_steps have succeeded (the default), or "
    "after_upstream_outputs are there. It goes before step_dependency_config.",
)
