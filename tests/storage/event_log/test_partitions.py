"""Status of partitions, from summaries."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from dagster._check import ParameterCheckError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import PlannedMaterializationInfo
from dagster._core.records.partition_status import AssetPartitionStatus
from dagster._core.records.run import DagsterRunStatus
from dagster._core.storage.event_log import partitions
from dagster._core.storage.sql.database import Database
from tests.storage.event_log.asset_log import (
    KEY,
    NASTY,
    failed,
    materialized,
    observed,
    planned,
    prune,
    store,
)

MATERIALIZATION = DagsterEventType.ASSET_MATERIALIZATION
OBSERVATION = DagsterEventType.ASSET_OBSERVATION
attempts_without_materializations = (
    partitions.get_latest_asset_partition_materialization_attempts_without_materializations
)


def test_materialized_partitions_between_ids(database: Database) -> None:
    names = ["p", "q", "p", "r", "p"]
    stored = store(database, *(materialized(name) for name in names), materialized(), observed("o"))
    find = partitions.get_materialized_partitions
    assert find(database, KEY) == {"p", "q", "r"}
    for low in range(-1, 5):
        after = None if low < 0 else stored[low]
        for high in range(6):
            before = None if high == 5 else stored[high]
            expected = {
                name
                for name, number in zip(names, stored, strict=False)
                if (after is None or number > after) and (before is None or number < before)
            }
            assert find(database, KEY, before, after) == expected


def test_newest_ids(database: Database) -> None:
    p, q, _whole, o, plan = store(
        database,
        materialized("p"),
        materialized("q"),
        materialized(),
        observed("p"),
        planned("z"),
    )
    find = partitions.get_latest_storage_id_by_partition
    assert find(database, KEY, MATERIALIZATION) == {"p": p, "q": q}
    assert find(database, KEY, MATERIALIZATION, {"q", "unknown"}) == {"q": q}
    assert find(database, KEY, MATERIALIZATION, set()) == {}
    assert find(database, KEY, MATERIALIZATION, after_cursor=p) == {"q": q}
    assert find(database, KEY, OBSERVATION) == {"p": o}
    assert find(database, KEY, DagsterEventType.ASSET_MATERIALIZATION_PLANNED) == {"z": plan}
    with pytest.raises(ParameterCheckError, match="expected event_type to be one of ASSET_"):
        find(database, KEY, DagsterEventType.STEP_START)


def test_newest_tags(database: Database) -> None:
    first, *_rest, last = store(
        database,
        materialized("p", tags={"a": "1", "b": "x"}),
        materialized("q", tags={"c": "1"}),
        materialized("r", tags={"a": NASTY[-4]}),
        observed("p", tags={"a": "seen"}),
        materialized("p", tags={"a": "2"}),
    )
    find = partitions.get_latest_tags_by_partition
    assert find(database, KEY, MATERIALIZATION, ["a", "b"]) == {"p": {"a": "2"}, "r": {"a": NASTY[-4]}}
    assert find(database, KEY, MATERIALIZATION, ["a"], ["p", "q"]) == {"p": {"a": "2"}}
    older = find(database, KEY, MATERIALIZATION, ["a", "b"], ["p"], before_cursor=last)
    assert older == {"p": {"a": "1", "b": "x"}}
    assert find(database, KEY, MATERIALIZATION, ["a"], ["p"], last, first) == {}
    assert find(database, KEY, MATERIALIZATION, ["a"], after_cursor=last) == {}
    assert find(database, KEY, OBSERVATION, ["a"]) == {"p": {"a": "seen"}}
    with pytest.raises(ParameterCheckError, match="ASSET_MATERIALIZATION or ASSET_OBSERVATION"):
        find(database, KEY, DagsterEventType.ASSET_MATERIALIZATION_PLANNED, ["a"])


def test_partitions_of_which_the_data_changed(database: Database) -> None:
    since = store(
        database,
        materialized("same", version="1"),
        materialized("other", version="1"),
        materialized("untouched", version="1"),
    )[-1]
    store(
        database,
        materialized("same", version="1"),
        materialized("other", version="2"),
        materialized("new", version="1"),
        materialized("none"),
    )
    names = ["same", "other", "untouched", "new", "none", "unknown"]
    find = partitions.get_updated_data_version_partitions
    assert find(database, KEY, names, since) == {"other", "new"}
    assert find(database, KEY, ["same", "new"], since) == {"new"}
    prune(database)
    assert find(database, KEY, names, since) == {"other", "new"}
    assert find(database, KEY, names, 0) == {"same", "other", "untouched", "new"}


def test_attempts_without_materializations(database: Database) -> None:
    stored = store(
        database,
        planned("done", "1"),
        materialized("done", "1"),
        planned("open", "1"),
        planned("again", "1"),
        materialized("again", "1"),
        planned("again", "2"),
        # An older run comes in after the newer one planned: the newer one's attempt stays open.
        planned("late", "1"),
        planned("late", "2"),
        materialized("late", "1"),
        # Both made it: nothing is open, whoever came last.
        planned("both", "1"),
        planned("both", "2"),
        materialized("both", "2"),
        materialized("both", "1"),
        planned(None, "1"),
    )
    attempts = attempts_without_materializations(database, KEY)
    assert attempts == {
        "open": ("1", stored[2]),
        "again": ("2", stored[5]),
        "late": ("2", stored[7]),
    }
    newer = attempts_without_materializations(database, KEY, after_storage_id=stored[5])
    assert set(newer) == {"late"}


def test_latest_planned_materialization(database: Database) -> None:
    find = partitions.get_latest_planned_materialization_info
    assert find(database, KEY) is None
    p, q = store(database, planned("p", "1"), planned("q", "2"))
    assert find(database, KEY) == PlannedMaterializationInfo(q, "2")
    assert find(database, KEY, "p") == PlannedMaterializationInfo(p, "1")
    assert find(database, KEY, "z") is None
    store(database, materialized("m"))
    assert find(database, KEY, "m") is None


def test_status_by_partition(database: Database) -> None:
    store(
        database,
        materialized("made"),
        *(planned(status.value, status.value) for status in DagsterRunStatus),
        materialized("remake"),
        planned("remake", "STARTED"),
        materialized("refail"),
        planned("refail", "FAILURE"),
        materialized("recancel"),
        planned("recancel", "CANCELED"),
        planned("gone", "a run that was deleted"),
        planned("reported", "STARTED"),
        failed("reported", "STARTED"),
        planned("skipped", "SUCCESS"),
        failed("skipped", "SUCCESS", skipped=True),
        planned("recovered", "1"),
        failed("recovered", "1"),
        materialized("recovered", "2"),
    )
    asked: list[list[str]] = []

    def run_statuses(run_ids: Collection[str]) -> Mapping[str, DagsterRunStatus]:
        asked.append(list(run_ids))
        known = DagsterRunStatus.__members__
        return {run_id: known[run_id] for run_id in run_ids if run_id in known}

    in_progress = {"STARTING", "STARTED", "CANCELING", "remake"}
    is_failed = {"FAILURE", "refail", "reported"}
    is_made = {"made", "recancel", "recovered"}
    names = [
        *DagsterRunStatus.__members__,
        ["made", "remake", "refail", "recancel", "gone", "reported", "skipped", "recovered", "unknown"],
    ]
    names = [*DagsterRunStatus.__members__, *names[-1]]
    expected = {
        name: AssetPartitionStatus.IN_PROGRESS
        if name in in_progress
        else AssetPartitionStatus.FAILED
        if name in is_failed
        else AssetPartitionStatus.MATERIALIZED
        if name in is_made
        else None
        for name in names
    }
    assert partitions.get_status_by_partition(database, KEY, names, run_statuses) == expected
    assert len(asked) == 1
    prune(database)
    assert partitions.get_status_by_partition(database, KEY, names, run_statuses) == expected
    assert partitions.get_status_by_partition(database, KEY, ["made"], run_statuses) == {
        "made": AssetPartitionStatus.MATERIALIZED
    }
    assert len(asked) == 2
    assert partitions.get_status_by_partition(database, AssetKey("z"), ["x"], run_statuses) == {
        "x": None
    }


def test_thousands_of_partitions(database: Database) -> None:
    names = [f"{number:05}" for number in range(3000)]
    store(database, *(planned(name, "1") for name in names))
    store(database, *(materialized(name, "1", version="1") for name in names[:2000]))
    assert partitions.get_materialized_partitions(database, KEY) == set(names[:2000])
    status = partitions.get_status_by_partition(
        database, KEY, names, lambda run_ids: dict.fromkeys(run_ids, DagsterRunStatus.STARTED)
    )
    assert sum(s is AssetPartitionStatus.IN_PROGRESS for s in status.values()) == 1000
    assert list(status) == names
