"""When and how often a step that failed is tried again."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum

import dagster._check as check
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._text import expected
from dagster._wire.record import Record


class Backoff(Enum):
    """How the delay grows from attempt to attempt.

    LINEAR: ``attempt * delay``. EXPONENTIAL: ``(2 ** attempt - 1) * delay``.
    """

    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


class Jitter(Enum):
    """How the delay is spread, so that many steps do not come back at once.

    FULL: anything from nothing to the whole delay. PLUS_MINUS: up to the base delay less or more.
    """

    FULL = "FULL"
    PLUS_MINUS = "PLUS_MINUS"


class RetryMode(Enum):
    """Who retries: this executor (ENABLED), nobody (DISABLED), or the executor above it (DEFERRED)."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DEFERRED = "deferred"

    @property
    def enabled(self) -> bool:
        return self is RetryMode.ENABLED

    @property
    def disabled(self) -> bool:
        return self is RetryMode.DISABLED

    @property
    def deferred(self) -> bool:
        return self is RetryMode.DEFERRED

    def for_inner_plan(self) -> RetryMode:
        """Return the mode of a plan that this executor runs inside its own: it leaves retries to us."""
        return RetryMode.DEFERRED if self is RetryMode.ENABLED else self


def random_fraction() -> float:
    """Return a random number in [0, 1). The module ``random`` would cost every import of ours its own."""
    return int.from_bytes(os.urandom(6)) / (1 << 48)


class RetryPolicy(Record, frozen=True):
    """A declared policy for trying a failed step again.

    Args:
        max_retries: How often to try again after the first attempt. Default: 1.
        delay: Seconds to wait before each new attempt. Default: none.
        backoff: How the delay grows. Needs ``delay``.
        jitter: How the delay is spread. Needs ``delay``.

    Raises:
        DagsterInvalidDefinitionError: If backoff or jitter is given without delay, or a number is negative.
    """

    max_retries: int = 1
    delay: float | None = None
    backoff: Backoff | None = None
    jitter: Jitter | None = None

    def __post_init__(self) -> None:
        check.int_param(self.max_retries, "max_retries")
        check.opt_numeric_param(self.delay, "delay")
        check.opt_inst_param(self.backoff, "backoff", Backoff)
        check.opt_inst_param(self.jitter, "jitter", Jitter)
        for name in ("max_retries", "delay"):
            number = getattr(self, name)
            if number is not None and not number >= 0:
                raise DagsterInvalidDefinitionError(expected(name, "zero or more", number))
        if self.delay is None:
            for name in ("jitter", "backoff"):
                if getattr(self, name) is not None:
                    raise DagsterInvalidDefinitionError(
                        f"Can not set {name} on RetryPolicy without also setting delay, in seconds."
                    )

    def calculate_delay(self, attempt_num: int, random: Callable[[], float] = random_fraction) -> float:
        """Return the seconds to wait before an attempt.

        Args:
            attempt_num: Which retry it is, from 1.
            random: Gives a number in [0, 1).
        """
        return calculate_delay(attempt_num, self.backoff, self.jitter, self.delay or 0, random)


def calculate_delay(
    attempt_num: int,
    backoff: Backoff | None,
    jitter: Jitter | None,
    base_delay: float,
    random: Callable[[], float] = random_fraction,
) -> float:
    """Return the seconds to wait before the given retry, from 1. See :class:`Backoff` and :class:`Jitter`."""
    delay = base_delay
    if backoff is Backoff.LINEAR:
        delay = attempt_num * base_delay
    elif backoff is Backoff.EXPONENTIAL:
        try:
            delay = (2**attempt_num - 1) * base_delay
        except OverflowError:  # a float delay after a thousand attempts
            delay = float("inf")
    if jitter is Jitter.FULL:
        return random() * delay
    if jitter is Jitter.PLUS_MINUS:
        return delay + (2 * random() - 1) * base_delay
    return delay
