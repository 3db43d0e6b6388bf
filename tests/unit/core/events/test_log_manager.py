# Loggers that no other test may see, and calls that are wrong on purpose:
# ruff: noqa: LOG001, LOG004, LOG007, LOG014, G101
from __future__ import annotations

import copy
import gc
import json
import logging
import pickle

import pytest

from dagster._check import ParameterCheckError
from dagster._core.definitions.console_loggers import colored_console_logger
from dagster._core.events.event import DagsterEvent
from dagster._core.events.log_level import NO_LEVEL
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.events.log_record import DagsterLogRecord

RUN_ID = "3f2a9c1b-0000-4000-8000-000000000000"


class Collector(logging.Handler):
    def __init__(self, level=0):
        super().__init__(level)
        self.records = []

    def emit(self, record):
        self.records.append(record)

    @property
    def lines(self):
        return [record.getMessage() for record in self.records]


def collecting_logger(name="mine", level=0):
    result = logging.Logger(name, level)
    collector = Collector()
    result.addHandler(collector)
    return result, collector


@pytest.fixture
def bundle():
    entries = []
    logger, collector = collecting_logger()
    log = DagsterLogManager.create(
        [logger], run_id=RUN_ID, job_name="flights", sink=entries.append, run_tags={"team": "air"}
    )
    return log, entries, collector


def test_it_is_a_python_logger(bundle):
    log, _, _ = bundle
    assert isinstance(log, logging.Logger)
    assert (log.name, log.level, log.propagate) == ("dagster", 0, True)
    assert repr(log) == "<DagsterLogManager dagster (NOTSET)>"
    assert log.getEffectiveLevel() == 0


@pytest.mark.parametrize("name", ["debug", "info", "warning", "error", "critical"])
def test_every_level(bundle, name):
    log, entries, collector = bundle
    getattr(log, name)("took %d of %s", 3, "ten")
    (entry,) = entries
    assert entry.level == getattr(logging, name.upper())
    assert entry.user_message == entry.message == "took 3 of ten"
    assert (entry.run_id, entry.job_name, entry.step_key) == (RUN_ID, "flights", None)
    assert entry.error_info is None
    assert not entry.is_dagster_event
    (record,) = collector.records
    assert record.levelno == entry.level
    assert record.name == "mine"
    assert record.getMessage() == f"flights - {RUN_ID} - took 3 of ten"
    assert record.created == entry.timestamp


def test_levels_by_name_and_number(bundle):
    log, entries, _ = bundle
    log.log("info", "a")
    log.log("ERROR", "b")
    log.log(5, "c")
    log.fatal("d")
    assert [(e.level, e.user_message) for e in entries] == [(20, "a"), (40, "b"), (5, "c"), (50, "d")]
    with pytest.raises(ParameterCheckError, match='Did you mean "WARNING"'):
        log.log("WARNIN", "e")


def test_exception_keeps_the_error(bundle):
    log, entries, collector = bundle
    try:
        raise ValueError("no wind")
    except ValueError as exc:
        log.exception("failed")
        log.info("seen", exc_info=exc)
        log.info("seen", exc_info=True)
    log.info("nothing to show", exc_info=True)
    assert [e.level for e in entries] == [40, 20, 20, 20]
    for entry in entries[:3]:
        assert "no wind" in entry.error_info.message
        assert any("test_exception_keeps_the_error" in line for line in entry.error_info.stack)
    assert entries[3].error_info is None
    assert collector.records[0].exc_info[1].args == ("no wind",)
    assert collector.records[3].exc_info is None


def test_messages_need_not_be_strings_and_mistakes_do_not_raise(bundle):
    log, entries, _ = bundle

    class Broken:
        def __str__(self):
            raise RuntimeError("boom")

        def __repr__(self):
            return "<broken>"

    log.info({"a": 1})
    log.info("%(a)s", {"a": 1})
    log.info("%d", "x")
    log.info(Broken())
    log.info("100%")
    assert entries[0].user_message == "{'a': 1}"
    assert entries[1].user_message == "1"
    assert entries[2].user_message.startswith("'%d' (the arguments ('x',) do not fit this message: ")
    assert "boom" in entries[3].user_message
    assert entries[4].user_message == "100%"


def test_caller_and_stacklevel(bundle):
    log, _, collector = bundle

    def wrapper():
        log.info("x", stacklevel=2)
        log.log("INFO", "y")
        log.exception("z", exc_info=False)

    wrapper()
    log.warning("w", stack_info=True)
    assert [r.funcName for r in collector.records] == [
        "test_caller_and_stacklevel",
        "wrapper",
        "wrapper",
        "test_caller_and_stacklevel",
    ]
    assert all(r.pathname == __file__ and r.lineno for r in collector.records)
    assert "stack_info=True" in collector.records[3].stack_info
    assert collector.records[3].stack_info.startswith("Stack (most recent call last):")


