"""A Gantt chart of the steps of a run, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import dagster._time as _time

if TYPE_CHECKING:
    from dagster._core.records.event_records import RunStepKeyStatsSnapshot

#: More steps than this are not drawn: the longest are.
MOST_BARS = 50
_LEAST_BAR = 10
_STYLES = {"SUCCESS": "green", "FAILURE": "red", "SKIPPED": "dim", "IN_PROGRESS": "cyan"}


class GanttRow(NamedTuple):
    """A step in the chart.

    Args:
        label: Its key, cut if there is no place for it.
        before: Columns before its bar.
        bar: Columns of its bar; one at least.
        took: How long it took.
        status: How it ended.
    """

    label: str
    before: int
    bar: int
    took: str
    status: str


def gantt_rows(
    steps: Sequence[RunStepKeyStatsSnapshot], width: int, now: float
) -> tuple[list[GanttRow], int]:
    """Return the rows of the chart, the first step first, and how many columns a bar may have.

    Args:
        steps: The steps. Those that never started are left out.
        width: The columns of a line.
        now: The time, for steps that are running.
    """
    started = [(step.start_time, step.end_time or now, step) for step in steps if step.start_time]
    if len(started) > MOST_BARS:
        started = sorted(started, key=lambda item: item[0] - item[1])[:MOST_BARS]
    started.sort(key=lambda item: item[0])
    if not started:
        return [], 0
    begin = min(item[0] for item in started)
    length = max(item[1] for item in started) - begin
    took = [_time.format_duration(max(0.0, end - start)) for start, end, _ in started]
    took_width = max(len(text) for text in took)
    label_width = min(
        max(len(step.step_key) for _, _, step in started), max(8, width - took_width - _LEAST_BAR - 4)
    )
    columns = max(_LEAST_BAR, width - label_width - took_width - 4)
    scale = columns / length if length > 0 else 0.0
    rows: list[GanttRow] = []
    for (start, end, step), text in zip(started, took, strict=True):
        before = min(int((start - begin) * scale), columns - 1)
        bar = max(1, min(round((end - start) * scale), columns - before))
        key = step.step_key
        label = key if len(key) <= label_width else f"{key[: label_width - 1]}…"
        rows.append(
            GanttRow(label, before, bar, text, step.status.value if step.status is not None else "")
        )
    return rows, columns


def gantt_lines(rows: Sequence[GanttRow], columns: int) -> list[str]:
    """Return the chart as lines of text."""
    label_width = max((len(row.label) for row in rows), default=0)
    took_width = max((len(row.took) for row in rows), default=0)
    return [
        f"{row.label:<{label_width}}  {' ' * row.before}{'█' * row.bar}"
        f"{' ' * (columns - row.before - row.bar)}  {row.took:>{took_width}}"
        for row in rows
    ]


def print_gantt(steps: Sequence[RunStepKeyStatsSnapshot]) -> None:
    """Print the chart, in colours and as wide as the terminal."""
    import shutil
    import sys

    from rich.console import Console
    from rich.text import Text

    width = shutil.get_terminal_size().columns
    rows, columns = gantt_rows(steps, width, _time.now())
    lines = gantt_lines(rows, columns)
    console = Console(file=sys.stdout, highlight=False, emoji=False, markup=False, width=width)
    label_width = max((len(row.label) for row in rows), default=0)
    for row, line in zip(rows, lines, strict=True):
        text = Text(line, no_wrap=True, overflow="crop")
        start = label_width + 2 + row.before
        text.stylize(_STYLES.get(row.status, ""), start, start + row.bar)
        console.print(text)
