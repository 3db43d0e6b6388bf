"""Files on other machines are written under another name, where that keeps a half written one from being seen."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from upath import UPath

from dagster._core.io import whole_files
from dagster._core.io.build_context import build_input_context, build_output_context
from dagster._core.io.filesystem import PickledObjectFilesystemIOManager
from dagster._core.io.whole_files import write_whole

Move = Callable[[Any, str, str], None]


def replace(fs: Any, source: str, target: str) -> None:
    fs.store[target] = fs.store.pop(source)


def refuse_to_replace(fs: Any, source: str, target: str) -> None:
    if target in fs.store:
        raise FileExistsError(target)
    replace(fs, source, target)


@pytest.fixture
def base() -> UPath:
    base = UPath(f"memory:///{uuid.uuid4().hex}")
    base.mkdir()
    return base


@pytest.fixture(params=[replace, refuse_to_replace])
def renaming(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system in memory renames in a way of its own, as SFTP or SMB do."""
    monkeypatch.setattr(MemoryFileSystem, "mv", request.param, raising=False)


def names(base: UPath) -> list[str]:
    return sorted(path.name for path in base.iterdir())


@pytest.fixture
def break_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks off in the middle of a file, which is there with what had come."""

    def write_half(self: UPath, data: bytes) -> None:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise ConnectionResetError("in the middle")

    monkeypatch.setattr(UPath, "write_bytes", write_half)


@pytest.mark.usefixtures("renaming")
def test_a_file_is_written_and_replaced(base: UPath) -> None:
    for data in (b"one", b"another", b""):
        write_whole(base / "value", data)
        assert (base / "value").read_bytes() == data
        assert names(base) == ["value"]


@pytest.mark.usefixtures("renaming")
def test_what_breaks_off_leaves_the_earlier_file(base: UPath, request: pytest.FixtureRequest) -> None:
    write_whole(base / "value", b"the earlier one")
    request.getfixturevalue("break_off")
    with pytest.raises(ConnectionResetError):
        write_whole(base / "value", b"one that is not written whole")
    assert (base / "value").read_bytes() == b"the earlier one"
    assert names(base) == ["value"]


def test_a_rename_that_fails_leaves_nothing(base: UPath, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_fs: Any, _source: str, _target: str) -> None:
        raise PermissionError("no renaming here")

    monkeypatch.setattr(MemoryFileSystem, "mv", fail, raising=False)
    with pytest.raises(PermissionError, match="no renaming here"):
        write_whole(base / "value", b"one")
    assert names(base) == []


@pytest.mark.parametrize("is_store", [True, False])
def test_where_renaming_is_copying_the_file_is_written_at_once(
    base: UPath, monkeypatch: pytest.MonkeyPatch, is_store: bool
) -> None:
    def fail(*_: Any) -> None:
        pytest.fail("it was renamed")

    if is_store:
        monkeypatch.setattr(MemoryFileSystem, "mv", fail, raising=False)
        monkeypatch.setattr(whole_files, "_OBJECT_STORES", frozenset({"memory"}))
    else:
        monkeypatch.setattr(MemoryFileSystem, "copy", fail)
    write_whole(base / "value", b"one")
    assert (base / "value").read_bytes() == b"one"
    assert names(base) == ["value"]


@pytest.mark.usefixtures("renaming")
def test_the_io_manager_writes_so(base: UPath, request: pytest.FixtureRequest) -> None:
    manager = PickledObjectFilesystemIOManager(base)
    output = build_output_context(step_key="s", name="r", run_id="R")
    manager.handle_output(output, [1, 2, 3])
    request.getfixturevalue("break_off")
    with pytest.raises(ConnectionResetError):
        manager.handle_output(output, list(range(1000)))
    assert manager.load_input(build_input_context(upstream_output=output)) == [1, 2, 3]
