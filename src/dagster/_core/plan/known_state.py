"""What earlier runs produced: a record, and the pure fold of their events into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.payloads import KEPT_FROM
from dagster._text import listed
from dagster._wire.record import Record

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.plan.plan import ExecutionPlan
    from dagster._core.plan.step import ExecutionStep

_START = DagsterEventType.STEP_START.value
_RESTARTED = DagsterEventType.STEP_RESTARTED.value
_OUTPUT = DagsterEventType.STEP_OUTPUT.value
_SUCCESS = DagsterEventType.STEP_SUCCESS.value
_FAILURE = DagsterEventType.STEP_FAILURE.value
_SKIPPED = DagsterEventType.STEP_SKIPPED.value
_RETRY = DagsterEventType.STEP_UP_FOR_RETRY.value
_ENGINE = DagsterEventType.ENGINE_EVENT.value

#: The types of events that the fold reads. Others need not be fetched.
FOLDED_EVENT_TYPES = frozenset(
    DagsterEventType(value)
    for value in (_START, _RESTARTED, _OUTPUT, _SUCCESS, _FAILURE, _SKIPPED, _RETRY)
)

#: The outputs that were given: for each the mapping keys; ``[None]`` for one that is not dynamic.
GivenOutputs = Mapping[str, Sequence[str | None]]
_NOTHING_GIVEN: dict[str, Sequence[str | None]] = {}
_NO_VERSIONS: dict[str, str] = {}


def value_name(output_name: str, mapping_key: str | None) -> str:
    """Return the name of a value among those of its step: ``output``, or ``output[key]``."""
    return output_name if mapping_key is None else f"{output_name}[{mapping_key}]"


class KnownStep(Record, frozen=True):
    """A step that ended in an earlier run, or in this one before its process died.

    Args:
        run_id: The run in which it ended.
        outputs: The outputs that it gave; see :data:`GivenOutputs`.
        is_skipped: Whether it was skipped, since an optional output before it was not given.
        versions: The versions of its values, as far as the op gave them, by :func:`value_name`.
    """

    run_id: str
    outputs: GivenOutputs = _NOTHING_GIVEN
    is_skipped: bool = False
    versions: Mapping[str, str] = _NO_VERSIONS

    def keys_of(self, output_name: str) -> list[str]:
        """Return the mapping keys of a dynamic output, in the order in which they were given."""
        return [key for key in self.outputs.get(output_name, ()) if key is not None]


class UnchangedStep(Record, frozen=True):
    """A step that need not run again if what it takes is what it took before.

    Args:
        known: How it ended.
        taken: The steps that it took values from, by key, as they had ended then.
    """

    known: KnownStep
    taken: Mapping[str, KnownStep]


class KnownExecutionState(Record, frozen=True):
    """What earlier runs produced, and nothing else. From the "Internals" document.

    It crosses processes as JSON, like every record.

    Args:
        steps: Steps that ended well or were skipped, by key, each as the nearest ancestor run has it.
        failures: Steps whose last end was a failure, by key. A run that is resumed keeps them as failed.
        attempts: How many attempts of a step have begun without an end, by key. A run that is resumed
            goes on counting from there; a new run starts anew.
        fan_outs: For dynamic steps that run again: the mapping keys by step and output that what is
            kept of the mapped steps belongs to. An output that is not there gave none.
        unchanged: Steps that are to run only if what they take has changed, by key. Those that turn out
            to be kept are moved to ``steps``, see :meth:`keep`.
    """

    steps: Mapping[str, KnownStep] = {}
    failures: Mapping[str, KnownStep] = {}
    attempts: Mapping[str, int] = {}
    fan_outs: Mapping[str, Mapping[str, Sequence[str]]] = {}
    unchanged: Mapping[str, UnchangedStep] = {}

    def keep(self, step_key: str) -> KnownStep:
        """Enter a step that turned out to be unchanged among those that are known, and return it.

        This changes the state: it is the one thing that becomes known while a run goes on, and everyone
        who loads values has to see it.
        """
        known = self.unchanged[step_key].known
        cast("dict[str, KnownStep]", self.steps)[step_key] = known
        return known

    def run_id_of(self, step_key: str, default: str) -> str:
        """Return the run that holds the outputs of a step.

        Args:
            step_key: The step.
            default: The run that goes on, which holds those of all steps that are not known.
        """
        found = self.steps.get(step_key) or self.failures.get(step_key)
        return default if found is None else found.run_id

    def mapping_keys(self, step_key: str, output_name: str) -> list[str] | None:
        """Return the mapping keys that a dynamic step gave; None if it is not known, or was skipped."""
        found = self.steps.get(step_key)
        return None if found is None or found.is_skipped else found.keys_of(output_name)

    def for_reexecution(self, is_selected: Callable[[str], bool]) -> KnownExecutionState:
        """Return what a new run may take from earlier ones: the steps that it does not run itself.

        Args:
            is_selected: Tells of a step key whether the new run runs that step.
        """
        steps: dict[str, KnownStep] = {}
        fan_outs: dict[str, Mapping[str, Sequence[str]]] = {}
        for key, known in self.steps.items():
            if not is_selected(key):
                steps[key] = known
                continue
            # Of any step: an output that is not there may be a dynamic one whose fan-out was empty.
            keys = {name: known.keys_of(name) for name in known.outputs}
            fan_outs[key] = {name: found for name, found in keys.items() if found}
        return KnownExecutionState(steps=steps, fan_outs=fan_outs)

    def for_resumption(self, run_id: str, is_selected: Callable[[str], bool]) -> KnownExecutionState:
        """Return what a run that goes on after its process died has: also failures and attempts.

        Args:
            run_id: The run.
            is_selected: Tells of a step key whether it is still to run.
        """
        again = self.for_reexecution(is_selected)
        return again._replace(
            failures={
                k: v for k, v in self.failures.items() if v.run_id == run_id and not is_selected(k)
            },
            attempts={k: n for k, n in self.attempts.items() if is_selected(k)},
        )

    def check_fan_out(
        self, plan: ExecutionPlan, template: ExecutionStep, keys: Sequence[str], *, is_used: bool
    ) -> None:
        """Refuse a fan-out with other keys, where steps of the former one are kept or selected by key.

        Args:
            plan: The plan.
            template: The mapped step, which does not run for all keys.
            keys: The mapping keys that the dynamic step has given.
            is_used: Whether a step that runs takes what the mapped step gives.

        Raises:
            DagsterInvariantViolationError: With what has changed, and what to do.
        """
        _check_fan_out(self, plan, template, keys, is_used)


EMPTY_STATE = KnownExecutionState()


def fold_run(
    state: KnownExecutionState, run_id: str, events: Iterable[DagsterEvent]
) -> KnownExecutionState:
    """Return a state with what a run adds to it. Linear in the events.

    A success or a skip takes the place of what is known of the step. A failure takes nothing away: the
    value that an older run made is still there, and that run is then the nearest one that has it.

    Args:
        state: What the ancestors of the run are known to have produced.
        run_id: The run.
        events: Its events, in order. Those of other types than :data:`FOLDED_EVENT_TYPES` are ignored.
    """
    steps = dict(state.steps)
    failures = dict(state.failures)
    attempts: dict[str, int] = {}
    given: dict[str, dict[str, list[str | None]]] = {}
    versions: dict[str, dict[str, str]] = {}
    for event in events:
        kind = event.event_type_value
        key = event.step_key
        if key is None:
            continue
        if kind == _OUTPUT:
            data = event.step_output_data
            if data.type_check_data is None or data.type_check_data.success:
                handle = data.step_output_handle
                given.setdefault(key, {}).setdefault(handle.output_name, []).append(handle.mapping_key)
                if data.version is not None:
                    name = value_name(handle.output_name, handle.mapping_key)
                    versions.setdefault(key, {})[name] = data.version
        elif kind == _SUCCESS:
            outputs = given.pop(key, _NOTHING_GIVEN)
            steps[key] = KnownStep(run_id, outputs, versions=versions.pop(key, _NO_VERSIONS))
            failures.pop(key, None)
            attempts.pop(key, None)
        elif kind in (_START, _RESTARTED):
            attempts[key] = attempts.get(key, 0) + 1
            given.pop(key, None)
            versions.pop(key, None)
        elif kind == _SKIPPED:
            steps[key] = KnownStep(run_id, is_skipped=True)
            failures.pop(key, None)
            attempts.pop(key, None)
        elif kind == _FAILURE:
            failures[key] = KnownStep(run_id, given.pop(key, _NOTHING_GIVEN))
            attempts.pop(key, None)
        elif kind == _RETRY:
            given.pop(key, None)
    return KnownExecutionState(steps=steps, failures=failures, attempts=attempts)


def kept_step(event: DagsterEvent) -> str | None:
    """Return the key of the step that a run says it keeps as an earlier one made it; None of other events."""
    if event.event_type_value != _ENGINE:
        return None
    metadata: Mapping[str, Any] = getattr(event.event_specific_data, "metadata", None) or {}
    return str(metadata["step_key"].value) if KEPT_FROM in metadata else None


def fold_runs(
    runs: Iterable[tuple[str, Iterable[DagsterEvent]]],
) -> KnownExecutionState:
    """Return what a chain of runs produced.

    Args:
        runs: The id and the events of each run, the oldest first.
    """
    state = EMPTY_STATE
    for run_id, events in runs:
        state = fold_run(state, run_id, events)
    return state


def _check_fan_out(
    known: KnownExecutionState,
    plan: ExecutionPlan,
    template: ExecutionStep,
    keys: Sequence[str],
    is_used: bool,
) -> None:
    by_key = plan.mapping_keys_selected(template)
    assert template.scope is not None  # it is a mapped step
    source = plan.steps[template.scope[0]]
    if not plan.is_selected(source.key):
        gone = [key for key in by_key if key not in keys]
        if gone:
            raise DagsterInvariantViolationError(
                f'Step "{template.key_for(gone[0])}" was to run, but the dynamic output '
                f'"{template.scope[1]}" of step "{source.key}" gave other mapping keys: {listed(keys)}.'
            )
        return
    if not by_key and not is_used:
        return
    former = known.fan_outs.get(source.key)
    before = by_key if former is None else former.get(template.scope[1], ())
    if set(before) == set(keys):
        return
    kept = [key for key in before if key not in by_key]
    taken = (
        f"steps {listed(template.key_for(key) for key in kept)} are taken from an earlier run"
        if kept
        else f"steps {listed(template.key_for(key) for key in by_key)} were selected by key"
    )
    added = [key for key in keys if key not in before]
    gone = [key for key in before if key not in keys]
    changes = [
        *([f"it no longer gives {listed(gone)}"] if gone else []),
        *([f"it gives {listed(added)} for the first time"] if added else []),
    ]
    raise DagsterInvariantViolationError(
        f'The fan-out of step "{source.key}" has changed while {taken}: {", and ".join(changes)}. What was '
        f'kept does not fit what ran now. Run all mapped steps again: select "{source.key}*", or '
        f'"{template.key}" and what follows.'
    )
