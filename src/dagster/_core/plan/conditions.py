"""Steps that run only if what they take has changed: decided when everything before them has ended.

Pure: which values must be compared is asked, and the answer is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dagster._core.plan.known_state import (
    KnownExecutionState,
    KnownStep,
    UnchangedStep,
    value_name,
)
from dagster._core.plan.sources import (
    FromDynamicCollect,
    FromMultipleSources,
    FromStepOutput,
    InputSource,
    values_of,
)
from dagster._core.plan.step import ExecutionStep, StepInput
from dagster._core.records.handles import StepOutputHandle

if TYPE_CHECKING:
    from dagster._core.events.payloads import StepOutputData

#: A value that a step takes: the key of the step that gave it, the output, the mapping key.
ValueKey = tuple[str, str, str | None]


class ComparedValue:
    """A value that a step takes, to be compared with the one that it took before.

    Args:
        handle: Its name.
        run_id: The run that made it; None for the run that goes on.
        former_run_id: The run that made the one before.
    """

    __slots__ = ("former_run_id", "handle", "run_id")

    def __init__(self, handle: StepOutputHandle, run_id: str | None, former_run_id: str) -> None:
        self.handle = handle
        self.run_id = run_id
        self.former_run_id = former_run_id


class Question:
    """Whether the values that a step takes are those that it took before.

    Args:
        step: The step.
        known: How it ended before.
        values: The values to compare. If each is the same, the step is kept.
    """

    __slots__ = ("known", "step", "values")

    def __init__(self, step: ExecutionStep, known: KnownStep, values: Sequence[ComparedValue]) -> None:
        self.step = step
        self.known = known
        self.values = values


class Conditions:
    """What is known of the steps that run only if what they take has changed.

    Args:
        known: What earlier runs produced; a step that is kept is entered there.
    """

    __slots__ = ("_known", "_versions", "kept", "questions")

    def __init__(self, known: KnownExecutionState) -> None:
        self._known = known
        #: Versions of values that this run made, by step and name of the value.
        self._versions: dict[tuple[str, str], str] = {}
        #: Questions that wait for an answer.
        self.questions: list[Question] = []
        #: Steps that turned out to be kept since they were last taken, each with how it ended.
        self.kept: list[tuple[ExecutionStep, KnownStep]] = []

    def take_questions(self) -> list[Question]:
        """Return the questions that were not taken yet. Each has to be answered."""
        taken, self.questions = self.questions, []
        return taken

    def take_kept(self) -> list[tuple[ExecutionStep, KnownStep]]:
        """Return the steps that turned out to be kept since the last call."""
        taken, self.kept = self.kept, []
        return taken

    def keep(self, step: ExecutionStep) -> None:
        """Enter a step as one that does not run."""
        self.kept.append((step, self._known.keep(step.key)))

    def note_version(self, step: ExecutionStep, data: StepOutputData) -> None:
        """Note the version of a value that a step of this run gave."""
        if data.version is not None:
            handle = data.step_output_handle
            self._versions[step.key, value_name(handle.output_name, handle.mapping_key)] = data.version

    def question_about(self, step: ExecutionStep, planned: Sequence[StepInput]) -> Question | None:
        """Return what must be asked before a step is kept; None if it has to run.

        Args:
            step: The step, with the sources that are available now.
            planned: Its inputs as the plan has them: also what is not available now.
        """
        unchanged = self._known.unchanged.get(step.key)
        if unchanged is None or unchanged.known.is_skipped:
            return None
        values: list[ComparedValue] = []
        for now, plan in zip(step.inputs, planned, strict=True):
            ours = [(v.step_key, v.output_name, v.mapping_key) for v in values_of(now.source)]
            if ours != list(_former_values(plan.source, unchanged)):
                return None
            for step_key, output_name, mapping_key in ours:
                handle = StepOutputHandle(step_key, output_name, mapping_key)
                compared = self._compared(handle, unchanged)
                if compared is not None:
                    if self._differs(compared, unchanged):
                        return None
                    if not self._is_same(compared, unchanged):
                        if now.is_nothing:
                            return None  # there is nothing that could be compared
                        values.append(compared)
        return Question(step, unchanged.known, values)

    def _compared(self, handle: StepOutputHandle, unchanged: UnchangedStep) -> ComparedValue | None:
        """Return a value with the runs to compare; None if it is the very value that was taken before."""
        former = unchanged.taken[handle.step_key]
        current = self._known.steps.get(handle.step_key)
        run_id = None if current is None else current.run_id
        if run_id == former.run_id:
            return None
        return ComparedValue(handle, run_id, former.run_id)

    def _version_pair(
        self, compared: ComparedValue, unchanged: UnchangedStep
    ) -> tuple[str | None, str | None]:
        key, name = (
            compared.handle.step_key,
            value_name(compared.handle.output_name, compared.handle.mapping_key),
        )
        current = self._known.steps.get(key)
        new = self._versions.get((key, name)) if current is None else current.versions.get(name)
        return new, unchanged.taken[key].versions.get(name)

    def _differs(self, compared: ComparedValue, unchanged: UnchangedStep) -> bool:
        new, old = self._version_pair(compared, unchanged)
        return new is not None and old is not None and new != old

    def _is_same(self, compared: ComparedValue, unchanged: UnchangedStep) -> bool:
        new, old = self._version_pair(compared, unchanged)
        return new is not None and new == old


def _former_values(source: InputSource, unchanged: UnchangedStep) -> Iterable[ValueKey]:
    """Return the values that a source of the plan took when the step ran before."""
    taken = unchanged.taken
    if isinstance(source, FromStepOutput):
        if _gave(taken, source.step_key, source.output_name, source.mapping_key):
            yield source.step_key, source.output_name, source.mapping_key
    elif isinstance(source, FromMultipleSources):
        for inner in source.sources:
            yield from _former_values(inner, unchanged)
    elif isinstance(source, FromDynamicCollect):
        yield from _former_collect(source, taken)


def _former_collect(source: FromDynamicCollect, taken: Mapping[str, KnownStep]) -> Iterable[ValueKey]:
    of = source.of
    if of.is_dynamic:
        found = taken.get(of.step_key)
        for key in found.keys_of(of.output_name) if found is not None else ():
            yield of.step_key, of.output_name, key
        return
    # The steps that were made for the keys, in the order of the keys: so they were entered.
    prefix = of.step_key.removesuffix("?]")
    for step_key in taken:
        if step_key.startswith(prefix) and _gave(taken, step_key, of.output_name, None):
            yield step_key, of.output_name, None


def _gave(
    taken: Mapping[str, KnownStep], step_key: str, output_name: str, mapping_key: str | None
) -> bool:
    found = taken.get(step_key)
    return (
        found is not None and not found.is_skipped and mapping_key in found.outputs.get(output_name, ())
    )
