from __future__ import annotations

import io

import pytest

from dagster._cli.foot import Foot, plain_lines, terminal_size


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Drawn:
    """A foot of two lines that says how often it was made."""

    def __init__(self, rows: int = 24) -> None:
        self.terminal = io.StringIO()
        self.clock = Clock()
        self.times = 0
        self.foot = Foot(self.terminal, self.render, lambda: rows, self.clock)
        # Without start(): the tests draw themselves, no thread does.
        self.foot._shown = True

    def render(self) -> list[str]:
        self.times += 1
        return ["foot", f"made {self.times}"]

    def screen(self) -> list[str]:
        """Return what a terminal shows after all that was written."""
        lines, row = [""], 0
        text = self.terminal.getvalue().replace("\x1b[?25l", "").replace("\x1b[?25h", "")
        while text:
            if text.startswith("\n"):
                row += 1
                lines += [""] * (row + 1 - len(lines))
                text = text[1:]
            elif text.startswith("\r\x1b["):
                code, _, text = text[3:].partition("J")
                row -= int(code.partition("A")[0]) if "A" in code else 0
                lines[row:] = [""]
            else:
                lines[row] += text[0]
                text = text[1:]
        return lines


def test_lines_stand_above_the_foot() -> None:
    drawn = Drawn()
    drawn.foot.refresh()
    assert drawn.screen() == ["foot", "made 1"]
    drawn.foot.print("one\ntwo")
    drawn.foot.print("three")
    assert drawn.screen() == ["one", "two", "three", "foot", "made 1"]


def test_many_lines_make_the_foot_but_once_in_a_while() -> None:
    drawn = Drawn()
    for number in range(1000):
        drawn.foot.print(str(number))
        drawn.clock.now += 0.0001
    assert drawn.times == 2  # in a tenth of a second
    assert drawn.screen()[998:] == ["998", "999", "foot", "made 2"]


def test_a_line_is_on_the_terminal_at_once() -> None:
    drawn = Drawn()
    drawn.foot.print("one")
    drawn.foot.print("two")
    assert "two\n" in drawn.terminal.getvalue()


def test_stopped_it_is_gone_and_lines_are_lines() -> None:
    drawn = Drawn()
    drawn.foot.refresh()
    drawn.foot.stop()
    drawn.foot.print("after")
    assert drawn.screen() == ["after", ""]
    assert drawn.terminal.getvalue().endswith("\x1b[?25hafter\n")
    drawn.foot.refresh()
    assert drawn.screen() == ["after", ""]


def test_it_starts_again() -> None:
    drawn = Drawn()
    drawn.foot.stop()
    drawn.foot.start()
    drawn.foot.stop()
    assert drawn.times >= 1
    assert drawn.screen() == [""]


def test_it_is_never_as_high_as_the_terminal() -> None:
    drawn = Drawn(rows=2)
    drawn.foot.print("line")
    assert drawn.screen() == ["line", "foot"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ä, 漢字", "plain, ä, 漢字"),
        (" 10%\r 50%\r100%", "100%"),
        ("windows\r\nlines\r", "windows\nlines"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m\x1b[0m"),
        ("\x1b[2J\x1b[Hcleared\x1b[3A", "cleared"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"),
        ("bell\x07 back\x08 tab\t", "bell back tab\t"),
    ],
)
def test_what_would_move_the_cursor_is_left_out(text: str, shown: str) -> None:
    assert plain_lines(text) == shown


def test_size_of_what_is_no_terminal(tmp_path) -> None:
    with open(tmp_path / "f", "w", encoding="utf-8") as stream:
        assert terminal_size(stream, (80, 24)) == (80, 24)
