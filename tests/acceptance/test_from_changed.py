"""A project whose files are edited between runs, each run in a process of its own; steps in processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dagster import (
    DagsterInstance,
    DynamicOut,
    DynamicOutput,
    ReexecutionOptions,
    execute_job,
    fs_io_manager,
    job,
    op,
    reconstructable,
    threads_executor,
)
from dagster._core.instance.for_test import instance_for_test

pytestmark = pytest.mark.slow

STEPS = '''
"""The steps."""

from dagster import Config, fs_io_manager, in_process_executor, job, op, resource

from shop.cleaning import Cleaner, LIMIT


class TrainConfig(Config):
    rate: float = 0.5

    def doubled(self):
        return self.rate * 2


@resource(config_schema={"offset": int})
def shift(context):
    return context.resource_config["offset"]


@op
def load() -> list[int]:
    return [5, 11, 3, 8]


@op
def clean(rows: list[int]) -> list[int]:
    return Cleaner(LIMIT).clean(rows)


@op(required_resource_keys={"shift"})
def train(context, rows: list[int], config: TrainConfig) -> float:
    return sum(rows) * config.doubled() + context.resources.shift


@op(code_version="1")
def report(result: float) -> str:
    return f"{result:.1f}"


@job(resource_defs={"io_manager": fs_io_manager, "shift": shift}, executor_def=in_process_executor)
def shop_job():
    report(train(clean(load())))
'''
CLEANING = """
LIMIT = 10


class Base:
    def is_good(self, row):
        return row < self.limit


class Cleaner(Base):
    def __init__(self, limit):
        self.limit = limit

    def clean(self, rows):
        return [row for row in rows if self.is_good(row)]


def unrelated():
    return 1
