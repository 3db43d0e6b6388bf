"""``execute_job`` and what carries out a run that is already stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster._check as check
from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.definitions.run_config import convert_config_input
from dagster._core.errors import DagsterInvalidInvocationError, DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.records.retry import RetryMode
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.runner.output_loader import OutputLoader
from dagster._core.runner.results import JobExecutionResult
from dagster._core.runner.run import RunExecution, plan_of

_STARTABLE = frozenset({DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING})


class PreparedJob(IJob):
    """A job as one run has it, which knows the way to load the whole.

    Args:
        origin: The job as it was given.
        job_def: The job as the run has it.
    """

    __slots__ = ("_job_def", "origin")

    def __init__(self, origin: IJob, job_def: JobDefinition) -> None:
        self.origin = origin
        self._job_def = job_def

    def get_definition(self) -> JobDefinition:
        return self._job_def

    def get_subset(self, *, op_selection: Sequence[str] | None = None) -> IJob:
        return self.origin.get_subset(op_selection=op_selection)

    @property
    def is_reconstructable(self) -> bool:
        return self.origin.is_reconstructable


class Prepared:
    """A job with validated config and its plan: everything that is checked before a run exists.

    Args:
        job: The job, or the way to load it.
        run_config: The run config.

    Raises:
        DagsterInvalidConfigError: If the config is invalid, with every problem and its path.
        DagsterInvalidDefinitionError: If the job lacks a resource.
    """

    __slots__ = ("config", "given", "job", "job_def", "plan")

    def __init__(self, job: IJob, run_config: Any) -> None:
        self.given: Mapping[str, Any] = convert_config_input(run_config) or {}
        definition = job.get_definition()
        definition.validate_resource_requirements_satisfied()
        self.job_def: JobDefinition = definition.for_run(self.given)
        self.job: IJob = job if self.job_def is definition else PreparedJob(job, self.job_def)
        self.config: ResolvedRunConfig = self.job_def.resolve_run_config(self.given)
        self.plan: ExecutionPlan = plan_of(self.job_def, self.config)

    def carry_out(
        self, run: DagsterRun, instance: DagsterInstance, raise_on_error: bool
    ) -> JobExecutionResult:
        """Carry out a run through the job's executor."""
        execution = RunExecution(
            self.job, run, self.config, instance, self.plan, raise_on_error=raise_on_error
        )
        events = list(execution.events())
        finished = instance.get_run_by_id(run.run_id) or run
        loader = OutputLoader(self.job, finished, self.config, instance, self.plan)
        return JobExecutionResult(self.job_def, loader, events, finished)


def execute_job(
    job: IJob,
    instance: DagsterInstance,
    run_config: Any = None,
    tags: Mapping[str, Any] | None = None,
    raise_on_error: bool = False,
    op_selection: Sequence[str] | None = None,
    reexecution_options: Any = None,
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
        reexecution_options: Not in this version: None.
        asset_selection: Not in this version: None.

    Returns:
        The result. Open it in a ``with`` statement to load values of outputs.

    Raises:
        DagsterInvalidConfigError: If the config is invalid; nothing has run then.
        DagsterUnmetExecutorRequirementsError: If the executor needs more than there is.

    Examples:
        >>> with DagsterInstance.ephemeral() as instance:
        ...     with execute_job(reconstructable(my_job), instance) as result:
        ...         result.output_for_node("my_op")
    """
    _check_job(job)
    check.inst_param(instance, "instance", DagsterInstance)
    check.opt_mapping_param(tags, "tags", key_type=str)
    if reexecution_options is not None:
        raise DagsterInvalidInvocationError(
            f"reexecution_options were given for {job.get_definition().describe_target()}: this version of "
            "Dagwerk does not have re-execution yet. Run the job anew, or a part of it with op_selection."
        )
    if asset_selection is not None:
        raise DagsterInvalidInvocationError(
            f"An asset selection was given for {job.get_definition().describe_target()}, which has no assets."
        )
    if op_selection is not None:
        check.sequence_param(op_selection, "op_selection", of_type=str)
        job = job.get_subset(op_selection=list(op_selection))
    prepared = Prepared(job, run_config)
    run = instance.create_run_for_job(
        prepared.job_def,
        run_config=prepared.given,
        tags=tags,
        op_selection=op_selection,
        mode=getattr(job, "mode", None),
        compiled_plan=prepared.plan,
    )
    return prepared.carry_out(run, instance, raise_on_error)


def execute_run(
    job: IJob, dagster_run: DagsterRun, instance: DagsterInstance, raise_on_error: bool = False
) -> JobExecutionResult:
    """Carry out a run that is stored and has not started.

    Args:
        job: The job.
        dagster_run: The run: its config and op selection say what is done.
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
    execution = RunExecution(prepared.job, dagster_run, prepared.config, instance, prepared.plan)
    return execution.events()


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
    execution = RunExecution(prepared.job, dagster_run, prepared.config, instance, execution_plan)
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


def _prepared_for(job: IJob, dagster_run: DagsterRun, instance: DagsterInstance) -> Prepared:
    _check_job(job)
    check.inst_param(dagster_run, "dagster_run", DagsterRun)
    check.inst_param(instance, "instance", DagsterInstance)
    if dagster_run.status not in _STARTABLE:
        raise DagsterInvariantViolationError(
            f"Run {dagster_run.run_id} of '{dagster_run.job_name}' is in status {dagster_run.status.value}; "
            "only a run that is NOT_STARTED or STARTING can be executed. Create a new run to do it again."
        )
    return Prepared(_subset_for(job, dagster_run), dagster_run.run_config)
