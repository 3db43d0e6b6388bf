from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from dagster._cli.capture import LinesAbove, PipeReader, UndisturbedInput


class Capture:
    """What the stand-ins need of a TerminalCapture."""

    def __init__(self):
        self.pid = os.getpid()
        self.lines: list[str] = []
        self.calls: list[str] = []
        self.print_lines = self.lines.append
        self.terminal = self

    def pause(self):
        self.calls.append("pause")

    def resume(self):
        self.calls.append("resume")

    def rest(self):
        return "name? "

    def write(self, text):
        self.calls.append(text)

    def flush(self):
        self.calls.append("flush")


class TestLinesAbove:
    def test_whole_lines_are_printed_and_the_rest_waits(self):
        capture = Capture()
        above = LinesAbove(sys.stdout, capture)
        above.write("a\nb")
        above.write("c\n\nd")
        assert capture.lines == ["a", "bc\n"]
        assert above.take_rest() == "d"
        assert above.take_rest() == ""

    @pytest.mark.parametrize(
        ("parts", "unfinished"),
        [
            ([".", ".", "."], "..."),
            (["\r 10%", "\r 20%"], " 20%"),
            ([" 10%\r", " 20%\r"], " 20%\r"),
            (["\r", "10%", "\r", "20%"], "20%"),
            (["done: ", "1", "\rdone: 2"], "done: 2"),
            (["a\nb", "c\n"], ""),
        ],
    )
    def test_of_a_line_that_is_overwritten_the_last_state_counts(self, parts, unfinished):
        above = LinesAbove(sys.stdout, Capture())
        for part in parts:
            above.write(part)
        assert above.unfinished() == unfinished
        assert above.take_rest() == unfinished

    def test_a_line_that_ends_as_in_windows(self):
        capture = Capture()
        above = LinesAbove(sys.stdout, capture)
        for part in ("ab", "c\r", "\n"):
            above.write(part)
        assert capture.lines == ["abc\r"]

    def test_dots_cost_the_same_however_many_there_are(self):
        above = LinesAbove(sys.stdout, Capture())
        for _ in range(200_000):
            above.write(".")
        assert len(above.unfinished()) < 1000
        assert len(above.take_rest()) == 200_000

    def test_a_forked_child_writes_to_the_stream(self, tmp_path):
        capture = Capture()
        capture.pid = -1
        with open(tmp_path / "out", "w+", encoding="utf-8") as stream:
            above = LinesAbove(stream, capture)
            above.writelines(["a\n", "b"])
            above.flush()
            assert (tmp_path / "out").read_text(encoding="utf-8") == "a\nb"
        assert capture.lines == []

    def test_it_is_the_stream_in_all_else(self):
        assert LinesAbove(sys.__stdout__, Capture()).encoding == sys.__stdout__.encoding


def test_whoever_reads_a_line_has_the_terminal_for_himself(tmp_path):
    capture = Capture()
    (tmp_path / "in").write_text("bob\neve\n", encoding="utf-8")
    with open(tmp_path / "in", encoding="utf-8") as stream:
        stand_in = UndisturbedInput(stream, capture)
        assert stand_in.readline() == "bob\n"
        assert capture.calls == ["pause", "name? ", "flush", "resume"]
        assert list(stand_in) == ["eve\n"]


def test_what_child_processes_write_comes_as_lines(tmp_path):
    # In a process of its own: pytest has redirected the descriptors of this one.
    program = """
        import os, subprocess, sys
        from dagster._cli.capture import PipeReader
        lines = []
        keep = os.dup(1)
        reader = PipeReader([1, 2], lines.append)
        subprocess.run([sys.executable, "-c", "import os; os.write(1, 'ä\\\\nb\\\\nc'.encode()); os.write(2, b'd\\\\n')"])
        reader.drain()
        os.write(1, b"rest")
        reader.close()
        os.write(keep, repr("\\n".join(lines)).encode())
        os.write(1, b" and again")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "'ä\\nb\\ncd\\nrest' and again"


def test_a_reader_ends_when_a_child_still_holds_the_pipe(tmp_path):
    read_end, write_end = os.pipe()
    with open(tmp_path / "out", "w", encoding="utf-8") as stream:
        lines: list[str] = []
        reader = PipeReader([stream.fileno()], lines.append)
        child = subprocess.Popen(
            ["sh", "-c", "echo hello; read line"], stdin=read_end, stdout=stream.fileno()
        )
        try:
            while not lines:
                reader.drain()
            reader.close()
            assert lines == ["hello"]
        finally:
            os.close(write_end)
            os.close(read_end)
            assert child.wait() is not None


@pytest.mark.parametrize("name", ["fileno", "isatty"])
def test_stand_ins_pass_on(name, tmp_path):
    with open(tmp_path / "f", "w+", encoding="utf-8") as stream:
        for stand_in in (LinesAbove(stream, Capture()), UndisturbedInput(stream, Capture())):
            assert getattr(stand_in, name)() == getattr(stream, name)()
