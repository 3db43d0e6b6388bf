"""Workers of a real forkserver, and everything that can happen to them."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dagster._process.channel import wait_readable
from dagster._process.descent import children_of, descendants_of
from dagster._process.worker_end import WorkerEnd
from dagster._process.worker_setup import setup_of
from dagster._process.workers import WorkerProcess, Workers, WorkersUnavailable
from tests.unit.process.processes import SOON, has_ended, none_left, still_there

TARGETS = "tests.unit.process.worker_targets"
Start = Callable[..., Workers]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts workers that are ready, and ends them."""
    started: list[Workers] = []
    made: list[WorkerProcess] = []

    def start(
        target: str = "obey", payload: bytes = b"", *, is_forked: bool = True, **kwargs: Any
    ) -> Workers:
        workers = Workers(setup_of(f"{TARGETS}:{target}", payload, is_forked=is_forked, **kwargs))
        started.append(workers)
        make = workers.start

        def keep() -> WorkerProcess:
            made.append(make())
            return made[-1]

        workers.start = keep  # type: ignore[method-assign] - the channels are for the test to close
        workers.wait_until_ready()
        return workers

    yield start
    for workers in started:
        workers.close()
    for worker in made:
        worker.channel.close()


def ask(worker: WorkerProcess, *command: Any) -> Any:
    tell(worker, *command)
    answer = worker.channel.receive()
    assert answer is not None
    worker._workers.take_news()
    return json.loads(answer)


def tell(worker: WorkerProcess, *command: Any) -> None:
    worker.channel.send(json.dumps(command).encode())


def end_of(worker: WorkerProcess) -> WorkerEnd:
    end = worker.wait_for_end(SOON)
    assert end is not None
    return end


both = pytest.mark.parametrize("is_forked", [True, False], ids=["forked", "spawned"])


class TestWorking:
    @both
    def test_messages_go_there_and_back(self, start: Start, is_forked: bool) -> None:
        workers = start("echo", b"said: ", is_forked=is_forked)
        assert workers.unsafe == ""
        several = [workers.start() for _ in range(3)]
        for number, worker in enumerate(several):
            worker.channel.send(b"%d" % number)
        assert [w.channel.receive() for w in several] == [b"said: 0", b"said: 1", b"said: 2"]
        for worker in several:
            worker.channel.close()
            assert end_of(worker) == WorkerEnd(exit_code=0)
            assert worker.pid > 0
        assert len({worker.pid for worker in several}) == 3

    def test_a_forked_worker_has_what_was_prepared(
        self, start: Start, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "argv", ["the command", "--of", "the user"])
        monkeypatch.setattr(sys, "path", [*sys.path, ""])
        workers = start(preload_modules=["this", "wsgiref.validate"])
        one, two = (ask(workers.start(), "about") for _ in range(2))
        assert one["imported_in"] == two["imported_in"] == one["parent"]
        assert one["pid"] != two["pid"]
        assert one["argv"] == ["the command", "--of", "the user"]
        assert os.getcwd() in one["path"]
        assert "" not in one["path"]
        assert {"this", "wsgiref.validate"} <= set(one["modules"])

    def test_a_spawned_worker_prepares_itself(self, start: Start) -> None:
        workers = start(is_forked=False, preload_modules=["wsgiref.validate"])
        one, two = workers.start(), workers.start()
        about = ask(one, "about")
        assert about["imported_in"] == about["pid"] != ask(two, "about")["imported_in"]
        assert "wsgiref.validate" in about["modules"]
        assert about["argv"] == sys.argv

    @both
    def test_a_worker_is_a_process_like_any_other(self, start: Start, is_forked: bool) -> None:
        workers = start(is_forked=is_forked)
        first = workers.start()
        about = ask(first, "about")
        assert about["session"] == about["pid"] == first.pid
        assert about["sigint"] == str(signal.default_int_handler)
        assert about["sigterm"] == about["sigchld"] == str(signal.SIG_DFL)
        # stdin, stdout, stderr, the channel, and the directory that was being listed at most: a later
        # worker has none of those of an earlier one, nor the forkserver's.
        later = ask(workers.start(), "about")
        assert len(later["descriptors"]) == len(about["descriptors"]) <= 5

    def test_random_numbers_differ(self, start: Start) -> None:
        workers = start(preload_modules=["numpy.random", "random"])
        assert workers.unsafe == ""
        drawn = [ask(workers.start(), "numbers") for _ in range(4)]
        for column in zip(*drawn, strict=True):
            assert len(set(column)) == 4

    @both
    def test_output_is_flushed(
        self, start: Start, is_forked: bool, capfd: pytest.CaptureFixture[str]
    ) -> None:
        worker = start(is_forked=is_forked).start()
        ask(worker, "say", "hello")
        worker.channel.close()
        end_of(worker)
        assert tuple(capfd.readouterr()) == ("hello\n", "hello\n")

    @both
    def test_threads_of_the_worker_end_first(
        self, start: Start, is_forked: bool, tmp_path: Path
    ) -> None:
        worker = start(is_forked=is_forked).start()
        ask(worker, "later", str(tmp_path / "file"))
        worker.channel.close()
        assert end_of(worker) == WorkerEnd(exit_code=0)
        assert (tmp_path / "file").read_text() == "written"

    @pytest.mark.slow
    def test_hundreds_at_once(self, start: Start) -> None:
        """More than the connection to the forkserver holds, while nobody reads what it tells."""
        workers = start("echo")
        many = [workers.start() for _ in range(700)]
        for number, worker in enumerate(many):
            worker.channel.send(b"%d" % number)
        assert [w.channel.receive() for w in many] == [b"%d" % n for n in range(700)]
        for worker in many:
            worker.channel.close()
        assert {end_of(worker) for worker in many} == {WorkerEnd(exit_code=0)}
        assert len({worker.pid for worker in many}) == 700


