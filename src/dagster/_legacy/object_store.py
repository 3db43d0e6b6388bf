"""Object stores: values under keys, in memory or in files. What intermediate storages are made of."""

from __future__ import annotations

import enum
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import dagster._check as check
from dagster._core.definitions.types.serialization import PICKLE, SerializationStrategy
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.io.path_guard import check_local
from dagster._core.io.pickling import read_pickle_file, write_pickle_file
from dagster._text import expected


class ObjectStoreOperationType(enum.Enum):
    """What was done with an object store."""

    SET_OBJECT = "SET_OBJECT"
    GET_OBJECT = "GET_OBJECT"
    RM_OBJECT = "RM_OBJECT"
    CP_OBJECT = "CP_OBJECT"


class ObjectStoreOperation:
    """One operation on an object store, with the value that was set or got.

    Args:
        op: What was done.
        key: The key it was done to.
        dest_key: For a copy, the key of the copy.
        obj: The value that was set or got.
        serialization_strategy_name: How the value was written or read; None if it was kept as it is.
        object_store_name: The name of the store.
        value_name: The name of the output or input that the value is of.
        version: The version of the value, where values are kept by version.
        mapping_key: The key of a value of a dynamic output.
    """

    __slots__ = (
        "dest_key",
        "key",
        "mapping_key",
        "obj",
        "object_store_name",
        "op",
        "serialization_strategy_name",
        "value_name",
        "version",
    )

    def __init__(
        self,
        op: ObjectStoreOperationType,
        key: str,
        dest_key: str | None = None,
        obj: Any = None,
        serialization_strategy_name: str | None = None,
        object_store_name: str | None = None,
        value_name: str | None = None,
        version: str | None = None,
        mapping_key: str | None = None,
    ) -> None:
        self.op = op
        self.key = key
        self.dest_key = dest_key
        self.obj = obj
        self.serialization_strategy_name = serialization_strategy_name
        self.object_store_name = object_store_name
        self.value_name = value_name
        self.version = version
        self.mapping_key = mapping_key

    def __repr__(self) -> str:
        return f"ObjectStoreOperation({self.op.value}, {self.key!r})"


class ObjectStore(ABC):
    """Base of object stores: values under keys.

    An implementer guarantees that ``get_object`` gives what ``set_object`` was given last under the
    key, that a value appears as a whole or not at all, and that a missing key is a ``KeyError`` or a
    ``FileNotFoundError``.

    Args:
        name: The name of the store, for messages.
        sep: What separates the parts of a key. Default ``"/"``.
    """

    def __init__(self, name: str, sep: str = "/") -> None:
        self.name = check.str_param(name, "name")
        self.sep = check.str_param(sep, "sep")

    @abstractmethod
    def set_object(
        self, key: str, obj: Any, serialization_strategy: SerializationStrategy | None = None
    ) -> ObjectStoreOperation:
        """Store a value under a key; one that was there is replaced."""

    @abstractmethod
    def get_object(
        self, key: str, serialization_strategy: SerializationStrategy | None = None
    ) -> ObjectStoreOperation:
        """Return the operation that got the value under a key: the value is its ``obj``.

        Raises:
            KeyError: There is no value under the key. In a store of files: FileNotFoundError.
        """

    @abstractmethod
    def has_object(self, key: str) -> bool:
        """Return whether there is a value under a key."""

    @abstractmethod
    def rm_object(self, key: str) -> ObjectStoreOperation:
        """Remove the value under a key; there need not be one."""

    @abstractmethod
    def cp_object(self, src: str, dst: str) -> ObjectStoreOperation:
        """Copy the value under one key to another.

        Raises:
            KeyError: There is no value under the first key. In a store of files: FileNotFoundError.
        """

    def uri_for_key(self, key: str, protocol: str | None = None) -> str:
        """Return a key as an address.

        Args:
            key: The key.
            protocol: What stands before it, as in ``"s3://"``. Default: nothing.
        """
        return (protocol or "") + check.str_param(key, "key")

    def key_for_paths(self, path_fragments: Iterable[str]) -> str:
        """Return the key that some parts make."""
        return self.sep.join(path_fragments)


class InMemoryObjectStore(ObjectStore):
    """An object store that keeps values as they are, in a dict, for as long as it lives."""

    def __init__(self) -> None:
        super().__init__("memory")
        self.values: dict[str, Any] = {}

    def set_object(
        self, key: str, obj: Any, serialization_strategy: SerializationStrategy | None = None
    ) -> ObjectStoreOperation:
        """Keep a value. It is not serialized."""
        self.values[key] = obj
        return ObjectStoreOperation(
            ObjectStoreOperationType.SET_OBJECT, key, obj=obj, object_store_name=self.name
        )

    def get_object(
        self, key: str, serialization_strategy: SerializationStrategy | None = None
    ) -> ObjectStoreOperation:
        """Get a value.

        Raises:
            KeyError: There is none under the key.
        """
        return ObjectStoreOperation(
            ObjectStoreOperationType.GET_OBJECT,
            key,
            obj=self.values[key],
            object_store_name=self.name,
        )

    def has_object(self, key: str) -> bool:
        """Return whether there is a value under a key."""
        return key in self.values

    def rm_object(self, key: str) -> ObjectStoreOperation:
        """Forget a value."""
        self.values.pop(key, None)
        return ObjectStoreOperation(ObjectStoreOperationType.RM_OBJECT, key, object_store_name=self.name)

    def cp_object(self, src: str, dst: str) -> ObjectStoreOperation:
        """Keep a value under another key too.

        Raises:
            KeyError: There is none under the first key.
        """
        self.values[dst] = self.values[src]
        return ObjectStoreOperation(
            ObjectStoreOperationType.CP_OBJECT, src, dest_key=dst, object_store_name=self.name
        )


