"""Signals that tell a process to stop, turned into an exception in the main thread."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import Any, Self

#: What a terminal's Ctrl-C and a process manager's polite request send.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

#: One Ctrl-C often arrives twice: from the terminal, and from ``make`` or a shell that passes it on.
_SAME_REQUEST_SECONDS = 0.5

#: How long a finalizer that has swallowed the exception is given to end, in seconds.
_AGAIN_SECONDS = 0.02


class raising_on_signals(AbstractContextManager["raising_on_signals"]):  # noqa: N801 - used like a function
    """While it is open, a stop signal raises an exception in the main thread.

    The handlers that were there are put back at the end. In other threads, where Python does not allow
    handlers, nothing is done. A second signal within half a second counts as the same request; a later
    one raises again, so that an impatient user can stop a slow teardown. Python drops what is raised in a
    finalizer (``__del__``, a callback of ``weakref`` or ``gc``): then the exception is raised again.

    Args:
        error: Makes the exception, from one sentence for people.
        clock: Seconds.
    """

    def __init__(
        self, error: Callable[[str], BaseException], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._error = error
        self._clock = clock
        self._previous: dict[signal.Signals, Any] = {}
        self._last = float("-inf")
        self._pid = os.getpid()
        #: The first signal that came, or None.
        self.received: signal.Signals | None = None
        self._holds = 0
        #: What is held back, and for which signal.
        self._held: tuple[BaseException, signal.Signals] | None = None
        #: What was raised last, and for which signal.
        self._raised: tuple[BaseException, signal.Signals] | None = None
        self._again = threading.Lock()
        self._is_open = False
        self._previous_hook: Callable[[sys.UnraisableHookArgs], object] = sys.unraisablehook
        #: What stands as the hook while it is open: each access to a method makes another object.
        self._hook: Callable[[sys.UnraisableHookArgs], None] | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._is_open = True
            self._hook, self._previous_hook = self._not_raised, sys.unraisablehook
            sys.unraisablehook = self._hook
            for number in STOP_SIGNALS:
                if signal.getsignal(number) is signal.SIG_IGN:
                    continue  # whoever started the process (nohup, a shell's background job) said so
                self._previous[number] = signal.signal(number, self._raise)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            if self._is_open:
                self._unhook()
        finally:
            # Also if a signal comes at this moment.
            while self._previous:
                number, handler = self._previous.popitem()
                # None stands for a handler that was not installed from Python and cannot be put back.
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _unhook(self) -> None:
        if os.getpid() == self._pid:  # in a forked process nobody would give the lock back
            with self._again:
                self._is_open = False
        if sys.unraisablehook is self._hook:
            sys.unraisablehook = self._previous_hook
        self._hook = self._raised = None

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._pid:
            self._pass_on(signal.Signals(number), frame)
            return
        now = self._clock()
        repeated = now - self._last < _SAME_REQUEST_SECONDS
        self._last = now
        if repeated:
            return
        received = signal.Signals(number)
        self.received = self.received or received
        error = self._error(f"Execution was interrupted by {received.name}.")
        if self._holds:
            self._held = error, received
            return
        self._raised = error, received
        raise error

    def _not_raised(self, what: sys.UnraisableHookArgs) -> None:
        """Take notice of an exception that Python drops, and send the signal again if it is ours."""
        if self._raised is None or what.exc_value is not self._raised[0]:
            self._previous_hook(what)
            return
        _, number = self._raised
        self._raised = None
        self._last = float("-inf")
        # Raised from here it would be dropped as well: the finalizer has to end first.
        timer = threading.Timer(_AGAIN_SECONDS, self._send_again, (number,))
        timer.daemon = True
        timer.start()

    def _send_again(self, number: signal.Signals) -> None:
        with self._again:
            # Later the signal would meet a handler that is not ours.
            if self._is_open and os.getpid() == self._pid:
                signal.pthread_kill(threading.main_thread().ident or 0, number)

    def hold(self) -> None:
        """Raise nothing until :meth:`let_go`, for what must not be left half done. It may be nested.

        For the main thread alone: no exception is raised in others.
        """
        self._holds += 1

    def let_go(self) -> None:
        """Take :meth:`hold` back, and raise what was held back."""
        self._holds -= 1
        if self._holds == 0 and self._held is not None:
            self._raised, self._held = self._held, None
            raise self._raised[0]

    def _pass_on(self, number: signal.Signals, frame: FrameType | None) -> None:
        """Do in a forked child what would be done without this: a worker of a pool is told to end so."""
        previous = self._previous.get(number, signal.SIG_DFL)
        if callable(previous):
            previous(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
