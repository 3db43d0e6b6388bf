"""Run storages on all databases keep the contract."""

from __future__ import annotations

import pytest

from dagster._core.storage.runs import RunStorage, SqlRunStorage
from dagster._core.storage.sql.database import Database
from dagster.testing.storage_contract import runs


@pytest.fixture
def storage(database: Database) -> RunStorage:
    return SqlRunStorage.from_database(database)


class TestRuns(runs.RunContract):
    pass


class TestListing(runs.RunListingContract):
    pass


class TestEvents(runs.RunEventContract):
    pass


class TestTags(runs.RunTagContract):
    pass


class TestRecords(runs.RecordContract):
    pass


class TestBackfills(runs.BackfillContract):
    pass
