"""DynamicPartitionsDefinition: keys that the instance keeps, added and deleted while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import dagster._check as check
from dagster._core.definitions.partitions.definition import (
    DynamicPartitionsStore,
    PartitionsDefinition,
    valid_partition_keys,
)
from dagster._core.errors import DagsterInvalidDefinitionError


class DynamicPartitionsDefinition(PartitionsDefinition):
    """A set of keys that the instance keeps under a name, or that a function gives.

    From the "partitions" section of the interface. Keys are added and deleted with
    ``instance.add_dynamic_partitions(name, keys)`` and ``instance.delete_dynamic_partition(name, key)``.

    Args:
        partition_fn: Gives the keys for a time (None for now). Of the older interface.
        name: The name of the set on the instance.

    Raises:
        DagsterInvalidDefinitionError: If neither or both are given, or the name is empty.
    """

    def __init__(
        self,
        partition_fn: Callable[[datetime | None], Sequence[str]] | None = None,
        name: str | None = None,
    ) -> None:
        self.partition_fn = check.opt_callable_param(partition_fn, "partition_fn")
        self.name = check.opt_str_param(name, "name")
        if partition_fn is None and not name:
            raise DagsterInvalidDefinitionError(
                "Must provide either partition_fn or name to DynamicPartitionsDefinition."
            )
        if partition_fn is not None and name is not None:
            raise DagsterInvalidDefinitionError(
                "Cannot provide both partition_fn and name to DynamicPartitionsDefinition."
            )

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return the keys in the order in which they were added, or as the function gives them.

        Args:
            current_time: Passed to the function.
            dynamic_partitions_store: The instance that keeps the keys; not needed with a function.

        Raises:
            CheckError: If the instance is needed and not given.
        """
        if self.partition_fn is not None:
            return list(valid_partition_keys(self.partition_fn(current_time)))
        name, store = self._name_and_store(dynamic_partitions_store)
        return store.get_dynamic_partitions(partitions_def_name=name)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether there is a key, without loading the others if the instance keeps them."""
        if self.partition_fn is not None:
            return partition_key in self.partition_fn(current_time)
        name, store = self._name_and_store(dynamic_partitions_store)
        return store.has_dynamic_partition(partitions_def_name=name, partition_key=partition_key)

    def _name_and_store(
        self, store: DynamicPartitionsStore | None
    ) -> tuple[str, DynamicPartitionsStore]:
        assert self.name is not None  # there is no function
        if store is None:
            raise check.CheckError(
                f'The instance is not available to load partitions of "{self.name}". Its keys are kept on '
                "the instance: pass it as dynamic_partitions_store."
            )
        return self.name, store

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DynamicPartitionsDefinition) and (
            self.name,
            self.partition_fn,
        ) == (other.name, other.partition_fn)

    def __hash__(self) -> int:
        return hash((self.name, self.partition_fn))

    def __repr__(self) -> str:
        return f"DynamicPartitionsDefinition(partition_fn={self.partition_fn}, name={self.name!r})"

    def __str__(self) -> str:
        return super().__str__() if self.name is None else f'Dynamic partitions: "{self.name}"'
