# Loggers that no other test may see, and calls that are wrong on purpose:
# ruff: noqa: LOG001
from __future__ import annotations

import io
import json
import logging
import re
import sys

import pytest

from dagster._check import CheckError
from dagster._core.definitions.console_loggers import (
    ConsoleLogFormatter,
    JsonLogFormatter,
    build_console_log_manager,
    colored_console_logger,
    default_loggers,
    default_system_loggers,
    error_lines,
    json_console_logger,
    wants_colour,
)
from dagster._core.definitions.logger import build_init_logger_context
from dagster._core.errors import DagsterInvalidConfigError
from dagster._core.events.event import DagsterEvent
from dagster._core.events.log_manager import DagsterLogManager
from dagster._core.events.payloads import StepFailureData
from dagster._core.records.error_info import SerializableErrorInfo

RUN_ID = "3f2a9c1b-0000-4000-8000-000000000000"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def log_with(definition, **config):
    logger = definition(build_init_logger_context(logger_config=config))
    log = DagsterLogManager.create([logger], run_id=RUN_ID, job_name="flights")
    return log.with_tags(step_key="clean", op_name="clean")


def test_a_line_for_people(capsys):
    log = log_with(colored_console_logger)
    log.info("read %d rows", 3)
    log.without_tags().warning("careful")
    out, err = capsys.readouterr()
    assert out == ""
    one, two = err.splitlines()
    assert re.fullmatch(TIME + r" INFO  flights\[clean\] 3f2a9c1b  read 3 rows", one)
    assert re.fullmatch(TIME + r" WARNING flights 3f2a9c1b  careful", two)


def test_an_event(capsys):
    log = log_with(colored_console_logger, log_level="DEBUG").without_tags()
    event = DagsterEvent("PIPELINE_START", "flights", message="Started.", pid=1)
    log.log_dagster_event(10, "Started.", event)
    step = DagsterEvent("STEP_START", "flights", message="Go.", pid=1, step_key="a[b]")
    log.log_dagster_event(10, "Go.", step)
    one, two = capsys.readouterr().err.splitlines()
    assert re.fullmatch(TIME + r" DEBUG flights 3f2a9c1b  RUN_START  Started\.", one)
    assert re.fullmatch(TIME + r" DEBUG flights\[a\[b\]\] 3f2a9c1b  STEP_START  Go\.", two)


def test_the_default_level_is_info(capsys):
    log = log_with(colored_console_logger)
    log.debug("hidden")
    log.info("shown")
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert log.console_level == logging.INFO


def test_further_lines_are_indented(capsys):
    log_with(colored_console_logger).info("one\ntwo\n")
    lines = capsys.readouterr().err.split("\n")
    assert lines[0].endswith("  one")
    assert lines[1:] == ["    two", ""]


def test_the_stack_of_an_error_is_indented(capsys):
    log = log_with(colored_console_logger)
    try:
        raise ValueError("no wind")
    except ValueError:
        log.exception("failed")
    first, *rest = capsys.readouterr().err.rstrip("\n").split("\n")
    assert first.endswith("clean] 3f2a9c1b  failed")
    assert all(line.startswith("    ") for line in rest if line)
    text = "\n".join(rest)
    assert text.count("ValueError: no wind") == 1
    assert "test_the_stack_of_an_error_is_indented" in text


def failure():
    user = SerializableErrorInfo(
        "ValueError: no wind\n",
        ['  File "user.py", line 3, in clean\n    raise ValueError\n'],
        "ValueError",
    )
    wrapper = SerializableErrorInfo(
        'dagster._core.errors.DagsterExecutionStepExecutionError: Error in op "clean":\n',
        ['  File "framework.py", line 1, in step\n'],
        "DagsterExecutionStepExecutionError",
        user,
    )
    return wrapper, DagsterEvent(
        "STEP_FAILURE",
        "flights",
        message='Step "clean" failed.',
        event_specific_data=StepFailureData(wrapper, None),
        step_key="clean",
        pid=1,
    )


def test_the_users_stack_comes_first(capsys):
    wrapper, event = failure()
    log_with(colored_console_logger).log_dagster_event(40, event.message, event)
    err = capsys.readouterr().err
    assert "framework.py" not in err
    at = [
        err.index(s) for s in ("STEP_FAILURE", "no wind", "user.py", "raised as dagster._core.errors.")
    ]
    assert at[0] < min(at[1], at[2])
    assert at[3] == max(at)
    assert error_lines(wrapper)[-1].endswith('Error in op "clean":')


def test_handlers_of_users_get_the_stack_in_the_message():
    _, event = failure()
    stream = io.StringIO()
    logger = logging.Logger("mine")
    logger.addHandler(logging.StreamHandler(stream))
    DagsterLogManager.create([logger], run_id=RUN_ID).log_dagster_event(40, "failed", event)
    assert f"{RUN_ID} - 1 - clean - STEP_FAILURE - failed\n\n" in stream.getvalue()
    assert "no wind" in stream.getvalue()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "wanted"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (Terminal(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (object(), {}, False),
    ],
)
def test_when_to_colour(stream, environment, wanted):
    assert wants_colour(stream, environment) is wanted


def test_a_closed_stream_is_not_coloured():
    stream = Terminal()
    stream.isatty = lambda: (_ for _ in ()).throw(ValueError("closed"))
    assert wants_colour(stream, {}) is False


