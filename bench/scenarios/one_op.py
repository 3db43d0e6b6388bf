"""A job with one op, for the command line to execute."""

from __future__ import annotations

from dagster import job, op


@op
def hello() -> int:
    """Return a number."""
    return 1


@job
def one_op() -> None:
    """One op."""
    hello()
