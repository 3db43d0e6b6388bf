"""What a chain of runs is known to have produced: the fold, what a new run takes of it, the changed fan-out."""

from __future__ import annotations

from typing import Any

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.errors import (
    DagsterExecutionStepNotFoundError,
    DagsterInvalidSubsetError,
    DagsterInvariantViolationError,
)
from dagster._core.events.event import DagsterEvent
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import StepOutputData, TypeCheckData
from dagster._core.plan.compile import compile_plan
from dagster._core.plan.known_state import (
    EMPTY_STATE,
    KnownExecutionState,
    KnownStep,
    fold_run,
    fold_runs,
)
from dagster._core.plan.needed_values import needed_values
from dagster._core.plan.progress import Progress
from dagster._core.plan.rerun_selection import kept_state, steps_of_selection, unfinished_steps
from dagster._core.records.handles import StepOutputHandle
from dagster._wire.codec import deserialize_value, serialize_value


@op(out=DynamicOut())
def spread():
    yield from ()


@op
def each(x):
    return x


@op
def again(x):
    return x


@op
def beside(x, y):
    return x, y


@op
def gather(xs):
    return xs


@op(out=Out(is_required=False))
def maybe():
    yield from ()


@op
def use(x):
    return x


@job
def fan_out():
    gather(spread().map(lambda x: again(each(x))).collect())


@job
def optional():
    use(maybe())


@job
def static_beside():
    value = use(maybe())
    spread().map(lambda x: beside(x, value))


BESIDE = compile_plan(static_beside, static_beside.resolve_run_config({}))
PLAN = compile_plan(fan_out, fan_out.resolve_run_config({}))
OPTIONAL = compile_plan(optional, optional.resolve_run_config({}))


def event(kind: str, key: str | None, data: Any = None) -> DagsterEvent:
    return DagsterEvent(DagsterEventType[kind].value, "fan_out", event_specific_data=data, step_key=key)


def output(key: str, mapping_key: str | None = None, success: bool = True) -> DagsterEvent:
    handle = StepOutputHandle(key, "result", mapping_key)
    return event("STEP_OUTPUT", key, StepOutputData(handle, TypeCheckData(success, "result")))


def ran(key: str, *mapping_keys: str, end: str = "STEP_SUCCESS") -> list[DagsterEvent]:
    given = [output(key, k) for k in mapping_keys] if mapping_keys else [output(key)]
    return [event("STEP_START", key), *given, event(end, key)]


FIRST = [
    *ran("spread", "a", "b"),
    *ran("each[a]"),
    event("STEP_START", "each[b]"),
    event("STEP_FAILURE", "each[b]"),
    *ran("again[a]"),
]


def test_the_fold_tells_who_gave_what() -> None:
    state = fold_runs([("one", FIRST)])
    assert state.steps == {
        "spread": KnownStep("one", {"result": ["a", "b"]}),
        "each[a]": KnownStep("one", {"result": [None]}),
        "again[a]": KnownStep("one", {"result": [None]}),
    }
    assert state.failures == {"each[b]": KnownStep("one")}
    assert state.attempts == {}
    assert state.mapping_keys("spread", "result") == ["a", "b"]
    assert state.mapping_keys("gather", "result") is None
    assert state.run_id_of("spread", "two") == "one"
    assert state.run_id_of("gather", "two") == "two"


def test_the_nearest_run_that_has_a_value_counts() -> None:
    state = fold_runs([("one", FIRST), ("two", ran("each[a]")), ("three", ran("each[b]"))])
    assert {key: known.run_id for key, known in state.steps.items()} == {
        "spread": "one",
        "each[a]": "two",
        "again[a]": "one",
        "each[b]": "three",
    }
    assert state.failures == {}


def test_a_failure_takes_nothing_away() -> None:
    state = fold_runs([("one", ran("use")), ("two", ran("use", end="STEP_FAILURE"))])
    assert state.steps["use"].run_id == "one"
    assert state.failures["use"].run_id == "two"


def test_what_a_failed_attempt_gave_does_not_count() -> None:
    events = [
        event("STEP_START", "spread"),
        output("spread", "old"),
        event("STEP_UP_FOR_RETRY", "spread"),
        event("STEP_RESTARTED", "spread"),
        output("spread", "new"),
        output("spread", "bad", success=False),
        event("STEP_SUCCESS", "spread"),
    ]
    assert fold_run(EMPTY_STATE, "one", events).mapping_keys("spread", "result") == ["new"]


