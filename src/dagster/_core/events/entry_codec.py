"""Log entries as JSON bytes and back, fast, in exactly the form that the codec of all records gives.

Most entries are written and read by msgspec alone. Those that hold something which it would write in
another form (enums, NaN, metadata of the rarer kinds) take the way of every other record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

import msgspec

from dagster._core.events import payloads as p
from dagster._core.events.event import DagsterEvent
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.records import metadata_value as m
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._text import shown
from dagster._wire.aliases import FIELD_ALIASES
from dagster._wire.codec import (
    RESERVED_KEYS,
    DeserializationError,
    deserialize_value,
    pack_value,
    serialize_value,
    unpack_value,
)

# Writing

#: Kinds of metadata whose fields are texts, ints and bools only.
_PLAIN_VALUES: Final = frozenset(
    {
        m.TextMetadataValue,
        m.UrlMetadataValue,
        m.PathMetadataValue,
        m.NotebookMetadataValue,
        m.MarkdownMetadataValue,
        m.PythonArtifactMetadataValue,
        m.IntMetadataValue,
        m.BoolMetadataValue,
        m.DagsterRunMetadataValue,
        m.NullMetadataValue,
        m.PoolMetadataValue,
    }
)


def _plain_metadata(metadata: Mapping[str, Any]) -> bool:
    for label, value in metadata.items():
        if type(value) not in _PLAIN_VALUES or label in RESERVED_KEYS:
            return False
    return True


def _has_plain_metadata(data: Any) -> bool:
    return not data.metadata or _plain_metadata(data.metadata)


def _plain_check(data: p.StepInputData) -> bool:
    check = data.type_check_data
    return check is None or not check.metadata or _plain_metadata(check.metadata)


def _plain_output(data: p.StepOutputData) -> bool:
    check = data.type_check_data
    return (not data.metadata or _plain_metadata(data.metadata)) and (
        check is None or not check.metadata or _plain_metadata(check.metadata)
    )


def _plain_success(data: p.StepSuccessData) -> bool:
    found = data.fingerprint
    return isfinite(data.duration_ms) and (
        found is None
        or (
            RESERVED_KEYS.isdisjoint(found.resources)
            and RESERVED_KEYS.isdisjoint(found.inputs)
            and (found.parts is None or RESERVED_KEYS.isdisjoint(found.parts))
        )
    )


def _always(_data: object) -> bool:
    return True


#: Whether msgspec writes a payload as the codec does. Materializations and the like it hands to the codec.
_IS_PLAIN: Final[dict[type, Callable[[Any], bool]]] = {
    type(None): _always,
    p.StepInputData: _plain_check,
    p.StepOutputData: _plain_output,
    p.StepSuccessData: _plain_success,
    p.StepMaterializationData: _always,
    p.AssetObservationData: _always,
    p.StepExpectationResultData: _always,
    p.HandledOutputData: _has_plain_metadata,
    p.LoadedInputData: _has_plain_metadata,
    p.EngineEventData: _has_plain_metadata,
    p.JobCanceledData: _always,
    p.ComputeLogsCaptureData: _always,
    p.HookErroredData: _always,
}

_encode = msgspec.json.Encoder(enc_hook=pack_value).encode


def encode_entry(entry: EventLogEntry) -> bytes:
    """Return an entry as ``serialize_value`` writes it, as bytes.

    Raises:
        SerializationError: If a part of it cannot be written.
    """
    event = entry.dagster_event
    if event is not None:
        is_plain = _IS_PLAIN.get(type(event.event_specific_data))
        tags = event.logging_tags
        if (
            is_plain is None
            or not is_plain(event.event_specific_data)
            or type(event.event_type_value) is not str
            or (tags is not None and not RESERVED_KEYS.isdisjoint(tags))
        ):
            return serialize_value(entry).encode()
    try:
        return _encode(entry)
    except (UnicodeEncodeError, TypeError, OverflowError):
        return serialize_value(entry).encode()


# Reading

#: Classes of which a log may consist. One with a renamed field must be read by the codec.
_CLASSES: Final = frozenset(
    {
        EventLogEntry,
        DagsterEvent,
        SerializableErrorInfo,
        p.TypeCheckData,
        p.UserFailureData,
        p.StepFingerprint,
        *_IS_PLAIN,
        *_PLAIN_VALUES,
        p.StepFailureData,
        p.StepRetryData,
        p.ObjectStoreOperationResultData,
        p.JobFailureData,
    }
)
_ARE_ALL_NAMES_CURRENT: Final = FIELD_ALIASES.keys().isdisjoint(cls.__name__ for cls in _CLASSES)

_decoder = msgspec.json.Decoder(EventLogEntry, dec_hook=lambda _type, tree: unpack_value(tree))


def decode_entry(body: bytes) -> EventLogEntry:
    """Return the entry that :func:`encode_entry` wrote, in this version, an older or a newer one.

    What cannot be read of it is left out: a payload that this version does not know, or all but its
    text. A log is never unreadable because of one of its rows.
    """
    if _ARE_ALL_NAMES_CURRENT:
        try:
            return _decoder.decode(body)
        except (msgspec.ValidationError, msgspec.DecodeError, DeserializationError):
            pass
    try:
        return deserialize_value(body.decode("utf-8", "surrogatepass"), EventLogEntry)
    except (DeserializationError, UnicodeDecodeError) as error:
        return _read_what_can_be_read(body, error)


def _read_what_can_be_read(body: bytes, error: Exception) -> EventLogEntry:
    try:
        tree = msgspec.json.decode(body)
    except msgspec.DecodeError:
        tree = None
    if not isinstance(tree, dict):
        return _unreadable({}, shown(body), error)
    event = tree.get("dagster_event")
    if isinstance(event, dict):
        without_payload = {**tree, "dagster_event": {**event, "event_specific_data": None}}
        try:
            entry = unpack_value(without_payload)
        except (DeserializationError, TypeError, ValueError):
            entry = None
        if isinstance(entry, EventLogEntry):
            return entry
    return _unreadable(tree, shown(tree), error)


def _unreadable(tree: Mapping[str, Any], text: str, error: Exception) -> EventLogEntry:
    run_id, timestamp, step_key = tree.get("run_id"), tree.get("timestamp"), tree.get("step_key")
    return EventLogEntry(
        None,
        30,
        f"This entry cannot be read by this version of Dagwerk ({error}): {text}",
        run_id if isinstance(run_id, str) else "",
        timestamp if isinstance(timestamp, (int, float)) else 0.0,
        step_key if isinstance(step_key, str) else None,
    )
