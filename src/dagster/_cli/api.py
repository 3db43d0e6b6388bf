"""``dagster api``: commands that other processes of Dagwerk start, not people."""

from __future__ import annotations

import sys

import click

from dagster._cli.refusal import TERMINATED, Refusal


@click.group("api", hidden=True)
def api_group() -> None:
    """Commands that other processes start."""


@api_group.command("execute_step")
@click.argument("input_json", metavar="[JSON|-]", required=False)
@click.option(
    "--compressed-input-json",
    envvar="DAGSTER_COMPRESSED_EXECUTE_STEP_ARGS",
    metavar="TEXT",
    help="The same, compressed and as base64.",
)
def execute_step_command(input_json: str | None, compressed_input_json: str | None) -> None:
    """Run steps of a run, and write what happens to its log.

    JSON is an ExecuteStepArgs; with - it is read from stdin. That a step fails is told by the log and not by
    the exit code.
    """
    from dagster._core.errors import DagsterExecutionInterruptedError
    from dagster._core.executor.step_delegating import ExecuteStepArgs
    from dagster._core.executor.step_delegating.execute_step_args import execute_steps
    from dagster._core.instance.instance import DagsterInstance
    from dagster._process.interrupts import raising_on_signals
    from dagster._wire.codec import SerializationError, serialize_value

    if input_json is None and compressed_input_json is None:
        raise Refusal("expected JSON that says which step to run, as an argument or, with -, on stdin.")
    try:
        if input_json is not None:
            text = sys.stdin.read() if input_json == "-" else input_json
            args = ExecuteStepArgs.from_json(text)
        else:
            args = ExecuteStepArgs.from_compressed(compressed_input_json or "")
    except (SerializationError, ValueError) as exc:
        raise Refusal(f"expected the JSON of an ExecuteStepArgs: {exc}") from exc
    ref = args.instance_ref
    with (
        raising_on_signals(DagsterExecutionInterruptedError),
        DagsterInstance.from_ref(ref) if ref is not None else DagsterInstance.get() as instance,
    ):
        try:
            for event in execute_steps(args, instance):
                if args.print_serialized_events:
                    click.echo(serialize_value(event))
        except DagsterExecutionInterruptedError:
            raise SystemExit(TERMINATED) from None
