from __future__ import annotations

import io

import pytest

from dagster import job, op
from dagster._cli.progress import LineProgress, detail_of, progress_for, wants_display
from dagster._cli.run_tally import FAILED, NOT_RUN, RETRYING, SUCCEEDED, RunTally, StepTally
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.runner.execute_job import create_execution_plan

ERROR = SerializableErrorInfo("ValueError: no such flight\n", [], "ValueError")


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1


@pytest.fixture
def no_settings(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("no_settings")
class TestWantsDisplay:
    def test_a_terminal(self):
        assert wants_display(Terminal())

    def test_a_pipe(self):
        assert not wants_display(io.StringIO())

    @pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
    def test_a_terminal_that_is_to_be_plain(self, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        assert not wants_display(Terminal())

    def test_a_terminal_that_cannot_show_the_signs(self):
        terminal = Terminal()
        terminal.encoding = "latin-1"
        assert not wants_display(terminal)

    def test_a_stand_in_without_a_descriptor(self, monkeypatch):
        monkeypatch.setattr(Terminal, "fileno", io.StringIO.fileno)
        assert not wants_display(Terminal())

    def test_a_closed_stream(self):
        stream = io.StringIO()
        stream.close()
        assert not wants_display(stream)


def step(state: str, **values: object) -> StepTally:
    made = StepTally("load")
    made.state = state
    for name, value in values.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("tally", "text"),
    [
        (step(SUCCEEDED, seconds=1.5), "1.50s"),
        (step(SUCCEEDED, seconds=1.5, attempts=3), "1.50s  attempt 3"),
        (step(FAILED, seconds=0.01, error=ERROR), "10ms  ValueError: no such flight"),
        (
            step(RETRYING, attempts=1, wait=0.5, error=ERROR),
            "attempt 2 in 0.5s  ValueError: no such flight",
        ),
        (step(RETRYING, attempts=1, error=ERROR), "attempt 2  ValueError: no such flight"),
        (step(NOT_RUN), "a step before it failed"),
    ],
)
def test_detail(tally, text):
    assert detail_of(tally) == text


def test_lines():
    @op
    def load():
        return 1

    @op
    def train_model(x): ...

    @job
    def flights():
        train_model(load())

    stream = io.StringIO()
    tally = RunTally(create_execution_plan(flights), clock=lambda: 0.0)
    progress = progress_for(tally, stream)
    assert isinstance(progress, LineProgress)
    with progress:
        for event in flights.execute_in_process().all_events:
            changed = tally.take(event)
            if changed is not None:
                changed.seconds = 2.0
                progress.changed(changed)
    assert stream.getvalue() == (
        "[1/2] ok       load         2.00s\n[2/2] ok       train_model  2.00s\n"
    )
