"""Ctrl-C and SIGTERM as the interrupt that ends a run as canceled."""

from __future__ import annotations

from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._process.interrupts import raising_on_signals


def raise_execution_interrupts() -> raising_on_signals:
    """Return a context manager that turns termination into :class:`DagsterExecutionInterruptedError`.

    From the API reference. While it is open, SIGINT and SIGTERM raise in the main thread; the handlers
    that were there are put back at the end. A run that is interrupted ends as canceled, with its resources
    torn down. In other threads it does nothing.

    Example::

        with raise_execution_interrupts():
            execute_job(...)
    """
    return raising_on_signals(DagsterExecutionInterruptedError)
