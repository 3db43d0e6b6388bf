"""Which process carries a run out, as its log tells, and whether it still lives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.run import DagsterRunStatus
from dagster._process.identity import is_alive

if TYPE_CHECKING:
    from dagster._core.events.event import DagsterEvent
    from dagster._core.events.log_entry import EventLogEntry
    from dagster._core.instance.instance import DagsterInstance
    from dagster._core.records.run import DagsterRun

#: The labels under which the start of a run tells which process carries it out.
WORKER_FACTS = ("host", "pid", "process_started")
#: The label that tells the event of a resumption from others that name a process.
RESUMED = "resumed"
_GOING_ON = frozenset({DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING})
_TELLING = frozenset({DagsterEventType.RUN_START, DagsterEventType.ENGINE_EVENT})


class RunWorker(NamedTuple):
    """The process that carries a run out.

    Args:
        host: The name of its machine; empty if it was not told.
        pid: Its id there.
        is_alive: Whether it lives; None if that cannot be seen from here.
    """

    host: str
    pid: str
    is_alive: bool | None

    @staticmethod
    def of(facts: Mapping[str, str]) -> RunWorker:
        """Return the process that told of itself so."""
        return RunWorker(host_of(facts), facts.get("pid", ""), is_alive(facts))


def host_of(facts: Mapping[str, str]) -> str:
    """Return the name of the machine of a process, without what tells containers on it apart."""
    return facts.get("host", "").partition(" ")[0]


def worker_entries(instance: DagsterInstance, run: DagsterRun) -> list[EventLogEntry]:
    """Return the entries of a run's log that tell which process works on it, in order."""
    return [
        entry
        for entry in instance.all_logs(run.run_id, of_type=set(_TELLING))
        if entry.dagster_event is not None
        and (
            entry.dagster_event.event_type is DagsterEventType.RUN_START
            or RESUMED in _metadata_of(entry.dagster_event)
        )
    ]


def _metadata_of(event: DagsterEvent) -> dict[str, Any]:
    return dict(getattr(event.event_specific_data, "metadata", None) or {})


def facts_of(entry: EventLogEntry) -> dict[str, str]:
    """Return what an entry tells of the process that works on the run; empty if nothing."""
    metadata = _metadata_of(entry.dagster_event) if entry.dagster_event is not None else {}
    return {label: str(metadata[label].value) for label in WORKER_FACTS if label in metadata}


def get_run_worker(instance: DagsterInstance, run: DagsterRun) -> RunWorker | None:
    """Return the process that carries a run out; None if the run does not go on, or nothing is known of it.

    If there were several, since the run was resumed, it is the one that lives or may live, else the last.

    Args:
        instance: The instance that has the run.
        run: The run.
    """
    if run.status not in _GOING_ON:
        return None
    found = [facts_of(entry) for entry in worker_entries(instance, run)]
    workers = [RunWorker.of(facts) for facts in found if facts]
    living = [worker for worker in workers if worker.is_alive is not False]
    return (living or workers or [None])[-1]
