from __future__ import annotations

import logging

import pytest

from dagster._check import ParameterCheckError
from dagster._core.events.log_level import coerce_log_level


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("INFO", 20),
        ("info", 20),
        (" Debug ", 10),
        ("WARN", 30),
        ("fatal", 50),
        (7, 7),
        ("15", 15),
        (0, 0),
    ],
)
def test_names_in_any_case_and_numbers(given, number):
    assert coerce_log_level(given) == number


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ParameterCheckError, match=r'unknown log level "INF"\. Did you mean "INFO"\?'):
        coerce_log_level("INF")


@pytest.mark.parametrize("given", [True, None, 1.5])
def test_other_values_are_refused(given):
    with pytest.raises(
        ParameterCheckError, match="expected level to be the name or number of a log level"
    ):
        coerce_log_level(given, "level")


def test_a_registered_name_is_known(monkeypatch):
    monkeypatch.setattr(logging, "_nameToLevel", {**logging._nameToLevel, "Trace": 5})
    assert coerce_log_level("trace") == 5
