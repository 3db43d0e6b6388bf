"""Event log storages of all kinds keep the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster._core.storage.event_log import (
    ConsolidatedSqliteEventLogStorage,
    EventLogStorage,
    SqlEventLogStorage,
    SqliteEventLogStorage,
)
from dagster._core.storage.memory_storage import MemoryStorages
from dagster.testing.storage_contract import assets, event_log, upkeep
from tests.storage.services import MYSQL, POSTGRESQL

KINDS = ("memory", "sqlite per run", "sqlite consolidated", POSTGRESQL, MYSQL)
INTERVAL = 0.005


def _no_buffer() -> None:
    """There is nothing that is not in the database."""


@pytest.fixture(params=KINDS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLogStorage]:
    kind = request.param
    if kind == "memory":
        made: EventLogStorage = MemoryStorages(_no_buffer).event_log_storage
    elif kind == "sqlite per run":
        made = SqliteEventLogStorage(str(tmp_path), watch_interval=INTERVAL, max_open_runs=3)
    elif kind == "sqlite consolidated":
        made = ConsolidatedSqliteEventLogStorage(str(tmp_path), watch_interval=INTERVAL)
    else:
        database = request.getfixturevalue(f"{kind}_database")
        made = SqlEventLogStorage.from_database(database, watch_interval=INTERVAL)
        made.wipe()
    yield made
    made.dispose()


class TestLogs(event_log.RunLogContract):
    pass


class TestRecords(event_log.EventRecordsContract):
    pass


class TestStats(event_log.StatsContract):
    pass


class TestDeletion(event_log.DeletionContract):
    pass


class TestWatching(event_log.WatchContract):
    pass


class TestAssets(event_log.AssetIndexContract):
    pass


class TestAssetQueries(assets.AssetQueryContract):
    pass


class TestPartitions(assets.PartitionContract):
    pass


class TestUpkeep(upkeep.UpkeepContract):
    pass
