"""The workers of a run, with a real forkserver."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import dagster._time as _time
from dagster._core.executor.worker_pool import BusyWorker, WorkerPool
from dagster._process.worker_end import WorkerEnd
from dagster._process.worker_setup import setup_of
from dagster._process.workers import WorkerProcess, Workers
from tests.unit.process.processes import has_ended, still_there

SETUP = "tests.unit.process.worker_targets:obey"


class Pool(WorkerPool):
    """A pool whose steps are commands."""

    def __init__(self, size: int, steps_per_worker: int | None) -> None:
        self.started: list[Workers] = []
        self.steps = 0
        self.heard: list[tuple[BusyWorker, Any]] = []
        super().__init__(self._start_workers, size, steps_per_worker)

    def _start_workers(self) -> Workers:
        workers = Workers(setup_of(SETUP, b""))
        workers.wait_until_ready()
        self.started.append(workers)
        return workers

    @property
    def idle(self) -> list[WorkerProcess]:
        return [process for process, _ in self._idle]

    def send(self, *command: Any) -> BusyWorker:
        self.steps += 1
        step: Any = SimpleNamespace(key=f"step {self.steps}")
        return self.give(step, 0, json.dumps(command).encode(), _time.monotonic())

    def hear(self) -> list[tuple[BusyWorker, Any]]:
        """What came, and from whom; None stands for an end."""
        heard: list[tuple[BusyWorker, Any]] = []
        for worker in self.wait(20):
            channel = worker.process.channel
            if channel.is_open:
                heard += [(worker, json.loads(m)) for m in channel.read_available()]
            if not channel.is_open:
                worker.lost_at = _time.monotonic()
                if worker.process.end is not None:
                    heard.append((worker, None))
        return heard

    def hear_of(self, worker: BusyWorker) -> Any:
        while True:
            for place, (other, answer) in enumerate(self.heard):
                if other is worker:
                    del self.heard[place]
                    return answer
            self.heard += self.hear()


@pytest.fixture
def make() -> Iterator[Callable[..., Pool]]:
    pools: list[Pool] = []

    def make(size: int = 2, steps_per_worker: int | None = 1) -> Pool:
        pools.append(Pool(size, steps_per_worker))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


Make = Callable[..., Pool]


class TestAhead:
    def test_as_many_as_there_are_steps_for(self, make: Make) -> None:
        pool = make(3)
        pool.start_ahead(2)
        assert len(pool.idle) == 2
        pool.start_ahead(10)
        assert len(pool.idle) == 3
        first = pool.idle[-1]
        assert pool.send("about").process is first
        # Each worker runs one step, so that another one is wanted while it does.
        pool.start_ahead(10)
        assert len(pool.idle) == 3
        pool.start_ahead(0)
        assert len(pool.idle) == 3

    def test_those_that_are_used_again_are_counted(self, make: Make) -> None:
        pool = make(3, None)
        pool.send("about")
        pool.start_ahead(10)
        assert len(pool.idle) == 2

    def test_without(self, make: Make) -> None:
        pool = make()
        assert pool.hear_of(pool.send("about"))["session"] > 0


class TestUse:
    def test_room(self, make: Make) -> None:
        pool = make(2)
        assert pool.has_room
        one = pool.send("about")
        two = pool.send("forever")
        assert not pool.has_room
        pool.hear_of(one)
        pool.free(one)
        assert pool.has_room
        assert list(pool.busy.values()) == [two]

    @pytest.mark.parametrize(("steps", "processes"), [(1, 6), (2, 3), (4, 2), (None, 1)])
    def test_how_often(self, make: Make, steps: int | None, processes: int) -> None:
        pool = make(1, steps)
        pids: list[int] = []
        for left in range(6, 0, -1):
            pool.start_ahead(left)
            worker = pool.send("about")
            pids.append(pool.hear_of(worker)["pid"])
            pool.free(worker)
        assert len(set(pids)) == processes

    def test_one_that_was_told_to_end_is_not_used_again(self, make: Make) -> None:
        """The signal may come late, and would end the next step."""
        pool = make(1, None)
        worker = pool.send("ignore", int(signal.SIGTERM))
        pool.hear_of(worker)
        pool.terminate(worker, "a limit")
        assert worker.killed_because == "a limit"
        pool.free(worker)
        assert pool.idle == []
        next_worker = pool.send("about")
        assert next_worker.process is not worker.process
        assert pool.hear_of(next_worker)

    def test_one_that_was_killed_while_it_waited_is_replaced(self, make: Make) -> None:
        pool = make(2)
        pool.start_ahead(2)
        doomed = pool.idle[-1]
        doomed.kill()
        assert doomed.wait_for_end(20) is not None
        worker = pool.send("about")
        assert worker.process is not doomed
        assert pool.hear_of(worker)


class TestEnds:
    def test_of_a_worker(self, make: Make) -> None:
        pool = make(3)
        crash, kill, other = pool.send("leave", 5), pool.send("forever"), pool.send("forever")
        assert pool.hear_of(crash) is None
        assert crash.process.end == WorkerEnd(exit_code=5)
        pool.forget(crash)
        pool.kill(kill, "because")
        assert pool.hear_of(kill) is None
        assert kill.killed_because == "because"
        assert kill.process.end == WorkerEnd(signal_number=signal.SIGKILL)
        pool.forget(kill)
        assert list(pool.busy.values()) == [other]

    def test_of_one_whose_child_keeps_the_channel_open(self, make: Make) -> None:
        """A child that was forked and runs on has all descriptors. It must not make the run wait."""
        pool = make()
        worker = pool.send("start", "forked")
        (child,) = pool.hear_of(worker)
        worker.process.channel.send(json.dumps(["leave", 0]).encode())
        assert pool.hear_of(worker) is None
        assert worker.process.end == WorkerEnd(exit_code=0)
        assert not has_ended(child, 0)
        pool.forget(worker)

    def test_last_words_come_before_the_end(self, make: Make) -> None:
        pool = make()
        worker = pool.send("about")
        worker.process.channel.send(json.dumps(["die", 11]).encode())
        while worker.process.end is None:
            worker.process.wait_for_end(20)
        assert pool.hear_of(worker)["pid"] == worker.process.pid
        assert pool.hear_of(worker) is None
        assert worker.process.end.signal_name == "SIGSEGV"

    def test_of_the_forkserver_while_steps_run(self, make: Make) -> None:
        pool = make(3)
        busy = [pool.send("forever"), pool.send("forever")]
        pool.start_ahead(3)
        os.kill(pool.started[0]._server.pid, signal.SIGKILL)
        assert pool.hear_of(busy[0]) is None
        pool.forget(busy[0])
        assert pool.hear_of(busy[1]) is None
        pool.forget(busy[1])
        assert {w.process.end for w in busy} == {WorkerEnd(signal_number=signal.SIGKILL)}
        for _ in range(4):
            worker = pool.send("about")
            assert pool.hear_of(worker)
            pool.free(worker)
        assert len(pool.started) == 2

    def test_of_the_forkserver_noticed_by_the_next_step(self, make: Make) -> None:
        """The steps that ran are heard of as ended, though nothing more comes from the old one."""
        pool = make(3)
        busy = [pool.send("about"), pool.send("about")]
        # One that has just been forked has what is the server's for a moment, and would hold it open.
        while len(pool.wait(20)) < 2:
            """Both have something to say."""
        os.kill(pool.started[0]._server.pid, signal.SIGKILL)
        assert has_ended(pool.started[0]._server.pid)
        later = pool.send("about")
        assert len(pool.started) == 2
        assert pool.hear_of(later)["pid"] != busy[0].process.pid
        pool.free(later)
        for worker in busy:
            while pool.hear_of(worker) is not None:
                """What it had sent before is not lost."""
            assert worker.process.end == WorkerEnd(signal_number=signal.SIGKILL)
            pool.forget(worker)

    def test_closing(self, make: Make) -> None:
        pool = make(3, None)
        for _ in range(3):
            pool.send("forever")
        pool.start_ahead(10)
        pool.wait(0.2)
        pids = [worker.process.pid for worker in pool.busy.values()]
        pool.close()
        assert still_there([pid for pid in pids if pid], 0) == []


class TestFinish:
    def test_those_that_wait_say_their_last_words(self, make: Make, tmp_path: Any) -> None:
        pool = make(2, None)
        used = [pool.send("later", str(tmp_path / name)) for name in ("one", "two")]
        for worker in used:
            pool.hear_of(worker)
            pool.free(worker)
        pool.start_ahead(1)
        taken: list[bytes] = []
        pool.finish(lambda _process, message: taken.append(message))
        assert taken == []
        assert {worker.process.end for worker in used} == {WorkerEnd(exit_code=0)}
        assert [(tmp_path / name).read_text() for name in ("one", "two")] == ["written"] * 2

    def test_it_does_not_wait_beyond_its_deadline(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("dagster._core.executor.worker_pool.END_SECONDS", 0.05)
        pool = make(3, None)
        used = [pool.send("about") for _ in range(3)]
        for worker in used:
            pool.hear_of(worker)
            # It does not end when it is told that there is no more to do, since it does not listen.
            worker.process.channel.send(json.dumps(["forever"]).encode())
            pool.free(worker)
        started = _time.monotonic()
        pool.finish(lambda _process, _message: None, started + 0.1)
        assert _time.monotonic() - started < 5
        pool.close()
        assert still_there([worker.process.pid for worker in used if worker.process.pid]) == []
