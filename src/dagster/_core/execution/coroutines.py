"""Running coroutines of ops from code that is not one itself."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from dagster._core.errors import DagsterExecutionInterruptedError

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_CANCELED = "The coroutine was canceled: the run was told to stop."


class CoroutineRunner:
    """One event loop for the coroutines of a run; made when the first one comes.

    Where this thread runs a loop already, as a notebook does, no other may run in it: the coroutines
    then run in a thread of their own, and this one waits. It is so too where several threads have coroutines
    to run: theirs all run together, on the one loop.

    Args:
        for_threads: Whether several threads use it.
    """

    __slots__ = ("_canceled", "_for_threads", "_lock", "_loop", "_thread")

    def __init__(self, for_threads: bool = False) -> None:
        self._loop: AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._for_threads = for_threads
        self._canceled = False
        self._lock = threading.Lock()

    @property
    def loop(self) -> AbstractEventLoop:
        """The loop."""
        loop = self._loop
        return loop if loop is not None else self._make_loop()

    def _make_loop(self) -> AbstractEventLoop:
        import asyncio

        with self._lock:
            if self._loop is None:
                loop = asyncio.new_event_loop()
                if self._for_threads or _in_running_loop():
                    self._thread = threading.Thread(
                        target=loop.run_forever, name="dagster-coroutines", daemon=True
                    )
                    self._thread.start()
                # Last: another thread takes the loop without the lock.
                self._loop = loop
            return self._loop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end and return what it returns.

        Raises:
            DagsterExecutionInterruptedError: If :meth:`cancel` ended it.
        """
        if self._canceled:
            coroutine.close()
            raise DagsterExecutionInterruptedError(_CANCELED)
        loop = self.loop
        if self._thread is None:
            return loop.run_until_complete(coroutine)
        import asyncio

        # The coroutine sees the context variables of the code that waits for it.
        context = contextvars.copy_context()
        future = context.run(asyncio.run_coroutine_threadsafe, coroutine, loop)
        if self._canceled:
            future.cancel()
        try:
            return future.result()
        except BaseException as exc:
            future.cancel()
            if self._canceled and type(exc).__name__ == "CancelledError":
                raise DagsterExecutionInterruptedError(_CANCELED) from exc
            raise

    def cancel(self) -> None:
        """Cancel what runs on the loop, and let nothing more run, until it is closed.

        For a runner of several threads. Who waits for a coroutine goes on when that has cleaned up.
        """
        self._canceled = True
        loop = self._loop
        if loop is None:
            return
        import asyncio

        def cancel_tasks() -> None:
            for task in asyncio.all_tasks(loop):
                task.cancel()

        loop.call_soon_threadsafe(cancel_tasks)

    def close(self) -> None:
        """Cancel what still runs, and end the loop."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        self._canceled = False  # what ends the rest must run
        try:
            self._loop = loop
            self.run(_end_tasks())
        finally:
            self._loop = None
            if self._thread is not None:
                loop.call_soon_threadsafe(loop.stop)
                self._thread.join()
                self._thread = None
            loop.close()


async def _end_tasks() -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    left = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await loop.shutdown_asyncgens()


def _in_running_loop() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
