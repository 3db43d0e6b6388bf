"""``execute_job`` and what carries out a run that is already stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.job.base import IJob, PreparedJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.definitions.run_config import convert_config_input
from dagster._core.errors import DagsterInvalidInvocationError, DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.compile import plan_of
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.rerun_selection import kept_state
from dagster._core.records.origin import JobPythonOrigin
from dagster._core.records.retry import RetryMode
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.records.tags import FROM_CHANGED_TAG
from dagster._core.runner.changes import plan_from_changed
from dagster._core.runner.output_loader import OutputLoader
from dagster._core.runner.requirements import fitting_executor_config
from dagster._core.runner.rerun import (
    ReexecutionOptions,
    Rerun,
    RerunKind,
    load_known_state,
    plan_rerun,
    require_finished,
    require_parent,
    require_same_job,
    rerun_of_stored,
)
from dagster._core.runner.results import JobExecutionResult
from dagster._core.runner.run import RunExecution
from dagster._core.runner.stored_values import check_stored_values

_STARTABLE = frozenset({DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING})


class Prepared:
    """A job with validated config and its plan: everything that is checked before a run exists.

    Args:
        job: The job, or the way to load it.
        run_config: The run config.

    Raises:
        DagsterInvalidConfigError: If the config is invalid, with every problem and its path.
        DagsterInvalidDefinitionError: If the job lacks a resource.
    """

    __slots__ = ("config", "given", "job", "job_def", "known_state", "plan")

    def __init__(self, job: IJob, run_config: Any) -> None:
        self.given: Mapping[str, Any] = convert_config_input(run_config) or {}
        definition = job.get_definition()
        definition.validate_resource_requirements_satisfied()
        self.job_def: JobDefinition = definition.for_run(self.given)
        self.job: IJob = job if self.job_def is definition else PreparedJob(job, self.job_def)
        self.config: ResolvedRunConfig = self.job_def.resolve_run_config(self.given)
        self.plan: ExecutionPlan = plan_of(self.job_def, self.config)
        self.known_state: KnownExecutionState | None = None

    def use(self, rerun: Rerun | None) -> None:
        """Have only the steps of a re-execution run; None leaves all."""
        if rerun is not None:
            self.plan, self.known_state = rerun.plan, rerun.known_state

    def changed_since(
        self,
        parent: DagsterRun,
        instance: DagsterInstance,
        tags: Mapping[str, Any] | None,
        only: Iterable[str] | None = None,
    ) -> Rerun:
        """Return the re-execution of what has changed since a run; see :func:`plan_from_changed`.

        Raises:
            DagsterInvariantViolationError: If the run is of another job, or has not ended.
        """
        require_same_job(parent, self.job_def)
        require_finished(parent)
        changes = plan_from_changed(parent, self.plan, self.job_def, self.config, instance, tags, only)
        return Rerun(
            parent,
            RerunKind.FROM_CHANGED,
            changes.plan,
            changes.known_state,
            decisions=changes.decisions,
        )

    def require_executor(self, instance: DagsterInstance) -> None:
        """Refuse, before there is a run, an executor that cannot run the job on an instance.

        Raises:
            DagsterUnmetExecutorRequirementsError: With the need and what to do.
        """
        fitting_executor_config(self.job_def.executor_def, self.config, self.job, instance)

    def execution(
        self, run: DagsterRun, instance: DagsterInstance, raise_on_error: bool = False, **kwargs: Any
    ) -> RunExecution:
        """Return a run, ready to be carried out. The other arguments are those of :class:`RunExecution`."""
        return RunExecution(
            self.job,
            run,
            self.config,
            instance,
            self.plan,
            raise_on_error=raise_on_error,
            known_state=self.known_state,
            **kwargs,
        )

    def carry_out(
        self, run: DagsterRun, instance: DagsterInstance, raise_on_error: bool
    ) -> JobExecutionResult:
        """Carry out a run through the job's executor."""
        events = list(self.execution(run, instance, raise_on_error).events())
        return self.result(run, instance, events)

    def result(
        self, run: DagsterRun, instance: DagsterInstance, events: Sequence[DagsterEvent]
    ) -> JobExecutionResult:
        """Return what a run has come to."""
        finished = instance.get_run_by_id(run.run_id) or run
        loader = OutputLoader(self.job, finished, self.config, instance, self.plan, self.known_state)
        return JobExecutionResult(self.job_def, loader, events, finished)


