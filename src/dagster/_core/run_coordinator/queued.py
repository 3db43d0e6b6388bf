"""QueuedRunCoordinator: a submitted run waits in the run storage until the daemon takes it out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Self

from dagster._config.config_type import Array, Bool, Int, Noneable, ScalarUnion, String
from dagster._config.field import Field
from dagster._config.shapes import Shape
from dagster._config.source import IntSource
from dagster._core.errors import DagsterInvalidConfigError, DagsterRunNotFoundError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.run_coordinator.base import RunCoordinator, SubmitRunContext
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData
from dagster._wire.record import Record

#: How many runs are in progress at the same time when nobody says otherwise.
DEFAULT_MAX_CONCURRENT_RUNS = 10

TAG_CONCURRENCY_LIMITS = Field(
    Noneable(
        Array(
            Shape(
                {
                    "key": Field(String, description="The tag."),
                    "value": Field(
                        ScalarUnion(
                            scalar_type=str,
                            non_scalar_schema=Shape({"applyLimitPerUniqueValue": Bool}),
                        ),
                        is_required=False,
                        description="Only runs with this value; or {applyLimitPerUniqueValue: true}: the "
                        "limit holds for each value by itself.",
                    ),
                    "limit": Field(Int, description="How many such runs are in progress at most."),
                }
            )
        )
    ),
    is_required=False,
    description="Limits for runs with certain tags.",
)

#: The schema of ``run_queue:`` and of the coordinator's config.
RUN_QUEUE_FIELDS: Mapping[str, Field] = {
    "max_concurrent_runs": Field(
        IntSource,
        is_required=False,
        description="How many runs are in progress at most: 0 is none, -1 is no limit. Default: 10.",
    ),
    "tag_concurrency_limits": TAG_CONCURRENCY_LIMITS,
    "dequeue_interval_seconds": Field(
        IntSource, is_required=False, description="Seconds between two looks at the queue. Default: 5."
    ),
    "dequeue_use_threads": Field(
        Bool, is_required=False, description="Whether runs are launched in threads. Default: false."
    ),
    "dequeue_num_workers": Field(IntSource, is_required=False, description="How many threads."),
    "max_user_code_failure_retries": Field(
        IntSource,
        is_required=False,
        default_value=0,
        description="How often a run is taken out again when its code location cannot be reached.",
    ),
    "user_code_failure_retry_delay": Field(
        IntSource, is_required=False, default_value=60, description="Seconds between these attempts."
    ),
    "block_op_concurrency_limited_runs": Field(
        Shape(
            {
                "enabled": Field(Bool, is_required=False),
                "op_concurrency_slot_buffer": Field(Int, is_required=False),
            }
        ),
        is_required=False,
        description="Whether a run waits while all its ops would wait for concurrency slots.",
    ),
}


class RunQueueConfig(Record, frozen=True):
    """How runs leave the queue.

    Args:
        max_concurrent_runs: How many are in progress at most; -1 is no limit.
        tag_concurrency_limits: Limits for runs with certain tags: ``key``, ``value``, ``limit``.
        max_user_code_failure_retries: How often a run is taken out again when its code cannot be reached.
        user_code_failure_retry_delay: Seconds between these attempts.
        should_block_op_concurrency_limited_runs: Whether a run waits while all its ops would.
        op_concurrency_slot_buffer: How many runs beyond the free slots may start all the same.
        explicitly_enabled_concurrency_run_blocking: Whether that was asked for, not only the default.
    """

    max_concurrent_runs: int
    tag_concurrency_limits: Sequence[Mapping[str, Any]]
    max_user_code_failure_retries: int = 0
    user_code_failure_retry_delay: int = 60
    should_block_op_concurrency_limited_runs: bool = True
    op_concurrency_slot_buffer: int = 0
    explicitly_enabled_concurrency_run_blocking: bool = False


class QueuedRunCoordinator(RunCoordinator, ConfigurableClass):
    """Enqueues runs via the run storage, to be dequeued by the daemon. From the "Internals" document.

    Args:
        max_concurrent_runs: How many runs are in progress at most: 0 is none, -1 is no limit. Default: 10.
        tag_concurrency_limits: Limits for runs with certain tags: ``key``, ``value``, ``limit``.
        dequeue_interval_seconds: Seconds between two looks at the queue. Default: 5.
        dequeue_use_threads: Whether runs are launched in threads. Default: False.
        dequeue_num_workers: How many threads.
        max_user_code_failure_retries: How often a run is taken out again when its code location cannot be
            reached. Default: 0.
        user_code_failure_retry_delay: Seconds between these attempts. Default: 60.
        block_op_concurrency_limited_runs: ``enabled`` and ``op_concurrency_slot_buffer``.
        inst_data: Where the object comes from.
    """

    def __init__(
        self,
        max_concurrent_runs: int | None = None,
        tag_concurrency_limits: Sequence[Mapping[str, Any]] | None = None,
        dequeue_interval_seconds: int | None = None,
        dequeue_use_threads: bool | None = None,
        dequeue_num_workers: int | None = None,
        max_user_code_failure_retries: int | None = None,
        user_code_failure_retry_delay: int | None = None,
        block_op_concurrency_limited_runs: Mapping[str, Any] | None = None,
        inst_data: ConfigurableClassData | None = None,
    ) -> None:
        self._inst_data = inst_data
        #: As it was given: a limit may also come from the instance's ``concurrency.runs``.
        self.explicit_max_concurrent_runs = max_concurrent_runs
        self.dequeue_interval_seconds = (
            5 if dequeue_interval_seconds is None else dequeue_interval_seconds
        )
        self.dequeue_use_threads = bool(dequeue_use_threads)
        self.dequeue_num_workers = dequeue_num_workers
        blocking = block_op_concurrency_limited_runs or {}
        limit = DEFAULT_MAX_CONCURRENT_RUNS if max_concurrent_runs is None else max_concurrent_runs
        if limit < -1:
            raise _refused("max_concurrent_runs", f"-1 (no limit), 0 or more, got: {limit}")
        limits = list(tag_concurrency_limits or ())
        for entry in limits:
            if entry["limit"] < 0:
                raise _refused("tag_concurrency_limits", f"limits of 0 or more, got: {entry['limit']}")
        self._config = RunQueueConfig(
            max_concurrent_runs=limit,
            tag_concurrency_limits=limits,
            max_user_code_failure_retries=max_user_code_failure_retries or 0,
            user_code_failure_retry_delay=(
                60 if user_code_failure_retry_delay is None else user_code_failure_retry_delay
            ),
            should_block_op_concurrency_limited_runs=blocking.get("enabled", True),
            op_concurrency_slot_buffer=blocking.get("op_concurrency_slot_buffer", 0),
            explicitly_enabled_concurrency_run_blocking=bool(blocking.get("enabled")),
        )

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    def get_run_queue_config(self) -> RunQueueConfig:
        """Return how runs leave the queue."""
        return self._config

    @property
    def should_block_op_concurrency_limited_runs(self) -> bool:
        """Whether a run waits while all its ops would wait for concurrency slots."""
        return self._config.should_block_op_concurrency_limited_runs

    @property
    def op_concurrency_slot_buffer(self) -> int:
        """How many runs beyond the free slots may start all the same."""
        return self._config.op_concurrency_slot_buffer

    @classmethod
    def config_type(cls) -> Any:
        return dict(RUN_QUEUE_FIELDS)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        return cls(inst_data=inst_data, **config_value)

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Put the run into the queue: its log says so, and its status follows from that."""
        run = context.dagster_run
        if run.status is DagsterRunStatus.NOT_STARTED:
            event = DagsterEvent(
                DagsterEventType.RUN_ENQUEUED.value, run.job_name, message=f"Run {run.run_id} enqueued."
            )
            self._instance.report_dagster_event(event, run.run_id, logging.INFO)
        return self._run(run.run_id)

    def cancel_run(self, run_id: str) -> bool:
        """Cancel the run if it is still in the queue; else have the launcher stop it."""
        run = self._instance.get_run_by_id(run_id)
        if run is None:
            return False
        if run.status is DagsterRunStatus.QUEUED:
            self._instance.report_run_canceling(run, "Canceling run from the queue.")
            self._instance.report_run_canceled(run)
            return True
        return self._instance.run_launcher.terminate(run_id)

    def _run(self, run_id: str) -> DagsterRun:
        run = self._instance.get_run_by_id(run_id)
        if run is None:
            raise DagsterRunNotFoundError(f"There is no run with id {run_id}.", run_id)
        return run


def _refused(name: str, what: str) -> DagsterInvalidConfigError:
    return DagsterInvalidConfigError(f"expected {name} of the run queue to be {what}.", [], None)
