"""Looking after what an instance keeps: migrations, wiping, deleting, retention."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dagster._core.records.instigator import InstigatorType
from dagster._core.records.run import NOT_FINISHED_STATUSES, RunsFilter
from dagster._core.records.tick import TickStatus

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.instance.settings import InstanceSettings

PrintFn = Callable[[Any], None]
_DAY = 86_400.0
#: Days that ticks are kept when nobody says otherwise; -1 is for ever.
_SENSOR_TICK_DAYS = {TickStatus.SKIPPED: 7}
#: How many runs are looked up at once.
_PAGE = 5_000
_log = logging.getLogger("dagster.compute_logs")


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


def optimize_for_webserver(
    instance: DagsterInstance, statement_timeout: int, pool_recycle: int, max_overflow: int
) -> None:
    """Prepare all storages. See :meth:`DagsterInstance.optimize_for_webserver`."""
    storages: list[Any] = [instance.run_storage, instance.event_log_storage]
    if instance.has_schedule_storage:
        storages.append(instance.schedule_storage)
    for storage in storages:
        storage.optimize_for_webserver(statement_timeout, pool_recycle, max_overflow)


def delete_runs(instance: DagsterInstance, run_ids: Sequence[str]) -> None:
    """Delete runs with what they wrote and their logs. See :meth:`DagsterInstance.delete_runs`.

    What steps wrote goes first: if this is interrupted, the run is still there to be deleted again. The row
    goes before the log, so that nobody sees a run without its log.
    """
    delete_output(instance, run_ids)
    instance.run_storage.delete_runs(run_ids)
    instance.event_log_storage.delete_events_for_runs(run_ids)


def wipe(instance: DagsterInstance) -> None:
    """Delete all runs, with what they wrote, and all events. See :meth:`DagsterInstance.wipe`."""
    cursor: str | None = None
    while page := instance.run_storage.get_run_ids(cursor=cursor, limit=_PAGE):
        delete_output(instance, page)
        cursor = page[-1]
    instance.run_storage.wipe()
    instance.event_log_storage.wipe()


def delete_output(instance: DagsterInstance, run_ids: Sequence[str]) -> None:
    """Delete what the steps of runs wrote to stdout and stderr. What cannot be deleted is told, and stays."""
    try:
        manager = instance.log_capturer
        if manager is not None and run_ids:
            manager.delete_logs_of_runs(run_ids)
    except Exception as exc:  # noqa: BLE001 - whatever a storage raises, the runs go
        which = f"run {run_ids[0]}" if len(run_ids) == 1 else f"{len(run_ids)} runs"
        told = " ".join([f"{type(exc).__name__}: {exc}", *getattr(exc, "__notes__", ())])
        _log.warning("The output of steps of %s was not deleted, or not all of it. %s", which, told)


def close_run(instance: DagsterInstance, event: DagsterEvent, run_id: str) -> DagsterEvent:
    """Store the end of a run that did not come to it by itself, and return the event.

    Its process may be gone: what it wrote and could not bring to where it is kept is brought there, if it was
    on this machine. That it cannot be fails nothing.
    """
    instance.report_dagster_event(event, run_id, logging.ERROR)
    try:
        manager = instance.log_capturer
        if manager is not None:
            manager.rescue_logs(manager.prefix_of_run(run_id))
    except Exception as exc:  # noqa: BLE001 - whatever a storage raises, the run is over
        _log.warning("The output of steps of run %s was not looked for. %s", run_id, exc)
    return event


def apply_retention(instance: DagsterInstance, days: int, now: float, print_fn: PrintFn | None) -> int:
    """Delete logs that ended long ago. See :meth:`DagsterInstance.prune_event_logs`."""
    if days < 0:
        return 0
    going_on = instance.run_storage.get_run_ids(RunsFilter(statuses=list(NOT_FINISHED_STATUSES)))
    return instance.event_log_storage.prune(
        now - days * _DAY, frozenset(going_on), print_fn, partial(delete_output, instance)
    )


def tick_retention_days(
    settings: InstanceSettings, instigator_type: InstigatorType
) -> Mapping[TickStatus, int]:
    """Return how many days ticks are kept, by status; -1 is for ever."""
    is_schedule = instigator_type is InstigatorType.SCHEDULE
    days = dict.fromkeys(TickStatus, -1)
    if not is_schedule:
        days.update(_SENSOR_TICK_DAYS)
    given = settings.lookup(["retention", instigator_type.value.lower(), "purge_after_days"], None)
    if isinstance(given, int):
        return dict.fromkeys(TickStatus, given)
    for name, value in (given or {}).items():
        days[TickStatus[name.upper()]] = value
    return days


def _say_nothing(_text: object) -> None:
    return None
