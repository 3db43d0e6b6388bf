"""What executors need of their surroundings, checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._core.definitions.executor import ExecutorDefinition, ExecutorRequirement
from dagster._core.definitions.job.base import IJob
from dagster._core.errors import DagsterUnmetExecutorRequirementsError
from dagster._core.instance.instance import DagsterInstance


def check_executor_requirements(
    executor_def: ExecutorDefinition, config: Mapping[str, Any], job: IJob, instance: DagsterInstance
) -> None:
    """Refuse an executor whose needs are not met.

    Raises:
        DagsterUnmetExecutorRequirementsError: With the need and what to do.
    """
    needs = executor_def.get_requirements(config)
    if not needs:
        return
    target = job.get_definition().describe_target()
    start = f'You have attempted to use the executor "{executor_def.name}" with {target}'
    if ExecutorRequirement.RECONSTRUCTABLE_JOB in needs and not job.is_reconstructable:
        raise DagsterUnmetExecutorRequirementsError(
            f"{start}, which is not reconstructable. It runs steps in other processes, which must load the "
            "job themselves: pass reconstructable(the_function_that_defines_it)."
        )
    if ExecutorRequirement.PERSISTENT_OUTPUTS in needs:
        unfit = _memory_outputs(job)
        if unfit:
            raise DagsterUnmetExecutorRequirementsError(
                f"{start}, whose outputs {', '.join(unfit)} are kept in memory. It runs steps in other "
                "processes, which cannot read them: use an I/O manager such as fs_io_manager."
            )
    if ExecutorRequirement.NON_EPHEMERAL_INSTANCE in needs and instance.is_ephemeral:
        raise DagsterUnmetExecutorRequirementsError(
            f"{start} on an ephemeral instance. It runs steps in other processes, which need an instance "
            "that they can load."
        )


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
