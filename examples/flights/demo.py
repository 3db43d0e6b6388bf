"""What `make demo` shows: a run that fails, and how little has to run again. From the 'Re-execution' document.

Run it from the root of the repository. It types the commands that you would type, and then looks into the
kept runs whether they did what they should; if they did not, it says so and ends with exit code 1.

    python examples/flights/demo.py
    python examples/flights/demo.py -c examples/flights/fast.yaml    # a sample, and a smaller model
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from difflib import unified_diff
from pathlib import Path

from dagster import DagsterInstance

HERE = Path(__file__).resolve().parent
RESULTS = Path("flights_results")
#: A copy of the example, whose code the demo changes, and the runs.
PROJECT = RESULTS / "demo"
HOME = PROJECT / "home"
EXAMPLE = PROJECT / "examples" / "flights"
#: Beside this Python, whether its environment was entered or not.
DAGSTER = Path(sys.executable).with_name("dagster")

BEFORE = '    summary = summarise(flights, [flights["carrier"], flights["airline"]])\n'
ADDED = '    summary = summary[summary["flights"] >= len(flights) / 200]\n'
OUTCOMES = {"SUCCESS": "ok", "FAILURE": "failed", "SKIPPED": "skipped"}


def main(configs: Sequence[str]) -> None:
    """Fail, run again from failure, change the analysis, run again from changed."""
    prepare()
    title("1. The test step fails at first: the machine that models are tested on is down")
    code = ["-d", PROJECT, "-f", EXAMPLE / "flights_ops.py", "-j", "unreliable_flights"]
    dagster("job", "execute", *code, *(f"-c{config}" for config in configs), fails=True)
    first = NewestRun()
    first.check(failed={"test_model"})

    title("2. From failure: what failed, and what was not run because of it")
    dagster("run", "reexecute", first.short, "--from-failure")
    second = NewestRun()
    second.check(ok={"test_model", "predicted_vs_actual", "model_drivers", "write_report"})
    trained = first.told("train_model")
    say(f"\ntrain_model ({trained} in run {first.short}) did not run again: its model was loaded.")

    title("3. The analysis is changed: airlines with few flights are left out")
    change_the_analysis()
    dagster("run", "reexecute", second.short, "--from-changed", "--dry-run")

    title("4. From changed: what was changed, and of what follows that which it changes")
    dagster("run", "reexecute", second.short, "--from-changed")
    third = NewestRun()
    third.check(ok={"build_analyses", "delay_by_carrier", "write_report"})

    title("What ran when")
    show_what_ran(first, second, third)
    command = "dagster" if shutil.which("dagster") else os.path.relpath(DAGSTER)
    words = f"DAGSTER_HOME={shlex.quote(os.environ['DAGSTER_HOME'])} {command} run show {third.short}"
    say(f"\nTo look around:            {words}")
    say(f"The report, with figures:  {RESULTS / 'report.md'}")


def prepare() -> None:
    """Start anew: copy the example, forget the runs of the last time, have the test machine down."""
    shutil.rmtree(PROJECT, ignore_errors=True)
    (RESULTS / "test_machine_is_up").unlink(missing_ok=True)
    shutil.copytree(HERE, EXAMPLE, ignore=shutil.ignore_patterns("__pycache__"))
    (EXAMPLE.parent / "__init__.py").touch()
    HOME.mkdir()
    os.environ["DAGSTER_HOME"] = str(HOME.resolve())
    say(f"In {PROJECT}: a copy of the example, whose code will be changed, and its runs (DAGSTER_HOME).")


def change_the_analysis() -> None:
    """Edit analyses.py of the copy, and show how."""
    file = EXAMPLE / "analyses.py"
    old = file.read_text(encoding="utf-8")
    new = old.replace(BEFORE, BEFORE + ADDED)
    if old.count(BEFORE) != 1:
        stop(f"expected one line of {file} to be {BEFORE.strip()!r}, got: {old.count(BEFORE)}")
    file.write_text(new, encoding="utf-8")
    lines = unified_diff(old.splitlines(), new.splitlines(), str(file), str(file), n=1, lineterm="")
    say("\n".join(lines) + "\n")


class NewestRun:
    """The run that was started last, and what became of its steps."""

    def __init__(self) -> None:
        with DagsterInstance.get() as instance:
            self.run = instance.get_runs(limit=1)[0]
            self.steps = {step.step_key: step for step in instance.get_run_step_stats(self.run.run_id)}

    @property
    def short(self) -> str:
        """The beginning of its id: enough for commands."""
        return self.run.run_id[:8]

    def told(self, step: str) -> str:
        """What became of a step, empty if it did not run."""
        found = self.steps.get(step)
        if found is None or found.status is None:
            return ""
        seconds = (found.end_time or 0) - (found.start_time or 0)
        return f"{OUTCOMES[found.status.value]}, {seconds:.1f} s"

    def check(self, *, ok: set[str] | None = None, failed: set[str] | None = None) -> None:
        """End the demo if other steps succeeded or failed; steps that are None are not looked at."""
        for wanted, status in ((ok, "SUCCESS"), (failed or set(), "FAILURE")):
            ended = {
                key for key, step in self.steps.items() if step.status and step.status.value == status
            }
            if wanted is not None and wanted != ended:
                stop(
                    f"expected {status} of run {self.short} to be of {sorted(wanted)}, got: {sorted(ended)}"
                )


def show_what_ran(first: NewestRun, second: NewestRun, third: NewestRun) -> None:
    """Print a row for training and for each step that the first run was not enough for, and count the others."""
    again = dict.fromkeys(["train_model", *second.steps, *third.steps])
    row = "{:20}{:17}{:17}{}".format
    say(row("", "1. first run", "2. from failure", "4. from changed"))
    for step in again:
        say(
            row(
                step,
                first.told(step) or "not run",
                second.told(step) or "kept",
                third.told(step) or "kept",
            )
        )
    say(row(f"{len(set(first.steps) - set(again))} others", "ok", "kept", "kept"))


def dagster(*words: str | Path, fails: bool = False) -> None:
    """Show a command and run it; end the demo if it does not end as expected."""
    command = [str(word) for word in words]
    say(f"$ dagster {shlex.join(command)}")
    code = subprocess.run([DAGSTER, *command], check=False).returncode
    if code != int(fails):
        stop(f"expected the command to end with exit code {int(fails)}, got: {code}")


def title(text: str) -> None:
    """Print a heading."""
    say(
        f"\n\033[1m{text}\033[0m"
        if sys.stdout.isatty() and "NO_COLOR" not in os.environ
        else f"\n{text}"
    )


def say(text: str) -> None:
    """Print, before the commands that follow do."""
    print(text, flush=True)


def stop(reason: str) -> None:
    """End the demo."""
    raise SystemExit(f"The demo did not go as it should: {reason}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A run that fails, and how little has to run again.")
    parser.add_argument(
        "-c", "--config", action="append", default=[], help="run config, as for `dagster`"
    )
    main(parser.parse_args().config)
