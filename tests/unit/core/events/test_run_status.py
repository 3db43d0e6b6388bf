from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dagster._core.events.event_type import DagsterEventType
from dagster._core.events.run_status import STATUS_OF_EVENT, STATUSES_BEFORE, status_after
from dagster._core.records.run import FINISHED_STATUSES, DagsterRunStatus

EVENTS = st.sampled_from([event_type.value for event_type in DagsterEventType])


def _fold(status: DagsterRunStatus, events: list[str]) -> DagsterRunStatus:
    for event in events:
        status = status_after(status, event)
    return status


def test_every_status_has_its_place() -> None:
    assert set(STATUSES_BEFORE) == set(DagsterRunStatus)
    for status, before in STATUSES_BEFORE.items():
        assert status in before


def test_a_run_from_its_start_to_its_end() -> None:
    events = ["PIPELINE_ENQUEUED", "PIPELINE_STARTING", "PIPELINE_START", "PIPELINE_SUCCESS"]
    statuses = [_fold(DagsterRunStatus.NOT_STARTED, events[:count]).value for count in range(5)]
    assert statuses == ["NOT_STARTED", "QUEUED", "STARTING", "STARTED", "SUCCESS"]


@given(st.sampled_from(list(DagsterRunStatus)), EVENTS)
def test_other_events_change_nothing(status: DagsterRunStatus, event: str) -> None:
    if event not in STATUS_OF_EVENT:
        assert status_after(status, event) is status


@given(st.lists(EVENTS))
def test_what_is_over_stays_over(events: list[str]) -> None:
    statuses = [_fold(DagsterRunStatus.NOT_STARTED, events[:count]) for count in range(len(events) + 1)]
    over = [status in FINISHED_STATUSES for status in statuses]
    assert over == sorted(over)


@given(st.lists(EVENTS))
def test_reading_a_log_again_changes_nothing(events: list[str]) -> None:
    ended = {"PIPELINE_SUCCESS", "PIPELINE_FAILURE", "PIPELINE_CANCELED", "PIPELINE_INIT_FAILURE"}
    if sum(event in ended for event in events):
        once = _fold(DagsterRunStatus.NOT_STARTED, events)
        assert _fold(once, events) is once
