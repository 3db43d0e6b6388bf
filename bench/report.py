"""The result as one Markdown table."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime

from bench.environments import Side, versions
from bench.measuring import Samples
from bench.rows import Row

Measured = tuple[Row, dict[str, Samples]]


def number(value: float) -> str:
    """Return a number with three figures, and no exponent."""
    if value == 0:
        return "0"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.5f}"


def cell(row: Row, samples: Samples | None) -> str:
    """Return what one side's numbers are: the median, and the spread in brackets."""
    if samples is None:
        return "–"
    median = samples.median(row.measure)
    if median is None:
        return f"fails: {samples.failure}".replace("|", "\\|")[:80]
    least, greatest = samples.spread(row.measure)
    unit = f" {row.unit}" if row.unit else ""
    low, high = number(least * row.scale), number(greatest * row.scale)
    return f"{number(median * row.scale)}{unit} ({low} to {high})" if low != high else f"{low}{unit}"


def line(row: Row, by_side: dict[str, Samples], sides: list[Side]) -> str:
    """Return one line of the table."""
    ours = by_side[sides[0].name].median(row.measure)
    other = by_side.get(sides[1].name) if len(sides) > 1 else None
    theirs = other.median(row.measure) if other else None
    ratio = f"{number(theirs / ours)}×" if ours and theirs else "–"
    met = ""
    if row.goal is not None:
        met = "yes" if ours is not None and row.goal(ours, theirs) else "**no**"
    cells = [row.title, cell(row, by_side[sides[0].name])]
    if len(sides) > 1:
        cells += [cell(row, other), ratio]
    return f"| {' | '.join([*cells, row.goal_text, met])} |"


def report(measured: Iterable[Measured], sides: list[Side], repeats: int, command: str) -> str:
    """Return the page."""
    heads = ["scenario", sides[0].name]
    if len(sides) > 1:
        heads += [sides[1].name, "ratio"]
    heads += ["goal", "met"]
    table = [
        f"| {' | '.join(heads)} |",
        f"|{'---|' * len(heads)}",
        *(line(row, by_side, sides) for row, by_side in measured),
    ]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    facts = [
        f"- made by `{command}` on {datetime.now(UTC):%Y-%m-%d}",
        f"- {machine}, {python}",
        *(f"- {side.name}: {versions(side)}" for side in sides),
        f"- each side {repeats} times by turns, each time in a fresh process, after one that is not counted",
        "- shown: the median, and the least and the greatest in brackets",
        "- *ratio* is upstream's median by ours; a goal with a ratio is about this run",
    ]
    return "# Results of the bench\n\n" + "\n".join(facts) + "\n\n" + "\n".join(table) + "\n"
