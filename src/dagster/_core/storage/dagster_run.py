"""The documented import path of runs as a storage keeps them. The records live in ``_core.records``.

From the "Internals" document. Nothing of ours imports this module.
"""

from __future__ import annotations

from dagster._core.records.run import (
    ACTIVE_RUN_STATUSES,
    CANCELABLE_RUN_STATUSES,
    FINISHED_STATUSES,
    IN_PROGRESS_RUN_STATUSES,
    NOT_FINISHED_STATUSES,
    DagsterRun,
    DagsterRunStatus,
    RunRecord,
    RunsFilter,
)
from dagster._core.records.run_bucket import JobBucket, RunPartitionData, TagBucket

__all__ = [
    "ACTIVE_RUN_STATUSES",
    "CANCELABLE_RUN_STATUSES",
    "FINISHED_STATUSES",
    "IN_PROGRESS_RUN_STATUSES",
    "NOT_FINISHED_STATUSES",
    "DagsterRun",
    "DagsterRunStatus",
    "JobBucket",
    "RunPartitionData",
    "RunRecord",
    "RunsFilter",
    "TagBucket",
]
