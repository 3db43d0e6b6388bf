"""The stored form of log entries. What is written here has been written to somebody's disk."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._core.events import payloads as p
from dagster._core.events.entry_codec import decode_entry, encode_entry
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records.asset_failure import (
    AssetMaterializationFailure,
    AssetMaterializationFailureReason,
    AssetMaterializationFailureType,
)
from dagster._core.records.asset_key import AssetKey
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.handles import NodeHandle, StepHandle, StepOutputHandle
from dagster._core.records.metadata import MetadataValue, normalize_metadata
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    ExpectationResult,
    Materialization,
)
from dagster._wire.codec import deserialize_value, serialize_value

T = DagsterEventType
ERROR = SerializableErrorInfo("m", ["s"], "C", SerializableErrorInfo("cause", []))
NODE = NodeHandle("inner", NodeHandle("outer"))
PLAIN: Mapping[str, Any] = normalize_metadata({"text": "x", "int": 1, "bool": True, "none": None})
RARE: Mapping[str, Any] = normalize_metadata(
    {
        "json": {"a": [1, {"__set__": 2}]},
        "nan": math.nan,
        "float": 0.5,
        "asset": AssetKey(["a", "b"]),
        "__class__": "a label that is a word of the codec",
    }
)


def entry(data: Any, event_type: DagsterEventType = T.ENGINE_EVENT) -> EventLogEntry:
    event = DagsterEvent(
        event_type.value,
        "j",
        StepHandle(NODE, "outer.inner"),
        NODE,
        "COMPUTE",
        {"run_id": "r"},
        data,
        "message",
        7,
        "outer.inner",
    )
    return EventLogEntry(None, 10, "", "r", 1.5, "outer.inner", "j", event)


def checked(metadata: Mapping[str, Any]) -> p.TypeCheckData:
    return p.TypeCheckData(True, "l", None, metadata)


PAYLOADS: list[Any] = [
    None,
    p.StepInputData("i"),
    p.StepInputData("i", checked(PLAIN)),
    p.StepInputData("i", checked(RARE)),
    p.StepOutputData(StepOutputHandle("s", "o", "k"), checked(PLAIN), "v", PLAIN),
    p.StepOutputData(StepOutputHandle("s"), checked(RARE), None, PLAIN),
    p.StepOutputData(StepOutputHandle("s"), None, None, RARE),
    p.StepSuccessData(1.25),
    p.StepSuccessData(math.inf),
    p.StepFailureData(ERROR, p.UserFailureData("l", "d", PLAIN), p.ErrorSource.USER_CODE_ERROR),
    p.StepRetryData(ERROR, 2),
    p.StepRetryData(None, 0.5),
    p.StepMaterializationData(AssetMaterialization("a", "d", PLAIN, "p", {"t": "v"})),
    p.StepMaterializationData(AssetMaterialization(["a", "b"], metadata=RARE)),
    p.StepMaterializationData(Materialization("label", skip_deprecation_warning=True)),
    p.AssetObservationData(AssetObservation("a", metadata=RARE)),
    p.AssetMaterializationPlannedData(AssetKey("a"), "p"),
    p.AssetFailedToMaterializeData(
        AssetMaterializationFailure(
            "a",
            AssetMaterializationFailureType.FAILED,
            AssetMaterializationFailureReason.UNKNOWN,
        ),
        ERROR,
    ),
    p.AssetWipedData(AssetKey("a")),
    p.AssetWipedData(AssetKey(["a", "b"]), ["p", "q"]),
    p.StepExpectationResultData(ExpectationResult(True, "l", "d", PLAIN)),
    p.HandledOutputData("o", "io", normalize_metadata({"path": MetadataValue.path("/x")})),
    p.HandledOutputData("o", "io", RARE),
    p.LoadedInputData("i", "io", "o", "s", PLAIN),
    p.ObjectStoreOperationResultData("GET", "v", "a", PLAIN, None, None),
    p.EngineEventData(PLAIN, ERROR, "a", "b"),
    p.JobFailureData(ERROR, p.RunFailureReason.STEP_FAILURE, "s"),
    p.JobCanceledData(ERROR),
    p.ComputeLogsCaptureData("k", ["s"], ["r", "compute_logs", "k"], "u", "o", "e", "c"),
    p.HookErroredData(ERROR),
    p.StepSuccessData(
        1.5,
        p.StepFingerprint(
            "c", "d", {"db": "e"}, {"x": "f"}, "1", "cpython-311", ("p",), {"function f": "g"}
        ),
    ),
    p.StepSuccessData(
        1.5, p.StepFingerprint("c", resources={"__class__": "e"}, inputs={"__class__": "f"})
    ),
    p.StepSuccessData(1.5, p.StepFingerprint("c", parts={"__class__": "e"})),
]


def test_every_payload_is_tried_here() -> None:
    assert {type(data) for data in PAYLOADS} == {*p.EventSpecificData.__args__, type(None)}


@pytest.mark.parametrize("data", PAYLOADS, ids=lambda data: type(data).__name__)
def test_the_fast_way_gives_what_the_codec_gives(data: Any) -> None:
    given_entry = entry(data)._replace(error_info=ERROR if data is None else None)
    body = encode_entry(given_entry)
    assert body.decode() == serialize_value(given_entry)
    # NaN is not equal to itself: compare what is written.
    assert serialize_value(decode_entry(body)) == body.decode()
    if "nan" not in body.decode():
        assert decode_entry(body) == given_entry == deserialize_value(body.decode())


GOLDEN = [
    (
        EventLogEntry(ERROR, 40, "text", "r", 1.5, "s", "j"),
        (
            '{"__class__":"EventLogEntry","error_info":{"__class__":"SerializableErrorInfo","message":"m",'
            '"stack":["s"],"cls_name":"C","cause":{"__class__":"SerializableErrorInfo","message":"cause",'
            '"stack":[],"cls_name":null,"cause":null,"context":null},"context":null},"level":40,'
            '"user_message":"text","run_id":"r","timestamp":1.5,"step_key":"s","job_name":"j",'
            '"dagster_event":null}'
        ),
    ),
    (
        entry(p.StepSuccessData(1.25), T.STEP_SUCCESS),
        (
            '{"__class__":"EventLogEntry","error_info":null,"level":10,"user_message":"","run_id":"r",'
            '"timestamp":1.5,"step_key":"outer.inner","job_name":"j","dagster_event":{"__class__":'
            '"DagsterEvent","event_type_value":"STEP_SUCCESS","job_name":"j","step_handle":{"__class__":'
            '"StepHandle","node_handle":{"__class__":"NodeHandle","name":"inner","parent":{"__class__":'
            '"NodeHandle","name":"outer","parent":null}},"key":"outer.inner"},"node_handle":{"__class__":'
            '"NodeHandle","name":"inner","parent":{"__class__":"NodeHandle","name":"outer","parent":null}},'
            '"step_kind_value":"COMPUTE","logging_tags":{"run_id":"r"},"event_specific_data":{"__class__":'
            '"StepSuccessData","duration_ms":1.25,"fingerprint":null},"message":"message","pid":7,"step_key":"outer.inner"}}'
        ),
    ),
    (
        EventLogEntry(
            None,
            10,
            "",
            "r",
            1.5,
            dagster_event=DagsterEvent(
                T.ASSET_MATERIALIZATION.value,
                "j",
                event_specific_data=p.StepMaterializationData(
                    AssetMaterialization(["a", "b"], metadata={"n": 1}, partition="p")
                ),
            ),
        ),
        (
            '{"__class__":"EventLogEntry","error_info":null,"level":10,"user_message":"","run_id":"r",'
            '"timestamp":1.5,"step_key":null,"job_name":null,"dagster_event":{"__class__":"DagsterEvent",'
            '"event_type_value":"ASSET_MATERIALIZATION","job_name":"j","step_handle":null,"node_handle":null,'
            '"step_kind_value":null,"logging_tags":null,"event_specific_data":{"__class__":'
            '"StepMaterializationData","materialization":{"__class__":"AssetMaterialization","asset_key":'
            '{"__class__":"AssetKey","path":["a","b"]},"description":null,"metadata":{"n":{"__class__":'
            '"IntMetadataValue","value":1}},"partition":"p","tags":null}},"message":null,"pid":null,'
            '"step_key":null}}'
        ),
    ),
    (
        EventLogEntry(
            None,
            10,
            "",
            "r",
            1.5,
            dagster_event=DagsterEvent(
                T.LOGS_CAPTURED.value,
                "j",
                event_specific_data=p.ComputeLogsCaptureData("k", ["s"], ["r", "compute_logs", "k"]),
                pid=7,
            ),
        ),
        (
            '{"__class__":"EventLogEntry","error_info":null,"level":10,"user_message":"","run_id":"r",'
            '"timestamp":1.5,"step_key":null,"job_name":null,"dagster_event":{"__class__":"DagsterEvent",'
            '"event_type_value":"LOGS_CAPTURED","job_name":"j","step_handle":null,"node_handle":null,'
            '"step_kind_value":null,"logging_tags":null,"event_specific_data":{"__class__":'
            '"ComputeLogsCaptureData","file_key":"k","step_keys":["s"],"log_key":["r","compute_logs","k"],'
            '"external_url":null,"external_stdout_url":null,"external_stderr_url":null,"shell_cmd":null},'
            '"message":null,"pid":7,"step_key":null}}'
        ),
    ),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN)
def test_golden(value: EventLogEntry, text: str) -> None:
    assert encode_entry(value) == text.encode()
    assert decode_entry(text.encode()) == value


@given(st.text(alphabet=st.characters()), st.text(), st.dictionaries(st.text(), st.text()))
def test_any_text(message: str, label: str, tags: dict[str, str]) -> None:
    event = DagsterEvent(
        "ENGINE_EVENT",
        "j",
        logging_tags=tags,
        event_specific_data=p.EngineEventData(normalize_metadata({label: message})),
        message=message,
    )
    value = EventLogEntry(None, 10, message, "r", 1.0, dagster_event=event)
    assert encode_entry(value).decode() == serialize_value(value)
    assert decode_entry(encode_entry(value)) == value


def test_half_a_surrogate_pair() -> None:
    value = EventLogEntry(None, 10, "\ud83d", "r", 1.0)
    assert decode_entry(encode_entry(value)) == value


def test_a_level_may_be_a_name() -> None:
    value = EventLogEntry(None, "INFO", "", "r", 1.0)
    assert decode_entry(encode_entry(value)) == value


# Written by others


def changed(value: EventLogEntry, old: str, new: str) -> bytes:
    text = encode_entry(value).decode()
    assert old in text
    return text.replace(old, new).encode()


def test_a_success_of_a_version_without_fingerprints() -> None:
    value = entry(p.StepSuccessData(1.25), T.STEP_SUCCESS)
    assert decode_entry(changed(value, ',"fingerprint":null', "")) == value


def test_fields_that_a_newer_version_knows_are_left_out() -> None:
    value = entry(p.StepSuccessData(1.0))
    body = changed(value, '"duration_ms":1.0', '"duration_ms":1.0,"cores":{"__class__":"New"}')
    assert decode_entry(body) == value


def test_a_payload_that_a_newer_version_knows_is_left_out() -> None:
    value = entry(p.StepSuccessData(1.0))
    body = changed(value, '"StepSuccessData"', '"DataOfTheFuture"')
    assert decode_entry(body) == entry(None)


def test_a_type_of_event_that_a_newer_version_knows_is_kept() -> None:
    body = changed(entry(None), '"ENGINE_EVENT"', '"EVENT_OF_THE_FUTURE"')
    found = decode_entry(body)
    assert found.dagster_event is not None
    assert found.dagster_event.event_type_value == "EVENT_OF_THE_FUTURE"
    assert found.message == "message"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b'{"__class__":"EventLogEntry"}',
        b'{"__class__":"AssetKey","path":["a"]}',
        b'{"__class__":"EventLogEntry","dagster_event":{"__class__":"What"}}',
    ],
)
def test_what_cannot_be_read_is_told(body: bytes) -> None:
    found = decode_entry(body)
    assert found.dagster_event is None
    assert found.user_message.startswith("This entry cannot be read by this version of Dagwerk (")


def test_what_can_be_read_of_it_is_kept() -> None:
    body = changed(
        entry(None), '"dagster_event":{"__class__":"DagsterEvent"', '"dagster_event":{"__class__":"X"'
    )
    found = decode_entry(body)
    assert (found.run_id, found.timestamp, found.step_key) == ("r", 1.5, "outer.inner")
