"""Runs: what was asked to run, how it stands, and how runs are looked for."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import Enum
from typing import Any, Final

from msgspec import field, structs

import dagster._check as check
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.tags import (
    ASSET_EVALUATION_ID_TAG,
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    AUTO_RETRY_RUN_ID_TAG,
    AUTOMATION_CONDITION_TAG,
    BACKFILL_ID_TAG,
    PARENT_RUN_ID_TAG,
    PARTITION_NAME_TAG,
    REPOSITORY_LABEL_TAG,
    RESUME_RETRY_TAG,
    ROOT_RUN_ID_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
    TICK_ID_TAG,
    WILL_RETRY_TAG,
)
from dagster._wire.record import Record


class DagsterRunStatus(Enum):
    """How a run stands."""

    QUEUED = "QUEUED"
    NOT_STARTED = "NOT_STARTED"
    MANAGED = "MANAGED"
    STARTING = "STARTING"
    STARTED = "STARTED"
    SUSPENDED = "SUSPENDED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"


#: The run is over.
FINISHED_STATUSES: Final = frozenset(
    {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
)
#: The run is not over yet.
NOT_FINISHED_STATUSES: Final = frozenset(DagsterRunStatus) - FINISHED_STATUSES
#: The run takes a place among those that run at the same time.
IN_PROGRESS_RUN_STATUSES: Final = frozenset(
    {DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING}
)
ACTIVE_RUN_STATUSES: Final = IN_PROGRESS_RUN_STATUSES
#: The run can be told to stop.
CANCELABLE_RUN_STATUSES: Final = frozenset({DagsterRunStatus.STARTED, DagsterRunStatus.QUEUED})
#: A run with one of these tags makes partitions.
_PARTITION_TAGS: Final = frozenset(
    {PARTITION_NAME_TAG, ASSET_PARTITION_RANGE_START_TAG, ASSET_PARTITION_RANGE_END_TAG}
)


def make_new_run_id() -> str:
    """Return a new random run id, a UUID of version 4."""
    return str(uuid.uuid4())


def _tags_for_schedule(schedule: Any) -> Mapping[str, str]:
    """Return the tags of the runs of a schedule: a definition, a state, anything with a name."""
    return {SCHEDULE_NAME_TAG: schedule.name}


def _tags_for_sensor(sensor: Any) -> Mapping[str, str]:
    """Return the tags of the runs of a sensor: a definition, a state, anything with a name."""
    return {SENSOR_NAME_TAG: sensor.name}


def _tags_for_backfill_id(backfill_id: str) -> Mapping[str, str]:
    """Return the tags of the runs of a backfill."""
    return {BACKFILL_ID_TAG: backfill_id}


def _tags_for_tick_id(tick_id: str, has_evaluations: bool = False) -> Mapping[str, str]:
    """Return the tags of the runs of a tick.

    Args:
        tick_id: The tick.
        has_evaluations: Whether it asked for them because of the conditions of assets.
    """
    tags = {TICK_ID_TAG: tick_id}
    if has_evaluations:
        tags |= {AUTOMATION_CONDITION_TAG: "true", ASSET_EVALUATION_ID_TAG: tick_id}
    return tags


class DagsterRun(Record, frozen=True):
    """One run of a job, as stored.

    Args:
        job_name: The job.
        run_id: Its id. Default: a new one.
        run_config: The config it was asked to run with. Default: none.
        asset_selection: The assets to make, of an asset job.
        asset_check_selection: The asset checks to run, of an asset job.
        op_selection: The selection as the user wrote it.
        resolved_op_selection: The ops that it selects.
        step_keys_to_execute: The steps to run. Default: all.
        status: How it stands. Default: NOT_STARTED.
        tags: Its tags. Default: none.
        root_run_id: The first run of its chain of re-executions.
        parent_run_id: The run that it re-executes.
        job_snapshot_id: The stored form of the job.
        execution_plan_snapshot_id: The stored form of the plan.
        remote_job_origin: Where a host finds the job.
        job_code_origin: Where a process finds the code.
        has_repository_load_data: Whether its plan holds data from loading the repository.
        run_op_concurrency: The pools that it will use.
        partitions_subset: The partitions that it makes.
        mode: The mode, of a pipeline of the older interface.
    """

    job_name: str
    run_id: str = field(default_factory=make_new_run_id)
    run_config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    asset_selection: AbstractSet[AssetKey] | None = None
    asset_check_selection: AbstractSet[Any] | None = None
    op_selection: Sequence[str] | None = None
    resolved_op_selection: AbstractSet[str] | None = None
    step_keys_to_execute: Sequence[str] | None = None
    status: DagsterRunStatus = DagsterRunStatus.NOT_STARTED
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    root_run_id: str | None = None
    parent_run_id: str | None = None
    job_snapshot_id: str | None = None
    execution_plan_snapshot_id: str | None = None
    remote_job_origin: Any = None
    job_code_origin: Any = None
    has_repository_load_data: bool = False
    run_op_concurrency: Any = None
    partitions_subset: Any = None
    mode: str | None = None

    def __post_init__(self) -> None:
        check.str_param(self.job_name, "job_name")
        for name, make in _DEFAULTS:
            if getattr(self, name) is None:
                structs.force_setattr(self, name, make())
        check.str_param(self.run_id, "run_id")
        check.mapping_param(self.run_config, "run_config", key_type=str)
        check.mapping_param(self.tags, "tags", key_type=str, value_type=str)
        check.inst_param(self.status, "status", DagsterRunStatus)
        check.opt_sequence_param(self.op_selection, "op_selection", of_type=str)
        check.opt_sequence_param(self.step_keys_to_execute, "step_keys_to_execute", of_type=str)
        check.opt_set_param(self.resolved_op_selection, "resolved_op_selection", of_type=str)
        check.opt_set_param(self.asset_selection, "asset_selection", of_type=AssetKey)

    def with_status(self, status: DagsterRunStatus) -> DagsterRun:
        """Return a copy that stands otherwise."""
        return self._replace(status=status)

    def with_tags(self, tags: Mapping[str, str]) -> DagsterRun:
        """Return a copy with these tags instead of its own."""
        return self._replace(tags=tags)

    def with_mode(self, mode: str) -> DagsterRun:
        """Return a copy with another mode."""
        return self._replace(mode=mode)

    def with_job_origin(self, origin: Any) -> DagsterRun:
        """Return a copy that a host finds elsewhere."""
        return self._replace(remote_job_origin=origin)

    def get_root_run_id(self) -> str | None:
        """Return the id of the first run of its chain, from its tags."""
        return self.tags.get(ROOT_RUN_ID_TAG)

    def get_parent_run_id(self) -> str | None:
        """Return the id of the run that it re-executes, from its tags."""
        return self.tags.get(PARENT_RUN_ID_TAG)

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED_STATUSES

    @property
    def is_success(self) -> bool:
        return self.status is DagsterRunStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        return self.status is DagsterRunStatus.FAILURE

    @property
    def is_failure_or_canceled(self) -> bool:
        return self.status in (DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)

    @property
    def is_cancelable(self) -> bool:
        return self.status in CANCELABLE_RUN_STATUSES

    @property
    def is_resume_retry(self) -> bool:
        """Whether it re-executes its parent from failure."""
        return self.tags.get(RESUME_RETRY_TAG) == "true"

    @property
    def is_complete_and_waiting_to_retry(self) -> bool:
        """Whether it failed and will be run again, and its next attempt is not there yet."""
        will_retry = self.tags.get(WILL_RETRY_TAG, "").lower() in ("true", "1")
        return self.is_failure and will_retry and AUTO_RETRY_RUN_ID_TAG not in self.tags

    @property
    def is_partitioned(self) -> bool:
        """Whether it makes partitions."""
        return self.partitions_subset is not None or not _PARTITION_TAGS.isdisjoint(self.tags)

    @property
    def entity_selection(self) -> AbstractSet[Any]:
        """The assets to make and the asset checks to run, together."""
        return {*(self.asset_selection or ()), *(self.asset_check_selection or ())}

    tags_for_schedule = staticmethod(_tags_for_schedule)
    tags_for_sensor = staticmethod(_tags_for_sensor)
    tags_for_backfill_id = staticmethod(_tags_for_backfill_id)
    tags_for_tick_id = staticmethod(_tags_for_tick_id)

    @property
    def dagster_execution_info(self) -> Mapping[str, str]:
        """What a container or process of the run is labelled with."""
        info = {"dagster/run-id": self.run_id, "dagster/job": self.job_name}
        location = getattr(self.remote_job_origin, "location_name", None)
        return info if location is None else {**info, "dagster/code-location": location}

    def tags_for_storage(self) -> Mapping[str, str]:
        """Return the tags by which it is found: its own, and that of the repository of its job."""
        repository = getattr(self.remote_job_origin, "repository_origin", None)
        if repository is None:
            return self.tags
        return {REPOSITORY_LABEL_TAG: repository.get_label(), **self.tags}

    @property
    def previous_run_id(self) -> str | None:
        """The run that it re-executes."""
        return self.parent_run_id

    # The same in the words of the older interface.

    @property
    def pipeline_name(self) -> str:
        return self.job_name

    @property
    def solid_selection(self) -> Sequence[str] | None:
        return self.op_selection

    @property
    def solids_to_execute(self) -> AbstractSet[str] | None:
        return self.resolved_op_selection

    @property
    def pipeline_snapshot_id(self) -> str | None:
        return self.job_snapshot_id

    @property
    def external_pipeline_origin(self) -> Any:
        return self.remote_job_origin


#: What a None stands for, in fields that are never None.
_DEFAULTS: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("run_id", make_new_run_id),
    ("run_config", dict),
    ("status", lambda: DagsterRunStatus.NOT_STARTED),
    ("tags", dict),
    ("has_repository_load_data", bool),
)


class RunsFilter(Record, frozen=True):
    """What runs to look for. Every condition that is given must hold.

    Args:
        run_ids: One of these ids. An empty list matches nothing.
        job_name: Of this job.
        statuses: In one of these.
        tags: With all of these tags; a list of values stands for any of them.
        snapshot_id: Of this stored form of the job.
        updated_after: Changed after this time.
        updated_before: Changed before this time.
        created_after: Created after this time.
        created_before: Created before this time.
        exclude_subruns: Whether to leave out runs of backfills.
    """

    run_ids: Sequence[str] | None = None
    job_name: str | None = None
    statuses: Sequence[DagsterRunStatus] = field(default_factory=list[DagsterRunStatus])
    tags: Mapping[str, str | Sequence[str]] = field(default_factory=dict[str, "str | Sequence[str]"])
    snapshot_id: str | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    exclude_subruns: bool | None = None

    def __post_init__(self) -> None:
        if self.statuses is None:  # pyright: ignore[reportUnnecessaryComparison]
            structs.force_setattr(self, "statuses", [])
        if self.tags is None:  # pyright: ignore[reportUnnecessaryComparison]
            structs.force_setattr(self, "tags", {})
        check.opt_sequence_param(self.run_ids, "run_ids", of_type=str)
        check.opt_str_param(self.job_name, "job_name")
        check.sequence_param(self.statuses, "statuses", of_type=DagsterRunStatus)
        check.mapping_param(self.tags, "tags", key_type=str)
        check.opt_str_param(self.snapshot_id, "snapshot_id")
        for name in ("updated_after", "updated_before", "created_after", "created_before"):
            check.opt_inst_param(getattr(self, name), name, datetime)

    @staticmethod
    def for_schedule(schedule: Any) -> RunsFilter:
        """Return the filter of the runs of a schedule: a definition, a state, anything with a name."""
        return RunsFilter(tags=DagsterRun.tags_for_schedule(schedule))

    @staticmethod
    def for_sensor(sensor: Any) -> RunsFilter:
        """Return the filter of the runs of a sensor: a definition, a state, anything with a name."""
        return RunsFilter(tags=DagsterRun.tags_for_sensor(sensor))

    @staticmethod
    def for_backfill(backfill_id: str) -> RunsFilter:
        """Return the filter of the runs of a backfill."""
        return RunsFilter(tags=DagsterRun.tags_for_backfill_id(backfill_id))

    @property
    def pipeline_name(self) -> str | None:
        """The job, in the words of the older interface."""
        return self.job_name


class RunRecord(Record, frozen=True):
    """A run with what its storage knows about it.

    Args:
        storage_id: Its number in the storage; newer runs have greater ones.
        dagster_run: The run.
        create_timestamp: When it was created.
        update_timestamp: When it was last changed.
        start_time: When it started, in seconds since the epoch.
        end_time: When it ended, in seconds since the epoch.
    """

    storage_id: int
    dagster_run: DagsterRun
    create_timestamp: datetime
    update_timestamp: datetime
    start_time: float | None = None
    end_time: float | None = None

    @property
    def pipeline_run(self) -> DagsterRun:
        """The run, in the words of the older interface."""
        return self.dagster_run
