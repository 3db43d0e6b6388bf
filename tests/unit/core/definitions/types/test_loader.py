from __future__ import annotations

from typing import Any

import pytest

from dagster._check import ParameterCheckError
from dagster._config.config_type import ConfigType
from dagster._config.resolve import resolve_to_config_type
from dagster._core.definitions.types.loader import DagsterTypeLoader, dagster_type_loader
from dagster._core.errors import DagsterInvalidConfigDefinitionError, DagsterInvalidDefinitionError


def test_a_decorated_function_is_a_loader() -> None:
    @dagster_type_loader({"path": str}, required_resource_keys={"fs"})
    def load(context: Any, config: Any) -> Any:
        return context, config["path"]

    assert isinstance(load, DagsterTypeLoader)
    assert list(load.schema_type.fields) == ["path"]
    assert load.required_resource_keys() == {"fs"}
    assert load.construct_from_config_value("ctx", {"path": "p"}) == ("ctx", "p")
    assert load.loader_version is None
    assert load.compute_loaded_input_version({"path": "p"}) is None


def test_versions() -> None:
    def version_of(config: Any) -> str | None:
        return config

    plain = dagster_type_loader(str, loader_version="1")(lambda _c, v: v)
    both = dagster_type_loader(str, loader_version="1", external_version_fn=version_of)(lambda _c, v: v)
    outside = dagster_type_loader(str, external_version_fn=lambda _config: None)(lambda _c, v: v)
    assert plain.loader_version == "1"
    first = both.compute_loaded_input_version("a")
    assert first is not None
    assert first == both.compute_loaded_input_version("a")
    assert first != both.compute_loaded_input_version("b")
    assert plain.compute_loaded_input_version("a") not in (None, first)
    assert outside.compute_loaded_input_version("a") is None


@pytest.mark.parametrize("func", [lambda: 1, lambda _v: 1, lambda _a, _b, _c: 1])
def test_a_loader_takes_context_and_config(func: Any) -> None:
    with pytest.raises(DagsterInvalidDefinitionError) as caught:
        dagster_type_loader(int)(func)
    assert "@dagster_type_loader '<lambda>' decorated function does not take" in str(caught.value)


def test_arguments_are_checked() -> None:
    with pytest.raises(DagsterInvalidConfigDefinitionError):
        dagster_type_loader(3)
    wrong: Any = {1}
    with pytest.raises(ParameterCheckError, match="required_resource_keys"):
        dagster_type_loader(int, required_resource_keys=wrong)(lambda _c, v: v)
    not_callable: Any = 3
    with pytest.raises(ParameterCheckError, match="expected func to be callable"):
        dagster_type_loader(int)(not_callable)


def test_a_subclass_needs_a_schema_only() -> None:
    class Passes(DagsterTypeLoader):
        @property
        def schema_type(self) -> ConfigType:
            return resolve_to_config_type(int)

    loader = Passes()
    assert loader.construct_from_config_value(None, 3) == 3
    assert loader.required_resource_keys() == frozenset()
    assert loader.loader_version is None
    assert loader.compute_loaded_input_version(3) is None
    with pytest.raises(TypeError, match="abstract"):
        DagsterTypeLoader()  # type: ignore[abstract]
