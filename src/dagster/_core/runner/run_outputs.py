"""The values of a run that are not all in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from dagster._core.events.event import DagsterEvent
from dagster._core.execution.plan_context import OutputKey
from dagster._core.runner.output_loader import OutputLoader
from dagster._core.runner.results import given_outputs


class RunOutputs(Mapping[OutputKey, Any]):
    """Values by step key, output and mapping key: captured ones, those of earlier runs, those of processes.

    Values that were not captured are loaded when they are asked for, each once, with the I/O managers of
    the run.

    Args:
        captured: The values of steps that ran in this process.
        loader: Loads the others.
        events: The events of the run, which name the values of steps that ran elsewhere.
    """

    def __init__(
        self,
        captured: Mapping[OutputKey, Any],
        loader: OutputLoader,
        events: Iterable[DagsterEvent] = (),
    ) -> None:
        self._captured = captured
        self._loader = loader
        self._stored = dict.fromkeys([*loader.known_outputs, *given_outputs(events)])
        self._loaded: dict[OutputKey, Any] = {}

    def __getitem__(self, key: OutputKey) -> Any:
        if key in self._captured:
            return self._captured[key]
        if key not in self._stored:
            raise KeyError(key)
        if key not in self._loaded:
            with self._loader as loader:
                self._loaded[key] = loader.load_output(*key)
        return self._loaded[key]

    def __contains__(self, key: object) -> bool:
        return key in self._captured or key in self._stored

    def __iter__(self) -> Iterator[OutputKey]:
        yield from self._stored
        yield from (key for key in self._captured if key not in self._stored)

    def __len__(self) -> int:
        return sum(1 for _ in self)