class TestPreparation:
    @pytest.mark.parametrize(
        ("target", "words"),
        [
            ("cannot_be_made", ["LookupError: no worker for them", "Traceback"]),
            ("exits", ["SystemExit: them"]),
            ("no_such_function", ["AttributeError", "no_such_function"]),
        ],
    )
    def test_one_that_fails_tells_why(self, start: Start, target: str, words: list[str]) -> None:
        with pytest.raises(WorkersUnavailable) as caught:
            start(target, b"them")
        for word in words:
            assert word in str(caught.value)

    def test_a_module_that_is_not_there(self) -> None:
        workers = Workers(setup_of("no_such_module:x", b""))
        with pytest.raises(WorkersUnavailable, match="No module named 'no_such_module'"):
            workers.wait_until_ready()
        workers.close()

    def test_one_that_dies(self, start: Start) -> None:
        with pytest.raises(WorkersUnavailable, match="The process that prepares workers was killed"):
            start("dies")

    def test_a_spawned_worker_tells_it_itself(self, start: Start) -> None:
        worker = start("cannot_be_made", b"them", is_forked=False).start()
        message = worker.channel.receive()
        assert message is not None
        assert message.startswith(b"!Traceback")
        assert b"LookupError: no worker for them" in message
        assert worker.channel.receive() is None
        assert end_of(worker) == WorkerEnd(exit_code=1)

    @pytest.mark.parametrize("kind", [b"daemon", b"of the program"])
    def test_threads_make_forks_unsafe(self, start: Start, kind: bytes) -> None:
        workers = start("starts_a_thread", kind)
        assert workers.unsafe == "its code starts threads when it is imported (the user's own)"
        # It has ended, without waiting for the thread.
        assert has_ended(workers._server.pid)
        workers.close()
        assert workers._server.returncode == 0

    def test_what_the_imported_code_has_started_ends_with_it(self, start: Start, tmp_path: Path) -> None:
        file = tmp_path / "pids"
        assert start("starts_a_thread", str(file).encode()).unsafe
        with pytest.raises(WorkersUnavailable) as caught:
            start("fails_and_leaves_a_process")
        _, _, failed = str(caught.value).strip().rpartition(" ")
        assert still_there([int(file.read_text()), int(failed)]) == []

    def test_what_the_imported_code_has_started_stays_for_all_workers(self, start: Start) -> None:
        workers = start("starts_a_process")
        first, crash, last = (workers.start() for _ in range(3))
        helper = ask(first, "helper")
        first.channel.close()
        end_of(first)
        tell(crash, "die", signal.SIGKILL)
        end_of(crash)
        assert ask(last, "helper") == helper
        assert not has_ended(helper, 0)
        workers.close()
        assert has_ended(helper)

    def test_ending_one_that_takes_forever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("dagster._process.workers.END_SECONDS", 0.05)
        workers = Workers(setup_of(f"{TARGETS}:breaks_after_a_while", b""))
        workers.close()
        assert has_ended(workers._server.pid, 0)


