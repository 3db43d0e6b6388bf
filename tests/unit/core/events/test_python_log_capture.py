# Loggers that no other test may see, and calls that are wrong on purpose:
# ruff: noqa: LOG001
from __future__ import annotations

import asyncio
import contextvars
import logging
import threading

import pytest

from dagster._core.events import python_log_capture
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.events.python_log_capture import (
    current_capturer,
    get_dagster_logger,
)


class Collector(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)

    @property
    def messages(self):
        return [getattr(r, "orig_message", r.msg) for r in self.records]


@pytest.fixture
def lib():
    """A logger as a library has it, forgotten after the test."""
    name = "dagwerk_test_lib"
    logger = logging.getLogger(name)
    yield logger
    logger.handlers.clear()
    logger.setLevel(logging.NOTSET)
    for known in [n for n in logging.Logger.manager.loggerDict if n.split(".")[0] == name]:
        del logging.Logger.manager.loggerDict[known]


@pytest.fixture(autouse=True)
def _nothing_left():
    root_handlers, root_level = list(logging.root.handlers), logging.root.level
    yield
    assert python_log_capture._active == {}
    assert python_log_capture._attachments == {}
    assert current_capturer() is None
    assert (logging.root.handlers, logging.root.level) == (root_handlers, root_level)


def make(*managed, level=0, loggers=()):
    entries = []
    console, collector = logging.Logger("console"), Collector()
    console.addHandler(collector)
    log = DagsterLogManager.create(
        [console, *loggers],
        run_id="r",
        job_name="j",
        sink=entries.append,
        managed_loggers=managed,
        level=level,
    )
    return log, entries, collector


class capturing:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.begin_python_log_capture()

    def __exit__(self, *exc):
        self.log.end_python_log_capture()


def test_managed_loggers_are_captured_and_left_as_found(lib):
    own = Collector()
    lib.addHandler(own)
    log, entries, collector = make(lib)
    lib.warning("before")
    with capturing(log.with_tags(step_key="s")):
        lib.warning("during %d", 1)
    lib.warning("after")
    assert [(e.user_message, e.level, e.step_key) for e in entries] == [("during 1", 30, "s")]
    assert collector.messages == ["during 1"]
    record = collector.records[0]
    assert (record.name, record.step_key, record.funcName) == (
        "console",
        "s",
        "test_managed_loggers_are_captured_and_left_as_found",
    )
    assert own.messages == ["before", "during %d", "after"]
    assert lib.handlers == [own]


def test_managed_by_name_and_children(lib):
    log, entries, _ = make(lib.name)
    with capturing(log):
        logging.getLogger(f"{lib.name}.deep.er").error("x")
    assert [e.user_message for e in entries] == ["x"]


def test_root_is_managed_by_name(lib):
    log, entries, _ = make("root")
    with capturing(log):
        lib.error("x")
        logging.error("y")  # noqa: LOG015
    assert [e.user_message for e in entries] == ["x", "y"]


def test_child_and_parent_managed_give_one_entry(lib):
    log, entries, collector = make("root", lib.name, f"{lib.name}.child")
    with capturing(log):
        logging.getLogger(f"{lib.name}.child").error("x")
        logging.getLogger(f"{lib.name}.child").error("x")
    assert [e.user_message for e in entries] == ["x", "x"]
    assert collector.messages == ["x", "x"]


def test_errors_of_captured_records_are_kept(lib):
    log, entries, _ = make(lib)
    with capturing(log):
        try:
            raise ValueError("inner")
        except ValueError:
            lib.exception("x")
        lib.error("y", exc_info=True)
    assert "inner" in entries[0].error_info.message
    assert entries[1].error_info is None


def test_a_logger_of_the_run_that_is_managed_prints_once(lib):
    own = Collector()
    lib.addHandler(own)
    lib.setLevel(logging.INFO)
    log, entries, collector = make(lib, loggers=[lib])
    with capturing(log):
        lib.info("direct")
        log.info("through the run")
    assert own.messages == ["direct", "through the run"]
    assert [e.user_message for e in entries] == ["direct", "through the run"]
    assert collector.messages == ["direct", "through the run"]


