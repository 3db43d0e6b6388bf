"""Carrying a run from one instance to another: into a payload, into a file, and back."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import dagster._time as _time
from dagster._core.errors import (
    DagsterInvariantViolationError,
    DagsterRunAlreadyExists,
    DagsterRunNotFoundError,
)
from dagster._core.events.run_status import status_after
from dagster._core.instance.events import store_entries
from dagster._core.records.debug_payload import DebugRunPayload
from dagster._core.records.run import DagsterRun, DagsterRunStatus
from dagster._wire.codec import DeserializationError, deserialize_value, serialize_value
from dagster.version import __version__

if TYPE_CHECKING:
    from dagster._core.instance.instance import DagsterInstance

#: How many entries are stored in one transaction.
_BATCH = 1_000


def build_debug_payload(instance: DagsterInstance, run_id: str) -> DebugRunPayload:
    """Return a run with everything that an instance has of it.

    Raises:
        DagsterRunNotFoundError: If there is no such run.
    """
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        raise DagsterRunNotFoundError(f'There is no run with id "{run_id}".', run_id)
    run = record.dagster_run
    job = _stored(instance.has_job_snapshot, instance.get_job_snapshot, run.job_snapshot_id)
    lineage = getattr(job, "lineage_snapshot", None)
    parent_id = lineage.parent_snapshot_id if lineage is not None else None
    return DebugRunPayload(
        version=__version__,
        dagster_run=run,
        event_list=instance.all_logs(run_id),
        job_snapshot=job,
        execution_plan_snapshot=_stored(
            instance.run_storage.has_execution_plan_snapshot,
            instance.get_execution_plan_snapshot,
            run.execution_plan_snapshot_id,
        ),
        parent_job_snapshot=_stored(instance.has_job_snapshot, instance.get_job_snapshot, parent_id),
        create_time=record.create_timestamp,
    )


def _stored(has: Callable[[str], bool], get: Callable[[str], Any], snapshot_id: str | None) -> Any:
    return get(snapshot_id) if snapshot_id is not None and has(snapshot_id) else None


def add_debug_payload(instance: DagsterInstance, payload: DebugRunPayload) -> DagsterRun:
    """Store a run with its log and snapshots, as if it had run here.

    Raises:
        DagsterRunAlreadyExists: If the instance has the run; nothing is changed then.
    """
    run = payload.dagster_run
    if instance.has_run(run.run_id):
        raise DagsterRunAlreadyExists(run.run_id)
    storage = instance.run_storage
    for snapshot in (payload.parent_job_snapshot, payload.job_snapshot, payload.execution_plan_snapshot):
        if snapshot is not None:
            storage.add_snapshot(snapshot)
    created = payload.create_time or _time.utc_now()
    storage.add_historical_run(run.with_status(_status_before(payload)), created)
    try:
        for start in range(0, len(payload.event_list), _BATCH):
            batch = payload.event_list[start : start + _BATCH]
            store_entries(storage, instance.event_log_storage, batch)
    except BaseException:
        # Half a log would look like a whole one.
        instance.delete_run(run.run_id)
        raise
    return run


def _status_before(payload: DebugRunPayload) -> DagsterRunStatus:
    """Return the status from which the log leads to the run's own: its times come from the log then."""
    status = DagsterRunStatus.NOT_STARTED
    for entry in payload.event_list:
        if entry.dagster_event is not None:
            status = status_after(status, entry.dagster_event.event_type_value)
    own = payload.dagster_run.status
    return DagsterRunStatus.NOT_STARTED if status is own else own


def write_debug_payload(payload: DebugRunPayload, path: str) -> None:
    """Write a payload into a file, compressed. The file is there as a whole or not at all.

    Args:
        payload: The payload.
        path: The file.
    """
    unfinished = f"{path}.{os.getpid()}.unfinished"
    try:
        with gzip.open(unfinished, "wb", compresslevel=6) as stream:
            stream.write(serialize_value(payload).encode())
        os.replace(unfinished, path)
    except BaseException:
        if os.path.exists(unfinished):
            os.remove(unfinished)
        raise


def read_debug_payload(path: str) -> DebugRunPayload:
    """Return the payload that a file holds.

    Raises:
        DagsterInvariantViolationError: If it holds none.
    """
    try:
        with gzip.open(path, "rb") as stream:
            return deserialize_value(stream.read().decode(), DebugRunPayload)
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError, DeserializationError) as exc:
        raise DagsterInvariantViolationError(
            f"expected {path} to be a file that dagster debug export wrote, got: {exc}."
        ) from exc
