"""The I/O manager that keeps values in memory."""

from __future__ import annotations

from typing import Any

from dagster._core.io.contexts import InputContext
from dagster._core.io.io_manager import IOManager, io_manager
from dagster._core.io.output_context import OutputContext


class InMemoryIOManager(IOManager):
    """Keep values in a dict, for as long as the manager lives.

    Each instance has values of its own; a step in another process does not see them.
    """

    def __init__(self) -> None:
        #: Identifier of the output (or asset) to its value.
        self.values: dict[tuple[object, ...], Any] = {}

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep a value under the identifier of its output."""
        self.values[tuple(context.get_identifier())] = obj

    def has_output(self, context: OutputContext) -> bool:
        """Return whether a value is in memory: those of other runs are gone with their managers."""
        return tuple(context.get_identifier()) in self.values

    def load_input(self, context: InputContext) -> Any:
        """Return the value of the upstream output.

        Raises:
            KeyError: This manager never got that value. The message says which.
        """
        key = tuple(context.get_identifier())
        try:
            return self.values[key]
        except KeyError:
            raise _missing(key) from None


class MissingValueError(KeyError):
    """A value was asked for that is not in memory."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument, which is no way to show a sentence.
        return str(self.args[0])


def _missing(key: tuple[object, ...]) -> MissingValueError:
    return MissingValueError(
        f"The in-memory I/O manager has no value for {' → '.join(map(str, key))}. It only keeps what "
        "was made in this process and run. For values that outlive them, use another I/O manager, for "
        "example fs_io_manager."
    )


@io_manager(description="Keeps values in memory, within one process.")
def mem_io_manager(_: object) -> InMemoryIOManager:
    """Keep outputs in memory: the I/O manager for a run in one process, and for tests."""
    return InMemoryIOManager()
