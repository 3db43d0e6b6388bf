"""The tag dagster/max_runtime."""

from __future__ import annotations

import pytest

from dagster._core.definitions.job.decorator import job
from dagster._core.definitions.op.decorator import op
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.executor.time_limits import max_runtime, step_limit
from dagster._core.plan.compile import compile_plan

TAG = "dagster/max_runtime"


@pytest.mark.parametrize(
    ("text", "seconds"), [("10", 10.0), ("0.5", 0.5), ("1e3", 1000.0), (" 7 ", 7.0), ("86400", 86400.0)]
)
def test_seconds(text: str, seconds: float) -> None:
    assert max_runtime({TAG: text, "other": "x"}, "the run") == seconds


@pytest.mark.parametrize("tags", [{}, {"other": "5"}])
def test_no_limit(tags: dict[str, str]) -> None:
    assert max_runtime(tags, "the run") is None


@pytest.mark.parametrize("text", ["", "soon", "0", "-3", "nan", "5 s", "inf"])
def test_what_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(DagsterInvariantViolationError) as caught:
        max_runtime({TAG: text}, "the run")
    assert 'the tag "dagster/max_runtime" of the run' in str(caught.value)
    assert "a number of seconds above zero" in str(caught.value)
    assert repr(text) in str(caught.value)


@op(tags={TAG: "2"})
def limited() -> None:
    """Has a limit."""


@op
def free() -> None:
    """Has none."""


@job
def both() -> None:
    limited()
    limited.alias("other").tag({TAG: "3"})()
    limited.alias("wrong").tag({TAG: "x"})()
    free()


def test_steps() -> None:
    plan = compile_plan(both, both.resolve_run_config({}))
    assert step_limit(plan.get_step_by_key("limited")) == 2
    assert step_limit(plan.get_step_by_key("other")) == 3
    assert step_limit(plan.get_step_by_key("free")) is None
    with pytest.raises(DagsterInvariantViolationError, match='of step "wrong"'):
        step_limit(plan.get_step_by_key("wrong"))