def execute_job(
    job: IJob,
    instance: DagsterInstance,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    raise_on_error: bool = False,
    op_selection: Sequence[str] | None = None,
    reexecution_options: ReexecutionOptions | None = None,
    asset_selection: Sequence[Any] | None = None,
) -> JobExecutionResult:
    """Run a job synchronously, through its own executor and I/O managers.

    From the "execution" part of the API documents. Unlike
    :meth:`JobDefinition.execute_in_process`, which is for tests, it runs the job as a deployment would.
    On an ephemeral instance, files of the default I/O manager lie in a temporary directory that goes with
    the instance.

    Args:
        job: The job, from :func:`reconstructable`.
        instance: The instance to run on.
        run_config: Run config: a dict or :class:`RunConfig`.
        tags: Tags of the run, on top of the job's.
        raise_on_error: Whether an error is raised or told by the result. Default: False.
        op_selection: Clauses that select a part of the ops: ``name``, ``name+``, ``*name`` …
        reexecution_options: The run that is executed again, and which of its steps. The new run has the
            ops of that run; its run config, if ``run_config`` is None; and the tags of the job and
            ``tags``, not those of that run. What it takes from that run, or from those before, is looked
            for before anything runs.
        asset_selection: Not in this version: None.

    Returns:
        The result. Open it in a ``with`` statement to load values of outputs.

    Raises:
        DagsterInvalidConfigError: If the config is invalid; nothing has run then.
        DagsterUnmetExecutorRequirementsError: If the executor needs more than there is.
        CheckError: If the instance does not have the run that is executed again.
        DagsterInvalidSubsetError: If a selection matches nothing.
        DagsterStepOutputNotFoundError: If a value of an earlier run is missing; nothing has run then.

    Examples:
        >>> with DagsterInstance.ephemeral() as instance:
        ...     with execute_job(reconstructable(my_job), instance) as result:
        ...         result.output_for_node("my_op")
    """
    _check_job(job)
    check.inst_param(instance, "instance", DagsterInstance)
    check.opt_mapping_param(tags, "tags", key_type=str)
    if asset_selection is not None:
        raise DagsterInvalidInvocationError(
            f"An asset selection was given for {job.get_definition().describe_target()}, which has no assets."
        )
    if op_selection is not None:
        check.sequence_param(op_selection, "op_selection", of_type=str)
    if reexecution_options is not None:
        check.inst_param(reexecution_options, "reexecution_options", ReexecutionOptions)
        prepared, run = prepare_reexecution(
            job,
            reexecution_options,
            instance,
            run_config=run_config,
            tags=tags,
            op_selection=op_selection,
        )
        return prepared.carry_out(run, instance, raise_on_error)
    if op_selection is not None:
        job = job.get_subset(op_selection=list(op_selection))
    prepared = Prepared(job, run_config)
    prepared.require_executor(instance)
    run = instance.create_run_for_job(
        prepared.job_def,
        run_config=prepared.given,
        tags=tags,
        op_selection=op_selection,
        mode=getattr(job, "mode", None),
        job_code_origin=origin_of(job),
        compiled_plan=prepared.plan,
    )
    return prepared.carry_out(run, instance, raise_on_error)


def origin_of(job: IJob) -> JobPythonOrigin | None:
    """Return where another process finds the code of a job; None if it cannot be loaded again."""
    get = getattr(job, "get_python_origin", None)
    return get() if get is not None else None


