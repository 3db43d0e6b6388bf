"""Serialization strategies: how the values of a type become bytes in an intermediate storage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import IO, Any

import dagster._check as check


class SerializationStrategy(ABC):
    """How the values of a type are written to a file and read back (older vocabulary).

    Args:
        name: Name of the strategy.
        write_mode: Mode in which a file is opened for writing. Default ``"wb"``.
        read_mode: Mode in which a file is opened for reading. Default ``"rb"``.
        encoding: Encoding for text modes. Default None.
    """

    def __init__(
        self,
        name: str,
        write_mode: str = "wb",
        read_mode: str = "rb",
        encoding: str | None = None,
    ) -> None:
        self._name = check.str_param(name, "name")
        self._write_mode = check.str_param(write_mode, "write_mode")
        self._read_mode = check.str_param(read_mode, "read_mode")
        self._encoding = check.opt_str_param(encoding, "encoding")

    @property
    def name(self) -> str:
        return self._name

    @property
    def write_mode(self) -> str:
        return self._write_mode

    @property
    def read_mode(self) -> str:
        return self._read_mode

    @property
    def encoding(self) -> str | None:
        return self._encoding

    @abstractmethod
    def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
        """Write the value to an open file."""

    @abstractmethod
    def deserialize(self, read_file_obj: IO[Any]) -> Any:
        """Return the value that an open file holds."""

    def serialize_to_file(self, value: Any, write_path: str) -> None:
        """Write the value to a path, replacing what is there."""
        check.str_param(write_path, "write_path")
        with open(write_path, self._write_mode, encoding=self._encoding) as file:
            self.serialize(value, file)

    def deserialize_from_file(self, read_path: str) -> Any:
        """Return the value that a path holds."""
        check.str_param(read_path, "read_path")
        with open(read_path, self._read_mode, encoding=self._encoding) as file:
            return self.deserialize(file)


class PickleSerializationStrategy(SerializationStrategy):
    """The default: pickle."""

    def __init__(self, name: str = "pickle") -> None:
        super().__init__(name)

    def serialize(self, value: Any, write_file_obj: IO[Any]) -> None:
        import pickle

        pickle.dump(value, write_file_obj, protocol=pickle.HIGHEST_PROTOCOL)

    def deserialize(self, read_file_obj: IO[Any]) -> Any:
        import pickle

        return pickle.load(read_file_obj)


PICKLE = PickleSerializationStrategy()
