"""Where the value of a step's input comes from. Data only; loading is the step pipeline's work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagster._core.records.handles import StepOutputHandle


class InputSource:
    """Base of all sources."""

    __slots__ = ()

    def upstream_steps(self) -> tuple[int, ...]:
        """Return the numbers of the steps that must end first."""
        return ()


class FromStepOutput(InputSource):
    """The value of an upstream output.

    Args:
        step: The number of the upstream step.
        step_key: Its key.
        output_name: Its output.
        mapping_key: The key of the value, if the output is dynamic.
    """

    __slots__ = ("mapping_key", "output_name", "step", "step_key")

    def __init__(
        self, step: int, step_key: str, output_name: str, mapping_key: str | None = None
    ) -> None:
        self.step = step
        self.step_key = step_key
        self.output_name = output_name
        self.mapping_key = mapping_key

    def upstream_steps(self) -> tuple[int, ...]:
        return (self.step,)

    @property
    def handle(self) -> StepOutputHandle:
        """The name of the value."""
        return StepOutputHandle(self.step_key, self.output_name, self.mapping_key)


class FromMappedOutput(InputSource):
    """One of the values of a dynamic output, or of what runs for each; the key is not known yet.

    Args:
        step: The number of the upstream step: the one with the dynamic output, or one that runs for each
            of its keys.
        step_key: Its key.
        output_name: Its output.
        is_dynamic: Whether the output itself is the dynamic one.
    """

    __slots__ = ("is_dynamic", "output_name", "step", "step_key")

    def __init__(self, step: int, step_key: str, output_name: str, is_dynamic: bool) -> None:
        self.step = step
        self.step_key = step_key
        self.output_name = output_name
        self.is_dynamic = is_dynamic

    def upstream_steps(self) -> tuple[int, ...]:
        return (self.step,)


class FromDynamicCollect(InputSource):
    """The list of all values of a dynamic output, or of what runs for each of its keys.

    Args:
        of: Where one of the values comes from.
        source_step: The number of the step with the dynamic output.
    """

    __slots__ = ("of", "source_step")

    def __init__(self, of: FromMappedOutput, source_step: int) -> None:
        self.of = of
        self.source_step = source_step

    def upstream_steps(self) -> tuple[int, ...]:
        return (self.source_step,) if self.of.is_dynamic else (self.source_step, self.of.step)


class FromMultipleSources(InputSource):
    """A list of values from several sources (fan-in)."""

    __slots__ = ("sources",)

    def __init__(self, sources: Sequence[InputSource]) -> None:
        self.sources = tuple(sources)

    def upstream_steps(self) -> tuple[int, ...]:
        return tuple(step for source in self.sources for step in source.upstream_steps())


class FromConfig(InputSource):
    """Run config, read by the type's loader.

    Args:
        node: The dotted handle of the node whose ``inputs`` hold it; empty for the job's own inputs.
        input_name: The key in ``inputs``.
    """

    __slots__ = ("input_name", "node")

    def __init__(self, node: str, input_name: str) -> None:
        self.node = node
        self.input_name = input_name


class FromDefaultValue(InputSource):
    """The default value of the input, or of the graph input around it."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class FromDirectInputValue(InputSource):
    """A value that was given for an input of the job."""

    __slots__ = ("input_name", "value")

    def __init__(self, input_name: str, value: Any) -> None:
        self.input_name = input_name
        self.value = value


class FromInputManager(InputSource):
    """An input manager, which loads the value without an upstream output.

    Args:
        node: The dotted handle of the node.
        input_name: The input.
    """

    __slots__ = ("input_name", "node")

    def __init__(self, node: str, input_name: str) -> None:
        self.node = node
        self.input_name = input_name


def values_of(source: InputSource) -> Iterator[FromStepOutput]:
    """Yield the values that a source takes of steps, where it is known which they are."""
    if isinstance(source, FromStepOutput):
        yield source
    elif isinstance(source, FromMultipleSources):
        for inner in source.sources:
            yield from values_of(inner)
