"""Object stores of the older generation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._core.definitions.types.serialization import SerializationStrategy
from dagster._core.errors import DagsterInvariantViolationError
from dagster._legacy.object_store import (
    FilesystemObjectStore,
    InMemoryObjectStore,
    ObjectStore,
    ObjectStoreOperationType,
)


class Upper(SerializationStrategy):
    def __init__(self) -> None:
        super().__init__("upper", write_mode="w", read_mode="r", encoding="utf-8")

    def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
        write_file_obj.write(value.upper())

    def deserialize(self, read_file_obj: IO[Any]) -> Any:
        return read_file_obj.read()


@pytest.fixture(params=["memory", "filesystem"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    return InMemoryObjectStore() if request.param == "memory" else FilesystemObjectStore(tmp_path)


def key_in(store: ObjectStore, *parts: str) -> str:
    start = [store.base_dir] if isinstance(store, FilesystemObjectStore) and store.base_dir else []
    return store.key_for_paths([*start, *parts])


def test_a_store_keeps_copies_and_removes(store: ObjectStore) -> None:
    key, other = key_in(store, "a", "b"), key_in(store, "c", "d")
    assert not store.has_object(key)
    made = store.set_object(key, {"x": 1})
    assert (made.op, made.key, made.obj) == (ObjectStoreOperationType.SET_OBJECT, key, {"x": 1})
    assert made.object_store_name == store.name
    assert store.has_object(key)
    got = store.get_object(key)
    assert (got.op, got.obj) == (ObjectStoreOperationType.GET_OBJECT, {"x": 1})
    store.set_object(key, 2)
    assert store.get_object(key).obj == 2
    copied = store.cp_object(key, other)
    assert (copied.op, copied.dest_key) == (ObjectStoreOperationType.CP_OBJECT, other)
    assert store.get_object(other).obj == 2
    assert store.rm_object(key).op is ObjectStoreOperationType.RM_OBJECT
    assert not store.has_object(key)
    store.rm_object(key)
    with pytest.raises((KeyError, FileNotFoundError)):
        store.get_object(key)
    with pytest.raises((KeyError, FileNotFoundError)):
        store.cp_object(key, other)
    assert store.get_object(other).obj == 2
    assert repr(made) == f"ObjectStoreOperation(SET_OBJECT, {key!r})"


def test_memory_keeps_the_object_itself() -> None:
    store = InMemoryObjectStore()
    value = object()
    store.set_object("k", value, Upper())
    assert store.get_object("k").obj is value
    assert store.uri_for_key("k") == "k"
    assert store.uri_for_key("k", "mem://") == "mem://k"


def test_a_strategy_writes_and_reads(tmp_path: Path) -> None:
    store = FilesystemObjectStore(tmp_path)
    made = store.set_object(str(tmp_path / "f"), "text", Upper())
    assert made.serialization_strategy_name == "upper"
    assert (tmp_path / "f").read_text() == "TEXT"
    assert store.get_object(str(tmp_path / "f"), Upper()).obj == "TEXT"
    assert os.listdir(tmp_path) == ["f"]


def test_pickle_is_the_default(tmp_path: Path) -> None:
    made = FilesystemObjectStore().set_object(str(tmp_path / "f"), [1])
    assert made.serialization_strategy_name == "pickle"
    assert FilesystemObjectStore().get_object(str(tmp_path / "f")).obj == [1]
    assert FilesystemObjectStore().uri_for_key(str(tmp_path / "f")) == f"file://{tmp_path}/f"


def test_a_failed_write_leaves_the_earlier_value(tmp_path: Path) -> None:
    class Half(Upper):
        def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
            write_file_obj.write("half")
            raise RuntimeError("no more")

    store = FilesystemObjectStore(tmp_path)
    store.set_object(str(tmp_path / "f"), "whole", Upper())
    with pytest.raises(RuntimeError, match="no more"):
        store.set_object(str(tmp_path / "f"), "other", Half())
    assert (tmp_path / "f").read_text() == "WHOLE"
    assert os.listdir(tmp_path) == ["f"]
    with pytest.raises(DagsterInvariantViolationError, match="cannot be pickled"):
        store.set_object(str(tmp_path / "f"), lambda: None)
    assert os.listdir(tmp_path) == ["f"]


def test_a_failed_read_says_of_what(tmp_path: Path) -> None:
    class Broken(Upper):
        def deserialize(self, read_file_obj: IO[Any]) -> Any:
            raise ValueError("odd")

    store = FilesystemObjectStore(tmp_path)
    store.set_object(str(tmp_path / "f"), "text", Upper())
    with pytest.raises(ValueError, match="odd") as raised:
        store.get_object(str(tmp_path / "f"), Broken())
    assert raised.value.__notes__ == [
        f'while reading the stored value {tmp_path}/f with the strategy "upper"'
    ]


@pytest.mark.parametrize("key", ["../out", "/etc/passwd", "a/../../out"])
def test_nothing_outside_of_the_base_directory(tmp_path: Path, key: str) -> None:
    store = FilesystemObjectStore(tmp_path / "base")
    path = os.path.join(str(tmp_path / "base"), key)
    for act in (
        lambda: store.set_object(path, 1),
        lambda: store.get_object(path),
        lambda: store.has_object(path),
        lambda: store.rm_object(path),
    ):
        with pytest.raises(DagsterInvariantViolationError, match="expected a path below"):
            act()
    assert not (tmp_path / "out").exists()


def test_no_way_out_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "link").symlink_to(tmp_path)
    store = FilesystemObjectStore(tmp_path / "base")
    with pytest.raises(DagsterInvariantViolationError, match="symbolic links"):
        store.set_object(str(tmp_path / "base" / "link" / "f"), 1)


def test_a_directory_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(DagsterInvariantViolationError, match="which is a directory"):
        FilesystemObjectStore(tmp_path).rm_object(str(tmp_path / "d"))
    assert (tmp_path / "d").is_dir()


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers()))
def test_memory_is_a_mapping(values: dict[str, int]) -> None:
    store = InMemoryObjectStore()
    for key, value in values.items():
        store.set_object(key, value)
    assert {key: store.get_object(key).obj for key in values} == values
