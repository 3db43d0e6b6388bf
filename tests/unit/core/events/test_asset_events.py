"""Events that an asset was planned or not made: what they are about."""

from __future__ import annotations

import pytest

from dagster._check import CheckError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import (
    AssetFailedToMaterializeData,
    AssetMaterializationPlannedData,
    EventSpecificData,
)
from dagster._core.records.asset_failure import (
    AssetMaterializationFailure,
    AssetMaterializationFailureReason,
    AssetMaterializationFailureType,
)
from dagster._core.records.asset_key import AssetKey

KEY = AssetKey(["a", "b"])
PLANNED = AssetMaterializationPlannedData(KEY, "p")
FAILED = AssetFailedToMaterializeData(
    AssetMaterializationFailure(
        KEY,
        AssetMaterializationFailureType.FAILED,
        AssetMaterializationFailureReason.UNKNOWN,
        partition="p",
    )
)


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        (DagsterEventType.ASSET_MATERIALIZATION_PLANNED, PLANNED),
        (DagsterEventType.ASSET_FAILED_TO_MATERIALIZE, FAILED),
    ],
)
def test_an_event_names_its_asset(event_type: DagsterEventType, data: EventSpecificData) -> None:
    event = DagsterEvent(event_type.value, "job", event_specific_data=data)
    assert (event.asset_key, event.partition) == (KEY, "p")
    own = {
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED: "asset_materialization_planned_data",
        DagsterEventType.ASSET_FAILED_TO_MATERIALIZE: "asset_failed_to_materialize_data",
    }
    for other, name in own.items():
        if other is event_type:
            assert getattr(event, name) is data
        else:
            with pytest.raises(CheckError, match="expected an event of type"):
                getattr(event, name)