def prepare_reexecution(
    job: IJob,
    options: ReexecutionOptions,
    instance: DagsterInstance,
    *,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    op_selection: Sequence[str] | None = None,
) -> tuple[Prepared, DagsterRun]:
    """Check everything that a re-execution needs, and store its run. See :func:`execute_job`.

    Returns:
        What carries it out, and the run.
    """
    prepared, rerun = plan_reexecution(
        job, options, instance, run_config=run_config, op_selection=op_selection, tags=tags
    )
    return prepared, store_reexecution(job, prepared, rerun, instance, tags=tags)


def store_reexecution(
    job: IJob,
    prepared: Prepared,
    rerun: Rerun,
    instance: DagsterInstance,
    *,
    tags: Mapping[str, Any] | None = None,
) -> DagsterRun:
    """Store the run of a re-execution that :func:`plan_reexecution` worked out, and return it."""
    prepared.require_executor(instance)
    return instance.create_run_for_job(
        prepared.job_def,
        run_config=prepared.given,
        op_selection=rerun.parent.op_selection,
        mode=getattr(job, "mode", None) or rerun.parent.mode,
        job_code_origin=origin_of(job),
        compiled_plan=prepared.plan,
        **rerun.run_fields(tags),
    )


def plan_reexecution(
    job: IJob,
    options: ReexecutionOptions,
    instance: DagsterInstance,
    *,
    run_config: Any = None,
    op_selection: Sequence[str] | None = None,
    tags: Mapping[str, Any] | None = None,
) -> tuple[Prepared, Rerun]:
    """Check everything that a re-execution needs, and store nothing. See :func:`execute_job`.

    Returns:
        What carries it out, and what is run again.
    """
    parent = require_parent(instance, options.parent_run_id)
    if op_selection is not None and list(op_selection) != list(parent.op_selection or ()):
        raise DagsterInvalidInvocationError(
            f"An op_selection was given for the re-execution of run {parent.run_id}, which has the ops of "
            "that run. Select what runs again with the step_selection of ReexecutionOptions."
        )
    given = parent.run_config if run_config is None else run_config
    prepared = Prepared(_subset_for(job, parent), given)
    if options.kind is RerunKind.FROM_CHANGED:
        rerun = prepared.changed_since(parent, instance, tags)
    else:
        rerun = plan_rerun(options, parent, prepared.plan, prepared.job_def, instance)
    check_stored_values(rerun, prepared.job, prepared.config, instance)
    prepared.use(rerun)
    return prepared, rerun


def execute_run(
    job: IJob, dagster_run: DagsterRun, instance: DagsterInstance, raise_on_error: bool = False
) -> JobExecutionResult:
    """Carry out a run that is stored and has not started.

    Args:
        job: The job.
        dagster_run: The run: its config, op selection and steps say what is done. If it re-executes
            another one, what its steps feed on is loaded from that, or from those before.
        instance: The instance that it is stored on.
        raise_on_error: Whether an error is raised or told by the result. Default: False.

    Raises:
        DagsterInvariantViolationError: If it has started already.
    """
    prepared = _prepared_for(job, dagster_run, instance)
    return prepared.carry_out(dagster_run, instance, raise_on_error)


def execute_run_iterator(
    job: IJob, dagster_run: DagsterRun, instance: DagsterInstance
) -> Iterator[DagsterEvent]:
    """Carry out a run that is stored and has not started, and yield its events as they happen.

    Everything is checked at once; the run starts with the first event that is asked for.

    Args:
        job: The job.
        dagster_run: The run: its config and op selection say what is done.
        instance: The instance that it is stored on.

    Raises:
        DagsterInvariantViolationError: If it has started already.
    """
    prepared = _prepared_for(job, dagster_run, instance)
    return prepared.execution(dagster_run, instance).events()


