"""Tables, times and colours of what is listed: with colours on a terminal, plain when piped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from dagster._cli.progress import wants_display

#: A text, or a text and the style that it has on a terminal.
Cell = str | tuple[str, str]

_STATUS_STYLES = {
    "SUCCESS": "green",
    "FAILURE": "red",
    "CANCELED": "yellow",
    "CANCELING": "yellow",
    "STARTED": "cyan",
    "IN_PROGRESS": "cyan",
    "SKIPPED": "dim",
}


def on_terminal() -> bool:
    """Whether stdout is a terminal that is to be drawn on."""
    return wants_display(sys.stdout)


def status_cell(status: str) -> Cell:
    """Return a status in its colour."""
    return status, _STATUS_STYLES.get(status, "")


def local_time(timestamp: float | None, *, milliseconds: bool = False) -> str:
    """Return a time as the clock on the wall shows it: ``2013-01-01 05:15:00``."""
    if timestamp is None:
        return ""
    moment = datetime.fromtimestamp(timestamp, UTC).astimezone()
    return moment.isoformat(" ", "milliseconds" if milliseconds else "seconds")[
        : 23 if milliseconds else 19
    ]


def print_table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print rows under their heads.

    On a terminal what is too wide is wrapped in its column. In a pipe a row is a line, whatever its length.
    """
    if on_terminal():
        _draw(heads, rows)
        return
    texts = [list(heads), *([_one_line(_text(cell)) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(heads))]
    for row in texts:
        click.echo(
            "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        )


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def _one_line(text: str) -> str:
    return " ".join(text.split("\n"))


def _draw(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, head in enumerate(heads):
        # The first column is what the row is about.
        table.add_column(head, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) if isinstance(cell, str) else Text(*cell) for cell in row))
    Console(file=sys.stdout, highlight=False, emoji=False, markup=False).print(table)
