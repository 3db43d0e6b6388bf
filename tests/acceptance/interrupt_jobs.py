"""Jobs of test_interrupt.py whose steps run in processes. Their words go into files of the directory
WORDS. Also a program: the command line with a shorter time for steps to end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from dagster import fs_io_manager, job, op, resource
from dagster._core.executor import multiprocess


def say(word: str, text: str = "") -> None:
    """Write a word into the directory, at once and whole."""
    file = Path(os.environ["WORDS"]) / word
    unfinished = file.with_name(f"part.{word}")
    unfinished.write_text(text)
    unfinished.rename(file)


@resource
def house(context) -> Iterator[str]:
    say(f"up.{os.getpid()}")
    try:
        yield "house"
    finally:
        say(f"down.{os.getpid()}")


def start_family(key: str) -> None:
    """Start processes that would live on, one of them out of sight."""
    subprocess.Popen(["sleep", "1000"])
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(0)
    os.wait()
    say(f"waiting.{key}", str(os.getpid()))


@op(required_resource_keys={"house"})
def quick() -> int:
    return 1


@op(required_resource_keys={"house"})
def waits(context, _x) -> int:
    start_family(context.op_handle.name)
    while True:
        time.sleep(60)


@op(required_resource_keys={"house"})
def ignores(context, _x) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start_family(context.op_handle.name)
    while True:
        time.sleep(60)


@op
def never(_x) -> None:
    say("never")


@job(resource_defs={"house": house, "io_manager": fs_io_manager})
def waiting():
    for number in range(3):
        never.alias(f"never_{number}")(waits.alias(f"waits_{number}")(quick.alias(f"quick_{number}")()))


@job(resource_defs={"house": house, "io_manager": fs_io_manager})
def ignoring():
    never(ignores(quick()))
    never.alias("never_2")(waits(quick.alias("quick_2")()))


if __name__ == "__main__":
    from dagster._cli.main import main

    if "ignoring" in sys.argv:
        multiprocess.GRACE_SECONDS = 3.0
    sys.argv[0] = "dagster"
    main()
