"""``reexecute_pipeline``: a run of a pipeline again, as a whole or in part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.execution.plan_context import OutputKey
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.tags import normalize_tags
from dagster._core.runner.execute_job import Prepared, origin_of
from dagster._core.runner.output_loader import OutputLoader
from dagster._core.runner.rerun import ReexecutionOptions, plan_rerun, require_parent
from dagster._core.runner.run import RunExecution
from dagster._core.runner.run_outputs import RunOutputs
from dagster._core.runner.stored_values import check_stored_values
from dagster._legacy.execution import LoadedPipeline, PipelineRequest, Target
from dagster._legacy.results import PipelineExecutionResult
from dagster._warnings import deprecation_warning


class PipelineRerun:
    """A re-execution of a pipeline, checked and stored, ready to be carried out.

    Args:
        pipeline: The pipeline, or the way to load it; a job is taken too.
        options: The parent run, and the steps that run again.
        instance: The instance that has the parent run.
        raise_on_error: Whether an error is raised once its events are out.
        run_config: The run config. Not the parent's.
        mode: The mode. Not the parent's.
        preset: The preset.
        tags: Tags of the run.
    """

    def __init__(
        self,
        pipeline: Target,
        options: ReexecutionOptions,
        instance: DagsterInstance | None,
        *,
        raise_on_error: bool,
        run_config: Mapping[str, Any] | None,
        mode: str | None,
        preset: str | None,
        tags: Mapping[str, Any] | None,
    ) -> None:
        if instance is None:
            raise check.CheckError(
                f"Run {options.parent_run_id} cannot be re-executed without the instance that it is on: give "
                "the argument instance."
            )
        parent = require_parent(instance, options.parent_run_id)
        # A preset may select solids too; what ran in the parent is what can run again.
        clauses = list(parent.op_selection) if parent.op_selection else None
        request = PipelineRequest(pipeline, run_config, mode, preset, tags, clauses)
        if request.job.op_selection and not clauses:
            raise DagsterInvariantViolationError(
                f"Run {parent.run_id} ran all of '{parent.job_name}', and cannot be re-executed with the "
                f"selection {list(request.job.op_selection)!r}. Select steps with step_selection."
            )
        self.request = request
        self.instance = instance
        self.captured: dict[OutputKey, Any] = {}
        self.prepared = prepared = Prepared(
            LoadedPipeline(request.job, request.origin), request.run_config
        )
        rerun = plan_rerun(options, parent, prepared.plan, prepared.job_def, instance)
        check_stored_values(rerun, prepared.job, prepared.config, instance)
        prepared.use(rerun)
        prepared.require_executor(instance)
        self.run = instance.create_run_for_job(
            prepared.job_def,
            run_config=request.run_config,
            mode=request.mode,
            op_selection=parent.op_selection,
            job_code_origin=origin_of(request.origin) if request.origin is not None else None,
            compiled_plan=prepared.plan,
            **rerun.run_fields(normalize_tags(request.tags)),
        )
        self.execution: RunExecution = prepared.execution(
            self.run, instance, raise_on_error, output_capture=self.captured
        )

    def execute(self) -> PipelineExecutionResult:
        """Run to the end and return the result."""
        events = list(self.execution.events())
        prepared = self.prepared
        run = self.instance.get_run_by_id(self.run.run_id) or self.run
        loader = OutputLoader(
            prepared.job, run, prepared.config, self.instance, prepared.plan, prepared.known_state
        )
        return PipelineExecutionResult(
            self.request.definition,
            run.run_id,
            events,
            RunOutputs(self.captured, loader, events),
            container=prepared.job_def.graph,
        )


def _options(
    parent_run_id: str,
    step_selection: Sequence[str] | None,
    step_keys_to_execute: Sequence[str] | None,
) -> ReexecutionOptions:
    check.str_param(parent_run_id, "parent_run_id")
    if step_keys_to_execute is not None:
        check.invariant(
            step_selection is None,
            "Parameters step_selection and step_keys_to_execute are mutually exclusive: the latter is the "
            "older name of the former.",
        )
        deprecation_warning(
            "The step_keys_to_execute parameter of reexecute_pipeline",
            "0.10.0",
            "Use step_selection.",
            stacklevel=4,
        )
        step_selection = step_keys_to_execute
    return ReexecutionOptions(parent_run_id, list(step_selection) if step_selection else [])


def reexecute_pipeline(
    pipeline: Target,
    parent_run_id: str,
    run_config: Mapping[str, Any] | None = None,
    step_selection: Sequence[str] | None = None,
    mode: str | None = None,
    preset: str | None = None,
    tags: Mapping[str, Any] | None = None,
    instance: DagsterInstance | None = None,
    raise_on_error: bool = True,
    step_keys_to_execute: Sequence[str] | None = None,
) -> PipelineExecutionResult:
    """Re-execute an existing pipeline run. From the "Execution" and "Re-execution" documents.

    The new run is grouped with the parent run, which stays as it is. It has the parent's solid selection,
    but neither its run config nor its mode. What steps that are not run gave is loaded from the parent
    run, or the nearest run before it that ran them.

    Args:
        pipeline: The pipeline, or what :func:`reconstructable` makes of it.
        parent_run_id: The run that is executed again.
        run_config: The run config. Default: none.
        step_selection: The clauses that select steps: ``["unreliable*"]`` takes it and all that follows,
            ``["*unreliable+"]`` it, all before it and what follows directly. Default: all steps.
        mode: The mode. Not together with ``preset``; may be left out if the pipeline has one only.
        preset: The preset, which gives run config, mode and tags.
        tags: Tags of the run, on top of the pipeline's and the preset's.
        instance: The instance that the parent run is on.
        raise_on_error: Whether an error is raised or told by the result. Default: True.
        step_keys_to_execute: The older name of ``step_selection``.

    Raises:
        CheckError: If the instance does not have the parent run, or arguments contradict each other.
        DagsterInvalidSubsetError: If the selection matches nothing.
        DagsterInvalidConfigError: With every problem of the run config and its path.
        DagsterStepOutputNotFoundError: If a value that a step takes from an earlier run is missing;
            nothing has run then.

    Examples:
        >>> with DagsterInstance.ephemeral() as instance:
        ...     failed = execute_pipeline(unreliable_pipeline, instance=instance, raise_on_error=False)
        ...     reexecute_pipeline(
        ...         unreliable_pipeline,
        ...         parent_run_id=failed.run_id,
        ...         step_selection=["unreliable*"],
        ...         instance=instance,
        ...     )
    """
    check.bool_param(raise_on_error, "raise_on_error")
    check.opt_inst_param(instance, "instance", DagsterInstance)
    options = _options(parent_run_id, step_selection, step_keys_to_execute)
    return PipelineRerun(
        pipeline,
        options,
        instance,
        raise_on_error=raise_on_error,
        run_config=run_config,
        mode=mode,
        preset=preset,
        tags=tags,
    ).execute()


def reexecute_pipeline_iterator(
    pipeline: Target,
    parent_run_id: str,
    run_config: Mapping[str, Any] | None = None,
    step_selection: Sequence[str] | None = None,
    mode: str | None = None,
    preset: str | None = None,
    tags: Mapping[str, Any] | None = None,
    instance: DagsterInstance | None = None,
    step_keys_to_execute: Sequence[str] | None = None,
) -> Iterator[DagsterEvent]:
    """Re-execute an existing pipeline run and yield its events as they happen. From "Execution".

    Errors of solids are told by events, not raised. What is wrong with the arguments, and a value that is
    missing, is raised at once; the run starts with the first event that is asked for.

    Args:
        pipeline: The pipeline, or what :func:`reconstructable` makes of it.
        parent_run_id: The run that is executed again.
        run_config: The run config. Default: none.
        step_selection: The clauses that select steps. Default: all.
        mode: The mode. Not together with ``preset``.
        preset: The preset, which gives run config, mode and tags.
        tags: Tags of the run, on top of the pipeline's and the preset's.
        instance: The instance that the parent run is on.
        step_keys_to_execute: The older name of ``step_selection``.
    """
    check.opt_inst_param(instance, "instance", DagsterInstance)
    options = _options(parent_run_id, step_selection, step_keys_to_execute)
    rerun = PipelineRerun(
        pipeline,
        options,
        instance,
        raise_on_error=False,
        run_config=run_config,
        mode=mode,
        preset=preset,
        tags=tags,
    )
    return rerun.execution.events()
