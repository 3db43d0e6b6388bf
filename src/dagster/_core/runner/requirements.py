"""What executors need of their surroundings, checked before anything runs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from dagster._core.definitions.executor import ExecutorDefinition, ExecutorRequirement
from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.errors import DagsterUnmetExecutorRequirementsError
from dagster._core.executor.builtin import MULTI_OR_IN_PROCESS, MULTIPROCESS
from dagster._core.instance.instance import DagsterInstance


def fitting_executor_config(
    executor_def: ExecutorDefinition, config: ResolvedRunConfig, job: IJob, instance: DagsterInstance
) -> Mapping[str, Any]:
    """Return the config of a run's executor; refuse one whose needs are not met.

    The executor of jobs that name none runs steps in this process where others could not run them, unless
    run config asks for one of the two.

    Raises:
        DagsterUnmetExecutorRequirementsError: With the need and what to do.
    """
    executor_config = config.executor
    unmet = unmet_requirement(executor_def, executor_config, job, instance)
    if unmet is None:
        return executor_config
    if executor_def.name == MULTI_OR_IN_PROCESS and not config.original.get("execution"):
        return {"in_process": {}}
    raise DagsterUnmetExecutorRequirementsError(unmet)


def asks_for_processes(job_def: JobDefinition, config: ResolvedRunConfig) -> bool:
    """Return whether a job or its run config asks for an executor that runs steps in other processes."""
    executor_def = job_def.executor_def
    needs = executor_def.get_requirements(config.executor)
    if ExecutorRequirement.NON_EPHEMERAL_INSTANCE not in needs:
        return False
    return executor_def.name != MULTI_OR_IN_PROCESS or bool(config.original.get("execution"))


def unmet_requirement(
    executor_def: ExecutorDefinition, config: Mapping[str, Any], job: IJob, instance: DagsterInstance
) -> str | None:
    """Return what an executor needs and does not have, with what to do; None if nothing."""
    needs = executor_def.get_requirements(config)
    if not needs:
        return None
    target = job.get_definition().describe_target()
    if sys.platform == "win32" and executor_def.name in (MULTIPROCESS, MULTI_OR_IN_PROCESS):
        return (
            f'The executor "{executor_def.name}" cannot run {target} in processes on Windows: use the '
            "threads_executor or the in_process_executor."
        )
    start = f'You have attempted to use the executor "{executor_def.name}" with {target}'
    if ExecutorRequirement.RECONSTRUCTABLE_JOB in needs and not job.is_reconstructable:
        return (
            f"{start}, which is not reconstructable. It runs steps in other processes, which must load the "
            "job themselves: pass reconstructable(the_function_that_defines_it)."
        )
    if ExecutorRequirement.PERSISTENT_OUTPUTS in needs:
        unfit = _memory_outputs(job)
        if unfit:
            return (
                f"{start}, whose outputs {', '.join(unfit)} are kept in memory. It runs steps in other "
                "processes, which cannot read them: use an I/O manager such as fs_io_manager."
            )
    if ExecutorRequirement.NON_EPHEMERAL_INSTANCE in needs and instance.is_ephemeral:
        return (
            f"{start} on an ephemeral instance. It runs steps in other processes, which need an instance "
            "that they can load: DagsterInstance.get() with DAGSTER_HOME set, or "
            "DagsterInstance.local_temp() in a test."
        )
    return None


def _memory_outputs(job: IJob) -> list[str]:
    job_def = job.get_definition()
    memory = {
        key
        for key, definition in job_def.resource_defs.items()
        if getattr(getattr(definition, "resource_fn", None), "__name__", "") == "mem_io_manager"
    }
    return [
        f'"{op_def.name}.{output.name}"'
        for op_def in job_def.graph.iterate_op_defs()
        for output in op_def.output_defs
        if output.io_manager_key in memory and not output.dagster_type.is_nothing
    ]
