"""A stored run as text and as JSON: in a list, by itself, and its log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import dagster._time as _time
from dagster._cli.refusal import error_lines, wrapper_message
from dagster._cli.stored_runs import SHORT
from dagster._cli.tables import Cell, local_time, status_cell
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.log_level import coerce_log_level
from dagster._core.events.payloads import RunFailureReason
from dagster._core.records.event_records import StepEventStatus
from dagster._core.records.run import DagsterRunStatus
from dagster._wire.codec import pack_value

if TYPE_CHECKING:
    from dagster._core.events.log_entry import EventLogEntry
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.event_records import EventLogRecord, RunStepKeyStatsSnapshot
    from dagster._core.records.run import RunRecord
    from dagster._core.runner.run_worker import RunWorker

LIST_HEADS = ("run", "job", "status", "created", "took", "tags")
STEP_HEADS = ("step", "status", "attempts", "took")
#: More steps than this are not listed if all is well with them.
_MOST_STEPS = 50

_LEVEL_NAMES = ((50, "CRITICAL"), (40, "ERROR"), (30, "WARNING"), (20, "INFO"), (0, "DEBUG"))
_LEVEL_COLOURS = {
    "CRITICAL": "red",
    "ERROR": "red",
    "WARNING": "yellow",
    "INFO": "blue",
    "DEBUG": "bright_black",
}


def took(record: RunRecord, worker: RunWorker | None = None) -> str:
    """Return how long a run took, or has taken so far."""
    if record.start_time is None:
        return ""
    end = record.end_time
    if end is None:
        if record.dagster_run.is_finished or is_gone(worker):
            return ""
        return f"{_duration(_time.now() - record.start_time)} so far"
    return _duration(end - record.start_time)


def is_gone(worker: RunWorker | None) -> bool:
    """Whether the process of a run is known to have ended before its run."""
    return worker is not None and worker.is_alive is False


def _status(record: RunRecord, worker: RunWorker | None) -> Cell:
    status = record.dagster_run.status.value
    return (f"{status}, worker gone", "red") if is_gone(worker) else status_cell(status)


def gone_line(gone: Sequence[RunRecord]) -> str:
    """Return what to do about runs whose processes are gone."""
    canceling = [record for record in gone if _is_canceling(record)]
    if len(gone) == 1:
        short = gone[0].dagster_run.run_id[:SHORT]
        what = "end the run as canceled" if canceling else "continue the run"
        return f"The process of run {short} is gone. To {what}: dagster run resume {short}"
    what = "continue one, or to end one that is CANCELING" if canceling else "continue one"
    return f"The processes of {len(gone)} runs are gone. To {what}: dagster run resume RUN"


def _is_canceling(record: RunRecord) -> bool:
    return record.dagster_run.status is DagsterRunStatus.CANCELING


def _duration(seconds: float) -> str:
    return _time.format_duration(max(0.0, seconds))


def list_row(record: RunRecord, *, whole_ids: bool, worker: RunWorker | None = None) -> list[Cell]:
    """Return the row of a run in a list."""
    run = record.dagster_run
    return [
        run.run_id if whole_ids else run.run_id[:SHORT],
        run.job_name,
        _status(record, worker),
        local_time(record.create_timestamp.timestamp()),
        took(record, worker),
        tags_text(run.tags),
    ]


def tags_text(tags: Any) -> str:
    """Return the tags that people made: ``team=data, day=monday``."""
    return ", ".join(
        f"{key}={value}" for key, value in sorted(tags.items()) if not key.startswith(".dagster/")
    )


def run_dict(record: RunRecord, worker: RunWorker | None = None) -> dict[str, Any]:
    """Return a run as JSON for programs. Times are seconds since the epoch.

    ``worker`` is the process of a run that goes on; its ``is_alive`` is null where that cannot be seen.
    """
    run = record.dagster_run
    return {
        "run_id": run.run_id,
        "job_name": run.job_name,
        "status": run.status.value,
        "tags": dict(run.tags),
        "run_config": pack_value(run.run_config),
        "op_selection": list(run.op_selection) if run.op_selection else None,
        "root_run_id": run.root_run_id,
        "parent_run_id": run.parent_run_id,
        "create_time": record.create_timestamp.timestamp(),
        "update_time": record.update_timestamp.timestamp(),
        "start_time": record.start_time,
        "end_time": record.end_time,
        "worker": worker._asdict() if worker is not None else None,
    }


def as_json(value: object, *, indent: int | None = 2) -> str:
    """Return a value as JSON."""
    return json.dumps(value, indent=indent, ensure_ascii=False, default=str)


# One run


def head_lines(record: RunRecord, worker: RunWorker | None = None) -> Iterator[str]:
    """Yield what is known of a run as a whole."""
    run = record.dagster_run
    yield f"Run {run.run_id}"
    facts = {
        "job": run.job_name,
        "status": run.status.value,
        "created": local_time(record.create_timestamp.timestamp()),
        "started": local_time(record.start_time),
        "worker": _worker_text(worker) if worker is not None else "",
        "took": took(record, worker),
        "mode": run.mode if run.mode not in (None, "default") else "",
        "ops": ", ".join(run.op_selection or ()),
        "parent": run.parent_run_id or "",
        "tags": tags_text(run.tags),
    }
    for label, fact in facts.items():
        if fact:
            yield f"  {label:<8} {fact}"
    if is_gone(worker):
        what = "end it as canceled" if _is_canceling(record) else "continue it where its log ends"
        yield f"  To {what}: dagster run resume {run.run_id[:SHORT]}"
    if run.run_config:
        from dagster._config.yaml_files import dump_yaml

        yield "  config"
        for line in dump_yaml(pack_value(run.run_config)).rstrip("\n").split("\n"):
            yield f"    {line}"


def _worker_text(worker: RunWorker) -> str:
    process = f"process {worker.pid} on {worker.host or 'a machine that is not known'}"
    if worker.is_alive is None:
        return f"{process}; whether it lives cannot be seen from here"
    return process if worker.is_alive else f"{process}, which is gone"


def shown_steps(
    steps: Sequence[RunStepKeyStatsSnapshot], *, every: bool
) -> tuple[Sequence[RunStepKeyStatsSnapshot], int]:
    """Return the steps to list, and how many are left out: of very many, those with which all is well."""
    if every or len(steps) <= _MOST_STEPS:
        return steps, 0
    of_interest = [step for step in steps if step.status is not StepEventStatus.SUCCESS]
    return of_interest, len(steps) - len(of_interest)


def step_row(step: RunStepKeyStatsSnapshot) -> list[Cell]:
    """Return the row of a step."""
    seconds = step.end_time - step.start_time if step.start_time and step.end_time else None
    return [
        step.step_key,
        status_cell(step.status.value if step.status is not None else ""),
        str(step.attempts or ""),
        _duration(seconds) if seconds is not None else "",
    ]


def step_dict(step: RunStepKeyStatsSnapshot) -> dict[str, Any]:
    """Return a step as JSON for programs."""
    return {
        "step_key": step.step_key,
        "status": step.status.value if step.status is not None else None,
        "attempts": step.attempts,
        "start_time": step.start_time,
        "end_time": step.end_time,
    }


def failure_lines(instance: DagsterInstance, run_id: str) -> Iterator[str]:
    """Yield why a run failed, the user's own stack first."""
    failures = {DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE}
    for entry in instance.all_logs(run_id, of_type=failures):
        event = entry.dagster_event
        data: Any = event.event_specific_data if event is not None else None
        if event is None or data is None:
            continue
        if event.event_type is DagsterEventType.RUN_FAILURE:
            if _is_told_by_its_step(data):
                continue
            yield "The run failed:"
            if data.error is None and event.message:
                yield event.message
        else:
            yield f'Step "{event.step_key}" failed:'
        yield from _error_of(data.error)


