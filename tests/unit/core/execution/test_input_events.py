"""Events that an I/O manager logs while it loads an input, and the config that it finds there."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.input_manager import input_manager
from dagster._core.io.io_manager import IOManager
from dagster._core.records.asset_key import AssetKey


class Observing(IOManager):
    def handle_output(self, context: Any, obj: Any) -> None:
        self.value = obj

    def load_input(self, context: Any) -> Any:
        context.add_input_metadata({"rows": 1})
        context.emit_event("ENGINE_EVENT", "looked", None)
        return self.value


def test_observations_of_inputs_are_events_of_the_run_in_the_order_of_the_log() -> None:
    @op
    def one():
        return 1

    @op(ins={"x": In(asset_key=AssetKey("a")), "xs": In(asset_key=AssetKey("b"))})
    def two(x, xs):
        return x

    @job(resource_defs={"io_manager": Observing()})
    def observed():
        first = one()
        two(first, [first, first])

    with DagsterInstance.ephemeral() as instance:
        result = observed.execute_in_process(instance=instance)
        logged = [entry.dagster_event for entry in instance.all_logs(result.run_id)]
    assert [event for event in logged if event is not None] == list(result.all_events)
    names = [event.event_type_value for event in result.events_for_node("two")]
    loaded = ["ASSET_OBSERVATION", "LOADED_INPUT"]
    assert [n for n in names if n in loaded] == loaded * 3
    assert [o.asset_key.to_user_string() for o in result.asset_observations_for_node("two")] == [
        "a",
        "b",
        "b",
    ]


def test_each_input_has_the_config_of_its_input_manager() -> None:
    @input_manager(input_config_schema={"b": int})
    def loads(context: Any) -> int:
        return context.config["b"]

    @op(ins={"x": In(input_manager_key="loader"), "y": In(input_manager_key="loader")})
    def add(x, y):
        return x + y

    @op
    def one():
        return 1

    @job(resource_defs={"loader": loads})
    def adds():
        add(one())

    config = {"ops": {"add": {"inputs": {"x": {"b": 20}, "y": {"b": 3}}}}}
    assert adds.execute_in_process(run_config=config).output_for_node("add") == 23
    with pytest.raises(DagsterInvalidConfigError, match='Missing required config entry "y"'):
        adds.execute_in_process(run_config={"ops": {"add": {"inputs": {"x": {"b": 20}}}}})
