"""The schedule storage in memory."""

from __future__ import annotations

from dagster._core.storage.schedules.sql import SqlScheduleStorage
from dagster._core.storage.sql.database import open_memory


class InMemoryScheduleStorage(SqlScheduleStorage):
    """The schedule storage of an instance that is not kept: the same questions to a database in memory."""

    def __init__(self) -> None:
        super().__init__(open_memory())
