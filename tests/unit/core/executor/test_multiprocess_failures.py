"""Steps in processes of their own that fail, crash, take too long or are tried again, and what is told."""

from __future__ import annotations

import gc
import itertools
import os
import re
import select
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster import (
    DagsterEventType,
    DagsterInstance,
    JobExecutionResult,
    execute_job,
    reconstructable,
)
from dagster._core.errors import (
    DagsterExecutionInterruptedError,
    DagsterMaxRuntimeExceededError,
    DagsterSubprocessError,
    DagsterWorkerProcessError,
)
from dagster._core.events.payloads import ErrorSource
from dagster._core.executor import multiprocess
from dagster._core.runner.execute_job import execute_run_iterator
from dagster._core.runner.interrupts import raise_execution_interrupts
from dagster._process.channel import Channel
from dagster._process.descent import children_of
from tests.storage.services import POSTGRESQL, own_schema
from tests.unit.core.executor import process_jobs as jobs
from tests.unit.core.executor.test_multiprocess import Run, instance, mark, run, started_by, told
from tests.unit.process.processes import none_left

__all__ = ["instance", "mark", "run"]  # fixtures


def failures_of(result: JobExecutionResult) -> dict[str, Any]:
    return {
        str(event.step_key): event.step_failure_data
        for event in result.all_events
        if event.event_type is DagsterEventType.STEP_FAILURE
    }


def kinds_of(result: JobExecutionResult, key: str) -> list[str]:
    return [e.event_type_value for e in result.all_events if e.step_key == key]


def output_of(instance: DagsterInstance, run_id: str, key: str) -> tuple[str, str]:
    """What the compute log manager has kept of the attempts of a step."""
    out, err = "", ""
    for entry in instance.all_logs(run_id, of_type=DagsterEventType.LOGS_CAPTURED):
        data: Any = entry.dagster_event.logs_captured_data
        if key in data.step_keys:
            logs = instance.compute_log_manager.get_log_data(data.log_key)
            out += (logs.stdout or b"").decode()
            err += (logs.stderr or b"").decode()
    return out, err


both = pytest.mark.parametrize("executor", [{}, {"reuse_workers": True}], ids=["isolated", "reused"])


class TestErrors:
    @both
    def test_of_the_user(self, run: Run, executor: Any) -> None:
        result = run("failing", {"max_concurrent": 1, **executor}, raise_on_error=False)
        assert not result.success
        (data,) = failures_of(result).values()
        assert data.error_source is ErrorSource.USER_CODE_ERROR
        assert "ValueError: the user's own" in data.error.to_string()
        assert result.output_for_node("one") == 1
        assert kinds_of(result, "add") == []
        assert [e.event_type_value for e in result.all_events][-1] == "PIPELINE_FAILURE"

    def test_of_the_user_where_errors_are_raised(self, run: Run) -> None:
        """The step tells of it; it is not one of the processes, and its object is not here."""
        result = run("failing", {}, raise_on_error=True)
        assert not result.success
        assert "the user's own" in failures_of(result)["fails"].error.to_string()

    def test_of_a_process_where_errors_are_raised(self, run: Run, instance: DagsterInstance) -> None:
        with pytest.raises(DagsterSubprocessError, match="errors occurred in child processes") as caught:
            run("crashing", {}, raise_on_error=True)
        (info,) = caught.value.subprocess_error_infos
        assert 'The process of step "crashes" (pid ' in info.message
        assert "was killed by SIGKILL" in info.message
        (record,) = instance.get_runs()
        assert record.status.value == "FAILURE"
        assert instance.get_run_stats(record.run_id).steps_succeeded == 2

    @both
    def test_of_a_process(self, run: Run, instance: DagsterInstance, executor: Any) -> None:
        result = run("crashing", executor)
        assert not result.success
        (data,) = failures_of(result).values()
        assert data.error_source is ErrorSource.UNEXPECTED_TERMINATION
        assert data.error.cls_name == DagsterWorkerProcessError.__name__
        pid = started_by(result)["crashes"]
        assert f'The process of step "crashes" (pid {pid}) was killed by SIGKILL' in data.error.message
        assert result.output_for_node("beside") == 2
        assert output_of(instance, result.run_id, "crashes") == ("up to here\n", "and here\n")

    def test_metadata_and_output_of_failures(self, run: Run, instance: DagsterInstance) -> None:
        result = run("all_failures", {})
        data = failures_of(result)
        assert data["fails_with_metadata"].user_failure_data.metadata["why"].value == "so"
        out, _ = output_of(instance, result.run_id, "writes_and_crashes")
        assert out.splitlines() == [f"line {number}" for number in range(5000)]

    def test_children_that_come_to_the_end_of_the_code_have_no_part_in_the_step(self, run: Run) -> None:
        result = run("forking", {})
        assert result.success
        assert result.output_for_node("add") == 2
        kinds = kinds_of(result, "forks_and_leaves")
        assert Counter(kinds)["STEP_SUCCESS"] == 1
        assert "STEP_FAILURE" not in kinds

    @both
    def test_hooks_are_told(self, run: Run, executor: Any) -> None:
        result = run("hooked", {"max_concurrent": 2, **executor})
        assert not result.success
        told_of = {line.partition(":")[0]: line for line in told("failure of ")}
        assert set(told_of) == {"fails", "crashes", "takes_too_long"}
        assert told_of["fails"] == "fails: ValueError: the user's own at here"
        assert re.fullmatch(
            r'crashes: DagsterWorkerProcessError: The process of step "crashes" \(pid \d+\) was killed by '
            r"SIGKILL: somebody killed it, or the system did because memory was used up\. at here",
            told_of["crashes"],
        )
        assert "exceeded its maximum runtime of 0.3 s" in told_of["takes_too_long"]
        (success,) = told("success of ")
        assert success == f"one in {started_by(result)['one']}"
        completed = [e.step_key for e in result.all_events if e.event_type_value == "HOOK_COMPLETED"]
        assert sorted(str(key) for key in completed) == ["crashes", "fails", "one", "takes_too_long"]
        # The process that was killed has torn nothing down.
        assert set(told("down ")) == set(told("up ")) - {started_by(result)["crashes"]}


