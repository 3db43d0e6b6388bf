"""Runs of an instance: making them, and bringing their rows up to what their logs know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from dagster._core.errors import DagsterInvariantViolationError, DagsterRunNotFoundError
from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.run_status import STATUS_OF_EVENT, status_after
from dagster._core.plan.snapshot import snapshot_from_execution_plan
from dagster._core.records.run import (
    IN_PROGRESS_RUN_STATUSES,
    DagsterRun,
    DagsterRunStatus,
    RunRecord,
    RunsFilter,
)
from dagster._core.records.tags import PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG, normalize_tags
from dagster._process.collection import paused_collection

if TYPE_CHECKING:
    from dagster._core.definitions.job.definition import JobDefinition
    from dagster._core.plan.plan import ExecutionPlan
    from dagster._core.plan.snapshot import ExecutionPlanSnapshot
    from dagster._core.records.job_snapshot import JobSnap
    from dagster._core.storage.event_log.base import EventLogStorage
    from dagster._core.storage.runs.base import RunStorage


class RunDomain(NamedTuple):
    """The methods of an instance that make runs."""

    create_run: Callable[..., DagsterRun]
    create_run_for_job: Callable[..., DagsterRun]
    register_managed_run: Callable[..., DagsterRun]


_STATUS_EVENTS = frozenset(DagsterEventType(value) for value in STATUS_OF_EVENT)


def build_run(
    *,
    job_name: str,
    run_id: str | None,
    status: DagsterRunStatus | str | None,
    tags: Mapping[str, Any] | None,
    root_run_id: str | None,
    parent_run_id: str | None,
    **fields: Any,
) -> DagsterRun:
    """Return a run that is not stored yet. See :meth:`DagsterInstance.create_run`."""
    lineage = {PARENT_RUN_ID_TAG: parent_run_id, ROOT_RUN_ID_TAG: root_run_id}
    all_tags = {
        **normalize_tags(tags),
        **{key: value for key, value in lineage.items() if value is not None},
    }
    if run_id is not None:
        fields["run_id"] = run_id
    return DagsterRun(
        job_name=job_name,
        status=DagsterRunStatus(status) if status is not None else DagsterRunStatus.NOT_STARTED,
        tags=all_tags,
        root_run_id=root_run_id,
        parent_run_id=parent_run_id,
        **fields,
    )


@paused_collection()
def add_snapshots_of(
    run_storage: RunStorage | None, job_def: JobDefinition, plan: ExecutionPlan | None
) -> dict[str, str]:
    """Store what a job, what it is a part of, and its plan are; see :func:`add_snapshots`.

    Args:
        run_storage: Where; None keeps nothing.
        job_def: The job.
        plan: The plan, if it is known.

    Returns:
        The ids, as fields of a run.
    """
    if run_storage is None:
        return {}
    ids = {"job_snapshot_id": _add_job_snapshot(run_storage, job_def)}
    if plan is not None:
        snapshot = snapshot_from_execution_plan(plan, ids["job_snapshot_id"])
        ids |= add_snapshots(run_storage, None, snapshot, None)
    return ids


def _add_job_snapshot(run_storage: RunStorage, job_def: JobDefinition) -> str:
    """Store what a job is, and what it is a part of, if it is not there yet, and return its id.

    The id is the same as long as the process has the job: what is stored already is not made again.
    """
    known = job_def.snapshot_id
    if known is None or not run_storage.has_job_snapshot(known):
        ids = add_snapshots(
            run_storage, job_def.get_job_snapshot(), None, job_def.get_parent_job_snapshot()
        )
        known = job_def.snapshot_id = ids["job_snapshot_id"]
    return known


@paused_collection()
def add_snapshots(
    run_storage: RunStorage,
    job_snapshot: JobSnap | None,
    execution_plan_snapshot: ExecutionPlanSnapshot | None,
    parent_job_snapshot: JobSnap | None,
) -> dict[str, str]:
    """Store what a run's job and plan are, once for all runs that have the same, and return their ids."""
    ids: dict[str, str] = {}
    if parent_job_snapshot is not None:
        run_storage.add_job_snapshot(parent_job_snapshot)
    if job_snapshot is not None:
        ids["job_snapshot_id"] = run_storage.add_job_snapshot(job_snapshot)
    if execution_plan_snapshot is not None:
        ids["execution_plan_snapshot_id"] = run_storage.add_execution_plan_snapshot(
            execution_plan_snapshot
        )
    return ids


