"""Carry out one run: from a job and its config to the events, on an instance."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from typing import Any

from dagster._core.definitions.console_loggers import default_system_loggers
from dagster._core.definitions.executor import InitExecutorContext
from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig, mapped_config
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.events.payloads import JobCanceledData, JobFailureData, RunFailureReason
from dagster._core.execution.plan_context import ERROR, OutputKey, PlanExecutionContext
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.compile import compile_plan
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.run import DagsterRun
from dagster._core.runner.requirements import check_executor_requirements

_STEP_FAILURE = DagsterEventType.STEP_FAILURE.value


def plan_of(job_def: JobDefinition, config: ResolvedRunConfig) -> ExecutionPlan:
    """Return the plan of a job. A plan that owes nothing to config is kept with the job."""
    if config.ops or config.inputs:
        return compile_plan(job_def, config)
    if job_def._plan_cache is None:  # noqa: SLF001 - the slot is there for this
        job_def._plan_cache = compile_plan(job_def, config)  # noqa: SLF001
    return job_def._plan_cache  # noqa: SLF001


def loggers_of(
    job_def: JobDefinition, config: ResolvedRunConfig, instance: DagsterInstance, run_id: str
) -> list[logging.Logger]:
    """Return the loggers that run config asks for; the console if it asks for none.

    Raises:
        DagsterInvalidConfigError: If what a ``configured`` logger makes is invalid.
    """
    loggers: list[logging.Logger] = []
    for name, logger_config in config.loggers.items():
        definition = job_def.loggers[name]
        checked = mapped_config(definition, logger_config, f'logger "{name}"')
        loggers.append(definition.build_logger(checked, job_def, run_id))
    if not loggers:
        for definition, logger_config in default_system_loggers(instance):
            loggers.append(definition.build_logger(logger_config, job_def, run_id))
    return loggers


class RunExecution:
    """One run, ready to be carried out.

    Args:
        job: The job, or the way to load it.
        run: The run, stored on the instance.
        config: The validated run config.
        instance: The instance.
        plan: The plan.
        raise_on_error: Whether an error is raised once its events are out.
        output_capture: Where the values of outputs are kept for the result.
        loggers: Where messages go. Default: what run config asks for, see :func:`loggers_of`.

    Raises:
        Exception: Whatever a logger or the executor raises while it is made. The run has failed then.
    """

    def __init__(
        self,
        job: IJob,
        run: DagsterRun,
        config: ResolvedRunConfig,
        instance: DagsterInstance,
        plan: ExecutionPlan,
        *,
        raise_on_error: bool = False,
        output_capture: dict[OutputKey, Any] | None = None,
        loggers: Sequence[logging.Logger] | None = None,
    ) -> None:
        try:
            log = self._make_log(job, run, config, instance, loggers)
            self._executor = self._make_executor(job, config, instance)
        except Exception as exc:
            # The run is stored, and must not stay in the list as one that may still start.
            instance.report_run_failed(
                run,
                f'Execution of run for "{run.job_name}" failed while its loggers and its executor were made.',
                JobFailureData(
                    error_info_from_exception(exc), RunFailureReason.JOB_INITIALIZATION_FAILURE
                ),
            )
            raise
        self.context = PlanExecutionContext(
            job=job,
            plan=plan,
            run_config=config,
            dagster_run=run,
            instance=instance,
            log=log,
            sink=instance.event_writer(run.run_id),
            raise_on_error=raise_on_error,
            output_capture=output_capture,
        )
        self.context.step_dependency_config = getattr(self._executor, "step_dependency_config", None)

    @staticmethod
    def _make_log(
        job: IJob,
        run: DagsterRun,
        config: ResolvedRunConfig,
        instance: DagsterInstance,
        loggers: Sequence[logging.Logger] | None,
    ) -> DagsterLogManager:
        job_def = job.get_definition()
        return DagsterLogManager.create(
            loggers if loggers is not None else loggers_of(job_def, config, instance, run.run_id),
            run_id=run.run_id,
            job_name=run.job_name,
            sink=instance.event_writer(run.run_id),
            managed_loggers=instance.managed_python_loggers,
            handlers=instance.get_handlers(),
            level=instance.python_log_level or 0,
            run_tags=run.tags,
        )

    @staticmethod
    def _make_executor(job: IJob, config: ResolvedRunConfig, instance: DagsterInstance) -> Any:
        executor_def = job.get_definition().executor_def
        check_executor_requirements(executor_def, config.executor, job, instance)
        return executor_def(
            InitExecutorContext(
                job=job, executor_def=executor_def, executor_config=config.executor, instance=instance
            )
        )

    def events(self) -> Generator[DagsterEvent]:
        """Carry the run out and yield its events.

        Raises:
            Exception: The error of the run, where it raises errors.
            DagsterExecutionInterruptedError: If it was told to stop; it has ended as canceled then.
        """
        try:
            yield from self._events()
        finally:
            # Whatever was written is committed, also when this ends early.
            self.context.instance.close_event_writer(self.context.run_id)

    def _events(self) -> Generator[DagsterEvent]:
        context = self.context
        name = context.job_name
        failed: list[DagsterEvent] = []
        yield context.emit_run_event(
            DagsterEventType.RUN_START, f'Started execution of run for "{name}".'
        )
        try:
            for event in self._executor.execute(context, context.plan):
                if event.event_type_value == _STEP_FAILURE:
                    failed.append(event)
                yield event
        except (KeyboardInterrupt, DagsterExecutionInterruptedError) as interrupt:
            yield self._canceled("Execution was interrupted.", interrupt)
            raise DagsterExecutionInterruptedError(
                f'The run of "{name}" was interrupted; it has ended as canceled and its resources are torn '
                "down."
            ) from interrupt
        except GeneratorExit:
            # Whoever iterates has stopped: nothing can be yielded, but the log must not say "started".
            self._canceled("Execution was abandoned: its events were no longer asked for.", None)
            raise
        except BaseException as exc:
            # Also SystemExit and its like, wherever they come from: the log must not say "started".
            yield self._failed(exc, failed)
            if context.raise_on_error:
                raise
            return
        if failed:
            yield self._failed(None, failed)
        else:
            yield context.emit_run_event(
                DagsterEventType.RUN_SUCCESS, f'Finished execution of run for "{name}".'
            )

    def _canceled(self, reason: str, interrupt: BaseException | None) -> DagsterEvent:
        error = error_info_from_exception(interrupt) if interrupt is not None else None
        return self.context.emit_run_event(
            DagsterEventType.RUN_CANCELED,
            f'Execution of run for "{self.context.job_name}" canceled. {reason}',
            JobCanceledData(error),
            level=ERROR,
        )

    def _failed(self, exc: BaseException | None, failed: Sequence[DagsterEvent]) -> DagsterEvent:
        name = self.context.job_name
        if failed:
            keys = [event.step_key for event in failed]
            message = f'Execution of run for "{name}" failed. Steps failed: {keys}.'
            # The log has the error with its step; here it is only carried.
            first = failed[0].step_failure_data.error
            data = JobFailureData(first, RunFailureReason.STEP_FAILURE, keys[0])
            error = None
        else:
            error = error_info_from_exception(exc) if exc is not None else None
            message = f'Execution of run for "{name}" failed. An exception was thrown during execution.'
            data = JobFailureData(error, RunFailureReason.RUN_EXCEPTION)
        return self.context.emit_run_event(
            DagsterEventType.RUN_FAILURE, message, data, level=ERROR, error=error
        )
