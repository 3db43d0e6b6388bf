"""Re-execution from what has changed: what runs, what is kept, what is compared how, and what is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterInvariantViolationError,
    DynamicOut,
    DynamicOutput,
    In,
    IOManager,
    IOManagerDefinition,
    Nothing,
    Out,
    Output,
    ReexecutionOptions,
    StepAction,
    StringSource,
    execute_job,
    explain_reexecution,
    fs_io_manager,
    in_process_executor,
    job,
    op,
    reconstructable,
)
from dagster._check import CheckError
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.errors import DagsterStepOutputNotFoundError
from dagster._core.plan.fingerprint import StepFingerprints
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.progress import Progress
from dagster._core.records.user_events import DataVersion
from dagster._core.runner.api import execute_run, resume_run
from dagster._core.runner.execute_job import plan_reexecution, prepare_reexecution
from dagster._wire.codec import deserialize_value, serialize_value


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


def ran(result: Any) -> list[str]:
    return [e.step_key for e in result.all_events if e.event_type_value == "STEP_START"]


def kept(result: Any) -> list[str]:
    found = (getattr(e.event_specific_data, "metadata", None) or {} for e in result.all_events)
    return [m["step_key"].value for m in found if "kept_from" in m]


def execute(job_def: Any, instance: DagsterInstance, **kwargs: Any) -> Any:
    return execute_job(InMemoryJob(job_def), instance, **kwargs)


def again(job_def: Any, instance: DagsterInstance, parent: Any, **kwargs: Any) -> Any:
    options = ReexecutionOptions.from_changed(parent.run_id, instance)
    return execute(job_def, instance, reexecution_options=options, **kwargs)


def actions(job_def: Any, instance: DagsterInstance, parent: Any, **kwargs: Any) -> dict[str, str]:
    options = ReexecutionOptions.from_changed(parent.run_id, instance)
    found = explain_reexecution(job_def, instance, options, **kwargs)
    return {decision.step_key: decision.action.value for decision in found}


def chain(start: int = 10, middle: int = 0, manager: Any = fs_io_manager, **outs: Any) -> Any:
    """``load`` → ``half`` (which loses the last digit) → ``train``."""

    @op
    def load() -> int:
        return start

    @op
    def half(x: int) -> int:
        return x // 10 + middle

    @op
    def train(x: int) -> int:
        return x + 1

    @job(resource_defs={"io_manager": manager}, executor_def=in_process_executor)
    def flow() -> None:
        train(half(load()))

    return flow


def test_nothing_has_changed(instance):
    first = execute(chain(), instance)
    assert actions(chain(), instance, first) == dict.fromkeys(["load", "half", "train"], "keep")
    with again(chain(), instance, first) as second:
        assert second.success
        assert ran(second) == kept(second) == []
        assert second.output_for_node("train") == 2
    assert second.dagster_run.parent_run_id == first.run_id
    assert second.dagster_run.tags["dagster/is_from_changed"] == "true"


def test_a_change_that_gives_the_same_value_goes_no_further(instance):
    first = execute(chain(10), instance)
    assert actions(chain(12), instance, first) == {
        "load": "run",
        "half": "run if its inputs change",
        "train": "run if its inputs change",
    }
    with again(chain(12), instance, first) as second:
        assert ran(second) == ["load", "half"]
        assert kept(second) == ["train"]
        assert second.output_for_node("train") == 2
    with again(chain(22), instance, second) as third:
        assert ran(third) == ["load", "half", "train"]
        assert third.output_for_node("train") == 3
    events = [e.message for e in second.all_events if "is kept" in (e.message or "")]
    assert events == [
        f'Step "train" is kept as run {first.run_id} made it: what it takes has not changed.'
    ]


def test_a_step_in_the_middle(instance):
    first = execute(chain(), instance)
    with again(chain(middle=1), instance, first) as second:
        assert ran(second) == ["half", "train"]
        assert second.output_for_node("train") == 3


def test_the_nearest_run_that_ran_a_step_counts(instance):
    """Going back to what an older run had is a change too; but its values may be the same again."""
    first = execute(chain(10), instance)
    second = again(chain(22), instance, first)
    third = again(chain(10), instance, second)
    assert ran(third) == ["load", "half", "train"]
    fourth = again(chain(12), instance, third)
    assert ran(fourth) == ["load", "half"]


def test_a_step_that_was_not_run_after_what_it_takes(instance):
    """A selection had run one step alone: what follows it is compared with what it took."""
    first = execute(chain(10), instance)
    options = ReexecutionOptions(first.run_id, ["half"])
    same = execute(chain(10), instance, reexecution_options=options)
    assert actions(chain(10), instance, same) == {
        "load": "keep",
        "half": "keep",
        "train": "run if its inputs change",
    }
    assert ran(again(chain(10), instance, same)) == []
    other = execute(chain(10, middle=5), instance, reexecution_options=options)
    found = again(chain(10, middle=5), instance, other)
    assert ran(found) == ["train"]
    with found:
        assert found.output_for_node("train") == 7


def test_config_is_compared_and_its_differences_are_told(instance, monkeypatch):
    def config(rate: float, variable: str = "SECRET") -> dict[str, Any]:
        return {"ops": {"train": {"config": {"rate": rate, "password": {"env": variable}}}}}

    @op(config_schema={"rate": float, "password": StringSource})
    def train(context: Any) -> float:
        return context.op_config["rate"]

    @job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
    def flow() -> None:
        train()

    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("OTHER", "hunter3")
    first = execute(flow, instance, run_config=config(0.1))
    assert actions(flow, instance, first) == {"train": "keep"}
    options = ReexecutionOptions.from_changed(first.run_id, instance)
    (decision,) = explain_reexecution(flow, instance, options, run_config=config(0.2))
    assert list(decision.reasons) == ["config changed: rate 0.1 -> 0.2"]
    (decision,) = explain_reexecution(flow, instance, options, run_config=config(0.1, "OTHER"))
    assert list(decision.reasons) == [
        "config changed: password (from the environment) -> (from the environment)"
    ]


def test_what_failed_runs_and_what_never_ran(instance):
    def flow_of(fails: bool) -> Any:
        @op
        def one() -> int:
            return 1

        @op(code_version="1")
        def two(x: int) -> int:
            if fails:
                raise ValueError("as told")
            return x

        @op
        def three(x: int) -> int:
            return x

        @job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
        def flow() -> None:
            three(two(one()))

        return flow

    first = execute(flow_of(True), instance)
    assert not first.success
    options = ReexecutionOptions.from_changed(first.run_id, instance)
    found = {d.step_key: d for d in explain_reexecution(flow_of(False), instance, options)}
    assert found["one"].action is StepAction.KEEP
    assert list(found["two"].reasons) == [f"it failed in run {first.run_id[:8]}"]
    assert list(found["three"].reasons) == ["it has not succeeded yet"]
    assert ran(again(flow_of(False), instance, first)) == ["two", "three"]


def test_from_failure_what_was_kept_is_no_failure(instance):
    def flow(version: str, *, fails: bool = False) -> Any:
        @op(code_version=version)
        def load() -> int:
            return 1

        @op(code_version="same")
        def train(x: int) -> int:
            return x + 1

        @op(code_version=version)
        def report(x: int) -> int:
            if fails:
                raise ValueError("as told")
            return x

        @op(out=DynamicOut(), code_version=version)
        def spread(x: int) -> Iterator[DynamicOutput[int]]:
            yield DynamicOutput(x, "a")

        @job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
        def made() -> None:
            loaded = load()
            train(loaded)
            report(loaded)
            spread(loaded).map(train.alias("each"))

        return made

    first = execute(flow("1"), instance)
    second = again(flow("2", fails=True), instance, first)
    assert ran(second) == ["load", "report", "spread"]
    assert kept(second) == ["train", "each[a]"]
    options = ReexecutionOptions.from_failure(second.run_id, instance)
    with execute(flow("2"), instance, reexecution_options=options) as third:
        assert ran(third) == ["report"]
        assert third.output_for_node("train") == 2
        assert third.output_for_node("each") == {"a": 2}


def test_runs_without_fingerprints_count_as_changed(instance, monkeypatch):
    monkeypatch.setattr(StepFingerprints, "for_log", lambda _self, _step: None)
    first = execute(chain(), instance)
    monkeypatch.undo()
    options = ReexecutionOptions.from_changed(first.run_id, instance)
    for decision in explain_reexecution(chain(), instance, options):
        assert decision.action is StepAction.RUN
        assert list(decision.reasons) == ["no fingerprint recorded"]
    assert ran(again(chain(), instance, first)) == ["load", "half", "train"]


class Opaque(IOManager):
    """Keeps values, and does not say whether they are the same."""

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}

    def handle_output(self, context: Any, obj: Any) -> None:
        self.values[tuple(context.get_identifier())] = obj

    def load_input(self, context: Any) -> Any:
        return self.values[tuple(context.upstream_output.get_identifier())]


class Telling(Opaque):
    """Says what it is told to say."""

    answer: Any = True

    def same_value(self, new: Any, old: Any) -> bool | None:
        assert new.run_id != old.run_id
        assert new.step_key == old.step_key
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "is_kept"), [(True, True), (False, False), (None, False), (OSError("gone"), False)]
)
def test_the_io_manager_decides(instance, answer, is_kept):
    manager = Telling()
    definition = IOManagerDefinition.hardcoded_io_manager(manager)
    first = execute(chain(10, manager=definition), instance)
    manager.answer = answer
    second = again(chain(12, manager=definition), instance, first)
    assert ran(second) == (["load"] if is_kept else ["load", "half", "train"])


def test_values_that_nobody_compares_count_as_changed(instance):
    definition = IOManagerDefinition.hardcoded_io_manager(Opaque())
    first = execute(chain(10, manager=definition), instance)
    second = again(chain(12, manager=definition), instance, first)
    assert ran(second) == ["load", "half", "train"]


def versioned(salt: int, version: str | None, manager: Any = fs_io_manager) -> Any:
    @op
    def load() -> Any:
        yield Output(salt, data_version=DataVersion(version) if version is not None else None)

    @op
    def train(x: Any) -> int:
        return 1

    @job(resource_defs={"io_manager": manager}, executor_def=in_process_executor)
    def flow() -> None:
        train(load())

    return flow


@pytest.mark.parametrize(
    ("old", "new", "runs"),
    [
        ((1, "a"), (2, "a"), False),  # the version says that it is the same
        ((1, "a"), (1, "b"), True),  # the version says that it is not
        ((1, "a"), (1, None), False),  # of one side only: the stored bytes decide
        ((1, None), (2, "a"), True),
    ],
)
def test_versions_of_data_come_first(instance, old, new, runs):
    first = execute(versioned(*old), instance)
    second = again(versioned(*new), instance, first)
    assert ran(second) == (["load", "train"] if runs else ["load"])
    opaque = IOManagerDefinition.hardcoded_io_manager(Opaque())
    first = execute(versioned(*old, opaque), instance)
    second = again(versioned(*new, opaque), instance, first)
    has_both = old[1] is not None and new[1] is not None
    assert ran(second) == (["load", "train"] if runs or not has_both else ["load"])


def test_versions_are_known_in_later_generations(instance):
    opaque = IOManagerDefinition.hardcoded_io_manager(Opaque())
    first = execute(versioned(1, "a", opaque), instance)
    second = again(versioned(2, "a", opaque), instance, first)
    third = again(versioned(2, "a", opaque), instance, second)
    assert ran(second) == ["load"]
    assert ran(third) == []
    assert kept(third) == [], "it was compared before"
    fourth = again(versioned(3, "a", opaque), instance, third)
    assert (ran(fourth), kept(fourth)) == (["load"], ["train"])


def test_order_without_data_cannot_be_compared(instance):
    def flow_of(salt: int) -> Any:
        @op(out=Out(Nothing))
        def prepare() -> None:
            str(salt)

        @op(ins={"after": In(Nothing)})
        def train() -> int:
            return 1

        @job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
        def flow() -> None:
            train(prepare())

        return flow

    first = execute(flow_of(1), instance)
    assert ran(again(flow_of(1), instance, first)) == []
    assert ran(again(flow_of(2), instance, first)) == ["prepare", "train"]


def optional(given: bool) -> Any:
    @op(out={"yes": Out(is_required=False), "no": Out(is_required=False)})
    def decide() -> Any:
        yield Output(1, "yes" if given else "no")

    @op
    def on_yes(x: int) -> int:
        return x

    @op
    def on_no(x: int) -> int:
        return x

    @op
    def gather(xs: list[int]) -> int:
        return len(xs)

    @job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
    def flow() -> None:
        yes, no = decide()
        gather([on_yes(yes), on_no(no)])

    return flow


def test_branches_that_are_taken_now_and_were_not(instance):
    first = execute(optional(True), instance)
    assert ran(first) == ["decide", "on_yes", "gather"]
    unchanged = again(optional(True), instance, first)
    assert ran(unchanged) == []
    second = again(optional(False), instance, first)
    assert ran(second) == ["decide", "on_no", "gather"]
    skipped = [e.step_key for e in second.all_events if e.event_type_value == "STEP_SKIPPED"]
    assert skipped == ["on_yes"]
    assert ran(again(optional(True), instance, second)) == ["decide", "on_yes", "gather"]


def fanned(keys: dict[str, int], each_adds: int = 0) -> Any:
    @op(out=DynamicOut())
    def fan() -> Any:
        for key, value in keys.items():
            yield DynamicOutput(value, key)

    @op
    def each(x: int) -> int:
        return x + each_adds

    @op
    def following(x: int) -> int:
        return x * 2

    @op
    def gather(xs: list[int]) -> list[int]:
        return xs

    @job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
    def flow() -> None:
        gather(fan().map(each).map(following).collect())

    return flow


def test_of_a_fan_out_the_keys_are_compared(instance):
    first = execute(fanned({"a": 1, "b": 2, "c": 3}), instance)
    options = ReexecutionOptions.from_changed(first.run_id, instance)
    found = {
        d.step_key: d.action.value
        for d in explain_reexecution(fanned({"a": 1, "b": 5, "d": 4}), instance, options)
    }
    assert found["fan"] == "run"
    assert found["each[?]"] == "run"
    assert found["each[a]"] == found["following[c]"] == found["gather"] == "run if its inputs change"
    with again(fanned({"a": 1, "b": 5, "d": 4}), instance, first) as second:
        assert sorted(ran(second)) == [
            "each[b]",
            "each[d]",
            "fan",
            "following[b]",
            "following[d]",
            "gather",
        ]
        assert sorted(kept(second)) == ["each[a]", "following[a]"]
        assert second.output_for_node("gather") == [2, 10, 8]
    with again(fanned({"d": 4, "a": 1}), instance, second) as third:
        assert ran(third) == ["fan", "gather"], "the order of the keys is that of the list"
        assert third.output_for_node("gather") == [8, 2]


def test_of_mapped_steps_only_what_failed(instance, monkeypatch):
    @op(out=DynamicOut())
    def fan() -> Any:
        for key in "abc":
            yield DynamicOutput(key, key)

    @op
    def each(x: str) -> str:
        if x == os.environ.get("FAILING"):
            raise ValueError("as told")
        return x

    @op
    def gather(xs: list[str]) -> str:
        return "".join(xs)

    @job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
    def flow() -> None:
        gather(fan().map(each).collect())

    monkeypatch.setenv("FAILING", "b")
    first = execute(flow, instance)
    monkeypatch.delenv("FAILING")
    assert actions(flow, instance, first) == {
        "fan": "keep",
        "each[a]": "keep",
        "each[b]": "run",
        "each[c]": "keep",
        "gather": "run",
    }
    with again(flow, instance, first) as second:
        assert ran(second) == ["each[b]", "gather"]
        assert second.output_for_node("gather") == "abc"


def test_mapped_steps_with_other_code_run_for_all_keys(instance):
    first = execute(fanned({"a": 1, "b": 2}), instance)
    second = again(fanned({"a": 1, "b": 2}, each_adds=1), instance, first)
    assert ran(second) == ["each[a]", "each[b]", "following[a]", "following[b]", "gather"]


def test_a_kept_step_whose_value_is_gone_runs(instance):
    first = execute(chain(10), instance)
    storage = instance.storage_directory()
    shutil.rmtree(os.path.join(storage, first.run_id, "train"), ignore_errors=True)
    path = os.path.join(storage, first.run_id, "train", "result")
    assert not os.path.exists(path)
    second = again(chain(12), instance, first)
    assert ran(second) == ["load", "half", "train"]


def test_a_missing_value_is_told_before_anything_runs(instance):
    first = execute(chain(10), instance)
    shutil.rmtree(os.path.join(instance.storage_directory(), first.run_id, "load"))
    with pytest.raises(DagsterStepOutputNotFoundError, match='input "x" of step "half"'):
        again(chain(10, middle=1), instance, first)
    assert len(instance.get_runs()) == 1


def test_what_is_refused(instance):
    with pytest.raises(CheckError, match="nowhere"):
        ReexecutionOptions.from_changed("nowhere", instance)
    flow = chain()
    running = instance.create_run_for_job(flow)
    with pytest.raises(DagsterInvariantViolationError, match="expected it to have ended"):
        ReexecutionOptions.from_changed(running.run_id, instance)
    first = execute(flow, instance)
    with pytest.raises(DagsterInvariantViolationError, match="one of 'flow'"):
        again(fanned_job_named("other"), instance, first)


def fanned_job_named(name: str) -> Any:
    @op
    def load() -> int:
        return 1

    @job(name=name)
    def made() -> None:
        load()

    return made


def test_new_steps_run_and_those_that_are_gone_do_not_matter(instance):
    @op
    def load() -> int:
        return 1

    @op
    def old(x: int) -> int:
        return x

    @op
    def new(x: int) -> int:
        return x

    @job(name="flow", resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
    def before() -> None:
        old(load())

    @job(name="flow", resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
    def after() -> None:
        new(load())

    first = execute(before, instance)
    assert ran(again(after, instance, first)) == ["new"]


def test_other_kinds_are_explained_too(instance):
    first = execute(chain(), instance)
    options = ReexecutionOptions(first.run_id, ["half*"])
    found = explain_reexecution(chain(), instance, options)
    assert [(d.step_key, d.runs) for d in found] == [("load", False), ("half", True), ("train", True)]
    assert found[0].run_id == first.run_id
    found = explain_reexecution(chain(), instance, ReexecutionOptions(first.run_id))
    assert all(d.action is StepAction.RUN for d in found)
    assert len(instance.get_runs()) == 1


@op
def kept_load(context: Any) -> int:
    return int(context.op_config or 0)


@op
def kept_half(x: int) -> int:
    return x // 10


@op
def kept_train(x: int) -> int:
    return x + 1


@job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor)
def stored_flow():
    kept_train(kept_half(kept_load()))


def config(value: int) -> dict[str, Any]:
    return {"ops": {"kept_load": {"config": value}}}


def test_a_run_that_was_stored_keeps_what_it_may(instance):
    target = reconstructable(stored_flow)
    first = execute_job(target, instance, run_config=config(10))
    options = ReexecutionOptions.from_changed(first.run_id, instance)
    _, stored = prepare_reexecution(target, options, instance, run_config=config(12))
    assert list(stored.step_keys_to_execute or ()) == ["kept_load", "kept_half", "kept_train"]
    result = execute_run(target, stored, instance)
    assert ran(result) == ["kept_load", "kept_half"]
    assert kept(result) == ["kept_train"]


@pytest.mark.parametrize("after", ["RUN_START", "kept_load", "kept_half"])
def test_a_run_whose_process_died_goes_on_so(instance, after):
    target = reconstructable(stored_flow)
    first = execute_job(target, instance, run_config=config(10))
    options = ReexecutionOptions.from_changed(first.run_id, instance)
    result = execute_job(target, instance, reexecution_options=options, run_config=config(12))
    log = instance.all_logs(result.run_id)
    _, broken = prepare_reexecution(target, options, instance, run_config=config(12))
    storage = instance.storage_directory()
    shutil.copytree(os.path.join(storage, result.run_id), os.path.join(storage, broken.run_id))
    end = next(
        number
        for number, entry in enumerate(log)
        if entry.dagster_event
        and (
            entry.dagster_event.event_type.name == after
            or (entry.step_key == after and entry.dagster_event.is_step_success)
        )
    )
    for entry in log[: end + 1]:
        event = entry.dagster_event
        if event is not None and event.event_type is DagsterEventType.RUN_START:
            entry = entry._replace(dagster_event=event._replace(event_specific_data=None))
        instance.handle_new_event(entry._replace(run_id=broken.run_id))
    stored = instance.get_run_by_id(broken.run_id)
    assert stored is not None
    left = ["kept_load", "kept_half"][["RUN_START", "kept_load", "kept_half"].index(after) :]
    with resume_run(target, stored, instance, force=True) as resumed:
        assert resumed.success
        assert ran(resumed) == left
        assert kept(resumed) == ["kept_train"]
        assert resumed.output_for_node("kept_train") == 2


def test_in_process(instance):
    def flow_of(start: int) -> Any:
        return chain(start)

    first = flow_of(10).execute_in_process(instance=instance, resources={"io_manager": fs_io_manager})
    options = ReexecutionOptions.from_changed(first.run_id, instance)
    second = flow_of(12).execute_in_process(
        instance=instance, reexecution_options=options, resources={"io_manager": fs_io_manager}
    )
    assert ran(second) == ["load", "half"]
    assert second.output_for_node("train") == 2


# Progress by itself


def conditional_plan(instance: DagsterInstance) -> tuple[Any, KnownExecutionState]:
    first = execute(chain(10), instance)
    options = ReexecutionOptions.from_changed(first.run_id, instance)
    prepared, rerun = plan_reexecution(InMemoryJob(chain(12)), options, instance)
    assert rerun.known_state is not None
    del prepared
    return rerun.plan, rerun.known_state


def test_who_does_not_compare_runs_all(instance):
    """An executor that knows nothing of conditions must not wait for ever, nor keep anything."""
    plan, known = conditional_plan(instance)
    progress = Progress(plan, known_state=known)
    order = []
    while not progress.is_over:
        step = progress.take_ready()
        assert step is not None
        order.append(step.key)
        progress.succeeded(step)
    assert order == ["load", "half", "train"]


def test_the_answer_decides(instance):
    plan, known = conditional_plan(instance)
    # It crosses processes as JSON.
    progress = Progress(plan, known_state=deserialize_value(serialize_value(known), KnownExecutionState))
    load = progress.take_ready()
    assert load is not None
    assert progress.conditions is not None
    progress.succeeded(load)
    (question,) = progress.conditions.take_questions()
    assert question.step.key == "half"
    (value,) = question.values
    assert (value.handle.step_key, value.run_id) == ("load", None)
    progress.answer(question, is_same=True)
    # What follows takes a value that has not changed for certain: nothing is left to compare.
    (following,) = progress.conditions.take_questions()
    assert (following.step.key, following.values) == ("train", [])
    progress.answer(following, is_same=True)
    assert progress.is_over
    assert [step.key for step, _ in progress.conditions.take_kept()] == ["half", "train"]


def test_after_a_failure_nothing_is_kept(instance):
    plan, known = conditional_plan(instance)
    progress = Progress(plan, known_state=known)
    load = progress.take_ready()
    assert load is not None
    progress.failed(load)
    assert progress.is_over
    assert [step.key for step in progress.take_abandoned()] == ["half", "train"]