def _is_told_by_its_step(data: Any) -> bool:
    return getattr(data, "failure_reason", None) is RunFailureReason.STEP_FAILURE


def _error_of(error: Any) -> Iterator[str]:
    if error is not None:
        yield from error_lines(error)
        wrapper = wrapper_message(error)
        if wrapper:
            yield wrapper


# The log


#: How long it is waited between two looks at what grows, in seconds. The writer is another process, and most
#: storages can only be asked: their own watchers ask, too, from a thread that Ctrl-C would have to wait for.
#: Four times a second looks immediate, and a look is a query of one index.
LOOK_SECONDS = 0.25


class LogPage(NamedTuple):
    """What has come to the log of a run since the last look."""

    records: Sequence[EventLogRecord]
    #: Whether it is waited before the next look, since this is all there is.
    is_all: bool
    #: Whether there is no next look.
    is_last: bool


def follow_pages(
    instance: DagsterInstance,
    run_id: str,
    *,
    until_over: bool,
    page: int = 1_000,
    of_type: DagsterEventType | None = None,
) -> Iterator[LogPage]:
    """Yield the log of a run; if asked to, also what is written from now on until the run is over.

    Args:
        instance: The instance.
        run_id: The run.
        until_over: Whether to wait for what comes.
        page: How many entries are read at once.
        of_type: Only events of this type. Default: every entry.
    """
    cursor: str | None = None
    while True:
        # Asked before the log is read: what is written until a run is over is in the log by then.
        run = instance.get_run_by_id(run_id) if until_over else None
        is_over = run is None or run.is_finished
        connection = instance.get_records_for_run(run_id, cursor, of_type=of_type, limit=page)
        cursor = connection.cursor
        is_all = not connection.has_more
        yield LogPage(connection.records, is_all, is_all and is_over)
        if is_all and is_over:
            return
        if is_all:
            _time.sleep(LOOK_SECONDS)


