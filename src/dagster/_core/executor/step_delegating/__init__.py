"""Executors for clusters: steps in processes that a handler starts somewhere."""

from dagster._core.executor.step_delegating.execute_step_args import ExecuteStepArgs
from dagster._core.executor.step_delegating.executor import StepDelegatingExecutor
from dagster._core.executor.step_delegating.step_handler import (
    CheckStepHealthResult,
    StepHandler,
    StepHandlerContext,
)

__all__ = [
    "CheckStepHealthResult",
    "ExecuteStepArgs",
    "StepDelegatingExecutor",
    "StepHandler",
    "StepHandlerContext",
]