class TestEnds:
    @both
    @pytest.mark.parametrize(
        ("command", "end"),
        [
            (("exit", 0), WorkerEnd(exit_code=0)),
            (("exit", 3), WorkerEnd(exit_code=3)),
            (("exit", "a text"), WorkerEnd(exit_code=1)),
            (("leave", 0), WorkerEnd(exit_code=0)),
            (("leave", 42), WorkerEnd(exit_code=42)),
            (("fail", "x"), WorkerEnd(exit_code=1)),
            (("die", signal.SIGKILL), WorkerEnd(signal_number=signal.SIGKILL)),
            (("die", signal.SIGSEGV), WorkerEnd(signal_number=signal.SIGSEGV)),
            (("die", signal.SIGTERM), WorkerEnd(signal_number=signal.SIGTERM)),
            (("die", signal.SIGUSR2), WorkerEnd(signal_number=signal.SIGUSR2)),
        ],
    )
    def test_they_are_told_apart(
        self, start: Start, is_forked: bool, command: tuple[Any, ...], end: WorkerEnd
    ) -> None:
        worker = start(is_forked=is_forked).start()
        tell(worker, *command)
        assert worker.channel.receive() is None
        assert end_of(worker) == end

    def test_an_error_is_shown(self, start: Start, capfd: pytest.CaptureFixture[str]) -> None:
        worker = start().start()
        tell(worker, "fail", "why it failed")
        end_of(worker)
        assert "RuntimeError: why it failed" in capfd.readouterr().err

    def test_signals_and_kills_reach_the_one_they_are_for(self, start: Start) -> None:
        workers = start()
        one, two, three = (workers.start() for _ in range(3))
        one.signal(signal.SIGTERM)
        two.kill()
        assert end_of(one) == WorkerEnd(signal_number=signal.SIGTERM)
        assert end_of(two) == WorkerEnd(signal_number=signal.SIGKILL)
        assert three.wait_for_end(0) is None
        about = ask(three, "about")
        assert about["pid"] == three.pid
        # To those that have ended nothing can be sent any more.
        one.kill()
        two.signal(signal.SIGTERM)
        assert one.end == WorkerEnd(signal_number=signal.SIGTERM)

    def test_one_that_ignores_a_signal_is_killed(self, start: Start) -> None:
        worker = start().start()
        ask(worker, "ignore", signal.SIGTERM)
        worker.signal(signal.SIGTERM)
        assert ask(worker, "about")
        worker.kill()
        assert end_of(worker).signal_name == "SIGKILL"

    def test_news_can_be_waited_for(self, start: Start) -> None:
        workers = start()
        worker = workers.start()
        tell(worker, "die", signal.SIGSEGV)
        while worker.end is None:
            assert workers.watched is not None
            assert wait_readable([workers.watched], SOON)
            workers.take_news()
        assert worker.end.signal_name == "SIGSEGV"

    def test_a_fork_that_fails_ends_that_worker_alone(self, start: Start) -> None:
        workers = start("cannot_fork")
        one, two = workers.start(), workers.start()
        assert two.channel.receive() is None
        assert end_of(two) == WorkerEnd(start_error="Resource temporarily unavailable")
        two.signal(signal.SIGTERM)
        two.kill()
        assert ask(one, "about")["pid"] == one.pid
        assert one.wait_for_end(0) is None

    @pytest.mark.slow
    def test_three_hundred_in_random_ways(self, start: Start) -> None:
        workers = start()
        chance = random.Random(4)
        ways: list[tuple[tuple[Any, ...], WorkerEnd]] = [
            (("exit", 0), WorkerEnd(exit_code=0)),
            (("leave", 7), WorkerEnd(exit_code=7)),
            (("die", 9), WorkerEnd(signal_number=9)),
            (("die", 11), WorkerEnd(signal_number=11)),
            (("die", 15), WorkerEnd(signal_number=15)),
        ]
        expected: list[tuple[WorkerProcess, WorkerEnd]] = []
        for _ in range(300):
            command, end = chance.choice(ways)
            worker = workers.start()
            tell(worker, *command)
            expected.append((worker, end))
            if chance.random() < 0.1:
                workers.take_news()
        for worker, end in expected:
            assert end_of(worker) == end
        assert not workers._workers
        assert not workers._asked


KINDS = ["child", "forked", "session", "lost", "lost_session", "shell"]


