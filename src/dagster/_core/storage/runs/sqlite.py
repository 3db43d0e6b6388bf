"""The run storage in a SQLite file."""

from __future__ import annotations

import os
from typing import Any, Self

import sqlalchemy as sa

import dagster._check as check
from dagster._config.source import StringSource
from dagster._core.storage.runs.sql import SqlRunStorage
from dagster._core.storage.sql.database import open_memory, open_sqlite
from dagster._serdes.config_class import ConfigurableClass, ConfigurableClassData


class SqliteRunStorage(SqlRunStorage, ConfigurableClass):
    """Runs in a SQLite file, as by default.

    From the "Internals" document. In ``dagster.yaml``::

        run_storage:
          module: dagster._core.storage.runs
          class: SqliteRunStorage
          config:
            base_dir: /path/to/dir

    Args:
        conn_string: ``sqlite:///`` and the path of the file; ``sqlite://`` keeps it in memory.
        inst_data: Where the storage comes from, if it was made from config.
    """

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        path = sa.make_url(check.str_param(conn_string, "conn_string")).database
        super().__init__(open_sqlite(path) if path else open_memory(), inst_data)

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> Any:
        return {"base_dir": StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        return cls.from_local(inst_data=inst_data, **config_value)

    @classmethod
    def from_local(cls, base_dir: str, inst_data: ConfigurableClassData | None = None) -> Self:
        """Return the storage in the file ``runs.db`` of a directory, which is made if need be."""
        check.str_param(base_dir, "base_dir")
        return cls.from_database(open_sqlite(os.path.join(base_dir, "runs.db")), inst_data)
