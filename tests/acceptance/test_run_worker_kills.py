"""A run worker killed at 200 random points: every run ends, or is resumed to, the right outputs.

No recorded success runs again, no process is left, and no half-written value is ever read. The points are those
of killed_run.py and killed_run_job.py, and points in time; in some runs the forkserver and workers are killed too.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.io.pickling import read_pickle_file
from dagster._core.runner.run_worker import RESUMED
from dagster._process.descent import children_of, signal_process
from tests.acceptance import killed_run_job as jobs
from tests.storage.services import POSTGRESQL, own_schema
from tests.unit.process.processes import none_left

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
#: How many kills of run workers, by the storage and the executor.
KILLS = {
    ("sqlite", "multiprocess"): 60,
    ("consolidated", "multiprocess"): 40,
    (POSTGRESQL, "multiprocess"): 40,
    ("sqlite", "in_process"): 60,
}
#: How many runs go on at the same time.
RUNS = 3
#: How many processes of one run are killed at most, the first and those that resume it.
DEATHS = 6
_CONSOLIDATED = {
    "module": "dagster._core.storage.event_log",
    "class": "ConsolidatedSqliteEventLogStorage",
}
_BEGINNINGS = {DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED}


@contextmanager
def home_of(storage: str, path: Path) -> Iterator[DagsterInstance]:
    """Give an instance whose events are stored in one of the ways."""
    config: dict[str, Any] = {"telemetry": {"enabled": False}}
    with own_schema(POSTGRESQL) if storage == POSTGRESQL else _nothing() as url:
        if url is not None:
            text = url.render_as_string(hide_password=False)
            config["storage"] = {"postgres": {"postgres_url": text}}
        elif storage == "consolidated":
            config["event_log_storage"] = {**_CONSOLIDATED, "config": {"base_dir": str(path / "log")}}
        (path / "dagster.yaml").write_text(yaml.safe_dump(config))
        with DagsterInstance.from_config(str(path)) as instance:
            yield instance


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def point_of(rng: random.Random) -> dict[str, Any]:
    """Choose where a run worker is killed."""
    kinds = {"time": 5, "event": 4, "commit": 4, "statement": 4, "value": 4, "family": 3}
    (kind,) = rng.choices(list(kinds), list(kinds.values()))
    point: dict[str, Any] = {"kind": kind}
    if kind == "time":
        point["share"] = rng.random() ** 1.5
    elif kind == "family":
        point |= {"share": rng.uniform(0.25, 0.8), "server": rng.random() < 0.5}
        point["and_worker"] = rng.random() < 0.8
    elif kind == "value":
        point |= {"step": rng.choice(jobs.STEPS), "stage": rng.choice(jobs.STAGES)}
    else:
        # Mostly early ones: what is left of a run that was resumed is little.
        most = {"event": 100, "commit": 40, "statement": 150}[kind]
        point["number"] = 1 + int(rng.random() ** 2 * most)
        point["seconds"] = rng.random() * 0.004
    return point


class Program:
    """killed_run.py, which carries out one order after the other.

    Args:
        home: The directory of the instance.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        #: Where steps note that they ran, by the mark of the run.
        self.witnesses = home / "witnesses"
        #: Where values are kept, by run.
        self.values = home / "values"
        #: How long a run takes that is not killed, in seconds.
        self.seconds = 1.0
        self.errors = (home / f"errors-{os.urandom(4).hex()}").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.killed_run"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            cwd=ROOT,
        )
        assert self._answer() == 0

    def carry_out(self, mark: str, order: Mapping[str, Any], point: Mapping[str, Any]) -> int:
        """Have an order carried out, and return the exit code of its process; -9 if it was killed."""
        assert self._process.stdin is not None
        witnesses = self.witnesses / mark
        witnesses.mkdir(parents=True, exist_ok=True)
        environment = {
            "DAGSTER_HOME": str(self._home),
            jobs.WITNESSES: str(witnesses),
            jobs.VALUES: str(self.values),
            "KILLED_RUN": mark,
        }
        whole = {**order, "environment": environment, "point": point}
        self._process.stdin.write(json.dumps(whole) + "\n")
        self._process.stdin.flush()
        pid = self._answer()
        if "share" in point:
            time.sleep(point["share"] * self.seconds)
            if point["kind"] == "time" or self._kill_family(pid, point):
                signal_process(pid, signal.SIGKILL)
        return self._answer()

    def _kill_family(self, pid: int, point: Mapping[str, Any]) -> bool:
        """Kill the forkserver or workers of a run, and return whether the run worker is to follow."""
        for server in children_of(pid):
            for victim in (server,) if point["server"] else children_of(server):
                signal_process(victim, signal.SIGKILL)
        return point["and_worker"]

    def _answer(self) -> int:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.output()
        return int(line)

    def output(self) -> str:
        """Return what the processes had to say."""
        self.errors.seek(0)
        return self.errors.read()

    def close(self) -> None:
        """End it. It must have nothing to do."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self.errors.close()


class Killed:
    """One run, killed and resumed until it is over.

    Args:
        program: Carries it out.
        instance: The instance that has it.
        executor: The config of the executor.
        rng: Chooses.
    """

    def __init__(
        self,
        program: Program,
        instance: DagsterInstance,
        executor: Mapping[str, Any],
        rng: random.Random,
    ) -> None:
        self.mark = f"run-{rng.getrandbits(48):x}-{os.urandom(4).hex()}"
        self._program = program
        self._instance = instance
        self._executor = executor
        self._rng = rng
        self.deaths: list[dict[str, Any]] = []
        #: What each step had noted when its success was found in the log.
        self._noted: dict[str, str] = {}
        #: Whether processes may be there that the next one to resume it ends.
        self._leaves_something = False
        #: How often the run had been resumed when they were left.
        self._resumed_then = 0

    def run(self) -> DagsterRun | None:
        """The run; None if it was killed before it was stored."""
        found = self._instance.get_runs(RunsFilter(tags={"mark": self.mark}))
        return found[0] if found else None

    def carry_out(self, deaths: int) -> None:
        """Carry it out, with so many deaths at most, and look at it after each."""
        while True:
            dies = len(self.deaths) < deaths
            point = point_of(self._rng) if dies else {}
            code = self._program.carry_out(self.mark, self._order(), point)
            if code == 0:
                break
            assert code == -signal.SIGKILL, (code, point, self._program.output())
            self.deaths.append(point)
            # What was killed with its forkserver leaves what steps have started to whoever resumes the run,
            # and comes as far as to run steps.
            if point.get("server"):
                self._leaves_something = True
                self._resumed_then, _ = self._resumed()
            elif self._leaves_something:
                resumed, went_on = self._resumed()
                self._leaves_something = not (resumed > self._resumed_then and went_on)
            if self._rng.random() < 0.5 and not self._leaves_something:
                # Else it is resumed at once, when workers may still be there.
                assert none_left(self.mark) == {}, self.deaths
            self._look()
            run = self.run()
            if run is not None and run.is_finished:
                break
        self._look()
        self._check()

    def _resumed(self) -> tuple[int, bool]:
        """How many processes have resumed the run, and whether the last of them has come to its steps."""
        run = self.run()
        resumed, went_on = 0, False
        for entry in self._instance.all_logs(run.run_id) if run is not None else ():
            event = entry.dagster_event
            if event is not None and RESUMED in (
                getattr(event.event_specific_data, "metadata", None) or ()
            ):
                resumed, went_on = resumed + 1, False
            elif event is not None and event.event_type in _BEGINNINGS:
                went_on = True
        return resumed, went_on

    def _order(self) -> dict[str, Any]:
        run = self.run()
        if run is None:
            run_config = {
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                "execution": {"config": self._executor},
            }
            return {"do": "start", "run_config": run_config, "tags": {"mark": self.mark}}
        # It is not known of what has not told which process works on it.
        force = run.status in (DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING)
        if self._rng.random() < 0.8:
            return {"do": "resume", "run_id": run.run_id, "force": force}
        options = ["-m", jobs.__name__, "-a", "killed_run", *(["--force"] if force else [])]
        return {"do": "command", "run_id": run.run_id, "options": options}

    def _look(self) -> None:
        """See that no recorded success has run again, and that all values are whole."""
        run = self.run()
        if run is None:
            return
        for entry in self._instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_SUCCESS):
            assert entry.step_key is not None
            noted = (self._program.witnesses / self.mark / entry.step_key).read_text()
            assert self._noted.setdefault(entry.step_key, noted) == noted
        for path in self._program.values.joinpath(run.run_id).rglob("*"):
            if path.is_file() and not path.name.endswith(".tmp"):
                jobs.number_of(read_pickle_file(str(path)))

    def _check(self) -> None:
        run = self.run()
        assert run is not None
        assert run.status is DagsterRunStatus.SUCCESS
        over: Counter[str] = Counter()
        kinds: Counter[DagsterEventType] = Counter()
        for entry in self._instance.all_logs(run.run_id):
            event = entry.dagster_event
            if event is None:
                continue
            kinds[event.event_type] += 1
            if event.event_type in _BEGINNINGS:
                assert not over[event.step_key or ""], (event.step_key, self.deaths)
            elif event.is_step_success:
                over[event.step_key or ""] += 1
        assert over == dict.fromkeys(jobs.STEPS, 1)
        assert kinds[DagsterEventType.RUN_START] == kinds[DagsterEventType.RUN_SUCCESS] == 1
        assert kinds[DagsterEventType.RUN_FAILURE] == 0
        values = self._program.values / run.run_id
        numbers: dict[str, int] = {}
        for name in jobs.NUMBERS:
            step, _, key = name.partition("[")
            path = values / step / "result" / key[:-1] if step == "spread" else values / name / "result"
            numbers[name] = jobs.number_of(read_pickle_file(str(path)))
        assert numbers == jobs.NUMBERS
        assert none_left(self.mark) == {}


def kill_runs(
    home: Path, instance: DagsterInstance, executor: str, number: int, kills: int
) -> list[dict[str, Any]]:
    """Carry runs out, one after the other, until so many run workers have been killed."""
    rng = random.Random(f"{executor} {number}")
    program = Program(home)
    deaths: list[dict[str, Any]] = []
    try:
        began = time.monotonic()
        whole = Killed(program, instance, {executor: {}}, rng)
        whole.carry_out(0)
        program.seconds = time.monotonic() - began
        while len(deaths) < kills:
            config: dict[str, Any] = {}
            if executor == "multiprocess":
                config = {"max_concurrent": rng.randint(2, 4), "reuse_workers": rng.random() < 0.3}
            killed = Killed(program, instance, {executor: config}, rng)
            killed.carry_out(min(rng.randint(2, DEATHS), kills - len(deaths)))
            deaths += killed.deaths
    finally:
        program.close()
    return deaths


@pytest.mark.parametrize(("storage", "executor"), KILLS)
def test_runs_are_resumed_to_the_right_outputs(storage: str, executor: str, tmp_path: Path) -> None:
    wanted = KILLS[storage, executor]
    shares = [wanted // RUNS + (number < wanted % RUNS) for number in range(RUNS)]
    with home_of(storage, tmp_path) as instance, ThreadPoolExecutor(RUNS) as threads:
        began = [
            threads.submit(kill_runs, tmp_path, instance, executor, number, share)
            for number, share in enumerate(shares)
        ]
        deaths = [death for future in began for death in future.result()]
    assert len(deaths) == wanted
    print(Counter(death["kind"] for death in deaths))


def test_there_are_200_kills() -> None:
    assert sum(KILLS.values()) == 200