def test_attempts_that_have_begun_are_counted_while_they_have_no_end() -> None:
    events = [
        event("STEP_START", "use"),
        event("STEP_UP_FOR_RETRY", "use"),
        event("STEP_RESTARTED", "use"),
    ]
    assert fold_run(EMPTY_STATE, "one", events).attempts == {"use": 2}
    assert fold_run(EMPTY_STATE, "one", [*events, event("STEP_SUCCESS", "use")]).attempts == {}


def test_events_without_a_step_are_ignored() -> None:
    assert fold_run(EMPTY_STATE, "one", [event("RUN_START", None)]) == EMPTY_STATE


def test_a_state_crosses_processes_as_json() -> None:
    state = fold_runs([("one", FIRST)])
    kept = kept_state(PLAN.build_subset_plan(["spread", "gather"]), state)
    assert deserialize_value(serialize_value(state), KnownExecutionState) == state
    assert deserialize_value(serialize_value(kept), KnownExecutionState) == kept


def test_a_new_run_takes_what_it_does_not_run() -> None:
    state = fold_runs([("one", FIRST)])
    kept = kept_state(PLAN.build_subset_plan(["each[b]", "again[b]", "gather"]), state)
    assert set(kept.steps) == {"spread", "each[a]", "again[a]"}
    assert kept.failures == {}
    assert kept.fan_outs == {}
    kept = kept_state(PLAN.build_subset_plan(["spread", "gather"]), state)
    assert set(kept.steps) == {"each[a]", "again[a]"}
    assert kept.fan_outs == {"spread": {"result": ["a", "b"]}}


def test_values_of_keys_that_are_gone_are_not_taken() -> None:
    state = fold_runs([("one", FIRST), ("two", ran("spread", "b", "c"))])
    assert set(kept_state(PLAN.build_subset_plan(["gather"]), state).steps) == {"spread"}


# Selection


def test_a_selection_knows_mapping_keys() -> None:
    state = fold_runs([("one", FIRST)])

    def selected(*clauses: str) -> list[str]:
        return steps_of_selection(PLAN, clauses, state, "job")

    assert selected("each[a]") == ["each[a]"]
    assert selected("each[?]") == ["each[?]"]
    assert selected("each[a]+") == ["each[a]", "again[a]"]
    assert selected("each[a]*") == ["each[a]", "again[a]", "gather"]
    assert selected("spread+") == ["spread", "each[?]"]
    assert selected("spread*") == ["spread", "each[?]", "again[?]", "gather"]
    assert selected("*again[b]") == ["spread", "each[b]", "again[b]"]
    assert selected("+gather") == ["again[?]", "gather"]
    assert selected("each[*]") == ["each[?]"]
    assert selected("gather", "spread") == ["spread", "gather"]
    with pytest.raises(DagsterInvalidSubsetError, match=r'"each\[c\]".*Did you mean "each'):
        selected("each[c]")
    with pytest.raises(DagsterInvalidSubsetError, match="is not a clause of step selection"):
        selected("each a")


def test_unfinished_steps_are_those_without_a_good_end_in_the_run() -> None:
    state = fold_runs([("one", FIRST)])
    assert unfinished_steps(PLAN, state, "one") == ["each[b]", "again[b]", "gather"]
    # Of a run that was itself for a part, only of that part.
    second = PLAN.build_subset_plan(["each[b]", "again[b]"])
    state = fold_run(state, "two", [*ran("each[b]"), *ran("again[b]", end="STEP_FAILURE")])
    assert unfinished_steps(second, state, "two") == ["again[b]"]
    # A dynamic step that failed brings keys that are not known yet.
    state = fold_runs([("one", FIRST), ("two", ran("spread", "a", end="STEP_FAILURE"))])
    assert unfinished_steps(PLAN, state, "two") == ["spread", "each[?]", "again[?]", "gather"]
    assert unfinished_steps(PLAN.build_subset_plan(["spread", "each[b]"]), state, "two") == [
        "spread",
        "each[b]",
    ]


def test_a_step_that_a_run_kept_is_not_unfinished() -> None:
    state = fold_runs([("one", [*FIRST, *ran("each[b]")]), ("two", ran("spread", "a", "b"))])
    plan = PLAN.build_subset_plan(["spread", "each[?]"])
    assert unfinished_steps(plan, state, "two") == ["each[a]", "each[b]"]
    assert unfinished_steps(plan, state, "two", {"each[b]"}) == ["each[a]"]
    assert unfinished_steps(plan, state, "two", {"each[a]", "each[b]"}) == []


