"""A run as a process has it that runs some of its steps, and is not the run's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster._core.definitions.job.base import PreparedJob
from dagster._core.definitions.reconstructable import ReconstructableJob
from dagster._core.events.log_manager import Sink
from dagster._core.execution.loggers import log_manager_of
from dagster._core.execution.plan_context import PlanExecutionContext
from dagster._core.instance.instance import DagsterInstance
from dagster._core.plan.compile import plan_of
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.step_reference import StepsByKey
from dagster._core.records.retry import RetryMode
from dagster._core.records.run import DagsterRun

if TYPE_CHECKING:
    from dagster._core.plan.fingerprint import StepFingerprints


class LoadedRun:
    """The job of a run, loaded; its config, validated; its plan.

    Args:
        job: The way to load the job.
        run: The run.
        run_config: The run config as it was given. Default: the run's.
    """

    __slots__ = ("_job", "config", "job_def", "plan", "run")

    def __init__(
        self, job: ReconstructableJob, run: DagsterRun, run_config: Mapping[str, Any] | None = None
    ) -> None:
        given = run.run_config if run_config is None else run_config
        self._job = job
        self.run = run
        self.job_def = job.get_definition().for_run(given)
        self.config = self.job_def.resolve_run_config(given)
        self.plan = plan_of(self.job_def, self.config)

    def context(
        self,
        instance: DagsterInstance,
        sink: Sink,
        *,
        retry_mode: RetryMode,
        known_state: KnownExecutionState | None = None,
        fingerprints: StepFingerprints | None = None,
    ) -> PlanExecutionContext:
        """Return the context of the steps that this process runs.

        Args:
            instance: The instance.
            sink: Takes each entry of the event log.
            retry_mode: What becomes of a step that fails.
            known_state: What earlier runs have produced.
            fingerprints: What made the outputs of steps. Default: worked out here.
        """
        context = PlanExecutionContext(
            job=PreparedJob(self._job, self.job_def),
            plan=self.plan,
            run_config=self.config,
            dagster_run=self.run,
            instance=instance,
            log=log_manager_of(self.job_def, self.config, self.run, instance, sink),
            sink=sink,
            keeps_fingerprints=fingerprints is None,
            known_state=known_state,
        )
        if fingerprints is not None:
            context.fingerprints = fingerprints
        context.retry_mode = retry_mode
        context.steps_by_key = StepsByKey(self.plan)
        return context
