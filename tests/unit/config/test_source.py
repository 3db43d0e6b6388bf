from __future__ import annotations

import pytest

from dagster._config.env_var import EnvVar
from dagster._config.errors import DagsterEvaluationErrorReason as Reason
from dagster._config.evaluate import apply_defaults, process_config, validate_config
from dagster._config.field import Field
from dagster._config.source import BoolSource, IntSource, StringSource

NAME = "DAGWERK_TEST_SOURCE"


@pytest.mark.parametrize(
    ("source", "text", "value"),
    [
        (StringSource, "x", "x"),
        (StringSource, "", ""),
        (IntSource, "12", 12),
        (IntSource, " -3 ", -3),
        (BoolSource, "true", True),
        (BoolSource, "True", True),
        (BoolSource, "1", True),
        (BoolSource, "yes", True),
        (BoolSource, "False", False),
        (BoolSource, "0", False),
        (BoolSource, "", False),
    ],
)
def test_from_the_environment(monkeypatch, source, text, value):
    monkeypatch.setenv(NAME, text)
    result = process_config(source, {"env": NAME})
    assert result.value == value
    assert type(result.value) is type(value)


@pytest.mark.parametrize(("source", "value"), [(StringSource, "x"), (IntSource, 3), (BoolSource, False)])
def test_written_in_the_config(source, value):
    assert process_config(source, value).value == value


@pytest.mark.parametrize(
    ("source", "text", "said"),
    [
        (IntSource, "many", "expected a whole number, got: 'many' (str)"),
        (BoolSource, "maybe", "expected true or false, got: 'maybe' (str)"),
    ],
)
def test_variables_that_cannot_be_parsed(monkeypatch, source, text, said):
    monkeypatch.setenv(NAME, text)
    (error,) = process_config({"a": source}, {"a": {"env": NAME}}).errors
    assert error.reason is Reason.FAILED_POST_PROCESSING
    assert f'The environment variable "{NAME}" at path a cannot be used: {said}.' in error.message


def test_a_missing_variable_is_named(monkeypatch):
    monkeypatch.delenv(NAME, raising=False)
    schema = {"db": {"password": StringSource, "port": IntSource}}
    result = process_config(
        schema, {"db": {"password": {"env": NAME}, "port": {"env": "DAGWERK_OTHER"}}}
    )
    first, second = result.errors
    assert first.reason is Reason.FAILED_POST_PROCESSING
    assert first.message == (
        f'You have attempted to fetch the environment variable "{NAME}" at path db → password, and it is '
        f"not set. Set {NAME} for this process, or write the value into the config."
    )
    assert second.stack == ["db", "port"]
    assert "DAGWERK_OTHER" in second.message


def test_a_secret_variable_is_not_shown(monkeypatch):
    monkeypatch.setenv(NAME, "hunter2")
    (error,) = process_config({"a": Field(IntSource, is_secret=True)}, {"a": {"env": NAME}}).errors
    assert "hunter2" not in error.message
    assert NAME in error.message


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            3,
            'Invalid value at the root: expected StringSource (a string or {"env": NAME}), got: 3 (int).',
        ),
        (
            [3],
            'Invalid value at the root: expected StringSource (a string or {"env": NAME}), got: [3] (list).',
        ),
        (None, "Value at the root must not be None. Expected: StringSource, got: None."),
        ({"evn": "X"}, 'Received unexpected config entry "evn" at the root. Did you mean "env"?'),
        ({}, 'Must specify the required field at the root: "env" is missing.'),
        ({"env": 3}, "Invalid scalar at path env: expected String, got: 3 (int)."),
    ],
)
def test_what_is_no_source(value, said):
    (error,) = process_config(StringSource, value).errors
    assert said in error.message


def test_env_var_objects(monkeypatch):
    monkeypatch.setenv(NAME, "7")
    assert process_config(StringSource, EnvVar(NAME)).value == "7"
    assert process_config(IntSource, EnvVar.int(NAME)).value == 7
    assert apply_defaults(IntSource, EnvVar.int(NAME)).value == {"env": NAME}
    assert validate_config(StringSource, EnvVar("DAGWERK_NOT_SET")).success


def test_a_value_of_the_wrong_kind_is_told_what_may_be_written() -> None:
    (error,) = process_config({"port": IntSource}, {"port": "4"}).errors
    assert error.message == (
        "Invalid value at path port: expected IntSource (a whole number or {\"env\": NAME}), got: '4' (str)."
    )


@pytest.mark.parametrize(
    ("schema", "hint"),
    [
        (str, "To read it from the environment, write StringSource in the schema."),
        (int, "write IntSource in the schema."),
        (float, "Only StringSource, IntSource and BoolSource in a schema read environment variables."),
    ],
)
def test_an_environment_variable_for_a_type_that_reads_none_is_told_which_does(schema, hint) -> None:
    (error,) = process_config({"a": schema}, {"a": {"env": NAME}}).errors
    assert hint in error.message
    (error,) = process_config({"a": schema}, {"a": {"emv": NAME}}).errors
    assert hint not in error.message
