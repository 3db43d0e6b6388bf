"""PartitionsDefinition: the keys of the parts of a whole that is made part by part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Final, Protocol

import dagster._check as check
from dagster._core.errors import DagsterInvalidDefinitionError, DagsterUnknownPartitionError
from dagster._core.records.tags import PARTITION_NAME_TAG
from dagster._text import did_you_mean, expected

#: What a key cannot contain: "..." stands for ranges, and the others cannot be seen.
INVALID_SUBSTRINGS: Final = ("...", "\a", "\b", "\f", "\n", "\r", "\t", "\v", "\0")


class DynamicPartitionsStore(Protocol):
    """What keeps the keys of dynamic partitions definitions: the instance."""

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """Return all keys of a definition."""
        ...

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Return whether a definition has a key."""
        ...


def valid_partition_keys(partition_keys: Any) -> tuple[str, ...]:
    """Return the keys that a definition is given.

    Raises:
        ParameterCheckError: If it is not a sequence of str, or one str.
        DagsterInvalidDefinitionError: If a key is there twice or contains what a key cannot contain.
    """
    if isinstance(partition_keys, str):
        raise check.ParameterCheckError(
            expected("partition_keys", "a sequence of str and not one str", partition_keys)
        )
    check.sequence_param(partition_keys, "partition_keys", of_type=str)
    keys = tuple(partition_keys)
    for key in keys:
        found = [part for part in INVALID_SUBSTRINGS if part in key]
        if found:
            raise DagsterInvalidDefinitionError(
                f"{found} are invalid substrings in a partition key, got: {key!r}"
            )
    if len(set(keys)) < len(keys):
        seen: set[str] = set()
        twice = sorted({key for key in keys if key in seen or seen.add(key)})
        raise DagsterInvalidDefinitionError(
            f"Partition keys must be unique. Duplicate instances of partition keys: {twice}."
        )
    return keys


def id_of_keys(partition_keys: Iterable[str]) -> str:
    """Return the same text for the same keys in the same order, and another for others."""
    # In the form that identifiers which were stored before have.
    import hashlib
    import json

    text = json.dumps(list(partition_keys))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class PartitionsDefinition(ABC):
    """The set of keys by which something is divided into partitions.

    From the "partitions" section of the interface.
    """

    @abstractmethod
    def get_partition_keys(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> Sequence[str]:
        """Return all keys, in their order.

        Args:
            current_time: The time at which to look. Default: now.
            dynamic_partitions_store: The instance, for keys that it keeps.
        """

    def has_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> bool:
        """Return whether there is a key. Arguments as in :meth:`get_partition_keys`."""
        return partition_key in self.get_partition_keys(current_time, dynamic_partitions_store)

    def validate_partition_key(
        self,
        partition_key: str,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> None:
        """Refuse a key that there is not. Arguments as in :meth:`get_partition_keys`.

        Raises:
            DagsterUnknownPartitionError: If there is no such key; names the nearest.
        """
        if not self.has_partition_key(partition_key, current_time, dynamic_partitions_store):
            known = self.get_partition_keys(current_time, dynamic_partitions_store)
            raise DagsterUnknownPartitionError(
                f"Could not find a partition with key `{partition_key}`."
                f"{did_you_mean(partition_key, known)} {self} has {len(known)} partitions."
            )

    def filter_valid_partition_keys(
        self,
        partition_keys: AbstractSet[str],
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> AbstractSet[str]:
        """Return those of some keys that there are."""
        known = self.get_partition_keys(current_time, dynamic_partitions_store)
        return {key for key in known if key in partition_keys}

    def get_first_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the first key, or None when there is none."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return keys[0] if keys else None

    def get_last_partition_key(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> str | None:
        """Return the last key, or None when there is none."""
        keys = self.get_partition_keys(current_time, dynamic_partitions_store)
        return keys[-1] if keys else None

    def get_num_partitions(
        self,
        current_time: datetime | None = None,
        dynamic_partitions_store: DynamicPartitionsStore | None = None,
    ) -> int:
        """Return how many keys there are."""
        return len(self.get_partition_keys(current_time, dynamic_partitions_store))

    def get_tags_for_partition_key(self, partition_key: str) -> Mapping[str, str]:
        """Return the tags of a run that makes a partition."""
        return {PARTITION_NAME_TAG: partition_key}

    def get_serializable_unique_identifier(
        self, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> str:
        """Return a text that tells this set of keys, as it is now, from others."""
        return id_of_keys(self.get_partition_keys(None, dynamic_partitions_store))

    def __str__(self) -> str:
        keys = self.get_partition_keys()
        text = ", ".join(f"'{key}'" for key in keys[:_SHOWN])
        return f"{text}, …" if len(keys) > _SHOWN else text


#: How many keys a message shows.
_SHOWN: Final = 20
