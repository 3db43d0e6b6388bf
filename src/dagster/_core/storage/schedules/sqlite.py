"""The schedule storage in a SQLite file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

import sqlalchemy as sa

import dagster._check as check
from dagster._config.source import StringSource
from dagster._core.storage.schedules.sql import SqlScheduleStorage
from dagster._core.storage.sql.database import open_memory, open_sqlite
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData


class SqliteScheduleStorage(SqlScheduleStorage, ConfigurableClass):
    """The schedule storage in a SQLite file, the default.

    From the "Internals" document. Users choose it in ``dagster.yaml``::

        schedule_storage:
          module: dagster._core.storage.schedules
          class: SqliteScheduleStorage
          config:
            base_dir: /path/to/dir

    Args:
        conn_string: ``sqlite:///`` and the path of the file; ``sqlite://`` keeps it in memory.
        inst_data: Where the object comes from.
    """

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        path = sa.make_url(check.str_param(conn_string, "conn_string")).database
        super().__init__(open_sqlite(path) if path else open_memory(), inst_data)

    @classmethod
    def config_type(cls) -> Any:
        """Return the schema of its config."""
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Return the storage of a config."""
        return cls.from_local(config_value["base_dir"], inst_data)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage in ``schedules.db`` of a directory, which is made if it is not there."""
        return cls.from_database(open_sqlite(os.path.join(base_dir, "schedules.db")), inst_data)
