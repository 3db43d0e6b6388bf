"""The functions that execute jobs, in one place. The documented path is ``dagster._core.execution.api``."""

from __future__ import annotations

from dagster._core.runner.execute_job import (
    create_execution_plan,
    execute_job,
    execute_plan,
    execute_plan_iterator,
    execute_run,
    execute_run_iterator,
)
from dagster._core.runner.resume import resume_run
from dagster._core.runner.validate import validate_run_config

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
