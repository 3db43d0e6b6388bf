"""Records, cursors and pieces of compute logs; the manager that keeps nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.instance.instance import DagsterInstance
from dagster._core.storage.compute_log_manager import (
    CapturedLogContext,
    CapturedLogMetadata,
    ComputeIOType,
    LogLineCursor,
    key_order,
    whole_characters,
)
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._serdes.config_class import ConfigurableClassData
from dagster._wire.codec import deserialize_value, serialize_value

GOLDEN = [
    (
        CapturedLogContext(["a"], "u", "o", "e"),
        (
            '{"__class__":"CapturedLogContext","log_key":["a"],"external_url":"u",'
            '"external_stdout_url":"o","external_stderr_url":"e"}'
        ),
    ),
    (
        CapturedLogMetadata("a", "b", "c"),
        (
            '{"__class__":"CapturedLogMetadata","stdout_location":"a","stderr_location":"b",'
            '"stdout_download_url":"c","stderr_download_url":null}'
        ),
    ),
    (
        LogLineCursor(["a"], 1, True, 3),
        '{"__class__":"LogLineCursor","log_key":["a"],"line":1,"has_more_now":true,"offset":3}',
    ),
]


@pytest.mark.parametrize(("value", "text"), GOLDEN, ids=lambda item: type(item).__name__)
def test_stored_form(value: object, text: str) -> None:
    assert serialize_value(value) == text
    assert deserialize_value(text) == value


KEYS = st.lists(st.text(st.characters()), min_size=1)


@given(KEYS, st.integers(0), st.booleans(), st.integers(0))
def test_line_cursors_come_back(key: list[str], line: int, more: bool, offset: int) -> None:
    cursor = LogLineCursor(key, line, more, offset)
    assert LogLineCursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "x", "e30=", "WzFd", "ü"])
def test_what_is_no_line_cursor_is_refused(text: str) -> None:
    with pytest.raises(DagsterInvariantViolationError, match="given with log lines"):
        LogLineCursor.parse(text)


@given(st.text(), st.integers(1, 10))
def test_characters_stay_whole(text: str, size: int) -> None:
    data = text.encode()
    piece = whole_characters(data[:size])
    assert data.startswith(piece)
    assert len(data[:size]) - len(piece) < 4
    if size >= 4:
        piece.decode()


@given(st.binary(min_size=1))
def test_something_is_always_read(data: bytes) -> None:
    assert 0 < len(whole_characters(data)) <= len(data)


def test_keys_are_ordered_by_number() -> None:
    keys = [["10"], ["9"], ["a"], ["9", "x"], ["²"], ["1" * 5000]]
    assert sorted(keys, key=key_order) == [["9"], ["9", "x"], ["10"], ["1" * 5000], ["a"], ["²"]]


def test_nothing_is_kept() -> None:
    data = ConfigurableClassData(
        "dagster.core.storage.noop_compute_log_manager", "NoOpComputeLogManager", ""
    )
    manager = data.rehydrate(NoOpComputeLogManager)
    assert manager.inst_data == data
    assert not manager.captures
    with (
        manager.capture_logs(["a"]) as context,
        manager.open_log_stream(["a"], ComputeIOType.STDOUT) as file,
    ):
        assert context == CapturedLogContext(["a"])
        assert file is None
    assert manager.is_capture_complete(["a"])
    assert manager.get_log_data(["a"]) == (["a"], None, None, "0:0")
    assert manager.get_log_metadata(["a"]) == CapturedLogMetadata()
    assert manager.read_log_lines_for_log_key_prefix([], None, ComputeIOType.STDERR) == ([], None)
    assert manager.subscribe(["a"]).is_complete
    manager.delete_logs(prefix=["a"])
    manager.dispose()


def test_instances_in_memory_keep_nothing() -> None:
    with DagsterInstance.ephemeral() as instance:
        assert instance.log_capturer is None
        assert isinstance(instance.compute_log_manager, NoOpComputeLogManager)
        assert instance.log_capturer is None
