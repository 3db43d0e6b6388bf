"""Carrying a run out for the command line: the display, the summary, the exit code."""

from __future__ import annotations

import logging
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import click

import dagster._time as _time
from dagster._cli.progress import progress_for
from dagster._cli.refusal import (
    FAILED,
    INTERRUPTED,
    TERMINATED,
    CodeRefusal,
    error_lines,
    wrapper_message,
)
from dagster._cli.run_tally import (
    RunTally,
    StepTally,
    counts_text,
    failure_text,
    places_of,
    short_error,
)
from dagster._cli.stored_runs import SHORT, instance_of_runs, is_home_set
from dagster._core.definitions.console_loggers import wants_colour
from dagster._core.definitions.job.base import IJob
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_record import DagsterLogRecord
from dagster._core.execution.loggers import loggers_of
from dagster._core.instance.instance import DagsterInstance
from dagster._core.records.run import DagsterRun
from dagster._core.runner.execute_job import Prepared, origin_of
from dagster._core.runner.interrupts import raise_execution_interrupts
from dagster._core.runner.requirements import asks_for_processes
from dagster._core.runner.run import RunExecution

#: Events whose errors the progress and the summary tell, so that the default console need not.
_TOLD = {
    DagsterEventType.STEP_FAILURE.value,
    DagsterEventType.RESOURCE_INIT_FAILURE.value,
    DagsterEventType.RUN_FAILURE.value,
    DagsterEventType.RUN_CANCELED.value,
}

_STEP_START = DagsterEventType.STEP_START.value


def carry_out(
    job: IJob,
    *,
    run_config: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    mode: str | None = None,
    selection: Sequence[str] | None = None,
) -> int:
    """Run a job, tell of it, and return the exit code.

    The run is kept on the instance of ``DAGSTER_HOME``; if that is not set, it is not kept.

    Args:
        job: The job, or the part of it that is to run.
        run_config: The run config.
        tags: Tags on top of the job's.
        mode: The mode, for pipelines.
        selection: The clauses that made the part.

    Raises:
        DagsterError: If it cannot start: its config, resources or executor do not fit.
    """
    prepared = Prepared(job, run_config)
    with instance_of_runs(partial(asks_for_processes, prepared.job_def, prepared.config)) as instance:
        # What cannot be made of dagster.yaml, or cannot run there, is told before there is a run.
        _ = instance.log_capturer
        prepared.require_executor(instance)
        run = instance.create_run_for_job(
            prepared.job_def,
            run_config=prepared.given,
            tags=tags,
            mode=mode,
            op_selection=selection,
            job_code_origin=origin_of(job),
            compiled_plan=prepared.plan,
        )
        return show_run(prepared, run, instance, partial(prepared.execution, run, instance))


def show_run(
    prepared: Prepared,
    run: DagsterRun,
    instance: DagsterInstance,
    make_execution: Callable[..., RunExecution],
) -> int:
    """Carry out a run that is stored, tell of it, and return the exit code.

    Args:
        prepared: Its job, config and plan.
        run: The run.
        instance: The instance that has it.
        make_execution: Makes what carries it out; takes ``loggers``.
    """
    loggers = None
    if not prepared.config.loggers:
        loggers = loggers_of(prepared.job_def, prepared.config, instance, run.run_id)
        for logger in loggers:
            logger.addFilter(_is_not_told)
    tally = RunTally(prepared.plan)
    received = _follow(make_execution(loggers=loggers), tally, run)
    return _conclude(tally, run, received, instance)


def _is_not_told(record: logging.LogRecord) -> bool:
    event = record.dagster_event if isinstance(record, DagsterLogRecord) else None
    return event is None or event.event_type_value not in _TOLD


