"""The table that the bench writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.environments import Side
from bench.measuring import Samples
from bench.report import line, number
from bench.rows import Row, Run, at_most, faster

SIDES = [Side("ours", Path()), Side("theirs", Path())]
RUN = Run("chain")


def row(goal: object = None) -> Row:
    return Row("a chain", RUN, "seconds", "ms", 1e3, "quick", goal)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1234.5, "1,234"), (99.94, "99.9"), (1.234, "1.23"), (0.01234, "0.0123"), (0.000123, "0.00012")],
)
def test_numbers_have_three_figures(value: float, shown: str) -> None:
    assert number(value) == shown


def test_line_shows_median_spread_and_ratio() -> None:
    samples = {
        "ours": Samples({"seconds": [0.001, 0.002, 0.004]}),
        "theirs": Samples({"seconds": [0.2, 0.4, 0.3]}),
    }
    assert line(row(faster(100)), samples, SIDES) == (
        "| a chain | 2 ms (1 to 4) | 300 ms (200 to 400) | 150× | quick | yes |"
    )


def test_a_goal_that_is_missed_is_said() -> None:
    samples = {"ours": Samples({"seconds": [0.5]})}
    assert line(row(at_most(0.4)), samples, SIDES[:1]) == "| a chain | 500 ms | quick | **no** |"


def test_a_side_that_fails_says_why() -> None:
    samples = {
        "ours": Samples({"seconds": [0.5]}),
        "theirs": Samples(failure="RecursionError: deep | deeper"),
    }
    assert (
        line(row(), samples, SIDES)
        == "| a chain | 500 ms | fails: RecursionError: deep \\| deeper | – | quick |  |"
    )


@pytest.mark.parametrize(
    ("ours", "theirs", "met"), [(0.01, 2.0, True), (0.01, 1.4, False), (0.04, 9.0, False)]
)
def test_a_ratio_and_a_limit_both_hold(ours: float, theirs: float, met: bool) -> None:
    assert faster(150, 0.03)(ours, theirs) is met
