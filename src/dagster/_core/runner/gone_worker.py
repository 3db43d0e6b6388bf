"""Runs whose process is gone: whether it is, what it has left, and the end of one that was told to stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.records.run import DagsterRunStatus
from dagster._core.runner.run_worker import facts_of, host_of, worker_entries
from dagster._process.identity import is_alive
from dagster._process.workers import end_workers_of

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.events.log_entry import EventLogEntry
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.run import DagsterRun

#: In these, nothing of a run may be in its log yet, and nobody can tell whether a process is about to begin.
_UNTOLD = frozenset(
    {DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING}
)


def require_gone(run: DagsterRun, workers: Sequence[EventLogEntry], *, force: bool) -> None:
    """Refuse a run of which a process lives, or may live.

    Args:
        run: The run.
        workers: The entries of its log that tell which process works on it.
        force: Whether a process of which nobody here can tell whether it lives is taken to be gone.
    """
    start = f"Run {run.run_id} of '{run.job_name}' cannot be resumed"
    if not workers and run.status in _UNTOLD and not force:
        raise DagsterInvariantViolationError(
            f"{start}: it is in status {run.status.value}, and the process "
            "that is to work on it has not told of itself yet. If you know that it is gone, resume with "
            "--force (force=True)."
        )
    for facts in map(facts_of, workers):
        alive = is_alive(facts)
        if alive:
            told = "it was told to stop, and " if run.status is DagsterRunStatus.CANCELING else ""
            raise DagsterInvariantViolationError(
                f"{start}: {told}process {facts['pid']} on this machine ({host_of(facts)}) works on it. Wait for "
                "it, or end that process first."
            )
        if alive is None and not force:
            host = host_of(facts)
            told = (
                f"the process that worked on it (pid {facts.get('pid')}) ran on {host}, and whether it still lives"
                if host
                else "its log does not tell which process worked on it, and whether that still lives"
            )
            raise DagsterInvariantViolationError(
                f"{start} from here: {told} cannot be seen from "
                "this machine. Resume it there; or, if you know that it is gone, with --force (force=True)."
            )


def end_leftovers(workers: Sequence[EventLogEntry]) -> None:
    """End steps, and what they have started, that outlived the processes which worked on a run before.

    Where such a process was killed together with its forkserver, nobody else does.
    """
    for facts in map(facts_of, workers):
        if is_alive(facts) is False:
            end_workers_of(int(facts["pid"]))


def end_canceling_run(
    instance: DagsterInstance, run: DagsterRun, *, force: bool = False
) -> DagsterEvent | None:
    """End a run that was told to stop and whose process is gone, as canceled.

    What its process left is ended, its slots in pools are free again, and the output of its steps is brought
    to where it is kept. Steps that are no processes of this machine, such as those that a step handler has
    started, are not ended.

    Args:
        instance: The instance that has the run.
        run: The run.
        force: Whether a process of which nobody here can tell whether it lives is taken to be gone.

    Returns:
        The event that tells its end; None if the run is in any other status than ``CANCELING``.

    Raises:
        DagsterInvariantViolationError: If its process lives, or may live.
    """
    stored = instance.get_run_by_id(run.run_id)
    if stored is None or stored.status is not DagsterRunStatus.CANCELING:
        return None
    workers = worker_entries(instance, stored)
    require_gone(stored, workers, force=force)
    end_leftovers(workers)
    storage = instance.event_log_storage
    if storage.supports_global_concurrency_limits:
        storage.free_concurrency_slots_for_run(stored.run_id)
    # Last: whoever is interrupted before it can do everything again.
    return instance.report_run_canceled(
        stored,
        f'Execution of run for "{stored.job_name}" canceled. It was told to stop, and {_whose_end(workers)}.',
    )


def _whose_end(workers: Sequence[EventLogEntry]) -> str:
    facts = facts_of(workers[-1]) if workers else {}
    if not facts:
        return "its process is gone"
    return f"its process ({facts.get('pid')} on {host_of(facts)}) is gone"
