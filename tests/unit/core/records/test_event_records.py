"""What event logs are asked for, how they answer, and the stored form of both."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dagster._check import CheckError, ParameterCheckError
from dagster._core.events.event_type import DagsterEventType as T
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records import event_records as e
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.event_records import EventLogRecord, EventRecordsFilter
from dagster._core.records.user_events import ExpectationResult
from dagster._wire.codec import deserialize_value, serialize_value
from dagster._wire.record import RECORD_CLASSES

KEY = AssetKey("a")
ENTRY = EventLogEntry(None, 10, "m", "r", 1.5)
ENTRY_TEXT = serialize_value(ENTRY)
RECORD = EventLogRecord(3, ENTRY)
RECORD_TEXT = '{"__class__":"EventLogRecord","storage_id":3,"event_log_entry":' + ENTRY_TEXT + "}"
TYPE_TEXT = '{"__enum__":"DagsterEventType.RUN_START"}'
KEY_TEXT = '{"__class__":"AssetKey","path":["a"]}'
TIME = datetime(2020, 1, 1, tzinfo=UTC)

GOLDEN = [
    (RECORD, RECORD_TEXT),
    (
        e.EventLogConnection([RECORD], "3", True),
        f'{{"__class__":"EventLogConnection","records":[{RECORD_TEXT}],"cursor":"3","has_more":true}}',
    ),
    (
        e.EventRecordsResult([RECORD], "3", False),
        f'{{"__class__":"EventRecordsResult","records":[{RECORD_TEXT}],"cursor":"3","has_more":false}}',
    ),
    (
        e.PaginatedResults(["p"], "3", False),
        '{"__class__":"PaginatedResults","results":["p"],"cursor":"3","has_more":false}',
    ),
    (
        e.RunShardedEventsCursor(1, TIME),
        (
            '{"__class__":"RunShardedEventsCursor","id":1,"run_updated_after":'
            '{"__datetime__":"2020-01-01T00:00:00+00:00"}}'
        ),
    ),
    (
        EventRecordsFilter(T.RUN_START, KEY, ["p"], 1, 2, 1.5, 2.5, [4]),
        (
            f'{{"__class__":"EventRecordsFilter","event_type":{TYPE_TEXT},"asset_key":{KEY_TEXT},'
            '"asset_partitions":["p"],"after_cursor":1,"before_cursor":2,"after_timestamp":1.5,'
            '"before_timestamp":2.5,"storage_ids":[4]}'
        ),
    ),
    (
        e.AssetRecordsFilter(KEY, ["p"], 1.5, 2.5, 1, 2, [4]),
        (
            f'{{"__class__":"AssetRecordsFilter","asset_key":{KEY_TEXT},"asset_partitions":["p"],'
            '"after_timestamp":1.5,"before_timestamp":2.5,"after_storage_id":1,"before_storage_id":2,'
            '"storage_ids":[4]}'
        ),
    ),
    (
        e.RunStatusChangeRecordsFilter(T.RUN_START, 1.5, 2.5, 1, 2, [4], ["j"]),
        (
            f'{{"__class__":"RunStatusChangeRecordsFilter","event_type":{TYPE_TEXT},"after_timestamp":1.5,'
            '"before_timestamp":2.5,"after_storage_id":1,"before_storage_id":2,"storage_ids":[4],'
            '"job_names":["j"]}'
        ),
    ),
    (
        e.RunStepMarker("k", 1.5, None),
        '{"__class__":"RunStepMarker","key":"k","start_time":1.5,"end_time":null}',
    ),
    (
        e.DagsterRunStatsSnapshot("r", 1, 2, 3, 4, 1.5, None, 2.5, None),
        (
            '{"__class__":"DagsterRunStatsSnapshot","run_id":"r","steps_succeeded":1,"steps_failed":2,'
            '"materializations":3,"expectations":4,"enqueued_time":1.5,"launch_time":null,"start_time":2.5,'
            '"end_time":null}'
        ),
    ),
    (
        e.RunStepKeyStatsSnapshot(
            "r", "s", e.StepEventStatus.SUCCESS, 1.5, 2.5, [ENTRY], [ExpectationResult(True)], 1, [], []
        ),
        '{"__class__":"RunStepKeyStatsSnapshot","run_id":"r","step_key":"s","status":'
        '{"__enum__":"StepEventStatus.SUCCESS"},"start_time":1.5,"end_time":2.5,"materialization_events":['
        f"{ENTRY_TEXT}],"
        '"expectation_results":[' + serialize_value(ExpectationResult(True)) + '],"attempts":1,'
        '"attempts_list":[],"markers":[],"partial_attempt_start":null}',
    ),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=lambda part: type(part).__name__)
def test_golden(value: object, text: str) -> None:
    assert serialize_value(value) == text
    assert deserialize_value(text) == value


def test_every_record_has_its_line() -> None:
    own = {cls for cls in RECORD_CLASSES.values() if cls.__module__ == e.__name__}
    assert {type(value) for value, _text in GOLDEN} == own


# Cursors


def test_a_cursor_is_read_in_one_direction() -> None:
    assert e.cursor_bounds(None, True) == (None, None)
    assert e.cursor_bounds(e.build_cursor(5), True) == (None, 5)
    assert EventRecordsFilter.get_cursor_params("5") == (5, None)
    assert EventRecordsFilter.get_cursor_params("5", ascending=True) == (None, 5)
    assert e.parse_cursor("-1") == -1


@pytest.mark.parametrize("text", ["", "x", "1.5", "--1", "٣", "1 2"])
def test_what_is_not_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(ParameterCheckError, match="expected cursor to be one that an event log gave"):
        e.parse_cursor(text)


def test_a_filter_and_a_cursor_both_hold() -> None:
    wanted = e.AssetRecordsFilter(KEY, after_storage_id=3, before_storage_id=9)
    up = wanted.to_event_records_filter(T.ASSET_MATERIALIZATION, "5", ascending=True)
    assert (up.after_cursor, up.before_cursor, up.asset_key) == (5, 9, KEY)
    up = wanted.to_event_records_filter(T.ASSET_MATERIALIZATION, "1", ascending=True)
    assert up.after_cursor == 3
    down = wanted.to_event_records_filter(T.ASSET_MATERIALIZATION, "5")
    assert (down.after_cursor, down.before_cursor) == (3, 5)
    status = e.RunStatusChangeRecordsFilter(T.RUN_START, 1.5, before_storage_id=4, job_names=["j"])
    plain = status.to_event_records_filter_without_job_names("7")
    assert (plain.event_type, plain.after_timestamp, plain.before_cursor) == (T.RUN_START, 1.5, 4)


def test_filters_check_what_they_are_given() -> None:
    with pytest.raises(CheckError, match="event_type"):
        EventRecordsFilter(5)  # pyright: ignore[reportArgumentType]
    with pytest.raises(CheckError, match="asset_key"):
        EventRecordsFilter(T.RUN_START, "a")  # pyright: ignore[reportArgumentType]
    with pytest.raises(CheckError, match="storage_ids"):
        e.AssetRecordsFilter(KEY, storage_ids=["1"])  # pyright: ignore[reportArgumentType]
    with pytest.raises(CheckError, match="job_names"):
        e.RunStatusChangeRecordsFilter(T.RUN_START, job_names="j")  # pyright: ignore[reportArgumentType]


def test_a_record_tells_what_its_entry_tells() -> None:
    assert (RECORD.run_id, RECORD.timestamp, RECORD.asset_key) == ("r", 1.5, None)
    assert (RECORD.partition_key, RECORD.asset_event) == (None, None)
    with pytest.raises(CheckError, match="holds a DagsterEvent"):
        _ = RECORD.event_type
