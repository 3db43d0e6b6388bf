"""Worker processes as the process sees them that gives them work."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from typing import Final

import msgspec

from dagster._process import descent
from dagster._process.channel import Channel, ChannelClosed, channel_pair, wait_readable
from dagster._process.forkserver import (
    FORK,
    KILL,
    REQUEST,
    SIGNAL,
    ServerNote,
    interpreter_command,
)
from dagster._process.worker_end import WorkerEnd
from dagster._process.worker_setup import WorkerSetup

#: How long a process that was told to end may take, in seconds.
END_SECONDS = 5.0
#: The variable of the environment by which what a forkserver leaves behind is found.
MARK: Final = "DAGSTER_WORKERS"
#: How many workers may be asked for before it is read which have been made: neither side of the
#: connection must wait for the other to read.
_ASKED_AT_ONCE = 64


def end_workers_of(pid: int) -> None:
    """End what is left of the workers of a process that is gone, with all that they have started.

    Where its forkserver lives, that does the same by itself, a little later.

    Args:
        pid: The process. If there is one with this id, it may be another one, and nothing is done.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        descent.kill_marked_from(f"{MARK}={pid}-")
    except PermissionError:
        pass  # there is one, of somebody else


class WorkersUnavailable(Exception):
    """Workers cannot be made: what they start with could not be prepared, or what makes them is gone."""


class WorkerProcess:
    """A worker and the channel to it.

    Args:
        workers: What made it.
        channel: The channel.
    """

    __slots__ = ("_workers", "channel", "end", "pid")

    def __init__(self, workers: Workers, channel: Channel) -> None:
        self._workers = workers
        self.channel = channel
        #: Its process; 0 until it is known.
        self.pid = 0
        #: How it ended, once it has.
        self.end: WorkerEnd | None = None

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        self._workers.ask_for(self, SIGNAL, number)

    def kill(self) -> None:
        """Kill it and all its descendants, unless it has ended."""
        self._workers.ask_for(self, KILL, 0)

    def wait_for_end(self, seconds: float = END_SECONDS) -> WorkerEnd | None:
        """Wait until it has ended, and return how; None if it has not.

        Args:
            seconds: How long.
        """
        self._workers.wait_for_end(self, seconds)
        return self.end


class Workers:
    """Worker processes that a forkserver makes.

    Args:
        setup: What is prepared, by the forkserver or by each worker.
    """

    def __init__(self, setup: WorkerSetup) -> None:
        self._setup = msgspec.json.encode(setup)
        #: What the environment of all processes below the forkserver has, which tells whose they are.
        self._mark = f"{MARK}={os.getpid()}-{secrets.token_hex(8)}"
        self._is_forked = setup.is_forked
        control, theirs = socket.socketpair()
        self._control = control
        self._notes = Channel(control)
        self._decode = msgspec.json.Decoder(ServerNote).decode
        #: Those whose process is not known yet, in the order in which they were asked for.
        self._asked: list[WorkerProcess] = []
        self._workers: dict[int, WorkerProcess] = {}
        self._is_ready = False
        #: Why forks are not safe, once that is known.
        self.unsafe = ""
        with theirs:
            self._server = subprocess.Popen(
                interpreter_command("dagster._process.forkserver", theirs.fileno()),
                stdin=subprocess.DEVNULL,
                env={**os.environ, MARK: self._mark.partition("=")[2]},
                pass_fds=[theirs.fileno()],
                # Ctrl-C in the terminal is for this process alone.
                start_new_session=True,
            )
        with contextlib.suppress(ChannelClosed):
            self._notes.send(self._setup)

    def wait_until_ready(self) -> None:
        """Wait until the forkserver is prepared.

        Raises:
            WorkersUnavailable: If its preparation failed; in its own words.
        """
        while not self._is_ready:
            message = self._notes.receive()
            if message is None:
                raise self._gone("prepares")
            note = self._decode(message)
            if note.kind == "failed":
                raise WorkersUnavailable(note.text)
            self._is_ready = True
            self.unsafe = note.text

    def start(self) -> WorkerProcess:
        """Return a new worker, which waits for its first message.

        Raises:
            WorkersUnavailable: If the forkserver is gone.
        """
        while len(self._asked) >= _ASKED_AT_ONCE and self._notes.is_open:
            self._read_notes()
        ours, theirs = channel_pair()
        worker = WorkerProcess(self, ours)
        with theirs:
            try:
                socket.send_fds(self._control, [REQUEST.pack(FORK, 0, 0)], [theirs.fileno()])
            except OSError as exc:
                ours.close()
                raise self._gone("makes") from exc
        if not self._is_forked:
            with contextlib.suppress(ChannelClosed):
                ours.send(self._setup)
        self._asked.append(worker)
        return worker

    def ask_for(self, worker: WorkerProcess, kind: int, number: int) -> None:
        """Ask for what shall come to a worker, unless it has ended."""
        while worker.pid == 0 and worker.end is None and self._notes.is_open:
            self._read_notes()
        if worker.end is None and self._notes.is_open:
            with contextlib.suppress(OSError):
                self._control.sendall(REQUEST.pack(kind, worker.pid, number))

    @property
    def watched(self) -> Channel | None:
        """What becomes readable when there is news of workers, for ``select``; None when there can be none."""
        return self._notes if self._notes.is_open else None

    def take_news(self) -> None:
        """Take in which workers have ended. It does not wait."""
        while self._notes.is_open and wait_readable([self._notes], 0):
            self._read_notes()

    def wait_for_end(self, worker: WorkerProcess, seconds: float) -> None:
        """Wait until a worker has ended.

        Args:
            worker: The worker.
            seconds: How long.
        """
        deadline = time.monotonic() + seconds
        while worker.end is None and self._notes.is_open:
            left = deadline - time.monotonic()
            if left <= 0 or not wait_readable([self._notes], left):
                break
            self._read_notes()

    def _read_notes(self) -> None:
        for message in self._notes.read_available():
            note = self._decode(message)
            if note.kind == "forked":
                worker = self._asked.pop(0)
                worker.pid = note.pid
                self._workers[note.pid] = worker
            elif note.kind == "not_forked":
                self._asked.pop(0).end = WorkerEnd(start_error=note.text)
            elif note.kind == "ended":
                ended = self._workers.pop(note.pid, None)
                if ended is not None:
                    ended.end = note.end
        if not self._notes.is_open:
            self._end_all()

    def _end_all(self) -> None:
        """Take in that the forkserver is gone: the kernel has killed its workers."""
        for worker in (*self._asked, *self._workers.values()):
            worker.end = worker.end or WorkerEnd(signal_number=signal.SIGKILL)
        self._asked.clear()
        self._workers.clear()

    def _gone(self, verb: str) -> WorkersUnavailable:
        self.take_news()
        self._notes.close()
        self._end_all()
        end = self._end_of_server()
        return WorkersUnavailable(f"The process that {verb} workers {end.describe()}.")

    def _end_of_server(self) -> WorkerEnd:
        try:
            code = self._server.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            code = self._server.wait()
        if code != 0:
            # It could not clear away what its workers have started.
            descent.kill_marked(self._mark)
        return WorkerEnd.of_return_code(code)

    def close(self) -> None:
        """End all workers that are left, with all their descendants."""
        self._notes.close()
        for worker in (*self._asked, *self._workers.values()):
            worker.channel.close()
        self._end_of_server()
        self._end_all()
