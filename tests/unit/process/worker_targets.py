"""What the workers of test_workers.py do, and their preparations."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from dagster._process.channel import Channel
from dagster._process.worker_setup import Worker

#: Where this module was imported.
IMPORTED_IN = os.getpid()


def forever() -> None:
    while True:
        time.sleep(60)


def echo(payload: bytes) -> Worker:
    """A worker that sends back what it gets, after the payload."""

    def work(channel: Channel) -> None:
        while (message := channel.receive()) is not None:
            channel.send(payload + message)

    return work


def obey(payload: bytes) -> Worker:
    """A worker that does as it is told."""

    def work(channel: Channel) -> None:
        while message := channel.receive():
            name, *arguments = json.loads(message)
            answer = COMMANDS[name](*arguments)
            channel.send(json.dumps(answer).encode())

    return work


def _exit(code: Any) -> None:
    sys.exit(code)


def _leave(code: int) -> None:
    os._exit(code)


def _die(number: int) -> None:
    os.kill(os.getpid(), number)
    forever()


def _fail(text: str) -> None:
    raise RuntimeError(text)


def _start(kind: str) -> list[int]:
    """Start processes that live until they are killed, and return them."""
    if kind == "child":
        return [subprocess.Popen(["sleep", "1000"]).pid]
    if kind == "shell":
        # Inherits every descriptor that is not closed on exec.
        os.system("sleep 1000 >/dev/null 2>&1 & echo $! > $$.pid; mv $$.pid shell.pid")
        with open("shell.pid") as file:
            return [int(file.read())]
    if kind == "forked":
        pid = os.fork()
        if pid == 0:
            forever()
        return [pid]
    if kind == "session":
        return [subprocess.Popen(["sleep", "1000"], start_new_session=True).pid]
    reader, writer = os.pipe()
    if os.fork() == 0:
        if kind == "lost_session":
            os.setsid()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            os.close(writer)
            forever()
        os.write(writer, str(pid).encode())
        os._exit(0)
    os.wait()
    return [int(os.read(reader, 100))]


def _breed(seconds: float) -> int:
    """Start a process that starts others all the time, each in a session of its own."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.setsid()
                    forever()
                os._exit(0)
            os.wait()
            time.sleep(0.002)
        forever()
    return pid


def _numbers() -> list[Any]:
    import numpy as np

    return [random.random(), float(np.random.random()), os.urandom(4).hex()]


def _about() -> dict[str, Any]:
    return {
        "pid": os.getpid(),
        "imported_in": IMPORTED_IN,
        "parent": os.getppid(),
        "session": os.getsid(0),
        "argv": sys.argv,
        "path": sys.path,
        "modules": sorted(sys.modules),
        "sigint": str(signal.getsignal(signal.SIGINT)),
        "sigterm": str(signal.getsignal(signal.SIGTERM)),
        "sigchld": str(signal.getsignal(signal.SIGCHLD)),
        "descriptors": sorted(
            int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")
        ),
    }


def _ignore(number: int) -> None:
    signal.signal(number, signal.SIG_IGN)


def _say(text: str) -> None:
    print(text)
    print(text, file=sys.stderr)


def _thread_that_ends_later(file: str) -> None:
    def write() -> None:
        time.sleep(0.2)
        with open(file, "w") as out:
            out.write("written")

    threading.Thread(target=write).start()


COMMANDS: dict[str, Any] = {
    "about": _about,
    "breed": _breed,
    "die": _die,
    "exit": _exit,
    "fail": _fail,
    "forever": forever,
    "ignore": _ignore,
    "later": _thread_that_ends_later,
    "leave": _leave,
    "numbers": _numbers,
    "say": _say,
    "start": _start,
}


def cannot_be_made(payload: bytes) -> Worker:
    raise LookupError(f"no worker for {payload.decode()}")


def exits(payload: bytes) -> Worker:
    sys.exit(payload.decode())


def dies(payload: bytes) -> Worker:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def starts_a_thread(payload: bytes) -> Worker:
    threading.Thread(target=forever, name="the user's own", daemon=payload == b"daemon").start()
    if payload.startswith(b"/"):
        # Something outside of Python, such as a gateway to a JVM.
        pid = subprocess.Popen(["sleep", "1000"]).pid
        with open(payload, "a") as file:
            file.write(f"{pid}\n")
    return obey(b"")


def starts_a_process(payload: bytes) -> Worker:
    """The user's module starts something when it is imported, which all workers need."""
    helper = subprocess.Popen(["sleep", "1000"]).pid
    COMMANDS["helper"] = lambda: helper
    return obey(b"")


def fails_and_leaves_a_process(payload: bytes) -> Worker:
    pid = subprocess.Popen(["sleep", "1000"]).pid
    raise RuntimeError(f"started {pid}")


def cannot_fork(payload: bytes) -> Worker:
    """The system has no room for more than one process of the forkserver's."""
    fork = os.fork
    left = [1]

    def limited() -> int:
        if not left:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        left.pop()
        return fork()

    os.fork = limited
    return obey(b"")


def breaks_after_a_while(payload: bytes) -> Worker:
    forever()
    raise AssertionError
