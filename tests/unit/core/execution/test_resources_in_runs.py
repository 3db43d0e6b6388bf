"""Resources of runs: set up in order, torn down in reverse, whatever happens."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.resource.decorator import resource
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterResourceFunctionError
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.io_manager import IOManager
from dagster._core.records.run import DagsterRunStatus
from tests.unit.core.execution.runs import events, execution_of

LOG: list[str] = []


@pytest.fixture(autouse=True)
def empty_log() -> None:
    LOG.clear()


@resource
def base(_context):
    LOG.append("base +")
    yield "base"
    LOG.append("base -")


@resource(required_resource_keys={"base"})
@contextmanager
def upper(context):
    LOG.append(f"upper + on {context.resources.base}")
    try:
        yield "upper"
    finally:
        LOG.append("upper -")


@resource
def broken(_context):
    LOG.append("broken +")
    raise ValueError("no connection")


@resource
def sticky(_context):
    LOG.append("sticky +")
    yield "sticky"
    LOG.append("sticky -")
    raise OSError("cannot close")


def job_with(op_def: Any, **resource_defs: Any) -> JobDefinition:
    @job(resource_defs={"base": base, "upper": upper, **resource_defs})
    def resourceful():
        op_def()

    return resourceful


@op(required_resource_keys={"upper"})
def uses(context):
    LOG.append(f"op with {context.resources.upper}")


@op(required_resource_keys={"upper"})
def fails():
    LOG.append("op")
    raise KeyError("op")


def test_in_the_order_of_needs_and_back() -> None:
    result = job_with(uses).execute_in_process()
    assert LOG == ["base +", "upper + on base", "op with upper", "upper -", "base -"]
    (started,) = events(result, "RESOURCE_INIT_STARTED")
    (ready,) = events(result, "RESOURCE_INIT_SUCCESS")
    assert started.message == "Starting initialization of resources [base, io_manager, upper]."
    assert started.engine_event_data.marker_start == "resources"
    assert ready.engine_event_data.marker_end == "resources"
    assert {"base", "base:init_time", "upper", "upper:init_time"} <= set(
        ready.engine_event_data.metadata
    )


def test_only_what_the_ops_need_is_set_up() -> None:
    @op
    def alone():
        pass

    result = job_with(alone).execute_in_process()
    assert LOG == []
    (started,) = events(result, "RESOURCE_INIT_STARTED")
    assert "[io_manager]" in (started.message or "")


@pytest.mark.parametrize("raise_on_error", [False, True])
def test_after_a_failed_op(raise_on_error: bool) -> None:
    if raise_on_error:
        with pytest.raises(KeyError):
            job_with(fails).execute_in_process()
    else:
        assert not job_with(fails).execute_in_process(raise_on_error=False).success
    assert LOG == ["base +", "upper + on base", "op", "upper -", "base -"]


@op(required_resource_keys={"base", "broken"})
def uses_broken():
    LOG.append("never")


def test_after_a_failed_set_up() -> None:
    result = job_with(uses_broken, broken=broken).execute_in_process(raise_on_error=False)
    assert LOG == ["base +", "broken +", "base -"]
    (failed,) = events(result, "RESOURCE_INIT_FAILURE")
    assert failed.message == "Initialization of resources [base, broken, io_manager] failed."
    error = failed.engine_event_data.error
    assert error.cls_name == "DagsterResourceFunctionError"
    assert error.cause.cls_name == "ValueError"
    assert not result.success
    data = result.get_run_failure_event().job_failure_data
    assert data.failure_reason.value == "RUN_EXCEPTION"
    assert data.error.cls_name == "DagsterResourceFunctionError"
    assert result.all_node_events == []


def test_a_failed_set_up_is_raised_with_its_cause() -> None:
    with pytest.raises(DagsterResourceFunctionError, match='resource "broken"') as caught:
        job_with(uses_broken, broken=broken).execute_in_process()
    assert isinstance(caught.value.__cause__, ValueError)
    assert LOG == ["base +", "broken +", "base -"]


@op(required_resource_keys={"base", "sticky", "upper"})
def uses_sticky():
    LOG.append("op")


def test_a_failed_teardown_is_reported_and_fails_nothing() -> None:
    result = job_with(uses_sticky, sticky=sticky).execute_in_process()
    assert result.success
    assert sorted(LOG[:3]) == ["base +", "sticky +", "upper + on base"]
    assert [line.split()[0] for line in LOG[4:]] == [line.split()[0] for line in reversed(LOG[:3])]
    (told,) = [e for e in events(result, "ENGINE_EVENT") if "Teardown" in (e.message or "")]
    assert told.message == 'Teardown of resource "sticky" failed.'
    error = told.engine_event_data.error
    assert error.cause.cls_name == "OSError"


def test_a_failed_teardown_does_not_hide_the_cause() -> None:
    @op(required_resource_keys={"sticky"})
    def fails_with_sticky():
        raise KeyError("the cause")

    job_def = job_with(fails_with_sticky, sticky=sticky)
    with pytest.raises(KeyError, match="the cause"):
        job_def.execute_in_process()
    result = job_def.execute_in_process(raise_on_error=False)
    assert any("Teardown" in (e.message or "") for e in result.all_events)
    assert result.get_failed_step_keys() == {"fails_with_sticky"}


def test_after_an_interrupt() -> None:
    @op(required_resource_keys={"upper"})
    def interrupted():
        LOG.append("op")
        raise KeyboardInterrupt

    @op
    def after(_x):
        LOG.append("never")

    @job(resource_defs={"base": base, "upper": upper})
    def stopped():
        after(interrupted())

    with DagsterInstance.ephemeral() as instance:
        with pytest.raises(DagsterExecutionInterruptedError) as caught:
            stopped.execute_in_process(instance=instance)
        (run,) = instance.get_runs()
        said = [e.dagster_event for e in instance.all_logs(run.run_id)]
    assert isinstance(caught.value.__cause__, KeyboardInterrupt)
    assert "has ended as canceled and its resources are torn down" in str(caught.value)
    assert run.status is DagsterRunStatus.CANCELED
    assert LOG == ["base +", "upper + on base", "op", "upper -", "base -"]
    step = next(e for e in said if e is not None and e.is_step_failure)
    assert step.step_failure_data.error_source is not None
    assert step.step_failure_data.error_source.value == "INTERRUPT"
    last = said[-1]
    assert last is not None
    assert last.event_type_value == "PIPELINE_CANCELED"
    assert last.message == 'Execution of run for "stopped" canceled. Execution was interrupted.'


def test_an_interrupt_while_resources_are_set_up() -> None:
    @resource
    def interrupted(_context):
        LOG.append("interrupted +")
        raise KeyboardInterrupt

    @op(required_resource_keys={"base", "interrupted"})
    def never():
        LOG.append("never")

    with DagsterInstance.ephemeral() as instance:
        with pytest.raises(DagsterExecutionInterruptedError):
            job_with(never, interrupted=interrupted).execute_in_process(instance=instance)
        assert instance.get_runs()[0].status is DagsterRunStatus.CANCELED
    assert LOG == ["base +", "interrupted +", "base -"]


def test_an_interrupt_in_an_io_manager_is_one_too() -> None:

    class Interrupted(IOManager):
        def handle_output(self, context, obj):
            raise KeyboardInterrupt

        def load_input(self, context):
            return None

    @op(required_resource_keys={"base"})
    def gives():
        return 1

    @job(resource_defs={"base": base, "io_manager": Interrupted()})
    def stored():
        gives()

    with DagsterInstance.ephemeral() as instance:
        with pytest.raises(DagsterExecutionInterruptedError):
            stored.execute_in_process(instance=instance)
        assert instance.get_runs()[0].status is DagsterRunStatus.CANCELED
    assert LOG == ["base +", "base -"]


def test_events_that_are_no_longer_asked_for_end_the_run_as_canceled() -> None:
    with DagsterInstance.ephemeral() as instance:
        execution = execution_of(job_with(uses), instance)
        stream = execution.events()
        for event in stream:
            if event.is_step_start:
                break
        stream.close()  # type: ignore[attr-defined]
        (run,) = instance.get_runs()
        last = instance.all_logs(run.run_id)[-1]
    assert run.status is DagsterRunStatus.CANCELED
    assert "its events were no longer asked for" in last.message
    assert LOG == ["base +", "upper + on base", "upper -", "base -"]


def test_an_interrupted_coroutine_ends_the_run_too() -> None:
    @op(required_resource_keys={"base"})
    async def interrupted():
        raise KeyboardInterrupt

    with DagsterInstance.ephemeral() as instance:
        with pytest.raises(DagsterExecutionInterruptedError):
            job_with(interrupted).execute_in_process(instance=instance)
        assert instance.get_runs()[0].status is DagsterRunStatus.CANCELED
    assert LOG == ["base +", "base -"]