def _follow(execution: RunExecution, tally: RunTally, run: DagsterRun) -> signal.Signals | None:
    """Carry the run out and show it; return the signal that interrupted it, if one did."""
    events = execution.events()
    progress = progress_for(tally, sys.stdout)
    click.echo(f"Run {run.run_id} of {run.job_name}: {_total(tally)}")
    with raise_execution_interrupts() as signals:
        try:
            with progress:
                for event in events:
                    step = tally.take(event)
                    if step is not None:
                        progress.changed(step)
                    if signals.received and event.event_type_value == _STEP_START:
                        # The code of a step caught the interrupt and went on; its successors must not.
                        raise DagsterExecutionInterruptedError
        except (DagsterExecutionInterruptedError, KeyboardInterrupt):
            received = signals.received or signal.SIGINT
        except SystemExit as exc:
            tally.cancel()
            raise CodeRefusal(
                f"The code of a step ended the program (sys.exit({exc.code!r})), and with it the run. Raise "
                "an exception instead, for instance Failure."
            ) from None
        else:
            return None
        finally:
            # An interrupt may come while an event is shown: the run must end then too.
            events.close()
    tally.cancel()
    return received


def _total(tally: RunTally) -> str:
    text = f"{tally.total} {'step' if tally.total == 1 else 'steps'}"
    if tally.unresolved:
        text += f", and one per mapping key of {', '.join(sorted(key.replace('[?]', '') for key in tally.unresolved))}"
    return text


def _conclude(
    tally: RunTally, run: DagsterRun, received: signal.Signals | None, instance: DagsterInstance
) -> int:
    """Print the errors to stderr and the summary to stdout; return the exit code."""
    sys.stdout.flush()
    for step in tally.failed_steps:
        click.echo("\n".join(["", f'Step "{step.key}" failed:', *_why(step)]), err=True)
    if tally.run_error is not None:
        lines = error_lines(tally.run_error)
        wrapper = wrapper_message(tally.run_error)
        lines += [wrapper] if wrapper else []
        click.echo("\n".join(["", "The run failed:", *lines]), err=True)
    colour = wants_colour(sys.stdout)
    click.echo()
    for line in summary_lines(
        tally, run, shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    ):
        click.echo(_coloured(line, tally.status) if colour else line, color=colour)
    click.echo(_whereabouts(instance, run))
    if received is not None:
        click.echo(
            f"Interrupted by {received.name}: the run was canceled and its resources are torn down.",
            err=True,
        )
        return INTERRUPTED if received == signal.SIGINT else TERMINATED
    return 0 if tally.status == "SUCCESS" else FAILED


def _whereabouts(instance: DagsterInstance, run: DagsterRun) -> str:
    """Return where the run is kept, and the command that shows it."""
    if not is_home_set():
        return "This run is not kept: DAGSTER_HOME is not set."
    return f"Kept in {instance.root_directory}. To look at it: dagster run show {run.run_id[:SHORT]}"


def _why(step: StepTally) -> list[str]:
    """Return the error of a step, the user's own stack first."""
    lines: list[str] = []
    if step.error is not None:
        lines = error_lines(step.error)
        wrapper = wrapper_message(step.error)
        lines += [wrapper] if wrapper else []
    for label, value in getattr(step.failure, "metadata", {}).items():
        lines.append(f"    {label}: {value.value}")
    return lines


def _coloured(line: str, status: str) -> str:
    """Return the first line of the summary with its status coloured."""
    colour = {"SUCCESS": "green", "FAILURE": "red"}.get(status, "yellow")
    head, separator, rest = line.partition(f": {status} in ")
    return f"{head}: {click.style(status, fg=colour, bold=True)} in {rest}" if separator else line


def summary_lines(tally: RunTally, run: DagsterRun, width: int = 0) -> list[str]:
    """Return what a run has come to: status, duration, steps, errors, and where the results lie.

    Args:
        tally: The run.
        run: Its record.
        width: How long a line may be; 0 for any length.
    """
    lines = [
        f"Run {run.run_id} of {run.job_name}: {tally.status} in {_time.format_duration(tally.seconds)}",
        f"  {counts_text(tally.counts)}",
    ]
    for step in tally.failed_steps:
        text = f"  {step.key}: {failure_text(step)}"
        lines.append(f"{text[: width - 1]}…" if 0 < width < len(text) else text)
    if tally.run_error is not None:
        lines.append(f"  {short_error(tally.run_error)}")
    if tally.materializations:
        lines.append("Materialized:")
    for event in tally.materializations:
        lines.append(
            f"  {'/'.join(event.asset_key.path) if event.asset_key else event.materialization.label}"
        )
        places = places_of(event)
        label_width = max((len(label) for label, _ in places), default=0)
        lines.extend(f"    {label:<{label_width}}  {place}" for label, place in places)
    return lines
