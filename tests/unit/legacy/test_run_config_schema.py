"""The schema of the older run config, against the probe of the tables (section a5)."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._config.config_type import ConfigTypeKind
from dagster._config.field import Field
from dagster._core.definitions.inputs import InputDefinition
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.run_config import RunConfig
from dagster._core.definitions.types.builtins import Int
from dagster._core.definitions.types.generics import List
from dagster._core.errors import DagsterInvalidConfigError
from dagster._legacy.composite_solid import composite_solid
from dagster._legacy.execution import execute_pipeline
from dagster._legacy.isolated_execution import execute_solid
from dagster._legacy.mode import ModeDefinition
from dagster._legacy.pipeline import pipeline
from dagster._legacy.solid import solid


@resource(config_schema={"host": str})
def r(init_context):
    return init_context.resource_config["host"]


@solid
def s0(_):
    return 0


@solid(
    config_schema={"a": int},
    input_defs=[InputDefinition("x", Int), InputDefinition("l", List[Int])],
    required_resource_keys={"r", "r2"},
)
def s1(context, x, l):  # noqa: E741
    return x + sum(l) + context.solid_config["a"]


@solid(config_schema=Field(int, is_required=False))
def s2(context):
    return context.solid_config


@solid(config_schema={"a": int}, input_defs=[InputDefinition("l", List[Int]), InputDefinition("q", Int)])
def inner(context, l, q):  # noqa: E741
    return context.solid_config["a"] + sum(l) + q


@composite_solid
def comp(q: int):
    return inner(q=q)


@pipeline(mode_defs=[ModeDefinition(resource_defs={"r": r, "r2": 2})])
def probe():
    s0()
    s1()
    s2()
    comp()


def field_at(*path: str) -> Field:
    field: Any = Field(probe.get_run_config_schema())
    for name in path:
        field = field.config_type.fields[name]
    return field


CONFIG = {
    "resources": {"r": {"config": {"host": "h"}}},
    "solids": {
        "s1": {"config": {"a": 1}, "inputs": {"x": {"value": 1}, "l": [{"value": 1}, 2]}},
        "comp": {
            "inputs": {"q": 4},
            "solids": {"inner": {"config": {"a": 3}, "inputs": {"l": [1, 2]}}},
        },
    },
}


def test_keys_of_the_schema():
    assert set(probe.get_run_config_schema().fields) == {
        "execution",
        "intermediate_storage",
        "loggers",
        "resources",
        "solids",
        "storage",
    }


@pytest.mark.parametrize(
    ("path", "required"),
    [
        (["execution"], False),
        (["execution", "in_process"], False),
        (["execution", "in_process", "config", "retries"], False),
        (["intermediate_storage"], False),
        (["intermediate_storage", "filesystem"], False),
        (["intermediate_storage", "filesystem", "config", "base_dir"], False),
        (["intermediate_storage", "in_memory"], False),
        (["storage"], False),
        (["storage", "filesystem", "config", "base_dir"], False),
        (["loggers"], False),
        (["loggers", "console"], False),
        (["loggers", "console", "config", "log_level"], False),
        (["resources"], True),
        (["resources", "r"], True),
        (["resources", "r", "config", "host"], True),
        (["resources", "r2"], False),
        (["solids"], True),
        (["solids", "s0"], False),
        (["solids", "s0", "outputs"], False),
        (["solids", "s1"], True),
        (["solids", "s1", "config"], True),
        (["solids", "s1", "inputs"], True),
        (["solids", "s1", "inputs", "x"], True),
        (["solids", "s1", "inputs", "l"], True),
        (["solids", "s1", "outputs"], False),
        (["solids", "s2"], False),
        (["solids", "s2", "config"], False),
        (["solids", "comp"], True),
        (["solids", "comp", "inputs", "q"], True),
        (["solids", "comp", "outputs"], False),
        (["solids", "comp", "solids"], True),
        (["solids", "comp", "solids", "inner", "config", "a"], True),
        (["solids", "comp", "solids", "inner", "inputs", "l"], True),
    ],
)
def test_required(path: list[str], required: bool):
    assert field_at(*path).is_required is required


def test_kinds():
    assert field_at("execution").config_type.kind is ConfigTypeKind.SELECTOR
    assert field_at("storage").config_type.kind is ConfigTypeKind.SELECTOR
    assert field_at("intermediate_storage").config_type.kind is ConfigTypeKind.SELECTOR
    assert field_at("solids", "s1", "inputs", "x").config_type.kind is ConfigTypeKind.SCALAR_UNION
    assert field_at("solids", "s1", "inputs", "l").config_type.kind is ConfigTypeKind.ARRAY
    assert field_at("solids", "s1", "outputs").config_type.kind is ConfigTypeKind.ARRAY
    assert field_at("execution").default_value == {"in_process": {}}


def test_a_full_run():
    result = execute_pipeline(probe, CONFIG)
    assert result.output_for_solid("s1") == 5
    assert result.output_for_solid("comp") == 10


def test_every_problem_at_once():
    with pytest.raises(DagsterInvalidConfigError) as caught:
        execute_pipeline(
            probe,
            {
                "resuorces": {},
                "solids": {
                    "s1": {"config": {"a": "1"}, "inputs": {"x": {"valeu": 1}, "l": [1]}},
                    "comp": {
                        "inputs": {"q": 1},
                        "solids": {"inner": {"config": {}, "inputs": {"l": 1}}},
                    },
                },
            },
        )
    message = str(caught.value)
    assert message.startswith("Error in config for pipeline 'probe'")
    for part in (
        "resuorces",
        '"resources"',
        "solids → s1 → config → a",
        "solids → s1 → inputs → x",
        "solids → comp → solids → inner → config",
        "solids → comp → solids → inner → inputs → l",
    ):
        assert part in message, part


def test_nothing_has_run_when_config_is_bad():
    ran: list[int] = []

    @solid(config_schema=int)
    def note(context):
        ran.append(context.solid_config)

    with pytest.raises(DagsterInvalidConfigError, match="solids → note → config"):
        execute_solid(note, run_config={"solids": {"note": {"config": "x"}}})
    assert ran == []


def test_newer_words_are_read():
    config = {"resources": CONFIG["resources"], "ops": CONFIG["solids"]}
    assert execute_pipeline(probe, config).output_for_solid("s1") == 5
    run_config = RunConfig(ops=CONFIG["solids"], resources=CONFIG["resources"])
    assert execute_pipeline(probe, run_config).output_for_solid("s1") == 5  # type: ignore[arg-type]


def test_storage_by_either_key():
    @solid
    def name(context):
        definition = context.get_system_context().intermediate_storage_def
        return definition and definition.name

    @pipeline
    def p():
        name()

    def chosen(config):
        return execute_pipeline(p, config).output_for_solid("name")

    assert chosen(None) is None
    assert chosen({"intermediate_storage": {"in_memory": {}}}) is None
    assert chosen({"intermediate_storage": {"filesystem": {}}}) == "filesystem"
    assert chosen({"storage": {"filesystem": None}}) == "filesystem"
    assert (
        chosen({"storage": {"in_memory": {}}, "intermediate_storage": {"filesystem": {}}})
        == "filesystem"
    )


def test_bad_storage_is_told_with_its_path():
    @pipeline
    def p():
        s0()

    with pytest.raises(
        DagsterInvalidConfigError, match="intermediate_storage → filesystem → config → base_dir"
    ):
        execute_pipeline(p, {"intermediate_storage": {"filesystem": {"config": {"base_dir": 5}}}})
    with pytest.raises(DagsterInvalidConfigError, match="intermediate_storage"):
        execute_pipeline(p, {"intermediate_storage": {"files": {}}})
    with pytest.raises(DagsterInvalidConfigError, match="execution"):
        execute_pipeline(p, {"execution": {"in_process": {}, "other": {}}})