def register_run(run_storage: RunStorage, run: DagsterRun) -> DagsterRun:
    """Store a run that another process may have stored already, and return the stored one.

    Raises:
        DagsterInvariantViolationError: If another run has its id.
    """
    found = _find(run_storage, run.run_id)
    if found is None:
        return run_storage.add_run(run)
    if (found.job_name, found.run_config) != (run.job_name, run.run_config):
        raise DagsterInvariantViolationError(
            f'expected run {run.run_id} to be one of job "{run.job_name}" with the same config, got: a stored '
            f'run of "{found.job_name}" that differs. Use another run id.'
        )
    return found


def _find(run_storage: RunStorage, run_id: str) -> DagsterRun | None:
    runs = run_storage.get_runs(RunsFilter(run_ids=[run_id]), limit=1)
    return runs[0] if runs else None


def require_run(run: DagsterRun | None, run_id: str) -> DagsterRun:
    """Return the run, or say that there is none."""
    if run is None:
        raise DagsterRunNotFoundError(f"There is no run with id {run_id}.", run_id)
    return run


def find_record(
    run_storage: RunStorage, event_storage: EventLogStorage, run_id: str
) -> RunRecord | None:
    """Return the record of a run as its log has it, or None."""
    filters = RunsFilter(run_ids=[run_id])
    found = run_storage.get_run_records(filters, limit=1)
    if found and catch_up(run_storage, event_storage, found[0].dagster_run):
        found = run_storage.get_run_records(filters, limit=1)
    return found[0] if found else None


def find_run(run_storage: RunStorage, event_storage: EventLogStorage, run_id: str) -> DagsterRun | None:
    """Return a run as its log has it, or None."""
    found = _find(run_storage, run_id)
    if found is not None and catch_up(run_storage, event_storage, found):
        found = _find(run_storage, run_id)
    return found


def catch_up(run_storage: RunStorage, event_storage: EventLogStorage, run: DagsterRun) -> bool:
    """Bring the row of a run up to what its log knows, where the two are not written together.

    A process that dies between the log and the row leaves them apart; this is how they meet again.

    Returns:
        Whether the row was behind.
    """
    if run.is_finished or event_storage.handles_run_events_in_store_event:
        return False
    latest = event_storage.get_records_for_run(
        run.run_id, of_type=set(_STATUS_EVENTS), limit=1, ascending=False
    ).records
    event = latest[0].event_log_entry.dagster_event if latest else None
    if event is None or status_after(run.status, event.event_type_value) is run.status:
        return False
    for record in event_storage.get_records_for_run(run.run_id, of_type=set(_STATUS_EVENTS)).records:
        entry = record.event_log_entry
        if entry.dagster_event is not None:
            run_storage.handle_run_event(
                run.run_id, entry.dagster_event, datetime.fromtimestamp(entry.timestamp, UTC)
            )
    return True


Page = TypeVar("Page", bound=Sequence[DagsterRun] | Sequence[RunRecord])


def caught_up(
    fetch: Callable[[], Page], run_storage: RunStorage, event_storage: EventLogStorage
) -> Page:
    """Return a page of runs as their logs have them: those are looked at that seem to be going on."""
    page = fetch()
    if event_storage.handles_run_events_in_store_event:
        return page
    runs = (run.dagster_run if isinstance(run, RunRecord) else run for run in page)
    going_on = [run for run in runs if run.status in IN_PROGRESS_RUN_STATUSES]
    behind = [run for run in going_on if catch_up(run_storage, event_storage, run)]
    return fetch() if behind else page
