"""Re-execution of random jobs, up to four generations of random kinds, against a simple model."""

from __future__ import annotations

import os
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster._core.instance.instance import DagsterInstance
from dagster._core.runner.rerun import ReexecutionOptions
from tests.unit.core.plan.job_strategies import job_specs
from tests.unit.core.plan.random_jobs import JobSpec
from tests.unit.core.runner.rerun_world import World, WorldOfProcesses

GENERATIONS = 4


def some(world: World, names: set[str], share: float) -> set[str]:
    return {name for name in sorted(names) if world.chance.random() < share}


def one_generation(world: World) -> None:
    """Run a random kind of re-execution of a random earlier run, most often of the last."""
    chance = world.chance
    parent = chance.choice([*world.generations, *world.generations[-1:] * 3])
    world.go_back_to(parent)
    failing = some(world, set(world.clean), 0.15)
    kinds = ["all", "selected", "selected", "from selected", "from changed"]
    if "failure" in parent.ended.values():
        kinds += ["from failure"] * 4
    kind = chance.choice(kinds)
    if kind == "all":
        world.again(ReexecutionOptions(parent.run_id), set(world.clean), failing)
    elif kind == "from failure":
        left = {key for key, end in parent.ended.items() if end in ("failure", "abandoned")}
        options = ReexecutionOptions.from_failure(parent.run_id, world.instance)
        world.again(options, left, failing)
    elif kind == "from changed":
        options = ReexecutionOptions.from_changed(parent.run_id, world.instance)
        world.again(options, None, failing)
    else:
        selected(world, parent.run_id, failing, with_others=kind == "from selected")


def selected(world: World, run_id: str, failing: set[str], *, with_others: bool) -> None:
    """Run some steps of a run again; it is refused if they take what no run has given."""
    chance = world.chance
    known = world.names()
    if with_others:
        start, levels = chance.choice(known), chance.choice([None, None, 1, 2])
        sign = "*" if levels is None else "+" * levels
        if chance.random() < 0.7:
            names, clauses = world.following(start, levels), [world.theirs(start) + sign]
        else:
            names, clauses = world.preceding(start, levels), [sign + world.theirs(start)]
    else:
        names = set(chance.sample(known, k=chance.randint(1, min(4, len(known)))))
        clauses = [world.theirs(name) for name in sorted(names)]
    planned = {key for name in names for key in world.expanded(name)}
    options = ReexecutionOptions(run_id, clauses)
    if world.misses_something(names, planned):
        world.refused(options)
    else:
        world.again(options, planned, failing)


def finish(world: World) -> None:
    """Run whatever never came to a good end, or not in the last run; everything is there then."""
    world.go_back_to(world.generations[-1])
    last = world.generations[-1].ended
    bad = {key for key, end in last.items() if end in ("failure", "abandoned")}
    missing = {key for key in world.clean if key not in world.good} | bad
    names = {world.template(world.spec.node(key.partition("[")[0])) for key in missing}
    # How wide a fan-out is, is not known before: what is mapped over it is asked for as well.
    names |= {
        world.template(n) for n in world.spec.nodes if n.scope is not None and n.scope[0] in missing
    }
    if names:
        planned = {key for name in names for key in world.expanded(name)}
        clauses = [world.theirs(name) for name in sorted(names)]
        world.again(ReexecutionOptions(world.generations[-1].run_id, clauses), planned, set())


def clean_values(spec: JobSpec, seed: int) -> dict[tuple[str, str, str | None], object]:
    with DagsterInstance.ephemeral() as instance:
        world = World(spec, seed, instance)
        world.first(set())
        return world.values()


def check(world: World, generations: int = GENERATIONS) -> None:
    world.first(some(world, set(world.clean), 0.3))
    for _ in range(generations):
        one_generation(world)
    finish(world)


@settings(max_examples=120, derandomize=True)
@given(job_specs(), st.integers(0, 10_000))
def test_outputs_are_those_of_one_clean_run_and_only_what_must_runs(spec: JobSpec, seed: int) -> None:
    check_in_process(spec, seed)


@pytest.mark.slow
@settings(max_examples=500, derandomize=True)
@given(job_specs(max_nodes=12), st.integers(0, 10_000))
def test_the_same_for_many_larger_jobs(spec: JobSpec, seed: int) -> None:
    check_in_process(spec, seed)


def check_in_process(spec: JobSpec, seed: int) -> None:
    with DagsterInstance.ephemeral() as instance:
        world = World(spec, seed, instance)
        check(world)
        assert world.values() == clean_values(spec, seed)


@pytest.mark.slow
@settings(max_examples=12, derandomize=True)
@given(job_specs(max_nodes=6), st.integers(0, 10_000))
def test_the_same_with_steps_in_processes(spec: JobSpec, seed: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        DagsterInstance.local_temp(os.path.join(folder, "home")) as instance,
    ):
        world = WorldOfProcesses(spec, seed, instance, folder)
        check(world, generations=2)
        assert world.values() == clean_values(spec, seed)
