"""Random jobs and what their steps come to, for properties of planning and progress."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    MultiDependencyDefinition,
)
from dagster._core.definitions.inputs import In
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.outputs import DynamicOut, Out
from dagster._core.plan.compile import compile_plan
from dagster._core.plan.plan import ExecutionPlan

#: A node's output: its name and the output's.
Ref = tuple[str, str]


@dataclass(frozen=True)
class OutputSpec:
    name: str
    is_required: bool
    is_dynamic: bool


@dataclass(frozen=True)
class InputSpec:
    """``direct`` and ``collect`` have one ref, ``fan_in`` has several."""

    kind: str
    refs: tuple[Ref, ...]


@dataclass(frozen=True)
class NodeSpec:
    name: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    priority: int
    #: The dynamic output under which the node runs once per key.
    scope: Ref | None

    def output(self, name: str) -> OutputSpec:
        return next(o for o in self.outputs if o.name == name)


@dataclass(frozen=True)
class Outcome:
    """What one step comes to.

    Args:
        status: ``success``, ``failure`` or ``skip``.
        given: Output name → mapping keys, ``[None]`` for a static output.
        retries: For each try that fails first, how long to wait and what it gave before.
    """

    status: str
    given: dict[str, list[str | None]]
    retries: tuple[int, ...] = ()


@dataclass
class JobSpec:
    nodes: list[NodeSpec]
    seed: int
    #: Whether a step may say of itself that it is skipped.
    with_skips: bool = True
    _outcomes: dict[tuple[str, str | None], Outcome] = field(default_factory=dict)

    def node(self, name: str) -> NodeSpec:
        return next(n for n in self.nodes if n.name == name)

    def scope_of(self, ref: Ref) -> Ref | None:
        node = self.node(ref[0])
        return ref if node.output(ref[1]).is_dynamic else node.scope

    def outcome(self, name: str, mapping_key: str | None) -> Outcome:
        """What a step comes to if it runs; the same whenever it is asked."""
        place = (name, mapping_key)
        if place not in self._outcomes:
            self._outcomes[place] = self._draw(
                self.node(name), random.Random(f"{self.seed}/{name}/{mapping_key}")
            )
        return self._outcomes[place]

    def _draw(self, node: NodeSpec, chance: random.Random) -> Outcome:
        status = chance.choices(["success", "failure", "skip"], [12, 3, int(self.with_skips)])[0]
        given: dict[str, list[str | None]] = {}
        for output in node.outputs:
            if output.is_dynamic:
                keys = [f"k{i}" for i in range(chance.choice([0, 0, 1, 2, 3]))]
                if keys:
                    given[output.name] = list(keys)
            elif (status == "success" and output.is_required) or chance.random() < 0.5:
                given[output.name] = [None]
        if status == "skip":
            given = {}
        retries = tuple(chance.randrange(4) for _ in range(chance.choice([0, 0, 0, 1, 2])))
        return Outcome(status, given, retries)

    def compile(self) -> ExecutionPlan:
        """The plan of the job that the spec describes."""
        job_def = self.job_def(_no_function)
        return compile_plan(job_def, job_def.resolve_run_config({}))

    def job_def(self, function: Callable[..., Any], **kwargs: Any) -> JobDefinition:
        """The job that the spec describes, with one function for all ops."""
        definitions: list[OpDefinition] = []
        dependencies: dict[str, dict[str, Any]] = {}
        for node in self.nodes:
            definitions.append(
                OpDefinition(
                    function,
                    node.name,
                    ins={f"i{n}": In() for n in range(len(node.inputs))},
                    outs={
                        o.name: (DynamicOut if o.is_dynamic else Out)(is_required=o.is_required)
                        for o in node.outputs
                    },
                    tags={"dagster/priority": str(node.priority)} if node.priority else None,
                )
            )
            dependencies[node.name] = {
                f"i{n}": _dependency(input_spec) for n, input_spec in enumerate(node.inputs)
            }
        graph = GraphDefinition("random", node_defs=definitions, dependencies=dependencies)
        return JobDefinition(graph_def=graph, **kwargs)


def _no_function(*_args: object) -> None:
    """Plans are compiled without a look at functions."""


def _dependency(spec: InputSpec) -> Any:
    if spec.kind == "direct":
        return DependencyDefinition(*spec.refs[0])
    if spec.kind == "collect":
        return DynamicCollectDependencyDefinition(*spec.refs[0])
    return MultiDependencyDefinition([DependencyDefinition(*ref) for ref in spec.refs])
