from __future__ import annotations

from typing import Any

import pytest

from dagster._config.env_var import EnvVar
from dagster._core.definitions.resource.pythonic import ConfigurableResource
from dagster._core.execution.build_resources import build_resources
from dagster._core.io.io_manager import IOManager, IOManagerDefinition, io_manager
from dagster._core.io.pythonic import (
    ConfigurableIOManager,
    ConfigurableIOManagerFactory,
    ConfigurableLegacyIOManagerAdapter,
)


class Client(ConfigurableResource):
    host: str = "h"


class Stored(ConfigurableIOManager):
    """Stores."""

    root: str
    client: Client = Client()

    def handle_output(self, context: Any, obj: Any) -> None:
        context[self.root] = obj

    def load_input(self, context: Any) -> Any:
        return context[self.root]


class Plain(IOManager):
    def __init__(self, root: str) -> None:
        self.root = root

    def handle_output(self, context: Any, obj: Any) -> None:
        context[self.root] = obj

    def load_input(self, context: Any) -> Any:
        return context[self.root]


class Made(ConfigurableIOManagerFactory[Plain]):
    root: str

    def create_io_manager(self, context: Any) -> Plain:
        return Plain(self.root)

    @classmethod
    def input_config_schema(cls) -> Any:
        return {"columns": [str]}

    @classmethod
    def output_config_schema(cls) -> Any:
        return {"mode": str}


@io_manager(config_schema={"root": str})
def older(context):
    return Plain(context.resource_config["root"])


class Adapter(ConfigurableLegacyIOManagerAdapter):
    root: str

    @property
    def wrapped_io_manager(self) -> IOManagerDefinition:
        return older


@pytest.mark.parametrize("manager_class", [Stored, Made, Adapter])
def test_each_form_gives_an_io_manager(manager_class, monkeypatch):
    monkeypatch.setenv("DAGWERK_ROOT", "here")
    given = manager_class(root=EnvVar("DAGWERK_ROOT"))
    assert isinstance(given.get_resource_definition(), IOManagerDefinition)
    with build_resources({"io_manager": given}) as resources:
        assert isinstance(resources.io_manager, IOManager)
        store: dict[str, Any] = {}
        resources.io_manager.handle_output(store, 3)
        assert store == {"here": 3}
        assert resources.io_manager.load_input(store) == 3


def test_an_io_manager_has_nested_resources():
    with build_resources({"io_manager": Stored(root="r", client=Client(host="x"))}) as resources:
        assert resources.io_manager.client.host == "x"


def test_config_of_inputs_and_outputs():
    definition = Made(root="r").get_resource_definition()
    assert isinstance(definition, IOManagerDefinition)
    assert definition.input_config_schema is not None
    assert definition.output_config_schema is not None
    assert Stored(root="r").get_resource_definition().input_config_schema is None


def test_at_launch():
    with build_resources(
        {"io_manager": Stored}, resource_config={"io_manager": {"config": {"root": "r"}}}
    ) as resources:
        assert resources.io_manager.root == "r"


def test_what_is_abstract_must_be_defined():
    class Half(ConfigurableIOManager):
        def handle_output(self, context: Any, obj: Any) -> None:
            pass

    with pytest.raises(TypeError, match="load_input"):
        Half()
