"""Which steps of a run have changed since: run, kept, or run if what they take changes. Pure.

In: what a chain of runs did, and the fingerprints that its steps would have now.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import StepFingerprint
from dagster._core.plan.fingerprint_changes import explain_changes
from dagster._core.plan.known_state import (
    EMPTY_STATE,
    FOLDED_EVENT_TYPES,
    KnownExecutionState,
    KnownStep,
    UnchangedStep,
    fold_run,
    kept_step,
)
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.rerun_selection import kept_state
from dagster._core.plan.step import ExecutionStep
from dagster._text import listed
from dagster._wire.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagster._core.events.event import DagsterEvent

_SUCCESS = DagsterEventType.STEP_SUCCESS.value
_SKIPPED = DagsterEventType.STEP_SKIPPED.value
#: The types of events that a history is made of. Others need not be fetched.
HISTORY_EVENT_TYPES = FOLDED_EVENT_TYPES | {DagsterEventType.ENGINE_EVENT}
#: How many steps a reason names.
_NAMED = 3


class StepAction(enum.Enum):
    """What a re-execution does with a step. The last is for those from what has changed."""

    RUN = "run"
    KEEP = "keep"
    RUN_IF_INPUTS_CHANGE = "run if its inputs change"


class StepDecision(Record, frozen=True):
    """What a re-execution does with a step, and why.

    Args:
        step_key: The step. ``op[?]`` stands for what runs for each key of a dynamic output, where the
            keys are not known yet.
        action: Whether it runs.
        reasons: Why, each a clause.
        run_id: The run that it is taken from if it is kept; None if no run has it.
    """

    step_key: str
    action: StepAction
    reasons: Sequence[str]
    run_id: str | None = None

    @property
    def runs(self) -> bool | None:
        """Whether the step runs; None if that is seen when what comes before it has run."""
        return None if self.action is StepAction.RUN_IF_INPUTS_CHANGE else self.action is StepAction.RUN


class RunHistory:
    """What a chain of runs did: what is known of its steps, what made them, and what they took.

    Args:
        plan: The plan of the new run: it says what takes from what.
    """

    def __init__(self, plan: ExecutionPlan) -> None:
        self._plan = plan
        self.state: KnownExecutionState = EMPTY_STATE
        #: The fingerprint of the last success of each step; None if it was not recorded.
        self.fingerprints: dict[str, StepFingerprint | None] = {}
        #: For each step that succeeded, the run.
        self.runs: dict[str, str] = {}
        #: The steps that each step took from, by key, as they had ended when it ran.
        self.taken: dict[str, dict[str, KnownStep]] = {}
        self._parts: dict[tuple[str, ...], Mapping[str, str]] = {}

    def add_run(self, run_id: str, events: Sequence[DagsterEvent]) -> None:
        """Add a run; the oldest comes first.

        Args:
            run_id: The run.
            events: Its events, in order.
        """
        before = self.state
        self.state = fold_run(before, run_id, events)
        ended: set[str] = set()
        for event in events:
            kept = kept_step(event)
            if kept is not None:
                # What it takes was compared with what it took: from here on it stands for that.
                self.taken[kept] = self._taken_by(kept, before, ended)
            key = event.step_key
            if key is None or event.event_type_value not in (_SUCCESS, _SKIPPED):
                continue
            ended.add(key)
            if event.event_type_value == _SKIPPED:
                continue
            found: StepFingerprint | None = event.step_success_data.fingerprint
            self.fingerprints[key] = found
            self.runs[key] = run_id
            if found is not None and found.parts is not None:
                self._parts[_code_key(found)] = found.parts
            self.taken[key] = self._taken_by(key, before, ended)

    def parts_of(self, found: StepFingerprint | None) -> Mapping[str, str] | None:
        """Return the parts of the code of a recorded fingerprint, which one of its steps told."""
        return None if found is None else self._parts.get(_code_key(found))

    def _taken_by(self, key: str, before: KnownExecutionState, ended: set[str]) -> dict[str, KnownStep]:
        """Return the steps before one, as they had ended when it ran."""

        def at_that_time(upstream: str) -> KnownStep | None:
            return (self.state if upstream in ended else before).steps.get(upstream)

        step, mapping_key = _planned(self._plan, key)
        if step is None:
            return {}
        found = (
            (name, at_that_time(name))
            for name in _upstream_keys(self._plan, step, mapping_key, at_that_time)
        )
        return {name: known for name, known in found if known is not None}


def _code_key(found: StepFingerprint) -> tuple[str, ...]:
    return (found.code, *found.resources.values())


def _planned(plan: ExecutionPlan, key: str) -> tuple[ExecutionStep | None, str | None]:
    """Return the step of the plan that a step is, or was made of; and the mapping key."""
    step = plan.step_dict.get(key)
    if step is not None or not key.endswith("]"):
        return step, None
    name, _, mapping_key = key[:-1].partition("[")
    return plan.step_dict.get(f"{name}[?]"), mapping_key


def _upstream_keys(
    plan: ExecutionPlan,
    step: ExecutionStep,
    mapping_key: str | None,
    known: Callable[[str], KnownStep | None],
) -> Iterator[str]:
    """Yield the keys of the steps right before one, with those made for mapping keys by their own."""
    for number in step.upstream:
        upstream = plan.steps[number]
        if upstream.scope is None:
            yield upstream.key
        elif mapping_key is not None:
            yield upstream.key_for(mapping_key)
        else:
            source = known(plan.steps[upstream.scope[0]].key)
            for key in source.keys_of(upstream.scope[1]) if source is not None else ():
                yield upstream.key_for(key)


class _Decider:
    """Decides about the steps of a plan, in its order."""

    def __init__(
        self,
        plan: ExecutionPlan,
        history: RunHistory,
        fingerprint_of: Callable[[ExecutionStep], StepFingerprint],
        config_changes: Callable[[ExecutionStep, str], Sequence[str]],
    ) -> None:
        self.plan = plan
        self.history = history
        self.fingerprint_of = fingerprint_of
        self.config_changes = config_changes
        #: By key, also by the keys of steps that are made for mapping keys.
        self.decisions: dict[str, StepDecision] = {}
        self.selected: list[str] = []

    def decide(self) -> None:
        for step in self.plan.steps:
            if step.scope is None:
                decision = self.decisions[step.key] = self._about(step, step.key, None)
                if decision.action is not StepAction.KEEP:
                    self.selected.append(step.key)
            else:
                self._about_mapped(step)

    def _about_mapped(self, template: ExecutionStep) -> None:
        """Decide about what runs per key: for all keys, also new ones, or for some of those known."""
        assert template.scope is not None
        source = self.plan.steps[template.scope[0]]
        keys = self.history.state.mapping_keys(source.key, template.scope[1]) or []
        found = {key: self._about(template, template.key_for(key), key) for key in keys}
        self.decisions |= {decision.step_key: decision for decision in found.values()}
        again = [key for key, decision in found.items() if decision.action is not StepAction.KEEP]
        above = self.decisions[source.key]
        if above.action is not StepAction.KEEP:
            self.selected.append(template.key)
            reason = f'for keys that step "{source.key}" did not give before'
            self.decisions[template.key] = StepDecision(template.key, above.action, [reason])
        elif again and len(again) == len(keys):
            self.selected.append(template.key)
        else:
            self.selected.extend(template.key_for(key) for key in again)

    def _about(self, step: ExecutionStep, key: str, mapping_key: str | None) -> StepDecision:
        state = self.history.state
        known = state.steps.get(key)
        failure = state.failures.get(key)
        if failure is not None:
            return StepDecision(key, StepAction.RUN, [f"it failed in run {failure.run_id[:8]}"])
        if known is None:
            return StepDecision(key, StepAction.RUN, ["it has not succeeded yet"])
        again, moved = self._before(step, key, mapping_key, known)
        if not known.is_skipped:
            old = self.history.fingerprints.get(key)
            changes = explain_changes(
                old,
                self.fingerprint_of(step),
                self.history.parts_of(old),
                self.config_changes(step, known.run_id) if old is not None else (),
            )
            if changes:
                return StepDecision(key, StepAction.RUN, changes)
        if again or moved:
            reasons: list[str] = []
            if again:
                reasons.append(f"runs after {_some(again)}")
            if moved:
                reasons.append(f"{_some(moved)} ran again since")
            if known.is_skipped:
                reasons.append("it was skipped, and runs if its inputs are given now")
            return StepDecision(key, StepAction.RUN_IF_INPUTS_CHANGE, reasons, known.run_id)
        reason = "skipped, and nothing before it has changed" if known.is_skipped else "unchanged"
        return StepDecision(key, StepAction.KEEP, [reason], known.run_id)

    def _before(
        self, step: ExecutionStep, key: str, mapping_key: str | None, known: KnownStep
    ) -> tuple[list[str], list[str]]:
        """Return the steps before one that may run, and those that ran again after it had."""
        state = self.history.state
        again: list[str] = []
        moved: list[str] = []
        taken = self.history.taken.get(key, {})
        for upstream in _upstream_keys(self.plan, step, mapping_key, state.steps.get):
            decision = self.decisions.get(upstream)
            current = state.steps.get(upstream)
            if decision is not None and decision.action is not StepAction.KEEP:
                again.append(upstream)
            elif not known.is_skipped and current is not None:
                then = taken.get(upstream)
                if then is None or then.run_id != current.run_id:
                    moved.append(upstream)
        if not again and step.upstream:
            # A fan-out that is made again: its keys are known when it has been made.
            for number in step.upstream:
                upstream = self.plan.steps[number].key
                decision = self.decisions.get(upstream)
                if decision is not None and decision.action is not StepAction.KEEP:
                    again.append(upstream)
        return again, moved


def _some(keys: Sequence[str]) -> str:
    if len(keys) <= _NAMED:
        return listed(keys)
    return f"{listed(keys[:_NAMED])} and {len(keys) - _NAMED} more"


class ChangePlan:
    """A re-execution from what has changed, worked out.

    Args:
        decisions: What is done with each step, in the order of the plan.
        plan: The plan, with the steps that run, or may.
        known_state: What earlier runs produced of the others, and of those that may be kept.
    """

    __slots__ = ("decisions", "known_state", "plan")

    def __init__(
        self,
        decisions: Sequence[StepDecision],
        plan: ExecutionPlan,
        known_state: KnownExecutionState,
    ) -> None:
        self.decisions = decisions
        self.plan = plan
        self.known_state = known_state


def plan_changes(
    plan: ExecutionPlan,
    history: RunHistory,
    fingerprint_of: Callable[[ExecutionStep], StepFingerprint],
    config_changes: Callable[[ExecutionStep, str], Sequence[str]] = lambda _step, _run_id: (),
    only: Iterable[str] | None = None,
) -> ChangePlan:
    """Return which steps have changed, and what that means for the others. Linear in the plan.

    Args:
        plan: The whole plan of the new run.
        history: What earlier runs did.
        fingerprint_of: Tells what would make a step now.
        config_changes: Tells in words how the config of a step differs from that in a run.
        only: The steps to run or to look at; those of a run that is stored. Default: what has changed.
    """
    decider = _Decider(plan, history, fingerprint_of, config_changes)
    decider.decide()
    decisions = decider.decisions
    subset = plan.build_subset_plan(decider.selected if only is None else only)
    kept = kept_state(subset, history.state)
    unchanged = {
        key: UnchangedStep(history.state.steps[key], history.taken.get(key, {}))
        for key, decision in decisions.items()
        # What stands for keys that are not known yet is no step that could be kept.
        if decision.action is StepAction.RUN_IF_INPUTS_CHANGE
        and key in history.state.steps
        and subset.is_selected(key)
    }
    # A dict of its own: what turns out to be kept is entered into it.
    state = KnownExecutionState(steps=dict(kept.steps), fan_outs=kept.fan_outs, unchanged=unchanged)
    return ChangePlan(list(decisions.values()), subset, state)