def test_a_step_that_was_skipped_by_right_is_not_unfinished() -> None:
    events = [
        event("STEP_START", "maybe"),
        event("STEP_SUCCESS", "maybe"),
        event("STEP_SKIPPED", "use"),
    ]
    state = fold_run(EMPTY_STATE, "one", events)
    assert unfinished_steps(OPTIONAL, state, "one") == []
    assert list(needed_values(OPTIONAL.build_subset_plan(["use"]), state)) == []


# What is needed


def needed(keys: list[str], state: KnownExecutionState) -> list[tuple[str, str, str | None, str | None]]:
    plan = PLAN.build_subset_plan(keys)
    return [
        (v.step_key, v.handle.step_key, v.handle.mapping_key, v.run_id)
        for v in needed_values(plan, kept_state(plan, state))
    ]


def test_values_are_needed_of_steps_that_do_not_run() -> None:
    state = fold_runs([("one", FIRST)])
    assert needed(["each[b]", "again[b]", "gather"], state) == [
        ("each[b]", "spread", "b", "one"),
        ("gather", "again[a]", None, "one"),
    ]
    assert needed(["each[?]"], state) == [
        ("each[a]", "spread", "a", "one"),
        ("each[b]", "spread", "b", "one"),
    ]
    assert needed(["spread", "each[?]", "again[?]", "gather"], state) == []
    assert needed(["gather"], state) == [
        ("gather", "again[a]", None, "one"),
        ("gather", "again[b]", None, None),
    ]
    assert needed(["spread", "gather"], state) == [
        ("gather", "again[a]", None, "one"),
        ("gather", "again[b]", None, None),
    ]
    assert needed(["each[?]", "gather"], EMPTY_STATE) == [
        ("each[?]", "spread", None, None),
        ("gather", "again[?]", None, None),
    ]
    assert list(needed_values(PLAN, state)) == []


def test_a_mapped_step_that_becomes_no_step_needs_nothing() -> None:
    def needed_of(keys: list[str], *runs: list[DagsterEvent]) -> list[tuple[str, str]]:
        state = fold_runs([(f"run {n}", found) for n, found in enumerate(runs)])
        plan = BESIDE.build_subset_plan(keys)
        found = needed_values(plan, kept_state(plan, state))
        return [(value.step_key, value.handle.step_key) for value in found]

    empty = [event("STEP_START", "spread"), event("STEP_SUCCESS", "spread")]
    skipped = [event("STEP_SKIPPED", "spread")]
    assert needed_of(["beside[?]"], empty) == []
    assert needed_of(["beside[?]"], skipped) == []
    assert needed_of(["beside[?]"], ran("spread", "a")) == [
        ("beside[a]", "spread"),
        ("beside[?]", "use"),
    ]
    # The fan-out that is made again may have keys.
    assert needed_of(["spread", "beside[?]"], empty) == [("beside[?]", "use")]
    # That there is no such key is told by itself.
    assert needed_of(["beside[a]"], empty) == [("beside[?]", "use")]


# The plan


def test_a_part_of_a_plan_tells_what_runs() -> None:
    plan = PLAN.build_subset_plan(["gather", "each[b]", "again[?]"])
    assert plan.step_keys_to_execute == ["each[b]", "again[?]", "gather"]
    assert [[s.key for s in level] for level in plan.get_steps_to_execute_by_level()] == [
        ["each[?]"],
        ["again[?]"],
        ["gather"],
    ]
    assert plan.is_selected("again[x]")
    assert not plan.is_selected("each[a]")
    assert PLAN.selected is None
    assert PLAN.is_selected("each[a]")
    step = plan.get_step_by_key("again[b]")
    assert (step.key, step.mapping_key) == ("again[b]", "b")
    with pytest.raises(DagsterExecutionStepNotFoundError, match=r'unknown step "eech\[b\]"'):
        PLAN.build_subset_plan(["eech[b]"])
    with pytest.raises(DagsterExecutionStepNotFoundError, match=r'unknown step "gather\[b\]"'):
        PLAN.get_step_by_key("gather[b]")


# Progress


def run_through(progress: Progress, keys: dict[str, list[str]] | None = None) -> list[str]:
    took: list[str] = []
    while (step := progress.take_ready()) is not None:
        took.append(step.key)
        for key in (keys or {}).get(step.key, [None]):  # type: ignore[list-item]
            progress.handle_event(step, output(step.key, key))
        progress.succeeded(step)
    assert progress.is_over
    return took


