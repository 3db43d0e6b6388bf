from __future__ import annotations

import enum
from typing import Any

import pytest

from dagster._config.config_type import Enum
from dagster._config.field import Field
from dagster._config.pythonic import Config
from dagster._config.source import StringSource
from dagster._core.definitions.config_mapping import ConfigMapping, config_mapping
from dagster._core.errors import (
    DagsterConfigMappingFunctionError,
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
)


class Color(enum.Enum):
    RED = "r"


OUTER = {
    "n": Field(int, default_value=2),
    "color": Field(Enum.from_python_enum(Color), default_value="RED"),
    "s": StringSource,
}


def keep(config: Any) -> Any:
    return {"ops": config}


def test_the_outer_config_is_processed(monkeypatch):
    monkeypatch.setenv("DAGWERK_TEST_S", "from env")
    mapping = ConfigMapping(keep, OUTER)
    given = {"s": {"env": "DAGWERK_TEST_S"}}
    assert mapping.receive_processed_config_values
    assert mapping.resolve_from_unvalidated_config(given) == {
        "ops": {"n": 2, "color": Color.RED, "s": "from env"}
    }
    raw = ConfigMapping(keep, OUTER, receive_processed_config_values=False)
    assert raw.resolve_from_unvalidated_config(given) == {
        "ops": {"n": 2, "color": "RED", "s": given["s"]}
    }


def test_without_schema_config_is_passed_on():
    mapping = ConfigMapping(keep)
    assert mapping.config_schema is None
    assert mapping.resolve_from_unvalidated_config({"x": 1}) == {"ops": {"x": 1}}
    assert mapping.resolve_from_validated_config({"x": 1}) == {"ops": {"x": 1}}
    assert mapping.config_fn is keep
    assert mapping({"x": 1}) == {"ops": {"x": 1}}


def test_bad_outer_config():
    with pytest.raises(DagsterInvalidConfigError) as raised:
        ConfigMapping(keep, OUTER).resolve_from_unvalidated_config({"n": "x"})
    message = str(raised.value)
    assert message.startswith("Error in config mapping: the outer config is invalid.")
    assert "at path n: expected Int" in message
    assert 'Missing required config entry "s"' in message


def test_a_function_that_raises():
    def broken(config: Any) -> Any:
        raise ValueError("no")

    with pytest.raises(
        DagsterConfigMappingFunctionError, match="function broken of a config mapping"
    ) as raised:
        ConfigMapping(broken).resolve_from_unvalidated_config({})
    assert isinstance(raised.value.user_exception, ValueError)


def test_a_function_that_returns_no_mapping():
    def wrong(config: Any) -> Any:
        return [1]

    with pytest.raises(
        DagsterInvalidConfigError, match="expected the config mapping function wrong to return"
    ):
        ConfigMapping(wrong).resolve_from_unvalidated_config({})


def test_decorator():
    @config_mapping
    def bare(config):
        return {"a": config}

    @config_mapping(config_schema={"n": int}, receive_processed_config_values=False)
    def with_schema(config):
        return {"a": config["n"]}

    assert isinstance(bare, ConfigMapping)
    assert bare.resolve_from_unvalidated_config(1) == {"a": 1}
    assert isinstance(with_schema, ConfigMapping)
    assert with_schema.resolve_from_unvalidated_config({"n": 1}) == {"a": 1}
    assert not with_schema.receive_processed_config_values


class Outer(Config):
    n: int = 3


class RunConfigLike:
    def to_config_dict(self) -> dict[str, Any]:
        return {"ops": {"a": 1}}


def test_pydantic_argument():
    @config_mapping
    def mapping(config: Outer) -> dict[str, Any]:
        return {"ops": {"a": config.n}}

    assert mapping.resolve_from_unvalidated_config({}) == {"ops": {"a": 3}}
    assert mapping.resolve_from_unvalidated_config({"n": 4}) == {"ops": {"a": 4}}
    with pytest.raises(DagsterInvalidConfigError, match="expected Int"):
        mapping.resolve_from_unvalidated_config({"n": "x"})
    with pytest.raises(DagsterInvalidDefinitionError, match="annotated with Outer and a config_schema"):
        ConfigMapping(mapping.config_fn, {"n": int})


def test_a_run_config_as_result():
    mapping = ConfigMapping(lambda _config: RunConfigLike())
    assert mapping.resolve_from_unvalidated_config({}) == {"ops": {"a": 1}}
