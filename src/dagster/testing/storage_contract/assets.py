"""What an event log storage tells of assets and their partitions, as tests for any storage.

They go with those of :mod:`dagster.testing.storage_contract.event_log` and take the same fixture::

    from dagster.testing.storage_contract import assets

    class TestAssetQueries(assets.AssetQueryContract): ...
    class TestPartitions(assets.PartitionContract): ...
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.events.payloads import (
    AssetFailedToMaterializeData,
    AssetMaterializationPlannedData,
    AssetObservationData,
    StepMaterializationData,
)
from dagster._core.records.asset_failure import (
    AssetMaterializationFailure,
    AssetMaterializationFailureReason,
    AssetMaterializationFailureType,
)
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import AssetStatusCacheValue, PlannedMaterializationInfo
from dagster._core.records.event_records import AssetRecordsFilter, EventRecordsResult
from dagster._core.records.partition_status import AssetPartitionStatus
from dagster._core.records.run import DagsterRunStatus
from dagster._core.records.user_events import AssetMaterialization, AssetObservation
from dagster._core.storage.event_log.base import EventLogStorage
from dagster.testing.storage_contract.event_log import KEY, T, event

OTHER = AssetKey("other")


def made(
    partition: str | None = None,
    run_id: str = "r",
    key: AssetKey = KEY,
    tags: Mapping[str, str] | None = None,
    timestamp: float = 1.0,
) -> EventLogEntry:
    """Return an entry of a materialization."""
    subject = AssetMaterialization(key, partition=partition, tags=tags)
    return event(T.ASSET_MATERIALIZATION, run_id, timestamp, data=StepMaterializationData(subject))


def observed(
    partition: str | None = None, key: AssetKey = KEY, tags: Mapping[str, str] | None = None
) -> EventLogEntry:
    """Return an entry of an observation."""
    subject = AssetObservation(key, partition=partition, tags=tags)
    return event(T.ASSET_OBSERVATION, data=AssetObservationData(subject))


def planned(partition: str | None = None, run_id: str = "r") -> EventLogEntry:
    """Return an entry of a plan to materialize."""
    data = AssetMaterializationPlannedData(KEY, partition)
    return event(T.ASSET_MATERIALIZATION_PLANNED, run_id, data=data)


def failed(partition: str | None = None, run_id: str = "r") -> EventLogEntry:
    """Return an entry of a materialization that failed."""
    failure = AssetMaterializationFailure(
        KEY,
        AssetMaterializationFailureType.FAILED,
        AssetMaterializationFailureReason.FAILED_TO_MATERIALIZE,
        partition=partition,
    )
    return event(T.ASSET_FAILED_TO_MATERIALIZE, run_id, data=AssetFailedToMaterializeData(failure))


def store(storage: EventLogStorage, *entries: EventLogEntry) -> None:
    """Store entries one after the other, so that their ids are in this order over all runs."""
    for entry in entries:
        storage.store_event(entry)


def ids_of(storage: EventLogStorage, event_type: DagsterEventType) -> list[int]:
    """Return the ids of the events of a type about the asset, the oldest first."""
    records = storage.get_asset_event_summary_records(event_type, KEY, ascending=True)
    return [record.storage_id for record in records]


def partitions_of(page: EventRecordsResult) -> list[str | None]:
    """Return the partitions that the records of a page are about."""
    return [record.partition_key for record in page.records]


class AssetQueryContract:
    """What is asked about assets as a whole."""

    def test_keys_by_prefix_and_page(self, storage: EventLogStorage) -> None:
        keys = [AssetKey(path) for path in (["a"], ["x", "a"], ["x", "y"], ["x"], ["xy"])]
        store(storage, *(made(key=key) for key in keys))
        everything = list(storage.get_asset_keys())
        assert set(everything) == set(storage.all_asset_keys()) == set(keys)
        assert set(storage.get_asset_keys(prefix=["x"])) == set(keys[1:4])
        assert list(storage.get_asset_keys(prefix=["x", "y"])) == [keys[2]]
        assert list(storage.get_asset_keys(prefix=["y"])) == []
        assert list(storage.get_asset_keys(limit=2)) == everything[:2]
        rest = storage.get_asset_keys(cursor=everything[1].to_string())
        assert list(rest) == everything[2:]

    def test_the_newest_materialization(self, storage: EventLogStorage) -> None:
        version = "dagster/code_version"
        newest = made(tags={version: "2"})
        store(storage, made(tags={version: "1"}), newest, observed(key=OTHER))
        wanted = [KEY, OTHER]
        assert storage.get_latest_materialization_events(wanted).get(KEY) == newest
        assert storage.get_latest_materialization_events(wanted).get(OTHER) is None
        versions = storage.get_latest_materialization_code_versions(wanted)
        assert versions == {KEY: "2", OTHER: None}
        ids = storage.get_latest_materialization_storage_ids(wanted)
        assert ids.get(KEY) == ids_of(storage, T.ASSET_MATERIALIZATION)[-1]
        assert ids.get(OTHER) is None

    def test_each_kind_of_event_page_by_page(self, storage: EventLogStorage) -> None:
        for partition in ("p", "q", "p"):
            store(storage, made(partition, timestamp=1.0), observed(partition), failed(partition))
        for fetch in (
            storage.fetch_materializations,
            storage.fetch_observations,
            storage.fetch_failed_materializations,
        ):
            page = fetch(KEY, 2)
            assert (partitions_of(page), page.has_more) == (["p", "q"], True)
            page = fetch(KEY, 2, page.cursor)
            assert (partitions_of(page), page.has_more) == (["p"], False)
            assert partitions_of(fetch(AssetRecordsFilter(KEY, ["q"]), 5)) == ["q"]
            first = fetch(KEY, 1, ascending=True).records[0].storage_id
            after = AssetRecordsFilter(KEY, after_storage_id=first)
            assert partitions_of(fetch(after, 5, ascending=True)) == ["q", "p"]
            assert fetch(OTHER, 5).records == []

    def test_events_without_their_bodies(self, storage: EventLogStorage) -> None:
        store(storage, made("p", "1"), made("q", "2"), made(run_id="2", key=OTHER))
        find = storage.get_asset_event_summary_records
        found = find(T.ASSET_MATERIALIZATION, KEY, ascending=True)
        assert [(each.run_id, each.asset_key, each.partition) for each in found] == [
            ("1", KEY, "p"),
            ("2", KEY, "q"),
        ]
        first, second = (each.storage_id for each in found)
        assert [each.partition for each in find(T.ASSET_MATERIALIZATION, KEY, limit=1)] == ["q"]
        of_run = find(T.ASSET_MATERIALIZATION, run_id="2", ascending=True)
        assert [each.asset_key for each in of_run] == [KEY, OTHER]
        by_id: list[tuple[Mapping[str, Any], str]] = [
            ({"storage_ids": [first]}, "p"),
            ({"after_storage_id": first}, "q"),
            ({"before_storage_id": second}, "p"),
        ]
        for conditions, partition in by_id:
            kept = find(T.ASSET_MATERIALIZATION, KEY, **conditions)
            assert [each.partition for each in kept] == [partition]
        assert find(T.ASSET_OBSERVATION, KEY) == []

    def test_tags_of_events(self, storage: EventLogStorage) -> None:
        red, blue = {"color": "red", "size": "1"}, {"color": "blue"}
        store(storage, made(tags=red), made(tags=blue), observed(tags={"seen": "yes"}))
        find = storage.get_event_tags_for_asset
        assert sorted(map(sorted, find(KEY))) == [["color"], ["color", "size"], ["seen"]]
        assert list(find(KEY, {"color": "red"})) == [red]
        assert list(find(KEY, {"color": "red", "size": "2"})) == []
        assert list(find(KEY, filter_event_id=ids_of(storage, T.ASSET_MATERIALIZATION)[1])) == [blue]
        assert storage.get_asset_tags_to_index({"color"}) <= {"color"}

    def test_data_versions(self, storage: EventLogStorage) -> None:
        version = "dagster/data_version"
        store(storage, made("p", tags={version: "1"}), observed(tags={version: "seen"}), made("q"))
        find = storage.get_latest_data_version_record
        newest, of_source, of_p = find(KEY), find(KEY, is_source=True), find(KEY, partition_key="p")
        assert newest is not None
        assert newest.partition_key == "q"
        assert of_source is not None
        assert of_source.asset_observation is not None
        assert of_p is not None
        assert of_p.event_log_entry.tags == {version: "1"}
        before = find(KEY, before_cursor=newest.storage_id, is_source=False)
        assert before == of_p
        assert find(KEY, after_cursor=newest.storage_id, is_source=False) is None

    def test_plans(self, storage: EventLogStorage) -> None:
        find = storage.get_latest_planned_materialization_info
        assert find(KEY) is None
        store(storage, planned("p", "1"), planned("q", "2"))
        first, second = ids_of(storage, T.ASSET_MATERIALIZATION_PLANNED)
        assert find(KEY) == PlannedMaterializationInfo(second, "2")
        assert find(KEY, "p") == PlannedMaterializationInfo(first, "1")
        assert find(KEY, "z") is None

    def test_the_status_that_somebody_computed_is_kept(self, storage: EventLogStorage) -> None:
        if not storage.can_read_asset_status_cache():
            assert not storage.can_write_asset_status_cache()
            return
        store(storage, made())
        value = AssetStatusCacheValue(7, "definition", "subset")
        if storage.can_write_asset_status_cache():
            storage.update_asset_cached_status_data(KEY, value)
            assert storage.get_asset_records([KEY])[0].asset_entry.cached_status == value
            storage.wipe_asset_cached_status(KEY)
        assert storage.get_asset_records([KEY])[0].asset_entry.cached_status is None

    def test_records_tell_what_the_storage_says_they_tell(self, storage: EventLogStorage) -> None:
        store(storage, made(), observed(), planned(), failed())
        (record,) = storage.get_asset_records([KEY, OTHER])
        entry = record.asset_entry
        assert entry.last_materialization_record is not None
        if storage.asset_records_have_last_observation:
            assert entry.last_observation_record is not None
        if storage.asset_records_have_last_planned_and_failed_materializations:
            assert entry.last_planned_materialization_run_id == "r"
            assert entry.last_failed_to_materialize_record is not None
        assert len(storage.fetch_failed_materializations(KEY, 5).records) == int(
            storage.can_store_asset_failure_events
        )


class PartitionContract:
    """What is asked about the partitions of an asset."""

    def test_materialized_ones_between_ids(self, storage: EventLogStorage) -> None:
        store(storage, made("p"), made("q"), made("p"), made(), observed("o"))
        first, second, third, _whole = ids_of(storage, T.ASSET_MATERIALIZATION)
        find = storage.get_materialized_partitions
        assert find(KEY) == {"p", "q"}
        assert find(KEY, before_cursor=second) == {"p"}
        assert find(KEY, after_cursor=first) == {"p", "q"}
        assert find(KEY, before_cursor=third, after_cursor=first) == {"q"}
        assert find(OTHER) == set()

    def test_newest_ids(self, storage: EventLogStorage) -> None:
        store(storage, made("p"), made("q"), made(), made("p"), observed("p"))
        _first, q, _whole, p = ids_of(storage, T.ASSET_MATERIALIZATION)
        find = storage.get_latest_storage_id_by_partition
        assert find(KEY, T.ASSET_MATERIALIZATION) == {"p": p, "q": q}
        assert find(KEY, T.ASSET_MATERIALIZATION, {"q", "unknown"}) == {"q": q}
        assert find(KEY, T.ASSET_MATERIALIZATION, after_cursor=q) == {"p": p}
        (seen,) = ids_of(storage, T.ASSET_OBSERVATION)
        assert find(KEY, T.ASSET_OBSERVATION) == {"p": seen}

    def test_newest_tags(self, storage: EventLogStorage) -> None:
        store(
            storage,
            made("p", tags={"a": "1", "b": "x"}),
            made("q", tags={"c": "1"}),
            made("p", tags={"a": "2"}),
            observed("p", tags={"a": "seen"}),
        )
        find = storage.get_latest_tags_by_partition
        assert find(KEY, T.ASSET_MATERIALIZATION, ["a", "b"]) == {"p": {"a": "2"}}
        newest = ids_of(storage, T.ASSET_MATERIALIZATION)[-1]
        older = find(KEY, T.ASSET_MATERIALIZATION, ["a", "b"], ["p"], before_cursor=newest)
        assert older == {"p": {"a": "1", "b": "x"}}
        assert find(KEY, T.ASSET_MATERIALIZATION, ["a"], after_cursor=newest) == {}
        assert find(KEY, T.ASSET_MATERIALIZATION, ["a"], ["q"]) == {}
        assert find(KEY, T.ASSET_OBSERVATION, ["a"]) == {"p": {"a": "seen"}}

    def test_those_of_which_the_data_changed(self, storage: EventLogStorage) -> None:
        def version(name: str) -> Mapping[str, str]:
            return {"dagster/data_version": name}

        store(storage, *(made(name, tags=version("1")) for name in ("same", "other", "untouched")))
        since = ids_of(storage, T.ASSET_MATERIALIZATION)[-1]
        store(storage, made("same", tags=version("1")), made("other", tags=version("2")))
        store(storage, made("new", tags=version("1")))
        names = ["same", "other", "untouched", "new", "unknown"]
        find = storage.get_updated_data_version_partitions
        assert find(KEY, names, since) == {"other", "new"}
        assert find(KEY, ["same", "new"], since) == {"new"}

    def test_attempts_that_came_to_nothing(self, storage: EventLogStorage) -> None:
        find = storage.get_latest_asset_partition_materialization_attempts_without_materializations
        store(
            storage,
            planned("done", "1"),
            made("done", "1"),
            planned("open", "1"),
            planned("again", "1"),
            made("again", "1"),
            planned("again", "2"),
        )
        _done, still_open, _again, newest = ids_of(storage, T.ASSET_MATERIALIZATION_PLANNED)
        assert find(KEY) == {"open": ("1", still_open), "again": ("2", newest)}
        assert set(find(KEY, after_storage_id=still_open)) == {"again"}

    def test_how_they_stand(self, storage: EventLogStorage) -> None:
        store(
            storage,
            made("made"),
            planned("going", "STARTED"),
            planned("failed", "FAILURE"),
            made("failed again"),
            planned("failed again", "FAILURE"),
            planned("canceled", "CANCELED"),
            planned("gone", "a run that was deleted"),
            planned("recovered", "FAILURE"),
            planned("recovered", "SUCCESS"),
            made("recovered", "SUCCESS"),
        )

        def run_statuses(run_ids: Collection[str]) -> Mapping[str, DagsterRunStatus]:
            known = DagsterRunStatus.__members__
            return {run_id: known[run_id] for run_id in run_ids if run_id in known}

        status = AssetPartitionStatus
        expected = {
            "made": status.MATERIALIZED,
            "going": status.IN_PROGRESS,
            "failed": status.FAILED,
            "failed again": status.FAILED,
            "canceled": None,
            "gone": None,
            "recovered": status.MATERIALIZED,
            "unknown": None,
        }
        assert storage.get_status_by_partition(KEY, list(expected), run_statuses) == expected
