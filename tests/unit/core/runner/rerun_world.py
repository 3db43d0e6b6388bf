"""Random jobs that run, fail and are executed again on the real engine, and a simple model of what must happen.

The model knows nothing of plans and events. It knows what each step comes to in a run without failures
(the oracle of progress), which steps were told to fail in which generation, how many tries of a step fail
before one that does not, and for each step the last run in which it came to a good end.
"""

from __future__ import annotations

import json
import logging
import os
import pickle
import random
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dagster._core.definitions.executor import ExecutorDefinition
from dagster._core.definitions.graph.definition import GraphDefinition
from dagster._core.definitions.graph.dependency import (
    DependencyDefinition,
    DynamicCollectDependencyDefinition,
    MultiDependencyDefinition,
)
from dagster._core.definitions.inputs import In, InputMapping
from dagster._core.definitions.job.definition import JobDefinition
from dagster._core.definitions.logger import LoggerDefinition
from dagster._core.definitions.op.definition import OpDefinition
from dagster._core.definitions.outputs import DynamicOut, Out, OutputMapping
from dagster._core.definitions.reconstructable import build_reconstructable_job
from dagster._core.errors import DagsterStepOutputNotFoundError
from dagster._core.executor.builtin import in_process_executor, multiprocess_executor
from dagster._core.instance.instance import DagsterInstance
from dagster._core.io.filesystem import fs_io_manager
from dagster._core.io.io_manager import IOManager, IOManagerDefinition
from dagster._core.records.retry import RetryPolicy
from dagster._core.records.user_events import DynamicOutput, Output
from dagster._core.runner.execute_job import execute_job
from dagster._core.runner.rerun import ReexecutionOptions
from dagster._core.runner.results import given_outputs
from tests.unit.core.plan.oracle import Oracle
from tests.unit.core.plan.random_jobs import InputSpec, JobSpec, NodeSpec, Outcome, Ref


class CleanSpec(JobSpec):
    """A job whose steps come to a good end, giving what they give whenever they run."""

    def _draw(self, node: NodeSpec, chance: random.Random) -> Outcome:
        given: dict[str, list[str | None]] = {}
        for output in node.outputs:
            if output.is_dynamic:
                keys = [f"k{i}" for i in range(chance.choice([0, 1, 2, 3]))]
                if keys:
                    given[output.name] = list(keys)
            elif output.is_required or chance.random() < 0.6:
                given[output.name] = [None]
        return Outcome("success", given)


