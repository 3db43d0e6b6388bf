"""``explain_reexecution``: what a re-execution would do with each step, without running anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.job.base import IJob, InMemoryJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.changed_steps import StepDecision
from dagster._core.runner.execute_job import plan_reexecution
from dagster._core.runner.rerun import ReexecutionOptions
from dagster._core.runner.rerun_decisions import decisions_of


def explain_reexecution(
    job: IJob | JobDefinition,
    instance: DagsterInstance,
    reexecution_options: ReexecutionOptions,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
) -> Sequence[StepDecision]:
    """Return what a re-execution would do with each step, and why. Nothing runs and nothing is stored.

    Args:
        job: The job, or what :func:`reconstructable` makes of it.
        instance: The instance that has the run.
        reexecution_options: The run, and which of its steps run again.
        run_config: The run config of the new run. Default: that of the run.
        tags: The tags of the new run.

    Returns:
        One decision for each step, in the order of the plan. A step that runs "if its inputs change"
        is decided upon when what comes before it has run.

    Raises:
        DagsterInvalidConfigError: If the config is invalid.
        CheckError: If the instance does not have the run.
        DagsterInvalidSubsetError: If a selection matches nothing.
        DagsterStepOutputNotFoundError: If a value that the steps feed on is missing.

    Examples:
        >>> options = ReexecutionOptions.from_changed(run.run_id, instance)
        >>> for step in explain_reexecution(my_job, instance, options):
        ...     print(step.step_key, step.action.value, "; ".join(step.reasons))
    """
    if isinstance(job, JobDefinition):
        job = InMemoryJob(job)
    check.inst_param(job, "job", IJob)
    check.inst_param(instance, "instance", DagsterInstance)
    check.inst_param(reexecution_options, "reexecution_options", ReexecutionOptions)
    _, rerun = plan_reexecution(job, reexecution_options, instance, run_config=run_config, tags=tags)
    return decisions_of(rerun)
