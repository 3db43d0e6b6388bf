from __future__ import annotations

import pytest

from dagster._check import ParameterCheckError
from dagster._config.field import Field
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.reconstructable import reconstructable
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.run_config import RunConfig
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidInvocationError
from dagster._core.runner.validate import validate_run_config


@op(config_schema={"a": int, "b": Field(str, default_value="x")})
def takes(context, x: int):
    return x


@op
def gives():
    return 1


@graph
def inner(q: int):
    takes.alias("deep")(q)


@resource(config_schema={"host": Field(str, default_value="h")}, required_resource_keys={"port"})
def db(_context):
    return None


@resource(config_schema={"n": Field(int, default_value=1)})
def port(_context):
    return None


@op(required_resource_keys={"db"})
def asks():
    pass


@job(resource_defs={"db": db, "port": port.configured({"n": 5}), "unused": port})
def whole():
    gives()
    takes()
    asks()
    inner(gives.alias("given")())


CONFIG = {
    "ops": {
        "takes": {"config": {"a": 1}, "inputs": {"x": 3}},
        "inner": {"ops": {"deep": {"config": {"a": 2}}}},
    },
    "loggers": {"console": {"config": {}}},
}


def test_the_config_as_a_run_would_use_it():
    nothing = {"config": None, "inputs": {}, "outputs": None}
    validated = validate_run_config(whole, CONFIG)
    assert validated["ops"] == {
        "gives": nothing,
        "given": nothing,
        "asks": nothing,
        "takes": {"config": {"a": 1, "b": "x"}, "inputs": {"x": 3}, "outputs": None},
        "inner": nothing,
        "inner.deep": {"config": {"a": 2, "b": "x"}, "inputs": {}, "outputs": None},
    }
    assert validated["loggers"] == {"console": {"config": {"log_level": "INFO", "name": "dagster"}}}
    assert validated["execution"] == {
        "multi_or_in_process_executor": {
            "multiprocess": {
                "max_concurrent": None,
                "retries": {"enabled": {}},
                "reuse_workers": False,
            }
        }
    }
    # only those that the run would set up, with what `configured` gives them
    assert set(validated["resources"]) == {"db", "port", "io_manager"}
    assert validated["resources"]["db"] == {"config": {"host": "h"}}
    assert validated["resources"]["port"] == {"config": {"n": 5}}
    assert set(validated) == {"ops", "loggers", "execution", "resources"}


def test_every_problem_is_told():
    with pytest.raises(DagsterInvalidConfigError) as caught:
        validate_run_config(whole, {"ops": {"takes": {"config": {"a": "one"}}}, "loger": {}})
    message = str(caught.value)
    assert len(caught.value.errors) == 4, message
    assert 'Did you mean "loggers"' in message


def test_what_can_be_validated():
    config = RunConfig(ops=CONFIG["ops"])
    assert validate_run_config(reconstructable(whole), config)["ops"]["takes"]["inputs"] == {"x": 3}
    with pytest.raises(ParameterCheckError, match=r"expected job_def to be a JobDefinition"):
        validate_run_config(inner)
    with pytest.raises(DagsterInvalidInvocationError, match=r"Mode 'a' was given for a job"):
        validate_run_config(whole, CONFIG, mode="a")


def test_a_pipeline_is_validated_in_a_mode():
    class Pipeline:
        def get_mode_job(self, mode=None):
            assert mode == "test"
            return whole

    assert validate_run_config(Pipeline(), CONFIG, mode="test") == validate_run_config(whole, CONFIG)
    assert validate_run_config(pipeline_def=Pipeline(), run_config=CONFIG, mode="test")


def test_inputs_of_the_job_itself():
    @graph
    def outer(x: int):
        takes(x)

    made = outer.to_job()
    config = {"inputs": {"x": 4}, "ops": {"takes": {"config": {"a": 1}}}}
    assert validate_run_config(made, config)["inputs"] == {"x": 4}
