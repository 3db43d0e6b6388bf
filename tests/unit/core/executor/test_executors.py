"""Executors: those of users, those that come with it, and what they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dagster._core.definitions.executor import (
    ExecutorDefinition,
    ExecutorRequirement,
    InitExecutorContext,
    executor,
    multiple_process_executor_requirements,
)
from dagster._core.definitions.job.base import IJob, InMemoryJob
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.job.resolved_config import ResolvedRunConfig
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvalidConfigError, DagsterUnmetExecutorRequirementsError
from dagster._core.events.event import DagsterEvent
from dagster._core.execution.resource_session import ResourceSession
from dagster._core.execution.step import execute_step
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.executor.base import Executor
from dagster._core.executor.builtin import (
    default_executors,
    in_process_executor,
    multi_or_in_process_executor,
    multiprocess_executor,
)
from dagster._core.executor.in_process import InProcessExecutor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.filesystem import fs_io_manager
from dagster._core.io.memory import mem_io_manager
from dagster._core.plan.progress import Progress
from dagster._core.records.retry import RetryMode
from dagster._core.records.user_events import Output
from dagster._core.runner import requirements
from dagster._core.runner.requirements import fitting_executor_config
from tests.unit.core.execution.runs import run_events


@op
def one():
    return 1


@op
def inc(x):
    return x + 1


class OneByOne(Executor):
    """The smallest executor that keeps the contract."""

    def __init__(self, shout: bool) -> None:
        self.shout = shout

    @property
    def retries(self) -> RetryMode:
        return RetryMode.DISABLED

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        session = ResourceSession(plan_context)
        try:
            yield from session.open()
            progress = Progress(execution_plan)
            while (step := progress.take_ready()) is not None:
                for event in execute_step(StepExecutionContext(plan_context, step)):
                    progress.handle_event(step, event)
                    yield event
            yield DagsterEvent.engine_event(plan_context, "LOUD" if self.shout else "quiet")
        finally:
            session.close()


MADE: list[InitExecutorContext] = []


@executor(config_schema={"shout": bool})
def one_by_one(init_context: InitExecutorContext) -> Executor:
    """Runs steps one by one."""
    MADE.append(init_context)
    return OneByOne(init_context.executor_config["shout"])


def test_an_executor_of_the_user() -> None:
    @job(executor_def=one_by_one)
    def custom():
        inc(one())

    MADE.clear()
    with DagsterInstance.ephemeral() as instance:
        said = run_events(custom, {"execution": {"config": {"shout": True}}}, instance)
    assert said[-1].is_job_success
    assert [e.message for e in said if e.is_engine_event] == ["LOUD"]
    assert [e.step_key for e in said if e.is_step_success] == ["one", "inc"]
    (context,) = MADE
    assert isinstance(context.job, IJob)
    assert context.job.get_definition() is custom
    assert context.pipeline is context.job
    assert context.executor_def is one_by_one
    assert context.executor_config == {"shout": True}
    assert context.instance is instance


def test_its_config_is_checked() -> None:
    @job(executor_def=one_by_one)
    def custom():
        one()

    with pytest.raises(DagsterInvalidConfigError, match="execution → config"):
        run_events(custom, {"execution": {"config": {"shuot": True}}})


def test_its_definition() -> None:
    assert isinstance(one_by_one, ExecutorDefinition)
    assert (one_by_one.name, one_by_one.description) == ("one_by_one", "Runs steps one by one.")
    assert one_by_one.executor_creation_fn is not None
    assert one_by_one.get_requirements({}) == []


def test_configured_executors() -> None:
    loud = one_by_one.configured({"shout": True}, name="loud")
    either = one_by_one.configured(
        lambda config: {"shout": config["volume"] > 5}, name="either", config_schema={"volume": int}
    )
    for definition, config, message in (
        (loud, {}, "LOUD"),
        (either, {"execution": {"config": {"volume": 3}}}, "quiet"),
        (either, {"execution": {"config": {"volume": 6}}}, "LOUD"),
    ):

        @job(executor_def=definition)
        def custom():
            one()

        said = run_events(custom, config)
        assert [e.message for e in said if e.is_engine_event] == [message]
    assert (loud.name, either.name) == ("loud", "either")


def test_an_executor_object_may_stand_for_its_definition() -> None:
    definition = ExecutorDefinition.hardcoded_executor(OneByOne(False))

    @job(executor_def=definition)
    def custom():
        one()

    assert [e.message for e in run_events(custom) if e.is_engine_event] == ["quiet"]


def test_the_executors_that_come_with_it() -> None:
    assert default_executors[0] is in_process_executor
    context = InitExecutorContext(
        job=None,
        executor_def=in_process_executor,
        executor_config={"retries": {"disabled": {}}, "marker_to_close": "m"},
        instance=None,
    )
    made = in_process_executor(context)
    assert isinstance(made, InProcessExecutor)
    assert made.retries is RetryMode.DISABLED
    assert made.step_dependency_config.require_upstream_step_success
    assert isinstance(multi_or_in_process_executor, ExecutorDefinition)


def test_steps_of_the_in_process_executor_run_by_priority() -> None:
    @job(executor_def=in_process_executor)
    def ordered():
        one.alias("late").tag({"dagster/priority": "-1"})()
        one.alias("usual")()
        one.alias("soon").tag({"dagster/priority": "3"})()

    said = run_events(ordered)
    assert [e.step_key for e in said if e.is_step_start] == ["soon", "usual", "late"]


def test_what_a_step_needs_of_the_others_can_be_told() -> None:
    @op
    def gives_and_fails():
        yield Output(1)
        raise ValueError("afterwards")

    @job(executor_def=in_process_executor, resource_defs={"io_manager": mem_io_manager})
    def lenient():
        inc(gives_and_fails())

    config = {
        "execution": {"config": {"step_dependency_config": {"require_upstream_step_success": False}}}
    }
    assert [e.step_key for e in run_events(lenient, config) if e.is_step_success] == ["inc"]
    assert [e.step_key for e in run_events(lenient) if e.is_step_success] == []


# What executors need


@job(resource_defs={"io_manager": fs_io_manager})
def stored():
    inc(one())


@job(resource_defs={"io_manager": mem_io_manager})
def in_memory():
    inc(one())


class Reconstructable(InMemoryJob):
    @property
    def is_reconstructable(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("needs", "given", "message"),
    [
        (
            ExecutorRequirement.RECONSTRUCTABLE_JOB,
            InMemoryJob(stored),
            (
                "which is not reconstructable. It runs steps in other processes, which must load the job "
                r"themselves: pass reconstructable\("
            ),
        ),
        (
            ExecutorRequirement.PERSISTENT_OUTPUTS,
            Reconstructable(in_memory),
            (
                'whose outputs "one.result", "inc.result" are kept in memory.* use an I/O manager such as '
                "fs_io_manager"
            ),
        ),
        (
            ExecutorRequirement.NON_EPHEMERAL_INSTANCE,
            Reconstructable(stored),
            "on an ephemeral instance",
        ),
    ],
)
def test_what_is_missing_is_told(needs: ExecutorRequirement, given: IJob, message: str) -> None:
    @executor(name="elsewhere", requirements=[needs])
    def elsewhere(init_context):
        raise AssertionError("it is not made")

    with (
        DagsterInstance.ephemeral() as instance,
        pytest.raises(DagsterUnmetExecutorRequirementsError, match=message) as caught,
    ):
        fitting_executor_config(elsewhere, ResolvedRunConfig(), given, instance)
    name = given.get_definition().name
    assert f"You have attempted to use the executor \"elsewhere\" with job '{name}'" in str(caught.value)


def test_needs_may_depend_on_config() -> None:
    @executor(
        config_schema={"far": bool},
        requirements=lambda config: multiple_process_executor_requirements() if config["far"] else [],
    )
    def sometimes(init_context):
        return OneByOne(False)

    @job(executor_def=sometimes)
    def custom():
        one()

    assert run_events(custom, {"execution": {"config": {"far": False}}})[-1].is_job_success
    with pytest.raises(DagsterUnmetExecutorRequirementsError, match="not reconstructable"):
        run_events(custom, {"execution": {"config": {"far": True}}})


def test_there_are_no_processes_for_steps_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements.sys, "platform", "win32")
    given = Reconstructable(stored)
    with DagsterInstance.local_temp() as instance:
        with pytest.raises(DagsterUnmetExecutorRequirementsError, match="on Windows: use the threads"):
            fitting_executor_config(multiprocess_executor, ResolvedRunConfig(), given, instance)
        config = ResolvedRunConfig(executor={"multiprocess": {}})
        assert fitting_executor_config(multi_or_in_process_executor, config, given, instance) == {
            "in_process": {}
        }
