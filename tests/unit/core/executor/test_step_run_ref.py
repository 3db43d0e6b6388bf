"""Steps that a launcher has run somewhere else."""

from __future__ import annotations

import os
import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster._core.definitions.code_pointer import FileCodePointer, ModuleCodePointer
from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.reconstructable import (
    ReconstructableJob,
    ReconstructableRepository,
    reconstructable,
)
from dagster._core.definitions.resource.definition import ResourceDefinition
from dagster._core.errors import (
    DagsterExecutionStepNotFoundError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
    DagsterSubprocessError,
)
from dagster._core.execution.step_context import StepExecutionContext
from dagster._core.execution.step_launcher import StepLauncher
from dagster._core.executor.step_run_ref import (
    StepRunRef,
    external_instance_from_step_run_ref,
    run_step_from_ref,
    step_context_to_step_run_ref,
    step_run_ref_to_step_context,
)
from dagster._core.instance.for_test import instance_for_test
from dagster._core.plan.compile import plan_of
from dagster._core.records.retry import RetryMode
from dagster._core.runner.execute_job import execute_job
from dagster._core.runner.run import RunExecution
from dagster._wire.codec import deserialize_value, serialize_value
from tests.unit.core.executor.launched_job import HOOKED, QUIET, failing_job, launched_job

ROOT = Path(__file__).parents[4]
CONFIG = {**QUIET, "ops": {"multiply": {"config": {"factor": 10}}}}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAUNCH_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
    monkeypatch.chdir(ROOT)
    return tmp_path


@pytest.mark.slow
def test_steps_run_where_their_launcher_has_them_run(place: Path) -> None:
    with instance_for_test() as instance:
        with execute_job(reconstructable(launched_job), instance, run_config=CONFIG) as result:
            assert result.success
            number, pid = result.output_for_node("total")
            assert number == 30
            assert pid != os.getpid()
            assert result.output_for_node("flaky") == 1
        entries = instance.all_logs(result.run_id)
        # Everything is in the log once, and in order.
        events = [e.dagster_event for e in entries if e.dagster_event is not None]
        kinds = [e.event_type_value for e in events if e.step_key == "multiply[1]"]
        assert [k for k in kinds if k not in ("STEP_WORKER_STARTED", "LOADED_INPUT")] == [
            "STEP_START",
            "STEP_INPUT",
            "STEP_OUTPUT",
            "HANDLED_OUTPUT",
            "STEP_SUCCESS",
        ]
        ended = Counter(e.step_key for e in events if e.is_step_success)
        assert ended == Counter(["keys", "multiply[1]", "multiply[2]", "total", "flaky"])
        assert [e.step_key for e in events if e.is_step_up_for_retry] == ["flaky"]
        said = [
            e.user_message
            for e in entries
            if e.step_key == "multiply[1]" and e.user_message.startswith("multiplying in ")
        ]
        assert len(said) == 1
        assert said != [f"multiplying in {os.getpid()}"]


@pytest.mark.slow
def test_a_failure_there_is_one_here(place: Path) -> None:
    HOOKED.clear()
    with instance_for_test() as instance:
        result = execute_job(reconstructable(failing_job), instance, run_config=QUIET)
        assert not result.success
        (failure,) = [e for e in result.all_events if e.is_step_failure]
        assert "broken there" in str(failure.step_failure_data.error)
        logged = [
            e
            for e in instance.all_logs(result.run_id)
            if e.dagster_event and e.dagster_event.is_step_failure
        ]
        assert len(logged) == 1
        ((pid, message),) = HOOKED
        assert pid == os.getpid()
        assert message.startswith('Step "broken" failed where it was launched')
        with pytest.raises(DagsterSubprocessError, match="failed where it was launched"):
            execute_job(reconstructable(failing_job), instance, run_config=QUIET, raise_on_error=True)


