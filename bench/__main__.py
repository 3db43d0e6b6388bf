"""``python -m bench``: measure, and write ``bench/RESULTS.md``."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from bench.environments import ROOT, ours, upstream
from bench.measuring import Samples, measure
from bench.report import cell, report
from bench.rows import ROWS, Run


def main() -> int:
    """Run the scenarios that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--repeats", type=int, default=5, help="runs of each side that count (default 5)"
    )
    parser.add_argument("--only", default="", help="only rows whose title contains this")
    parser.add_argument("--no-upstream", action="store_true", help="measure us alone")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "RESULTS.md")
    arguments = parser.parse_args()

    sides = [ours()] if arguments.no_upstream else [ours(), upstream()]
    done: dict[Run, dict[str, Samples]] = {}
    measured = []
    for row in ROWS:
        if arguments.only not in row.title:
            continue
        if row.run not in done:
            done[row.run] = measure(row.run, sides if row.run.upstream else sides[:1], arguments.repeats)
        by_side = done[row.run]
        measured.append((row, by_side))
        shown = "   ".join(f"{name}: {cell(row, samples)}" for name, samples in by_side.items())
        print(f"{row.title}   {shown}", flush=True)
    if not measured:
        print(f'expected --only to be part of a title, got: "{arguments.only}"', file=sys.stderr)
        return 2
    command = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
    arguments.output.write_text(report(measured, sides, arguments.repeats, command), encoding="utf-8")
    print(f"\nwritten: {arguments.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
