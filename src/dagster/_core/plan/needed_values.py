"""The stored values that a re-execution feeds on. Pure: told before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagster._core.plan.known_state import KnownExecutionState
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.sources import (
    FromDynamicCollect,
    FromMappedOutput,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
)
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.handles import StepOutputHandle
from dagster._wire.record import Record


class NeededValue(Record, frozen=True):
    """A value that a step will load from an earlier run.

    Args:
        step_key: The step that takes it.
        input_name: The input.
        handle: The value.
        manager_key: The resource that is to load it.
        run_id: The run that made it; None if no earlier run did.
    """

    step_key: str
    input_name: str
    handle: StepOutputHandle
    manager_key: str
    run_id: str | None = None


def needed_values(plan: ExecutionPlan, known: KnownExecutionState) -> Iterator[NeededValue]:
    """Yield the values of steps that do not run that steps which run take, in the order of the plan.

    What was not given because it is optional, or because its step was skipped, is not needed: it is
    missed in a re-execution as it was in the first run.

    Args:
        plan: The plan, with the steps that run.
        known: What earlier runs produced.
    """
    if plan.selected is None:
        return
    for step in plan.steps_that_run:
        if _runs_for_no_key(plan, known, step):
            continue
        for step_input in step.inputs:
            if step_input.is_nothing:
                continue
            for step_key, handle in _taken(plan, known, step, step_input.source):
                upstream = plan.get_step_by_key(handle.step_key)
                manager_key = (
                    step_input.definition.connected_manager_key
                    or upstream.outputs[handle.output_name].io_manager_key
                )
                found = known.steps.get(handle.step_key)
                output = upstream.outputs[handle.output_name]
                if handle.step_key in known.failures:
                    continue  # the run goes on, and the step will not run
                if found is None:
                    yield NeededValue(step_key, step_input.name, handle, manager_key)
                elif found.is_skipped:
                    continue
                elif handle.mapping_key in found.outputs.get(handle.output_name, ()):
                    yield NeededValue(step_key, step_input.name, handle, manager_key, found.run_id)
                elif output.is_required and not output.is_dynamic:
                    # The op has another output now than when it ran.
                    yield NeededValue(step_key, step_input.name, handle, manager_key)


def _taken(
    plan: ExecutionPlan, known: KnownExecutionState, step: ExecutionStep, source: InputSource
) -> Iterator[tuple[str, StepOutputHandle]]:
    """Yield the values of steps that do not run: the key of the step that takes it, and its name."""
    if isinstance(source, FromMultipleSources):
        for inner in source.sources:
            yield from _taken(plan, known, step, inner)
    elif isinstance(source, FromStepOutput):
        if not plan.is_selected(source.step_key):
            yield step.key, source.handle
    elif isinstance(source, FromMappedOutput):
        assert step.scope is not None  # only mapped steps have such a source
        keys = plan.mapping_keys_selected(step) or _keys(plan, known, step.scope)
        for key in _or_unknown(plan, source, keys):
            handle = _value(plan, source, key)
            if handle is not None:
                yield (step.key if key == "?" else step.key_for(key)), handle
    elif isinstance(source, FromDynamicCollect):
        of = source.of
        scope = (of.step, of.output_name) if of.is_dynamic else plan.steps[of.step].scope
        assert scope is not None  # it collects what runs per key
        for key in _or_unknown(plan, of, _keys(plan, known, scope)):
            handle = _value(plan, of, key)
            if handle is not None:
                yield step.key, handle


def _runs_for_no_key(plan: ExecutionPlan, known: KnownExecutionState, step: ExecutionStep) -> bool:
    """Whether a mapped step becomes no step: its fan-out is kept, and was empty or skipped."""
    if step.scope is None or plan.is_selected(plan.steps[step.scope[0]].key):
        return False
    return not plan.mapping_keys_selected(step) and _keys(plan, known, step.scope) == []


def _keys(plan: ExecutionPlan, known: KnownExecutionState, scope: tuple[int, str]) -> list[str] | None:
    """Return the keys of a fan-out, as far as they are known: of the dynamic step's last good run."""
    step = plan.steps[scope[0]]
    if plan.is_selected(step.key):
        former = known.fan_outs.get(step.key)
        return None if former is None else list(former.get(scope[1], ()))
    found = known.steps.get(step.key)
    if found is None:
        return None
    return [] if found.is_skipped else found.keys_of(scope[1])


def _or_unknown(
    plan: ExecutionPlan, source: FromMappedOutput, keys: Sequence[str] | None
) -> Sequence[str]:
    """Return the keys; if they are not known, one that stands for all of them where it matters."""
    if keys is not None:
        return keys
    return [] if plan.is_selected(source.step_key) else ["?"]


def _value(plan: ExecutionPlan, source: FromMappedOutput, key: str) -> StepOutputHandle | None:
    """Return the value for a key if its step does not run."""
    if source.is_dynamic:
        if plan.is_selected(source.step_key):
            return None
        return StepOutputHandle(source.step_key, source.output_name, None if key == "?" else key)
    step_key = plan.steps[source.step].key_for(key)
    return None if plan.is_selected(step_key) else StepOutputHandle(step_key, source.output_name)
