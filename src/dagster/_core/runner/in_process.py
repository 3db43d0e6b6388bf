"""``execute_in_process``: run a job here and now, with all values in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.run_config import convert_config_input
from dagster._core.execution.plan_context import OutputKey
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.compile import plan_of
from dagster._core.runner.results import ExecuteInProcessResult
from dagster._core.runner.run import RunExecution


def execute_in_process(
    job_def: JobDefinition,
    *,
    run_config: Any = None,
    instance: DagsterInstance | None = None,
    raise_on_error: bool = True,
    op_selection: Sequence[str] | None = None,
    run_id: str | None = None,
    input_values: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    resources: Mapping[str, object] | None = None,
) -> ExecuteInProcessResult:
    """Run a job in this process. See :meth:`JobDefinition.execute_in_process`."""
    check.opt_inst_param(instance, "instance", DagsterInstance)
    check.opt_mapping_param(tags, "tags", key_type=str)
    own_instance = instance is None
    instance = instance or DagsterInstance.ephemeral()
    try:
        ephemeral = job_def.in_process_form(resources, input_values).get_subset(
            op_selection=op_selection
        )
        ephemeral.validate_resource_requirements_satisfied()
        given = convert_config_input(run_config) or {}
        ephemeral = ephemeral.for_run(given)
        config = ephemeral.resolve_run_config(given)
        plan = plan_of(ephemeral, config)
        run = instance.create_run_for_job(
            ephemeral,
            run_id=run_id,
            run_config=given,
            tags=tags,
            op_selection=op_selection,
            compiled_plan=plan,
        )
        capture: dict[OutputKey, Any] = {}
        execution = RunExecution(
            InMemoryJob(ephemeral),
            run,
            config,
            instance,
            plan,
            raise_on_error=raise_on_error,
            output_capture=capture,
            keeps_fingerprints=not own_instance,
        )
        events = list(execution.events())
        finished = instance.get_run_by_id(run.run_id) or run
        return ExecuteInProcessResult(events, finished, capture, ephemeral)
    finally:
        if own_instance:
            instance.dispose()
