"""Re-execution from what has changed, on random graphs over several generations, against an oracle."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster import (
    DagsterInstance,
    DynamicOut,
    DynamicOutput,
    In,
    Out,
    Output,
    fs_io_manager,
    in_process_executor,
    job,
    op,
)
from dagster._core.definitions.job.base import InMemoryJob
from dagster._core.plan.changed_steps import StepAction
from dagster._core.runner.execute_job import execute_job
from dagster._core.runner.explain import explain_reexecution
from dagster._core.runner.rerun import ReexecutionOptions


@dataclass(frozen=True)
class Node:
    """One op. Its inputs are numbers of earlier nodes; a mapped op has one, the dynamic op before it."""

    kind: str  # plain, several, maybe, fan, mapped, collect
    inputs: tuple[int, ...]


#: What each generation changes: the salt of some ops, and which of them fail.
@dataclass(frozen=True)
class Generation:
    kind: str  # changed, all
    salts: tuple[int, ...]
    failing: frozenset[int]


def value_of(salt: int, inputs: list[Any]) -> int:
    """Few values, so that a changed op often gives what it gave before."""
    flat = [x for item in inputs for x in (item if isinstance(item, list) else [item])]
    return (salt // 2 + sum(flat) // 2 + len(flat)) % 5


def build(nodes: list[Node], generation: Generation) -> Any:
    def make(number: int, node: Node) -> Any:
        salt = generation.salts[number]

        def compute(context: Any, inputs: list[Any]) -> int:
            # Whether it fails is no part of its code: it is as if a service were down.
            if str(number) in os.environ["FAILING"].split(","):
                raise ValueError("as told")
            return value_of(salt, inputs)

        name = f"n{number}"
        if node.kind == "several":

            @op(name=name, ins={"xs": In(list)})
            def step(context: Any, xs: Any) -> Any:
                return compute(context, [xs])
        elif node.kind in ("plain", "maybe") and len(node.inputs) == 2:

            @op(name=name, out=Out(is_required=node.kind == "plain"))
            def step(context: Any, a: Any, b: Any) -> Any:
                value = compute(context, [a, b])
                if node.kind == "plain" or value != 0:
                    yield Output(value)
        elif node.kind in ("plain", "maybe") and not node.inputs:

            @op(name=name, out=Out(is_required=node.kind == "plain"))
            def step(context: Any) -> Any:
                value = compute(context, [])
                if node.kind == "plain" or value != 0:
                    yield Output(value)
        elif node.kind == "fan":

            @op(name=name, out=DynamicOut())
            def step(context: Any, a: Any) -> Any:
                value = compute(context, [a])
                for key in range(value):
                    yield DynamicOutput((value + key) % 3, f"k{key}")
        else:

            @op(name=name, out=Out(is_required=node.kind != "maybe"))
            def step(context: Any, a: Any) -> Any:
                value = compute(context, [a])
                if node.kind != "maybe" or value != 0:
                    yield Output(value)

        return step

    ops = [make(number, node) for number, node in enumerate(nodes)]

    @job(resource_defs={"io_manager": fs_io_manager}, executor_def=in_process_executor, name="graph")
    def graph() -> None:
        given: list[Any] = []
        for node, made in zip(nodes, ops, strict=True):
            sources = [given[i] for i in node.inputs]
            if node.kind == "several":
                given.append(made(sources))
            elif node.kind == "mapped":
                given.append(sources[0].map(made))
            elif node.kind == "collect":
                given.append(made(sources[0].collect()))
            else:
                given.append(made(*sources))

    return graph


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    nodes: list[Node] = []
    for _ in range(draw(st.integers(2, 8))):
        plain = [i for i, n in enumerate(nodes) if n.kind in ("plain", "maybe", "several", "collect")]
        kinds = ["plain", "maybe"] + (["several", "fan", "plain"] if plain else [])
        kind = draw(st.sampled_from(kinds))
        if not plain:
            nodes.append(Node(kind, ()))
            continue
        one = st.sampled_from(plain)
        if kind == "several":
            inputs = tuple(draw(st.lists(one, min_size=1, max_size=4)))
        elif kind == "fan":
            inputs = (draw(one),)
        else:
            inputs = tuple(draw(st.lists(one, max_size=2)))
        nodes.append(Node(kind, inputs))
        if kind == "fan":
            for _ in range(draw(st.integers(0, 2))):
                nodes.append(Node("mapped", (len(nodes) - 1,)))
            nodes.append(Node("collect", (len(nodes) - 1,)))
    return nodes


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Node], list[Generation]]:
    nodes = draw(graphs())
    count = len(nodes)
    salts = [draw(st.integers(0, 9)) for _ in range(count)]
    generations = []
    for number in range(draw(st.integers(2, 5))):
        if number:
            for changed in draw(st.lists(st.integers(0, count - 1), max_size=3)):
                salts[changed] = draw(st.integers(0, 9))
        failing = draw(st.sets(st.integers(0, count - 1), max_size=1)) if draw(st.booleans()) else set()
        kind = "changed" if number and draw(st.integers(0, 4)) else "all"
        generations.append(Generation(kind, tuple(salts), frozenset(failing)))
    return nodes, generations


@dataclass
class Last:
    """How a step last ended: what made it and what it gave."""

    salt: int | None = None
    consumed: Any = None
    #: None: it failed. "skipped". Else the value of a plain output; [] or [value] for an optional one.
    given: Any = None
    failed: bool = False


GONE = "gone"


@dataclass
class Oracle:
    """The same by plain means: a table of how each step last ended."""

    nodes: list[Node]
    table: dict[str, Last] = field(default_factory=dict)

    def run(self, generation: Generation) -> tuple[set[str], dict[str, Any]]:
        """The steps that run, and what is current of each step afterwards."""
        ran: set[str] = set()
        #: For each node: GONE, "skipped", or the values: {"": value}, {key: value}; {} if not given.
        now: list[Any] = []
        for number, node in enumerate(self.nodes):
            if node.kind == "mapped":
                now.append(self._mapped(number, node, now, generation, ran))
                continue
            inputs = [now[i] for i in node.inputs]
            if any(found == GONE for found in inputs) or (
                node.kind == "collect" and self._has_bad(now[node.inputs[0]])
            ):
                now.append(GONE)
                continue
            now.append(self._single(number, node, inputs, generation, ran))
        return ran, {f"n{i}": found for i, found in enumerate(now)}

    @staticmethod
    def _has_bad(found: Any) -> bool:
        return isinstance(found, dict) and GONE in found.values()

    def _single(
        self, number: int, node: Node, inputs: list[Any], generation: Generation, ran: set[str]
    ) -> Any:
        key = f"n{number}"
        if node.kind == "several":
            consumed: Any = [x[""] for x in inputs if x != "skipped" and "" in x]
            there = bool(consumed)
            taken: Any = [consumed]
            consumed = [
                (i, x[""])
                for i, x in zip(node.inputs, inputs, strict=True)
                if x != "skipped" and "" in x
            ]
        elif node.kind == "collect":
            above = inputs[0]
            there = above != "skipped"
            items = [(k, v) for k, v in above.items() if v != "skipped"] if there else []
            taken, consumed = [[v for _, v in items]], items
        else:
            there = all(x != "skipped" and "" in x for x in inputs)
            taken = [x[""] for x in inputs] if there else []
            consumed = taken
        if not there:
            self.table[key] = Last(given="skipped")
            return "skipped"
        return self._step(key, number, node, taken, consumed, generation, ran)

    def _step(
        self,
        key: str,
        number: int,
        node: Node,
        taken: list[Any],
        consumed: Any,
        generation: Generation,
        ran: set[str],
    ) -> Any:
        last = self.table.get(key)
        salt = generation.salts[number]
        again = (
            generation.kind == "all"
            or last is None
            or last.failed
            or last.given == "skipped"
            or last.salt != salt
            or last.consumed != consumed
        )
        if again:
            ran.add(key)
            if number in generation.failing:
                self.table[key] = Last(salt, consumed, last.given if last is not None else None, True)
                return GONE
            value = value_of(salt, taken)
            given: dict[str, Any] = {"": value}
            if node.kind == "maybe" and value == 0:
                given = {}
            if node.kind == "fan":
                given = {f"k{k}": (value + k) % 3 for k in range(value)}
            last = self.table[key] = Last(salt, consumed, given)
        assert last is not None
        return last.given

    def _mapped(
        self, number: int, node: Node, now: list[Any], generation: Generation, ran: set[str]
    ) -> Any:
        above = now[node.inputs[0]]
        if above == GONE:
            return GONE
        keys = [] if above == "skipped" else list(above)
        for key in [k for k in self.table if k.startswith(f"n{number}[")]:
            if key[:-1].partition("[")[2] not in keys:
                del self.table[key]  # a key that comes back is a new one
        if above == "skipped":
            return "skipped"
        found: dict[str, Any] = {}
        for mapping_key, value in above.items():
            if value == GONE:
                found[mapping_key] = GONE
                continue
            given = self._step(
                f"n{number}[{mapping_key}]", number, node, [value], [value], generation, ran
            )
            found[mapping_key] = GONE if given == GONE else given[""]
        return found


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(stories())
@pytest.mark.slow
def test_exactly_what_has_to_run_runs(story: tuple[list[Node], list[Generation]]) -> None:
    nodes, generations = story
    oracle = Oracle(nodes)
    with pytest.MonkeyPatch.context() as monkeypatch, DagsterInstance.ephemeral() as instance:
        parent: str | None = None
        for generation in generations:
            monkeypatch.setenv("FAILING", ",".join(map(str, generation.failing)))
            graph = build(nodes, generation)
            options = None
            decisions = {}
            if parent is not None and generation.kind == "changed":
                options = ReexecutionOptions.from_changed(parent, instance)
                found = explain_reexecution(graph, instance, options)
                decisions = {decision.step_key: decision.action for decision in found}
            elif parent is not None:
                options = ReexecutionOptions(parent)
            with execute_job(InMemoryJob(graph), instance, reexecution_options=options) as result:
                expected, current = oracle.run(generation)
                started = [e.step_key for e in result.all_events if e.event_type_value == "STEP_START"]
                assert sorted(started) == sorted(expected)
                for key in expected if decisions else ():
                    # What was not announced does not run; a new key was announced for all of its kind.
                    action = decisions.get(key) or decisions[f"{key.partition('[')[0]}[?]"]
                    assert action is not StepAction.KEEP
                for key, action in decisions.items():
                    if action is StepAction.KEEP:
                        assert key not in expected
                for number, node in enumerate(nodes):
                    given = current[f"n{number}"]
                    if given in (GONE, "skipped", {}) or (
                        isinstance(given, dict) and GONE in given.values()
                    ):
                        continue
                    value = result.output_for_node(f"n{number}")
                    assert value == (given if node.kind in ("fan", "mapped") else given[""])
            parent = result.run_id
