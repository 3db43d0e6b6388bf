"""How long runs and steps may take: the tag ``dagster/max_runtime``, in seconds."""

from __future__ import annotations

import math
from collections.abc import Mapping

import dagster._time as _time
from dagster._core.errors import DagsterInvariantViolationError, DagsterMaxRuntimeExceededError
from dagster._core.plan.step import ExecutionStep
from dagster._core.records.tags import MAX_RUNTIME_SECONDS_TAG
from dagster._text import expected


def max_runtime(tags: Mapping[str, str], where: str) -> float | None:
    """Return how long something may take, in seconds, as its tag says; None for as long as it likes.

    Args:
        tags: Its tags.
        where: What it is, for the message.

    Raises:
        DagsterInvariantViolationError: If the tag is not a number above zero.
    """
    text = tags.get(MAX_RUNTIME_SECONDS_TAG) if tags else None
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise DagsterInvariantViolationError(
            expected(
                f'the tag "{MAX_RUNTIME_SECONDS_TAG}" of {where}', "a number of seconds above zero", text
            )
        )
    return seconds


def step_limit(step: ExecutionStep) -> float | None:
    """Return how long each attempt of a step may take, in seconds."""
    return max_runtime(step.tags, f'step "{step.key}"')


class RunDeadline:
    """Until when a run may go on, from now.

    Args:
        seconds: How long.
    """

    __slots__ = ("_seconds", "at")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        #: When it is over, on the clock of :func:`dagster._time.monotonic`.
        self.at = _time.monotonic() + seconds

    @staticmethod
    def of_run(tags: Mapping[str, str]) -> RunDeadline | None:
        """Return the deadline of a run that starts now; None if it has none.

        Args:
            tags: The run's tags.
        """
        seconds = max_runtime(tags, "the run")
        return None if seconds is None else RunDeadline(seconds)

    def describe(self) -> str:
        """Return what a step is told that is ended because of it."""
        return f"was ended, since the run exceeded its maximum runtime of {self._seconds:g} s"

    def check(self) -> None:
        """Do nothing, while there is time.

        Raises:
            DagsterMaxRuntimeExceededError: If there is none left.
        """
        if _time.monotonic() >= self.at:
            raise DagsterMaxRuntimeExceededError(
                f"The run exceeded its maximum runtime of {self._seconds:g} seconds (tag "
                f'"{MAX_RUNTIME_SECONDS_TAG}").'
            )
