"""The contract of all storages: they answer many threads, also while their limits change."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_THREADS = 8
_QUESTIONS = 10


def answers_while_limits_change(storage: Any, ask: Callable[[], T]) -> list[T]:
    """Return what a storage answers to many threads while it is prepared for a web server, again and again.

    Args:
        storage: The storage.
        ask: Asks it one thing.
    """

    def ask_often() -> list[T]:
        return [ask() for _ in range(_QUESTIONS)]

    with ThreadPoolExecutor(_THREADS) as threads:
        asked = [threads.submit(ask_often) for _ in range(_THREADS)]
        for recycle, overflow in ((0, 0), (-1, 20), (3_600, 5)):
            storage.optimize_for_webserver(
                statement_timeout=30_000, pool_recycle=recycle, max_overflow=overflow
            )
        answers = [answer for each in asked for answer in each.result()]
    # No limit, as at the beginning.
    storage.optimize_for_webserver(statement_timeout=0, pool_recycle=3_600, max_overflow=0)
    return [*answers, ask()]
