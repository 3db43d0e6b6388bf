"""The document "Internals": its examples and members, as far as they belong to runs in one process.

Storages, run coordinators, schedulers and step launchers come with later issues.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    EventLogEntry,
    Executor,
    ExecutorDefinition,
    FileHandle,
    InitExecutorContext,
    LocalFileHandle,
    RunsFilter,
    StepExecutionContext,
    execute_job,
    executor,
    in_process_executor,
    job,
    local_file_manager,
    op,
    reconstructable,
)
from dagster._check import CheckError
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.errors import (
    DagsterExecutionStepExecutionError,
    DagsterUserCodeExecutionError,
    user_code_error_boundary,
)
from dagster._core.storage.dagster_run import RunRecord
from dagster._core.storage.file_manager import FileManager

# Executors


class Forwarding(Executor):
    """Hands the whole plan to another executor."""

    def __init__(self, inner: Executor, note: str) -> None:
        self.inner = inner
        self.note = note

    @property
    def retries(self):
        return self.inner.retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        yield DagsterEvent.engine_event(plan_context, self.note)
        yield from self.inner.execute(plan_context, execution_plan)


CONTEXTS: list[InitExecutorContext] = []


@executor(name="forwarding", config_schema={"note": str}, requirements=[])
def forwarding_executor(init_context: InitExecutorContext) -> Executor:
    """Notes something first."""
    CONTEXTS.append(init_context)
    inner = in_process_executor(
        InitExecutorContext(
            job=init_context.job,
            executor_def=in_process_executor,
            executor_config={},
            instance=init_context.instance,
        )
    )
    return Forwarding(inner, init_context.executor_config["note"])


@op
def one() -> int:
    return 1


@job(executor_def=forwarding_executor)
def forwarded():
    one()


def test_define_an_executor() -> None:
    CONTEXTS.clear()
    with DagsterInstance.ephemeral() as instance:
        with execute_job(
            reconstructable(forwarded),
            instance=instance,
            run_config={"execution": {"config": {"note": "first"}}},
        ) as result:
            assert result.success
            messages = [e.message for e in result.all_events if e.is_engine_event]
        (context,) = CONTEXTS
        assert context.instance is instance
    assert messages[0] == "first"
    assert context.job.get_definition().name == "forwarded"
    assert context.executor_def.name == "forwarding"
    assert context.executor_config == {"note": "first"}


def test_executor_definition() -> None:
    assert isinstance(forwarding_executor, ExecutorDefinition)
    assert forwarding_executor.name == "forwarding"
    assert forwarding_executor.description == "Notes something first."
    made = ExecutorDefinition(
        name="mine",
        config_schema={"note": str},
        executor_creation_fn=forwarding_executor.executor_creation_fn,
        description="The same.",
    )
    assert (made.name, made.description) == ("mine", "The same.")
    assert made.executor_creation_fn is forwarding_executor.executor_creation_fn


def test_configured_executor() -> None:
    by_value = forwarding_executor.configured({"note": "by value"}, name="by_value")

    by_function = forwarding_executor.configured(
        lambda config: {"note": " ".join(config["words"])},
        name="by_function",
        config_schema={"words": [str]},
    )

    for definition, config, note in (
        (by_value, {}, "by value"),
        (by_function, {"execution": {"config": {"words": ["by", "function"]}}}, "by function"),
    ):

        @job(executor_def=definition)
        def configured_job():
            one()

        with (
            DagsterInstance.ephemeral() as instance,
            execute_job(InMemoryJob(configured_job), instance=instance, run_config=config) as result,
        ):
            assert next(e.message for e in result.all_events if e.is_engine_event) == note


def test_an_executor_is_an_abstract_class() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Executor()  # type: ignore[abstract]


# File manager


@op(required_resource_keys={"file_manager"})
def write_files(context):
    fh_1 = context.resources.file_manager.write_data(b"foo")

    with tempfile.NamedTemporaryFile("w+") as fd:
        fd.write("bar")
        fd.seek(0)
        fh_2 = context.resources.file_manager.write(fd, mode="w", ext=".txt")

    return (fh_1, fh_2)


READ: list[Any] = []


@op(required_resource_keys={"file_manager"})
def read_files(context, file_handles):
    fh_1, fh_2 = file_handles
    assert context.resources.file_manager.read_data(fh_2) == b"bar"
    fd = context.resources.file_manager.read(fh_2, mode="r")
    # The document asserts "foo" here, though what it wrote is "bar".
    assert fd.read() == "bar"
    fd.close()
    assert context.resources.file_manager.read_data(fh_1) == b"foo"
    with open(context.resources.file_manager.copy_handle_to_local_temp(fh_1), "rb") as copy:
        assert copy.read() == b"foo"
    context.resources.file_manager.delete_local_temp()
    READ.extend(file_handles)


def test_local_file_manager() -> None:
    @job(resource_defs={"file_manager": local_file_manager})
    def files_pipeline():
        read_files(write_files())

    READ.clear()
    with DagsterInstance.ephemeral() as instance:
        assert files_pipeline.execute_in_process(instance=instance).success
        fh_1, fh_2 = READ
        for handle in READ:
            assert isinstance(handle, (FileHandle, LocalFileHandle))
            assert handle.path_desc == handle.path
            assert os.path.dirname(handle.path) == os.path.join(
                instance.storage_directory(), "file_manager"
            )
    assert fh_2.path.endswith(".txt")
    assert not fh_1.path.endswith(".txt")


def test_local_file_manager_in_a_directory(tmp_path) -> None:
    @job(resource_defs={"file_manager": local_file_manager.configured({"base_dir": str(tmp_path)})})
    def files_pipeline():
        read_files(write_files())

    READ.clear()
    assert files_pipeline.execute_in_process().success
    assert {os.path.dirname(handle.path) for handle in READ} == {str(tmp_path)}


def test_file_managers_are_the_documented_class() -> None:
    assert {
        "copy_handle_to_local_temp",
        "delete_local_temp",
        "read",
        "read_data",
        "write",
        "write_data",
    } <= FileManager.__abstractmethods__


# Instance and runs


def test_ephemeral_instance() -> None:
    with DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(forwarded, run_config={"a": 1}, tags={"team": "x"})
        assert instance.get_run_by_id(run.run_id) == run
        record = instance.get_run_record_by_id(run.run_id)
        assert isinstance(record, RunRecord)
        assert record.dagster_run == run
        assert [r.dagster_run for r in instance.get_run_records(RunsFilter(job_name="forwarded"))] == [
            run
        ]
        assert instance.get_runs(RunsFilter(tags={"team": "y"})) == []
        instance.delete_run(run.run_id)
        assert instance.get_run_by_id(run.run_id) is None


@pytest.mark.parametrize("status", list(DagsterRunStatus))
def test_members_of_a_run(status: DagsterRunStatus) -> None:
    run = DagsterRun(job_name="j", run_id="r", run_config={"a": 1}, tags={"t": "v"}, status=status)
    assert (run.job_name, run.run_id, run.run_config, run.tags) == ("j", "r", {"a": 1}, {"t": "v"})
    name = status.name
    assert run.is_success == (name == "SUCCESS")
    assert run.is_failure == (name == "FAILURE")
    assert run.is_failure_or_canceled == (name in ("FAILURE", "CANCELED"))
    assert run.is_finished == (name in ("SUCCESS", "FAILURE", "CANCELED"))
    assert run.is_cancelable == (name in ("STARTED", "QUEUED"))
    assert run.is_resume_retry is False


def test_entries_of_the_event_log() -> None:
    @op
    def talks(context):
        context.log.warning("hello")
        return 1

    @job
    def talking():
        talks()

    with DagsterInstance.ephemeral() as instance:
        result = talking.execute_in_process(instance=instance)
        entries = instance.all_logs(result.run_id)
    spoken = next(e for e in entries if e.user_message == "hello")
    assert isinstance(spoken, EventLogEntry)
    assert (spoken.level, spoken.step_key, spoken.job_name) == (30, "talks", "talking")
    assert spoken.run_id == result.run_id
    assert spoken.message == "hello"
    assert not spoken.is_dagster_event
    assert spoken.dagster_event_type is None
    with pytest.raises(CheckError):
        spoken.get_dagster_event()
    started = next(e for e in entries if e.dagster_event_type is DagsterEventType.STEP_START)
    assert started.is_dagster_event
    assert started.get_dagster_event().step_key == "talks"
    assert started.message == 'Started execution of step "talks".'
    assert started.error_info is None


# Exception handling


def call_user_provided_function() -> None:
    raise ValueError("the user's own")


def test_user_code_error_boundary() -> None:
    with (
        pytest.raises(DagsterExecutionStepExecutionError) as caught,
        user_code_error_boundary(
            # Pass a class that inherits from DagsterUserCodeExecutionError
            DagsterExecutionStepExecutionError,
            # Pass a function that produces a message
            lambda: "Error occurred during step execution",
            step_key="s",
            op_name="o",
            op_def_name="d",
        ),
    ):
        call_user_provided_function()
    error = caught.value
    assert isinstance(error, DagsterUserCodeExecutionError)
    assert "Error occurred during step execution" in str(error)
    assert isinstance(error.user_exception, ValueError)
    assert error.__cause__ is error.user_exception
    assert error.is_user_code_error
    # The user's own stack is kept, so that it can be shown without ours.
    assert error.original_exc_info[1] is error.user_exception
    frames = traceback.extract_tb(error.original_exc_info[2])
    assert frames[-1].name == "call_user_provided_function"


def test_the_boundary_wants_a_class_of_user_errors() -> None:
    with pytest.raises(TypeError, match="a subclass of DagsterUserCodeExecutionError"):
        user_code_error_boundary(ValueError, lambda: "x")  # type: ignore[arg-type]


def test_step_execution_context() -> None:
    seen: list[Any] = []

    @op
    def looks(context):
        seen.append(context.get_step_execution_context())

    @job
    def looking():
        looks()

    looking.execute_in_process()
    (context,) = seen
    assert isinstance(context, StepExecutionContext)
    assert (context.step.key, context.op_def.name, context.job_name) == ("looks", "looks", "looking")
