"""What any event log tells of assets, asked of its other methods: for storages with nothing faster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from dagster._core.records.asset_key import AssetKey
from dagster._core.records.event_records import AssetRecordsFilter, EventLogRecord
from dagster._core.records.partition_status import AssetPartitionStatus
from dagster._core.records.run import IN_PROGRESS_RUN_STATUSES, DagsterRunStatus
from dagster._core.records.tags import CODE_VERSION_TAG

if TYPE_CHECKING:
    from dagster._core.storage.event_log.base import EventLogStorage


def latest_code_versions(
    event_storage: EventLogStorage, asset_keys: Iterable[AssetKey]
) -> Mapping[AssetKey, str | None]:
    """Return the code version of the latest materialization of each asset; None if it tells none."""
    keys = list(asset_keys)
    entries = event_storage.get_latest_materialization_events(keys)
    return {
        key: (entry.tags or {}).get(CODE_VERSION_TAG)
        if (entry := entries.get(key)) is not None
        else None
        for key in keys
    }


def status_by_partition(
    event_storage: EventLogStorage,
    asset_key: AssetKey,
    partition_keys: Collection[str],
    run_statuses: Callable[[Collection[str]], Mapping[str, DagsterRunStatus]],
) -> Mapping[str, AssetPartitionStatus | None]:
    """Return how each partition stands; None is one that was never made.

    A partition that is being made, or whose last attempt failed, says that, also if it was made before.
    """
    wanted = set(partition_keys)
    done = event_storage.get_materialized_partitions(asset_key)
    attempts = (
        event_storage.get_latest_asset_partition_materialization_attempts_without_materializations(
            asset_key
        )
    )
    run_ids = {run_id for partition, (run_id, _) in attempts.items() if partition in wanted}
    statuses = run_statuses(run_ids) if run_ids else {}
    result: dict[str, AssetPartitionStatus | None] = {}
    for partition in partition_keys:
        attempt = attempts.get(partition)
        status = statuses.get(attempt[0]) if attempt is not None else None
        if status in IN_PROGRESS_RUN_STATUSES:
            result[partition] = AssetPartitionStatus.IN_PROGRESS
        elif status is DagsterRunStatus.FAILURE:
            result[partition] = AssetPartitionStatus.FAILED
        else:
            result[partition] = AssetPartitionStatus.MATERIALIZED if partition in done else None
    return result


def latest_data_version_record(
    event_storage: EventLogStorage,
    asset_key: AssetKey,
    is_source: bool | None,
    partition_key: str | None,
    before_cursor: int | None,
    after_cursor: int | None,
) -> EventLogRecord | None:
    """Return the latest event that has the data version of an asset.

    Args:
        event_storage: Where events are.
        asset_key: The asset.
        is_source: Whether it is only observed; None looks at materializations first.
        partition_key: The partition, if it is about one.
        before_cursor: Only events before this one.
        after_cursor: Only events after this one.
    """
    filters = AssetRecordsFilter(
        asset_key,
        asset_partitions=[partition_key] if partition_key is not None else None,
        before_storage_id=before_cursor,
        after_storage_id=after_cursor,
    )
    if not is_source:
        made = event_storage.fetch_materializations(filters, limit=1).records
        if made or is_source is False:
            return made[0] if made else None
    seen = event_storage.fetch_observations(filters, limit=1).records
    return seen[0] if seen else None