class TestDescendants:
    @pytest.fixture(autouse=True)
    def directory(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    @pytest.mark.parametrize("way", ["kill", "die", "fail"])
    def test_those_of_a_worker_that_is_killed_or_crashes_are_gone(self, start: Start, way: str) -> None:
        worker = start().start()
        pids = [pid for kind in KINDS for pid in ask(worker, "start", kind)]
        assert len(pids) == len(KINDS)
        assert not any(has_ended(pid, 0) for pid in pids)
        if way == "kill":
            worker.kill()
        else:
            tell(worker, way, 9)
        end_of(worker)
        assert still_there(pids) == []

    def test_those_of_others_are_not(self, start: Start) -> None:
        workers = start()
        good, alive, crash = (workers.start() for _ in range(3))
        left = [pid for kind in KINDS for pid in ask(good, "start", kind)]
        good.channel.close()
        assert end_of(good) == WorkerEnd(exit_code=0)
        kept = [pid for kind in KINDS for pid in ask(alive, "start", kind)]
        gone = [pid for kind in KINDS for pid in ask(crash, "start", kind)]
        tell(crash, "die", signal.SIGSEGV)
        end_of(crash)
        assert still_there(gone) == []
        # Another crash, now that they have been seen.
        second = workers.start()
        second.kill()
        end_of(second)
        assert [pid for pid in (*left, *kept) if has_ended(pid, 0)] == []
        workers.close()
        assert still_there([*left, *kept]) == []

    def test_closing_ends_everything(self, start: Start) -> None:
        workers = start()
        several = [workers.start() for _ in range(3)]
        pids = [pid for w in several for kind in KINDS for pid in ask(w, "start", kind)]
        pids += [worker.pid for worker in several]
        workers.close()
        assert still_there(pids, 0) == []
        assert children_of(os.getpid()).isdisjoint(pids)
        workers.close()

    def test_a_process_that_starts_others_all_the_time(self, start: Start) -> None:
        workers = start()
        worker = workers.start()
        ask(worker, "breed", 3)
        other = workers.start()
        while len(descendants_of(worker.pid)) < 40:
            ask(other, "about")
        worker.kill()
        end_of(worker)
        mark = workers._mark
        known = {workers._server.pid, other.pid}
        # Each of them is found when the one that started it has ended.
        left = set(none_left(mark, 0)) - known
        assert still_there(left) == []
        assert set(none_left(mark, 0)) == known

    def test_a_worker_whose_end_is_held_open_by_its_child(self, start: Start) -> None:
        """Programs that a worker starts do not get its channel."""
        for is_forked in (True, False):
            worker = start(is_forked=is_forked).start()
            ask(worker, "start", "shell")
            tell(worker, "leave", 0)
            assert worker.channel.receive() is None


class TestSuddenDeath:
    def test_of_the_forkserver(self, start: Start, tmp_path: Path, monkeypatch: Any) -> None:
        monkeypatch.chdir(tmp_path)
        workers = start()
        several = [workers.start() for _ in range(3)]
        pids = [pid for kind in KINDS for pid in ask(several[0], "start", kind)]
        pids += [ask(worker, "about")["pid"] for worker in several]
        os.kill(workers._server.pid, signal.SIGKILL)
        for worker in several:
            assert end_of(worker).signal_name == "SIGKILL"
        assert workers.watched is None
        several[0].kill()
        with pytest.raises(WorkersUnavailable, match="makes workers was killed by SIGKILL"):
            workers.start()
        # What it could not clear away itself is found by its mark.
        assert still_there(pids) == []
        workers.close()

    def test_of_the_forkserver_told_by_a_start(self, start: Start) -> None:
        workers = start()
        worker = workers.start()
        os.kill(workers._server.pid, signal.SIGKILL)
        assert has_ended(workers._server.pid)
        with pytest.raises(WorkersUnavailable):
            workers.start()
        assert worker.end == WorkerEnd(signal_number=signal.SIGKILL)
        workers.close()

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV])
    def test_of_the_forkserver_by_another_signal(
        self, start: Start, number: int, tmp_path: Path, monkeypatch: Any
    ) -> None:
        monkeypatch.chdir(tmp_path)
        workers = start()
        pids = [pid for kind in KINDS for pid in ask(workers.start(), "start", kind)]
        os.kill(workers._server.pid, number)
        workers.close()
        assert still_there(pids) == []

    @pytest.mark.parametrize("in_thread", [False, True])
    @both
    def test_of_the_parent(self, tmp_path: Path, is_forked: bool, in_thread: bool) -> None:
        program = f"""
            import json, threading, time
            from dagster._process.worker_setup import setup_of
            from dagster._process.workers import Workers

            def work():
                workers = Workers(setup_of("{TARGETS}:obey", b"", is_forked={is_forked}))
                workers.wait_until_ready()
                several = [workers.start() for _ in range(3)]
                for worker in several:
                    for kind in {KINDS}:
                        worker.channel.send(json.dumps(["start", kind]).encode())
                        worker.channel.receive()
                several[0].channel.send(b'["forever"]')
                print("ready", flush=True)
                time.sleep(1000)

            if {in_thread}:
                thread = threading.Thread(target=work)
                thread.start()
                thread.join()
            else:
                work()
        """
        mark = f"mark-{os.urandom(8).hex()}"
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program), mark],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "MARK": mark},
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            assert len(none_left(mark, 0)) >= 1 + 1 + 3 + 3 * len(KINDS)
            process.kill()
        assert none_left(mark) == {}

    def test_of_the_parent_while_it_is_prepared(self) -> None:
        program = f"""
            import time
            from dagster._process.worker_setup import setup_of
            from dagster._process.workers import Workers
            workers = Workers(setup_of("{TARGETS}:breaks_after_a_while", b""))
            print(workers._server.pid, flush=True)
            time.sleep(1000)
        """
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        ) as process:
            assert process.stdout is not None
            server = int(process.stdout.readline())
            assert not has_ended(server, 0.3)
            process.kill()
        assert has_ended(server)
