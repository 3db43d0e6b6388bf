"""Materializations that belong to no run, reported one at a time to an instance in SQLite files."""

from __future__ import annotations

import json
import sys
import tempfile
import time

from dagster import AssetKey, AssetMaterialization, DagsterInstance

ASSETS = 100

if __name__ == "__main__":
    count = int(sys.argv[1])
    keys = [AssetKey(["warehouse", f"table_{number}"]) for number in range(ASSETS)]
    made = [
        AssetMaterialization(keys[number % ASSETS], metadata={"rows": number}) for number in range(count)
    ]
    with tempfile.TemporaryDirectory() as home, DagsterInstance.local_temp(home) as instance:
        instance.report_runless_asset_event(AssetMaterialization("first"))
        start = time.perf_counter()
        for materialization in made:
            instance.report_runless_asset_event(materialization)
        seconds = time.perf_counter() - start
        newest = instance.get_latest_materialization_event(keys[(count - 1) % ASSETS])
        assert newest is not None
        assert newest.asset_materialization.metadata["rows"].value == count - 1
    print(json.dumps({"seconds per event": seconds / count}))
