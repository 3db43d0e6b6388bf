"""The three storages in memory, as one that can be configured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from dagster._core.storage.sql.database import open_memory
from dagster._core.storage.unified import UnifiedSqlStorage
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData


class InMemoryStorage(UnifiedSqlStorage, ConfigurableClass):
    """Runs, events and schedules in one SQLite database in memory, which ends with the object.

    Args:
        inst_data: Where the object comes from.
    """

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(open_memory(), inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config: there is nothing to set."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return a new, empty storage."""
        return cls(inst_data)
