"""The documented import path of runs as a storage keeps them. The records live in ``_core.records.run``.

From the "Internals" document. Nothing of ours imports this module.
"""

from __future__ import annotations

from dagster._core.records.run import DagsterRun, DagsterRunStatus, RunRecord, RunsFilter

__all__ = ["DagsterRun", "DagsterRunStatus", "RunRecord", "RunsFilter"]
