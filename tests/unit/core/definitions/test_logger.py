# Loggers that no other test may see, and calls that are wrong on purpose:
# ruff: noqa: LOG001
from __future__ import annotations

import logging
import re

import pytest

from dagster._check import ParameterCheckError
from dagster._config.field import Field
from dagster._core.definitions.logger import (
    InitLoggerContext,
    LoggerDefinition,
    UnboundInitLoggerContext,
    build_init_logger_context,
    logger,
)
from dagster._core.errors import (
    DagsterInvalidConfigError,
    DagsterInvalidDefinitionError,
    DagsterInvalidInvocationError,
    DagsterInvariantViolationError,
)


@logger
def bare(init_context):
    """Prints nothing.

    At all.
    """
    result = logging.Logger("bare")
    result.context = init_context
    return result


@logger({"size": Field(int, default_value=3), "path": str}, description="sized")
def sized(context):
    result = logging.Logger("sized")
    result.context = context
    return result


def test_bare_and_with_arguments():
    assert isinstance(bare, LoggerDefinition)
    assert isinstance(sized, LoggerDefinition)
    assert sized.description == "sized"
    assert bare.description == "Prints nothing."
    assert sized.logger_fn.__name__ == "sized"
    assert logger()(lambda context: logging.Logger("x")).description is None
    assert logger(int)(lambda context: logging.Logger("x"))(build_init_logger_context(3)).name == "x"


def test_called_with_a_context():
    job = object()
    made = sized(build_init_logger_context({"path": "a"}, job_def=job))
    context = made.context
    assert type(context) is InitLoggerContext
    assert context.logger_config == {"size": 3, "path": "a"}
    assert context.logger_def is sized
    assert context.job_def is context.pipeline_def is job
    assert context.run_id == "EPHEMERAL"
    assert sized(context=build_init_logger_context({"path": "b"})).context.logger_config["path"] == "b"


def test_called_with_a_bound_context():
    bound = InitLoggerContext({"path": "a", "size": 1}, sized, run_id="r")
    assert sized(bound).context.run_id == "r"


def test_without_a_schema_any_config_is_taken():
    assert bare(None).context.logger_config is None
    assert bare(build_init_logger_context([1, {"a": 2}])).context.logger_config == [1, {"a": 2}]


def test_the_config_is_checked():
    with pytest.raises(DagsterInvalidConfigError, match="Error in config for logger") as caught:
        sized(build_init_logger_context({"size": "big", "pth": "a"}))
    assert len(caught.value.errors) == 3
    with pytest.raises(DagsterInvalidConfigError, match="path"):
        sized(None)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "no context argument was provided when invoking"),
        ((None, None), {}, "received multiple arguments"),
        ((None,), {"context": None}, "received multiple arguments"),
        ((), {"init_context": None}, "expected argument 'context', got 'init_context'"),
    ],
)
def test_wrong_calls(args, kwargs, message):
    with pytest.raises(DagsterInvalidInvocationError, match=message):
        sized(*args, **kwargs)


def test_a_wrong_context_is_refused():
    with pytest.raises(ParameterCheckError, match="expected the context to be an InitLoggerContext"):
        sized({"path": "a"})


def test_a_function_must_take_the_context():
    for wrong in (lambda: None, lambda a, b: None, lambda *, context: None):
        with pytest.raises(
            DagsterInvalidDefinitionError, match="to take one argument, the init context"
        ):
            logger(wrong)
    for right in (lambda context, more=1: None, lambda *args: None):
        assert isinstance(logger(right), LoggerDefinition)
    with pytest.raises(ParameterCheckError, match="logger_fn"):
        LoggerDefinition("x")


def test_a_function_must_return_a_logger():
    @logger
    def forgets(context):
        logging.Logger("x")

    with pytest.raises(
        DagsterInvariantViolationError,
        match=re.escape("logger function forgets to return a logging.Logger"),
    ):
        forgets(None)


def test_the_users_logger_is_used_as_it_is():
    mine = logging.Logger("mine", 35)
    definition = LoggerDefinition(lambda context: mine)
    assert definition(None) is mine
    assert mine.level == 35
    assert mine.handlers == []


def test_configured():
    fixed = sized.configured({"path": "here"})
    assert isinstance(fixed, LoggerDefinition)
    assert fixed(None).context.logger_config == {"path": "here", "size": 3}

    mapped = sized.configured(lambda name: {"path": f"/{name}", "size": 1}, config_schema=str)
    assert mapped(build_init_logger_context("x")).context.logger_config == {"path": "/x", "size": 1}
    assert mapped.configured("y")(None).context.logger_config["path"] == "/y"
    with pytest.raises(DagsterInvalidConfigError):
        mapped(build_init_logger_context(3))


def test_build_init_logger_context():
    context = build_init_logger_context({"a": 1}, pipeline_def="older")
    assert isinstance(context, UnboundInitLoggerContext)
    assert isinstance(context, InitLoggerContext)
    assert context.logger_config == {"a": 1}
    assert context.job_def == context.pipeline_def == "older"
    assert context.run_id == "EPHEMERAL"
    with pytest.raises(DagsterInvariantViolationError, match="has not been validated"):
        context.logger_def
    with pytest.raises(DagsterInvalidInvocationError, match="Give one"):
        build_init_logger_context(None, "a", pipeline_def="b")


def test_an_init_logger_context_of_older_code():
    context = InitLoggerContext(1, pipeline_def="p")
    assert context.pipeline_def == "p"
    assert context.logger_def is None
    assert context.run_id is None
    with pytest.raises(ParameterCheckError, match="logger_def"):
        InitLoggerContext(1, "x")
