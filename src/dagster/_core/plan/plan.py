"""ExecutionPlan: the steps of a run and what each waits for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from dagster._core.errors import DagsterExecutionStepNotFoundError
from dagster._core.plan.step import ExecutionStep, StepKind
from dagster._text import unknown


class ExecutionPlan:
    """The steps of a run, each after what it depends on, with the edges as lists of numbers.

    A re-execution has the whole plan and the keys of the steps that run; see :meth:`build_subset_plan`.

    Args:
        steps: The steps. The number of a step is its place.
    """

    __slots__ = ("_by_key", "_keys_by_template", "downstream", "selected", "steps")

    def __init__(self, steps: Sequence[ExecutionStep]) -> None:
        self.steps = list(steps)
        downstream: list[list[int]] = [[] for _ in self.steps]
        for step in self.steps:
            for upstream in step.upstream:
                downstream[upstream].append(step.index)
        #: For each step, the numbers of the steps that wait for it.
        self.downstream = downstream
        #: The keys of the steps that run; None for all.
        self.selected: frozenset[str] | None = None
        self._by_key: dict[str, ExecutionStep] | None = None
        self._keys_by_template: dict[int, list[str]] = {}

    def build_subset_plan(
        self,
        step_keys_to_execute: Iterable[str],
        job_def: Any = None,
        resolved_run_config: Any = None,
        step_output_versions: Any = None,
    ) -> ExecutionPlan:
        """Return the same plan, of which only some steps run.

        The others count as ended; what they gave is told by a
        :class:`~dagster._core.plan.known_state.KnownExecutionState`.

        Args:
            step_keys_to_execute: The keys of the steps that run: ``op``, ``op[?]`` for all that a mapped
                step becomes, ``op[key]`` for one of them.
            job_def: Accepted and not used: the plan has all that it needs.
            resolved_run_config: As above.
            step_output_versions: As above.

        Raises:
            DagsterExecutionStepNotFoundError: If there is no such step; with the nearest key.
        """
        subset = ExecutionPlan.__new__(ExecutionPlan)
        subset.steps = self.steps
        subset.downstream = self.downstream
        subset._by_key = by_key = self.step_dict  # noqa: SLF001 - a copy of this
        by_template: dict[int, list[str]] = {}
        subset._keys_by_template = by_template  # noqa: SLF001
        subset.selected = selected = frozenset(step_keys_to_execute)
        for key in dict.fromkeys(step_keys_to_execute):
            if key in by_key:
                continue
            template, mapping_key = self._template_of(key)
            if template is None:
                raise DagsterExecutionStepNotFoundError(unknown("step", key, by_key), [key])
            if template.key not in selected:
                by_template.setdefault(template.index, []).append(mapping_key)
        return subset

    def _template_of(self, key: str) -> tuple[ExecutionStep | None, str]:
        """Return the step that ``op[key]`` is made from, and the mapping key."""
        name, bracket, mapping_key = key.removesuffix("]").partition("[")
        if not bracket or not key.endswith("]"):
            return None, ""
        return self.step_dict.get(f"{name}[?]"), mapping_key

    def is_selected(self, key: str) -> bool:
        """Return whether a step runs; it may be one made for a mapping key."""
        selected = self.selected
        if selected is None or key in selected:
            return True
        return key.endswith("]") and f"{key.partition('[')[0]}[?]" in selected

    def mapping_keys_selected(self, template: ExecutionStep) -> Sequence[str]:
        """Return the mapping keys for which a step runs, if it does not run for all."""
        return self._keys_by_template.get(template.index, ())

    def runs(self, step: ExecutionStep) -> bool:
        """Return whether something of a step of the plan runs."""
        selected = self.selected
        return selected is None or step.key in selected or step.index in self._keys_by_template

    @property
    def steps_that_run(self) -> list[ExecutionStep]:
        """The steps of which something runs, in topological order."""
        if self.selected is None:
            return list(self.steps)
        by_key, templates = self.step_dict, self._keys_by_template
        indexes = {by_key[key].index for key in self.selected if key in by_key}
        steps = self.steps
        return [steps[index] for index in sorted(indexes.union(templates))]

    @property
    def step_dict(self) -> dict[str, ExecutionStep]:
        """The steps by key."""
        if self._by_key is None:
            self._by_key = {step.key: step for step in self.steps}
        return self._by_key

    @property
    def step_keys_to_execute(self) -> list[str]:
        """The keys of the steps that run, in topological order."""
        selected = self.selected
        if selected is None:
            return [step.key for step in self.steps]
        keys: list[str] = []
        for step in self.steps_that_run:
            if step.key in selected:
                keys.append(step.key)
            else:
                made = self._keys_by_template[step.index]
                keys.extend(step.key_for(mapping_key) for mapping_key in made)
        return keys

    def has_step(self, key: str) -> bool:
        return key in self.step_dict

    def get_step_by_key(self, key: str) -> ExecutionStep:
        """Return a step by key; ``op[key]`` is made from ``op[?]``.

        Raises:
            DagsterExecutionStepNotFoundError: If there is none.
        """
        step = self.step_dict.get(key)
        if step is None:
            template, mapping_key = self._template_of(key)
            if template is None or template.kind is not StepKind.UNRESOLVED_MAPPED:
                raise DagsterExecutionStepNotFoundError(unknown("step", key, self.step_dict), [key])
            step = template.resolve(template.index, mapping_key, THEMSELVES)
        return step

    def get_all_steps_in_topo_order(self) -> list[ExecutionStep]:
        return list(self.steps)

    topological_steps = get_all_steps_in_topo_order

    def get_steps_to_execute_by_level(self) -> list[list[ExecutionStep]]:
        """Return the steps that run in levels: each is one more than the highest level it waits for."""
        level: dict[int, int] = {}
        levels: list[list[ExecutionStep]] = []
        for step in self.steps_that_run:
            number = level[step.index] = 1 + max((level.get(u, -1) for u in step.upstream), default=-1)
            if number == len(levels):
                levels.append([])
            levels[number].append(step)
        return levels

    get_all_steps_by_level = get_steps_to_execute_by_level

    def __len__(self) -> int:
        return len(self.steps)


class _Themselves(dict[int, int]):
    """Every number stands for itself: a step that is made by its key alone has the numbers of templates."""

    def __missing__(self, key: int) -> int:
        return key


#: For steps that are made for a key and whose sources are not looked at.
THEMSELVES = _Themselves()
