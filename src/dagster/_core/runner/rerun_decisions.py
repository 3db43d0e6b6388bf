"""Each step of a re-execution: whether it runs, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dagster._core.plan.changed_steps import StepAction, StepDecision
from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.step import ExecutionStep
from dagster._core.runner.rerun import Rerun, RerunKind


def decisions_of(rerun: Rerun) -> list[StepDecision]:
    """Return what a re-execution does with each step, in the order of the plan."""
    if rerun.kind is RerunKind.FROM_CHANGED:
        return list(rerun.decisions)
    return [
        _decision(rerun, key)
        for step in rerun.plan.steps
        for key in _keys(rerun.plan, rerun.state, step)
    ]


def _decision(rerun: Rerun, key: str) -> StepDecision:
    runs = rerun.plan.is_selected(key)
    known = None if runs else rerun.state.steps.get(key)
    return StepDecision(
        key,
        StepAction.RUN if runs else StepAction.KEEP,
        [_reason(rerun, rerun.plan, rerun.state, key)],
        None if known is None else known.run_id,
    )


def _keys(plan: ExecutionPlan, state: KnownExecutionState, step: ExecutionStep) -> Iterator[str]:
    """Yield the keys of a step, or those that it becomes, as far as they are known."""
    if step.scope is None or plan.selected is None or step.key in plan.selected:
        yield step.key
        return
    source = plan.steps[step.scope[0]]
    known = state.mapping_keys(source.key, step.scope[1])
    keys = dict.fromkeys([*(known or ()), *plan.mapping_keys_selected(step)])
    if not keys:
        yield step.key
    for key in keys:
        yield step.key_for(key)


def _reason(rerun: Rerun, plan: ExecutionPlan, state: KnownExecutionState, key: str) -> str:
    known, failure = state.steps.get(key), state.failures.get(key)
    if not plan.is_selected(key):
        if known is None:
            return "it is not selected, and gave nothing in an earlier run"
        return (
            f"it was skipped in run {known.run_id}" if known.is_skipped else f"from run {known.run_id}"
        )
    if rerun.kind is RerunKind.ALL:
        return "all steps run"
    if rerun.kind is RerunKind.SELECTED:
        return "it is selected"
    if failure is not None and failure.run_id == rerun.parent.run_id:
        return f"it failed in run {failure.run_id}"
    return f"it did not come to run in run {rerun.parent.run_id}"
