"""A program that carries out runs, one after the other, each in a process forked from it. Run by a test.

It imports the job once. Each line of its input is an order; it answers with the id of the process that carries
the order out, and with the exit code of that process when it has ended (minus the signal that ended it). The order has the environment of
the process, what to do (``start``, ``resume``, ``command``), and the point at which the process kills itself,
unless it is killed from outside:

- ``{"kind": "event", "number": n}``: when the run has yielded that many events;
- ``{"kind": "commit", "number": n, "seconds": s}``: so long after that commit of events has begun;
- ``{"kind": "statement", "number": n}``: when the database is about to carry out that statement, COMMIT
  included;
- ``{"kind": "value", …}``: see killed_run_job.py.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from typing import Any

import sqlalchemy as sa

from dagster import DagsterInstance, execute_job, reconstructable
from dagster._cli.main import main as command_line
from dagster._core.instance.event_writer import EventWriter
from dagster._core.runner.resume import resume_run
from dagster._core.runner.run import RunExecution
from tests.acceptance import killed_run_job as jobs


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_event(number: int) -> None:
    events_of = RunExecution.events

    def events(self: RunExecution) -> Any:
        for count, event in enumerate(events_of(self), 1):
            yield event
            if count == number:
                die()

    RunExecution.events = events


def die_in_commit(number: int, seconds: float) -> None:
    flush, counter = EventWriter.flush, itertools.count(1)

    def die_later() -> None:
        time.sleep(seconds)
        die()

    def counted(self: EventWriter) -> None:
        if next(counter) == number:
            threading.Thread(target=die_later).start()
        flush(self)

    EventWriter.flush = counted


def die_at_statement(number: int) -> None:
    counter = itertools.count(1)

    def count(_statement: str) -> None:
        if next(counter) == number:
            die()

    connect = sqlite3.connect

    def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(count)
        return connection

    sqlite3.connect = sqlite3.dbapi2.connect = traced

    def commits(connection: sa.Connection) -> None:
        if connection.dialect.name != "sqlite":
            count("COMMIT")

    def begins_statement(connection: sa.Connection, *_: Any) -> None:
        if connection.dialect.name != "sqlite":
            count("")

    sa.event.listen(sa.Engine, "before_cursor_execute", begins_statement)
    sa.event.listen(sa.Engine, "commit", commits)


def prepare_death(point: dict[str, Any]) -> None:
    kind = point.get("kind")
    if kind == "event":
        die_at_event(point["number"])
    elif kind == "commit":
        die_in_commit(point["number"], point["seconds"])
    elif kind == "statement":
        die_at_statement(point["number"])


def carry_out(order: dict[str, Any]) -> bool:
    """Carry out an order, and return whether the run has ended well."""
    os.environ.update(order["environment"])
    os.environ[jobs.WORKER] = str(os.getpid())
    os.environ[jobs.POINT] = json.dumps(order["point"])
    prepare_death(order["point"])
    job = reconstructable(jobs.killed_run)
    if order["do"] == "command":
        sys.argv = ["dagster", "run", "resume", order["run_id"], *order["options"]]
        command_line()
    with DagsterInstance.get() as instance:
        if order["do"] == "start":
            with execute_job(job, instance, order["run_config"], tags=order["tags"]) as result:
                return result.success
        run = instance.get_run_by_id(order["run_id"])
        assert run is not None
        with resume_run(job, run, instance, force=order["force"]) as result:
            return result.success


def main() -> None:
    answers = os.dup(1)
    os.dup2(2, 1)
    os.write(answers, b"0\n")  # ready
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            code = 3
            try:
                os.close(answers)
                code = 0 if carry_out(order) else 1
            except SystemExit as exc:
                code = exc.code if isinstance(exc.code, int) else 2
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        os.write(answers, f"{pid}\n".encode())
        _, status = os.waitpid(pid, 0)
        os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())


if __name__ == "__main__":
    main()