class FilesystemObjectStore(ObjectStore):
    """An object store of files: a key is a path. Files appear as a whole or not at all.

    Args:
        base_dir: The directory outside of which no file is read or written. Default: none, and keys are
            paths that the caller answers for.
    """

    def __init__(self, base_dir: str | os.PathLike[str] | None = None) -> None:
        super().__init__("filesystem", sep=os.sep)
        self.base_dir = None if base_dir is None else os.path.abspath(base_dir)

    def _path(self, key: str) -> str:
        path = os.path.abspath(check.str_param(key, "key"))
        if self.base_dir is not None:
            check_local(self.base_dir, path)
        return path

    def set_object(
        self, key: str, obj: Any, serialization_strategy: SerializationStrategy | None = None
    ) -> ObjectStoreOperation:
        """Write a value to a file, with pickle unless the strategy is another.

        Raises:
            DagsterInvariantViolationError: The path is outside of ``base_dir``, or the value cannot be
                pickled.
        """
        path = self._path(key)
        strategy = serialization_strategy or PICKLE
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if strategy is PICKLE:
            write_pickle_file(obj, path)
        else:
            replace_file(path, lambda temporary: strategy.serialize_to_file(obj, temporary))
        return ObjectStoreOperation(
            ObjectStoreOperationType.SET_OBJECT,
            path,
            obj=obj,
            serialization_strategy_name=strategy.name,
            object_store_name=self.name,
        )

    def get_object(
        self, key: str, serialization_strategy: SerializationStrategy | None = None
    ) -> ObjectStoreOperation:
        """Read a value from a file, with pickle unless the strategy is another.

        Raises:
            FileNotFoundError: There is no such file.
            DagsterInvariantViolationError: The path is outside of ``base_dir``, or the file is not a
                whole pickle.
        """
        path = self._path(key)
        strategy = serialization_strategy or PICKLE
        if strategy is PICKLE:
            obj = read_pickle_file(path)
        else:
            try:
                obj = strategy.deserialize_from_file(path)
            except Exception as exc:
                exc.add_note(
                    f'while reading the stored value {path} with the strategy "{strategy.name}"'
                )
                raise
        return ObjectStoreOperation(
            ObjectStoreOperationType.GET_OBJECT,
            path,
            obj=obj,
            serialization_strategy_name=strategy.name,
            object_store_name=self.name,
        )

    def has_object(self, key: str) -> bool:
        """Return whether there is such a file."""
        return os.path.isfile(self._path(key))

    def rm_object(self, key: str) -> ObjectStoreOperation:
        """Remove a file if it is there.

        Raises:
            DagsterInvariantViolationError: It is a directory, which holds the values of other keys.
        """
        path = self._path(key)
        if os.path.isdir(path):
            raise DagsterInvariantViolationError(
                expected("key", "the path of one stored value", path) + ", which is a directory."
            )
        if os.path.lexists(path):
            os.unlink(path)
        return ObjectStoreOperation(
            ObjectStoreOperationType.RM_OBJECT, path, object_store_name=self.name
        )

    def cp_object(self, src: str, dst: str) -> ObjectStoreOperation:
        """Copy a file; one that was there is replaced.

        Raises:
            FileNotFoundError: There is no file to copy.
        """
        import shutil

        source, target = self._path(src), self._path(dst)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        replace_file(target, lambda temporary: shutil.copyfile(source, temporary))
        return ObjectStoreOperation(
            ObjectStoreOperationType.CP_OBJECT, source, dest_key=target, object_store_name=self.name
        )

    def uri_for_key(self, key: str, protocol: str | None = None) -> str:
        """Return a path as an address: ``file://`` before it, unless another protocol is given."""
        return (protocol or "file://") + self._path(key)


def replace_file(path: str, write: Callable[[str], Any]) -> None:
    """Write a file as a whole or not at all; one that was there is replaced.

    Args:
        path: The file. Its directory must exist.
        write: Writes to the path that it is given, which is beside the file.
    """
    import uuid

    temporary = os.path.join(os.path.dirname(path), f".{uuid.uuid4().hex}.tmp")
    try:
        write(temporary)
        os.replace(temporary, path)
    except BaseException:
        # Also an interrupt leaves nothing behind.
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
