from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from dagster._core.definitions.types.context import TypeCheckContext
from dagster._core.definitions.types.dagster_type import DagsterType


class Builder:
    def __init__(self) -> None:
        self.asked: list[AbstractSet[str]] = []

    def build(self, required_resource_keys: AbstractSet[str]) -> Any:
        self.asked.append(required_resource_keys)
        return {"built": sorted(required_resource_keys)}


def test_resources_are_built_once_and_only_when_asked_for() -> None:
    builder = Builder()
    made = DagsterType(lambda _c, _v: True, name="A", required_resource_keys={"db"})
    context = TypeCheckContext("run", "log", builder, made)
    assert (context.run_id, context.log, context.dagster_type) == ("run", "log", made)
    assert builder.asked == []
    assert context.resources == {"built": ["db"]}
    assert context.resources == {"built": ["db"]}
    assert builder.asked == [{"db"}]
