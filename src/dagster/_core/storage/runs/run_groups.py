"""Generations of re-executions, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from dagster._core.records.run import DagsterRun, RunsFilter

_PAGE = 100


class _Runs(Protocol):
    def get_runs(
        self,
        filters: RunsFilter | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Sequence[DagsterRun]: ...

    def get_run_group(self, run_id: str) -> tuple[str, Sequence[DagsterRun]] | None: ...


def run_groups(
    storage: _Runs, filters: RunsFilter | None, cursor: str | None, limit: int | None
) -> dict[str, dict[str, Any]]:
    """Return groups of runs; see ``RunStorage.get_run_groups``."""
    found: dict[str, dict[str, Any]] = {}
    seen: set[str] = set()
    while limit is None or len(found) < limit:
        page = storage.get_runs(filters, cursor, _PAGE)
        for run in page:
            if run.run_id in seen:
                continue
            group = storage.get_run_group(run.run_id)
            if group is None:  # deleted meanwhile
                continue
            root_run_id, runs = group
            seen.update(member.run_id for member in runs)
            found[root_run_id] = {"runs": runs, "count": len(runs)}
            if len(found) == limit:
                break
        if len(page) < _PAGE:
            break
        cursor = page[-1].run_id
    return found
