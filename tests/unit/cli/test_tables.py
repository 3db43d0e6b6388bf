"""Tables: aligned and plain in a pipe, coloured on a terminal."""

from __future__ import annotations

import io
import re
import sys

import pytest

from dagster._cli import tables
from dagster._cli.tables import local_time, print_table, status_cell

ROWS = [["a", status_cell("SUCCESS"), "two\nlines"], ["longer", status_cell("FAILURE"), ""]]


def test_a_row_is_a_line_in_a_pipe(capsys):
    print_table(("name", "status", "text"), ROWS)
    assert capsys.readouterr().out == (
        "name    status   text\na       SUCCESS  two lines\nlonger  FAILURE\n"
    )


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_colours_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(tables, "on_terminal", lambda: True)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    print_table(("name", "status", "text"), [*ROWS, ["[red]not markup[/red]", "", "x" * 200]])
    drawn = terminal.getvalue()
    assert "\x1b[32mSUCCESS\x1b[0m" in drawn
    assert "\x1b[31mFAILURE\x1b[0m" in drawn
    plain = re.sub(r"\x1b\[[\d;]*m", "", drawn)
    assert "[red]not markup[/red]" in plain
    assert plain.count("x") == 200 + plain.count("text")


@pytest.mark.parametrize(("timestamp", "shown"), [(None, ""), (0.5, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")])
def test_times(timestamp, shown):
    assert re.fullmatch(shown, local_time(timestamp))
    if timestamp is not None:
        assert local_time(timestamp, milliseconds=True) == local_time(timestamp) + ".500"