def test_extra(bundle):
    log, _, collector = bundle
    log.info("x", extra={"rows": 3, "run_id": "theirs"})
    assert collector.records[0].rows == 3
    assert collector.records[0].run_id == "theirs"
    assert collector.records[0].dagster_meta["run_id"] == RUN_ID
    with pytest.raises(KeyError, match='extra may not set "message"'):
        log.info("x", extra={"message": "y"})


def test_the_event_log_gets_what_loggers_do_not_want():
    entries = []
    logger, collector = collecting_logger(level=30)
    log = DagsterLogManager.create([logger], run_id=RUN_ID, sink=entries.append)
    log.debug("a")
    log.warning("b")
    assert [e.user_message for e in entries] == ["a", "b"]
    assert [r.orig_message for r in collector.records] == ["b"]


def test_a_level_drops_from_the_event_log_too():
    entries = []
    logger, collector = collecting_logger()
    log = DagsterLogManager.create([logger], sink=entries.append, level="warning")
    log.info("a")
    log.log(29, "b")
    log.error("c")
    assert [e.user_message for e in entries] == ["c"]
    assert len(collector.records) == 1
    assert not log.isEnabledFor(29)
    log.setLevel("INFO")
    log.info("d")
    assert [e.user_message for e in entries] == ["c", "d"]


def test_logging_disable_does_not_empty_the_event_log(bundle):
    log, entries, collector = bundle
    logging.disable(logging.CRITICAL)
    try:
        log.info("a")
    finally:
        logging.disable(logging.NOTSET)
    assert len(entries) == 1
    assert collector.records == []


def test_without_sink_and_loggers():
    log = DagsterLogManager.create()
    log.info("into the void")
    assert log.console_level == NO_LEVEL


def test_console_level_is_the_lowest_effective_level():
    one, _ = collecting_logger(level=40)
    parent = logging.Logger("parent", 25)
    child = logging.Logger("child")
    child.parent = parent
    log = DagsterLogManager.create([one, child])
    assert log.console_level == 25
    log.addHandler(Collector(15))
    assert log.console_level == 15


def test_what_is_not_a_logger_is_refused():
    with pytest.raises(ParameterCheckError, match="each item of loggers to be a Logger, got: 'x'"):
        DagsterLogManager.create(["x"])
    with pytest.raises(ParameterCheckError, match='unknown level "LOUD"'):
        DagsterLogManager.create(level="LOUD")
    with pytest.raises(ParameterCheckError, match="dagster_handler"):
        DagsterLogManager("dagster")


def test_tags(bundle):
    log, entries, collector = bundle
    step = log.with_tags(step_key="outer.clean", op_name="clean")
    inner = step.with_tags(resource_name="db", resource_fn_name="make_db")
    inner.info("x")
    step.info("y")
    log.info("z")
    assert [e.step_key for e in entries] == ["outer.clean", "outer.clean", None]
    assert step.logging_tags == {
        "run_id": RUN_ID,
        "job_name": "flights",
        "step_key": "outer.clean",
        "op_name": "clean",
    }
    assert log.logging_tags == {"run_id": RUN_ID, "job_name": "flights"}
    meta = collector.records[0].dagster_meta
    assert meta["op_name"] == "clean"
    assert meta["resource_name"] == "db"
    assert meta["resource_fn_name"] == "make_db"
    assert meta["job_tags"] == {"team": "air"}
    assert meta["orig_message"] == "x"
    assert collector.records[0].getMessage() == f"flights - {RUN_ID} - outer.clean - x"
    assert collector.records[2].dagster_meta["step_key"] is None
    assert isinstance(inner, DagsterLogManager)
    assert inner.without_tags().logging_tags == log.logging_tags
    assert inner.without_tags().step_key is None


def test_handlers_get_messages_too(bundle):
    log, _, collector = bundle
    given = Collector(30)
    log.with_tags(step_key="a").addHandler(given)
    log.info("a")
    log.warning("b")
    assert [r.orig_message for r in given.records] == ["b"]
    assert [r.orig_message for r in collector.records] == ["a", "b"]
    log.removeHandler(given)
    log.warning("c")
    assert len(given.records) == 1
    assert log.hasHandlers() is False


def test_handlers_given_at_creation():
    handler = Collector()
    log = DagsterLogManager.create(handlers=[handler])
    log.info("x")
    assert [r.orig_message for r in handler.records] == ["x"]


