"""``dagster run reexecute`` and ``dagster run resume``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from dagster._cli.config_options import config_options, read_run_config, read_selection, read_tags
from dagster._cli.refusal import FAILED, Refusal
from dagster._cli.stored_runs import SHORT, complete_run_ids, find_record, open_instance
from dagster._cli.target_options import TargetCommand, load_job_of, target_options

if TYPE_CHECKING:
    from dagster._core.definitions.reconstructable import ReconstructableJob
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.run import DagsterRun
    from dagster._core.runner.rerun import ReexecutionOptions, Rerun

_run_argument = click.argument("run", metavar="RUN", shell_complete=complete_run_ids)
_TARGETS = ("python_file", "module_name", "package_name")


def job_of_run(run: DagsterRun, params: Mapping[str, Any]) -> ReconstructableJob:
    """Return the job that a run is of: where the options say, or else where the run says its code is.

    Raises:
        Refusal: If neither says it.
    """
    from dagster._core.definitions.reconstructable import load_job_from_origin
    from dagster._core.definitions.repository.contents import is_pipeline
    from dagster._core.records.origin import JobPythonOrigin

    if any(params.get(kind) for kind in _TARGETS):
        loaded = load_job_of(params, run.job_name)
        return loaded.as_job(None, run.mode if is_pipeline(loaded.definition) else None)
    if not isinstance(run.job_code_origin, JobPythonOrigin):
        raise Refusal(
            f"Run {run.run_id} of {run.job_name} does not say where its code is, since it was not started from "
            "something that can be loaded again. Say it: -f FILE.py, -m MODULE or --package-name PACKAGE."
        )
    job = load_job_from_origin(run.job_code_origin)
    return job.with_mode(run.mode) if is_pipeline(job.get_target()) else job


@click.command("reexecute", cls=TargetCommand)
@_run_argument
@click.option("--all", "every", is_flag=True, help="Run all steps again.")
@click.option(
    "-s",
    "--steps",
    metavar="CLAUSES",
    help="Run some steps again, separated by commas: train, train+ (and what depends on it directly), train* "
    "(and all that depends on it), *train (and all that it depends on), each[key] (one of the mapped "
    "steps), each[?] (all of them).",
)
@click.option(
    "--from-failure",
    is_flag=True,
    help="Run what failed again, what was not run because of it, and what never came to run.",
)
@click.option(
    "--from-changed",
    is_flag=True,
    help="Run what has changed: steps whose code, config, resources or inputs are not those that they ran "
    "with, steps that failed or never ran, and of what follows that for which a value has changed.",
)
@click.option("--dry-run", is_flag=True, help="Only tell which steps would run, and why.")
@click.option("--json", "as_json_", is_flag=True, help="With --dry-run: print JSON, for programs.")
@config_options
@target_options()
@click.pass_context
def reexecute_command(ctx: click.Context, run: str, **params: Any) -> None:
    """Run a kept run again, as a whole or in part, as a new run of the same group.

    \b
    dagster run reexecute 3f2a9c1b --from-failure
    dagster run reexecute 3f2a9c1b --from-changed
    dagster run reexecute 3f2a9c1b --steps 'train*'
    dagster run reexecute 3f2a9c1b --steps 'each[monday]*' --dry-run

    What the other steps gave is taken from that run, or from those before it. The run that is given stays
    as it is. Its ops, its run config and its mode are kept; -c gives other run config, as a whole. The
    code is looked for where the run found it, if -f, -m or --package-name do not say otherwise.
    """
    config = None
    if params["config"] or params["config_json"]:
        config = read_run_config(params["config"], params["config_json"])
    tags = read_tags(params["tags"])
    selection = read_selection(params["steps"], "-s/--steps")
    kinds = params["every"], params["from_failure"], params["from_changed"]
    if params["as_json_"] and not params["dry_run"]:
        raise Refusal("--json is for --dry-run. To have a run as JSON: dagster run show RUN --json")
    with open_instance() as instance:
        parent = find_record(instance, run).dagster_run
        # After the run: which kind it is to be is no question where there is no run.
        _check_kind(*kinds, selection)
        options = _options(instance, parent, selection, *kinds[1:])
        job = job_of_run(parent, params)

        from dagster._core.runner.execute_job import plan_reexecution, store_reexecution

        with _refusing_missing_values():
            prepared, rerun = plan_reexecution(job, options, instance, run_config=config, tags=tags)
        if params["dry_run"]:
            _tell(rerun, params["as_json_"])
            return

        from dagster._cli.run_command import show_run

        stored = store_reexecution(job, prepared, rerun, instance, tags=tags)
        ctx.exit(show_run(prepared, stored, instance, partial(prepared.execution, stored, instance)))


def _check_kind(
    every: bool, from_failure: bool, from_changed: bool, selection: Sequence[str] | None
) -> None:
    given = [
        *(["--all"] if every else []),
        *(["--steps"] if selection is not None else []),
        *(["--from-failure"] if from_failure else []),
        *(["--from-changed"] if from_changed else []),
    ]
    if len(given) != 1:
        raise Refusal(
            "expected one of --all, --steps, --from-failure and --from-changed, got: "
            f"{', '.join(given) or 'none'}."
        )


def _options(
    instance: DagsterInstance,
    parent: DagsterRun,
    selection: Sequence[str] | None,
    from_failure: bool,
    from_changed: bool,
) -> ReexecutionOptions:
    from dagster._core.runner.rerun import ReexecutionOptions

    if from_failure:
        return ReexecutionOptions.from_failure(parent.run_id, instance)
    if from_changed:
        return ReexecutionOptions.from_changed(parent.run_id, instance)
    return ReexecutionOptions(parent.run_id, list(selection or []))


def _tell(rerun: Rerun, as_json: bool) -> None:
    """Print what would be done with each step."""
    from dagster._core.runner.rerun_decisions import decisions_of

    decisions = decisions_of(rerun)
    if as_json:
        import json

        rows = [
            {
                "step": decision.step_key,
                "action": decision.action.value,
                "runs": decision.runs,
                "reason": "; ".join(decision.reasons),
                "kept_from": decision.run_id,
            }
            for decision in decisions
        ]
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    from dagster._cli.tables import print_table
    from dagster._core.plan.changed_steps import StepAction

    colors = {StepAction.RUN: "cyan", StepAction.KEEP: "dim", StepAction.RUN_IF_INPUTS_CHANGE: "yellow"}
    print_table(
        ("step", "what", "reason"),
        [[d.step_key, (d.action.value, colors[d.action]), "; ".join(d.reasons)] for d in decisions],
    )
    count = sum(1 for d in decisions if d.action is StepAction.RUN)
    maybe = sum(1 for d in decisions if d.action is StepAction.RUN_IF_INPUTS_CHANGE)
    more = f", and {maybe} if what they take changes" if maybe else ""
    click.echo(
        f"\n{count} of {len(decisions)} {'steps' if len(decisions) != 1 else 'step'} would run{more}. Nothing "
        "has."
    )


@contextlib.contextmanager
def _refusing_missing_values() -> Iterator[None]:
    """Nothing has run when a value is missing: the command cannot be carried out as it was given."""
    from dagster._core.errors import DagsterStepOutputNotFoundError

    try:
        yield
    except DagsterStepOutputNotFoundError as exc:
        raise Refusal(str(exc)) from exc


@click.command("resume", cls=TargetCommand)
@_run_argument
@click.option(
    "--force",
    is_flag=True,
    help="Also if nobody here can tell whether the process that worked on it still lives: it was on another "
    "machine, or the run never began.",
)
@target_options()
@click.pass_context
def resume_command(ctx: click.Context, run: str, force: bool, **params: Any) -> None:
    """Continue a run whose process died, in this process.

    \b
    dagster run resume 3f2a9c1b

    What has succeeded is not run again. Steps that were running when the process died run anew. A run
    whose process still lives is refused. One that was told to stop does not go on: it ends as canceled.
    """
    with open_instance() as instance:
        stored = find_record(instance, run).dagster_run

        from dagster._core.runner.gone_worker import end_canceling_run

        # The code of the run is not asked for: what is to end may well not load any more.
        canceled = end_canceling_run(instance, stored, force=force)
        if canceled is not None:
            click.echo(canceled.message)
            short = stored.run_id[:SHORT]
            click.echo(f"To run what is left of it: dagster run reexecute {short} --from-failure")
            ctx.exit(FAILED)
        job = job_of_run(stored, params)

        from dagster._cli.run_command import show_run
        from dagster._core.runner.resume import Resumption

        with _refusing_missing_values():
            resumption = Resumption(job, stored, instance, force=force)
        ctx.exit(show_run(resumption.prepared, stored, instance, resumption.start))
