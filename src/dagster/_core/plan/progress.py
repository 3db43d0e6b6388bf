"""Progress: the pure state machine that says what may run next. Every executor shares it.

In: what happened to steps. Out: steps that became ready, were skipped or were abandoned, and when the run
is over. No I/O, no clock of its own: times are given.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dagster._check import CheckError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.plan.plan import THEMSELVES, ExecutionPlan
from dagster._core.plan.sources import (
    FromDynamicCollect,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
)
from dagster._core.plan.step import ExecutionStep, StepKind
from dagster._process.late_module import LateModule

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.plan import conditions
    from dagster._core.plan.known_state import KnownExecutionState, KnownStep
else:
    conditions = LateModule("dagster._core.plan.conditions")

WAITING, READY, RUNNING, SUCCESS, FAILED, SKIPPED, ABANDONED, RETRYING, EXPANDED = range(9)
STATE_NAMES = (
    "waiting",
    "ready",
    "running",
    "success",
    "failed",
    "skipped",
    "abandoned",
    "retrying",
    "expanded",
)
_ENDED = frozenset({SUCCESS, FAILED, SKIPPED, ABANDONED, EXPANDED})
_BAD = frozenset({FAILED, ABANDONED})
_PRIORITY_STRIDE = 1 << 40

_OUTPUT = DagsterEventType.STEP_OUTPUT.value
_SUCCESS = DagsterEventType.STEP_SUCCESS.value
_FAILURE = DagsterEventType.STEP_FAILURE.value
_SKIPPED = DagsterEventType.STEP_SKIPPED.value
_RETRY = DagsterEventType.STEP_UP_FOR_RETRY.value


class Progress:
    """The state of every step of a running plan.

    Of a plan of which only some steps run, the others have ended from the start: with the outputs that
    they gave in an earlier run, or as skipped. Steps that run do not wait for those that do not.

    Args:
        plan: The plan.
        known_state: What earlier runs produced: of the steps that do not run, of which mapping keys, and
            how often a step of this run was tried before its process died. Default: nothing.
        require_upstream_step_success: Whether a step needs all steps before it to have succeeded. If
            not, it needs only the outputs that it takes. Default: True.
    """

    __slots__ = (
        "_downstream",
        "_expansions",
        "_keys",
        "_known",
        "_outputs",
        "_pending",
        "_plan",
        "_queue",
        "_require_success",
        "_retries",
        "_troubled",
        "abandoned",
        "attempts",
        "by_key",
        "conditions",
        "skipped",
        "state",
        "steps",
        "steps_left",
    )

    def __init__(
        self,
        plan: ExecutionPlan,
        *,
        known_state: KnownExecutionState | None = None,
        require_upstream_step_success: bool = True,
    ) -> None:
        self.steps: list[ExecutionStep] = list(plan.steps)
        count = len(self.steps)
        self.state = [WAITING] * count
        #: How often each step was tried again.
        self.attempts: dict[str, int] = dict(known_state.attempts) if known_state is not None else {}
        #: Steps that were skipped or abandoned since they were last taken.
        self.skipped: list[ExecutionStep] = []
        self.abandoned: list[ExecutionStep] = []
        #: Steps made for a key, by their own key. The plan knows the others.
        self.by_key: dict[str, int] = {}
        self._downstream = plan.downstream
        self._pending = [len(step.upstream) for step in self.steps]
        self._troubled: set[int] = set()
        self._outputs: dict[int, dict[str, dict[str | None, None]]] = {}
        self._keys: dict[tuple[int, str], list[str]] = {}
        self._expansions: dict[int, dict[str, int]] = {}
        self._queue: list[int] = []
        self._retries: list[tuple[float, int]] = []
        #: How many steps have not ended, those that run included.
        self.steps_left = count
        self._require_success = require_upstream_step_success
        self._plan = plan
        self._known = known_state
        #: The steps that run only if what they take has changed. Who drives this answers what it asks.
        self.conditions: conditions.Conditions | None = (
            conditions.Conditions(known_state)
            if known_state is not None and known_state.unchanged
            else None
        )
        if plan.selected is not None:
            self._start_with_kept_steps()
            return
        if any(step.scope is not None for step in self.steps):
            self._downstream = [list(after) for after in plan.downstream]
        for step in self.steps:
            if not step.upstream:
                self._set_ready(step)

    # What to do next

    @property
    def is_over(self) -> bool:
        """Whether every step has ended."""
        return self.steps_left == 0

    def take_ready(self, now: float = 0.0) -> ExecutionStep | None:
        """Return the next step to run, by priority, then in the order of the plan; None if none may run.

        Args:
            now: The time, for retries that wait, on the clock that gave their due times.
        """
        if self._retries and self._retries[0][0] <= now:
            _, index = heapq.heappop(self._retries)
            self._move(index, RETRYING, RUNNING)
            return self.steps[index]
        if not self._queue and self.conditions is not None:
            # Nobody compared the values: what may have changed counts as changed.
            for question in self.conditions.take_questions():
                self.answer(question, is_same=not question.values)
        if not self._queue:
            return None
        number = heapq.heappop(self._queue)
        index = number % _PRIORITY_STRIDE
        self._move(index, READY, RUNNING)
        return self.steps[index]

    def next_retry_due(self) -> float | None:
        """Return when the next waiting retry is due, or None if none waits."""
        return self._retries[0][0] if self._retries else None

    def take_skipped(self) -> list[ExecutionStep]:
        """Return the steps that were skipped since the last call."""
        taken, self.skipped = self.skipped, []
        return taken

    def take_abandoned(self) -> list[ExecutionStep]:
        """Return the steps that can never run, since something before them failed."""
        taken, self.abandoned = self.abandoned, []
        return taken

    def answer(self, question: conditions.Question, *, is_same: bool) -> None:
        """Take in whether a step is kept as it ended in an earlier run, or has to run."""
        assert self.conditions is not None  # it has asked
        if not is_same:
            self._set_ready(question.step)
            return
        self.conditions.keep(question.step)
        self._place(question.step)
        self._ended((question.step.index, False))

    def upstream_failures(self, step: ExecutionStep) -> list[str]:
        """Return the keys of the steps right before one that failed or were abandoned."""
        return [self.steps[u].key for u in _bad_upstream(step, self.state, self._expansions)]

    # What happened

    def handle_event(self, step: ExecutionStep, event: DagsterEvent, now: float = 0.0) -> None:
        """Take in an event of a running step. Events that change nothing are ignored."""
        kind = event.event_type_value
        if kind == _OUTPUT:
            if self.conditions is not None:
                self.conditions.note_version(step, event.step_output_data)
            if step.tracks_outputs or not self._require_success:
                data = event.step_output_data
                if data.type_check_data is None or data.type_check_data.success:
                    handle = data.step_output_handle
                    self.output(step, handle.output_name, handle.mapping_key)
        elif kind == _SUCCESS:
            self.succeeded(step)
        elif kind == _FAILURE:
            self.failed(step)
        elif kind == _SKIPPED:
            self.skip_running(step)
        elif kind == _RETRY:
            self.retry(step, now + (event.step_retry_data.seconds_to_wait or 0))

    def output(self, step: ExecutionStep, output_name: str, mapping_key: str | None) -> None:
        """A step gave a value."""
        if self.state[step.index] != RUNNING:
            raise CheckError(
                f'step "{step.key}" cannot give output "{output_name}": expected it to be running, it is '
                f"{STATE_NAMES[self.state[step.index]]}"
            )
        self._outputs.setdefault(step.index, {}).setdefault(output_name, {})[mapping_key] = None

    def succeeded(self, step: ExecutionStep) -> None:
        """A step ended well."""
        index = step.index
        self._move(index, RUNNING, SUCCESS)
        if step.tracks_outputs:
            self._end_with_outputs(step)
        self._ended((index, False))

    def failed(self, step: ExecutionStep) -> None:
        """A step ended badly and will not be tried again."""
        self._move(step.index, RUNNING, FAILED)
        self._ended((step.index, True))

    def skip_running(self, step: ExecutionStep) -> None:
        """A step that was running said that it is skipped."""
        self._move(step.index, RUNNING, SKIPPED)
        self._ended((step.index, True))

    def retry(self, step: ExecutionStep, due: float) -> None:
        """A step failed and is to be tried again at a time."""
        self._move(step.index, RUNNING, RETRYING)
        self.attempts[step.key] = self.attempts.get(step.key, 0) + 1
        self._outputs.pop(step.index, None)
        heapq.heappush(self._retries, (due, step.index))

    # Transitions

    def _move(self, index: int, expected: int, to: int) -> None:
        state = self.state[index]
        if state != expected:
            raise CheckError(
                f'step "{self.steps[index].key}" cannot become {STATE_NAMES[to]}: expected it to be '
                f"{STATE_NAMES[expected]}, it is {STATE_NAMES[state]}"
            )
        self.state[index] = to

    def _set_ready(self, step: ExecutionStep) -> None:
        self._move(step.index, WAITING, READY)
        heapq.heappush(self._queue, step.index - step.priority * _PRIORITY_STRIDE)

    def _start_with_kept_steps(self) -> None:
        """Place the steps that do not run as ended, and begin with the others. Linear in the plan."""
        plan = self._plan
        steps = plan.steps  # not ours: that one grows with what is made for keys
        runs = [False] * len(steps)
        for step in plan.steps_that_run:
            runs[step.index] = True
        waits = list(runs)
        for step in steps:
            if step.scope is not None:
                # What is kept of a fan-out that is made again is known when it has been made.
                waits[step.index] = runs[step.index] or runs[step.scope[0]]
        self._downstream = [[a for a in after if waits[a]] for after in plan.downstream]
        for step in steps:
            index = step.index
            if waits[index]:
                self._pending[index] = sum(1 for u in step.upstream if waits[u])
            elif step.scope is not None:
                self._expand(step)
                self.steps_left -= 1
            else:
                self._place(step)
                self.steps_left -= 1
        # Listed first: beginning with one may leave nothing to wait for to another, which then begins too.
        if self.conditions is not None:
            self._troubled.update(s.index for s in steps if waits[s.index])  # each is looked at
        first = [s for s in steps if waits[s.index] and self._pending[s.index] == 0]
        for step in first:
            if step.index in self._troubled or step.kind is not StepKind.COMPUTE:
                self._ended(*self._decide(step))
            else:
                self._set_ready(step)

    def _place(self, step: ExecutionStep) -> None:
        """Put a step that does not run at its end: as it ended in an earlier run."""
        index, known = step.index, self._known
        found: KnownStep | None = None
        failure: KnownStep | None = None
        if known is not None:
            found, failure = known.steps.get(step.key), known.failures.get(step.key)
        ended = found or failure
        outputs: Mapping[str, Sequence[str | None]] = ended.outputs if ended is not None else {}
        if found is None and failure is not None:
            self.state[index] = FAILED
        elif found is not None and found.is_skipped:
            self.state[index] = SKIPPED
        else:
            self.state[index] = SUCCESS
            if ended is None:
                # It never ended. Only what carries no value can be taken from it; see needed_values.
                outputs = {name: (None,) for name, o in step.outputs.items() if o.is_nothing}
        if step.tracks_outputs or not self._require_success:
            self._outputs[index] = {name: dict.fromkeys(keys) for name, keys in outputs.items()}
        if self.state[index] != SUCCESS:
            self._troubled.update(self._downstream[index])
        elif step.tracks_outputs and found is not None:
            self._end_with_outputs(step)
        elif step.tracks_outputs:
            self._troubled.update(self._downstream[index])

    def _ended(self, *work: tuple[int, bool]) -> None:
        """Count ended steps off, each with whether those after it must look at what they can get.

        A work list and not a recursion: chains of skipped steps are as long as plans are.
        """
        left = list(work)
        while left:
            ended, is_troubled = left.pop()
            self.steps_left -= 1
            pending = self._pending
            for after in self._downstream[ended]:
                if is_troubled:
                    self._troubled.add(after)
                still = pending[after] = pending[after] - 1
                if still:
                    continue
                step = self.steps[after]
                if after not in self._troubled and step.kind is StepKind.COMPUTE:
                    self._set_ready(step)
                else:
                    left.extend(self._decide(step))

    def _decide(self, step: ExecutionStep) -> Iterable[tuple[int, bool]]:
        """Make a step ready, skipped, abandoned or expanded; return those that ended by it."""
        index = step.index
        if step.kind is StepKind.UNRESOLVED_MAPPED:
            return self._expand(step)
        if self._is_abandoned(step):
            self._move(index, WAITING, ABANDONED)
            self.abandoned.append(step)
            return [(index, True)]
        sources: dict[str, InputSource] = {}
        for step_input in step.inputs:
            source = self._available(step_input.source)
            if source is None:
                self._move(index, WAITING, SKIPPED)
                self.skipped.append(step)
                return [(index, True)]
            if source is not step_input.source:
                sources[step_input.name] = source
        planned = step.inputs
        if sources or step.kind is not StepKind.COMPUTE:
            self.steps[index] = step = step.with_sources(sources)
        if self.conditions is not None:
            question = self.conditions.question_about(step, planned)
            if question is not None:
                self.conditions.questions.append(question)
                return ()
        self._set_ready(step)
        return ()

    def _is_abandoned(self, step: ExecutionStep) -> bool:
        bad = _bad_upstream(step, self.state, self._expansions)
        if not bad or self._require_success:
            return bool(bad)
        # What a failed step gave before it failed is taken; it must have given all that is taken of it.
        taken: dict[int, bool] = {}
        for step_input in step.inputs:
            collect = step_input.source
            if isinstance(collect, FromDynamicCollect) and self.state[collect.source_step] in _BAD:
                return True  # the fan-out is not whole
            for source in _step_outputs(step_input.source, self._collectable):
                was_given = self._was_given(source)
                taken[source.step] = taken.get(source.step, True) and was_given
        return not all(taken.get(u, False) for u in bad)

    def _available(self, source: InputSource) -> InputSource | None:
        """Return a source without what was not given; None if nothing of it was."""
        if isinstance(source, FromStepOutput):
            return source if self._was_given(source) else None
        if isinstance(source, FromMultipleSources):
            there = [s for s in map(self._available, source.sources) if s is not None]
            if len(there) == len(source.sources):
                same = all(a is b for a, b in zip(there, source.sources, strict=True))
                return source if same else FromMultipleSources(there)
            return FromMultipleSources(there) if there else None
        if isinstance(source, FromDynamicCollect):
            return self._collected(source)
        return source

    def _was_given(self, source: FromStepOutput) -> bool:
        step = self.steps[source.step]
        if self.state[source.step] != SUCCESS and self._require_success:
            return False
        if not step.tracks_outputs and self._require_success:
            return True
        return source.mapping_key in self._outputs.get(source.step, {}).get(source.output_name, ())

    def _collectable(self, source: FromDynamicCollect) -> list[FromStepOutput]:
        """Return the values that a collect would gather, whether or not they were given."""
        of = source.of
        if of.is_dynamic:
            keys = self._keys.get((of.step, of.output_name), ())
            return [FromStepOutput(of.step, of.step_key, of.output_name, key) for key in keys]
        return [
            FromStepOutput(index, self.steps[index].key, of.output_name)
            for index in self._expansions.get(of.step, {}).values()
        ]

    def _collected(self, source: FromDynamicCollect) -> InputSource | None:
        of = source.of
        sources = self._collectable(source)
        if of.is_dynamic:
            if self.state[of.step] != SUCCESS:
                return None
            # A required dynamic output without values counts as given: an empty list.
            has_none = self.steps[of.step].outputs[of.output_name].is_required
            return FromMultipleSources(sources) if sources or has_none else None
        if self.state[of.step] != EXPANDED:
            return None
        there = [s for s in sources if self._was_given(s)]
        return FromMultipleSources(there) if there or not sources else None

    def _end_with_outputs(self, step: ExecutionStep) -> None:
        """Note which optional outputs are missing, and the keys of dynamic ones."""
        given = self._outputs.get(step.index, {})
        if any(name not in given for name in step.outputs):
            self._troubled.update(self._downstream[step.index])
        for name, output in step.outputs.items():
            if output.is_dynamic:
                self._keys[step.index, name] = [k for k in given.get(name, ()) if k is not None]

    def _expand(self, template: ExecutionStep) -> Iterable[tuple[int, bool]]:
        """Replace a step that runs per key by a step for each key.

        It is asked when everything before the template has ended: the dynamic step, and templates before
        it, which have been expanded by then.

        Raises:
            DagsterInvariantViolationError: If the keys are others than those of what is kept.
        """
        plan = self._plan
        is_whole = plan.selected is None or template.key in plan.selected
        index, scope = template.index, template.scope
        assert scope is not None
        source_step, output_name = scope
        keys = self._keys.get(scope)
        if keys is None and self.state[source_step] in _BAD:
            # What it gave before it failed is not the whole fan-out: nothing runs per key.
            self._move(index, WAITING, ABANDONED)
            if is_whole or plan.mapping_keys_selected(template):
                self.abandoned.append(template)
            return [(index, True)]
        optional = not self.steps[source_step].outputs[output_name].is_required
        if keys is None or (optional and not keys):
            self._move(index, WAITING, SKIPPED)
            return [(index, True)]
        if not is_whole and self._known is not None:
            is_used = any(plan.runs(self.steps[after]) for after in self._downstream[index])
            self._known.check_fan_out(plan, template, keys, is_used=is_used)
        self._move(index, WAITING, EXPANDED)
        templates = [u for u in template.upstream if u in self._expansions]
        made = self._expansions[index] = {}
        after = self._downstream[index]
        ended: list[tuple[int, bool]] = []
        for key in keys:
            is_kept = not (is_whole or plan.is_selected(template.key_for(key)))
            steps_by_template = {t: self._expansions[t][key] for t in templates}
            number = len(self.steps)
            step = template.resolve(number, key, THEMSELVES if is_kept else steps_by_template)
            made[key] = number
            self._add(step, after, is_kept)
            if is_kept:
                continue
            if self._pending[number] == 0:
                if number in self._troubled:
                    ended.extend(self._decide(step))
                else:
                    self._set_ready(step)
        # The template itself counts as ended; its steps hold back what waits for it.
        return [*ended, (index, False)]

    def _add(self, step: ExecutionStep, after: list[int], is_kept: bool) -> None:
        """Add a step made for a key; what waits for its template waits for it too, if it is to run."""
        self.steps.append(step)
        self.by_key[step.key] = step.index
        self.state.append(WAITING)
        if is_kept:
            self._pending.append(0)
            self._downstream.append(list(after))
            self._place(step)
            return
        # Templates that follow are expanded on their own, and their steps then wait for this one.
        waiters = [a for a in after if self.steps[a].kind is not StepKind.UNRESOLVED_MAPPED]
        self._downstream.append(list(waiters))
        for waiter in waiters:
            self._pending[waiter] += 1
        open_upstream = 0
        for upstream in step.upstream:
            if self.state[upstream] in _ENDED:
                ended_well = self.state[upstream] in (SUCCESS, EXPANDED)
                if not ended_well or self.steps[upstream].tracks_outputs:
                    self._troubled.add(step.index)
            else:
                open_upstream += 1
                self._downstream[upstream].append(step.index)
        self._pending.append(open_upstream)
        if self.conditions is not None:
            self._troubled.add(step.index)  # it is looked at before it runs
        self.steps_left += 1


def _step_outputs(
    source: InputSource, collectable: Callable[[FromDynamicCollect], list[FromStepOutput]]
) -> list[FromStepOutput]:
    """Return the outputs that a source takes values from."""
    if isinstance(source, FromStepOutput):
        return [source]
    if isinstance(source, FromMultipleSources):
        return [found for inner in source.sources for found in _step_outputs(inner, collectable)]
    if isinstance(source, FromDynamicCollect):
        return collectable(source)
    return []


def _bad_upstream(
    step: ExecutionStep, state: Sequence[int], expansions: Mapping[int, Mapping[str, int]]
) -> list[int]:
    """Return the steps right before one that failed or were abandoned, also those made for keys."""
    bad = [u for u in step.upstream if state[u] in _BAD]
    if step.kind is StepKind.UNRESOLVED_COLLECT:
        for template in step.upstream:
            made = expansions.get(template, {})
            bad.extend(index for index in made.values() if state[index] in _BAD)
    return bad
