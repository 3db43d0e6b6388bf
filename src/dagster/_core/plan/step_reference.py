"""A step as another process finds it: by its place in the plan, which both processes have."""

from __future__ import annotations

from collections.abc import Sequence

from dagster._core.plan.plan import ExecutionPlan
from dagster._core.plan.sources import FromMultipleSources, FromStepOutput, InputSource
from dagster._core.plan.step import ExecutionStep, StepInput, StepKind
from dagster._wire.record import Record


class ValueReference(Record, frozen=True):
    """The value of an upstream output, as :class:`FromStepOutput` names it."""

    step: int
    step_key: str
    output_name: str
    mapping_key: str | None = None


class ListReference(Record, frozen=True):
    """Several sources, as :class:`FromMultipleSources`; a number is the place of one that the plan has."""

    items: list[ValueReference | ListReference | int]


SourceReference = ValueReference | ListReference


class StepReference(Record, frozen=True):
    """A step that is ready to run.

    Args:
        key: Its key.
        place: The number in the plan of the step, or of the one that it was made from.
        index: Its number in the run.
        mapping_key: The key of a dynamic output that it was made for.
        sources: The inputs whose sources are not as the plan has them, since they depend on the run.
    """

    key: str
    place: int
    index: int
    mapping_key: str | None = None
    sources: dict[str, SourceReference] = {}

    @staticmethod
    def to_step(step: ExecutionStep, plan: ExecutionPlan) -> StepReference:
        """Return the reference to a step.

        Args:
            step: A step of the plan, or one that was made from one while the run went on.
            plan: The plan.
        """
        origin = step.template or plan.steps[step.index]
        sources: dict[str, SourceReference] = {}
        for now, before in zip(step.inputs, origin.inputs, strict=True):
            if now.source is not before.source:
                sources[now.name] = _refer(now.source, before.source)
        return StepReference(step.key, origin.index, step.index, step.mapping_key, sources)

    def find(self, plan: ExecutionPlan) -> ExecutionStep:
        """Return the step that this refers to.

        Args:
            plan: The plan of the same job with the same config.
        """
        origin = plan.steps[self.place]
        if not self.sources and self.mapping_key is None and origin.kind is StepKind.COMPUTE:
            return origin
        inputs = tuple(
            StepInput(i.definition, _found(self.sources[i.name], i.source))
            if i.name in self.sources
            else i
            for i in origin.inputs
        )
        return origin.ready(self.index, self.key, inputs, self.mapping_key)


def _refer(source: InputSource, before: InputSource) -> SourceReference:
    if isinstance(source, FromStepOutput):
        return ValueReference(source.step, source.step_key, source.output_name, source.mapping_key)
    # Nothing else depends on what a run has done.
    assert isinstance(source, FromMultipleSources)
    places = {id(inner): place for place, inner in enumerate(_listed(before))}
    return ListReference(
        [
            places[id(inner)]
            if id(inner) in places and not isinstance(inner, FromStepOutput)
            else _refer(inner, before)
            for inner in source.sources
        ]
    )


def _found(reference: SourceReference | int, before: InputSource) -> InputSource:
    if isinstance(reference, ValueReference):
        return FromStepOutput(
            reference.step, reference.step_key, reference.output_name, reference.mapping_key
        )
    if isinstance(reference, int):
        return _listed(before)[reference]
    return FromMultipleSources([_found(inner, before) for inner in reference.items])


def _listed(source: InputSource) -> Sequence[InputSource]:
    return source.sources if isinstance(source, FromMultipleSources) else ()


class StepsByKey(dict[str, ExecutionStep]):
    """Steps that were made for a key while the run went on, made here when they are first asked for.

    Args:
        plan: The plan.
    """

    def __init__(self, plan: ExecutionPlan) -> None:
        super().__init__()
        self._templates = plan.step_dict

    def __missing__(self, key: str) -> ExecutionStep:
        name, _, mapping_key = key.removesuffix("]").rpartition("[")
        template = self._templates[f"{name}[?]"]
        step = self[key] = template.ready(template.index, key, template.inputs, mapping_key)
        return step
