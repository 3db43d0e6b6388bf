from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster._check import ParameterCheckError
from dagster._core.errors import DagsterInvalidDefinitionError
from dagster._core.records.retry import Backoff, Jitter, RetryMode, RetryPolicy, random_fraction


@pytest.mark.parametrize(
    ("backoff", "delays"),
    [(None, [2, 2, 2, 2]), (Backoff.LINEAR, [2, 4, 6, 8]), (Backoff.EXPONENTIAL, [2, 6, 14, 30])],
)
def test_backoff(backoff: Backoff | None, delays: list[float]) -> None:
    policy = RetryPolicy(4, delay=2, backoff=backoff)
    assert [policy.calculate_delay(attempt) for attempt in (1, 2, 3, 4)] == delays


def test_no_delay_is_none() -> None:
    assert RetryPolicy().calculate_delay(1) == 0
    assert RetryPolicy().max_retries == 1


@pytest.mark.parametrize(
    ("jitter", "fraction", "delay"),
    [
        (Jitter.FULL, 0.0, 0),
        (Jitter.FULL, 0.5, 3),
        (Jitter.PLUS_MINUS, 0.0, 4),
        (Jitter.PLUS_MINUS, 0.5, 6),
        (Jitter.PLUS_MINUS, 0.75, 7),
    ],
)
def test_jitter(jitter: Jitter, fraction: float, delay: float) -> None:
    policy = RetryPolicy(delay=2, backoff=Backoff.EXPONENTIAL, jitter=jitter)
    assert policy.calculate_delay(2, random=lambda: fraction) == delay


@given(
    st.integers(1, 3000),
    st.floats(0, 1e6),
    st.sampled_from([None, *Backoff]),
    st.sampled_from([None, *Jitter]),
)
def test_a_delay_is_never_negative_and_within_its_spread(attempt, delay, backoff, jitter) -> None:
    plain = RetryPolicy(delay=delay, backoff=backoff).calculate_delay(attempt)
    spread = RetryPolicy(delay=delay, backoff=backoff, jitter=jitter).calculate_delay(attempt)
    assert 0 <= spread <= plain + delay


def test_random_fractions_are_fractions() -> None:
    fractions = {random_fraction() for _ in range(100)}
    assert len(fractions) > 90
    assert all(0 <= fraction < 1 for fraction in fractions)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"backoff": Backoff.LINEAR},
            DagsterInvalidDefinitionError,
            "Can not set backoff on RetryPolicy without also",
        ),
        (
            {"jitter": Jitter.FULL},
            DagsterInvalidDefinitionError,
            "Can not set jitter on RetryPolicy without also",
        ),
        (
            {"max_retries": -1},
            DagsterInvalidDefinitionError,
            "expected max_retries to be zero or more, got: -1",
        ),
        ({"delay": -0.5}, DagsterInvalidDefinitionError, "expected delay to be zero or more, got: -0.5"),
        (
            {"delay": float("nan")},
            DagsterInvalidDefinitionError,
            "expected delay to be zero or more, got: nan",
        ),
        ({"max_retries": "a"}, ParameterCheckError, "expected max_retries to be an int"),
        ({"max_retries": True}, ParameterCheckError, "expected max_retries to be an int"),
        ({"delay": "a"}, ParameterCheckError, "expected delay to be a number"),
        ({"delay": 1, "backoff": "LINEAR"}, ParameterCheckError, "expected backoff to be a Backoff"),
        ({"delay": 1, "jitter": "FULL"}, ParameterCheckError, "expected jitter to be a Jitter"),
    ],
)
def test_wrong_policies_are_refused(arguments: dict[str, object], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        RetryPolicy(**arguments)


def test_retry_modes() -> None:
    assert [mode.value for mode in RetryMode] == ["enabled", "disabled", "deferred"]
    assert [mode.for_inner_plan().value for mode in RetryMode] == ["deferred", "disabled", "deferred"]
    assert (RetryMode.ENABLED.enabled, RetryMode.ENABLED.disabled, RetryMode.ENABLED.deferred) == (
        True,
        False,
        False,
    )
    assert (RetryMode.DISABLED.disabled, RetryMode.DEFERRED.deferred) == (True, True)
