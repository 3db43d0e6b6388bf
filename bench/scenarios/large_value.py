"""100 MB from one op to the next through the filesystem I/O manager, against pickle itself."""

from __future__ import annotations

import json
import os
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dagster import fs_io_manager, job, op

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
VALUE = os.urandom(1_000_000) * 100


@op
def produce() -> bytes:
    """Give 100 MB."""
    return VALUE


@op
def consume(value: bytes) -> int:
    """Take them."""
    return len(value)


def raw(directory: Path) -> float:
    """Return the seconds that it takes to write the value with pickle and to read it back."""
    start = time.perf_counter()
    with (directory / "raw").open("wb") as file:
        pickle.dump(VALUE, file, protocol=pickle.HIGHEST_PROTOCOL)
    with (directory / "raw").open("rb") as file:
        loaded = pickle.load(file)
    assert len(loaded) == len(VALUE)
    del loaded  # a job's steps let go of their values too, and unmapping 100 MB takes its time
    return time.perf_counter() - start


def through_manager(directory: Path) -> float:
    """Return the seconds that the same takes as a job of two ops."""

    @job(resource_defs={"io_manager": fs_io_manager.configured({"base_dir": str(directory)})})
    def large_value() -> None:
        """Produce, consume."""
        consume(produce())

    start = time.perf_counter()
    result = large_value.execute_in_process(run_config=QUIET)
    assert result.success
    return time.perf_counter() - start


def in_new_directory(measure: Callable[[Path], float]) -> float:
    """Measure in a directory of its own: overwriting a file costs less than writing a new one."""
    with tempfile.TemporaryDirectory() as name:
        return measure(Path(name))


if __name__ == "__main__":
    ratios, seconds = [], []
    for repeat in range(8):
        base = in_new_directory(raw)
        taken = in_new_directory(through_manager)
        if repeat > 0:  # the first pays for what is loaded late
            seconds.append(taken)
            ratios.append(taken / base)
    print(
        json.dumps(
            {"seconds": statistics.median(seconds), "times raw pickle": statistics.median(ratios)}
        )
    )
