"""ExecutionPlan: the steps of a run and what each waits for."""

from __future__ import annotations

from collections.abc import Sequence

from dagster._core.errors import DagsterExecutionStepNotFoundError
from dagster._core.plan.step import ExecutionStep
from dagster._text import unknown


class ExecutionPlan:
    """The steps of a run, each after what it depends on, with the edges as lists of numbers.

    Args:
        steps: The steps. The number of a step is its place.
    """

    __slots__ = ("_by_key", "downstream", "steps")

    def __init__(self, steps: Sequence[ExecutionStep]) -> None:
        self.steps = list(steps)
        downstream: list[list[int]] = [[] for _ in self.steps]
        for step in self.steps:
            for upstream in step.upstream:
                downstream[upstream].append(step.index)
        #: For each step, the numbers of the steps that wait for it.
        self.downstream = downstream
        self._by_key: dict[str, ExecutionStep] | None = None

    @property
    def step_dict(self) -> dict[str, ExecutionStep]:
        """The steps by key."""
        if self._by_key is None:
            self._by_key = {step.key: step for step in self.steps}
        return self._by_key

    @property
    def step_keys_to_execute(self) -> list[str]:
        """The keys of all steps, in topological order."""
        return [step.key for step in self.steps]

    def has_step(self, key: str) -> bool:
        return key in self.step_dict

    def get_step_by_key(self, key: str) -> ExecutionStep:
        """Return a step by key.

        Raises:
            DagsterExecutionStepNotFoundError: If there is none.
        """
        step = self.step_dict.get(key)
        if step is None:
            raise DagsterExecutionStepNotFoundError(unknown("step", key, self.step_dict), [key])
        return step

    def get_all_steps_in_topo_order(self) -> list[ExecutionStep]:
        return list(self.steps)

    topological_steps = get_all_steps_in_topo_order

    def get_steps_to_execute_by_level(self) -> list[list[ExecutionStep]]:
        """Return the steps in levels: a step's level is one more than the highest it waits for."""
        level: list[int] = []
        for step in self.steps:
            level.append(1 + max((level[u] for u in step.upstream), default=-1))
        levels: list[list[ExecutionStep]] = [[] for _ in range(1 + max(level, default=-1))]
        for step in self.steps:
            levels[level[step.index]].append(step)
        return levels

    get_all_steps_by_level = get_steps_to_execute_by_level

    def __len__(self) -> int:
        return len(self.steps)
