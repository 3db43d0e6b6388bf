"""Carry out one run: from a job and its config to the events, on an instance."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.definitions.executor import InitExecutorContext
from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterRunWorkerStoppedError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import (
    EngineEventData,
    ErrorSource,
    JobCanceledData,
    JobFailureData,
    RunFailureReason,
)
from dagster._core.execution.loggers import log_manager_of
from dagster._core.execution.plan_context import ERROR, OutputKey, PlanExecutionContext
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.records.error_info import error_info_from_exception
from dagster._core.records.metadata import MetadataValue
from dagster._core.records.run import DagsterRun
from dagster._core.runner.requirements import fitting_executor_config
from dagster._process.late_module import LateModule

if TYPE_CHECKING:
    from dagster._core.plan.known_state import KnownExecutionState
    from dagster._process import identity
else:
    # Only runs that are kept ask for it.
    identity = LateModule("dagster._process.identity")

_STEP_FAILURE = DagsterEventType.STEP_FAILURE.value


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
        keeps_fingerprints: Whether steps tell what made them, see :class:`PlanExecutionContext`.
        known_state: What earlier runs produced, if only a part of the plan runs.
        opening: The event, written already, with which a run goes on that was resumed. Default: none, so
            that the run starts.
        earlier_failures: The failures of steps before a run was resumed.

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
        keeps_fingerprints: bool = True,
        known_state: KnownExecutionState | None = None,
        opening: DagsterEvent | None = None,
        earlier_failures: Sequence[DagsterEvent] = (),
    ) -> None:
        self._opening = opening
        self._earlier_failures = earlier_failures
        try:
            writer = instance.event_writer(run.run_id)
            log = log_manager_of(job.get_definition(), config, run, instance, writer.write, loggers)
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
            sink=writer.write,
            sink_all=writer.write_all,
            raise_on_error=raise_on_error,
            output_capture=output_capture,
            keeps_fingerprints=keeps_fingerprints,
            known_state=known_state,
        )
        self.context.step_dependency_config = getattr(self._executor, "step_dependency_config", None)

    @staticmethod
    def _make_executor(job: IJob, config: ResolvedRunConfig, instance: DagsterInstance) -> Any:
        executor_def = job.get_definition().executor_def
        executor_config = fitting_executor_config(executor_def, config, job, instance)
        return executor_def(
            InitExecutorContext(
                job=job,
                executor_def=executor_def,
                executor_config=executor_config,
                instance=instance,
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
        failed: list[DagsterEvent] = list(self._earlier_failures)
        yield self._opening or context.emit_run_event(
            DagsterEventType.RUN_START, f'Started execution of run for "{name}".', self._worker_data()
        )
        try:
            for event in self._executor.execute(context, context.plan):
                if event.event_type_value == _STEP_FAILURE:
                    failed.append(event)
                yield event
        except DagsterRunWorkerStoppedError:
            raise  # the run goes on
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
            # Steps that were ended because of it are not why the run failed.
            own = [e for e in failed if e.step_failure_data.error_source is not ErrorSource.INTERRUPT]
            yield self._failed(exc, own)
            if context.raise_on_error:
                raise
            return
        if failed:
            yield self._failed(None, failed)
        else:
            yield context.emit_run_event(
                DagsterEventType.RUN_SUCCESS, f'Finished execution of run for "{name}".'
            )

    def _worker_data(self) -> EngineEventData | None:
        """Return which process carries the run out, for whoever resumes it; an ephemeral run ends with it."""
        if not self.context.instance.is_persistent:
            return None
        facts = identity.process_facts()
        return EngineEventData({label: MetadataValue.text(fact) for label, fact in facts.items()})

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