"""


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        (folder / "shop").mkdir()
        (folder / "shop" / "__init__.py").touch()
        self.steps = folder / "shop" / "steps.py"
        self.cleaning = folder / "shop" / "cleaning.py"
        self.steps.write_text(STEPS)
        self.cleaning.write_text(CLEANING)
        self.seed = 0
        self.last = ""

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def run(self, *args: str, offset: int = 1, rate: float | None = None) -> str:
        self.seed += 1
        config: dict[str, object] = {"resources": {"shift": {"config": {"offset": offset}}}}
        if rate is not None:
            config["ops"] = {"train": {"config": {"rate": rate}}}
        path = os.pathsep.join(filter(None, [str(self.folder), os.environ.get("PYTHONPATH")]))
        env = {
            **os.environ,
            "DAGSTER_HOME": str(self.home),
            "PYTHONPATH": path,
            "PYTHONHASHSEED": str(self.seed),
            # Two edits within a second, of the same size, must not be hidden by a cache.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [sys.executable, "-m", "dagster", *args, "--config-json", json.dumps(config)],
            cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def execute(self, **kwargs: object) -> None:
        self.last = _run_id(self.run("job", "execute", "-m", "shop.steps", "-j", "shop_job", **kwargs))  # type: ignore[arg-type]

    def dry(self, **kwargs: object) -> dict[str, tuple[str, str]]:
        out = self.run("run", "reexecute", self.last, "--from-changed", "--dry-run", "--json", **kwargs)  # type: ignore[arg-type]
        return {row["step"]: (row["action"], row["reason"]) for row in json.loads(out)}

    def again(self, **kwargs: object) -> dict[str, str]:
        out = self.run("run", "reexecute", self.last, "--from-changed", **kwargs)  # type: ignore[arg-type]
        self.last = _run_id(out)
        found: dict[str, str] = {}
        for line in out.splitlines():
            words = line.replace("]", "] ").split()
            if line.startswith("["):
                found[words[2]] = words[1]
        return found


def _run_id(out: str) -> str:
    return next(line for line in out.splitlines() if line.startswith("Run ")).split()[1]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.execute()
    return made


def running(decisions: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {step: reason for step, (action, reason) in decisions.items() if action == "run"}


def test_nothing_was_edited(project: Project) -> None:
    assert {action for action, _ in project.dry().values()} == {"keep"}
    assert project.again() == {}


def test_comments_and_functions_that_nobody_calls(project: Project) -> None:
    project.edit(project.cleaning, "class Base", "# What is good.\n\n\nclass Base")
    project.edit(
        project.cleaning,
        "    def is_good(self, row):\n",
        '    def is_good(self, row):\n        """Says."""\n',
    )
    project.edit(project.cleaning, "return 1", "return 2")
    project.edit(
        project.steps, "def load() -> list[int]:\n", 'def load() -> list[int]:\n    """Loads."""\n'
    )
    assert running(project.dry()) == {}


def test_an_inherited_method_in_another_module(project: Project) -> None:
    project.edit(project.cleaning, "row < self.limit", "row <= self.limit")
    assert running(project.dry()) == {"clean": "code of function Base.is_good (cleaning.py) changed"}
    # The rows are the same for either rule.
    assert project.again() == {"clean": "ok", "train": "kept", "report": "kept"}
    assert project.again() == {}


def test_a_constant(project: Project) -> None:
    project.edit(project.cleaning, "LIMIT = 10", "LIMIT = 7")
    assert running(project.dry()) == {"clean": "constant LIMIT (steps.py) changed"}
    assert project.again() == {"clean": "ok", "train": "ok", "report": "ok"}


def test_config_and_the_config_of_a_resource(project: Project) -> None:
    assert running(project.dry(rate=0.25)) == {"train": "config changed: rate 0.5 -> 0.25"}
    assert running(project.dry(offset=2)) == {"train": 'resource "shift" changed: config changed'}
    assert project.again(offset=2) == {"train": "ok", "report": "ok"}


def test_a_method_of_the_config(project: Project) -> None:
    project.edit(project.steps, "self.rate * 2", "self.rate * 3")
    assert running(project.dry()) == {"train": "code of function TrainConfig.doubled (steps.py) changed"}


def test_code_versions(project: Project) -> None:
    project.edit(project.steps, "{result:.1f}", "{result:.2f}")
    assert running(project.dry()) == {}
    project.edit(project.steps, 'code_version="1"', 'code_version="2"')
    assert running(project.dry()) == {"report": 'code_version changed: "1" -> "2"'}
    assert project.again() == {"report": "ok"}


def test_a_module_may_be_renamed(project: Project) -> None:
    project.cleaning.rename(project.folder / "shop" / "washing.py")
    project.edit(project.steps, "shop.cleaning", "shop.washing")
    assert running(project.dry()) == {}


# Steps in processes and threads


@op(out=DynamicOut())
def fan(context):
    for key, value in context.op_config.items():
        yield DynamicOutput(value, key)


@op
def tens(x: int) -> int:
    return x // 10


@op
def more(x: int) -> int:
    return x + 1


@op
def total(xs: list[int]) -> int:
    return sum(xs)


@job(resource_defs={"io_manager": fs_io_manager})
def spread_job():
    total(fan().map(lambda x: more(tens(x))).collect())


@job(resource_defs={"io_manager": fs_io_manager}, executor_def=threads_executor)
def threaded_job():
    total(fan().map(lambda x: more(tens(x))).collect())


EXECUTORS = {
    "processes": {"multiprocess": {"max_concurrent": 2}},
    "reused processes": {"multiprocess": {"max_concurrent": 2, "reuse_workers": True}},
    "threads": {"threads": {"max_concurrent": 2}},
    "one process": {"in_process": {}},
}


@pytest.mark.parametrize("name", EXECUTORS)
def test_each_executor_keeps_what_has_not_changed(name: str, tmp_path: Path) -> None:
    def config(values: dict[str, int]) -> dict[str, object]:
        executor = EXECUTORS[name]
        inner = executor.get("threads", executor)
        return {"ops": {"fan": {"config": values}}, "execution": {"config": inner}}

    target = reconstructable(threaded_job if name == "threads" else spread_job)
    with instance_for_test(temp_dir=str(tmp_path)) as instance:
        first = execute_job(target, instance, run_config=config({"a": 10, "b": 20, "c": 30}))
        assert first.success
        assert parts_told(instance, first.run_id) == 4, "the parts of each op's code are stored once"
        options = ReexecutionOptions.from_changed(first.run_id, instance)
        changed = config({"a": 12, "b": 25, "c": 40, "d": 50})
        with execute_job(target, instance, run_config=changed, reexecution_options=options) as second:
            assert second.success
            ran = sorted(e.step_key or "" for e in second.all_events if e.is_step_success)
            assert ran == [
                "fan",
                "more[c]",
                "more[d]",
                "tens[a]",
                "tens[b]",
                "tens[c]",
                "tens[d]",
                "total",
            ]
            assert second.output_for_node("total") == 2 + 3 + 5 + 6
            assert second.output_for_node("more") == {"a": 2, "b": 3, "c": 5, "d": 6}


def parts_told(instance: DagsterInstance, run_id: str) -> int:
    events = [e.dagster_event for e in instance.all_logs(run_id) if e.dagster_event is not None]
    found = [e.step_success_data.fingerprint for e in events if e.is_step_success]
    assert None not in found
    return sum(1 for f in found if f is not None and f.parts is not None)
