"""Root input managers of 0.10 and 0.11."""

from __future__ import annotations

from typing import Any

import pytest

import dagster._check as check
from dagster._core.definitions.inputs import In, InputDefinition
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.io.build_context import build_input_context
from dagster._core.io.input_manager import InputManagerDefinition
from dagster._legacy.root_input_manager import (
    RootInputManager,
    RootInputManagerDefinition,
    root_input_manager,
)


def test_decorator() -> None:
    @root_input_manager
    def seven() -> int:
        """Seven."""
        return 7

    assert isinstance(seven, RootInputManagerDefinition)
    assert isinstance(seven, InputManagerDefinition)
    assert seven.description == "Seven."
    manager = seven.make(None)
    assert isinstance(manager, RootInputManager)
    assert manager.load_input(build_input_context()) == 7
    with pytest.raises(check.CheckError, match="what @root_input_manager decorates"):
        root_input_manager(description="x")(3)  # type: ignore[arg-type]


def test_configured_keeps_the_class_and_the_input_schema() -> None:
    @root_input_manager(config_schema={"a": int}, input_config_schema={"b": int}, version="1")
    def loads(context: Any) -> int:
        return context.config["b"] + context.resource_config["a"]

    made = loads.configured({"a": 1})
    assert isinstance(made, RootInputManagerDefinition)
    assert made.input_config_schema is loads.input_config_schema
    assert made.version == "1"


def test_a_run_that_loads_its_root_input() -> None:
    @root_input_manager(
        config_schema={"a": int}, input_config_schema={"b": int}, required_resource_keys={"r"}
    )
    def loads(context: Any) -> int:
        return context.config["b"] + context.resource_config["a"] + context.resources.r

    @op(ins={"x": In(root_manager_key="loader")})
    def double(x):
        return 2 * x

    @job(resource_defs={"loader": loads, "r": 100})
    def doubles():
        double()

    result = doubles.execute_in_process(
        run_config={
            "resources": {"loader": {"config": {"a": 1}}},
            "ops": {"double": {"inputs": {"x": {"b": 20}}}},
        }
    )
    assert result.output_for_node("double") == 242


def test_a_class_of_ones_own() -> None:
    class Loads(RootInputManager):
        def load_input(self, context: Any) -> Any:
            return context.name

    @op(ins={"x": In(root_manager_key="loader")})
    def same(x):
        return x

    @job(resource_defs={"loader": RootInputManagerDefinition(lambda _: Loads())})
    def sames():
        same()

    assert sames.execute_in_process().output_for_node("same") == "x"


def test_it_does_not_load_what_an_output_feeds() -> None:
    @root_input_manager(input_config_schema={"b": int})
    def loads(context: Any) -> int:
        return context.config["b"]

    @op(ins={"x": In(root_manager_key="loader")})
    def same(x):
        return x

    @job(resource_defs={"loader": loads})
    def chain():
        same.alias("last")(same.alias("first")())

    config = {"ops": {"first": {"inputs": {"x": {"b": 5}}}}}
    result = chain.execute_in_process(run_config=config)
    assert result.output_for_node("last") == 5
    keys = [e.loaded_input_data.manager_key for e in result.all_events if e.is_loaded_input]
    assert keys == ["loader", "io_manager"]


@pytest.mark.parametrize(
    ("argument", "key"), [("root_manager_key", "io_manager"), ("input_manager_key", "loader")]
)
def test_the_older_and_the_newer_key_of_an_older_definition(argument: str, key: str) -> None:
    @root_input_manager
    def loads() -> int:
        return 7

    @op
    def one() -> int:
        return 1

    @op(input_defs=[InputDefinition("x", **{argument: "loader"})])
    def same(_context, x: int):
        return x

    @job(resource_defs={"loader": loads})
    def chain():
        same(one())

    result = chain.execute_in_process()
    assert result.output_for_node("same") == (1 if key == "io_manager" else 7)
    (loaded,) = [e for e in result.all_events if e.is_loaded_input]
    assert loaded.loaded_input_data.manager_key == key