def follow(
    instance: DagsterInstance, run_id: str, *, until_over: bool, page: int = 1_000
) -> Iterator[EventLogRecord]:
    """Yield the entries of :func:`follow_pages`."""
    for found in follow_pages(instance, run_id, until_over=until_over, page=page):
        yield from found.records


def level_name(level: str | int) -> str:
    """Return the name of a level."""
    number = coerce_log_level(level)
    return next(name for least, name in _LEVEL_NAMES if number >= least)


def log_lines(entry: EventLogEntry, *, colour: bool) -> Iterator[str]:
    """Yield an entry of a log as people read it: a line, and the error that goes with it."""
    import click

    level = level_name(entry.level)
    shown = f"{level:<8}"
    if colour:
        shown = click.style(shown, fg=_LEVEL_COLOURS[level])
    event = entry.dagster_event
    parts = [local_time(entry.timestamp, milliseconds=True), shown]
    parts += [
        part for part in (entry.step_key, event.event_type.name if event is not None else None) if part
    ]
    head, *rest = entry.message.split("\n")
    yield "  ".join([*parts, head]).rstrip()
    for line in rest:
        yield f"    {line}"
    if event is not None and _is_told_by_its_step(event.event_specific_data):
        return
    for line in _error_of(error_of(entry)):
        for part in line.split("\n"):
            yield f"    {part}"


def error_of(entry: EventLogEntry) -> Any:
    """Return the error that an entry tells of, or None."""
    data = entry.dagster_event.event_specific_data if entry.dagster_event is not None else None
    return entry.error_info or getattr(data, "error", None)


def entry_dict(record: EventLogRecord) -> dict[str, Any]:
    """Return an entry of a log as JSON for programs: a flat object, with only what it has."""
    entry = record.event_log_entry
    event = entry.dagster_event
    about = record.asset_event
    error = error_of(entry)
    values: dict[str, Any] = {
        "storage_id": record.storage_id,
        "timestamp": entry.timestamp,
        "level": level_name(entry.level),
        "run_id": entry.run_id,
        "job_name": entry.job_name,
        "step_key": entry.step_key,
        "event_type": event.event_type_value if event is not None else None,
        "message": entry.message,
        "error": "\n".join(_error_of(error)) if error is not None else None,
        "asset_key": list(event.asset_key.path) if event is not None and event.asset_key else None,
        "partition": event.partition if event is not None else None,
        "metadata": pack_value(dict(about.metadata)) if about is not None and about.metadata else None,
    }
    return {key: value for key, value in values.items() if value is not None}


def materialized(entries: Iterable[EventLogEntry]) -> Iterator[list[Cell]]:
    """Yield the rows of what a run materialized."""
    for entry in entries:
        event = entry.dagster_event
        if event is not None and event.asset_key is not None:
            yield [event.asset_key.to_user_string(), event.partition or "", event.step_key or ""]
