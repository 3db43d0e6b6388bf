"""Ticks: single evaluations of schedules and sensors, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import dagster._check as check
from dagster._core.records.error_info import SerializableErrorInfo
from dagster._core.records.instigator import InstigatorType
from dagster._wire.record import Record


class TickStatus(Enum):
    """How a tick stands."""

    STARTED = "STARTED"
    SKIPPED = "SKIPPED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class TickData(Record, frozen=True):
    """What is known of a tick.

    Args:
        instigator_origin_id: The id of where its schedule or sensor is found.
        instigator_name: The schedule or sensor.
        instigator_type: Which of the two.
        status: How the tick stands.
        timestamp: When it was due, in seconds since the epoch.
        run_ids: The runs that it started. Default: none.
        run_keys: Their run keys, in the same order. Default: none.
        error: Why it failed.
        skip_reason: Why it asked for nothing.
        cursor: The sensor's cursor after it.
        origin_run_ids: The runs that it was about, of a run status sensor. Default: none.
        failure_count: How often it was tried and failed. Default: 0.
        selector_id: The id of the schedule's or sensor's name.
        log_key: Where its logs are kept.
        dynamic_partitions_request_results: The partitions that it added or deleted. Default: none.
        end_timestamp: When it ended, in seconds since the epoch.
        run_requests: The runs that it asked for.
        reserved_run_ids: The ids of the runs that it asked for, fixed before they are made.
        consecutive_failure_count: How many ticks failed in a row up to it. Default: ``failure_count``.
        user_interrupted: Whether a user stopped it.
    """

    instigator_origin_id: str
    instigator_name: str
    instigator_type: InstigatorType
    status: TickStatus
    timestamp: float
    run_ids: Sequence[str] | None = None
    run_keys: Sequence[str] | None = None
    error: SerializableErrorInfo | None = None
    skip_reason: str | None = None
    cursor: str | None = None
    origin_run_ids: Sequence[str] | None = None
    failure_count: int | None = None
    selector_id: str | None = None
    log_key: Sequence[str] | None = None
    dynamic_partitions_request_results: Sequence[Any] | None = None
    end_timestamp: float | None = None
    run_requests: Sequence[Any] | None = None
    reserved_run_ids: Sequence[str] | None = None
    consecutive_failure_count: int | None = None
    user_interrupted: bool = False

    def __post_init__(self) -> None:
        check.str_param(self.instigator_origin_id, "instigator_origin_id")
        check.str_param(self.instigator_name, "instigator_name")
        check.inst_param(self.instigator_type, "instigator_type", InstigatorType)
        check.inst_param(self.status, "status", TickStatus)
        check.numeric_param(self.timestamp, "timestamp")
        check.opt_inst_param(self.error, "error", SerializableErrorInfo)
        check.opt_str_param(self.selector_id, "selector_id")
        check.opt_str_param(self.skip_reason, "skip_reason")
        check.opt_str_param(self.cursor, "cursor")
        for name in ("run_ids", "run_keys", "origin_run_ids", "log_key", "reserved_run_ids"):
            check.opt_sequence_param(getattr(self, name), name, of_type=str)

    def with_status(self, status: TickStatus, **changes: Any) -> TickData:
        """Return a copy that stands otherwise, with other changes."""
        return self._replace(status=status, **changes)


class InstigatorTick(Record, frozen=True):
    """A tick as the storage knows it.

    Args:
        tick_id: Its number in the storage; newer ticks have greater ones.
        tick_data: What is known of it.
    """

    tick_id: int
    tick_data: TickData

    def __post_init__(self) -> None:
        check.int_param(self.tick_id, "tick_id")
        check.inst_param(self.tick_data, "tick_data", TickData)

    # Changed copies

    def _with(self, **changes: Any) -> InstigatorTick:
        return self._replace(tick_data=self.tick_data._replace(**changes))

    def with_status(self, status: TickStatus, **changes: Any) -> InstigatorTick:
        """Return a copy that stands otherwise, with other changes (``error=…``, ``end_timestamp=…``)."""
        return self._with(status=status, **changes)

    def with_reason(self, skip_reason: str | None) -> InstigatorTick:
        """Return a copy that says why it asked for nothing."""
        return self._with(skip_reason=skip_reason)

    def with_run_info(self, run_id: str | None = None, run_key: str | None = None) -> InstigatorTick:
        """Return a copy that started one run more."""
        return self._with(
            run_ids=[*self.run_ids, run_id] if run_id is not None else self.run_ids,
            run_keys=[*self.run_keys, run_key] if run_key is not None else self.run_keys,
        )

    def with_cursor(self, cursor: str | None) -> InstigatorTick:
        """Return a copy with another cursor."""
        return self._with(cursor=cursor)

    def with_origin_run(self, origin_run_id: str) -> InstigatorTick:
        """Return a copy that is about one run more."""
        return self._with(origin_run_ids=[*self.origin_run_ids, origin_run_id])

    def with_log_key(self, log_key: Sequence[str]) -> InstigatorTick:
        """Return a copy whose logs are kept elsewhere."""
        return self._with(log_key=log_key)

    def with_run_requests(
        self,
        run_requests: Sequence[Any],
        reserved_run_ids: Sequence[str] | None = None,
        cursor: str | None = None,
    ) -> InstigatorTick:
        """Return a copy that asked for these runs."""
        changes: dict[str, Any] = {"run_requests": run_requests}
        if reserved_run_ids is not None:
            changes["reserved_run_ids"] = reserved_run_ids
        if cursor is not None:
            changes["cursor"] = cursor
        return self._with(**changes)

    def with_user_interrupted(self, user_interrupted: bool) -> InstigatorTick:
        """Return a copy that a user stopped, or not."""
        return self._with(user_interrupted=user_interrupted)

    # What is known of it

    @property
    def instigator_origin_id(self) -> str:
        return self.tick_data.instigator_origin_id

    @property
    def selector_id(self) -> str | None:
        return self.tick_data.selector_id

    @property
    def instigator_name(self) -> str:
        return self.tick_data.instigator_name

    @property
    def instigator_type(self) -> InstigatorType:
        return self.tick_data.instigator_type

    @property
    def status(self) -> TickStatus:
        return self.tick_data.status

    @property
    def timestamp(self) -> float:
        return self.tick_data.timestamp

    @property
    def end_timestamp(self) -> float | None:
        return self.tick_data.end_timestamp

    @property
    def run_ids(self) -> Sequence[str]:
        return self.tick_data.run_ids or []

    @property
    def run_keys(self) -> Sequence[str]:
        return self.tick_data.run_keys or []

    @property
    def origin_run_ids(self) -> Sequence[str]:
        return self.tick_data.origin_run_ids or []

    @property
    def error(self) -> SerializableErrorInfo | None:
        return self.tick_data.error

    @property
    def skip_reason(self) -> str | None:
        return self.tick_data.skip_reason

    @property
    def cursor(self) -> str | None:
        return self.tick_data.cursor

    @property
    def log_key(self) -> Sequence[str] | None:
        return self.tick_data.log_key

    @property
    def failure_count(self) -> int:
        return self.tick_data.failure_count or 0

    @property
    def consecutive_failure_count(self) -> int:
        count = self.tick_data.consecutive_failure_count
        return self.failure_count if count is None else count

    @property
    def run_requests(self) -> Sequence[Any] | None:
        return self.tick_data.run_requests

    @property
    def dynamic_partitions_request_results(self) -> Sequence[Any]:
        return self.tick_data.dynamic_partitions_request_results or []

    @property
    def is_completed(self) -> bool:
        """Whether it is over."""
        return self.status is not TickStatus.STARTED

    @property
    def is_success(self) -> bool:
        return self.status is TickStatus.SUCCESS

    @property
    def is_failure(self) -> bool:
        return self.status is TickStatus.FAILURE


class InstigatorTickSummary(Record, frozen=True):
    """A tick in a few words, for long listings.

    Args:
        tick_id: Its number in the storage.
        instigator_origin_id: The id of where its schedule or sensor is found.
        instigator_type: Which of the two.
        status: How it stands.
        timestamp: When it was due, in seconds since the epoch.
    """

    tick_id: int
    instigator_origin_id: str
    instigator_type: InstigatorType
    status: TickStatus
    timestamp: float
