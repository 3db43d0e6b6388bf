from __future__ import annotations

import enum

import pytest

from dagster._check import ParameterCheckError
from dagster._config.env_var import EnvVar
from dagster._config.pythonic import Config
from dagster._core.definitions.resource.pythonic import ConfigurableResource
from dagster._core.definitions.run_config import RunConfig, convert_config_input


class Color(enum.Enum):
    RED = 1


class Load(Config):
    path: str
    color: Color = Color.RED


class Client(ConfigurableResource):
    host: str


EMPTY = {"loggers": {}, "resources": {}, "ops": {}, "execution": {}}


def test_empty():
    assert RunConfig().to_config_dict() == EMPTY
    assert repr(RunConfig()) == "RunConfig()"


def test_objects_become_config():
    run_config = RunConfig(
        ops={"load": Load(path="a"), "raw": {"config": {"n": 1}, "inputs": {"x": {"value": 2}}}},
        resources={"client": Client(host=EnvVar("H")), "raw": {"config": {"c": Color.RED}}},
        loggers={"console": {"config": {"log_level": "INFO"}}},
        execution={"config": {"in_process": {}}},
    )
    assert run_config.to_config_dict() == {
        "ops": {
            "load": {"config": {"path": "a", "color": "RED"}},
            "raw": {"config": {"n": 1}, "inputs": {"x": {"value": 2}}},
        },
        "resources": {"client": {"config": {"host": {"env": "H"}}}, "raw": {"config": {"c": "RED"}}},
        "loggers": {"console": {"config": {"log_level": "INFO"}}},
        "execution": {"config": {"in_process": {}}},
    }


def test_graphs_hold_ops():
    inner = {"config": Load(path="b")}
    run_config = RunConfig(ops={"graph": {"ops": {"load": Load(path="a"), "other": inner}}})
    assert run_config.to_config_dict()["ops"] == {
        "graph": {
            "ops": {
                "load": {"config": {"path": "a", "color": "RED"}},
                "other": {"config": {"path": "b", "color": "RED"}},
            }
        }
    }


def test_an_op_named_config_is_an_op():
    ops = {"graph": {"ops": {"config": Load(path="a")}}}
    converted = RunConfig(ops=ops).to_config_dict()["ops"]["graph"]["ops"]
    assert converted == {"config": {"config": {"path": "a", "color": "RED"}}}


def test_it_is_compared_by_what_it_says():
    assert RunConfig(ops={"a": Load(path="x")}) == RunConfig(
        ops={"a": {"config": {"path": "x", "color": "RED"}}}
    )
    assert RunConfig() != {}


def test_arguments_are_checked():
    with pytest.raises(ParameterCheckError, match="ops to be a mapping"):
        RunConfig(ops=[Load(path="x")])  # type: ignore[arg-type]


def test_any_form_of_run_config():
    assert convert_config_input(None) is None
    assert convert_config_input(RunConfig()) == EMPTY
    legacy = {"solids": {"a": {"config": 3}}, "storage": {"filesystem": None}, "execution": {"x": {}}}
    assert convert_config_input(legacy) == legacy
    assert convert_config_input({"ops": {"a": Load(path="x")}, "inputs": {"n": [EnvVar("E")]}}) == {
        "ops": {"a": {"config": {"path": "x", "color": "RED"}}},
        "inputs": {"n": [{"env": "E"}]},
    }
    with pytest.raises(ParameterCheckError, match="run_config to be a dict or RunConfig, got: 3"):
        convert_config_input(3)  # type: ignore[arg-type]
