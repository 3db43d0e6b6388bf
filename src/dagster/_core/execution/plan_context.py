"""PlanExecutionContext: what all steps of one run share."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster._time as _time
from dagster._core.definitions.job.base import IJob
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.execution.coroutines import CoroutineRunner
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.retry import RetryMode
from dagster._core.records.run import DagsterRun
from dagster._process.late_module import LateModule

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.definitions.resource.lifecycle import ResourceManager
    from dagster._core.plan import fingerprint
    from dagster._core.plan.known_state import KnownExecutionState
    from dagster._core.plan.step import ExecutionStep
else:
    # Loaded by the first run that keeps what made its outputs.
    fingerprint = LateModule("dagster._core.plan.fingerprint")

DEBUG, INFO, ERROR = 10, 20, 40

#: The name of a value: step key, output, mapping key.
OutputKey = tuple[str, str, str | None]


class PlanExecutionContext:
    """What all steps of one run share, and the way their events take.

    Args:
        job: The job, or the way to load it.
        plan: The plan.
        run_config: The validated run config.
        dagster_run: The run.
        instance: The instance.
        log: The run's log manager.
        sink: Takes each entry of the event log.
        raise_on_error: Whether an error is raised once its events are out.
        output_capture: Where the values of outputs are kept for the result; None keeps none.
        keeps_fingerprints: Whether steps tell what made them. Not if nobody can ever ask: the instance
            ends with the run.
        known_state: What earlier runs produced of the steps that do not run; None if all run.
    """

    __slots__ = (
        "_sink_all",
        "console_level",
        "coroutines",
        "fingerprints",
        "instance",
        "job",
        "job_def",
        "job_name",
        "known_state",
        "log",
        "output_capture",
        "pid",
        "plan",
        "raise_on_error",
        "resource_manager",
        "retry_mode",
        "run",
        "run_config_resolved",
        "run_id",
        "sink",
        "step_dependency_config",
        "steps_by_key",
        "tags",
    )

    def __init__(
        self,
        *,
        job: IJob,
        plan: ExecutionPlan,
        run_config: ResolvedRunConfig,
        dagster_run: DagsterRun,
        instance: Any,
        log: DagsterLogManager,
        sink: Callable[[EventLogEntry], None],
        sink_all: Callable[[Sequence[EventLogEntry]], None] | None = None,
        raise_on_error: bool = False,
        output_capture: dict[OutputKey, Any] | None = None,
        keeps_fingerprints: bool = True,
        known_state: KnownExecutionState | None = None,
    ) -> None:
        self.job = job
        self.job_def: JobDefinition = job.get_definition()
        self.job_name = dagster_run.job_name
        self.plan = plan
        self.run_config_resolved = run_config
        self.run = dagster_run
        self.run_id = dagster_run.run_id
        self.instance = instance
        self.log = log
        self.sink = sink
        self._sink_all = sink_all
        self.console_level = log.console_level
        self.raise_on_error = raise_on_error
        self.output_capture = output_capture
        #: What made the outputs of each step, for re-execution from what has changed.
        self.fingerprints: fingerprint.StepFingerprints | None = (
            fingerprint.StepFingerprints(plan, self.job_def, run_config, dagster_run.tags)
            if keeps_fingerprints
            else None
        )
        self.known_state = known_state
        self.pid = os.getpid()
        self.tags = dagster_run.tags
        self.retry_mode = RetryMode.ENABLED
        self.resource_manager: ResourceManager | None = None
        #: Steps that were made for keys of dynamic outputs, by key. The plan knows the others.
        self.steps_by_key: dict[str, ExecutionStep] = {}
        #: Runs the coroutines of ops.
        self.coroutines = CoroutineRunner()

    # The documented names

    @property
    def dagster_run(self) -> DagsterRun:
        return self.run

    @property
    def pipeline_run(self) -> DagsterRun:
        """The older name of ``dagster_run``."""
        return self.run

    @property
    def execution_plan(self) -> ExecutionPlan:
        return self.plan

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run config as it was given."""
        return self.run.run_config

    @property
    def run_tags(self) -> Mapping[str, str]:
        return self.tags

    @property
    def pipeline_name(self) -> str:
        """The older name of ``job_name``."""
        return self.job_name

    @property
    def logging_tags(self) -> dict[str, str]:
        return {"job_name": self.job_name, "run_id": self.run_id}

    def has_tag(self, key: str) -> bool:
        return key in self.tags

    def get_tag(self, key: str) -> str | None:
        return self.tags.get(key)

    def step_by_key(self, key: str) -> ExecutionStep:
        """Return a step of the plan, or one that was made for a key."""
        return self.steps_by_key.get(key) or self.plan.get_step_by_key(key)

    def step_of(self, index: int, key: str) -> ExecutionStep:
        """Return a step by its number, or by its key if it was made for one."""
        steps = self.plan.steps
        if index < len(steps):
            step = steps[index]
            # A step that was made for its key alone has the numbers of templates.
            if step.key == key:
                return step
        return self.step_by_key(key)

    # Resources and the event loop

    @property
    def resources_by_key(self) -> Mapping[str, Any]:
        """The resources of the run that are set up, by key."""
        return self.resource_manager.instances if self.resource_manager is not None else {}

    @property
    def event_loop(self) -> AbstractEventLoop:
        """The loop that runs coroutines of ops; made when it is first needed."""
        return self.coroutines.loop

    # Events

    def sink_all(self, entries: Sequence[EventLogEntry]) -> None:
        """Write entries that came together to the log of the run: in one transaction if that can be."""
        if self._sink_all is not None:
            self._sink_all(entries)
            return
        for entry in entries:
            self.sink(entry)

    def emit(
        self, event: DagsterEvent, level: int = DEBUG, error: SerializableErrorInfo | None = None
    ) -> DagsterEvent:
        """Write an event to the log of the run and return it."""
        entry = EventLogEntry(
            error, level, "", self.run_id, _time.now(), event.step_key, self.job_name, event
        )
        self.sink(entry)
        if level >= self.console_level:
            self.log.log_dagster_event(level, event.message or "", event, entry)
        return event

    def emit_run_event(
        self,
        event_type: DagsterEventType,
        message: str,
        data: Any = None,
        level: int = DEBUG,
        error: SerializableErrorInfo | None = None,
    ) -> DagsterEvent:
        """Write an event of the run as a whole."""
        return self.emit(
            DagsterEvent(
                event_type.value,
                self.job_name,
                event_specific_data=data,
                message=message,
                pid=self.pid,
            ),
            level,
            error,
        )


#: What an executor gets. The same object: in one process there is nothing to keep from it.
PlanOrchestrationContext = PlanExecutionContext
