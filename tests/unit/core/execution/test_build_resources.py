from __future__ import annotations

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterResourceFunctionError,
)
from dagster._core.execution.build_resources import build_resources
from dagster._core.execution.resources import ResourceManager


@resource(config_schema={"a": int})
def counting(context):
    return context.resource_config["a"]


def test_values_definitions_and_config():
    with build_resources(
        {"n": counting, "x": 7}, resource_config={"n": {"config": {"a": 2}}}
    ) as resources:
        assert resources._asdict() == {"n": 2, "x": 7}


def test_all_problems_of_config_at_once():
    with pytest.raises(DagsterInvalidConfigError) as error:
        build_resources(
            {"n": counting, "m": counting},
            resource_config={"n": {"config": {"a": "x"}}, "z": {}},
        ).__enter__()
    assert [problem.path for problem in error.value.errors] == ["n → config → a", "", ""]
    message = str(error.value)
    assert message.startswith("Error in config for resources")
    assert 'unexpected config entry "z"' in message
    assert 'Missing required config entry "m"' in message


def test_a_missing_resource_is_named():
    @resource(required_resource_keys={"db"})
    def needing(context):
        return 1

    with pytest.raises(DagsterInvalidDefinitionError, match='"db" required by resource with key "n"'):
        build_resources({"n": needing}).__enter__()


def test_a_failing_teardown_is_told():
    @resource
    def failing():
        yield 1
        raise ValueError("stuck")

    with (
        pytest.raises(DagsterResourceFunctionError, match='teardown of resource "r"'),
        build_resources({"r": failing}),
    ):
        pass


def test_a_failing_teardown_does_not_hide_the_cause():
    @resource
    def failing():
        yield 1
        raise ValueError("stuck")

    with pytest.raises(KeyError) as error, build_resources({"r": failing}):
        raise KeyError("mine")
    assert error.value.__notes__ == ["The teardown of resource \"r\" failed too: ValueError('stuck')"]


def test_an_interrupt_during_the_teardown_stays_one():
    torn_down = []

    @resource
    def interrupted():
        yield 1
        raise KeyboardInterrupt

    @resource
    def other():
        yield 1
        torn_down.append(True)

    with pytest.raises(KeyboardInterrupt), build_resources({"a": other, "b": interrupted}):
        pass
    assert torn_down == [True]


def test_the_resource_functions_log():
    @resource
    def logging_one(context):
        context.log.info("said")
        return context.run_id

    with build_resources({"r": logging_one}) as resources:
        assert resources.r is None


def test_arguments_are_checked():
    with pytest.raises(ParameterCheckError, match="resources to be a mapping"):
        build_resources([1]).__enter__()  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match="resource_config to be a mapping"):
        build_resources({}, resource_config=3).__enter__()  # type: ignore[arg-type]


def test_the_manager_has_its_place_in_execution():
    assert ResourceManager.__name__ == "ResourceManager"
