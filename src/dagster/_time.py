"""Clocks, in one place so that a test can replace them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

#: Seconds since the epoch, as stored in every event.
now = time.time
#: A clock for durations.
monotonic = time.perf_counter


def utc_now() -> datetime:
    """Return the current time as an aware datetime in UTC."""
    return datetime.now(UTC)


def format_duration(seconds: float) -> str:
    """Return a duration as people read it: ``850µs``, ``12ms``, ``3.42s``, ``2m05s``, ``1h02m05s``."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}µs"
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.2f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m{rest:02d}s" if hours else f"{minutes}m{rest:02d}s"


#: Waiting, so that a test need not.
sleep = time.sleep
