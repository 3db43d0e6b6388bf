from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import Field as PydanticField

from dagster._check import CheckError
from dagster._config.configurable import (
    ANY_CONFIG_SCHEMA,
    AnonymousConfigurableDefinition,
    ConfigurableDefinition,
    NamedConfigurableDefinition,
    configured,
    convert_user_config_schema,
)
from dagster._config.evaluate import process_config
from dagster._config.field import Field
from dagster._config.pythonic import Config
from dagster._config.source import StringSource
from dagster._core.errors import (
    DagsterConfigMappingFunctionError,
    DagsterInvalidConfigDefinitionError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
)


class Named(NamedConfigurableDefinition):
    def __init__(self, name: str, config_schema: Any = None, description: str | None = None) -> None:
        super().__init__(config_schema)
        self._name = name
        self.description = description

    @property
    def name(self) -> str:
        return self._name

    def copy_for_configured(self, name: str, description: str | None, config_schema: Any) -> Named:
        return type(self)(name, config_schema, description or self.description)


class SelfNamed(Named):
    def default_configured_name(self) -> str:
        return self.name


class Anonymous(AnonymousConfigurableDefinition):
    def __init__(self, config_schema: Any = None, description: str | None = None) -> None:
        super().__init__(config_schema)
        self.description = description

    def copy_for_configured(self, description: str | None, config_schema: Any) -> Anonymous:
        return Anonymous(config_schema, description or self.description)


class WithoutConfig(Named):
    config_schema = None


SCHEMA = {"n": int, "s": Field(str, default_value="x")}


def received(definition: ConfigurableDefinition, config: Any = None) -> Any:
    """What the function of the innermost definition gets for a config."""
    processed = process_config(definition.get_config_field(), config) if config is not None else None
    assert processed is None or processed.success, processed
    result = definition.apply_config_mapping(None if processed is None else processed.value)
    assert result.success, result
    return result.value


def test_a_plain_definition():
    base = Named("base", SCHEMA)
    assert base.has_config_field
    assert base.config_field is base.get_config_field()
    assert received(base, {"n": 1}) == {"n": 1, "s": "x"}


def test_without_a_schema_any_config_is_taken():
    base = Named("base")
    field = base.get_config_field()
    assert field.config_type.is_any
    assert not field.is_required
    assert received(base, {"anything": [1]}) == {"anything": [1]}
    assert received(base) is None
    assert convert_user_config_schema(None) is ANY_CONFIG_SCHEMA


def test_a_definition_that_takes_no_config():
    base = WithoutConfig("base")
    assert not base.has_config_field
    assert base.config_field is None
    assert base.apply_config_mapping({"a": 1}).value == {"a": 1}
    with pytest.raises(CheckError, match='WithoutConfig "base" takes no config'):
        base.get_config_field()


def test_a_schema_that_is_not_one():
    with pytest.raises(DagsterInvalidConfigDefinitionError):
        Named("base", {"a": set})


def test_value_form():
    base = Named("base", SCHEMA, "a base")
    for copy in (configured(base, name="ten")({"n": 10}), base.configured({"n": 10}, name="ten")):
        assert copy.name == "ten"
        assert isinstance(copy, Named)
        assert copy.description == "a base"
        assert received(copy) == {"n": 10, "s": "x"}
        assert received(copy, {"ignored": 1}) == {"n": 10, "s": "x"}
    assert base.name == "base"


def test_function_form():
    base = Named("base", SCHEMA)

    @configured(base, config_schema={"m": Field(int, default_value=2)})
    def doubled(config):
        """Twice m."""
        return {"n": config["m"] * 2}

    assert doubled.name == "doubled"
    assert doubled.description == "Twice m."
    assert received(doubled, {"m": 4}) == {"n": 8, "s": "x"}
    assert received(doubled, {}) == {"n": 4, "s": "x"}
    assert not process_config(doubled.get_config_field(), {"n": 1}).success
    assert not doubled.get_config_field().is_required


def test_function_form_without_schema_gets_any_config():
    base = Named("base", SCHEMA)
    copy = base.configured(lambda config: {"n": config.get("k", 7)}, name="copy")
    assert received(copy, {"k": 3}) == {"n": 3, "s": "x"}
    assert received(copy) == {"n": 7, "s": "x"}


def test_configured_of_configured(monkeypatch):
    monkeypatch.setenv("DAGWERK_TEST_S", "from env")
    base = Named("base", {"n": int, "s": StringSource})

    @configured(base, config_schema={"m": int})
    def inner(config):
        return {"n": config["m"] + 1, "s": {"env": "DAGWERK_TEST_S"}}

    @configured(inner, config_schema=int)
    def outer(config):
        return {"m": config * 10}

    assert received(outer, 4) == {"n": 41, "s": "from env"}
    assert received(outer.configured(5, name="outermost")) == {"n": 51, "s": "from env"}


