"""``dagster debug``: runs in files, to be looked at elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from dagster._cli.refusal import Refusal
from dagster._cli.stored_runs import complete_run_ids, find_record, open_instance


@click.group("debug")
def debug_group() -> None:
    """Carry runs from one instance to another, in files."""


@debug_group.command("export")
@click.argument("run", metavar="RUN", shell_complete=complete_run_ids)
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False))
def export_command(run: str, file: str) -> None:
    """Write a run with its log into a file (JSON, compressed with gzip).

    Values of outputs are not in it; run config, tags, messages and errors are.
    """
    directory = os.path.dirname(os.path.abspath(file))
    if not os.path.isdir(directory):
        raise Refusal(
            f"expected FILE to be in a directory that is there, got: {file}. Make it with: mkdir -p "
            f'"{directory}"'
        )
    with open_instance() as instance:
        record = find_record(instance, run)
        from dagster._core.instance.run_transfer import build_debug_payload, write_debug_payload

        payload = build_debug_payload(instance, record.dagster_run.run_id)
        write_debug_payload(payload, file)
        click.echo(
            f"Wrote run {record.dagster_run.run_id} with {len(payload.event_list)} log entries to {file}."
        )


@debug_group.command("import")
@click.argument(
    "files", metavar="FILE...", type=click.Path(exists=True, dir_okay=False), nargs=-1, required=True
)
def import_command(files: Sequence[str]) -> None:
    """Add the runs that files hold to the instance. If one cannot be added, none is."""
    from dagster._core.instance.run_transfer import add_debug_payload, read_debug_payload

    with open_instance() as instance:
        payloads = [read_debug_payload(file) for file in files]
        seen: set[str] = set()
        for file, payload in zip(files, payloads, strict=True):
            run_id = payload.dagster_run.run_id
            if run_id in seen:
                raise Refusal(f"Several of the files hold run {run_id}, {file} among them.")
            if instance.has_run(run_id):
                raise Refusal(
                    f"{file} holds run {run_id}, which the instance has already. To import it again, delete it: "
                    f"dagster run delete {run_id}"
                )
            seen.add(run_id)
        for payload in payloads:
            run = add_debug_payload(instance, payload)
            click.echo(
                f"Imported run {run.run_id} of {run.job_name} with {len(payload.event_list)} log entries."
            )
