"""Looking after what an instance keeps: migrations, wiping, deleting, retention."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dagster._core.records.run import NOT_FINISHED_STATUSES, RunsFilter

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.storage.event_log.base import EventLogStorage
    from dagster._core.storage.runs.base import RunStorage

PrintFn = Callable[[Any], None]
_DAY = 86_400.0


def upgrade(instance: DagsterInstance, print_fn: PrintFn | None) -> None:
    """Bring all tables to the version of the code. See :meth:`DagsterInstance.upgrade`."""
    tell = print_fn or _say_nothing
    schema = importlib.import_module("dagster._core.storage.sql.schema")
    # Storages refuse tables of an older version, unless they are opened to be brought up to date.
    with schema.migrating():
        tell("Updating run storage…")
        instance.run_storage.migrate(print_fn)
        tell("Updating event storage…")
        instance.event_log_storage.upgrade()
        instance.event_log_storage.reindex_assets(print_fn)
        if instance.has_schedule_storage:
            tell("Updating schedule storage…")
            instance.schedule_storage.upgrade()
            instance.schedule_storage.migrate(print_fn)


def reindex(instance: DagsterInstance, print_fn: PrintFn) -> None:
    """Build again what is derived from events. See :meth:`DagsterInstance.reindex`."""
    print_fn("Checking for reindexing…")
    instance.event_log_storage.reindex_events(print_fn, force=True)
    instance.event_log_storage.reindex_assets(print_fn, force=True)
    instance.run_storage.optimize(print_fn, force_rebuild_all=True)
    if instance.has_schedule_storage:
        instance.schedule_storage.optimize(print_fn, force_rebuild_all=True)
    print_fn("Done reindexing.")


def delete_runs(run_storage: RunStorage, event_storage: EventLogStorage, run_ids: Sequence[str]) -> None:
    """Delete runs with their logs: first the rows, so that nobody sees a run without its log."""
    run_storage.delete_runs(run_ids)
    event_storage.delete_events_for_runs(run_ids)


def apply_retention(
    run_storage: RunStorage,
    event_storage: EventLogStorage,
    days: int,
    now: float,
    print_fn: PrintFn | None,
) -> int:
    """Delete logs that ended long ago. See :meth:`DagsterInstance.prune_event_logs`."""
    if days < 0:
        return 0
    going_on = run_storage.get_run_ids(RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))
    return event_storage.prune(now - days * _DAY, frozenset(going_on), print_fn)


def _say_nothing(_text: object) -> None:
    return None
