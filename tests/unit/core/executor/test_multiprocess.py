"""Steps in processes of their own: configs, who runs where, values, and what is refused."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterUnmetExecutorRequirementsError,
    JobExecutionResult,
    execute_job,
    reconstructable,
)
from dagster._core.errors import DagsterInvalidInvocationError
from dagster._core.executor.multiprocess import processor_count
from tests.unit.core.executor import process_jobs as jobs
from tests.unit.process.processes import none_left

Run = Callable[..., JobExecutionResult]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path / "home")) as instance:
        yield instance


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(jobs.DIRECTORY, str(tmp_path))
    return str(tmp_path)


@pytest.fixture
def run(instance: DagsterInstance, mark: str) -> Iterator[Run]:
    """Runs a job of process_jobs with a config of the multiprocess executor; nothing is left."""
    results: list[JobExecutionResult] = []

    def run(
        name: str, executor: Mapping[str, Any] | None = None, ops: Any = None, **kwargs: Any
    ) -> JobExecutionResult:
        config: dict[str, Any] = {"ops": ops} if ops else {}
        if executor is not None:
            config["execution"] = {"config": {"multiprocess": executor}}
        job = getattr(jobs, name)
        result = execute_job(reconstructable(job), instance, run_config=config, **kwargs)
        results.append(result)
        result.__enter__()
        return result

    yield run
    for result in results:
        result.__exit__(None, None, None)
    assert none_left(mark) == {}


def started_by(result: JobExecutionResult) -> dict[str, str]:
    """The process of each step."""
    return {
        str(event.step_key): event.engine_event_data.metadata["pid"].value
        for event in result.all_events
        if event.event_type is DagsterEventType.STEP_WORKER_STARTED
    }


def told(start: str) -> list[str]:
    return [line.removeprefix(start) for line in jobs.lines() if line.startswith(start)]


class TestConfig:
    @pytest.mark.parametrize(
        ("name", "config"),
        [
            ("chain", None),
            ("chain", {"multiprocess": {}}),
            ("chain", {"multiprocess": {"max_concurrent": 2}}),
            ("chain", {"multiprocess": {"start_method": {"forkserver": {}}}}),
            ("chain", {"multiprocess": {"start_method": {"spawn": {}}}}),
            ("with_executor", None),
            ("with_executor", {}),
            ("with_executor", {"max_concurrent": 2, "retries": {"disabled": {}}}),
            ("with_configured_executor", None),
        ],
    )
    def test_forms(self, instance: DagsterInstance, name: str, config: Any, mark: str) -> None:
        run_config = {} if config is None else {"execution": {"config": config}}
        with execute_job(reconstructable(getattr(jobs, name)), instance, run_config) as result:
            assert result.success
            pids = started_by(result)
            assert len(set(pids.values())) == len(pids) >= 2
            assert str(os.getpid()) not in pids.values()
            assert result.output_for_node("third" if name == "chain" else "add") >= 2

    @pytest.mark.parametrize("name", ["chain", "with_in_process_executor"])
    def test_in_process(self, instance: DagsterInstance, name: str) -> None:
        config = {"execution": {"config": {"in_process": {}}}} if name == "chain" else {}
        with execute_job(reconstructable(getattr(jobs, name)), instance, config) as result:
            assert result.success
            assert started_by(result) == {}

    @pytest.mark.parametrize("value", [0, None])
    def test_as_many_as_there_are_processors(self, run: Run, value: int | None) -> None:
        result = run("chain", {"max_concurrent": value})
        first = next(e for e in result.all_events if e.is_engine_event)
        assert "multiprocess executor" in str(first.message)
        assert first.engine_event_data.metadata["max_concurrent"].value == processor_count()

    @pytest.mark.parametrize(
        ("config", "words"),
        [
            ({"max_concurrent": -1}, "expected max_concurrent to be 0 or more, got: -1"),
            ({"max_steps_per_worker": 0}, "expected max_steps_per_worker to be 1 or more, got: 0"),
        ],
    )
    def test_numbers_that_make_no_sense(
        self, run: Run, instance: DagsterInstance, config: Any, words: str
    ) -> None:
        with pytest.raises(DagsterInvalidInvocationError, match=words):
            run("chain", config)
        (record,) = instance.get_runs()
        assert record.status.value == "FAILURE"


class TestHowMany:
    @pytest.mark.parametrize("reuse_workers", [False, True])
    @pytest.mark.parametrize("limit", [1, 3])
    def test_run_at_the_same_time(self, run: Run, limit: int, reuse_workers: bool) -> None:
        ops = {f"meets_{n}": {"config": {"together": limit}} for n in range(8)}
        result = run("meeting", {"max_concurrent": limit, "reuse_workers": reuse_workers}, ops)
        assert result.success
        most = [result.output_for_node(f"meets_{n}") for n in range(8)]
        assert max(most) == limit

    def test_with_a_tag(self, run: Run) -> None:
        ops = {f"{kind}_{n}": {"config": {"together": 4}} for kind in "ab" for n in range(4)}
        limits = [{"key": "database", "value": "slow", "limit": 1}, {"key": "database", "limit": 4}]
        result = run("meeting_by_tag", {"max_concurrent": 8, "tag_concurrency_limits": limits}, ops)
        assert result.success
        assert max(result.output_for_node(name) for name in ops) == 4
        came = [name[0] for name in told("came ")]
        # One of the slow ones, and the three others for which there is room.
        assert Counter(came[:4]) == {"a": 1, "b": 3}

    def test_steps_for_one_process_or_several(self, run: Run) -> None:
        result = run("pids", {"max_concurrent": 2})
        assert result.success
        assert len(set(told("pid "))) == 8
        assert sorted(told("up ")) == sorted(told("down ")) == sorted(told("pid "))

    def test_workers_that_are_used_again(self, run: Run) -> None:
        result = run("pids", {"max_concurrent": 2, "reuse_workers": True})
        assert result.success
        pids = told("pid ")
        assert len(pids) == 8
        assert 1 <= len(set(pids)) <= 2
        # Resources are set up once in each.
        assert sorted(told("up ")) == sorted(told("down ")) == sorted(set(pids))

    def test_so_many_steps_for_each(self, run: Run) -> None:
        result = run("pids", {"max_concurrent": 1, "max_steps_per_worker": 3})
        assert result.success
        assert sorted(Counter(told("pid ")).values()) == [2, 3, 3]
        assert len(told("up ")) == len(told("down ")) == 3

    def test_in_the_order_of_priorities(self, run: Run) -> None:
        assert run("priorities", {"max_concurrent": 1}).success
        assert jobs.lines() == ["first", "second", "middle", "none", "low"]


class TestStartMethods:
    def test_modules_are_loaded_before_the_first_fork(self, run: Run, monkeypatch: Any) -> None:
        result = run("chain", {"start_method": {"forkserver": {"preload_modules": ["this"]}}})
        assert result.success

    def test_a_module_that_cannot_be_loaded(self, run: Run) -> None:
        result = run("chain", {"start_method": {"forkserver": {"preload_modules": ["no_such_one"]}}})
        assert not result.success
        failure = next(e for e in result.all_events if e.event_type is DagsterEventType.RUN_FAILURE)
        error = failure.job_failure_data.error
        assert error is not None
        assert "could not load the job" in error.message
        assert "No module named 'no_such_one'" in error.message
        assert started_by(result) == {}

    def test_each_process_draws_its_own_numbers(self, run: Run) -> None:
        for method in ({}, {"start_method": {"spawn": {}}}, {"reuse_workers": True}):
            result = run("drawing", {"max_concurrent": 2, **method})
            drawn = [result.output_for_node(f"draws_{n}") for n in range(4)]
            assert len({x for x, _ in drawn}) == len({y for _, y in drawn}) == 4

    def test_code_that_starts_threads_is_spawned_and_told_so_once(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        module = "tests.unit.core.executor.thread_at_import"
        result = run("chain", {"start_method": {"forkserver": {"preload_modules": [module]}}})
        assert result.success
        notes = [str(e.message) for e in result.all_events if "new interpreters" in str(e.message)]
        assert len(notes) == 1
        assert "starts threads when it is imported (of the module)" in notes[0]
        assert len(set(started_by(result).values())) == 3


class TestValues:
    @pytest.mark.parametrize("executor", [{}, {"reuse_workers": True}, {"start_method": {"spawn": {}}}])
    def test_nested_graphs_and_fan_in(self, run: Run, executor: Any) -> None:
        result = run("nested_and_fan_in", executor)
        assert result.success
        assert result.output_for_node("total") == 9
        assert result.output_for_node("around_2.inner.b") == 3

    @pytest.mark.parametrize(("count", "value"), [(0, 0), (1, 2), (5, 20)])
    @pytest.mark.parametrize("executor", [{"max_concurrent": 3}, {"reuse_workers": True}])
    def test_dynamic_outputs(self, run: Run, executor: Any, count: int, value: int) -> None:
        result = run("dynamic", executor, {"several": {"config": {"count": count}}})
        assert result.success
        assert result.output_for_node("total") == value
        keys = {f"k{n}" for n in range(count)}
        assert {k for k in started_by(result) if "[" in k} == {
            f"{name}[{key}]" for name in ("add", "after") for key in keys
        }
        if count:
            assert result.output_for_node("after") == {f"k{n}": n + 2 for n in range(count)}

    def test_optional_outputs_that_are_not_given(self, run: Run) -> None:
        result = run("optional", {})
        assert result.success
        assert result.output_for_node("after_left") == 2
        skipped = {e.step_key for e in result.all_events if e.is_step_skipped}
        assert skipped == {"after_right", "after_further"}

    @pytest.mark.parametrize(
        ("config", "runs"),
        [
            ({}, False),
            ({"step_execution_mode": "after_upstream_steps"}, False),
            ({"step_execution_mode": "after_upstream_outputs"}, True),
            ({"step_dependency_config": {"require_upstream_step_success": False}}, True),
        ],
    )
    def test_what_a_step_needs_of_those_before_it(self, run: Run, config: Any, runs: bool) -> None:
        result = run("early", config)
        assert not result.success
        assert jobs.lines() == (["take"] if runs else [])


class TestRefusals:
    def test_values_in_memory(self, run: Run) -> None:
        with pytest.raises(DagsterUnmetExecutorRequirementsError) as caught:
            run("keeps_in_memory", {})
        assert '"in_memory.result" are kept in memory' in str(caught.value)
        assert "fs_io_manager" in str(caught.value)

    def test_an_ephemeral_instance(self) -> None:
        config = {"execution": {"config": {"multiprocess": {}}}}
        with (
            DagsterInstance.ephemeral() as instance,
            pytest.raises(
                DagsterUnmetExecutorRequirementsError, match="on an ephemeral instance"
            ) as caught,
        ):
            execute_job(reconstructable(jobs.chain), instance, config)
        assert "DagsterInstance.local_temp()" in str(caught.value)

    def test_an_ephemeral_instance_without_config_runs_in_process(self) -> None:
        with (
            DagsterInstance.ephemeral() as instance,
            execute_job(reconstructable(jobs.chain), instance) as result,
        ):
            assert result.success
            assert started_by(result) == {}

    def test_a_job_that_cannot_be_loaded_elsewhere(self, instance: DagsterInstance) -> None:
        from dagster._core.definitions.job.base import InMemoryJob

        with pytest.raises(DagsterUnmetExecutorRequirementsError) as caught:
            execute_job(InMemoryJob(jobs.not_reconstructable()), instance)
        assert "which is not reconstructable" in str(caught.value)
        assert "pass reconstructable(" in str(caught.value)