def progress_of(keys: list[str], state: KnownExecutionState) -> Progress:
    plan = PLAN.build_subset_plan(keys)
    return Progress(plan, known_state=kept_state(plan, state))


def test_only_selected_keys_run_and_collects_take_all() -> None:
    progress = progress_of(["each[b]", "again[b]", "gather"], fold_runs([("one", FIRST)]))
    assert run_through(progress) == ["each[b]", "again[b]", "gather"]
    gather = progress.steps[3]
    (source,) = [i.source for i in gather.inputs]
    assert [s.step_key for s in source.sources] == ["again[a]", "again[b]"]  # type: ignore[attr-defined]


def test_nothing_runs_of_a_plan_of_which_nothing_is_selected() -> None:
    assert run_through(progress_of([], fold_runs([("one", FIRST)]))) == []
    assert run_through(Progress(PLAN.build_subset_plan([]))) == []


def test_the_same_fan_out_again_is_taken() -> None:
    state = fold_runs([("one", FIRST), ("two", [*ran("each[b]"), *ran("again[b]")])])
    progress = progress_of(["spread", "each[a]", "gather"], state)
    # Between the two is a step that is kept: they do not wait for each other.
    assert run_through(progress, {"spread": ["b", "a"]}) == ["spread", "gather", "each[a]"]


@pytest.mark.parametrize(
    ("keys", "now", "message"),
    [
        (["spread", "gather"], ["a"], 'no longer gives "b"'),
        (["spread", "gather"], ["a", "b", "c"], 'gives "c" for the first time'),
        (["spread", "each[b]"], ["b"], r'"each\[a\]" are taken from an earlier run'),
        (["spread", "each[b]"], ["a", "c"], 'no longer gives "b", and it gives "c"'),
    ],
)
def test_a_changed_fan_out_is_refused(keys: list[str], now: list[str], message: str) -> None:
    progress = progress_of(keys, fold_runs([("one", FIRST)]))
    spread_step = progress.take_ready()
    assert spread_step is not None
    for key in now:
        progress.output(spread_step, "result", key)
    with pytest.raises(DagsterInvariantViolationError, match=message):
        progress.succeeded(spread_step)


def test_a_fan_out_may_change_where_nothing_of_it_is_used() -> None:
    state = fold_runs([("one", FIRST)])
    assert run_through(progress_of(["spread"], state), {"spread": ["z"]}) == ["spread"]
    progress = progress_of(["spread", "each[?]", "again[?]", "gather"], state)
    assert run_through(progress, {"spread": ["z"]}) == ["spread", "each[z]", "again[z]", "gather"]


def test_a_key_that_is_not_in_the_fan_out_is_refused() -> None:
    state = fold_runs([("one", FIRST)])
    with pytest.raises(DagsterInvariantViolationError, match=r'"each\[q\]" was to run, but'):
        progress_of(["each[q]"], state)


def test_a_dynamic_step_that_fails_again_abandons_only_what_was_to_run() -> None:
    progress = progress_of(["spread", "gather"], fold_runs([("one", FIRST)]))
    spread_step = progress.take_ready()
    assert spread_step is not None
    progress.failed(spread_step)
    assert [step.key for step in progress.take_abandoned()] == ["gather"]
    assert progress.is_over


def test_a_mapped_step_after_kept_ones_waits_for_the_keys_that_it_runs_for() -> None:
    # All that it takes is kept, but for which keys it runs is what the dynamic step says.
    progress = progress_of(["spread", "again[?]"], fold_runs([("one", FIRST)]))
    spread_step = progress.take_ready()
    assert spread_step is not None
    assert progress.take_ready() is None
    progress.failed(spread_step)
    assert [step.key for step in progress.take_abandoned()] == ["again[?]"]
    assert progress.is_over


def test_a_run_that_goes_on_keeps_its_failures_and_attempts() -> None:
    state = fold_run(fold_runs([("one", FIRST)]), "one", [event("STEP_START", "again[b]")])._replace()
    plan = PLAN.build_subset_plan(["again[b]", "gather"])
    known = state.for_resumption("one", plan.is_selected)
    assert set(known.failures) == {"each[b]"}
    assert known.attempts == {"again[b]": 1}
    progress = Progress(plan, known_state=known)
    assert [step.key for step in progress.take_abandoned()] == ["again[b]", "gather"]
    assert progress.attempts == {"again[b]": 1}
    assert progress.is_over
