"""Run programs of both sides by turns, each in a fresh process, and keep every number."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

from bench.environments import ROOT, Side
from bench.rows import Run

TIMEOUT_SECONDS = 600


@dataclass
class Samples:
    """What one side's repeats of one run gave: numbers by measure, or why there are none."""

    numbers: dict[str, list[float]] = field(default_factory=dict)
    failure: str | None = None

    def median(self, measure: str) -> float | None:
        """Return the median of a measure, or None when the run failed."""
        values = self.numbers.get(measure)
        return statistics.median(values) if values else None

    def spread(self, measure: str) -> tuple[float, float]:
        """Return the least and the greatest number of a measure."""
        return min(self.numbers[measure]), max(self.numbers[measure])


def run_once(side: Side, run: Run) -> dict[str, float]:
    """Run a program in a fresh process and return its numbers; raise `RuntimeError` when it fails."""
    if run.scenario is None:
        command = [str(side.command), *run.arguments]
    else:
        scenario = str(ROOT / "bench" / "scenarios" / f"{run.scenario}.py")
        command = [str(side.python), scenario, *run.arguments]
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile("w+") as errors:
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
        environment |= {"TMPDIR": home, "DAGSTER_DISABLE_TELEMETRY": "1"}
        start = time.perf_counter()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        seconds = time.perf_counter() - start
        if done.returncode != 0:
            errors.seek(0)
            lines = errors.read().strip().splitlines() or [f"exit code {done.returncode}"]
            raise RuntimeError(lines[-1])
    if run.scenario is None:
        return {"seconds": seconds}
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(run: Run, sides: list[Side], repeats: int) -> dict[str, Samples]:
    """Return each side's samples of a run: one run of each that is not counted, then by turns."""
    samples = {side.name: Samples() for side in sides}
    for repeat in range(repeats + 1):
        for side in sides:
            own = samples[side.name]
            if own.failure is not None:
                continue
            try:
                numbers = run_once(side, run)
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
                own.failure = str(error)
                continue
            if repeat > 0 or repeats == 0:
                for name, value in numbers.items():
                    own.numbers.setdefault(name, []).append(value)
    return samples
