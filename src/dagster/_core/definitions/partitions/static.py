"""StaticPartitionsDefinition: keys that are written down in code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dagster._core.definitions.partitions.definition import (
    DynamicPartitionsStore,
    PartitionsDefinition,
    valid_partition_keys,
)


class StaticPartitionsDefinition(PartitionsDefinition):
    """A set of keys that stays as it is written. From the "partitions" section of the interface.

    Args:
        partition_keys: The keys, in their order.

    Raises:
        ParameterCheckError: If it is not a sequence of str.
        DagsterInvalidDefinitionError: If a key is there twice, or contains ``...`` or what cannot be
            seen, such as a newline.
    """

    def __init__(self, partition_keys: Sequence[str]) -> None:
        self._keys = valid_partition_keys(partition_keys)
        self._key_set = frozenset(self._keys)

    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return the keys in the order in which they are written."""
        return list(self._keys)

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether there is a key, without looking at the others."""
        return partition_key in self._key_set

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StaticPartitionsDefinition) and self._keys == other._keys

    def __hash__(self) -> int:
        return hash(self._keys)

    def __repr__(self) -> str:
        return f"StaticPartitionsDefinition(partition_keys={list(self._keys)})"
