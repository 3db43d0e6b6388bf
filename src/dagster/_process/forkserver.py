"""The forkserver: a process with the user's code already imported, of which workers are forked.

It runs as ``python -m dagster._process.forkserver DESCRIPTOR``, with the descriptor of the control socket,
over which it first gets its :class:`WorkerSetup`. It has one thread. It is asked for workers and for their
end, and tells of both. When the control socket closes, it kills everything that is left and ends: nothing
outlives whoever started it.

Where a fork is not safe it prepares nothing, and each worker is a new interpreter.

Workers lead groups of processes of their own, so that a Ctrl-C in the terminal reaches only the process
that knows what to do about it. What a worker starts stays below it while it lives, and comes below the
forkserver when it ends: so it is known whose it was. What a worker that was killed or crashed has started is
killed with it; what a worker that ended well has left running stays until the end, since a later worker may
need it.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NoReturn

import msgspec

from dagster._process import descent
from dagster._process.channel import Channel, ChannelClosed
from dagster._process.worker_end import OutOfMemoryKills, WorkerEnd
from dagster._process.worker_setup import (
    Worker,
    WorkerSetup,
    end_of_process,
    prepare,
    renew_randomness,
)

#: What starts threads when it is imported, and stops them by itself before each fork.
_STOPS_ITS_THREADS = ("numpy", "scipy")

#: A request: what is asked for, the worker, the signal. All are of one size, so that each is read with the
#: descriptor that came with it.
REQUEST: Final = struct.Struct("!iii")
#: Make a worker. Its end of its channel comes with the request.
FORK: Final = 1
#: Send a signal to a worker.
SIGNAL: Final = 2
#: Kill a worker and all its descendants.
KILL: Final = 3


class ServerNote(msgspec.Struct):
    """What the forkserver tells.

    Args:
        kind: ``ready``: it is prepared. ``failed``: it could not be, and has ended. ``forked``: a worker was
            made. ``not_forked``: it could not be. ``ended``: a worker has ended.
        pid: The worker.
        end: How it ended.
        text: Why it failed, or a fork did; or, when it is ready, why forks are not safe.
    """

    kind: Literal["ready", "failed", "forked", "not_forked", "ended"]
    pid: int = 0
    end: WorkerEnd | None = None
    text: str = ""


_TEXT_CHARS = 8_000
_encode = msgspec.json.Encoder().encode


class ForkServer:
    """The server, in its own process.

    Args:
        control: The control socket.
        worker: What a worker does; None if each prepares itself, as a new interpreter.
    """

    def __init__(self, control: socket.socket, worker: Worker | None) -> None:
        self._control = control
        self._notes = Channel(control)
        self._worker = worker
        self._workers: set[int] = set()
        #: What workers that ended well have left running, and what the imported code has started.
        self._left_running = descent.children_of(os.getpid())
        #: What was killed and has not ended yet.
        self._doomed: set[int] = set()
        self._memory_kills = OutOfMemoryKills()
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)

    def serve(self) -> None:
        """Serve until the control socket closes, then leave nothing behind."""
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        try:
            while True:
                ready, _, _ = select.select([self._control, self._wake_reader], [], [])
                if self._wake_reader in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake_reader, 4096)
                    self._reap()
                if self._control in ready and not self._take_request():
                    return
        finally:
            self._kill_all()

    def _take_request(self) -> bool:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, REQUEST.size, 1)
        except ConnectionError:
            return False
        if not data:
            return False
        kind, pid, number = REQUEST.unpack(data)
        if kind == FORK:
            self._fork(descriptors)
        elif pid in self._workers:
            if kind == KILL:
                descent.kill_family(pid)
            else:
                descent.signal_process(pid, number)
        return True

    def _fork(self, descriptors: Sequence[int]) -> None:
        if not descriptors:
            # The system could not hand it over.
            self._tell(ServerNote("not_forked", text=os.strerror(errno.EMFILE)))
            return
        (descriptor,) = descriptors
        # It must not reach the programs that a worker starts: while one has it, it is not closed.
        os.set_inheritable(descriptor, False)
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as exc:
            os.close(descriptor)
            self._tell(ServerNote("not_forked", text=exc.strerror or str(exc)))
            return
        if pid == 0:
            code = 1
            try:
                self._enter_worker(server)
                if self._worker is None:
                    _become_interpreter(descriptor)
                else:
                    code = _run_worker(self._worker, descriptor)
            finally:
                # Neither the server's loop nor its handlers are this process's.
                os._exit(code)
        os.close(descriptor)
        self._workers.add(pid)
        self._tell(ServerNote("forked", pid))

    def _enter_worker(self, server: int) -> None:
        os.setsid()
        descent.die_with_parent(server)
        descent.become_subreaper()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for inherited in (self._wake_reader, self._wake_writer):
            os.close(inherited)
        self._control.close()

    def _tell(self, note: ServerNote) -> None:
        # If nobody listens any more, the loop is told so when it reads.
        with contextlib.suppress(ChannelClosed):
            self._notes.send(_encode(note))

    def _reap(self) -> None:
        ended: list[tuple[int, int]] = []
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            ended.append((pid, status))
        self._look_after(dict(ended))
        for pid, status in ended:
            if pid in self._workers:
                self._workers.discard(pid)
                was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
                end = WorkerEnd.of_wait_status(status, was_killed and self._memory_kills.has_grown())
                self._tell(ServerNote("ended", pid, end))

    def _look_after(self, ended: Mapping[int, int]) -> None:
        """Decide about what processes that have ended leave behind.

        Args:
            ended: Their wait statuses.
        """
        good = {pid for pid, status in ended.items() if status == 0 and pid in self._workers}
        crashed = {pid for pid, status in ended.items() if status != 0 and pid in self._workers}
        must_go = bool(crashed or self._doomed.intersection(ended))
        self._doomed.difference_update(ended)
        self._left_running.difference_update(ended)
        for pid in crashed:
            descent.signal_group(pid, signal.SIGKILL)
        orphans = descent.children_of(os.getpid()) - self._workers - self._left_running - self._doomed
        for orphan in orphans:
            # A session is that of the worker, unless the orphan has made one of its own.
            session = descent.session_of(orphan)
            if session in crashed or (must_go and session not in self._workers):
                # What it starts meanwhile is an orphan when it has ended, and is found then.
                self._doomed.add(orphan)
                descent.kill_family(orphan)
            elif session in good or session not in self._workers:
                self._left_running.add(orphan)

    def _kill_all(self) -> None:
        """Kill all workers and all that they left, until there is nothing more."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for pid in self._workers:
            descent.kill_family(pid)
        leave_nothing()


