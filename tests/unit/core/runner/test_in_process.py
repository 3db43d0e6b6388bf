"""``execute_in_process``: what it takes, and what it leaves on the instance."""

from __future__ import annotations

import uuid

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.executor import executor
from dagster._core.definitions.graph.decorator import graph
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.logger import logger
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.definitions.run_config import RunConfig
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
)
from dagster._core.events.payloads import RunFailureReason
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.memory import mem_io_manager
from dagster._core.records.run import DagsterRunStatus
from tests.unit.core.execution.runs import execution_of


@op(config_schema={"n": int})
def gives(context):
    return context.op_config["n"]


@op
def inc(x):
    return x + 1


@op(required_resource_keys={"factor"})
def scaled(context, x):
    return x * context.resources.factor


@resource(config_schema=int)
def factor(context):
    return context.resource_config


@job(tags={"of": "job"})
def chain():
    inc(gives())


CONFIG = {"ops": {"gives": {"config": {"n": 4}}}}


def test_the_run_is_kept_on_the_instance() -> None:
    run_id = str(uuid.uuid4())
    with DagsterInstance.ephemeral() as instance:
        result = chain.execute_in_process(
            run_config=CONFIG, instance=instance, run_id=run_id, tags={"of": "run", "more": "x"}
        )
        run = instance.get_run_by_id(run_id)
        assert run == result.dagster_run
    assert run is not None
    assert run.status is DagsterRunStatus.SUCCESS
    assert run.run_config == CONFIG
    assert run.tags == {"of": "run", "more": "x"}
    assert run.job_name == "chain"
    assert result.output_for_node("inc") == 5


def test_config_may_be_an_object() -> None:
    result = chain.execute_in_process(run_config=RunConfig(ops={"gives": {"config": {"n": 2}}}))
    assert result.output_for_node("inc") == 3


def test_all_problems_of_the_config_are_told_and_no_run_is_made() -> None:
    with DagsterInstance.ephemeral() as instance:
        with pytest.raises(DagsterInvalidConfigError) as caught:
            chain.execute_in_process(
                run_config={"ops": {"gives": {"config": {"n": "four"}}, "incc": {}}}, instance=instance
            )
        assert instance.get_runs() == []
    assert len(caught.value.errors) == 2


def test_resources_may_be_replaced() -> None:
    @job(resource_defs={"factor": factor})
    def scaling():
        scaled(inc(gives()))

    config = {**CONFIG, "resources": {"factor": {"config": 3}}}
    assert scaling.execute_in_process(run_config=config).output_for_node("scaled") == 15

    @graph
    def scaling_graph():
        scaled(inc(gives()))

    result = scaling_graph.execute_in_process(run_config=CONFIG, resources={"factor": 10})
    assert result.output_for_node("scaled") == 50


def test_a_part_of_a_job() -> None:
    result = chain.execute_in_process(run_config=CONFIG, op_selection=["gives"])
    assert result.success
    assert result.dagster_run.op_selection == ["gives"]
    assert {e.step_key for e in result.all_node_events} == {"gives"}
    with pytest.raises(DagsterInvalidSubsetError, match="givse"):
        chain.execute_in_process(op_selection=["givse"])


def test_the_same_run_cannot_be_made_twice() -> None:
    with DagsterInstance.ephemeral() as instance:
        result = chain.execute_in_process(run_config=CONFIG, instance=instance)
        with pytest.raises(
            DagsterInvariantViolationError, match=f"A run with id {result.run_id} already exists"
        ):
            chain.execute_in_process(run_config=CONFIG, instance=instance, run_id=result.run_id)


def test_a_job_runs_as_often_as_one_likes() -> None:
    with DagsterInstance.ephemeral() as instance:
        for n in (1, 2, 3):
            config = {"ops": {"gives": {"config": {"n": n}}}}
            assert chain.execute_in_process(run_config=config, instance=instance).output_for_node(
                "inc"
            ) == (n + 1)
        assert len(instance.get_runs()) == 3


def test_arguments_are_checked() -> None:
    with pytest.raises(ParameterCheckError, match="instance"):
        chain.execute_in_process(run_config=CONFIG, instance="here")  # type: ignore[arg-type]
    with pytest.raises(ParameterCheckError, match="tags"):
        chain.execute_in_process(run_config=CONFIG, tags=["x"])  # type: ignore[arg-type]


def test_jobs_run_inside_of_ops() -> None:
    @op
    def runs_another(context):
        result = chain.execute_in_process(run_config=CONFIG)
        context.log.info("still here")
        return result.output_for_node("inc")

    @job
    def around():
        runs_another()

    assert around.execute_in_process().output_for_node("runs_another") == 5


@pytest.mark.parametrize("what", ["logger", "executor"])
def test_a_run_that_cannot_begin_has_failed(what: str) -> None:
    @logger
    def breaks(_context):
        raise OSError("no log")

    @executor
    def refuses(_context):
        raise OSError("no executor")

    @op
    def never():
        raise AssertionError

    @job(
        logger_defs={"breaks": breaks},
        executor_def=refuses if what == "executor" else None,
        resource_defs={"io_manager": mem_io_manager},
    )
    def cannot_begin():
        never()

    config = {"loggers": {"breaks": {}}} if what == "logger" else {}
    with DagsterInstance.ephemeral() as instance:
        with pytest.raises(OSError, match=f"no {'log' if what == 'logger' else 'executor'}"):
            execution_of(cannot_begin, instance, config)
        (run,) = instance.get_runs()
        (entry,) = instance.all_logs(run.run_id)
    assert run.status is DagsterRunStatus.FAILURE
    event = entry.get_dagster_event()
    assert event.message == (
        'Execution of run for "cannot_begin" failed while its loggers and its executor were made.'
    )
    data = event.job_failure_data
    assert data.failure_reason is RunFailureReason.JOB_INITIALIZATION_FAILURE
    assert data.error.cls_name == "OSError"
