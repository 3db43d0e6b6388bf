"""Definitions of I/O managers."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._check import ParameterCheckError
from dagster._config.config_type import ConfigType
from dagster._core.definitions.resource.build import build_init_resource_context
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError
from dagster._core.io.build_context import build_output_context
from dagster._core.io.input_manager import InputManager
from dagster._core.io.io_manager import IOManager, IOManagerDefinition, io_manager
from dagster._core.io.memory import InMemoryIOManager


class Kept(IOManager):
    def __init__(self, config: Any = None) -> None:
        self.config = config

    def handle_output(self, context: Any, obj: Any) -> None:
        self.value = obj

    def load_input(self, context: Any) -> Any:
        return self.value


def test_both_methods_are_abstract() -> None:
    class Half(IOManager):
        def load_input(self, context: Any) -> Any: ...

    with pytest.raises(TypeError, match=r"handle_output"):
        Half()  # type: ignore[abstract]
    assert issubclass(IOManager, InputManager)


def test_a_manager_names_no_assets_unless_it_says_so() -> None:
    context = build_output_context(step_key="s", name="r")
    assert Kept().get_output_asset_key(context) is None
    assert Kept().get_output_asset_partitions(context) == set()


def test_bare_decorator() -> None:
    @io_manager
    def kept(_context: Any) -> Kept:
        """Keeps."""
        return Kept()

    assert isinstance(kept, IOManagerDefinition)
    assert isinstance(kept, ResourceDefinition)
    assert kept.description == "Keeps."
    assert kept.__name__ == "kept"  # type: ignore[attr-defined]
    assert isinstance(kept(None), Kept)
    assert (kept.input_config_schema, kept.output_config_schema, kept.version) == (None, None, None)
    assert kept.required_resource_keys == frozenset()


def test_a_function_without_context() -> None:
    @io_manager
    def kept() -> Kept:
        return Kept()

    assert isinstance(kept(), Kept)


def test_decorator_with_arguments() -> None:
    @io_manager(
        config_schema={"a": int},
        description="D",
        output_config_schema={"o": str},
        input_config_schema=int,
        required_resource_keys={"r"},
        version="v",
    )
    def kept(context: Any) -> Kept:
        return Kept((context.resource_config, context.resources.r))

    assert kept.description == "D"
    assert kept.version == "v"
    assert kept.required_resource_keys == {"r"}
    assert isinstance(kept.input_config_schema.config_type, ConfigType)  # type: ignore[union-attr]
    assert set(kept.output_config_schema.config_type.fields) == {"o"}  # type: ignore[union-attr]
    made = kept(build_init_resource_context(config={"a": 1}, resources={"r": 7}))
    assert made.config == ({"a": 1}, 7)
    with pytest.raises(DagsterInvalidConfigError):
        kept(build_init_resource_context(config={"a": "x"}, resources={"r": 7}))


@pytest.mark.parametrize("schema", [str, dict, list, {"a": int}])
def test_a_schema_is_not_taken_for_a_function(schema: Any) -> None:
    @io_manager(schema)
    def kept(context: Any) -> Kept:
        return Kept(context.resource_config)

    assert isinstance(kept, IOManagerDefinition)
    assert kept.has_config_field


def test_configured_keeps_everything() -> None:
    @io_manager(
        config_schema={"a": int},
        output_config_schema={"o": str},
        input_config_schema={"i": int},
        required_resource_keys={"r"},
        version="v",
        description="D",
    )
    def kept(context: Any) -> Kept:
        return Kept(context.resource_config)

    configured = kept.configured({"a": 3})
    assert isinstance(configured, IOManagerDefinition)
    assert configured.input_config_schema is kept.input_config_schema
    assert configured.output_config_schema is kept.output_config_schema
    assert (configured.version, configured.description) == ("v", "D")
    assert configured.required_resource_keys == {"r"}
    assert configured(build_init_resource_context(resources={"r": 7})).config == {"a": 3}


def test_a_schema_that_is_none_is_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError):
        io_manager(output_config_schema={"a": 3})(lambda _: Kept())


def test_only_functions_can_be_decorated() -> None:
    with pytest.raises(
        ParameterCheckError, match=r"expected what @io_manager decorates to be a function, got: 3"
    ):
        io_manager()(3)  # type: ignore[arg-type]


def test_hardcoded() -> None:
    manager = InMemoryIOManager()
    definition = IOManagerDefinition.hardcoded_io_manager(manager, "D")
    assert definition(None) is manager
    assert definition.description == "D"
    with pytest.raises(ParameterCheckError, match=r"expected value to be an IOManager"):
        IOManagerDefinition.hardcoded_io_manager(3)  # type: ignore[arg-type]
