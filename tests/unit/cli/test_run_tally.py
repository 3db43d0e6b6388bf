from __future__ import annotations

import pytest

from dagster import (
    AssetMaterialization,
    DynamicOut,
    DynamicOutput,
    MetadataValue,
    Out,
    Output,
    RetryPolicy,
    job,
    op,
)
from dagster._cli.run_tally import (
    FAILED,
    NOT_RUN,
    RETRYING,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    RunTally,
    counts_text,
    failure_text,
    places_of,
)
from dagster._core.runner.execute_job import create_execution_plan


def tally_of(job_def) -> tuple[RunTally, list[tuple[str, str]]]:
    """Return the tally of a run, and the states that steps went through."""
    ticks = iter(range(1_000_000))
    tally = RunTally(create_execution_plan(job_def), clock=lambda: float(next(ticks)))
    seen = []
    for event in job_def.execute_in_process(raise_on_error=False).all_events:
        step = tally.take(event)
        if step is not None:
            seen.append((step.key, step.state))
    return tally, seen


@op
def one():
    return 1


@op
def boom(x):
    raise ValueError("no such flight\nsecond line")


@op
def after(x):
    return x


def test_states_and_counts_of_a_failed_run():
    @job
    def failing():
        after(boom(one()))
        one.alias("other")()

    tally, seen = tally_of(failing)
    assert set(seen) == {
        ("one", RUNNING), ("one", SUCCEEDED), ("boom", RUNNING), ("boom", FAILED), ("after", NOT_RUN),
        ("other", RUNNING), ("other", SUCCEEDED),
    }  # fmt: skip
    assert tally.status == "FAILURE"
    assert tally.run_error is None
    assert (tally.done, tally.total) == (3, 4)
    assert tally.counts == {SUCCEEDED: 2, FAILED: 1, NOT_RUN: 1}
    assert [step.key for step in tally.failed_steps] == ["boom"]
    assert failure_text(tally.failed_steps[0]) == "ValueError: no such flight"
    assert not tally.running
    assert not tally.waiting


def test_retries():
    @op(retry_policy=RetryPolicy(max_retries=2))
    def flaky(context):
        if context.retry_number < 2:
            raise RuntimeError("again")

    @job
    def retried():
        flaky()

    tally, seen = tally_of(retried)
    assert [state for _, state in seen] == [RUNNING, RETRYING, RUNNING, RETRYING, RUNNING, SUCCEEDED]
    assert tally.steps["flaky"].attempts == 3
    assert tally.status == "SUCCESS"
    assert tally.counts == {SUCCEEDED: 1}


def test_skipped_and_dynamic_steps():
    @op(out=DynamicOut())
    def split():
        for n in range(3):
            yield DynamicOutput(n, str(n))

    @op(out={"a": Out(is_required=False), "b": Out()})
    def branch():
        yield Output(1, "b")

    @job
    def dynamic():
        split().map(after)
        a, b = branch()
        after.alias("left")(a)
        after.alias("right")(b)

    tally, seen = tally_of(dynamic)
    assert tally.unresolved == {"after[?]"}
    assert ("left", SKIPPED) in seen
    assert tally.total == tally.done == 7
    assert tally.counts == {SUCCEEDED: 6, SKIPPED: 1}


def test_materializations_and_their_places():
    @op
    def write(context):
        metadata = {
            "file": MetadataValue.path("/a/b"),
            "page": MetadataValue.url("http://c"),
            "rows": 3,
        }
        context.log_event(AssetMaterialization("table", metadata=metadata))

    @job
    def writing():
        write()

    tally, _ = tally_of(writing)
    (event,) = tally.materializations
    assert places_of(event) == [("file", "/a/b"), ("page", "http://c")]


def test_an_interrupted_run_ends_as_canceled():
    @job
    def long():
        after(one())

    tally = RunTally(create_execution_plan(long))
    for event in long.execute_in_process().all_events:
        tally.take(event)
        if event.is_step_start:
            break
    assert list(tally.running) == ["one"]
    tally.cancel()
    assert tally.status == "CANCELED"
    assert counts_text(tally.counts) == "1 step canceled, 1 not run"


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({}, "no steps"),
        ({SUCCEEDED: 1}, "1 step succeeded"),
        ({FAILED: 2, SUCCEEDED: 12}, "12 steps succeeded, 2 failed"),
    ],
)
def test_counts_text(counts, text):
    assert counts_text(counts) == text
