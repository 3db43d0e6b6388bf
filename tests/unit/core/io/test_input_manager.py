"""Input managers made of functions."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.io.build_context import build_input_context
from dagster._core.io.input_manager import InputManager, InputManagerDefinition, input_manager


def test_bare_decorator() -> None:
    @input_manager
    def load(context: Any) -> Any:
        """Loads."""
        return context.config

    assert isinstance(load, InputManagerDefinition)
    assert isinstance(load, ResourceDefinition)
    assert load.description == "Loads."
    manager = load(None)
    assert isinstance(manager, InputManager)
    assert manager.load_input(build_input_context(config=5)) == 5


def test_a_function_without_context() -> None:
    @input_manager
    def load() -> int:
        return 6

    assert load(None).load_input(build_input_context()) == 6


def test_arguments() -> None:
    @input_manager(
        config_schema={"base": str},
        description="D",
        input_config_schema={"path": str},
        required_resource_keys={"r"},
        version="v",
    )
    def load(context: Any) -> Any:
        return context.resource_config["base"] + context.config["path"] + context.resources.r

    assert (load.description, load.version, load.required_resource_keys) == ("D", "v", {"r"})
    assert set(load.input_config_schema.config_type.fields) == {"path"}  # type: ignore[union-attr]
    configured = load.configured({"base": "b/"})
    assert isinstance(configured, InputManagerDefinition)
    assert configured.input_config_schema is load.input_config_schema
    assert configured.version == "v"
    manager = configured.resource_fn(None)
    context = build_input_context(
        resource_config={"base": "b/"}, config={"path": "p"}, resources={"r": "!"}
    )
    assert manager.load_input(context) == "b/p!"


def test_a_manager_that_a_function_returns_loads() -> None:
    class Seven(InputManager):
        def load_input(self, context: Any) -> int:
            return 7

    @input_manager
    def load() -> Seven:
        return Seven()

    assert load(None).load_input(build_input_context()) == 7


def test_only_functions_can_be_decorated() -> None:
    with pytest.raises(
        ParameterCheckError, match=r"what @input_manager decorates to be a function, got: 3"
    ):
        input_manager()(3)  # type: ignore[arg-type]
