"""The instance of ``DAGSTER_HOME`` for commands, and the run that somebody means who gives an id."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from dagster._cli.refusal import Refusal

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.run import RunRecord

#: Among so many of the newest runs a mistyped name is looked for.
_NEAR = 200
_MOST_SHOWN = 5
#: How much of an id is shown where the whole has no place.
SHORT = 8


def open_instance() -> DagsterInstance:
    """Return the instance of ``DAGSTER_HOME``.

    Raises:
        DagsterHomeNotSetError: If it is not set.
    """
    from dagster._core.instance.instance import DagsterInstance

    return DagsterInstance.get()


def instance_of_runs(needs_files: Callable[[], bool]) -> DagsterInstance:
    """Return the instance on which a command executes: that of ``DAGSTER_HOME``, or one that keeps nothing.

    Args:
        needs_files: Tells whether other processes need to open it. Without ``DAGSTER_HOME`` it then lies in a
            temporary directory, which goes with it.
    """
    from dagster._core.instance.instance import DagsterInstance

    if is_home_set():
        return open_instance()
    return DagsterInstance.local_temp() if needs_files() else DagsterInstance.ephemeral()


def is_home_set() -> bool:
    """Return whether runs are kept."""
    from dagster._core.instance.home import DAGSTER_HOME_VARIABLE

    return bool(os.environ.get(DAGSTER_HOME_VARIABLE))


def find_record(instance: DagsterInstance, given: str) -> RunRecord:
    """Return the run with an id, of which the beginning is enough.

    Raises:
        Refusal: If there is none, or more than one.
    """
    if given:
        exact = instance.get_run_record_by_id(given)
        if exact is not None:
            return exact
        found = instance.run_storage.get_run_ids_starting_with(given, _MOST_SHOWN + 1)
        if len(found) > 1:
            shown = "\n".join(f"    {run_id}" for run_id in found[:_MOST_SHOWN])
            more = "\n    …" if len(found) > _MOST_SHOWN else ""
            raise Refusal(
                f'Several runs have an id that starts with "{given}". Give more of it:\n{shown}{more}'
            )
        record = instance.get_run_record_by_id(found[0]) if found else None
        if record is not None:
            return record
    raise Refusal(f'There is no run with id "{given}".{_near_run(instance, given)}')


def _near_run(instance: DagsterInstance, given: str) -> str:
    from dagster._text import did_you_mean

    known = instance.get_run_ids(limit=_NEAR)
    if not known:
        return " There are no runs at all yet."
    hint = did_you_mean(given, [run_id[: max(len(given), SHORT)] for run_id in known])
    return hint or " dagster run list shows what there is."


def job_hint(instance: DagsterInstance, job_name: str) -> str:
    """Return `` Did you mean "X"?`` for a job that has no runs, or an empty text."""
    from dagster._text import did_you_mean

    return did_you_mean(job_name, {run.job_name for run in instance.get_runs(limit=_NEAR)})


def complete_run_ids(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return ids of runs for the shell. Whatever goes wrong, the shell must not see it."""
    from click.shell_completion import CompletionItem

    items: list[CompletionItem] = []
    with contextlib.suppress(Exception), open_instance() as instance:
        found = instance.run_storage.get_run_ids_starting_with(incomplete, 50)
        items.extend(CompletionItem(run_id) for run_id in found)
    return items


def confirm(question: str, what_then: str) -> None:
    """Ask for ``DELETE`` to be typed before something is deleted.

    Args:
        question: What will be deleted.
        what_then: The option that does it without asking.

    Raises:
        Refusal: If anything else is typed, or nobody is there to type.
    """
    try:
        answer = click.prompt(
            f"{question} Type DELETE to confirm", default="", show_default=False, err=True
        )
    except click.Abort:
        click.echo(err=True)  # the line of the question has no end yet
        raise Refusal(
            f"Nothing was deleted: nobody confirmed it. {what_then} does it without asking."
        ) from None
    if answer.strip() != "DELETE":
        raise Refusal("Nothing was deleted.")
