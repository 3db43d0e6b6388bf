"""The documented path of the functions that execute jobs; see :mod:`dagster._core.runner.api`."""

from __future__ import annotations

from dagster._core.runner.api import (
    create_execution_plan,
    execute_job,
    execute_plan,
    execute_plan_iterator,
    execute_run,
    execute_run_iterator,
    resume_run,
    validate_run_config,
)

__all__ = [
    "create_execution_plan",
    "execute_job",
    "execute_plan",
    "execute_plan_iterator",
    "execute_run",
    "execute_run_iterator",
    "resume_run",
    "validate_run_config",
]