class Fake(StepLauncher):
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def launch_step(self, step_context: StepExecutionContext) -> Iterator[Any]:
        if self.error is not None:
            raise self.error
        yield from ()


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"a": Fake()}, "came to its end without an event that says how the step ended"),
        ({"a": Fake(OSError("no route"))}, "no route"),
        (
            {"a": Fake(), "b": Fake()},
            "one step launcher at most for op 'launched', got the resources a, b",
        ),
    ],
)
def test_launchers_that_do_wrong_fail_the_step(resources: dict[str, Any], message: str) -> None:
    @op(required_resource_keys=set(resources))
    def launched() -> None: ...

    definitions = {k: ResourceDefinition.hardcoded_resource(v) for k, v in resources.items()}

    @job(resource_defs=definitions)
    def launching() -> None:
        launched()

    result = launching.execute_in_process(raise_on_error=False)
    assert not result.success
    (failure,) = [e for e in result.all_events if e.is_step_failure]
    assert message in str(failure.step_failure_data.error)


# References


def context_of(job_def: Any, instance: Any, key: str, recon: Any = None) -> StepExecutionContext:
    run = instance.create_run_for_job(job_def, run_config=CONFIG)
    config = job_def.resolve_run_config(CONFIG)
    plan = plan_of(job_def, config)
    execution = RunExecution(recon or reconstructable(launched_job), run, config, instance, plan)
    return StepExecutionContext(execution.context, plan.get_step_by_key(key), 2)


def test_a_reference_crosses_as_json_and_pickled(place: Path) -> None:
    with instance_for_test() as instance:
        context = context_of(launched_job(), instance, "flaky")
        ref = step_context_to_step_run_ref(context)
        assert (ref.step_key, ref.run_id, ref.attempt) == ("flaky", context.run_id, 2)
        assert ref.retry_mode is RetryMode.DEFERRED
        for again in (
            pickle.loads(pickle.dumps(ref)),
            deserialize_value(serialize_value(ref), StepRunRef),
        ):
            assert serialize_value(again) == serialize_value(ref)
            with external_instance_from_step_run_ref(again) as external:
                there = step_run_ref_to_step_context(again, external)
                assert there.step.key == "flaky"
                assert there.attempt == 2
                assert there.run_config == context.run_config


def test_a_step_runs_from_its_reference(place: Path) -> None:
    told: list[Any] = []
    with instance_for_test() as instance:
        ref = step_context_to_step_run_ref(context_of(launched_job(), instance, "flaky"))
    with external_instance_from_step_run_ref(ref, told.append) as external:
        events = list(run_step_from_ref(ref, external))
    assert events[-1].is_step_success
    assert [e.dagster_event for e in told if e.dagster_event in events] == events
    plan_without = ref._replace(step_key="other", step=None)
    with (
        external_instance_from_step_run_ref(plan_without) as external,
        pytest.raises(DagsterExecutionStepNotFoundError),
    ):
        list(run_step_from_ref(plan_without, external))
    with (
        external_instance_from_step_run_ref(ref) as external,
        pytest.raises(
            DagsterExecutionStepNotFoundError, match="not the one that the run was started with"
        ),
    ):
        list(run_step_from_ref(ref._replace(step_key="other"), external))


def test_files_are_named_as_modules_where_packages_begin(place: Path) -> None:
    file = str(Path(__file__).with_name("launched_job.py"))
    recon = ReconstructableJob(
        ReconstructableRepository(FileCodePointer(file, "launched_job", str(ROOT))), "launched"
    )
    with instance_for_test() as instance:
        context = context_of(launched_job(), instance, "flaky", recon)
        ref = step_context_to_step_run_ref(context, str(ROOT))
        pointer = ref.recon_job.repository.pointer
        assert pointer == ModuleCodePointer("tests.unit.core.executor.launched_job", "launched_job")
        assert step_context_to_step_run_ref(context).recon_job.repository.pointer != pointer
        with pytest.raises(
            DagsterInvalidInvocationError, match="package_dir to be a directory that holds"
        ):
            step_context_to_step_run_ref(context, str(place / "elsewhere"))


def test_a_job_that_cannot_be_loaded_elsewhere_is_refused() -> None:
    @op
    def alone() -> None: ...

    @job
    def local() -> None:
        alone()

    from dagster._core.definitions.job.base import InMemoryJob

    with instance_for_test() as instance:
        run = instance.create_run_for_job(local)
        config = local.resolve_run_config({})
        plan = plan_of(local, config)
        execution = RunExecution(InMemoryJob(local), run, config, instance, plan)
        with pytest.raises(DagsterInvariantViolationError, match="cannot be loaded elsewhere"):
            step_context_to_step_run_ref(StepExecutionContext(execution.context, plan.steps[0]))
