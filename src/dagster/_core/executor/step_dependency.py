"""What a step needs of the steps before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._config.field import Field
from dagster._wire.record import Record


class StepDependencyConfig(Record, frozen=True):
    """What a step needs of the steps before it.

    Args:
        require_upstream_step_success: Whether they must have succeeded. If not, a step runs when the
            outputs that it takes are there, also of a step that failed after giving them.
    """

    require_upstream_step_success: bool = True

    @staticmethod
    def from_config(config: Mapping[str, Any] | None) -> StepDependencyConfig:
        """Return what the executor's config says."""
        return StepDependencyConfig(**config) if config else DEFAULT_STEP_DEPENDENCY


DEFAULT_STEP_DEPENDENCY = StepDependencyConfig()

STEP_DEPENDENCY_FIELD = Field(
    {"require_upstream_step_success": Field(bool, is_required=False, default_value=True)},
    is_required=False,
    description="What a step needs of the steps before it.",
)
