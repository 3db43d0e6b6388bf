"""Which steps a re-execution runs. Pure: a plan, what is known of earlier runs, and what was asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from dagster._core.definitions.selection import SelectionGraph, select
from dagster._core.plan.known_state import KnownExecutionState, KnownStep
from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.sources import FromDynamicCollect, FromMultipleSources, InputSource
from dagster._core.plan.step import ExecutionStep, StepKind


def step_graph(plan: ExecutionPlan, known: KnownExecutionState) -> SelectionGraph:
    """Return the steps by key and what each waits for, with a name for each mapping key that is known.

    ``op[?]`` stands for all steps that a mapped step becomes, ``op[key]`` for one of them.
    """
    upstream: dict[str, list[str]] = {}
    keys_of: dict[int, list[str]] = {}
    for step in plan.steps:
        numbers = dict.fromkeys(u for i in step.inputs for u in _direct(i.source))
        upstream[step.key] = [plan.steps[u].key for u in numbers]
        if step.scope is not None:
            keys_of[step.index] = keys = _known_keys(plan, step, known)
            for key in keys:
                upstream[step.key_for(key)] = [
                    plan.steps[u].key_for(key) if u in keys_of else plan.steps[u].key
                    for u in step.upstream
                ]
        elif step.kind is StepKind.UNRESOLVED_COLLECT:
            for u in step.upstream:
                upstream[step.key].extend(plan.steps[u].key_for(key) for key in keys_of.get(u, ()))
    return SelectionGraph(upstream)


def _direct(source: InputSource) -> Iterable[int]:
    """Return the steps whose values a source takes: of a collect not the one that made the keys."""
    if isinstance(source, FromDynamicCollect):
        return (source.of.step,)
    if isinstance(source, FromMultipleSources):
        return [step for inner in source.sources for step in _direct(inner)]
    return source.upstream_steps()


def _known_keys(plan: ExecutionPlan, template: ExecutionStep, known: KnownExecutionState) -> list[str]:
    assert template.scope is not None
    source, output_name = template.scope
    return known.mapping_keys(plan.steps[source].key, output_name) or []


def steps_of_selection(
    plan: ExecutionPlan, clauses: Sequence[str], known: KnownExecutionState, where: str
) -> list[str]:
    """Return the keys of the steps that clauses mean, in the order of the plan.

    Args:
        plan: The whole plan.
        clauses: ``step``, ``step+``, ``step*``, ``+step``, ``*step``, with ``op[key]`` and ``op[?]``.
        known: What earlier runs produced; it has the mapping keys.
        where: What the plan is of, for messages.

    Raises:
        DagsterInvalidSubsetError: If a clause cannot be read or matches nothing; with the nearest key.
    """
    found = select(clauses, step_graph(plan, known), what="step", where=where)
    keys: list[str] = []
    for step in plan.steps:
        if step.key in found:
            # It stands for all keys, also for those that a new fan-out brings.
            keys.append(step.key)
        elif step.scope is not None:
            made = (step.key_for(key) for key in _known_keys(plan, step, known))
            keys.extend(key for key in made if key in found)
    return keys


def kept_state(
    plan: ExecutionPlan, known: KnownExecutionState, *, resumed: str | None = None
) -> KnownExecutionState:
    """Return what a run may take from earlier ones: of steps that it does not run itself.

    Args:
        plan: The plan, with the steps that run.
        known: What earlier runs produced.
        resumed: The run, if it goes on after its process died: failures and attempts count then too.
    """
    if resumed is None:
        kept = known.for_reexecution(plan.is_selected)
    else:
        kept = known.for_resumption(resumed, plan.is_selected)
    return KnownExecutionState(
        _without_stale_keys(plan, kept), kept.failures, kept.attempts, kept.fan_outs
    )


def _without_stale_keys(plan: ExecutionPlan, known: KnownExecutionState) -> dict[str, KnownStep]:
    """Return the known steps without those that were made for keys which their fan-out no longer has."""
    current: dict[str, set[str] | None] = {}
    for step in plan.steps:
        if step.scope is not None:
            source, output_name = step.scope
            keys = known.mapping_keys(plan.steps[source].key, output_name)
            # While the dynamic step runs again, its keys may be those that it gave before.
            current[step.key] = set(keys) if keys is not None else None
    steps = dict(known.steps)
    if current:
        for key in known.steps:
            if not key.endswith("]"):
                continue
            name, _, mapping_key = key[:-1].partition("[")
            keys = current.get(f"{name}[?]")
            if keys is not None and mapping_key not in keys:
                del steps[key]
    return steps


def unfinished_steps(
    plan: ExecutionPlan, known: KnownExecutionState, run_id: str, kept: Collection[str] = ()
) -> list[str]:
    """Return the keys of the steps of a run that did not come to a good end in it.

    Those that failed, those that were not run because of it, and those that never came to run; not those
    that were skipped because an optional output was not given.

    Args:
        plan: The plan of the run, with the steps that it was to run.
        known: What the run and those before it produced.
        run_id: The run.
        kept: The steps that it was to run if what they take had changed, and kept. They are as good as
            those that ran.
    """
    steps = known.steps
    unfinished: list[str] = []
    again: set[int] = set()

    def ended(key: str) -> bool:
        found = steps.get(key)
        return found is not None and (found.run_id == run_id or key in kept)

    for step in plan.steps_that_run:
        if step.scope is None:
            if not ended(step.key):
                unfinished.append(step.key)
                again.add(step.index)
            continue
        by_key = plan.mapping_keys_selected(step)
        if step.scope[0] in again:
            # Its keys will be known when the dynamic step has run again.
            unfinished.extend([step.key_for(key) for key in by_key] or [step.key])
            continue
        keys = by_key or _known_keys(plan, step, known)
        unfinished.extend(key for key in map(step.key_for, keys) if not ended(key))
    return unfinished
