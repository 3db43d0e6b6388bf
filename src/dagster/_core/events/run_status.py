"""How a run stands after an event. Run status is nothing but a fold over these."""

from __future__ import annotations

from typing import Final

from dagster._core.events.event_type import DagsterEventType
from dagster._core.records.run import DagsterRunStatus

#: The status that each event of a run gives it.
STATUS_OF_EVENT: Final[dict[str, DagsterRunStatus]] = {
    DagsterEventType.RUN_ENQUEUED.value: DagsterRunStatus.QUEUED,
    DagsterEventType.RUN_STARTING.value: DagsterRunStatus.STARTING,
    DagsterEventType.RUN_START.value: DagsterRunStatus.STARTED,
    DagsterEventType.RUN_SUSPENDED.value: DagsterRunStatus.SUSPENDED,
    DagsterEventType.RUN_RESUMED.value: DagsterRunStatus.STARTED,
    DagsterEventType.RUN_SUCCESS.value: DagsterRunStatus.SUCCESS,
    DagsterEventType.RUN_FAILURE.value: DagsterRunStatus.FAILURE,
    DagsterEventType.RUN_CANCELING.value: DagsterRunStatus.CANCELING,
    DagsterEventType.RUN_CANCELED.value: DagsterRunStatus.CANCELED,
    DagsterEventType.PIPELINE_INIT_FAILURE.value: DagsterRunStatus.FAILURE,
}

#: How far each status is on the way from asked for to over.
_RANK: Final[dict[DagsterRunStatus, int]] = {
    DagsterRunStatus.NOT_STARTED: 0,
    DagsterRunStatus.MANAGED: 0,
    DagsterRunStatus.QUEUED: 1,
    DagsterRunStatus.STARTING: 2,
    DagsterRunStatus.STARTED: 3,
    DagsterRunStatus.SUSPENDED: 3,
    DagsterRunStatus.CANCELING: 4,
    DagsterRunStatus.SUCCESS: 5,
    DagsterRunStatus.FAILURE: 5,
    DagsterRunStatus.CANCELED: 5,
}

#: The statuses from which a run can come to a status. It never goes back: an event that comes late, or a
#: second time, changes nothing. Of two ends, the later one counts.
STATUSES_BEFORE: Final[dict[DagsterRunStatus, tuple[DagsterRunStatus, ...]]] = {
    status: tuple(earlier for earlier in _RANK if _RANK[earlier] <= rank)
    for status, rank in _RANK.items()
}


def status_after(status: DagsterRunStatus, event_type_value: str) -> DagsterRunStatus:
    """Return how a run stands after an event.

    Args:
        status: How it stands before.
        event_type_value: The type of the event; one that says nothing about a run's status changes nothing.
    """
    after = STATUS_OF_EVENT.get(event_type_value)
    return after if after is not None and status in STATUSES_BEFORE[after] else status
