"""The stored form of the records of run storages; see test_stored_form.py: never change a line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dagster._core.records import backfill, daemon, run_bucket
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.backfill import (
    FINISHED_BULK_ACTION_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.records.daemon import DaemonHeartbeat, DaemonStatus
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.run import DagsterRunStatus
from dagster._core.records.run_bucket import JobBucket, RunPartitionData, TagBucket
from dagster._wire.codec import deserialize_value, serialize_value
from dagster._wire.record import RECORD_CLASSES

TIME = datetime(2020, 1, 1, tzinfo=UTC)
ERROR = SerializableErrorInfo("m", ["s"], "C")

GOLDEN = [
    (
        PartitionBackfill(
            "b",
            BulkActionStatus.REQUESTED,
            True,
            {"t": "v"},
            1.5,
            asset_selection=[AssetKey(["a", "b"])],
            partition_names=["p"],
            job_name="j",
        ),
        (
            '{"__class__":"PartitionBackfill","backfill_id":"b",'
            '"status":{"__enum__":"BulkActionStatus.REQUESTED"},"from_failure":true,'
            '"tags":{"t":"v"},"backfill_timestamp":1.5,"error":null,'
            '"asset_selection":[{"__class__":"AssetKey","path":["a","b"]}],"title":null,'
            '"description":null,"run_config":null,"partition_set_origin":null,'
            '"partition_names":["p"],"job_name":"j","last_submitted_partition_name":null,'
            '"reexecution_steps":null,"serialized_asset_backfill_data":null,'
            '"asset_backfill_data":null,"failure_count":0,"submitting_run_requests":[],'
            '"reserved_run_ids":[],"backfill_end_timestamp":null}'
        ),
    ),
    (
        BulkActionsFilter([BulkActionStatus.FAILED], created_after=TIME, tags={"t": ["v"]}),
        (
            '{"__class__":"BulkActionsFilter",'
            '"statuses":[{"__enum__":"BulkActionStatus.FAILED"}],"created_before":null,'
            '"created_after":{"__datetime__":"2020-01-01T00:00:00+00:00"},"tags":{"t":["v"]},'
            '"job_name":null,"backfill_ids":null}'
        ),
    ),
    (
        DaemonHeartbeat(1.5, "SENSOR", "d", []),
        '{"__class__":"DaemonHeartbeat","timestamp":1.5,"daemon_type":"SENSOR","daemon_id":"d","errors":[]}',
    ),
    (
        DaemonStatus("SENSOR", True, False, None),
        '{"__class__":"DaemonStatus","daemon_type":"SENSOR","required":true,"healthy":false,"last_heartbeat":null}',
    ),
    (
        JobBucket(["j"], 2),
        '{"__class__":"JobBucket","job_names":["j"],"bucket_limit":2}',
    ),
    (
        TagBucket("t", ["v"]),
        '{"__class__":"TagBucket","tag_key":"t","tag_values":["v"],"bucket_limit":null}',
    ),
    (
        RunPartitionData("1", "p", DagsterRunStatus.SUCCESS, 1.5, None),
        (
            '{"__class__":"RunPartitionData","run_id":"1","partition":"p",'
            '"status":{"__enum__":"DagsterRunStatus.SUCCESS"},"start_time":1.5,"end_time":null}'
        ),
    ),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=lambda item: type(item).__name__)
def test_stored_form(value: object, text: str) -> None:
    assert serialize_value(value) == text
    read = deserialize_value(text)
    assert read == value
    assert type(read) is type(value)


def test_every_record_has_its_stored_form_here() -> None:
    modules = {module.__name__ for module in (backfill, daemon, run_bucket)}
    records = {name for name, cls in RECORD_CLASSES.items() if cls.__module__ in modules}
    text = "".join(text for _, text in GOLDEN)
    assert {name for name in records if f'"__class__":"{name}"' not in text} == set()


def test_a_backfill_changes_by_copies() -> None:
    one = PartitionBackfill("b", BulkActionStatus.REQUESTED, False)
    assert not one.is_asset_backfill
    assert one._replace(asset_selection=[]).is_asset_backfill
    assert one.with_status(BulkActionStatus.FAILED).status in FINISHED_BULK_ACTION_STATUSES
    assert one.with_error(ERROR).error == ERROR
    assert one.with_partition_checkpoint("p").last_submitted_partition_name == "p"
    assert one.with_failure_count(2).failure_count == 2
    assert one.with_end_timestamp(1.5).backfill_end_timestamp == 1.5
    submitting = one.with_submitting_run_requests(["r"], ["1"])
    assert (submitting.submitting_run_requests, submitting.reserved_run_ids) == (["r"], ["1"])
    assert one == PartitionBackfill("b", BulkActionStatus.REQUESTED, False)
