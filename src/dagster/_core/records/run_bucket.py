"""Runs taken from several heaps at once, so many from each, and the newest run of each partition."""

from __future__ import annotations

from collections.abc import Sequence

from dagster._core.records.run import DagsterRunStatus
from dagster._wire.record import Record


class JobBucket(Record, frozen=True):
    """Take runs of each of these jobs.

    Args:
        job_names: The jobs.
        bucket_limit: How many of each at most. Default: all.
    """

    job_names: Sequence[str]
    bucket_limit: int | None = None


class TagBucket(Record, frozen=True):
    """Take runs with each of these values of a tag.

    Args:
        tag_key: The tag.
        tag_values: The values.
        bucket_limit: How many with each at most. Default: all.
    """

    tag_key: str
    tag_values: Sequence[str]
    bucket_limit: int | None = None


class RunPartitionData(Record, frozen=True):
    """How the newest run of a partition stands.

    Args:
        run_id: The run.
        partition: The partition.
        status: How the run stands.
        start_time: When it started, in seconds since the epoch.
        end_time: When it ended, in seconds since the epoch.
    """

    run_id: str
    partition: str
    status: DagsterRunStatus
    start_time: float | None
    end_time: float | None
