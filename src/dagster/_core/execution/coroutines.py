"""Running coroutines of ops from code that is not one itself."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


class CoroutineRunner:
    """One event loop for the coroutines of a run; made when the first one comes.

    Where this thread runs a loop already, as a notebook does, no other may run in it: the coroutines
    then run in a thread of their own, and this one waits.
    """

    __slots__ = ("_loop", "_thread")

    def __init__(self) -> None:
        self._loop: AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def loop(self) -> AbstractEventLoop:
        """The loop."""
        if self._loop is None:
            import asyncio

            self._loop = asyncio.new_event_loop()
            if _in_running_loop():
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="dagster-coroutines", daemon=True
                )
                self._thread.start()
        return self._loop

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end and return what it returns."""
        loop = self.loop
        if self._thread is None:
            return loop.run_until_complete(coroutine)
        import asyncio

        # The coroutine sees the context variables of the code that waits for it.
        context = contextvars.copy_context()
        future = context.run(asyncio.run_coroutine_threadsafe, coroutine, loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancel what still runs, and end the loop."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
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
