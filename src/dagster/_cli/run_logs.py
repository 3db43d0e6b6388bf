"""``dagster run logs``: events and output of a run, once or as they come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dagster._cli.refusal import Refusal
from dagster._cli.run_output import Piece, RunOutput, line_dict, piece_lines, shared_note
from dagster._cli.run_text import LOOK_SECONDS, as_json, entry_dict, follow_pages, log_lines
from dagster._cli.tables import on_terminal
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_level import coerce_log_level
from dagster._core.storage.compute_log_manager import ComputeIOType
from dagster._text import unknown

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.event_records import EventLogRecord
    from dagster._core.records.run import DagsterRun


def check_steps(instance: DagsterInstance, run: DagsterRun, steps: Sequence[str]) -> None:
    """Refuse steps that a run does not have.

    Raises:
        Refusal: With the nearest name.
    """
    if not steps:
        return
    known = set(run.step_keys_to_execute or ())
    if not known.issuperset(steps):
        # Dynamic steps are not in the plan.
        known.update(step.step_key for step in instance.get_run_step_stats(run.run_id))
    for step in steps:
        if step not in known:
            raise Refusal(unknown("step of the run", step, sorted(known)))


class LogPrinter:
    """How entries and output are printed.

    Args:
        streams: Which of ``stdout`` and ``stderr``.
        steps: Of which steps. Default: of all.
        with_events: Whether events are printed.
        level: The least level of events. Default: all.
        as_json: Whether each line is an object.
    """

    def __init__(
        self,
        streams: Sequence[str],
        steps: Sequence[str],
        *,
        with_events: bool,
        level: str | None,
        as_json: bool,
    ) -> None:
        self.streams = [ComputeIOType(name) for name in streams]
        self.steps = steps
        self.with_events = with_events
        self._least = coerce_log_level(level) if level is not None else 0
        self._as_json = as_json
        self._colour = on_terminal()
        #: One stream by itself is printed as it was written.
        self._is_raw = len(streams) == 1 and not with_events and not as_json

    def print_record(self, record: EventLogRecord) -> None:
        """Print an entry of the log, if it is wanted."""
        entry = record.event_log_entry
        if self.steps and entry.step_key not in self.steps:
            return
        if coerce_log_level(entry.level) < self._least:
            return
        if self._as_json:
            click.echo(as_json(entry_dict(record), indent=None))
            return
        for line in log_lines(entry, colour=self._colour):
            click.echo(line, color=self._colour)

    def print_piece(self, piece: Piece) -> None:
        """Print some output."""
        if self._is_raw:
            click.echo(piece.data, nl=False)
            return
        label = click.style(piece.io_type.value, fg="cyan") if self._colour else piece.io_type.value
        for text in piece_lines(piece):
            if self._as_json:
                click.echo(as_json(line_dict(piece, text), indent=None))
            else:
                # Of a line that was written again and again the last state: it would cover the label.
                state = text.rstrip("\r").rpartition("\r")[2]
                click.echo(f"{label}  {state}", color=self._colour)


def print_log(instance: DagsterInstance, run_id: str, printer: LogPrinter, *, until_over: bool) -> None:
    """Print the log of a run, and what comes until the run is over.

    Args:
        instance: The instance.
        run_id: The run.
        printer: What prints.
        until_over: Whether to wait for what comes.
    """
    output, every = None, 1
    if printer.streams:
        manager = instance.compute_log_manager
        output = RunOutput(manager, printer.streams, printer.steps)
        # Not at each look, where a look costs a request.
        every = max(1, math.ceil(manager.look_seconds / LOOK_SECONDS))
    looks = 0
    only = None if printer.with_events else DagsterEventType.LOGS_CAPTURED
    for page in follow_pages(instance, run_id, until_over=until_over, of_type=only):
        for record in page.records:
            if output is not None:
                _note(record, output, printer.steps)
            if printer.with_events:
                printer.print_record(record)
        if output is None or not page.is_all:
            continue
        if page.is_last or looks % every == 0:
            for piece in output.read(is_last=page.is_last):
                printer.print_piece(piece)
        looks += 1
    nothing = output.nothing(printer.steps) if output is not None else ""
    if nothing:
        click.echo(nothing, err=True)


def _note(record: EventLogRecord, output: RunOutput, steps: Sequence[str]) -> None:
    event = record.event_log_entry.dagster_event
    if event is not None and event.event_type is DagsterEventType.LOGS_CAPTURED:
        log = output.note(record.run_id, event)
        shared = shared_note(log, steps) if log is not None else ""
        if shared:
            click.echo(shared, err=True)
