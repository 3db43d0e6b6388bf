"""A run with everything that is stored of it, as one value that can be carried elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster._check as check
from dagster._core.records.job_snapshot import JobSnap
from dagster._core.records.run import DagsterRun
from dagster._wire.record import Record

if TYPE_CHECKING:  # it lies in a layer above; records are read by the codec, which needs no types
    from dagster._core.events.log_entry import EventLogEntry  # noqa: TC004


class DebugRunPayload(Record, frozen=True):
    """A run, its log, and what its job and plan were. From the "Internals" document.

    ``dagster debug export`` writes one into a file, ``dagster debug import`` reads it, and
    ``DagsterInstance.ephemeral(preload=[…])`` starts with it.

    Args:
        version: The version of Dagwerk that made it.
        dagster_run: The run.
        event_list: Its log, in order.
        job_snapshot: What its job was.
        execution_plan_snapshot: What its plan was.
        parent_job_snapshot: What the job was of which its job is a part.
        create_time: When the run was created.
    """

    version: str
    dagster_run: DagsterRun
    event_list: Sequence[EventLogEntry]
    job_snapshot: JobSnap | None = None
    #: Its class lies in a layer above.
    execution_plan_snapshot: Any = None
    parent_job_snapshot: JobSnap | None = None
    create_time: datetime | None = None

    def __post_init__(self) -> None:
        check.str_param(self.version, "version")
        check.inst_param(self.dagster_run, "dagster_run", DagsterRun)
        check.sequence_param(self.event_list, "event_list")
        check.opt_inst_param(self.create_time, "create_time", datetime)
