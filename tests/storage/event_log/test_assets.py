"""Assets, as their events make them known."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster._check import ParameterCheckError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import AssetStatusCacheValue
from dagster._core.records.event_records import AssetRecordsFilter, EventRecordsResult
from dagster._core.storage.event_log import (
    asset_events,
    asset_summaries,
    asset_tags,
    assets,
    partitions,
    wiping,
)
from dagster._core.storage.sql.database import Database, open_memory
from dagster._core.storage.sql.tables import asset_partitions
from dagster._core.storage.sql.tables import assets as assets_table
from tests.storage.conftest import create_tables, empty_tables
from tests.storage.event_log.asset_log import (
    KEY,
    NASTY,
    NOW,
    apply,
    failed,
    insert_only,
    materialized,
    observed,
    planned,
    prune,
    store,
)

OTHER = AssetKey("other")
MATERIALIZATION = DagsterEventType.ASSET_MATERIALIZATION
PLANNED = DagsterEventType.ASSET_MATERIALIZATION_PLANNED
FAILED = DagsterEventType.ASSET_FAILED_TO_MATERIALIZE
OBSERVATION = DagsterEventType.ASSET_OBSERVATION


def ids(result: EventRecordsResult) -> list[int]:
    return [record.storage_id for record in result.records]


# Records


def test_the_record_of_an_asset_tells_its_newest_events(database: Database) -> None:
    entries = [
        planned(run_id="1"),
        materialized(run_id="1", timestamp=5.0),
        observed(run_id="2"),
        planned(run_id="3"),
        failed(run_id="3"),
        failed(run_id="3", skipped=True),
    ]
    stored = store(database, *entries)
    (record,) = assets.get_asset_records(database, [KEY, OTHER])
    entry = record.asset_entry
    assert entry.asset_key == KEY
    assert entry.last_materialization == entries[1]
    assert entry.last_materialization_storage_id == stored[1]
    assert entry.last_observation == entries[2]
    assert entry.last_planned_materialization_storage_id == stored[3]
    assert entry.last_planned_materialization_run_id == "3"
    assert entry.last_failed_to_materialize_entry == entries[4]
    assert entry.last_failed_to_materialize_storage_id == stored[4]
    assert entry.last_skipped_materialize_record is not None
    assert entry.last_skipped_materialize_record.storage_id == stored[5]
    assert entry.last_run_id == "3"
    assert entry.last_event_storage_id == stored[5]
    assert entry.asset_details is None
    assert assets.get_asset_records(database) == [record]


def test_an_unknown_asset_has_nothing(database: Database) -> None:
    assert not assets.has_asset_key(database, KEY)
    assert assets.get_asset_records(database, [KEY]) == []
    assert assets.get_asset_records(database) == []
    assert assets.all_asset_keys(database) == []
    assert assets.get_latest_materialization_events(database, [KEY]) == {}
    assert assets.get_latest_materialization_storage_ids(database, [KEY]) == {}
    assert assets.get_latest_materialization_code_versions(database, [KEY]) == {KEY: None}
    page = asset_events.fetch_asset_events(database, MATERIALIZATION, KEY, 10)
    assert (page.records, page.has_more) == ([], False)


@pytest.mark.parametrize("entry", [materialized(), observed(), planned(), failed()])
def test_any_event_makes_an_asset_known(memory_database: Database, entry: EventLogEntry) -> None:
    store(memory_database, entry)
    assert assets.has_asset_key(memory_database, KEY)
    assert assets.all_asset_keys(memory_database) == [KEY]


def test_newest_events_and_code_versions(database: Database) -> None:
    old = materialized(tags={"dagster/code_version": "1"})
    new = materialized(tags={"dagster/code_version": "2"})
    store(database, old, new, observed(key=OTHER))
    wanted = [KEY, OTHER]
    assert assets.get_latest_materialization_events(database, wanted) == {KEY: new}
    versions = assets.get_latest_materialization_code_versions(database, wanted)
    assert versions == {KEY: "2", OTHER: None}


# Keys


def test_keys_come_in_order_by_prefix_and_page(database: Database) -> None:
    keys = [AssetKey(path) for path in (["a"], ["x", "a"], ["x", "y"], ["x"], ["xy"])]
    store(database, *(materialized(key=key) for key in reversed(keys)))
    assert assets.get_asset_keys(database) == keys
    assert assets.get_asset_keys(database, prefix=["x"]) == keys[1:4]
    assert assets.get_asset_keys(database, prefix=["x", "y"]) == [keys[2]]
    assert assets.get_asset_keys(database, prefix=["y"]) == []
    assert assets.get_asset_keys(database, limit=2) == keys[:2]
    assert assets.get_asset_keys(database, limit=2, cursor=keys[1].to_string()) == keys[2:4]
    assert assets.get_asset_keys(database, ["x"], 1, keys[1].to_string()) == [keys[2]]
    assert assets.get_asset_keys(database, ["x"], 0) == []


def test_any_text_is_a_part_of_a_key(database: Database) -> None:
    keys = [AssetKey([text, "part"]) for text in NASTY]
    store(database, *(materialized(text, f"run {text}", AssetKey([text, "part"])) for text in NASTY))
    assert set(assets.all_asset_keys(database)) == set(keys)
    for text, key in zip(NASTY, keys, strict=True):
        assert assets.get_asset_keys(database, prefix=[text]) == [key]
        assert assets.has_asset_key(database, key)
        assert partitions.get_materialized_partitions(database, key) == {text}
        page = asset_events.fetch_asset_events(
            database, MATERIALIZATION, AssetRecordsFilter(key, asset_partitions=[text]), 10
        )
        assert [record.partition_key for record in page.records] == [text]
        made = asset_events.get_asset_partitions_for_run(database, f"run {text}")
        assert made == {key: {text}}
        (summary,) = asset_events.get_asset_event_summary_records(database, MATERIALIZATION, key)
        assert (summary.run_id, summary.asset_key, summary.partition) == (f"run {text}", key, text)
    seen: list[AssetKey] = []
    while page_of_keys := assets.get_asset_keys(
        database, limit=3, cursor=seen[-1].to_string() if seen else None
    ):
        seen += page_of_keys
    assert len(seen) == len(keys)


# Pages


def test_pages_of_materializations(database: Database) -> None:
    stored = store(database, *(materialized(str(number % 3)) for number in range(10)))
    store(database, materialized(key=OTHER), observed(), planned())
    seen: list[int] = []
    cursor, more = None, True
    while more:
        page = asset_events.fetch_asset_events(database, MATERIALIZATION, KEY, 4, cursor)
        seen += ids(page)
        cursor, more = page.cursor, page.has_more
    assert seen == stored[::-1]
    page = asset_events.fetch_asset_events(database, MATERIALIZATION, KEY, 4, None, True)
    assert ids(page) == stored[:4]
    assert (
        ids(asset_events.fetch_asset_events(database, MATERIALIZATION, KEY, 9, page.cursor, True))
        == stored[4:]
    )
    exact = asset_events.fetch_asset_events(database, MATERIALIZATION, KEY, 10)
    assert not exact.has_more
    with pytest.raises(ParameterCheckError, match="cursor"):
        asset_events.fetch_asset_events(database, MATERIALIZATION, KEY, 1, "junk")


def test_an_empty_page_says_where_to_go_on(database: Database) -> None:
    page = asset_events.fetch_asset_events(database, OBSERVATION, KEY, 5, ascending=True)
    stored = store(database, observed(), observed())
    assert (
        ids(asset_events.fetch_asset_events(database, OBSERVATION, KEY, 5, page.cursor, True)) == stored
    )
    end = asset_events.fetch_asset_events(database, OBSERVATION, KEY, 5, str(stored[-1]), True)
    assert (end.records, end.cursor) == ([], str(stored[-1]))


def test_filters_of_records(database: Database) -> None:
    stored = store(database, *(materialized(str(n % 3), timestamp=float(n)) for n in range(9)))

    def found(**conditions: object) -> list[int]:
        wanted = AssetRecordsFilter(KEY, **conditions)  # pyright: ignore[reportArgumentType]
        page = asset_events.fetch_asset_events(database, MATERIALIZATION, wanted, 100, ascending=True)
        return [stored.index(number) for number in ids(page)]

    assert found(asset_partitions=["1", "2"]) == [1, 2, 4, 5, 7, 8]
    assert found(asset_partitions=[]) == []
    assert found(after_timestamp=2.0, before_timestamp=5.0) == [3, 4]
    assert found(after_storage_id=stored[2], before_storage_id=stored[5]) == [3, 4]
    assert found(storage_ids=[stored[7], stored[1], 10**9]) == [1, 7]
    assert found(storage_ids=[]) == []
    assert found(asset_partitions=["1"], storage_ids=stored[:5], after_timestamp=1.0) == [4]
    many = [f"no {number}" for number in range(5000)]
    assert found(asset_partitions=["2", *many]) == [2, 5, 8]


def test_planned_and_failed_materializations_have_pages(database: Database) -> None:
    plan, fail, skip = store(database, planned(), failed(), failed(skipped=True))
    assert ids(asset_events.fetch_asset_events(database, PLANNED, KEY, 5)) == [plan]
    page = asset_events.fetch_asset_events(database, FAILED, KEY, 5)
    assert ids(page) == [skip, fail]
    assert page.records[1].event_log_entry == failed()


def test_summary_records(database: Database) -> None:
    stored = store(
        database,
        materialized("p", "1"),
        materialized(None, "2", OTHER, timestamp=2.5),
        planned("p", "1"),
    )
    find = asset_events.get_asset_event_summary_records
    both = find(database, MATERIALIZATION)
    assert [record.storage_id for record in both] == [stored[1], stored[0]]
    assert (both[0].run_id, both[0].asset_key, both[0].partition) == ("2", OTHER, None)
    assert both[0].timestamp == 2.5
    assert [r.storage_id for r in find(database, MATERIALIZATION, ascending=True)] == stored[:2]
    assert find(database, MATERIALIZATION, limit=1) == both[:1]
    assert find(database, MATERIALIZATION, run_id="1") == both[1:]
    assert find(database, MATERIALIZATION, KEY) == both[1:]
    assert find(database, MATERIALIZATION, storage_ids=[stored[0]]) == both[1:]
    assert find(database, MATERIALIZATION, after_storage_id=stored[0]) == both[:1]
    assert find(database, MATERIALIZATION, before_storage_id=stored[1]) == both[1:]
    assert [r.storage_id for r in find(database, PLANNED)] == [stored[2]]


def test_assets_and_partitions_of_a_run(database: Database) -> None:
    store(
        database,
        planned("p", "1"),
        planned("q", "1"),
        materialized("p", "1"),
        observed(None, "1", OTHER),
        materialized("z", "2"),
    )
    made = asset_events.get_asset_partitions_for_run
    assert made(database, "1") == {KEY: {"p", "q"}, OTHER: {None}}
    assert made(database, "1", MATERIALIZATION) == {KEY: {"p"}}
    assert made(database, "1", {MATERIALIZATION, PLANNED}) == {KEY: {"p", "q"}}
    assert made(database, "none") == {}
    assert asset_events.get_asset_keys_for_run(database, "1") == {KEY, OTHER}
    assert asset_events.get_asset_keys_for_run(database, "2", PLANNED) == set()


def test_tags_of_events(database: Database) -> None:
    tags = [{"a": "1"}, {"a": "1", "b": NASTY[-5]}, {"a": "2"}]
    stored = store(database, materialized(), *(materialized(tags=given) for given in tags))
    store(database, observed(key=OTHER, tags={"a": "1"}))
    find = asset_tags.get_event_tags_for_asset
    assert find(database, KEY) == tags
    assert find(database, KEY, {"a": "1"}) == tags[:2]
    assert find(database, KEY, {"a": "1", "b": NASTY[-5]}) == [tags[1]]
    assert find(database, KEY, {"a": "3"}) == []
    assert find(database, KEY, filter_event_id=stored[3]) == [tags[2]]


def test_data_version_records(database: Database) -> None:
    find = asset_events.get_latest_data_version_record
    assert find(database, KEY) is None
    stored = store(database, materialized("p"), observed("p"), materialized("q"), observed())

    def found(**arguments: object) -> int | None:
        record = find(database, KEY, **arguments)  # pyright: ignore[reportArgumentType]
        return None if record is None else stored.index(record.storage_id)

    assert found() == 2
    assert found(is_source=True) == 3
    assert found(is_source=False) == 2
    assert found(partition_key="p") == 0
    assert found(partition_key="p", is_source=True) == 1
    assert found(before_cursor=stored[2]) == 0
    assert found(after_cursor=stored[2]) == 3
    assert found(after_cursor=stored[2], is_source=False) is None
    prune(database)
    assert found() == 2


def test_events_without_a_run(database: Database) -> None:
    entry, seen = materialized("p", run_id=""), observed(run_id="")
    store(database, entry, seen)
    record = assets.get_asset_records(database, [KEY])[0].asset_entry
    assert record.last_materialization == entry
    assert record.last_observation == seen
    assert record.last_run_id == ""
    assert partitions.get_materialized_partitions(database, KEY) == {"p"}


def test_the_status_that_somebody_wrote_down(database: Database) -> None:
    value = AssetStatusCacheValue(7, "id", "subset")
    assets.update_asset_cached_status_data(database, KEY, value)
    assert not assets.has_asset_key(database, KEY)
    store(database, materialized())
    assets.update_asset_cached_status_data(database, KEY, value)
    assert assets.get_asset_records(database)[0].asset_entry.cached_status == value
    assets.wipe_asset_cached_status(database, KEY)
    assert assets.get_asset_records(database)[0].asset_entry.cached_status is None


# Forgetting


def test_a_wiped_asset_is_not_known(database: Database) -> None:
    entries = [planned("p"), materialized("p", tags={"t": "v"}), observed("p"), failed("p")]
    stored = store(database, *entries, materialized(key=OTHER))
    wiping.wipe_assets(database, [KEY], 55.0)
    assert assets.all_asset_keys(database) == [OTHER]
    assert assets.get_asset_records(database, [KEY]) == []
    assert assets.get_latest_materialization_events(database, [KEY]) == {}
    assert ids(asset_events.fetch_asset_events(database, MATERIALIZATION, KEY, 5)) == []
    assert asset_tags.get_event_tags_for_asset(database, KEY) == []
    assert partitions.get_materialized_partitions(database, KEY) == set()
    assert partitions.get_latest_planned_materialization_info(database, KEY) is None
    # Storing the same events again, as a retry does, does not bring them back.
    apply(database, list(zip(stored, entries, strict=False)))
    assert not assets.has_asset_key(database, KEY)
    assert asset_tags.get_event_tags_for_asset(database, KEY) == []
    (new,) = store(database, materialized("q"))
    (record,) = assets.get_asset_records(database, [KEY])
    assert record.asset_entry.last_materialization_storage_id == new
    assert record.asset_entry.last_observation_record is None
    assert record.asset_entry.asset_details is not None
    assert record.asset_entry.asset_details.last_wipe_timestamp == 55.0
    assert partitions.get_materialized_partitions(database, KEY) == {"q"}


def test_wiping_many_leaves_the_rest_and_unknown_ones_unknown(database: Database) -> None:
    keys = [AssetKey(f"k{number}") for number in range(30)]
    store(database, *(materialized(key=key) for key in keys))
    wiping.wipe_assets(database, [*keys[:20], AssetKey("unknown")], NOW)
    assert set(assets.all_asset_keys(database)) == set(keys[20:])
    wiping.wipe_assets(database, [], NOW)


def test_wiping_partitions(database: Database) -> None:
    entries = [materialized("p"), observed("q"), planned("q"), failed("q"), failed("q", skipped=True)]
    keep = store(database, *entries)
    gone = [materialized("x", tags={"t": "v"}), planned("x"), failed("x"), failed("x", skipped=True)]
    lost = store(database, *gone)
    wiping.wipe_asset_partitions(database, KEY, ["x", "unknown"], NOW)
    entry = assets.get_asset_records(database, [KEY])[0].asset_entry
    assert entry.last_materialization == entries[0]
    assert entry.last_planned_materialization_storage_id == keep[2]
    assert entry.last_failed_to_materialize_storage_id == keep[3]
    assert entry.last_skipped_materialize_record is not None
    assert entry.last_skipped_materialize_record.storage_id == keep[4]
    assert partitions.get_materialized_partitions(database, KEY) == {"p"}
    assert ids(asset_events.fetch_asset_events(database, MATERIALIZATION, KEY, 5)) == [keep[0]]
    assert asset_tags.get_event_tags_for_asset(database, KEY) == []
    apply(database, list(zip(lost, gone, strict=True)))
    assert partitions.get_materialized_partitions(database, KEY) == {"p"}
    assert asset_tags.get_event_tags_for_asset(database, KEY) == []
    store(database, materialized("x"))
    assert partitions.get_materialized_partitions(database, KEY) == {"p", "x"}
    wiping.wipe_asset_partitions(database, OTHER, ["x"], NOW)
    assert not assets.has_asset_key(database, OTHER)


def test_wiping_other_partitions_keeps_what_pruning_left(database: Database) -> None:
    store(database, materialized("p"), materialized("q"))
    prune(database)
    wiping.wipe_asset_partitions(database, KEY, ["p"], NOW)
    entry = assets.get_asset_records(database, [KEY])[0].asset_entry
    assert entry.last_materialization == materialized("q")
    wiping.wipe_asset_partitions(database, KEY, ["q"], NOW)
    entry = assets.get_asset_records(database, [KEY])[0].asset_entry
    assert entry.last_materialization is None


# Summaries


def test_pruning_changes_no_summary(database: Database) -> None:
    store(database, planned("p", "1"), materialized("p", "1"), observed("q"), planned("z", "2"))
    before = assets.get_asset_records(database)
    prune(database)
    assert assets.get_asset_records(database) == before
    assert partitions.get_materialized_partitions(database, KEY) == {"p"}
    attempts = partitions.get_latest_asset_partition_materialization_attempts_without_materializations
    assert set(attempts(database, KEY)) == {"z"}
    # Ids go on from where they were: what comes now is newer.
    (new,) = store(database, materialized("p", "3"))
    assert assets.get_latest_materialization_storage_ids(database, [KEY]) == {KEY: new}


def test_an_older_event_does_not_take_the_place_of_a_newer_one(database: Database) -> None:
    entries = [materialized("p", "1", version="1"), materialized("p", "2", version="2")]
    stored = insert_only(database, entries)
    rows = list(zip(stored, entries, strict=True))
    apply(database, rows[1:])
    apply(database, rows[:1])
    entry = assets.get_asset_records(database)[0].asset_entry
    assert entry.last_materialization == entries[1]
    assert entry.last_run_id == "2"
    ids_of = partitions.get_latest_storage_id_by_partition(database, KEY, MATERIALIZATION)
    assert ids_of == {"p": stored[1]}
    assert partitions.get_materialized_partitions(database, KEY, before_cursor=stored[1]) == {"p"}


def summary(database: Database) -> list[list[object]]:
    """Return every row of the summaries, without numbers of rows and times of storing."""

    def read(connection: sa.Connection) -> list[list[object]]:
        found: list[list[object]] = []
        for table in (assets_table, asset_partitions):
            names = [c.name for c in table.columns if c.name not in ("id", "last_event_timestamp")]
            rows = connection.execute(sa.select(*(table.c[name] for name in names))).all()
            found.append(sorted([*row] for row in rows))
        return found

    return database.read(read)


RUNS = st.sampled_from(["1", "2", "3"])
PARTITIONS = st.sampled_from([None, "p", "q", "r"])
KEYS = st.sampled_from([KEY, OTHER])
EVENTS = st.one_of(
    st.builds(materialized, PARTITIONS, RUNS, KEYS, version=st.sampled_from([None, "1", "2"])),
    st.builds(observed, PARTITIONS, RUNS, KEYS, st.just({"t": "v"})),
    st.builds(planned, PARTITIONS, RUNS, KEYS),
    st.builds(failed, PARTITIONS, RUNS, KEYS, st.booleans()),
)


@pytest.fixture(scope="module")
def scratch() -> Database:
    database = open_memory()
    create_tables(database)
    return database


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, min_size=1, max_size=25), st.data())
def test_summaries_do_not_depend_on_batches_or_repetition(
    scratch: Database, entries: list[EventLogEntry], data: st.DataObject
) -> None:
    empty_tables(scratch)
    stored = insert_only(scratch, entries)
    rows = list(zip(stored, entries, strict=True))
    apply(scratch, rows)
    expected = summary(scratch)
    scratch.write(lambda c: [c.execute(t.delete()) for t in (assets_table, asset_partitions)])
    start = 0
    while start < len(rows):
        end = data.draw(st.integers(start + 1, len(rows)))
        apply(scratch, rows[data.draw(st.integers(0, start)) : end])
        start = end
    apply(scratch, rows)
    assert summary(scratch) == expected


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, min_size=1, max_size=25))
def test_summaries_are_the_fold_over_all_events(scratch: Database, entries: list[EventLogEntry]) -> None:
    empty_tables(scratch)
    rows = list(zip(store(scratch, *entries), entries, strict=True))
    for key in (KEY, OTHER):
        of_key = [(n, e) for n, e in rows if e.get_dagster_event().asset_key == key]
        made = [(n, e) for n, e in of_key if e.dagster_event_type is MATERIALIZATION]
        found = assets.get_latest_materialization_storage_ids(scratch, [key])
        assert found == ({key: made[-1][0]} if made else {})
        by_partition = {e.get_dagster_event().partition: n for n, e in made}
        by_partition.pop(None, None)
        latest = partitions.get_latest_storage_id_by_partition(scratch, key, MATERIALIZATION)
        assert latest == by_partition
        attempts = (
            partitions.get_latest_asset_partition_materialization_attempts_without_materializations(
                scratch, key
            )
        )
        assert attempts == _open_attempts(of_key)


def _open_attempts(rows: list[tuple[int, EventLogEntry]]) -> dict[str, tuple[str, int]]:
    """Return, from all events of an asset, which partitions their last planning run has not made."""
    result: dict[str, tuple[str, int]] = {}
    for partition in {e.get_dagster_event().partition for _, e in rows} - {None}:
        own = [(n, e) for n, e in rows if e.get_dagster_event().partition == partition]
        plans = [(n, e) for n, e in own if e.dagster_event_type is PLANNED]
        if not plans:
            continue
        number, plan = plans[-1]
        # The run planned it in one stretch, from the first plan after another run's on.
        others = [n for n, e in plans if e.run_id != plan.run_id]
        before = max(others, default=0)
        begin = min(n for n, e in plans if e.run_id == plan.run_id and n > before)
        made = [(n, e) for n, e in own if e.dagster_event_type is MATERIALIZATION]
        earlier = [e.run_id for n, e in made if n < begin]
        done = any(e.run_id == plan.run_id for n, e in made if n > begin) or (
            earlier[-1:] == [plan.run_id]
        )
        if not done:
            assert partition is not None
            result[partition] = (plan.run_id, number)
    return result


def test_writers_at_once_lose_nothing(database: Database) -> None:
    keys = [AssetKey(f"k{number}") for number in range(5)]
    errors: list[BaseException] = []

    def write(worker: int) -> None:
        try:
            for number in range(6):
                chosen = keys[number % 5 :] + keys[: number % 5]
                name = f"{worker}/{number}"
                store(database, *(materialized(name, name, key, {"t": name}) for key in chosen))
        except BaseException as exc:
            errors.append(exc)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    names = {f"{worker}/{number}" for worker in range(4) for number in range(6)}
    for key in keys:
        assert partitions.get_materialized_partitions(database, key) == names
        newest = asset_events.fetch_asset_events(database, MATERIALIZATION, key, 1).records[0].storage_id
        assert assets.get_latest_materialization_storage_ids(database, [key]) == {key: newest}


def test_a_slow_writer_does_not_undo_what_a_newer_event_said(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that has read the summaries keeps others out until it has written them."""
    store(database, materialized("p", "0"))
    slow, fast = materialized("p", "slow"), materialized("p", "fast")
    older, newer = insert_only(database, [slow, fast])
    other = threading.Thread(target=apply, args=(database, [(newer, fast)]))
    write_asset = asset_summaries._write_asset

    def write_slowly(*arguments: Any) -> None:
        monkeypatch.setattr(asset_summaries, "_write_asset", write_asset)
        other.start()
        other.join(0.3)  # it would be through by then, if it did not have to wait
        write_asset(*arguments)

    monkeypatch.setattr(asset_summaries, "_write_asset", write_slowly)
    apply(database, [(older, slow)])
    other.join()
    assert assets.get_latest_materialization_storage_ids(database, [KEY]) == {KEY: newer}
    newest = partitions.get_latest_storage_id_by_partition(database, KEY, MATERIALIZATION)
    assert newest == {"p": newer}


def test_pages_of_an_asset_use_an_index(sqlite_database: Database) -> None:
    query = (
        "EXPLAIN QUERY PLAN SELECT id, body FROM event_logs WHERE asset_key = 'k' AND "
        "event_type = 't' AND id < 5 ORDER BY id DESC LIMIT 5"
    )
    plan = sqlite_database.read(lambda c: str(c.exec_driver_sql(query).all()))
    assert "idx_event_logs_asset" in plan
    assert "TEMP B-TREE" not in plan