class TestRetries:
    def test_enabled(self, run: Run) -> None:
        result = run("retrying", {"retries": {"enabled": {}}, "max_concurrent": 2})
        assert result.success
        assert told("try ") == ["0", "1", "2"]
        kinds = kinds_of(result, "crashes_twice")
        assert Counter(kinds)["STEP_UP_FOR_RETRY"] == 2
        assert Counter(kinds)["STEP_RESTARTED"] == 2
        asked = [line.split() for line in told("asked ")]
        assert [number for number, _ in asked] == ["0", "1", "2"]
        times = [float(time) for _, time in asked]
        assert all(after - before >= 0.3 for before, after in itertools.pairwise(times))
        assert result.output_for_node("asks_for_retries") == 2

    def test_disabled(self, run: Run) -> None:
        result = run("retrying", {"retries": {"disabled": {}}})
        assert not result.success
        assert told("try ") == ["0"]
        assert len(told("asked ")) == 1
        assert set(failures_of(result)) == {"crashes_twice", "asks_for_retries"}


class TestTimeLimits:
    @both
    def test_of_a_step(self, run: Run, executor: Any) -> None:
        result = run("limited", executor)
        (data,) = failures_of(result).values()
        assert "was ended, since the step exceeded its maximum runtime of 0.3 s" in data.error.message
        assert result.output_for_node("one") == 1

    @pytest.mark.parametrize("raise_on_error", [False, True])
    def test_of_the_run(self, run: Run, instance: DagsterInstance, raise_on_error: bool) -> None:
        if raise_on_error:
            with pytest.raises(DagsterMaxRuntimeExceededError, match=r"maximum runtime of 1\.5 seconds"):
                run("limited_as_a_whole", {"max_concurrent": 2}, raise_on_error=True)
        else:
            assert not run("limited_as_a_whole", {"max_concurrent": 2}).success
        (record,) = instance.get_runs()
        assert record.status.value == "FAILURE"
        errors = [
            entry.dagster_event.step_failure_data.error.message  # type: ignore[union-attr]
            for entry in instance.all_logs(record.run_id, of_type=DagsterEventType.STEP_FAILURE)
        ]
        assert len(errors) == 1
        assert "was ended, since the run exceeded its maximum runtime of 1.5 s" in errors[0]
        assert instance.get_run_stats(record.run_id).steps_succeeded == 2


