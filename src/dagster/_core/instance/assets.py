"""Assets, as the events of an instance make them known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster._check as check
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.content_id import content_id
from dagster._core.records.event_records import AssetRecordsFilter, EventRecordsResult, build_cursor
from dagster._core.records.run import DagsterRunStatus, RunsFilter

if TYPE_CHECKING:
    from dagster._core.storage.event_log.base import EventLogStorage
    from dagster._core.storage.runs.base import RunStorage

_RUNS_A_QUERY = 500


def run_statuses(run_storage: RunStorage) -> Callable[[Collection[str]], Mapping[str, DagsterRunStatus]]:
    """Return what tells the statuses of runs, for their ids."""

    def statuses(run_ids: Collection[str]) -> Mapping[str, DagsterRunStatus]:
        ordered = sorted(run_ids)
        return {
            run.run_id: run.status
            for start in range(0, len(ordered), _RUNS_A_QUERY)
            for run in run_storage.get_runs(RunsFilter(run_ids=ordered[start : start + _RUNS_A_QUERY]))
        }

    return statuses


def fetch_planned(
    event_storage: EventLogStorage,
    records_filter: AssetKey | AssetRecordsFilter,
    limit: int,
    cursor: str | None,
    ascending: bool,
) -> EventRecordsResult:
    """Return a page of planned materializations."""
    if isinstance(records_filter, AssetKey):
        records_filter = AssetRecordsFilter(records_filter)
    event_filter = records_filter.to_event_records_filter(
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED, cursor, ascending
    )
    records = event_storage.get_event_records(event_filter, limit + 1, ascending)
    page = records[:limit]
    end = build_cursor(page[-1].storage_id) if page else cursor or build_cursor(-1)
    return EventRecordsResult(page, end, len(records) > limit)


def checked_partitions(partitions_def_name: str, partition_keys: Sequence[str]) -> Sequence[str]:
    """Return partition keys that can be added.

    Raises:
        CheckError: If they are one text, or not all texts.
    """
    check.str_param(partitions_def_name, "partitions_def_name")
    if isinstance(partition_keys, str):
        # A text is a sequence of texts too: its letters.
        raise check.CheckError(
            f"expected partition_keys to be a sequence of keys, got a single one: {partition_keys!r}. Write "
            f"[{partition_keys!r}]."
        )
    return check.sequence_param(partition_keys, "partition_keys", of_type=str)


def partitions_id(partition_keys: Sequence[str]) -> str:
    """Return a text that is the same for the same partition keys in the same order only."""
    return content_id(list(partition_keys))
