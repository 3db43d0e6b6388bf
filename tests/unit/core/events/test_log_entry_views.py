"""What an entry of the log tells of assets, and its JSON."""

from __future__ import annotations

import pytest

from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.op.decorator import op
from dagster._core.events.log_entry import EventLogEntry
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.user_events import (
    AssetMaterialization,
    AssetObservation,
    Materialization,
    Output,
)


@pytest.fixture
def entries() -> list[EventLogEntry]:
    @op
    def tell(context):
        yield AssetMaterialization("table", tags={"a": "b"}, metadata={"rows": 1})
        yield AssetObservation("table", tags={"c": "d"})
        with pytest.warns(DeprecationWarning, match="Materialization"):
            older = Materialization("older")
        yield older
        context.log.info("hello")
        yield Output(1)

    @graph
    def telling():
        tell()

    with DagsterInstance.ephemeral() as instance:
        result = telling.execute_in_process(instance=instance)
        return list(instance.all_logs(result.run_id))


def test_materializations_and_observations_are_told(entries: list[EventLogEntry]) -> None:
    made = [e for e in entries if e.asset_materialization is not None]
    seen = [e for e in entries if e.asset_observation is not None]
    assert [(e.asset_materialization.label, e.tags) for e in made] == [("table", {"a": "b"})]
    assert [e.tags for e in seen] == [{"c": "d"}]
    assert all(e.tags is None for e in entries if e not in made + seen)


def test_every_entry_survives_its_json(entries: list[EventLogEntry]) -> None:
    assert [EventLogEntry.from_json(entry.to_json()) for entry in entries] == entries
