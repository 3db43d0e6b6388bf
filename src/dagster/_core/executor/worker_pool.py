"""The workers of one run: started ahead of need, used once or again, and ended."""

from __future__ import annotations

import signal
from collections.abc import Callable

import dagster._time as _time
from dagster._core.plan.step import ExecutionStep
from dagster._process.channel import Channel, ChannelClosed, wait_readable
from dagster._process.workers import END_SECONDS, WorkerProcess, Workers, WorkersUnavailable


class BusyWorker:
    """A worker with a step.

    Args:
        process: The worker's process.
        step: The step.
        attempt: How often it was tried before.
        started: When it got it, on the clock of :func:`dagster._time.monotonic`.
    """

    __slots__ = (
        "attempt",
        "has_begun",
        "is_over",
        "killed_because",
        "lost_at",
        "process",
        "started",
        "step",
        "steps_done",
        "was_signalled",
    )

    def __init__(
        self,
        process: WorkerProcess,
        step: ExecutionStep,
        attempt: int,
        started: float,
        steps_done: int = 0,
    ) -> None:
        self.process = process
        self.step = step
        self.attempt = attempt
        self.started = started
        #: How many steps it had run before.
        self.steps_done = steps_done
        #: Whether it has sent anything about this step.
        self.has_begun = False
        #: Whether the step has ended, in whatever way; hooks and teardown may still go on.
        self.is_over = False
        #: Why it was told to end, if it was.
        self.killed_because: str | None = None
        #: Whether it was told to end.
        self.was_signalled = False
        #: Since when nothing more can come from it.
        self.lost_at: float | None = None


class WorkerPool:
    """Workers that wait, and those that work.

    Args:
        start: Starts what makes worker processes. It is called at once, and again if that goes away.
        size: How many work at the same time.
        steps_per_worker: How many steps each runs; None for any number.
    """

    def __init__(self, start: Callable[[], Workers], size: int, steps_per_worker: int | None) -> None:
        self._start = start
        self._workers = start()
        self.size = size
        self._steps_per_worker = steps_per_worker
        #: Those that wait, with the number of steps they have run. Those that have run some come last.
        self._idle: list[tuple[WorkerProcess, int]] = []
        self.busy: dict[Channel, BusyWorker] = {}
        #: Those that work no more and may not have ended.
        self._leaving: list[WorkerProcess] = []

    @property
    def has_room(self) -> bool:
        """Whether one more step can be started."""
        return len(self.busy) < self.size

    def start_ahead(self, steps_left: int) -> None:
        """Have as many workers wait as there may soon be steps for.

        Args:
            steps_left: How many steps have not been given to a worker.
        """
        wanted = min(self.size, steps_left)
        if self._steps_per_worker != 1:
            # A worker that works now will take another step.
            wanted -= len(self.busy)
        while len(self._idle) < wanted:
            self._idle.insert(0, (self._new(), 0))

    def _new(self) -> WorkerProcess:
        try:
            return self._workers.start()
        except WorkersUnavailable:
            # Somebody killed it. Its workers are gone with it, and are told of as they are missed.
            for process, _ in self._idle:
                process.channel.close()
            self._idle.clear()
            self._leaving.clear()
            self._workers = self._start()
            return self._workers.start()

    def give(self, step: ExecutionStep, attempt: int, message: bytes, now: float) -> BusyWorker:
        """Give a step to a worker.

        Args:
            step: The step.
            attempt: How often it was tried before.
            message: What the worker gets.
            now: The time.
        """
        while True:
            process, done = self._idle.pop() if self._idle else (self._new(), 0)
            try:
                if process.end is not None:
                    raise ChannelClosed
                process.channel.send(message)
            except ChannelClosed:
                # It was killed while it waited. The next one will do.
                self._leave(process)
                continue
            worker = BusyWorker(process, step, attempt, now, done)
            self.busy[process.channel] = worker
            return worker

    def free(self, worker: BusyWorker) -> None:
        """Take back a worker whose step is done: it waits for another one, or ends."""
        process = worker.process
        del self.busy[process.channel]
        done = worker.steps_done + 1
        is_used_up = self._steps_per_worker is not None and done >= self._steps_per_worker
        # One that was told to end may hear of it only now, and must not end another step.
        if is_used_up or worker.was_signalled:
            self._leave(process)
        else:
            self._idle.append((process, done))

    def forget(self, worker: BusyWorker) -> None:
        """Take note that a worker has ended with its step."""
        del self.busy[worker.process.channel]
        worker.process.channel.close()

    def _leave(self, process: WorkerProcess) -> None:
        process.channel.close()
        if process.end is None:
            self._leaving.append(process)

    def wait(self, seconds: float | None) -> list[BusyWorker]:
        """Wait until workers have sent something or have ended, and return them.

        Args:
            seconds: How long; None for as long as it takes.
        """
        channels = [channel for channel, worker in self.busy.items() if worker.lost_at is None]
        news = self._workers.watched
        if news is not None:
            channels.append(news)
        if any(worker.process.end is not None for worker in self.busy.values()):
            seconds = 0
        ready = wait_readable(channels, seconds)
        heard = [self.busy[channel] for channel in ready if channel is not news]
        if news is not None and news in ready:
            self._workers.take_news()
            self._leaving = [process for process in self._leaving if process.end is None]
        for channel, worker in self.busy.items():
            if worker.process.end is None or channel in ready:
                continue
            # Nothing more comes, even if something that it has started keeps the channel open.
            if worker.lost_at is not None or not wait_readable([channel], 0):
                channel.is_open = False
            heard.append(worker)
        return heard

    @staticmethod
    def terminate(worker: BusyWorker, reason: str | None) -> None:
        """Ask a worker to end its step now.

        Args:
            worker: The worker.
            reason: Why; None if the step itself is to tell of its end.
        """
        worker.killed_because = worker.killed_because or reason
        worker.was_signalled = True
        worker.process.signal(signal.SIGTERM)

    @staticmethod
    def kill(worker: BusyWorker, reason: str) -> None:
        """End a worker and all its descendants at once."""
        worker.killed_because = worker.killed_because or reason
        worker.was_signalled = True
        worker.process.kill()

    def finish(
        self, take: Callable[[WorkerProcess, bytes], None], deadline: float | None = None
    ) -> None:
        """Let the workers that wait end by themselves, and take what they still send.

        Args:
            take: Takes each message.
            deadline: Until when, on the clock of :func:`dagster._time.monotonic`. Default: as long as it
                takes.
        """
        waiting: dict[Channel, WorkerProcess] = {}
        for process, done in self._idle:
            if done == 0:
                self._leave(process)
                continue
            try:
                process.channel.send(b"")
                waiting[process.channel] = process
            except ChannelClosed:
                self._leave(process)
        self._idle.clear()
        while waiting:
            left = None if deadline is None else max(0.0, deadline - _time.monotonic())
            ready = wait_readable(waiting, left)
            if not ready and left is not None:
                break
            for channel in ready:
                for message in channel.read_available():
                    take(waiting[channel], message)
                if not channel.is_open:
                    self._leave(waiting.pop(channel))
        for process in waiting.values():
            self._leave(process)
        end = _time.monotonic() + END_SECONDS
        for process in self._leaving:
            process.wait_for_end(end - _time.monotonic())

    def close(self) -> None:
        """End everything that is left, with all descendants."""
        for worker in self.busy.values():
            worker.process.channel.close()
        for process, _ in self._idle:
            process.channel.close()
        self._workers.close()
