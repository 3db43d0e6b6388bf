"""``execute_in_process`` of a run that executes an earlier one again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.execution.plan_context import OutputKey
from dagster._core.instance.instance import DagsterInstance
from dagster._core.runner.execute_job import plan_reexecution
from dagster._core.runner.output_loader import OutputLoader
from dagster._core.runner.rerun import ReexecutionOptions
from dagster._core.runner.results import ExecuteInProcessResult
from dagster._core.runner.run_outputs import RunOutputs


def reexecute_in_process(
    job_def: JobDefinition,
    *,
    reexecution_options: ReexecutionOptions,
    run_config: Any = None,
    instance: DagsterInstance | None = None,
    raise_on_error: bool = True,
    op_selection: Sequence[str] | None = None,
    run_id: str | None = None,
    input_values: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    resources: Mapping[str, object] | None = None,
) -> ExecuteInProcessResult:
    """Run a part of an earlier run again in this process. See :meth:`JobDefinition.execute_in_process`."""
    check.inst_param(reexecution_options, "reexecution_options", ReexecutionOptions)
    check.opt_inst_param(instance, "instance", DagsterInstance)
    check.opt_mapping_param(tags, "tags", key_type=str)
    if instance is None:
        raise check.CheckError(
            f"Run {reexecution_options.parent_run_id} cannot be re-executed without the instance that it is "
            "on: give execute_in_process the argument instance."
        )
    # Its own I/O manager, not one in memory: values in memory ended with the run that made them.
    here = job_def.in_process_form(resources, input_values, in_memory=False)
    prepared, rerun = plan_reexecution(
        InMemoryJob(here),
        reexecution_options,
        instance,
        run_config=run_config,
        op_selection=op_selection,
    )
    run = instance.create_run_for_job(
        prepared.job_def,
        run_id=run_id,
        run_config=prepared.given,
        op_selection=rerun.parent.op_selection,
        compiled_plan=prepared.plan,
        **rerun.run_fields(tags),
    )
    captured: dict[OutputKey, Any] = {}
    execution = prepared.execution(run, instance, raise_on_error, output_capture=captured)
    events = list(execution.events())
    finished = instance.get_run_by_id(run.run_id) or run
    loader = OutputLoader(
        prepared.job, finished, prepared.config, instance, prepared.plan, prepared.known_state
    )
    return ExecuteInProcessResult(events, finished, RunOutputs(captured, loader), prepared.job_def)
