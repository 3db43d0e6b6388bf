from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.types.serialization import (
    PICKLE,
    PickleSerializationStrategy,
    SerializationStrategy,
)


def test_pickle_round_trip(tmp_path: Path) -> None:
    path = str(tmp_path / "value")
    PICKLE.serialize_to_file({"a": (1, None)}, path)
    assert PICKLE.deserialize_from_file(path) == {"a": (1, None)}
    assert (PICKLE.name, PICKLE.write_mode, PICKLE.read_mode, PICKLE.encoding) == (
        "pickle",
        "wb",
        "rb",
        None,
    )


def test_a_text_strategy(tmp_path: Path) -> None:
    class Upper(SerializationStrategy):
        def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
            write_file_obj.write(value.upper())

        def deserialize(self, read_file_obj: IO[Any]) -> Any:
            return read_file_obj.read().lower()

    strategy = Upper("upper", write_mode="w", read_mode="r", encoding="utf-16")
    path = tmp_path / "value"
    strategy.serialize_to_file("é", str(path))
    assert path.read_text("utf-16") == "É"
    assert strategy.deserialize_from_file(str(path)) == "é"


def test_refusals() -> None:
    wrong: Any = 3
    with pytest.raises(ParameterCheckError, match="name"):
        PickleSerializationStrategy(wrong)
    with pytest.raises(ParameterCheckError, match="write_path"):
        PICKLE.serialize_to_file(1, wrong)
    with pytest.raises(ParameterCheckError, match="read_path"):
        PICKLE.deserialize_from_file(wrong)
    with pytest.raises(TypeError, match="abstract"):
        SerializationStrategy("a")  # type: ignore[abstract]