class Store(IOManager):
    """Keeps the values of all runs, as a disk does."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, ...], Any] = {}

    def handle_output(self, context: Any, obj: Any) -> None:
        self.values[tuple(context.get_identifier())] = obj

    def load_input(self, context: Any) -> Any:
        return self.values[tuple(context.get_identifier())]

    def has_output(self, context: Any) -> bool:
        return tuple(context.get_identifier()) in self.values

    def same_value(self, context: Any, other: Any) -> bool:
        """Whether two runs made the same value."""
        return self.load_input(context) == self.load_input(other)


def _silent(_context: Any) -> logging.Logger:
    return logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001 - not a global one


@dataclass
class Generation:
    """One run as the model has it.

    Args:
        run_id: The run.
        ended: How each of its steps ended: ``success``, ``failure``, ``skipped``, ``abandoned``, ``kept``.
        good: Of each step the nearest run, back from this one, in which it came to a good end.
        failed: The steps whose last end was a failure.
    """

    run_id: str
    ended: dict[str, str] = field(default_factory=dict)
    good: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)


class Notes:
    """What the ops of a run are told, and who of them ran."""

    def __init__(self) -> None:
        self._ran: list[str] = []
        self._fails: dict[str, int] = {}

    def tell(self, fails: dict[str, int]) -> None:
        """Begin with a new run.

        Args:
            fails: How many tries of each step fail.
        """
        self._ran, self._fails = [], fails

    def note(self, key: str) -> int:
        """Note that a step runs, and return how many of its tries fail."""
        self._ran.append(key)
        return self._fails[key]

    def ran(self) -> list[str]:
        """All that ran, in order, each try for itself."""
        return self._ran


class NotesInFiles(Notes):
    """The same for steps in other processes.

    Args:
        folder: Where the files are.
    """

    def __init__(self, folder: str) -> None:
        self._ran_path = os.path.join(folder, "ran")
        self._fails_path = os.path.join(folder, "fails")

    def tell(self, fails: dict[str, int]) -> None:
        for path, text in ((self._ran_path, ""), (self._fails_path, json.dumps(fails))):
            with open(path, "w") as file:
                file.write(text)

    def note(self, key: str) -> int:
        with open(self._ran_path, "a") as file:
            file.write(f"{key}\n")
        with open(self._fails_path) as file:
            return json.load(file)[key]

    def ran(self) -> list[str]:
        with open(self._ran_path) as file:
            return file.read().split()


class World:
    """A random job, the instance that it runs on, and the model."""

    def __init__(
        self,
        spec: JobSpec,
        seed: int,
        instance: DagsterInstance | None,
        notes: Notes | None = None,
    ) -> None:
        self.spec = CleanSpec(spec.nodes, spec.seed, with_skips=False)
        self.chance = random.Random(seed)
        self.instance: Any = instance
        self.oracle = Oracle(self.spec, True)
        self.clean = {k: e for k, e in self.oracle.ends.items() if not k.endswith("[?]")}
        self.store = Store()
        self.notes = notes or Notes()
        #: How often the op of a node is tried again.
        self.max_retries = {node.name: self.chance.choice([0, 0, 0, 1, 2]) for node in spec.nodes}
        #: The nodes whose op is inside of a graph of their own.
        self.nested = {
            node.name
            for node in spec.nodes
            if all(i.kind == "direct" for i in node.inputs)
            and not any(o.is_dynamic for o in node.outputs)
            and self.chance.random() < 0.4
        }
        self.job = self.make_job(
            in_process_executor,
            {"io_manager": IOManagerDefinition.hardcoded_io_manager(self.store)},
        )
        #: The model: what is known in the generation that is executed again.
        self.good: dict[str, str] = {}
        self.failed: set[str] = set()
        self.generations: list[Generation] = []

    # The job

    def _function(self, context: Any, inputs: dict[str, Any]) -> Iterator[Any]:
        key = self.ours(context.get_step_execution_context().step.key)
        name, _, mapping_key = key.removesuffix("]").partition("[")
        if context.retry_number < self.notes.note(key):
            yield from self._given_in_vain(name, context.retry_number)
            raise ValueError(key)
        outcome = self.spec.outcome(name, mapping_key or None)
        for output_name, keys in outcome.given.items():
            for given_key in keys:
                text = repr((key, output_name, given_key, sorted(inputs.items())))
                value = (key, output_name, given_key, zlib.crc32(text.encode()))
                if given_key is None:
                    yield Output(value, output_name)
                else:
                    yield DynamicOutput(value, given_key, output_name)

    def _given_in_vain(self, name: str, attempt: int) -> Iterator[Any]:
        """What a try gives before it fails: also what a good one does not give. Nobody may see it."""
        for number, output in enumerate(self.spec.node(name).outputs, self.spec.seed + attempt):
            if output.is_dynamic:
                yield DynamicOutput("in vain", f"k{number % 4}", output.name)
            elif number % 2:
                yield Output("in vain", output.name)

    def make_job(self, executor_def: ExecutorDefinition, resource_defs: dict[str, Any]) -> JobDefinition:
        definitions: list[Any] = []
        dependencies: dict[str, dict[str, Any]] = {}
        for node in self.spec.nodes:
            inputs = [f"i{n}" for n in range(len(node.inputs))]
            is_nested = node.name in self.nested
            op_name = f"deep_{node.name}" if is_nested else node.name
            made: Any = OpDefinition(
                self._function,
                op_name,
                ins={name: In() for name in inputs},
                outs={
                    o.name: (DynamicOut if o.is_dynamic else Out)(is_required=o.is_required)
                    for o in node.outputs
                },
                retry_policy=RetryPolicy(max_retries=self.max_retries[node.name]),
                code_version="1",
            )
            if is_nested:
                made = GraphDefinition(
                    node.name,
                    node_defs=[made],
                    input_mappings=[InputMapping(name, op_name, name) for name in inputs],
                    output_mappings=[OutputMapping(o.name, op_name, o.name) for o in node.outputs],
                )
            definitions.append(made)
            dependencies[node.name] = {
                name: _dependency(given) for name, given in zip(inputs, node.inputs, strict=True)
            }
        graph = GraphDefinition("random", node_defs=definitions, dependencies=dependencies)
        return JobDefinition(
            graph_def=graph,
            executor_def=executor_def,
            resource_defs=resource_defs,
            logger_defs={"silent": LoggerDefinition(_silent)},
        )

    def ours(self, key: str) -> str:
        """The key of a step, as the model has it."""
        return re.sub(r"\.deep_\w+", "", key)

    def theirs(self, key: str) -> str:
        """The key of a step, as the plan has it."""
        name, bracket, rest = key.partition("[")
        return f"{name}{f'.deep_{name}' if name in self.nested else ''}{bracket}{rest}"

    # The model

    def expanded(self, name: str) -> set[str]:
        """The steps that a key means: all of its mapping keys for ``op[?]``."""
        if not name.endswith("[?]"):
            return {name}
        return {key for key in self.clean if key.startswith(name[:-2])}

    def template(self, node: NodeSpec) -> str:
        return node.name if node.scope is None else f"{node.name}[?]"

    def names(self) -> list[str]:
        """Everything that can be selected now: mapping keys are known once their step has ended well."""
        names = [self.template(node) for node in self.spec.nodes]
        for node in self.spec.nodes:
            if node.scope is not None and node.scope[0] in self.good:
                names.extend(sorted(self.expanded(self.template(node))))
        return names

    def following(self, name: str, levels: int | None = None) -> set[str]:
        """A name and what takes values from it: all with None, as ``name*`` means it, 1 for ``name+``."""
        return _reached(name, levels, self._after)

    def preceding(self, name: str, levels: int | None = None) -> set[str]:
        """A name and what it takes values from: all with None, as ``*name`` means it, 1 for ``+name``."""
        return _reached(name, levels, self._before)

    def _after(self, name: str) -> Iterator[str]:
        node_name, _, key = name.removesuffix("]").partition("[")
        for node in self.spec.nodes:
            for given in node.inputs:
                if node_name not in {ref[0] for ref in given.refs}:
                    continue
                if node.scope is not None and key and key != "?" and given.kind != "collect":
                    yield f"{node.name}[{key}]"
                else:
                    yield self.template(node)

    def _before(self, name: str) -> Iterator[str]:
        node_name, _, key = name.removesuffix("]").partition("[")
        for given in self.spec.node(node_name).inputs:
            for source in (self.spec.node(ref[0]) for ref in given.refs):
                if source.scope is not None and key and given.kind != "collect":
                    yield f"{source.name}[{key}]"
                else:
                    yield self.template(source)

    def misses_something(self, names: set[str], planned: set[str]) -> bool:
        """Whether a selection takes a value that no run has given."""
        known = set(self.good)
        for name in names:
            node = self.spec.node(name.partition("[")[0])
            if node.scope is not None and node.scope[0] not in planned | known:
                return True  # its keys are not known
            for key in self.expanded(name):
                if any(up not in planned | known for up in self.clean[key].after):
                    return True
            if name.endswith("[?]") and node.scope is not None and node.scope[0] in planned:
                # How wide the fan-out will be is not known: it counts as one with keys.
                for given in node.inputs:
                    if any(self._is_unknown(ref, names, planned) for ref in given.refs):
                        return True
            for given in node.inputs:
                scopes = {self.spec.scope_of(ref) for ref in given.refs} - {None}
                for scope in scopes:
                    if given.kind == "collect" and self._collects_unknown(given, scope, names):
                        return True
        return False

    def _is_unknown(self, ref: Ref, names: set[str], planned: set[str]) -> bool:
        """Whether nothing is known of a value that steps take which run for keys not known before."""
        source = self.spec.node(ref[0])
        if source.scope is None:
            return source.name not in planned and source.name not in self.good
        return f"{source.name}[?]" not in names and source.scope[0] not in self.good

    def _collects_unknown(self, given: InputSpec, scope: Any, names: set[str]) -> bool:
        """Whether a collect takes kept steps of a fan-out that was never known."""
        source = self.spec.node(given.refs[0][0])
        if source.scope is None or f"{source.name}[?]" in names:
            return False
        return scope[0] not in self.good

    def simulate(self, planned: set[str] | None, failing: set[str]) -> dict[str, str]:
        """How each planned step ends; with None, each step of a run from what has changed."""
        ended: dict[str, str] = {}
        for key, end in self.clean.items():
            if planned is not None and key not in planned:
                continue
            scope = self.spec.node(key.partition("[")[0]).scope
            # Also a step whose inputs are all kept waits for the keys that it runs for.
            before = end.after if scope is None else end.after | {scope[0]}
            if any(ended.get(up) in ("failure", "abandoned") for up in before):
                ended[key] = "abandoned"
            elif end.status == "skipped":
                ended[key] = "skipped"
            elif planned is None and key in self.good and key not in self.failed:
                ended[key] = "kept"  # nothing changes, and what runs again gives what it gave
            else:
                ended[key] = "failure" if key in failing else "success"
        return ended

    # Runs

    def first(self, failing: set[str]) -> None:
        self._carry_out(None, set(self.clean), failing)

    def go_back_to(self, generation: Generation) -> None:
        """Let the next run be one that executes a generation again."""
        self.good, self.failed = dict(generation.good), set(generation.failed)

    def again(self, options: ReexecutionOptions, planned: set[str] | None, failing: set[str]) -> None:
        """Execute a run again, with the steps that run; None if that is for their changes to say."""
        self._carry_out(options, planned, failing)

    def refused(self, options: ReexecutionOptions) -> None:
        """Check that a selection is refused, and that nothing has run."""
        self.notes.tell({})
        before = len(self.instance.get_runs())
        try:
            self._execute(options)
        except DagsterStepOutputNotFoundError:
            assert self.notes.ran() == []
            assert len(self.instance.get_runs()) == before
        else:
            raise AssertionError(f"{options} is to be refused: {self.notes.ran()}")

    def _execute(self, options: ReexecutionOptions | None) -> Any:
        return self.job.execute_in_process(
            run_config={"loggers": {"silent": {}}},
            instance=self.instance,
            raise_on_error=False,
            reexecution_options=options,
        )

    def _carry_out(
        self, options: ReexecutionOptions | None, planned: set[str] | None, failing: set[str]
    ) -> None:
        retries = {key: self.max_retries[key.partition("[")[0]] for key in self.clean}
        in_vain = {key: self.chance.randint(0, most) for key, most in retries.items()}
        self.notes.tell(in_vain | {key: 1 + retries[key] for key in failing})
        result = self._execute(options)
        expected = self.simulate(planned, failing)
        tries = {"success": in_vain, "failure": retries}
        ran = {k: 1 + tries[status][k] for k, status in expected.items() if status in tries}
        assert Counter(self.notes.ran()) == Counter(ran), "other steps ran than were expected"
        assert result.success == ("failure" not in expected.values())
        self._check_ends(result, expected, is_partial=planned is None)
        self._check_sources(result, expected)
        for key, status in expected.items():
            if status in ("success", "skipped"):
                self.good[key] = result.run_id
                self.failed.discard(key)
            elif status == "failure":
                self.failed.add(key)
        self.generations.append(Generation(result.run_id, expected, dict(self.good), set(self.failed)))
        self.last = result

    def _check_ends(self, result: Any, expected: dict[str, str], *, is_partial: bool) -> None:
        """Each step that ended is told of once, as it ended."""
        ends = {"STEP_SUCCESS": "success", "STEP_SKIPPED": "skipped", "STEP_FAILURE": "failure"}
        told = [
            (self.ours(event.step_key), ends[event.event_type_value])
            for event in result.all_events
            if event.event_type_value in ends
        ]
        wanted = {k: v for k, v in expected.items() if v not in ("abandoned", "kept")}
        assert len(told) == len(dict(told))
        if is_partial:
            # What was skipped is told again only where something before it may have changed.
            wanted = {k: v for k, v in wanted.items() if v != "skipped" or k in dict(told)}
        assert dict(told) == wanted

    def _check_sources(self, result: Any, ended: dict[str, str]) -> None:
        """Each input is loaded from this run, or from the nearest one that has it."""
        for event in result.all_events:
            if event.is_loaded_input:
                data = event.loaded_input_data
                upstream = self.ours(data.upstream_step_key)
                is_ours = ended.get(upstream, "kept") != "kept"
                expected = None if is_ours else self.good[upstream]
                assert data.upstream_run_id == expected, (event.step_key, upstream)

    def values(self) -> dict[tuple[str, str, str | None], Any]:
        """All values that the last run knows, its own and those of earlier runs."""
        found = self._values_of(self.last)
        return {(self.ours(step), output, key): value for (step, output, key), value in found.items()}

    def _values_of(self, result: Any) -> Mapping[tuple[str, str, str | None], Any]:
        return result._output_capture


class WorldOfProcesses(World):
    """The same with each step in a process of its own, and values in files.

    Args:
        folder: Where what the processes must know is written.
    """

    def __init__(self, spec: JobSpec, seed: int, instance: DagsterInstance, folder: str) -> None:
        with open(os.path.join(folder, "world"), "wb") as file:
            pickle.dump((spec, seed), file)
        super().__init__(spec, seed, instance, NotesInFiles(folder))
        self.job_in_processes = build_reconstructable_job(__name__, "job_in_processes", (folder,))

    def _execute(self, options: ReexecutionOptions | None) -> Any:
        executor = {"max_concurrent": 2, "reuse_workers": True}
        return execute_job(
            self.job_in_processes,
            self.instance,
            run_config={"loggers": {"silent": {}}, "execution": {"config": executor}},
            reexecution_options=options,
        )

    def _values_of(self, result: Any) -> Mapping[tuple[str, str, str | None], Any]:
        with result:
            loader = result._loader
            names = [*given_outputs(result.all_events), *loader.known_outputs]
            return {name: loader.load_output(*name) for name in names}


def job_in_processes(folder: str) -> JobDefinition:
    """The job of a world, in whatever process it is asked for."""
    with open(os.path.join(folder, "world"), "rb") as file:
        spec, seed = pickle.load(file)
    world = World(spec, seed, None, NotesInFiles(folder))
    return world.make_job(multiprocess_executor, {"io_manager": fs_io_manager})


def _reached(name: str, levels: int | None, next_to: Callable[[str], Iterator[str]]) -> set[str]:
    found, work = {name: 0}, [name]
    while work:
        at = work.pop(0)
        if found[at] == levels:
            continue
        for other in next_to(at):
            if other not in found:
                found[other] = found[at] + 1
                work.append(other)
    return set(found)


def _dependency(spec: InputSpec) -> Any:
    if spec.kind == "direct":
        return DependencyDefinition(*spec.refs[0])
    if spec.kind == "collect":
        return DynamicCollectDependencyDefinition(*spec.refs[0])
    return MultiDependencyDefinition([DependencyDefinition(*ref) for ref in spec.refs])