def execute_plan_iterator(
    execution_plan: ExecutionPlan,
    job: IJob,
    dagster_run: DagsterRun,
    instance: DagsterInstance,
    retry_mode: RetryMode | None = None,
    run_config: Any = None,
) -> Iterator[DagsterEvent]:
    """Carry out the steps of a plan in this process, as a part of a run, and yield their events.

    Nothing says that the run starts or ends: that is for whoever carries it out as a whole.

    Args:
        execution_plan: The plan.
        job: The job.
        dagster_run: The run.
        instance: The instance.
        retry_mode: Whether steps that fail are tried again. Default: yes.
        run_config: Default: the run's.
    """
    check.inst_param(execution_plan, "execution_plan", ExecutionPlan)
    _check_job(job)
    given = dagster_run.run_config if run_config is None else run_config
    prepared = Prepared(_subset_for(job, dagster_run), given)
    prepared.plan = execution_plan
    if execution_plan.selected is not None:
        # The other steps: what this run, and those that it re-executes, have of them.
        prepared.known_state = kept_state(execution_plan, load_known_state(instance, dagster_run))
    execution = prepared.execution(dagster_run, instance)
    executor = InProcessExecutor(retries=retry_mode or RetryMode.ENABLED)
    return executor.execute(execution.context, execution_plan)


def execute_plan(
    execution_plan: ExecutionPlan,
    job: IJob,
    instance: DagsterInstance,
    dagster_run: DagsterRun,
    run_config: Any = None,
    retry_mode: RetryMode | None = None,
) -> Sequence[DagsterEvent]:
    """Carry out the steps of a plan; see :func:`execute_plan_iterator`. Returns all events."""
    return list(
        execute_plan_iterator(execution_plan, job, dagster_run, instance, retry_mode, run_config)
    )


def create_execution_plan(job: IJob | JobDefinition, run_config: Any = None) -> ExecutionPlan:
    """Return the plan that a run of a job would have.

    Args:
        job: The job.
        run_config: Run config: a dict or :class:`RunConfig`.

    Raises:
        DagsterInvalidConfigError: If the config is invalid.
    """
    if isinstance(job, IJob):
        job = job.get_definition()
    check.inst_param(job, "job", JobDefinition)
    given = convert_config_input(run_config) or {}
    job_def = job.for_run(given)
    return plan_of(job_def, job_def.resolve_run_config(given))


def _check_job(job: Any) -> None:
    if isinstance(job, JobDefinition):
        raise check.ParameterCheckError(
            f"expected job to be a ReconstructableJob, got: {job!r}. Pass reconstructable({job.name}), where "
            f"{job.name} stands at module scope; or call {job.name}.execute_in_process() in a test."
        )
    check.inst_param(job, "job", IJob)


def _subset_for(job: IJob, dagster_run: DagsterRun) -> IJob:
    """Return the part of a job that a run is for."""
    clauses = dagster_run.op_selection
    if not clauses or list(job.op_selection or ()) == list(clauses):
        return job
    return job.get_subset(op_selection=list(clauses))


def prepared_for(job: IJob, dagster_run: DagsterRun) -> Prepared:
    """Return what a stored run needs, with the whole plan."""
    _check_job(job)
    return Prepared(_subset_for(job, dagster_run), dagster_run.run_config)


def _prepared_for(job: IJob, dagster_run: DagsterRun, instance: DagsterInstance) -> Prepared:
    _check_job(job)
    check.inst_param(dagster_run, "dagster_run", DagsterRun)
    check.inst_param(instance, "instance", DagsterInstance)
    if dagster_run.status not in _STARTABLE:
        raise DagsterInvariantViolationError(
            f"Run {dagster_run.run_id} of '{dagster_run.job_name}' is in status {dagster_run.status.value}; "
            "only a run that is NOT_STARTED or STARTING can be executed. Create a new run to do it again."
        )
    prepared = prepared_for(job, dagster_run)
    if FROM_CHANGED_TAG in dagster_run.tags and dagster_run.parent_run_id is not None:
        # The steps were chosen when it was stored; which of them may be kept is seen when it starts.
        parent = require_parent(instance, dagster_run.parent_run_id)
        only = dagster_run.step_keys_to_execute
        rerun = prepared.changed_since(parent, instance, dagster_run.tags, only)
    else:
        rerun = rerun_of_stored(dagster_run, prepared.plan, instance)
    if rerun is not None and rerun.parent is not dagster_run:
        check_stored_values(rerun, prepared.job, prepared.config, instance)
    prepared.use(rerun)
    return prepared
