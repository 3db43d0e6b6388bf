"""PipelineRun: a run, made with the older names of its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._core.records.tags import (
    BACKFILL_ID_TAG,
    PARTITION_NAME_TAG,
    PARTITION_SET_TAG,
    SCHEDULE_NAME_TAG,
    SENSOR_NAME_TAG,
)

PipelineRunStatus = DagsterRunStatus


class _RunsByAnyName(type):
    """Makes every run an instance of ``PipelineRun``: there is one kind of run, under two names."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, DagsterRun)


class PipelineRun(metaclass=_RunsByAnyName):
    """One run of a pipeline. Calling it makes a :class:`DagsterRun`.

    Args:
        pipeline_name: The pipeline.
        run_id: Its id. Default: a new one.
        run_config: The run config. Default: none.
        mode: The mode.
        solid_selection: The clauses that select solids.
        solids_to_execute: The solids that they mean.
        step_keys_to_execute: The steps to run. Default: all.
        status: How it stands. Default: not started.
        tags: Its tags. Default: none.
        root_run_id: The first run of its chain of re-executions.
        parent_run_id: The run that it re-executes.
        pipeline_snapshot_id: The stored form of the pipeline.
        execution_plan_snapshot_id: The stored form of the plan.
        external_pipeline_origin: Where a host finds the pipeline.
    """

    def __new__(
        cls,
        pipeline_name: str,
        run_id: str | None = None,
        run_config: Mapping[str, Any] | None = None,
        mode: str | None = None,
        solid_selection: Sequence[str] | None = None,
        solids_to_execute: AbstractSet[str] | None = None,
        step_keys_to_execute: Sequence[str] | None = None,
        status: DagsterRunStatus | None = None,
        tags: Mapping[str, str] | None = None,
        root_run_id: str | None = None,
        parent_run_id: str | None = None,
        pipeline_snapshot_id: str | None = None,
        execution_plan_snapshot_id: str | None = None,
        external_pipeline_origin: Any = None,
    ) -> DagsterRun:
        """Return the run."""
        given: dict[str, Any] = {
            "run_id": run_id,
            "run_config": run_config,
            "status": status,
            "tags": tags,
        }
        return DagsterRun(
            job_name=pipeline_name,
            mode=mode,
            op_selection=solid_selection,
            resolved_op_selection=solids_to_execute,
            step_keys_to_execute=step_keys_to_execute,
            root_run_id=root_run_id,
            parent_run_id=parent_run_id,
            job_snapshot_id=pipeline_snapshot_id,
            execution_plan_snapshot_id=execution_plan_snapshot_id,
            remote_job_origin=external_pipeline_origin,
            **{key: value for key, value in given.items() if value is not None},
        )

    @staticmethod
    def tags_for_schedule(schedule: Any) -> dict[str, str]:
        """Return the tags of the runs of a schedule."""
        return {SCHEDULE_NAME_TAG: schedule.name}

    @staticmethod
    def tags_for_sensor(sensor: Any) -> dict[str, str]:
        """Return the tags of the runs of a sensor."""
        return {SENSOR_NAME_TAG: sensor.name}

    @staticmethod
    def tags_for_backfill_id(backfill_id: str) -> dict[str, str]:
        """Return the tags of the runs of a backfill."""
        return {BACKFILL_ID_TAG: backfill_id}

    @staticmethod
    def tags_for_partition_set(partition_set: Any, partition: Any) -> dict[str, str]:
        """Return the tags of the runs of a partition."""
        return {PARTITION_NAME_TAG: partition.name, PARTITION_SET_TAG: partition_set.name}
