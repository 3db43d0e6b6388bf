"""Every scenario runs, at a size that takes no time; the runner reads what it prints."""

from __future__ import annotations

import pytest

from bench.environments import ROOT, ours
from bench.measuring import measure, run_once
from bench.rows import ROWS, Run

SMALL = [
    ("importing", "root"),
    ("importing", "names"),
    ("chain", "3", "quiet"),
    ("chain", "3", "console"),
    ("persistent_chain", "3"),
    ("event_log", "20"),
    ("run_storage", "3000"),
    ("runless", "3"),
    ("fan_out", "3"),
    ("dynamic", "3"),
    ("planning", "chain", "3", "raised"),
    ("planning", "chain", "3", "default"),
    ("planning", "independent", "3", "default"),
    ("baseline",),
    ("multiprocess", "isolated"),
    ("multiprocess", "reused"),
    ("threads", "3", "2"),
    ("threads", "3", "2", "coroutines"),
]


@pytest.mark.parametrize("program", SMALL, ids=" ".join)
def test_scenario_gives_numbers(program: tuple[str, ...]) -> None:
    numbers = run_once(ours(), Run(program[0], program[1:]))
    assert numbers
    assert all(value > 0 for value in numbers.values())
    modes = (program[0], *program[1:]) if program[0] == "multiprocess" else (program[0],)
    wanted = {
        row.measure for row in ROWS if (row.run.scenario, *row.run.arguments)[: len(modes)] == modes
    }
    assert wanted <= set(numbers)


@pytest.mark.slow
def test_large_value_gives_numbers() -> None:
    numbers = run_once(ours(), Run("large_value"))
    assert set(numbers) == {"seconds", "times raw pickle"}


@pytest.mark.parametrize("arguments", [row.run.arguments for row in ROWS if row.run.scenario is None])
def test_command_runs(arguments: tuple[str, ...]) -> None:
    assert run_once(ours(), Run(None, arguments))["seconds"] > 0


def test_every_scenario_is_in_the_table_and_back() -> None:
    files = {path.stem for path in (ROOT / "bench" / "scenarios").glob("*.py")} - {"__init__", "one_op"}
    assert {row.run.scenario for row in ROWS if row.run.scenario} == files


def test_a_failing_program_is_told_by_its_last_line() -> None:
    samples = measure(Run("importing", ("nonsense",)), [ours()], repeats=1)["dagwerk"]
    assert samples.failure == "KeyError: 'nonsense'"
    assert samples.median("seconds") is None
