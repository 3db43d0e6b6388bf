"""The one place where lower layers reach up: methods of definitions that run things.

Each function imports what it needs when it is called. Nothing else in the package imports inside of
functions, besides CLI commands and optional third-party packages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagster._core.definitions.executor import ExecutorDefinition
    from dagster._core.definitions.graph.invocation import PendingNodeInvocation
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.definitions.op.definition import OpDefinition
    from dagster._core.definitions.resource.definition import ResourceDefinition
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.runner.results import ExecuteInProcessResult


def invoke_op(
    op_def: OpDefinition,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    invocation: PendingNodeInvocation | None = None,
) -> Any:
    """Run the function of an op directly, outside of any job."""
    from dagster._core.execution.direct_invocation import invoke_op as invoke

    return invoke(op_def, args, kwargs, invocation)


def invoke_hook(hook_def: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the function of a hook directly, outside of any job."""
    from dagster._core.execution.direct_invocation_hook import invoke_hook as invoke

    return invoke(hook_def, args, kwargs)


def execute_in_process(job_def: JobDefinition, **kwargs: Any) -> ExecuteInProcessResult:
    """Run a job in this process, or with ``reexecution_options`` a part of an earlier run of it."""
    if kwargs.get("reexecution_options") is not None:
        from dagster._core.runner.reexecute_in_process import reexecute_in_process

        return reexecute_in_process(job_def, **kwargs)
    from dagster._core.runner.in_process import execute_in_process as execute

    kwargs.pop("reexecution_options", None)
    return execute(job_def, **kwargs)


def build_job(**kwargs: Any) -> JobDefinition:
    """Make a job of a graph, which is defined below jobs."""
    from dagster._core.definitions.job.definition import JobDefinition

    return JobDefinition(**kwargs)


def default_executor_def() -> ExecutorDefinition:
    """Return the executor of jobs that name none."""
    from dagster._core.executor.builtin import multi_or_in_process_executor

    return multi_or_in_process_executor


def execute_in_process_executor_def() -> ExecutorDefinition:
    """Return the executor that stands in for any other when a job runs in this process."""
    from dagster._core.executor.builtin import execute_in_process_executor

    return execute_in_process_executor


def default_resource_defs() -> Mapping[str, ResourceDefinition]:
    """Return the resources that every job has unless it gives its own: the I/O manager."""
    from dagster._core.io.filesystem import default_io_manager

    return {"io_manager": default_io_manager}


def mem_io_manager_def() -> ResourceDefinition:
    """Return the I/O manager that keeps values in memory."""
    from dagster._core.io.memory import mem_io_manager

    return mem_io_manager


def default_logger_defs() -> Mapping[str, Any]:
    """Return the loggers of jobs that name none."""
    from dagster._core.definitions.console_loggers import default_loggers

    return default_loggers()


def ephemeral_instance() -> DagsterInstance:
    """Return a new instance that keeps everything in memory."""
    from dagster._core.instance.instance import DagsterInstance

    return DagsterInstance.ephemeral()
