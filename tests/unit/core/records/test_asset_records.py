"""What is known of assets and pools: stored form and what the records tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dagster._check import ParameterCheckError
from dagster._core.events.payloads import (
    AssetFailedToMaterializeData,
    AssetMaterializationPlannedData,
)
from dagster._core.records import asset_failure, asset_records, concurrency
from dagster._core.records.asset_failure import (
    AssetMaterializationFailure,
    AssetMaterializationFailureReason,
    AssetMaterializationFailureType,
)
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.asset_records import (
    AssetDetails,
    AssetEntry,
    AssetEventSummaryRecord,
    AssetRecord,
    AssetStatusCacheValue,
    PlannedMaterializationInfo,
)
from dagster._core.records.concurrency import (
    ClaimedSlotInfo,
    ConcurrencyClaimStatus,
    ConcurrencyKeyInfo,
    ConcurrencySlotStatus,
    PendingStepInfo,
    PoolConfig,
    PoolGranularity,
    PoolLimit,
)
from dagster._core.records.partition_status import AssetPartitionStatus
from dagster._wire.codec import deserialize_value, serialize_value
from dagster._wire.record import RECORD_CLASSES

KEY = AssetKey(["a", "b"])
KEY_TEXT = '{"__class__":"AssetKey","path":["a","b"]}'
TIME = datetime(2020, 1, 1, tzinfo=UTC)
TIME_TEXT = '{"__datetime__":"2020-01-01T00:00:00+00:00"}'
FAILURE = AssetMaterializationFailure(
    KEY,
    AssetMaterializationFailureType.FAILED,
    AssetMaterializationFailureReason.RUN_TERMINATED,
    "d",
    {"a": 1},
    "p",
    {"t": "v"},
    True,
)
FAILURE_TEXT = (
    f'{{"__class__":"AssetMaterializationFailure","asset_key":{KEY_TEXT},'
    '"failure_type":{"__enum__":"AssetMaterializationFailureType.FAILED"},'
    '"reason":{"__enum__":"AssetMaterializationFailureReason.RUN_TERMINATED"},'
    '"description":"d","metadata":{"a":{"__class__":"IntMetadataValue","value":1}},'
    '"partition":"p","tags":{"t":"v"},"will_retry":true}'
)
SLOT = ClaimedSlotInfo("r", "s", "o", 3, TIME, TIME)
WAITING = PendingStepInfo("w", "s", TIME, None, 2)
HOLDING = PendingStepInfo("r", "s", TIME, TIME, None)

GOLDEN = [
    (FAILURE, FAILURE_TEXT),
    (
        AssetMaterializationPlannedData(KEY, "p"),
        f'{{"__class__":"AssetMaterializationPlannedData","asset_key":{KEY_TEXT},"partition":"p"}}',
    ),
    (
        AssetFailedToMaterializeData(FAILURE, None, "l", "r"),
        (
            '{"__class__":"AssetFailedToMaterializeData",'
            f'"asset_materialization_failure":{FAILURE_TEXT},"error":null,"location_name":"l",'
            '"repository_name":"r"}'
        ),
    ),
    (AssetDetails(1.5), '{"__class__":"AssetDetails","last_wipe_timestamp":1.5}'),
    (
        AssetStatusCacheValue(1, "i", "m", "f", "p", 2),
        (
            '{"__class__":"AssetStatusCacheValue","latest_storage_id":1,"partitions_def_id":"i",'
            '"serialized_materialized_partition_subset":"m",'
            '"serialized_failed_partition_subset":"f",'
            '"serialized_in_progress_partition_subset":"p",'
            '"earliest_in_progress_materialization_event_id":2}'
        ),
    ),
    (
        AssetRecord(1, AssetEntry(KEY, last_run_id="r")),
        (
            '{"__class__":"AssetRecord","storage_id":1,"asset_entry":{"__class__":"AssetEntry",'
            f'"asset_key":{KEY_TEXT},"last_materialization_record":null,"last_run_id":"r",'
            '"asset_details":null,"cached_status":null,"last_observation_record":null,'
            '"last_planned_materialization_storage_id":null,'
            '"last_planned_materialization_run_id":null,"last_failed_to_materialize_record":null,'
            '"is_writing_failures":null,"last_skipped_materialize_record":null}}'
        ),
    ),
    (
        PlannedMaterializationInfo(1, "r"),
        '{"__class__":"PlannedMaterializationInfo","storage_id":1,"run_id":"r"}',
    ),
    (
        AssetEventSummaryRecord(1, "r", KEY, "p", 1.5),
        (
            '{"__class__":"AssetEventSummaryRecord","storage_id":1,"run_id":"r",'
            f'"asset_key":{KEY_TEXT},"partition":"p","timestamp":1.5}}'
        ),
    ),
    (
        ConcurrencyClaimStatus("k", ConcurrencySlotStatus.CLAIMED, 1, TIME, TIME, 0.5, 7, TIME),
        (
            '{"__class__":"ConcurrencyClaimStatus","concurrency_key":"k",'
            '"slot_status":{"__enum__":"ConcurrencySlotStatus.CLAIMED"},"priority":1,'
            f'"assigned_timestamp":{TIME_TEXT},"enqueued_timestamp":{TIME_TEXT},"sleep_interval":0.5,'
            f'"token":7,"expires_timestamp":{TIME_TEXT}}}'
        ),
    ),
    (
        ConcurrencyKeyInfo("k", 1, [SLOT], [WAITING], 1, False),
        (
            '{"__class__":"ConcurrencyKeyInfo","concurrency_key":"k","slot_count":1,'
            '"claimed_slots":[{"__class__":"ClaimedSlotInfo","run_id":"r","step_key":"s",'
            f'"owner":"o","token":3,"assigned_timestamp":{TIME_TEXT},'
            f'"expires_timestamp":{TIME_TEXT}}}],'
            '"pending_steps":[{"__class__":"PendingStepInfo","run_id":"w","step_key":"s",'
            f'"enqueued_timestamp":{TIME_TEXT},"assigned_timestamp":null,"priority":2}}],"limit":1,'
            '"using_default_limit":false}'
        ),
    ),
    (
        PoolLimit("p", 2, True),
        '{"__class__":"PoolLimit","name":"p","limit":2,"from_default":true}',
    ),
    (
        PoolConfig(PoolGranularity.RUN, 2, 1),
        (
            '{"__class__":"PoolConfig","pool_granularity":{"__enum__":"PoolGranularity.RUN"},'
            '"default_pool_limit":2,"op_granularity_run_buffer":1}'
        ),
    ),
    (AssetPartitionStatus.IN_PROGRESS, '{"__enum__":"AssetPartitionStatus.IN_PROGRESS"}'),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=lambda item: type(item).__name__)
def test_stored_form(value: object, text: str) -> None:
    assert serialize_value(value) == text
    read = deserialize_value(text)
    assert read == value
    assert type(read) is type(value)


def test_every_record_has_its_stored_form_here() -> None:
    modules = {module.__name__ for module in (asset_failure, asset_records, concurrency)}
    records = {name for name, cls in RECORD_CLASSES.items() if cls.__module__ in modules}
    text = "".join(text for _, text in GOLDEN)
    assert {name for name in records if f'"__class__":"{name}"' not in text} == set()


def test_the_parts_of_a_pool() -> None:
    info = ConcurrencyKeyInfo("k", 2, [SLOT], [HOLDING, WAITING], 2, False)
    assert (info.active_slot_count, info.active_run_ids) == (1, {"r"})
    assert (info.pending_step_count, info.pending_run_ids) == (1, {"w"})
    assert (info.assigned_step_count, info.assigned_run_ids) == (1, {"r"})


def test_the_status_of_a_claim() -> None:
    blocked = ConcurrencyClaimStatus("k", ConcurrencySlotStatus.BLOCKED)
    assert not blocked.is_claimed
    assert not blocked.is_assigned
    assert blocked.with_sleep_interval(2.0).sleep_interval == 2.0
    assert blocked.with_slot_status(ConcurrencySlotStatus.CLAIMED).is_claimed


def test_an_empty_entry_has_no_events() -> None:
    entry = AssetEntry(KEY)
    assert entry.last_materialization is None
    assert entry.last_observation_storage_id is None
    assert entry.last_event_storage_id is None
    planned = AssetEntry(KEY, last_planned_materialization_storage_id=4)
    assert planned.last_event_storage_id == 4


def test_refused_failures() -> None:
    reason = AssetMaterializationFailureReason.UNKNOWN
    with pytest.raises(ParameterCheckError, match="expected failure_type to be an AssetMat"):
        AssetMaterializationFailure(KEY, "FAILED", reason)  # pyright: ignore[reportArgumentType]
    kind = AssetMaterializationFailureType.FAILED
    with pytest.raises(ParameterCheckError, match="expected reason to be an AssetMat"):
        AssetMaterializationFailure(KEY, kind, "x")  # pyright: ignore[reportArgumentType]
