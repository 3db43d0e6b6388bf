"""Those who follow logs, and the thread that looks for them whether something has come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from dagster._core.storage.compute_log_manager import CapturedLogSubscription, ComputeLogManager

_log = logging.getLogger("dagster.compute_logs")
#: A subscription that could not be served so often in a row is ended.
_MAX_FAILURES = 5


class LogFollowers:
    """Subscriptions of a manager. A thread serves them while there are any.

    Args:
        manager: What keeps the logs.
        interval: How often it is looked, in seconds.
        wait: Waits that long and returns whether to end, in place of the clock. For tests.
    """

    def __init__(
        self,
        manager: ComputeLogManager,
        interval: float,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        self._manager = manager
        self._interval = interval
        self._wait = wait
        self._lock = threading.Lock()
        self._failures: dict[CapturedLogSubscription, int] = {}
        self._stop: threading.Event | None = None

    def subscribe(self, log_key: Sequence[str], cursor: str | None) -> CapturedLogSubscription:
        """Return a new subscription, which is served from now on."""
        subscription = CapturedLogSubscription(self._manager, log_key, cursor)
        with self._lock:
            self._failures[subscription] = 0
            if self._stop is None:
                self._stop = threading.Event()
                threading.Thread(
                    target=self._follow, args=(self._stop,), name="dagster-log-followers", daemon=True
                ).start()
        return subscription

    def unsubscribe(self, subscription: CapturedLogSubscription) -> None:
        """Serve a subscription no longer."""
        with self._lock:
            self._failures.pop(subscription, None)
            if not self._failures:
                self._end()

    def dispose(self) -> None:
        """Serve nobody any longer."""
        with self._lock:
            self._failures.clear()
            self._end()

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _follow(self, stop: threading.Event) -> None:
        wait = self._wait or stop.wait
        while not (wait(self._interval) or stop.is_set()):
            self.serve()

    def serve(self) -> None:
        """Give everybody what has come, and end the subscriptions of logs that are over."""
        with self._lock:
            subscriptions = list(self._failures)
        for subscription in subscriptions:
            try:
                self._serve(subscription)
            except Exception as exc:  # noqa: BLE001 - one follower's error is not the others'
                self._note_failure(subscription, exc)

    def _serve(self, subscription: CapturedLogSubscription) -> None:
        # Asked first: what is written before the end is read after this.
        is_over = self._manager.is_capture_complete(subscription.log_key)
        subscription.fetch()
        with self._lock:
            if subscription in self._failures:
                self._failures[subscription] = 0
        if is_over:
            subscription.complete()
            self.unsubscribe(subscription)

    def _note_failure(self, subscription: CapturedLogSubscription, exc: Exception) -> None:
        with self._lock:
            if subscription not in self._failures:
                return
            self._failures[subscription] += 1
            is_hopeless = self._failures[subscription] >= _MAX_FAILURES
        _log.warning(
            "The log %s could not be given to a follower: %s.%s",
            list(subscription.log_key),
            exc,
            " It is not tried again." if is_hopeless else "",
        )
        if is_hopeless:
            self.unsubscribe(subscription)