def test_a_logger_of_the_run_below_a_managed_root_prints_once(lib):
    own = Collector()
    lib.addHandler(own)
    log, entries, _ = make("root", loggers=[lib])
    with capturing(log):
        logging.getLogger(f"{lib.name}.child").error("from below")
        log.error("through the run")
    assert own.messages == ["from below", "through the run"]
    assert [e.user_message for e in entries] == ["from below", "through the run"]


def test_levels(lib):
    log, entries, _ = make(lib, level="INFO")
    with capturing(log):
        assert lib.level == logging.INFO
        lib.debug("a")
        lib.info("b")
    assert lib.level == logging.NOTSET
    assert [e.user_message for e in entries] == ["b"]
    keeping, entries, _ = make(lib)
    lib.setLevel(logging.ERROR)
    with capturing(keeping):
        lib.warning("c")
    assert lib.level == logging.ERROR
    assert entries == []


def test_a_level_that_user_code_sets_meanwhile_stays(lib):
    log, _, _ = make(lib, level="INFO")
    with capturing(log):
        lib.setLevel(logging.ERROR)
    assert lib.level == logging.ERROR


def test_nested_captures(lib):
    log, entries, _ = make(lib)
    step = log.with_tags(step_key="s")
    with capturing(log):
        with capturing(step):
            with capturing(step):
                lib.error("deep")
            lib.error("in")
        lib.error("out")
    lib.error("gone")
    assert [(e.user_message, e.step_key) for e in entries] == [("deep", "s"), ("in", "s"), ("out", None)]
    assert lib.handlers == []


def test_a_handler_removed_by_user_code_comes_back_with_the_next_capture(lib):
    log, entries, _ = make(lib)
    with capturing(log):
        lib.handlers.clear()
        with capturing(log):
            lib.error("x")
    assert [e.user_message for e in entries] == ["x"]


def test_an_end_without_a_begin_changes_nothing(lib):
    log, _, _ = make(lib)
    log.end_python_log_capture()
    other, entries, _ = make(lib)
    with capturing(other):
        log.end_python_log_capture()
        lib.error("x")
    assert [e.user_message for e in entries] == ["x"]


def test_a_storage_that_logs_to_a_managed_logger_does_not_recurse(lib):
    entries = []

    def sink(entry):
        entries.append(entry)
        lib.error("inserting")

    log = DagsterLogManager.create(sink=sink, managed_loggers=[lib])
    with capturing(log):
        lib.error("a")
        log.info("b")
    assert [e.user_message for e in entries] == ["a", "b"]


def test_a_handler_that_logs_to_captured_loggers_does_not_recurse(lib):
    class Chatty(logging.Handler):
        def emit(self, record):
            lib.error("chat")
            get_dagster_logger().error("chat")

    entries = []
    log = DagsterLogManager.create(handlers=[Chatty()], managed_loggers=[lib], sink=entries.append)
    with capturing(log):
        log.info("a")
        lib.error("b")
        get_dagster_logger().error("c")
    assert [e.user_message for e in entries] == ["a", "b", "c"]


def test_dagster_logger_names_and_level():
    base = get_dagster_logger()
    named = get_dagster_logger("flights")
    assert (base.name, named.name) == ("dagster.builtin", "dagster.builtin.flights")
    assert base.getEffectiveLevel() == named.getEffectiveLevel() == logging.DEBUG
    assert get_dagster_logger("flights") is named
    assert len(named.filters) == len(base.filters) == 1


def test_dagster_logger_in_a_step_goes_to_the_run_exactly_once(caplog, capsys):
    log, entries, collector = make()
    own = Collector()
    logging.root.addHandler(own)
    try:
        with capturing(log.with_tags(step_key="s")):
            get_dagster_logger().debug("a")
            get_dagster_logger("x").info("b %s", "c")
    finally:
        logging.root.removeHandler(own)
    assert [(e.user_message, e.step_key) for e in entries] == [("a", "s"), ("b c", "s")]
    assert collector.messages == ["a", "b c"]
    assert own.records == []


def test_dagster_logger_outside_of_a_run_is_ordinary(caplog):
    with caplog.at_level(logging.INFO):
        get_dagster_logger("x").info("hello")
    assert [r.getMessage() for r in caplog.records] == ["hello"]