def test_a_filter_may_drop_and_redact(bundle):
    log, entries, collector = bundle

    def redact(record):
        record.msg = str(record.msg).replace("secret", "***")
        return "noise" not in record.msg

    log.addFilter(redact)
    log.info("the %s is secret", "key")
    log.info("noise")
    assert [e.user_message for e in entries] == ["the key is ***"]
    assert [r.orig_message for r in collector.records] == ["the key is ***"]


def test_records_are_plain_for_json_and_still_know_their_event(bundle):
    log, _, collector = bundle
    event = DagsterEvent("PIPELINE_START", "flights", message="Started.", pid=12, step_key="a")
    log.info("x")
    log.log_dagster_event(10, "Started.", event)
    plain, with_event = collector.records
    assert json.loads(json.dumps(plain.__dict__))["dagster_meta"]["dagster_event"] is None
    read = json.loads(json.dumps(with_event.__dict__))
    assert read["dagster_meta"]["dagster_event"]["event_type_value"] == "PIPELINE_START"
    assert with_event.dagster_event is event
    assert with_event.dagster_meta["dagster_event"].event_type is event.event_type
    assert plain.dagster_event is None
    with pytest.raises(AttributeError):
        with_event.dagster_meta["dagster_event"].nothing


def test_records_copy_and_pickle_as_queue_handlers_do(bundle):
    log, _, collector = bundle
    event = DagsterEvent("STEP_START", "flights", message="s", step_key="a")
    log.log_dagster_event(20, "s", event)
    (record,) = collector.records
    assert copy.copy(record).dagster_event == event
    again = pickle.loads(pickle.dumps(record))
    assert again.dagster_event == event
    assert again.dagster_meta["dagster_event"] == record.dagster_meta["dagster_event"]


def test_an_event_that_has_no_plain_form_is_still_shown(bundle):
    log, _, collector = bundle
    endless: dict = {}
    endless["self"] = endless
    event = DagsterEvent("STEP_START", "flights", message="s", logging_tags=endless)
    log.log_dagster_event(20, "s", event)
    plain = {"event_type_value": "STEP_START", "message": "s"}
    assert collector.records[0].dagster_meta["dagster_event"] == plain


def test_events_go_to_loggers_only(bundle):
    log, entries, collector = bundle
    event = DagsterEvent("PIPELINE_START", "flights", message="Started.", pid=12)
    log.log_dagster_event("INFO", "Started.", event)
    assert entries == []
    assert collector.lines == [f"flights - {RUN_ID} - 12 - RUN_START - Started."]
    assert isinstance(collector.records[0], DagsterLogRecord)


def test_a_broken_logger_does_not_fail_the_run(capsys):
    entries = []

    class Broken(logging.Handler):
        def emit(self, record):
            raise OSError("disk full")

    bad = logging.Logger("bad")
    bad.addHandler(Broken())
    good, collector = collecting_logger("good")
    log = DagsterLogManager.create([bad, good], run_id=RUN_ID, sink=entries.append, handlers=[Broken()])
    log.info("a")
    log.info("b")
    assert [r.orig_message for r in collector.records] == ["a", "b"]
    messages = [e.user_message for e in entries]
    assert messages[0] == "a"
    assert messages[1].startswith('the logger "bad" raised while it handled a message')
    assert messages[2].startswith("the log handler <Broken")
    assert messages[3:] == ["b"]
    assert "disk full" in entries[1].error_info.message
    assert capsys.readouterr().err.count("OSError: disk full") == 2


def test_a_failing_sink_is_not_hidden():
    def sink(entry):
        raise OSError("no storage")

    with pytest.raises(OSError, match="no storage"):
        DagsterLogManager.create(sink=sink).info("x")


def test_a_handler_that_stops_the_process_is_not_hidden():
    class Stop(logging.Handler):
        def emit(self, record):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        DagsterLogManager.create(handlers=[Stop()]).info("x")


def test_a_thousand_runs_leave_nothing_behind(capsys):
    gc.collect()
    known = set(logging.Logger.manager.loggerDict)
    handlers = len(logging._handlerList)
    for number in range(1000):
        logger = colored_console_logger(None)
        log = DagsterLogManager.create([logger], run_id=RUN_ID, job_name="flights")
        log.with_tags(step_key="a").info("run %d", number)
    del log, logger
    gc.collect()
    assert set(logging.Logger.manager.loggerDict) == known
    assert len(logging._handlerList) == handlers
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1000
    assert sum(line.endswith("run 7") for line in lines) == 1


def test_it_handles_records_of_others(bundle):
    log, entries, collector = bundle
    record = logging.makeLogRecord({"name": "lib", "levelno": 30, "levelname": "WARNING", "msg": "w %s"})
    record.args = ("x",)
    log.with_tags(step_key="s").handle(record)
    assert [(e.user_message, e.step_key) for e in entries] == [("w x", "s")]
    assert collector.records[0].step_key == "s"
