"""How the partitions of assets stand. All from summaries: deleting old events changes none of it.

Every function costs the partitions that are asked for, or those of the asset when all are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import dagster._check as check
from dagster._core.events.entry_codec import decode_entry
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import PlannedMaterializationInfo
from dagster._core.records.partition_status import AssetPartitionStatus
from dagster._core.records.run import IN_PROGRESS_RUN_STATUSES, DagsterRunStatus
from dagster._core.records.tags import DATA_VERSION_TAG
from dagster._core.storage.event_log.asset_summaries import (
    ID_COLUMNS,
    asset_column,
    chunks,
    unpacked_tags,
)
from dagster._core.storage.sql.database import Database
from dagster._core.storage.sql.keys import key_of
from dagster._core.storage.sql.tables import asset_partitions, assets, event_logs
from dagster._text import expected

_P = asset_partitions.c
_MATERIALIZED = DagsterEventType.ASSET_MATERIALIZATION


def _select(
    database: Database,
    asset_key: AssetKey,
    columns: Sequence[Any],
    partitions: Iterable[str] | None,
    *conditions: Any,
) -> list[Any]:
    """Return rows of some partitions of an asset, or of all."""
    asset = asset_column(asset_key)
    statement = sa.select(*columns).where(_P.asset_key == asset, *conditions)

    def read(connection: Connection) -> list[Any]:
        if partitions is None:
            return list(connection.execute(statement.order_by(_P.partition_key)).all())
        found: list[Any] = []
        for chunk in chunks(sorted({key_of(partition) for partition in partitions})):
            found += connection.execute(statement.where(_P.partition_key.in_(chunk))).all()
        return found

    return database.read(read)


def _id_column(event_type: DagsterEventType) -> Any:
    name = ID_COLUMNS.get(event_type.value)
    if name is None:
        raise check.ParameterCheckError(
            expected("event_type", f"one of {', '.join(sorted(ID_COLUMNS))}", event_type.value)
        )
    return _P[name]


# Materialized partitions


def get_materialized_partitions(
    database: Database,
    asset_key: AssetKey,
    before_cursor: int | None = None,
    after_cursor: int | None = None,
) -> set[str]:
    """Return the partitions of an asset that were materialized.

    Args:
        database: The database.
        asset_key: The asset.
        before_cursor: By an event with an id below this one.
        after_cursor: By an event with an id above this one.
    """
    first, last = _P.first_materialization_id, _P.last_materialization_id
    conditions: list[Any] = [last.is_not(None)]
    if before_cursor is not None:
        conditions.append(first < before_cursor)
    if after_cursor is not None:
        conditions.append(last > after_cursor)
    rows = _select(database, asset_key, [_P.partition_key, _P.partition, first, last], None, *conditions)
    if before_cursor is None or after_cursor is None:
        return {row.partition for row in rows}
    # With both bounds the first and the last tell, unless one lies before and the other after.
    unclear = {
        row.partition_key: row.partition
        for row in rows
        if row.first_materialization_id <= after_cursor and row.last_materialization_id >= before_cursor
    }
    found = {row.partition for row in rows if row.partition_key not in unclear}
    keys = _materialized_between(database, asset_key, unclear, after_cursor, before_cursor)
    return found | {unclear[key] for key in keys}


def _materialized_between(
    database: Database, asset_key: AssetKey, keys: Collection[str], after: int, before: int
) -> set[str]:
    columns = event_logs.c
    statement = (
        sa.select(columns.partition_key)
        .where(
            columns.asset_key == asset_column(asset_key),
            columns.event_type == _MATERIALIZED.value,
            columns.id > after,
            columns.id < before,
        )
        .distinct()
    )

    def read(connection: Connection) -> set[str]:
        found: set[str] = set()
        for chunk in chunks(sorted(keys)):
            rows = connection.execute(statement.where(columns.partition_key.in_(chunk)))
            found.update(rows.scalars())
        return found

    return database.read(read) if keys else set()


def get_latest_storage_id_by_partition(
    database: Database,
    asset_key: AssetKey,
    event_type: DagsterEventType,
    partitions: AbstractSet[str] | None = None,
    after_cursor: int | None = None,
) -> Mapping[str, int]:
    """Return the id of the newest event of a type of each partition that has one.

    Args:
        database: The database.
        asset_key: The asset.
        event_type: A type of asset event.
        partitions: Only these.
        after_cursor: Only with an id above this one.
    """
    column = _id_column(event_type)
    condition = column.is_not(None) if after_cursor is None else column > after_cursor
    rows = _select(database, asset_key, [_P.partition, column.label("id")], partitions, condition)
    return {row.partition: row.id for row in rows}


# Tags


def get_latest_tags_by_partition(
    database: Database,
    asset_key: AssetKey,
    event_type: DagsterEventType,
    tag_keys: Sequence[str],
    asset_partitions: Sequence[str] | None = None,
    before_cursor: int | None = None,
    after_cursor: int | None = None,
) -> Mapping[str, Mapping[str, str]]:
    """Return the values of tags of the newest event of each partition, where it has any of them.

    Args:
        database: The database.
        asset_key: The asset.
        event_type: ASSET_MATERIALIZATION or ASSET_OBSERVATION.
        tag_keys: The tags.
        asset_partitions: Only these partitions.
        before_cursor: The newest event with an id below this one.
        after_cursor: Only with an id above this one.
    """
    bodies = {
        _MATERIALIZED: _P.last_materialization_tags,
        DagsterEventType.ASSET_OBSERVATION: _P.last_observation_tags,
    }
    if event_type not in bodies:
        raise check.ParameterCheckError(
            expected("event_type", "ASSET_MATERIALIZATION or ASSET_OBSERVATION", event_type.value)
        )
    column = _id_column(event_type)
    condition = column.is_not(None) if after_cursor is None else column > after_cursor
    rows = _select(
        database,
        asset_key,
        [_P.partition, column.label("id"), bodies[event_type].label("tags")],
        asset_partitions,
        condition,
    )
    # Where the newest event lies beyond the bound, an older one counts; only the log knows it.
    beyond = [row.partition for row in rows if before_cursor is not None and row.id >= before_cursor]
    tags = {row.partition: unpacked_tags(row.tags) for row in rows}
    for partition in beyond:
        del tags[partition]
    if beyond and before_cursor is not None:
        tags |= _older_tags(database, asset_key, event_type, beyond, before_cursor, after_cursor)
    chosen = {
        partition: {key: known[key] for key in tag_keys if key in known}
        for partition, known in tags.items()
    }
    return {partition: found for partition, found in chosen.items() if found}


def _older_tags(
    database: Database,
    asset_key: AssetKey,
    event_type: DagsterEventType,
    partitions: Iterable[str],
    before: int,
    after: int | None,
) -> dict[str, dict[str, str]]:
    columns = event_logs.c
    newest = (
        sa.select(sa.func.max(columns.id).label("id"))
        .where(
            columns.asset_key == asset_column(asset_key),
            columns.event_type == event_type.value,
            columns.id < before,
            columns.id > (after or 0),
        )
        .group_by(columns.partition_key)
    )

    def read(connection: Connection) -> list[Any]:
        found: list[Any] = []
        for chunk in chunks(sorted({key_of(partition) for partition in partitions})):
            ids = newest.where(columns.partition_key.in_(chunk)).subquery()
            statement = sa.select(columns.body).join(ids, ids.c.id == columns.id)
            found += connection.execute(statement).scalars()
        return found

    result: dict[str, dict[str, str]] = {}
    for body in database.read(read):
        entry = decode_entry(body)
        partition = entry.get_dagster_event().partition
        assert partition is not None
        result[partition] = dict(entry.tags or {})
    return result


def get_updated_data_version_partitions(
    database: Database, asset_key: AssetKey, partitions: Iterable[str], since_storage_id: int
) -> set[str]:
    """Return those partitions of which the data version became another one since an event.

    A partition of which the newest materialization tells no data version is left out.

    Args:
        database: The database.
        asset_key: The asset.
        partitions: The partitions to look at.
        since_storage_id: The id of the event.
    """
    rows = _select(
        database,
        asset_key,
        [_P.partition, _P.last_materialization_tags],
        partitions,
        _P.data_version_id > since_storage_id,
    )
    return {
        row.partition for row in rows if DATA_VERSION_TAG in unpacked_tags(row.last_materialization_tags)
    }


# Attempts


def get_latest_asset_partition_materialization_attempts_without_materializations(
    database: Database, asset_key: AssetKey, after_storage_id: int | None = None
) -> Mapping[str, tuple[str, int]]:
    """Return the partitions that the last run to plan them has not materialized.

    That run may be in progress, have failed, or have left them out: its status tells.

    Args:
        database: The database.
        asset_key: The asset.
        after_storage_id: Only planned by an event with an id above this one.

    Returns:
        For each partition the run and the id of the event that planned it.
    """
    rows = _select(
        database,
        asset_key,
        [_P.partition, _P.last_planned_run_id, _P.last_planned_id],
        None,
        _P.last_planned_id > (after_storage_id or 0),
        _P.last_planned_materialization_id.is_(None),
    )
    return {row.partition: (row.last_planned_run_id, row.last_planned_id) for row in rows}


def get_latest_planned_materialization_info(
    database: Database, asset_key: AssetKey, partition: str | None = None
) -> PlannedMaterializationInfo | None:
    """Return the newest event that planned an asset or one of its partitions, or None.

    Args:
        database: The database.
        asset_key: The asset.
        partition: The partition. Default: the newest of the asset, whatever the partition.
    """
    if partition is not None:
        columns = [_P.last_planned_id, _P.last_planned_run_id]
        rows = _select(database, asset_key, columns, [partition])
    else:
        statement = sa.select(assets.c.last_planned_id, assets.c.last_planned_run_id).where(
            assets.c.asset_key == asset_column(asset_key)
        )
        rows = database.read(lambda connection: connection.execute(statement).all())
    if not rows or rows[0].last_planned_id is None:
        return None
    return PlannedMaterializationInfo(rows[0].last_planned_id, rows[0].last_planned_run_id)


def get_status_by_partition(
    database: Database,
    asset_key: AssetKey,
    partition_keys: Collection[str],
    run_statuses: Callable[[Collection[str]], Mapping[str, DagsterRunStatus]],
) -> Mapping[str, AssetPartitionStatus | None]:
    """Return how partitions of an asset stand.

    A partition is FAILED or IN_PROGRESS if the last run to plan it is, or failed before it materialized
    it. Else it is MATERIALIZED if it ever was, and otherwise nothing (None).

    Args:
        database: The database.
        asset_key: The asset.
        partition_keys: The partitions.
        run_statuses: Gives the statuses of runs, for their ids; runs that are gone are left out. Called
            once at most.
    """
    rows = _select(
        database,
        asset_key,
        [
            _P.partition,
            _P.last_materialization_id,
            _P.last_planned_id,
            _P.last_planned_run_id,
            _P.last_planned_materialization_id,
            _P.last_failed_id,
        ],
        partition_keys,
    )
    run_ids = {row.last_planned_run_id for row in rows if _is_open(row)}
    statuses = run_statuses(sorted(run_ids)) if run_ids else {}
    known = {row.partition: _status(row, statuses) for row in rows}
    return {partition: known.get(partition) for partition in partition_keys}


def _is_open(row: Any) -> bool:
    """Whether the last run to plan a partition has not materialized it."""
    return row.last_planned_id is not None and row.last_planned_materialization_id is None


def _status(row: Any, statuses: Mapping[str, DagsterRunStatus]) -> AssetPartitionStatus | None:
    failed = row.last_failed_id or 0
    if failed > (row.last_planned_id or 0) and failed > (row.last_materialization_id or 0):
        return AssetPartitionStatus.FAILED
    if _is_open(row):
        run_status = statuses.get(row.last_planned_run_id)
        if run_status is DagsterRunStatus.FAILURE:
            return AssetPartitionStatus.FAILED
        if run_status in IN_PROGRESS_RUN_STATUSES:
            return AssetPartitionStatus.IN_PROGRESS
    if row.last_materialization_id is not None:
        return AssetPartitionStatus.MATERIALIZED
    return None
