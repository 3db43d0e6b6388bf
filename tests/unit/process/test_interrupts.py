from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from dagster import DagsterExecutionInterruptedError, raise_execution_interrupts
from dagster._process.interrupts import raising_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_signals_raise_and_handlers_are_put_back(number):
    before = signal.getsignal(number)
    with raise_execution_interrupts() as interrupts:
        assert signal.getsignal(number) is not before
        with pytest.raises(DagsterExecutionInterruptedError, match=f"interrupted by {number.name}"):
            signal.raise_signal(number)
    assert interrupts.received is number
    assert signal.getsignal(number) is before


def test_one_request_may_come_twice_and_an_impatient_one_counts():
    clock = [100.0]
    with raising_on_signals(RuntimeError, lambda: clock[0]) as interrupts:
        with pytest.raises(RuntimeError):
            signal.raise_signal(signal.SIGINT)
        clock[0] += 0.1
        signal.raise_signal(signal.SIGTERM)
        clock[0] += 1.0
        with pytest.raises(RuntimeError):
            signal.raise_signal(signal.SIGTERM)
        assert interrupts.received is signal.SIGINT


def test_nested():
    with raising_on_signals(RuntimeError):
        with raising_on_signals(ValueError), pytest.raises(ValueError, match="SIGINT"):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(RuntimeError):
            signal.raise_signal(signal.SIGINT)


class Finalized:
    """Sends a signal where Python drops what is raised."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("error", [RuntimeError, DagsterExecutionInterruptedError])
def test_what_a_finalizer_swallows_is_raised_after_it(error):
    waiting = threading.Event()
    with raising_on_signals(error), pytest.raises(error, match="interrupted by SIGTERM"):
        Finalized()
        waiting.wait(20)
    assert sys.unraisablehook.__module__ != "dagster._process.interrupts"


def test_what_was_held_back_until_a_finalizer_is_raised_after_it():
    class LetsGo:
        def __del__(self) -> None:
            interrupts.let_go()

    waiting = threading.Event()
    with raising_on_signals(RuntimeError) as interrupts:
        interrupts.hold()
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(RuntimeError, match="interrupted by SIGTERM"):
            LetsGo()
            waiting.wait(20)


def test_handlers_are_put_back_although_a_signal_comes_at_the_end(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RuntimeError), raising_on_signals(RuntimeError) as interrupts:
        unhook = interrupts._unhook

        def interrupted() -> None:
            unhook()
            signal.raise_signal(signal.SIGTERM)

        monkeypatch.setattr(interrupts, "_unhook", interrupted)
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_is_swallowed_at_the_very_end_harms_nobody(monkeypatch):
    timers = []

    def keep(timer: threading.Timer) -> None:
        timers.append(timer)

    monkeypatch.setattr(threading.Timer, "start", keep)
    with raising_on_signals(RuntimeError):
        Finalized()
    (timer,) = timers
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.fail("sent to somebody else's handler"))
    try:
        timer.function(*timer.args)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_errors_of_finalizers_go_where_they_went(monkeypatch):
    class Failing:
        def __del__(self) -> None:
            raise ValueError("of its own")

    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: seen.append(str(what.exc_value)))
    with raising_on_signals(RuntimeError):
        Failing()
    assert seen == ["of its own"]


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with raise_execution_interrupts():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_are_left_alone():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with raise_execution_interrupts() as interrupts:
            seen.append(interrupts.received)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [None]
    assert signal.getsignal(signal.SIGINT) is before


def test_forked_children_end_as_they_would_without_it():
    with raise_execution_interrupts():
        pid = os.fork()
        if pid == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM


@pytest.mark.parametrize("depth", [1, 3])
def test_what_must_not_be_left_half_done_is_finished(depth):
    with raising_on_signals(RuntimeError) as interrupts:
        done = []
        for _ in range(depth):
            interrupts.hold()
        signal.raise_signal(signal.SIGTERM)
        done.append("finished")
        for _ in range(depth - 1):
            interrupts.let_go()
        with pytest.raises(RuntimeError, match="SIGTERM"):
            interrupts.let_go()
        assert done == ["finished"]
        # It is raised once.
        interrupts.hold()
        interrupts.let_go()


def test_holding_without_a_signal():
    with raising_on_signals(RuntimeError) as interrupts:
        interrupts.hold()
        interrupts.let_go()
        with pytest.raises(RuntimeError):
            signal.raise_signal(signal.SIGTERM)