def test_names_and_descriptions():
    base = Named("base", SCHEMA)

    def function(config):
        return {"n": 1}

    assert configured(base, name="given", description="told")(function).name == "given"
    assert configured(base, name="given", description="told")(function).description == "told"
    assert base.configured(function).name == "function"
    assert SelfNamed("own", SCHEMA).configured({"n": 1}).name == "own"
    for unnamed in ({"n": 1}, lambda config: {"n": 1}):
        with pytest.raises(DagsterInvalidDefinitionError, match='configure Named "base"') as raised:
            configured(base)(unnamed)
        assert 'Missing string param "name"' in str(raised.value)


def test_anonymous_definitions():
    base = Anonymous(SCHEMA, "a base")
    copy = configured(base)({"n": 3})
    assert received(copy) == {"n": 3, "s": "x"}
    assert copy.description == "a base"
    assert configured(base, description="other")({"n": 3}).description == "other"

    @configured(base, config_schema={"k": int})
    def made(config):
        return {"n": config["k"]}

    assert received(made, {"k": 2}) == {"n": 2, "s": "x"}
    with pytest.raises(DagsterInvalidDefinitionError, match='unexpected arguments "name" for Anonymous'):
        configured(base, name="x")
    with pytest.raises(DagsterInvalidDefinitionError, match='"nme" for Named "base"'):
        configured(Named("base"), nme="x")
    with pytest.raises(DagsterInvalidDefinitionError, match="a definition that takes config"):
        configured(3)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("make", [Named("base", SCHEMA), Anonymous(SCHEMA)])
def test_a_value_has_no_schema(make):
    kwargs: dict[str, Any] = {"name": "x"} if isinstance(make, Named) else {}
    with pytest.raises(DagsterInvalidDefinitionError, match="config_schema cannot be"):
        make.configured({"n": 1}, config_schema={"m": int}, **kwargs)


def test_a_function_that_raises():
    base = Named("base", SCHEMA)

    @configured(base, config_schema={"m": int})
    def broken(config):
        return {"n": config["k"]}

    processed = process_config(broken.get_config_field(), {"m": 1}).value
    with pytest.raises(DagsterConfigMappingFunctionError) as raised:
        broken.apply_config_mapping(processed)
    message = str(raised.value)
    assert 'broken of the configured Named "broken"' in message
    assert __file__ in message
    assert "has thrown an unexpected error" in message
    assert isinstance(raised.value.user_exception, KeyError)


def test_a_function_that_makes_bad_config():
    base = Named("base", SCHEMA)

    @configured(base, config_schema={"m": int})
    def wrong(config):
        return {"n": "x", "q": 1}

    outermost = wrong.configured({"m": 1}, name="outermost")
    result = outermost.apply_config_mapping(None)
    assert not result.success
    bad, unknown = result.errors
    preamble = 'Error in the config that the configured Named "wrong" gives to Named "base": '
    assert bad.message == f"{preamble}Invalid scalar at path n: expected Int, got: 'x' (str)."
    assert bad.stack == ["n"]
    assert unknown.message.startswith(f'{preamble}Received unexpected config entry "q" at the root.')
    with pytest.raises(DagsterInvalidConfigError, match='the configured Named "wrong"'):
        result.value_or_raise("Error in config for job")
    value = base.configured({"n": "x"}, name="by_value").apply_config_mapping(None)
    assert 'the configured Named "by_value" gives to Named "base"' in value.errors[0].message


class Outer(Config):
    m: int = PydanticField(default=3, gt=0)


class Inner(Config):
    n: int


def annotated(config: Outer) -> Inner:
    return Inner(n=config.m * 2)


def test_pydantic_configs():
    base = Named("base", {"n": int})
    copy = configured(base)(annotated)
    assert received(copy, {"m": 4}) == {"n": 8}
    assert received(copy, {}) == {"n": 6}
    assert not process_config(copy.get_config_field(), {"q": 1}).success
    assert received(base.configured(Inner(n=2), name="by_value")) == {"n": 2}
    with pytest.raises(DagsterInvalidDefinitionError, match="annotated with Outer and a config_schema"):
        configured(base, config_schema={"m": int})(annotated)
    assert received(Named("typed", Inner), {"n": 3}) == {"n": 3}


def test_annotations_that_are_no_config_classes():
    def plain(config: dict[str, Any]) -> dict[str, Any]:
        return config

    def unknown(config: NoSuchName) -> dict[str, Any]:  # type: ignore[name-defined] # noqa: F821
        return config

    functions: list[Callable[..., Any]] = [plain, unknown]
    for function in functions:
        assert received(Named("base", {"n": int}).configured(function), {"n": 1}) == {"n": 1}
