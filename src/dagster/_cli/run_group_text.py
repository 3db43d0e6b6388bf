"""The group of a run as a tree: the first run, and each that executes another one again below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dagster._cli.stored_runs import SHORT
from dagster._core.records.tags import FROM_CHANGED_TAG, STEP_SELECTION_TAG

if TYPE_CHECKING:
    from dagster._core.records.run import DagsterRun


def kind_of(run: DagsterRun) -> str:
    """Return what a run executes again of its parent: ``from failure``, ``train*``, ``all``; empty if none."""
    if run.parent_run_id is None:
        return ""
    if run.is_resume_retry:
        return "from failure"
    if FROM_CHANGED_TAG in run.tags:
        return "from changed"
    return run.tags.get(STEP_SELECTION_TAG) or (
        "all" if run.step_keys_to_execute is None else "some steps"
    )


def group_rows(runs: Sequence[DagsterRun], this: str) -> Iterator[tuple[str, DagsterRun, str]]:
    """Yield the runs of a group as a tree, depth first: the lines before the id, the run, what it is.

    A run whose parent was deleted stands at the top.

    Args:
        runs: The runs, the oldest first.
        this: The run that is shown.
    """
    known = {run.run_id for run in runs}
    below: dict[str | None, list[DagsterRun]] = {}
    for run in runs:
        below.setdefault(run.parent_run_id if run.parent_run_id in known else None, []).append(run)
    # A stack and not a recursion: a chain of retries may be as long as one likes.
    stack = [("", "", run) for run in reversed(below.get(None, []))]
    while stack:
        lead, indent, run = stack.pop()
        note = kind_of(run) + ("  ← this run" if run.run_id == this else "")
        yield lead, run, note.strip()
        children = below.get(run.run_id, [])
        for number, child in reversed(list(enumerate(children))):
            last = number == len(children) - 1
            stack.append(
                (f"{indent}{'└─ ' if last else '├─ '}", f"{indent}{'   ' if last else '│  '}", child)
            )


def group_lines(runs: Sequence[DagsterRun], this: str, *, colour: bool) -> Iterator[str]:
    """Yield the group as lines of text; nothing if the run stands alone."""
    import click

    if len(runs) < 2:
        return
    rows = list(group_rows(runs, this))
    width = max(len(lead) for lead, _, _ in rows) + SHORT
    colours = {"SUCCESS": "green", "FAILURE": "red", "CANCELED": "yellow", "STARTED": "cyan"}
    yield f"Group of {len(runs)} runs"
    for lead, run, note in rows:
        status = run.status.value
        shown = f"{status:<11}"
        if colour:
            shown = click.style(shown, fg=colours.get(status))
        yield f"  {lead + run.run_id[:SHORT]:<{width}}  {shown}  {note}".rstrip()


def group_dicts(runs: Sequence[DagsterRun]) -> list[dict[str, Any]]:
    """Return the group as JSON for programs."""
    return [
        {
            "run_id": run.run_id,
            "parent_run_id": run.parent_run_id,
            "status": run.status.value,
            "reexecutes": kind_of(run) or None,
            "step_keys_to_execute": (
                list(run.step_keys_to_execute) if run.step_keys_to_execute is not None else None
            ),
        }
        for run in runs
    ]