def test_only_the_level_is_coloured_and_only_on_a_terminal(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    log = log_with(colored_console_logger)
    terminal, file = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    log.error("x")
    monkeypatch.setattr(sys, "stderr", file)
    log.error("x")
    assert "\x1b[31mERROR\x1b[0m flights[clean]" in terminal.getvalue()
    assert terminal.getvalue().count("\x1b") == 2
    assert "\x1b" not in file.getvalue()


def test_without_a_console_nothing_happens(monkeypatch):
    log = log_with(colored_console_logger)
    monkeypatch.setattr(sys, "stderr", None)
    log.error("x")


def test_a_stream_that_fails_does_not_fail_the_run(monkeypatch, capsys):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError("full")

    log = log_with(colored_console_logger)
    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.setattr(sys, "stderr", Full())
    log.error("x")


def test_outside_of_a_run_the_console_logger_prints_plain_lines(capsys):
    logger = colored_console_logger(build_init_logger_context(logger_config={"name": "own"}))
    logger.warning("hi %s", "there")
    try:
        raise ValueError("bad")
    except ValueError:
        logger.exception("oops", stack_info=True)
    lines = capsys.readouterr().err.splitlines()
    assert re.fullmatch(TIME + r" WARNING own  hi there", lines[0])
    assert "    ValueError: bad" in lines
    assert "    Stack (most recent call last):" in lines


def test_the_time_is_that_of_the_record():
    formatter = ConsoleLogFormatter()
    record = logging.makeLogRecord({"msg": "x", "levelname": "INFO", "name": "n"})
    times = []
    for created in (0.0, 0.9, 86400.0, 0.0):
        record.created = created
        times.append(formatter.format(record)[:19])
    assert times[0] == times[1] == times[3]
    assert times[0] != times[2]


def test_json_lines(capsys):
    log = log_with(json_console_logger)
    log.info("hello %s\nthere", "w", extra={"rows": 3, "odd": object()})
    log.debug("hidden")
    (line,) = capsys.readouterr().err.splitlines()
    read = json.loads(line)
    assert read["level"] == read["levelname"] == "INFO"
    assert read["levelno"] == 20
    assert read["orig_message"] == "hello w\nthere"
    assert read["run_id"] == RUN_ID
    assert (read["job_name"], read["step_key"]) == ("flights", "clean")
    assert read["msg"] == f"flights - {RUN_ID} - clean - hello w\nthere"
    assert read["name"] == "dagster"
    assert read["rows"] == 3
    assert read["odd"].startswith("<object object")
    assert read["args"] == []
    assert read["exc_info"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", read["timestamp"])
    meta = read["dagster_meta"]
    assert meta["op_name"] == "clean"
    assert meta["orig_message"] == "hello w\nthere"
    assert meta["dagster_event"] is None
    assert set(meta) == {
        "run_id",
        "job_name",
        "job_tags",
        "op_name",
        "step_key",
        "resource_name",
        "resource_fn_name",
        "orig_message",
        "log_message_id",
        "log_timestamp",
        "dagster_event",
    }


def test_json_of_an_event_and_of_errors(capsys):
    log = log_with(json_console_logger)
    _, event = failure()
    log.log_dagster_event(40, event.message, event)
    try:
        raise ValueError("no wind")
    except ValueError:
        log.exception("x")
    one, two = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert one["dagster_meta"]["dagster_event"]["event_type_value"] == "STEP_FAILURE"
    assert (
        one["dagster_meta"]["dagster_event"]["event_specific_data"]["error"]["cause"]["cls_name"]
        == "ValueError"
    )
    assert "error" not in one
    assert two["exc_info"].endswith("ValueError: no wind")
    assert two["error"]["cls_name"] == "ValueError"


def test_json_of_a_plain_record_and_of_odd_values():
    formatter = JsonLogFormatter()
    record = logging.makeLogRecord({"msg": "a %s", "args": ("b",), "levelname": "INFO", "name": "n"})
    assert json.loads(formatter.format(record))["msg"] == "a b"
    cycle: list = []
    cycle.append(cycle)
    record.cycle = cycle
    record.keyed = {(1, 2): 3}
    read = json.loads(formatter.format(record))
    assert read["keyed"] == {"(1, 2)": 3}
    assert read["msg"] == "a b"


@pytest.mark.parametrize("definition", [colored_console_logger, json_console_logger])
class TestConfig:
    def test_defaults(self, definition):
        logger = definition(None)
        assert (logger.name, logger.level) == ("dagster", logging.INFO)
        assert logger is not definition(None)

    @pytest.mark.parametrize("level", ["debug", "DEBUG", 10, "10"])
    def test_levels(self, definition, level):
        config = {"name": "n", "log_level": level}
        logger = definition(build_init_logger_context(logger_config=config))
        assert (logger.name, logger.level) == ("n", 10)

    def test_an_unknown_level_is_refused_before_anything_runs(self, definition):
        with pytest.raises(
            DagsterInvalidConfigError, match=r'unknown log level "INF".*Did you mean "INFO"'
        ):
            definition(build_init_logger_context(logger_config={"log_level": "INF"}))
        with pytest.raises(DagsterInvalidConfigError, match="expected String"):
            definition(build_init_logger_context(logger_config={"log_level": None, "name": 3}))

    def test_an_unknown_key_is_refused(self, definition):
        with pytest.raises(DagsterInvalidConfigError, match="nme"):
            definition(build_init_logger_context(logger_config={"nme": "x"}))


def test_defaults():
    assert default_loggers() == {"console": colored_console_logger}
    assert default_system_loggers(None) == [
        (colored_console_logger, {"name": "dagster", "log_level": "INFO"})
    ]


def test_a_log_manager_for_built_contexts(capsys):
    log = build_console_log_manager()
    log.debug("x")
    assert re.fullmatch(TIME + " DEBUG dagster  x\n", capsys.readouterr().err)
    with pytest.raises(CheckError, match="log_level"):
        build_console_log_manager(log_level="LOUDER")
