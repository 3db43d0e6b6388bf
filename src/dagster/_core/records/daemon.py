"""Signs of life of the parts of the daemon."""

from __future__ import annotations

from collections.abc import Sequence

from dagster._core.records.error_info import SerializableErrorInfo
from dagster._wire.record import Record


class DaemonHeartbeat(Record, frozen=True):
    """The latest sign of life of one part of the daemon.

    Args:
        timestamp: When it was given, in seconds since the epoch.
        daemon_type: The part, such as ``SCHEDULER``.
        daemon_id: The process of the daemon.
        errors: What went wrong since the one before, the newest first.
    """

    timestamp: float
    daemon_type: str
    daemon_id: str | None
    errors: Sequence[SerializableErrorInfo] | None = None


class DaemonStatus(Record, frozen=True):
    """How one part of the daemon stands.

    Args:
        daemon_type: The part.
        required: Whether the instance needs it.
        healthy: Whether it gives signs of life without errors; None if it is not required.
        last_heartbeat: The latest sign of life.
    """

    daemon_type: str
    required: bool
    healthy: bool | None
    last_heartbeat: DaemonHeartbeat | None
