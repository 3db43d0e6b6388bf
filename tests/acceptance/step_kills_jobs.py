"""Jobs of test_step_kills.py: steps that end in every way that a process can."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from dagster import JobDefinition, fs_io_manager, graph, op

#: How many steps are killed in each job.
KILLED = 50
JOBS = 4
POOL = "kills"


class Unpicklable(Exception):
    """An error that cannot be sent to another process."""

    def __init__(self, text: str, more: object) -> None:
        super().__init__(text)
        self.more = more

    def __reduce__(self) -> Any:
        raise TypeError("cannot be pickled")


def forever() -> None:
    while True:
        time.sleep(60)


def raise_error() -> None:
    raise ValueError("a plain error")


def sys_exit() -> None:
    sys.exit(3)


def os_exit() -> None:
    os._exit(7)


def os_exit_well() -> None:
    os._exit(0)


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    forever()


def segfault() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), signal.SIGSEGV)
    forever()


def terminated() -> None:
    subprocess.Popen(["sh", "-c", "kill -TERM $PPID"])
    forever()


def out_of_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    bytearray(1 << 34)


def unpicklable() -> None:
    raise Unpicklable("an error that cannot be pickled", lambda: None)


def close_descriptors() -> None:
    os.closerange(3, 256)


def close_all_descriptors_and_wait() -> None:
    os.closerange(0, 256)
    forever()


def hang() -> None:
    forever()


def hang_and_ignore() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    forever()


def exit_with_a_child() -> None:
    """What is forked has all descriptors, the connection to the run included."""
    if os.fork() == 0:
        forever()
    os._exit(0)


def die_with_family() -> None:
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
    os.system("sleep 1000 &")
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            forever()
        os._exit(0)
    os.wait()
    os.kill(os.getpid(), signal.SIGKILL)
    forever()


#: Each way with what the error says, and the tags of the step.
WAYS: dict[str, tuple[Callable[[], None], str, dict[str, str]]] = {
    "raise_error": (raise_error, r"ValueError: a plain error", {}),
    "sys_exit": (sys_exit, r"SystemExit: 3", {}),
    "os_exit": (os_exit, r"exited with code 7 before the step was over", {}),
    "os_exit_well": (os_exit_well, r"exited with code 0 before the step was over", {}),
    "killed": (killed, r"was killed by SIGKILL: somebody killed it", {}),
    "segfault": (segfault, r"was ended by SIGSEGV: it crashed", {}),
    "terminated": (terminated, r"Execution was interrupted by SIGTERM", {}),
    "out_of_memory": (out_of_memory, r"MemoryError", {}),
    "unpicklable": (unpicklable, r"Unpicklable: an error that cannot be pickled", {}),
    "close_descriptors": (close_descriptors, r"closed its connection to the run, and was ended", {}),
    "close_all": (
        close_all_descriptors_and_wait,
        r"closed its connection to the run, and was ended",
        {},
    ),
    "hang": (
        hang,
        r"was ended, since the step exceeded its maximum runtime of 0\.6 s",
        {"dagster/max_runtime": "0.6"},
    ),
    "hang_and_ignore": (
        hang_and_ignore,
        r"was ended, since the step exceeded its maximum runtime of 0\.4 s",
        {"dagster/max_runtime": "0.4"},
    ),
    "exit_with_a_child": (exit_with_a_child, r"exited with code 0 before the step was over", {}),
    "die_with_family": (die_with_family, r"was killed by SIGKILL: somebody killed it", {}),
}


def _op_of(name: str) -> Any:
    end, _, tags = WAYS[name]

    @op(name=name, tags=tags, pool=POOL)
    def killed_step(context) -> int:
        print(f"last words of {context.op_handle}", flush=True)
        print(f"last complaint of {context.op_handle}", file=sys.stderr, flush=True)
        end()
        return 0

    return killed_step


OPS = {name: _op_of(name) for name in WAYS}


@op(pool=POOL)
def beside(context) -> int:
    context.log.info("beside")
    return 1


@op
def after_it(number: int) -> int:
    return number + 1


@op
def never(_nothing) -> None:
    """Takes what a killed step would have given."""


def ways_of(number: int) -> list[str]:
    """The ways in which the steps of a job are killed, each equally often over all jobs."""
    names = list(WAYS)
    all_of_them = [names[n % len(names)] for n in range(KILLED * JOBS)]
    random.Random(20).shuffle(all_of_them)
    return all_of_them[number * KILLED : (number + 1) * KILLED]


def _job_of(number: int) -> JobDefinition:
    @graph(name=f"kills_{number}")
    def kills():
        for place, name in enumerate(ways_of(number)):
            never.alias(f"never_{place}")(OPS[name].alias(f"{name}_{place}")())
            after_it.alias(f"after_{place}")(beside.alias(f"beside_{place}")())

    return kills.to_job(resource_defs={"io_manager": fs_io_manager})


def kills_0() -> JobDefinition:
    return _job_of(0)


def kills_1() -> JobDefinition:
    return _job_of(1)


def kills_2() -> JobDefinition:
    return _job_of(2)


def kills_3() -> JobDefinition:
    return _job_of(3)