class TestStopping:
    """Whoever asks for the events may stop to do so, in whatever way."""

    CONFIG = {
        "execution": {"config": {"multiprocess": {"max_concurrent": 2, "reuse_workers": True}}},
    }

    def events(self, instance: DagsterInstance, name: str) -> Iterator[Any]:
        job = reconstructable(getattr(jobs, name))
        run = instance.create_run_for_job(job.get_definition(), run_config=self.CONFIG)
        return execute_run_iterator(job, run, instance)

    def test_events_are_no_longer_asked_for(self, instance: DagsterInstance, mark: str) -> None:
        events = self.events(instance, "pids")
        for event in events:
            if event.is_step_success:
                break
        events.close()  # type: ignore[attr-defined]
        (record,) = instance.get_runs()
        assert record.status.value == "CANCELED"
        # Also workers that wait for more have torn their resources down.
        assert told("up ")
        assert sorted(told("up ")) == sorted(told("down "))
        assert none_left(mark, 0) == {}

    def test_what_a_step_has_sent_is_kept_although_nobody_asks_for_it(
        self, instance: DagsterInstance, mark: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its success comes with its output, and is not lost with the rest of what came."""
        read = Channel.read_available

        def read_in_one_piece(channel: Channel) -> list[bytes]:
            messages = list(read(channel))
            # They mostly come together; here they always do.
            while (
                channel.is_open
                and is_among(messages, b"STEP_OUTPUT")
                and not is_among(messages, b"STEP_SUCCESS")
            ):
                messages += read(channel)
            return messages

        def is_among(messages: list[bytes], kind: bytes) -> bool:
            return any(kind in message for message in messages)

        monkeypatch.setattr(Channel, "read_available", read_in_one_piece)
        events = self.events(instance, "pids")
        key = next(event.step_key for event in events if event.event_type_value == "STEP_OUTPUT")
        events.close()  # type: ignore[attr-defined]
        (record,) = instance.get_runs()
        over = instance.all_logs(record.run_id, of_type=DagsterEventType.STEP_SUCCESS)
        assert key in {entry.step_key for entry in over}
        assert none_left(mark, 0) == {}

    def test_an_error_while_events_are_kept(
        self, instance: DagsterInstance, mark: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keep = multiprocess._Orchestration._keep
        kept: list[Any] = []

        def keep_some(self: Any, entries: Any) -> None:
            kept.extend(entries)
            if any(e.dagster_event is not None and e.dagster_event.is_step_success for e in entries):
                raise OSError("the disk is full")
            keep(self, entries)

        monkeypatch.setattr(multiprocess._Orchestration, "_keep", keep_some)
        kinds = [event.event_type_value for event in self.events(instance, "pids")]
        assert kinds[-1] == "PIPELINE_FAILURE"
        assert none_left(mark, 0) == {}
        (record,) = instance.get_runs()
        assert "the disk is full" in str(instance.all_logs(record.run_id)[-1])

    def test_an_interrupt_while_an_event_is_looked_at(
        self, instance: DagsterInstance, mark: str
    ) -> None:
        """The steps that run are ended as they are when it comes while the run waits for them."""
        events = self.events(instance, "limited_as_a_whole")
        with raise_execution_interrupts():
            with pytest.raises(DagsterExecutionInterruptedError):
                for event in events:
                    if event.step_key == "waits" and event.event_type_value == "STEP_START":
                        signal.raise_signal(signal.SIGTERM)
            events.close()  # type: ignore[attr-defined]
        (record,) = instance.get_runs()
        assert record.status.value == "CANCELED"
        failed = instance.all_logs(record.run_id, of_type=DagsterEventType.STEP_FAILURE)
        errors = {entry.step_key: str(entry.dagster_event) for entry in failed}
        assert "Execution was interrupted by SIGTERM" in errors.pop("waits")
        # The one beside may have been at its beginning, or in the middle.
        for text in errors.values():
            assert re.search("was ended, since the run was interrupted|interrupted by SIGTERM", text)
        assert none_left(mark, 0) == {}

    def test_the_forkserver_is_killed_in_the_middle(self, run: Run, instance: DagsterInstance) -> None:
        """The steps that it carried fail; the others run, in processes of another one."""
        killed: list[int] = []

        def kill() -> None:
            while not told("waits"):
                select.select([], [], [], 0.01)
            (server,) = [
                pid
                for pid in children_of(os.getpid())
                if b"dagster._process.forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
            ]
            killed.append(server)
            os.kill(server, signal.SIGKILL)

        thread = threading.Thread(target=kill)
        thread.start()
        result = run("waiting_beside_others", {"max_concurrent": 2})
        thread.join()
        assert len(killed) == 1
        assert "was killed by SIGKILL" in failures_of(result)["waits"].error.message
        # At most one step ran beside it. Everything that does not need it runs.
        failed = set(failures_of(result))
        assert len(failed) <= 2
        for name in {"one", "last"} - failed:
            assert result.output_for_node(name) == 1
        if failed == {"waits"}:
            assert result.output_for_node("fourth") == 4


class TestWords:
    @pytest.mark.parametrize("executor", [{}, {"reuse_workers": True}, {"start_method": {"spawn": {}}}])
    def test_everything_reaches_the_log(self, tmp_path: Path, mark: str, executor: Any) -> None:
        overrides = {
            "python_logs": {"managed_python_loggers": ["of_the_user"], "python_log_level": "INFO"}
        }
        with DagsterInstance.local_temp(str(tmp_path / "home"), overrides=overrides) as instance:
            config = {"execution": {"config": {"multiprocess": executor}}}
            with execute_job(reconstructable(jobs.saying), instance, config) as result:
                assert result.success
                run_id = result.run_id
            entries = instance.all_logs(run_id)
            messages = {e.user_message: e for e in entries if e.dagster_event is None}
            assert {"by the log", "a warning", "by a logger of Python"} <= set(messages)
            assert {m.step_key for m in messages.values()} == {"says"}
            assert messages["a warning"].level == 30
            kinds = [e.dagster_event.event_type_value for e in entries if e.dagster_event]
            assert "ASSET_MATERIALIZATION" in kinds
            assert "STEP_EXPECTATION_RESULT" in kinds
            out, err = output_of(instance, run_id, "says")
            assert out.splitlines() == ["by print", "by a program"]
            assert "by stderr" in err.splitlines()
            assert sorted(e.timestamp for e in entries) == [e.timestamp for e in entries]

    @pytest.mark.slow
    def test_words_longer_than_any_buffer(self, run: Run, instance: DagsterInstance) -> None:
        result = run("saying_much", {})
        assert result.success
        messages = [
            e.user_message for e in instance.all_logs(result.run_id) if e.step_key == "logs_much"
        ]
        assert [m for m in messages if len(m) > 1_000_000] == [str(n) * 3_000_000 for n in range(3)]


@pytest.mark.slow
def test_an_instance_on_postgresql(tmp_path: Path, mark: str) -> None:
    with own_schema(POSTGRESQL) as url:
        home = tmp_path / "home"
        home.mkdir()
        text = url.render_as_string(hide_password=False).replace("'", "''")
        (home / "dagster.yaml").write_text(f"storage:\n  postgres:\n    postgres_url: '{text}'\n")
        with DagsterInstance.from_config(str(home)) as instance:
            config = {"execution": {"config": {"multiprocess": {"max_concurrent": 3}}}}
            with execute_job(reconstructable(jobs.nested_and_fan_in), instance, config) as result:
                assert result.success
                assert result.output_for_node("total") == 9
            with execute_job(reconstructable(jobs.crashing), instance, config) as result:
                assert set(failures_of(result)) == {"crashes"}
        assert none_left(mark) == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "executor", "per_step"),
    [(10_000, {"reuse_workers": True}, 100), (600, {}, 1000)],
    ids=["reused", "isolated"],
)
def test_memory_does_not_grow_with_steps(
    instance: DagsterInstance, mark: str, count: int, executor: Any, per_step: int
) -> None:
    """Neither in the forkserver nor here, but for what the state machine keeps of each step."""
    config = {
        "execution": {"config": {"multiprocess": {"max_concurrent": 2, **executor}}},
        "ops": {"thousands": {"config": {"count": count}}},
    }
    job = reconstructable(jobs.many)
    run = instance.create_run_for_job(job.get_definition(), run_config=config)
    ended = 0
    sizes: list[int] = []
    for event in execute_run_iterator(job, run, instance):
        if event.is_step_success:
            ended += 1
            if ended in (count // 5, count):
                gc.collect()
                sizes.append(jobs.memory_in_use(os.getpid()))
    assert ended == count + 1
    server = [int(line.split()[1]) for line in told("memory ")]
    assert len(server) == count // 100
    # In KiB. The first steps are left out: what is made once is made then.
    assert max(server) - max(server[: len(server) // 5]) <= 128, server
    assert (sizes[1] - sizes[0]) * 1024 / (count * 0.8) < per_step, sizes


def test_no_step_starts_before_it_is_known_whether_it_has_to_run() -> None:
    """Re-executed from changed, a step that seems ready may be kept: values are compared first."""

    class Asking:
        conditions = object()

        def take_ready(self, _now: float) -> Any:
            raise AssertionError("nothing has been compared yet")

    orchestration: Any = object.__new__(multiprocess._Orchestration)
    orchestration._is_stopping = False
    orchestration._gate = type("Open", (), {"is_open": True})
    orchestration._pool = type("Room", (), {"has_room": True})
    orchestration._progress = Asking()
    assert orchestration._start_following() == []
