"""StepRunRef: a step as another place finds it, for launchers of steps; and what is done there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import dagster._check as check
from dagster._core.definitions.code_pointer import FileCodePointer, ModuleCodePointer
from dagster._core.definitions.reconstructable import ReconstructableJob, ReconstructableRepository
from dagster._core.errors import DagsterInvalidInvocationError, DagsterInvariantViolationError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.external_step import (
    run_step_elsewhere,
    step_elsewhere,
)
from dagster._core.executor.loaded_run import LoadedRun
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.step_reference import StepReference
from dagster._core.records.retry import RetryMode
from dagster._core.records.run import DagsterRun
from dagster._text import expected
from dagster._wire.record import Record


class StepRunRef(Record, frozen=True):
    """A step as another place finds it. From the API reference.

    It crosses to there pickled, or as JSON by ``serialize_value``.

    Args:
        run_config: The run config.
        dagster_run: The run.
        run_id: Its id.
        retry_mode: What becomes of a step that fails.
        step_key: The step.
        recon_job: The way to load the job.
        known_state: What earlier runs have produced.
        step: What else there is to know of a step that depends on what the run has done.
        attempt: How often the step was tried before.
    """

    run_config: Mapping[str, Any]
    dagster_run: DagsterRun
    run_id: str
    retry_mode: RetryMode
    step_key: str
    recon_job: ReconstructableJob
    known_state: KnownExecutionState | None = None
    step: StepReference | None = None
    attempt: int = 0


def step_context_to_step_run_ref(
    step_context: StepExecutionContext, package_dir: str | None = None
) -> StepRunRef:
    """Return the step of a context as another place finds it. From the API reference.

    Args:
        step_context: The step.
        package_dir: Where the packages of the user's code begin. If it is given and the job comes from a
            file, it is named as a module, since the file may lie elsewhere in the other place.

    Raises:
        DagsterInvariantViolationError: If the job is not one that can be loaded elsewhere.
        DagsterInvalidInvocationError: If its file is not in the directory.
    """
    check.inst_param(step_context, "step_context", StepExecutionContext)
    check.opt_str_param(package_dir, "package_dir")
    plan_context = step_context.plan_context
    job = plan_context.job.for_other_process()
    if job is None:
        raise DagsterInvariantViolationError(
            f"{plan_context.job_def.describe_target()} cannot be loaded elsewhere, which is needed to launch "
            "its steps there: run it with execute_job(reconstructable(the_function_that_defines_it), ...)."
        )
    if package_dir is not None:
        job = _from_package(job, package_dir)
    return StepRunRef(
        plan_context.run_config,
        plan_context.run,
        plan_context.run_id,
        plan_context.retry_mode.for_inner_plan(),
        step_context.step.key,
        job,
        plan_context.known_state,
        StepReference.to_step(step_context.step, plan_context.plan),
        step_context.attempt,
    )


def _from_package(job: ReconstructableJob, package_dir: str) -> ReconstructableJob:
    pointer = job.repository.pointer
    if not isinstance(pointer, FileCodePointer):
        return job
    file = os.path.abspath(os.path.join(pointer.working_directory or "", pointer.python_file))
    relative = os.path.relpath(file, package_dir)
    if relative.startswith(os.pardir) or not relative.endswith(".py"):
        raise DagsterInvalidInvocationError(
            expected("package_dir", f"a directory that holds the job's file {file}", package_dir)
        )
    module = relative.removesuffix(".py").replace(os.sep, ".").removesuffix(".__init__")
    repository = ReconstructableRepository(ModuleCodePointer(module, pointer.fn_name))
    return ReconstructableJob(repository, job.job_name, job.op_selection, job.mode)


def step_run_ref_to_step_context(
    step_run_ref: StepRunRef, instance: DagsterInstance
) -> StepExecutionContext:
    """Return the context of a step in the place where it is to run. From the API reference.

    Resources are not set up; :func:`run_step_from_ref` does that, and tears them down.

    Args:
        step_run_ref: The step.
        instance: The instance to run on there.

    Raises:
        DagsterExecutionStepNotFoundError: If the job there does not have the step.
    """
    check.inst_param(step_run_ref, "step_run_ref", StepRunRef)
    check.inst_param(instance, "instance", DagsterInstance)
    ref = step_run_ref
    context = LoadedRun(ref.recon_job, ref.dagster_run._replace(run_config=ref.run_config)).context(
        instance,
        instance.event_writer(ref.run_id).write,
        retry_mode=ref.retry_mode,
        known_state=ref.known_state,
    )
    return StepExecutionContext(context, step_elsewhere(context, ref.step_key, ref.step), ref.attempt)


def external_instance_from_step_run_ref(
    step_run_ref: StepRunRef, event_listener_fn: Callable[[EventLogEntry], object] | None = None
) -> DagsterInstance:
    """Return an instance in memory that knows the run of a step. From the API reference.

    Args:
        step_run_ref: The step.
        event_listener_fn: Gets each entry of the run's log as it is written, to bring it to the instance
            of the run: to ``handle_new_event`` there.
    """
    check.inst_param(step_run_ref, "step_run_ref", StepRunRef)
    check.opt_callable_param(event_listener_fn, "event_listener_fn")
    instance = DagsterInstance.ephemeral()
    instance.add_run(step_run_ref.dagster_run)
    if event_listener_fn is not None:
        listener = event_listener_fn

        def tell(entry: EventLogEntry, _cursor: str) -> None:
            listener(entry)

        instance.add_event_listener(step_run_ref.run_id, tell)
    return instance


def run_step_from_ref(step_run_ref: StepRunRef, instance: DagsterInstance) -> Iterator[DagsterEvent]:
    """Run a step in the place where it was launched to, and yield its events. From the API reference.

    Args:
        step_run_ref: The step.
        instance: The instance there, as from :func:`external_instance_from_step_run_ref`.
    """
    context = step_run_ref_to_step_context(step_run_ref, instance)
    try:
        yield from run_step_elsewhere(context, is_launched=True)
    finally:
        instance.close_event_writer(step_run_ref.run_id)
