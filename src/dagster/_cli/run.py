"""``dagster run``: look at the runs that the instance keeps, run them again, delete them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from dagster._cli.refusal import Refusal
from dagster._cli.run_again import reexecute_command, resume_command
from dagster._cli.stored_runs import (
    complete_run_ids,
    confirm,
    find_record,
    job_hint,
    open_instance,
)

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.run import DagsterRun, RunRecord, RunsFilter
    from dagster._core.runner.run_worker import RunWorker

_run_argument = click.argument("run", metavar="RUN", shell_complete=complete_run_ids)
_json_option = click.option("--json", "as_json_", is_flag=True, help="Print JSON, for programs.")
_LEVELS = ("debug", "info", "warning", "error", "critical")


@click.group("run")
def run_group() -> None:
    """Look at runs that are kept, run them again, delete them.

    They are those of the instance that the environment variable DAGSTER_HOME names. Of a run's id the
    beginning is enough.
    """


run_group.add_command(reexecute_command)
run_group.add_command(resume_command)


@run_group.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=25, show_default=True, help="How many at most."
)
@click.option("-j", "--job", metavar="NAME", help="Only of this job.")
@click.option(
    "-s",
    "--status",
    "statuses",
    metavar="STATUS",
    multiple=True,
    help="Only in this status, or in one of these.",
)
@click.option(
    "-t",
    "--tag",
    "tags",
    metavar="KEY=VALUE",
    multiple=True,
    help="Only with this tag; several: with all.",
)
@_json_option
def list_command(
    limit: int, job: str | None, statuses: Sequence[str], tags: Sequence[str], as_json_: bool
) -> None:
    """List runs, the newest first.

    \b
    dagster run list --status FAILURE --status CANCELED
    dagster run list --job clean --tag team=data --limit 100 --json
    """
    filters = _filters(job, statuses, tags)
    with open_instance() as instance:
        # One more than is shown tells whether there are more.
        records = instance.get_run_records(filters, limit=limit + 1)
        shown = records[:limit]
        from dagster._cli.run_text import LIST_HEADS, as_json, gone_line, is_gone, list_row, run_dict
        from dagster._cli.tables import on_terminal, print_table
        from dagster._core.runner.run_worker import get_run_worker

        workers = [get_run_worker(instance, record.dagster_run) for record in shown]
        with_workers = list(zip(shown, workers, strict=True))
        if as_json_:
            click.echo(as_json([run_dict(record, worker) for record, worker in with_workers]))
            return
        if not records:
            click.echo(_none(instance, job, tags), err=True)
            return
        whole_ids = not on_terminal()
        print_table(LIST_HEADS, [list_row(r, whole_ids=whole_ids, worker=w) for r, w in with_workers])
        gone = [record for record, worker in with_workers if is_gone(worker)]
        if gone:
            click.echo(gone_line(gone), err=True)
        if len(records) > limit:
            click.echo(f"There are more: --limit {limit * 4}", err=True)


def _filters(job: str | None, statuses: Sequence[str], tags: Sequence[str]) -> RunsFilter:
    from dagster._core.records.run import DagsterRunStatus, RunsFilter
    from dagster._text import unknown

    wanted: list[DagsterRunStatus] = []
    for status in statuses:
        name = status.upper()
        if name not in DagsterRunStatus.__members__:
            raise Refusal(unknown("status of a run", name, DagsterRunStatus.__members__))
        wanted.append(DagsterRunStatus[name])
    pairs: dict[str, list[str]] = {}
    for tag in tags:
        key, separator, value = tag.partition("=")
        if not key or not separator:
            raise Refusal(f'expected --tag to be KEY=VALUE, got: "{tag}". For instance: --tag team=data')
        pairs.setdefault(key, []).append(value)
    for key, values in pairs.items():
        if len(set(values)) > 1:
            raise Refusal(f'No run has the tag "{key}" with several values; give --tag {key}=… once.')
    return RunsFilter(
        job_name=job, statuses=wanted, tags={key: values[0] for key, values in pairs.items()}
    )


def _none(instance: DagsterInstance, job: str | None, tags: Sequence[str]) -> str:
    from dagster._text import did_you_mean

    hint = job_hint(instance, job) if job is not None else ""
    if tags and not hint:
        known = instance.get_run_tag_keys()
        for key in (tag.partition("=")[0] for tag in tags):
            if key not in known:
                hint = hint or f' No run has a tag "{key}".{did_you_mean(key, known)}'
    return f"No runs.{hint}"


@run_group.command("show")
@_run_argument
@click.option("--verbose", is_flag=True, help="List every step, however many there are.")
@_json_option
def show_command(run: str, verbose: bool, as_json_: bool) -> None:
    """Show a run: how it stands, its steps, what it made, why it failed.

    On a terminal a chart shows when each step ran; programs find its times with --json. If it is one of several that execute each other again, the group of all is shown too.
    """
    with open_instance() as instance:
        record = find_record(instance, run)
        steps = instance.get_run_step_stats(record.dagster_run.run_id)
        from dagster._cli.run_text import as_json, run_dict, step_dict
        from dagster._core.runner.run_worker import get_run_worker

        worker = get_run_worker(instance, record.dagster_run)
        group = instance.get_run_group(record.dagster_run.run_id)
        runs = group[1] if group is not None else []
        if as_json_:
            from dagster._cli.run_group_text import group_dicts

            shown = {
                **run_dict(record, worker),
                "steps": [step_dict(step) for step in steps],
                "group": group_dicts(runs),
            }
            click.echo(as_json(shown))
            return
        _show(instance, record, worker, steps, verbose)
        _show_group(runs, record.dagster_run.run_id)


def _show(
    instance: DagsterInstance,
    record: RunRecord,
    worker: RunWorker | None,
    steps: Sequence[Any],
    verbose: bool,
) -> None:
    from dagster._cli.run_text import (
        STEP_HEADS,
        failure_lines,
        head_lines,
        materialized,
        shown_steps,
        step_row,
    )
    from dagster._cli.tables import on_terminal, print_table
    from dagster._core.events.event_type import DagsterEventType

    run_id = record.dagster_run.run_id
    for line in head_lines(record, worker):
        click.echo(line)
    listed, left_out = shown_steps(steps, every=verbose)
    if listed:
        click.echo()
        print_table(STEP_HEADS, [step_row(step) for step in listed])
    if left_out:
        click.echo(f"\n{left_out} steps succeeded; --verbose lists them.")
    if on_terminal() and any(step.start_time for step in steps):
        from dagster._cli.gantt_text import print_gantt

        click.echo()
        print_gantt(steps)
    made = list(materialized(instance.all_logs(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)))
    if made:
        click.echo()
        print_table(("materialized", "partition", "step"), made)
    failed = list(failure_lines(instance, run_id))
    if failed:
        click.echo()
    for line in failed:
        click.echo(line)


def _show_group(runs: Sequence[DagsterRun], this: str) -> None:
    from dagster._cli.run_group_text import group_lines
    from dagster._cli.tables import on_terminal

    colour = on_terminal()
    lines = list(group_lines(runs, this, colour=colour))
    if lines:
        click.echo()
    for line in lines:
        click.echo(line, color=colour)


@run_group.command("logs")
@_run_argument
@click.option("-f", "--follow", "follow_", is_flag=True, help="Go on until the run is over.")
@click.option("--stdout", "stdout", is_flag=True, help="What the steps wrote to stdout.")
@click.option("--stderr", "stderr", is_flag=True, help="What the steps wrote to stderr.")
@click.option(
    "--events", "events", is_flag=True, help="The events. The default, unless a stream is given."
)
@click.option(
    "-s",
    "--step",
    "steps",
    metavar="KEY",
    multiple=True,
    help="Only of this step, or of one of these.",
)
@click.option(
    "--level",
    type=click.Choice(_LEVELS, case_sensitive=False),
    help="Only events of at least this level. Default: all.",
)
@_json_option
def logs_command(
    run: str,
    follow_: bool,
    stdout: bool,
    stderr: bool,
    events: bool,
    steps: Sequence[str],
    level: str | None,
    as_json_: bool,
) -> None:
    """Print the log of a run: its events, or what its steps printed.

    One stream by itself is printed as it was written; with others, each line says what it is. With --json
    each line is an object. Steps that ran in one process share their output.

    \b
    dagster run logs 75e9e4f4 --follow
    dagster run logs 75e9e4f4 --stdout > printed.txt
    dagster run logs 75e9e4f4 --step clean --events --stderr
    """
    streams = [name for name, wanted in (("stdout", stdout), ("stderr", stderr)) if wanted]
    with_events = events or not streams
    if level is not None and not with_events:
        raise Refusal("--level chooses among events, and they are not printed here: add --events.")
    with open_instance() as instance:
        found = find_record(instance, run).dagster_run
        from dagster._cli.run_logs import LogPrinter, check_steps, print_log

        check_steps(instance, found, steps)
        printer = LogPrinter(streams, steps, with_events=with_events, level=level, as_json=as_json_)
        print_log(instance, found.run_id, printer, until_over=follow_)


@run_group.command("delete")
@_run_argument
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
def delete_command(run: str, force: bool) -> None:
    """Delete a run with its log. What is known of the assets that it made stays."""
    with open_instance() as instance:
        found = find_record(instance, run).dagster_run
        if not force:
            going_on = "" if found.is_finished else " It is not over yet."
            confirm(
                f"This deletes run {found.run_id} of {found.job_name} ({found.status.value}) with its log."
                f"{going_on}",
                "--force",
            )
        instance.delete_run(found.run_id)
        click.echo(f"Deleted run {found.run_id}.")


@run_group.command("wipe")
@click.option("-f", "--force", is_flag=True, help="Do not ask.")
def wipe_command(force: bool) -> None:
    """Delete all runs, all logs, and with them what is known of assets."""
    with open_instance() as instance:
        if not force:
            count = instance.get_runs_count()
            confirm(
                f"This deletes {count} {'run' if count == 1 else 'runs'} of {instance.root_directory}, all logs, "
                "and what is known of assets.",
                "--force",
            )
        instance.wipe()
        click.echo("Deleted all runs and their logs.")
