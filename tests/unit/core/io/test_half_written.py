"""Whoever reads a stored value while it is written, or after its writer was killed, sees a whole one or none."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from upath import UPath

from dagster._core.definitions.types.dagster_type import DagsterType
from dagster._core.definitions.types.serialization import SerializationStrategy
from dagster._core.errors import DagsterStepOutputNotFoundError
from dagster._core.io.build_context import build_input_context, build_output_context
from dagster._core.io.filesystem import (
    CustomPathPickledObjectFilesystemIOManager,
    PickledObjectFilesystemIOManager,
)
from dagster._core.records.handles import StepOutputHandle
from dagster._legacy.asset_store import AssetStoreContext, PickledObjectFilesystemAssetStore
from dagster._legacy.intermediate_storage import ObjectStoreIntermediateStorage
from dagster._legacy.object_store import FilesystemObjectStore

#: More than any buffer holds back.
PART = b"x" * 300_000
LOOKS: list[Callable[[], None]] = []


class Hinge:
    """The middle of a value. When it is written, what came before is on the disk."""

    def __reduce__(self) -> Any:
        for look in LOOKS:
            look()
        return (Hinge, ())


def value(number: int) -> list[Any]:
    return [number, PART, Hinge(), PART]


class InHalves(SerializationStrategy):
    """A strategy of somebody's own."""

    def __init__(self) -> None:
        super().__init__("in halves", "w", "r", "utf-8")

    def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
        write_file_obj.write(f"{value[0]} ")
        write_file_obj.flush()
        for look in LOOKS:
            look()
        write_file_obj.write("whole")

    def deserialize(self, read_file_obj: IO[Any]) -> Any:
        number, word = read_file_obj.read().split(" ")
        assert word == "whole"
        return [int(number)]


class Store(NamedTuple):
    """What writes and reads one value."""

    write: Callable[[Any], Any]
    read: Callable[[], Any]


def of_io_manager(manager: Any) -> Store:
    def context() -> Any:
        path = {"path": "some/file"}
        return build_output_context(step_key="s", name="r", run_id="R", definition_metadata=path)

    def read() -> Any:
        return manager.load_input(build_input_context(upstream_output=context()))

    return Store(lambda obj: manager.handle_output(context(), obj), read)


def of_asset_store(base: Path) -> Store:
    store = PickledObjectFilesystemAssetStore(str(base))
    context = AssetStoreContext("s", "r", {}, "p", None, "R")  # type: ignore[arg-type]
    return Store(lambda obj: store.set_asset(context, obj), lambda: store.get_asset(context))


def of_intermediate_storage(base: Path, strategy: SerializationStrategy | None) -> Store:
    storage = ObjectStoreIntermediateStorage(
        FilesystemObjectStore(), "R", lambda run_id: str(base / run_id)
    )
    more = {} if strategy is None else {"serialization_strategy": strategy}
    kind = DagsterType(lambda _context, _value: True, name="Kind", **more)
    handle = StepOutputHandle("s", "r")
    return Store(
        lambda obj: storage.set_intermediate(None, kind, handle, obj),
        lambda: storage.get_intermediate(None, kind, handle).obj,
    )


STORES: dict[str, Callable[[Path], Store]] = {
    "directory": lambda base: of_io_manager(PickledObjectFilesystemIOManager(base)),
    "local path": lambda base: of_io_manager(PickledObjectFilesystemIOManager(UPath(base))),
    "file address": lambda base: of_io_manager(PickledObjectFilesystemIOManager(f"file://{base}")),
    "local address": lambda base: of_io_manager(PickledObjectFilesystemIOManager(f"local://{base}")),
    "address path": lambda base: of_io_manager(
        PickledObjectFilesystemIOManager(UPath(f"file://{base}"))
    ),
    "custom path": lambda base: of_io_manager(CustomPathPickledObjectFilesystemIOManager(base)),
    "custom address": lambda base: of_io_manager(
        CustomPathPickledObjectFilesystemIOManager(f"file://{base}")
    ),
    "asset store": of_asset_store,
    "intermediate storage": lambda base: of_intermediate_storage(base, None),
    "strategy": lambda base: of_intermediate_storage(base, InHalves()),
}


@pytest.mark.parametrize("name", STORES)
def test_half_a_value_is_never_read(name: str, tmp_path: Path) -> None:
    store = STORES[name](tmp_path)
    seen: list[Any] = []

    def look() -> None:
        half = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix == ".tmp"]
        # What is written has a name of its own, beside that of the value: the disk is the same.
        assert len(half) == 1
        assert half[0].name.startswith(".")
        assert half[0].stat().st_size > 0
        with contextlib.suppress(FileNotFoundError, DagsterStepOutputNotFoundError):
            seen.append(store.read()[0])

    LOOKS.append(look)
    try:
        for number in (1, 2):
            store.write(value(number))
            seen.append(store.read()[0])
    finally:
        LOOKS.clear()
    assert seen == [1, 1, 2]
    (only,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert only.suffix != ".tmp"


def test_a_copy_appears_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FilesystemObjectStore()
    store.set_object(str(tmp_path / "one"), "value")

    def fail(source: str, target: str) -> None:
        Path(target).write_bytes(b"half")
        assert not (tmp_path / "two").exists()
        raise OSError("no space left")

    monkeypatch.setattr("shutil.copyfile", fail)
    with pytest.raises(OSError, match="no space left"):
        store.cp_object(str(tmp_path / "one"), str(tmp_path / "two"))
    assert [path.name for path in tmp_path.iterdir()] == ["one"]
