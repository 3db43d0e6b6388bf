"""Pickle files appear as a whole or not at all."""

from __future__ import annotations

import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.pickling import dump_bytes, load_bytes, read_pickle_file, write_pickle_file


class Stubborn:
    def __reduce__(self) -> Any:
        raise ValueError("not me")


class Interrupting:
    def __reduce__(self) -> Any:
        raise KeyboardInterrupt


class Gone:
    def __reduce__(self) -> Any:
        return _fail_to_load, ()


def _fail_to_load() -> None:
    raise ModuleNotFoundError("No module named 'gone'")


def test_round_trip_with_protocol_5(tmp_path: Path) -> None:
    path = str(tmp_path / "x")
    write_pickle_file({"a": [1, 2]}, path)
    assert read_pickle_file(path) == {"a": [1, 2]}
    assert Path(path).read_bytes() == pickle.dumps({"a": [1, 2]}, 5)
    assert load_bytes(dump_bytes((1, "x")), "there") == (1, "x")


@pytest.mark.parametrize(
    ("obj", "named"),
    [
        (lambda: 3, "function"),
        (threading.Lock(), "_thread.lock"),
        (Stubborn(), "Stubborn"),
        ([Stubborn()], "list"),
    ],
)
def test_what_cannot_be_pickled_is_named(tmp_path: Path, obj: object, named: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"earlier")
    for dump in (lambda: write_pickle_file(obj, str(path)), lambda: dump_bytes(obj)):
        with pytest.raises(DagsterInvariantViolationError) as caught:
            dump()
        assert f"{named} cannot be pickled" in str(caught.value)
        assert "mem_io_manager" in str(caught.value)
        assert caught.value.__cause__ is not None
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    assert path.read_bytes() == b"earlier"


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_pickle_file(Interrupting(), str(tmp_path / "x"))
    assert list(tmp_path.iterdir()) == []


def test_a_cut_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for data in (b"", pickle.dumps(list(range(100)), 5)[:-5], b"not a pickle"):
        path.write_bytes(data)
        with pytest.raises(
            DagsterInvariantViolationError, match=r"is not a whole pickle: .*Run the step"
        ):
            read_pickle_file(str(path))
        with pytest.raises(
            DagsterInvariantViolationError, match=r"stored value there is not a whole pickle"
        ):
            load_bytes(data, "there")


def test_other_errors_of_loading_keep_their_class_and_say_where(tmp_path: Path) -> None:
    path = str(tmp_path / "x")
    write_pickle_file(Gone(), path)
    with pytest.raises(ModuleNotFoundError) as caught:
        read_pickle_file(path)
    assert caught.value.__notes__ == [f"while reading the stored value {path}"]
    with pytest.raises(ModuleNotFoundError) as caught:
        load_bytes(dump_bytes(Gone()), "there")
    assert caught.value.__notes__ == ["while reading the stored value there"]


def test_a_missing_file_is_a_file_not_found_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_pickle_file(str(tmp_path / "x"))