def test_dagster_logger_respects_the_level_of_the_run():
    log, entries, _ = make(level="WARNING")
    with capturing(log):
        get_dagster_logger().info("a")
        get_dagster_logger().warning("b")
    assert [e.user_message for e in entries] == ["b"]


def test_dagster_logger_with_a_managed_root_gives_one_entry():
    log, entries, collector = make("root", loggers=[logging.root])
    own = Collector()
    logging.root.addHandler(own)
    try:
        with capturing(log):
            get_dagster_logger().error("a")
    finally:
        logging.root.removeHandler(own)
    assert [e.user_message for e in entries] == ["a"]
    assert collector.messages == own.messages == ["a"]


def in_thread(function, *args):
    errors = []

    def run():
        try:
            function(*args)
        except BaseException as exc:
            errors.append(exc)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == []


def test_threads_with_a_copied_context_are_in_the_step(lib):
    one, one_entries, _ = make(lib)
    two, two_entries, _ = make(lib)
    with capturing(one.with_tags(step_key="s")):
        context = contextvars.copy_context()
        with capturing(two):
            in_thread(context.run, lib.error, "from the thread")
            lib.error("from here")
    assert [(e.user_message, e.step_key) for e in one_entries] == [("from the thread", "s")]
    assert [e.user_message for e in two_entries] == ["from here"]


def test_threads_without_context_belong_to_the_only_run(lib):
    log, entries, _ = make(lib)
    with capturing(log.with_tags(step_key="s")):
        in_thread(lib.error, "a")
        in_thread(get_dagster_logger().error, "b")
    assert [(e.user_message, e.step_key) for e in entries] == [("a", "s"), ("b", "s")]


def test_threads_without_context_among_steps_belong_to_the_run(lib):
    log, entries, _ = make(lib)
    with capturing(log.with_tags(step_key="s")), capturing(log.with_tags(step_key="t")):
        in_thread(lib.error, "a")
    assert [(e.user_message, e.step_key) for e in entries] == [("a", None)]


def test_threads_without_context_among_runs_belong_to_none(lib, capsys):
    one, one_entries, _ = make(lib)
    two, two_entries, _ = make(lib)
    with capturing(one), capturing(two):
        in_thread(lib.error, "a")
    assert one_entries == two_entries == []


def test_the_last_resort_still_prints_what_no_run_captures(lib, monkeypatch):
    printed = Collector()
    monkeypatch.setattr(logging, "lastResort", printed)
    monkeypatch.setattr(logging.root, "handlers", [])
    one, _, _ = make(lib)
    two, _, _ = make(lib)
    with capturing(one), capturing(two):
        in_thread(lib.error, "a")
        in_thread(lib.error, "b")
    assert printed.messages == ["a", "b"]


def test_runs_in_threads_do_not_mix(lib):
    barrier = threading.Barrier(4)
    results = {}

    def run(name):
        log, entries, _ = make(lib)
        barrier.wait(10)
        for number in range(200):
            step = log.with_tags(step_key=f"{name}.{number}")
            with capturing(step):
                lib.error("%s %d", name, number)
                get_dagster_logger().info("%s %d", name, number)
                step.info("%s %d", name, number)
        results[name] = entries

    threads = [threading.Thread(target=run, args=(f"t{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, entries in results.items():
        assert len(entries) == 600
        assert all(e.user_message.startswith(f"{name} ") for e in entries)
        assert all(e.step_key.replace(".", " ") == e.user_message for e in entries)
    assert sorted(results) == ["t0", "t1", "t2", "t3"]
    assert lib.handlers == []


def test_tasks_do_not_mix(lib):
    entries = {}

    async def step(name):
        log, entries[name], _ = make(lib)
        with capturing(log):
            for _ in range(3):
                await asyncio.sleep(0)
                lib.error(name)

    async def both():
        await asyncio.gather(step("a"), step("b"))

    asyncio.run(both())
    assert [e.user_message for e in entries["a"]] == ["a"] * 3
    assert [e.user_message for e in entries["b"]] == ["b"] * 3