def leave_nothing() -> None:
    """Kill all children of this process, and what they leave, until there is nothing more."""
    while True:
        for pid in descent.children_of(os.getpid()):
            descent.kill_family(pid)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _run_worker(worker: Worker, descriptor: int) -> int:
    renew_randomness()
    gc.enable()
    channel = Channel(socket.socket(fileno=descriptor))
    code = 0
    try:
        worker(channel)
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, it is this process's last
        traceback.print_exc()
        code = 1
    finally:
        end_of_process()
    return code


def _become_interpreter(descriptor: int) -> None:
    os.set_inheritable(descriptor, True)
    command = interpreter_command("dagster._process.spawned", descriptor)
    os.execv(command[0], command)


def interpreter_command(module: str, descriptor: int) -> list[str]:
    """Return the command that runs a module of this package in a new interpreter."""
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing does
    # Without -P a file of the user's beside which this runs (random.py) would hide a module of Python's.
    safe = [] if "-P" in flags else ["-P"]
    return [sys.executable, *flags, *safe, "-m", module, str(descriptor)]


def why_forks_are_unsafe(threads: Sequence[threading.Thread] | None = None) -> str:
    """Return why this process must not be forked, or an empty text.

    A fork copies the thread that forks only. What the others held, locks above all, stays held.
    """
    main_thread = threading.main_thread()
    others = [t for t in (threads or threading.enumerate()) if t is not main_thread]
    if others:
        names = ", ".join(sorted(thread.name for thread in others))
        return f"its code starts threads when it is imported ({names})"
    try:
        native = len(os.listdir("/proc/self/task")) - 1
    except OSError:
        return ""
    if native > 0 and not any(name in sys.modules for name in _STOPS_ITS_THREADS):
        return f"a library that it imports starts {native} threads outside of Python"
    return ""


def _end_unserved(notes: Channel, note: ServerNote) -> NoReturn:
    """Tell, and end: with what the imported code has started, and without waiting for its threads."""
    with contextlib.suppress(ChannelClosed):
        notes.send(_encode(note))
    atexit._run_exitfuncs()  # noqa: SLF001 - what the imported code wants done at the end
    leave_nothing()
    os._exit(0)


def main(descriptor: int) -> None:
    """Prepare, and serve."""
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    notes = Channel(control)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    descent.become_subreaper()
    message = notes.receive()
    if message is None:
        return
    setup = msgspec.json.decode(message, type=WorkerSetup)
    if setup.parent:
        descent.die_with_parent(setup.parent)
    worker = None
    if setup.is_forked:
        try:
            worker = prepare(setup)
        except BaseException:  # noqa: BLE001 - whoever started this is told, whatever it is
            _end_unserved(notes, ServerNote("failed", text=traceback.format_exc()[-_TEXT_CHARS:]))
        unsafe = why_forks_are_unsafe()
        if unsafe:
            _end_unserved(notes, ServerNote("ready", text=unsafe))
        notes.send(_encode(ServerNote("ready")))
    else:
        notes.send(_encode(ServerNote("ready")))
    # From here on the control socket tells of the end, and there may be something to clear away.
    descent.outlive_parent()
    gc.collect()
    # Objects that are there stay as they are, so that workers share their memory.
    gc.freeze()
    gc.disable()
    ForkServer(control, worker).serve()


if __name__ == "__main__":
    main(int(sys.argv[1]))
