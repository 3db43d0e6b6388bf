"""Executor definitions. Running with them is in core/executor."""

from __future__ import annotations

import pytest

import dagster._check as check
from dagster._core.definitions.executor import (
    ExecutorDefinition,
    ExecutorRequirement,
    InitExecutorContext,
    executor,
    multiple_process_executor_requirements,
)
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvalidConfigError, DagsterInvalidDefinitionError


@op
def one():
    return 1


@executor(
    name="counted", config_schema={"workers": int}, requirements=[ExecutorRequirement.PERSISTENT_OUTPUTS]
)
def counted(init_context):
    """Counts."""
    return init_context.executor_config["workers"]


def context_for(definition: ExecutorDefinition, config: dict[str, int]) -> InitExecutorContext:
    @job
    def empty():
        one()

    return InitExecutorContext(
        job=InMemoryJob(empty), executor_def=definition, executor_config=config, instance=None
    )


def test_decorator_forms() -> None:
    @executor
    def bare(init_context):
        return "bare"

    assert (bare.name, bare.get_requirements({})) == ("bare", [])
    assert (counted.name, counted.description) == ("counted", "Counts.")
    assert counted.get_requirements({}) == [ExecutorRequirement.PERSISTENT_OUTPUTS]
    assert repr(counted) == "ExecutorDefinition('counted')"


def test_it_makes_an_executor_of_a_context() -> None:
    context = context_for(counted, {"workers": 3})
    assert counted(context) == 3
    assert context.pipeline is context.job
    assert ExecutorDefinition.hardcoded_executor("mine")(context) == "mine"
    with pytest.raises(check.CheckError, match='Executor "empty" has no function that creates it'):
        ExecutorDefinition("empty")(context)


def test_requirements_may_depend_on_config() -> None:
    definition = ExecutorDefinition(
        "x",
        requirements=lambda config: multiple_process_executor_requirements() if config["n"] > 1 else [],
    )
    assert definition.get_requirements({"n": 1}) == []
    assert definition.get_requirements({"n": 2}) == [
        ExecutorRequirement.RECONSTRUCTABLE_JOB,
        ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
        ExecutorRequirement.PERSISTENT_OUTPUTS,
    ]
    assert ExecutorRequirement.RECONSTRUCTABLE_JOB is ExecutorRequirement.RECONSTRUCTABLE_PIPELINE


def test_configured_copy() -> None:
    fixed = counted.configured({"workers": 2}, name="two")
    assert (fixed.name, fixed.description) == ("two", "Counts.")
    assert fixed.get_requirements({}) == counted.get_requirements({})
    assert fixed.apply_config_mapping(None).value == {"workers": 2}


def test_config_of_the_executor_is_checked_with_the_runs() -> None:
    @job(executor_def=counted)
    def counting():
        one()

    resolved = counting.resolve_run_config({"execution": {"config": {"workers": 2}}})
    assert resolved.executor == {"workers": 2}
    with pytest.raises(DagsterInvalidConfigError, match='Missing required config entry "execution"'):
        counting.resolve_run_config({})
    with pytest.raises(DagsterInvalidConfigError, match="execution → config → workers"):
        counting.resolve_run_config({"execution": {"config": {"workers": "two"}}})


def test_wrong_definitions_are_refused() -> None:
    with pytest.raises(DagsterInvalidDefinitionError, match='"a b" is not a valid executor name'):
        ExecutorDefinition("a b")
    with pytest.raises(check.ParameterCheckError, match="expected executor_creation_fn to be callable"):
        ExecutorDefinition("a", executor_creation_fn=5)  # type: ignore[arg-type]
